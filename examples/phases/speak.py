#!/usr/bin/env python3
"""Phase 4 with another synthesiser: ``command: [examples/phases/speak.py, flite]`` or ``[…, espeak-ng, -v, en]``."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

synthesiser, plan_path, result_path = sys.argv[1:-2], *map(Path, sys.argv[-2:])
text_option, wav_option = {"flite": ("-f", "-o"), "espeak-ng": ("-f", "-w")}[Path(synthesiser[0]).name]
plan = json.loads(plan_path.read_text(encoding="utf-8"))
attempt_dir, chunks_dir = Path(plan["attempt_dir"]), Path(plan["book_dir"], "chunks")
chunks = [json.loads(line) for line in Path(plan["inputs"]["chunks"]).read_text(encoding="utf-8").splitlines()]


def speak(number: int) -> dict[str, object]:
    """Speak a chunk, unless an earlier attempt has; its row for the timings."""
    chunk, text, draft = chunks[number], attempt_dir / f"{number}.txt", attempt_dir / f"{number}.wav"
    audio_id = hashlib.sha256(json.dumps([chunk["text_id"], synthesiser]).encode()).hexdigest()[:32]
    path = chunks_dir / f"{audio_id}.wav"
    if not path.exists():
        text.write_text(" ".join(sentence["spoken"] for sentence in chunk["sentences"]), encoding="utf-8")
        with open(Path(plan["slots_dir"], f"cpu-{number % plan['cores']}"), "w") as slot:
            fcntl.flock(slot, fcntl.LOCK_EX)  # all books share the cores
            subprocess.run([*synthesiser, text_option, text, wav_option, draft], check=True)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)  # a chunk's file is complete or absent
    with Path(plan["progress"]).open("a") as progress, wave.open(str(path)) as audio:
        progress.write(json.dumps({"phase": plan["phase"], "done": number + 1, "total": len(chunks)}) + "\n")
        facts = {"samples": audio.getnframes(), "rate": audio.getframerate(), "size_bytes": path.stat().st_size}
    return {"chapter": chunk["chapter"], "index": chunk["index"], "audio_id": audio_id, **facts, "words": []}


chunks_dir.mkdir(exist_ok=True)
Path(plan["slots_dir"]).mkdir(exist_ok=True)
with ThreadPoolExecutor(plan["cores"]) as pool:
    rows = [json.dumps(row) + "\n" for row in pool.map(speak, range(len(chunks)))]
(attempt_dir / "timings.jsonl").write_text("".join(rows), encoding="utf-8")
answer = {key: plan[key] for key in ("version", "phase", "book_id", "attempt")}
answer |= {"status": "success", "artifacts": {"timings": "timings.jsonl"}, "metrics": {"chunks": len(chunks)}}
result_path.write_text(json.dumps(answer), encoding="utf-8")
