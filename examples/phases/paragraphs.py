"""Phase 3 for simple texts, a paragraph a chunk: ``{python: python3, module: examples/phases/paragraphs.py}``."""

import hashlib
import json
import sys
from pathlib import Path

plan_path, result_path = map(Path, sys.argv[-2:])
plan = json.loads(plan_path.read_text(encoding="utf-8"))
language = json.loads(Path(plan["inputs"]["book"]).read_text(encoding="utf-8"))["language"]
counts: dict[int, int] = {}  # chunks by chapter
rows = []
for line in Path(plan["inputs"]["text"]).read_text(encoding="utf-8").splitlines():
    paragraph = json.loads(line)
    text, chapter = paragraph["text"], paragraph["chapter"]
    if paragraph["omit"] or not any(character.isalnum() for character in text):
        continue
    counts[chapter] = counts.get(chapter, 0) + 1
    spoken = text.replace("\n", " ")
    text_id = hashlib.sha256(json.dumps([language, spoken]).encode()).hexdigest()[:32]
    whole = {"paragraph": paragraph["paragraph"], "start": 0, "end": len(text), "spoken": spoken}
    sentences = [{**whole, "map": [[0, len(text), 0, len(text)]]}]
    row = {"chapter": chapter, "index": counts[chapter], "text_id": text_id, "language": language}
    rows.append(json.dumps({**row, "sentences": sentences}) + "\n")

Path(plan["attempt_dir"], "chunks.jsonl").write_text("".join(rows), encoding="utf-8")
answer = {key: plan[key] for key in ("version", "phase", "book_id", "attempt")}
answer |= {"status": "success", "artifacts": {"chunks": "chunks.jsonl"}, "metrics": {"chunks": len(rows)}}
result_path.write_text(json.dumps(answer), encoding="utf-8")
