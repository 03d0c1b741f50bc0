"""Phase 3: sentences as chunks, anchored to paragraphs, so that one changed word changes at most two of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from phases.contract import Plan, Result
from phases.files import read_json, read_lines, write_lines
from phases.progress import Progress
from phases.readers import text
from phases.readers.limits import Limits
from phases.spoken.form import spoken_form
from phases.spoken.sentences import pieces

MAX_CHARS = 600


def run(plan: Plan) -> Result:
    """Cut the book's text and write ``chunks.jsonl``."""
    book = read_json(plan.inputs["book"])
    counts = Counts()
    limits = Limits.of(plan.settings)
    with (
        Progress(plan.progress, plan.phase, max(len(book["chapters"]), 1)) as progress,
        limits.watched(plan.source.name),
    ):
        rows = _reporting(read_lines(plan.inputs["text"]), progress)
        max_chars = plan.settings.get("max_chars", MAX_CHARS)
        write_lines(plan.attempt_dir / "chunks.jsonl", counts.counted(chunks(rows, book["language"], max_chars)))
    return Result(
        artifacts={"chunks": "chunks.jsonl"},
        metrics={
            "chunks": counts.chunks,
            "unique_chunks": len(counts.text_ids),
            "characters": counts.characters,
            "words": counts.words,
        },
    )


def chunks(rows: Iterable[dict[str, Any]], language: str, max_chars: int) -> Iterator[dict[str, Any]]:
    """The rows of ``chunks.jsonl``: a chunk is one sentence of one paragraph.

    Args:
        rows: of ``text.jsonl``.
        language: the book's, a BCP 47 tag.
        max_chars: a longer sentence is cut at clauses, then at words.
    """
    chapter, index = 0, 0
    for row in rows:
        if row["omit"] is not None:
            continue
        if row["chapter"] != chapter:
            chapter, index = row["chapter"], 0
        content = row["text"]
        for start, end in pieces(content, language, max_chars):
            spoken, table = spoken_form(content, start, end)
            index += 1
            yield {
                "chapter": chapter,
                "index": index,
                "text_id": text_id(language, spoken),
                "language": language,
                "sentences": [
                    {"paragraph": row["paragraph"], "start": start, "end": end, "spoken": spoken, "map": table}
                ],
            }


def text_id(language: str, spoken: str) -> str:
    """What equal spoken text in one language has in common: 32 hex digits."""
    return hashlib.sha256(json.dumps([language, spoken]).encode("utf-8")).hexdigest()[:32]


@dataclass(slots=True)
class Counts:
    """Counts chunks on their way to the file."""

    chunks: int = 0
    characters: int = 0
    words: int = 0
    text_ids: set[str] = field(default_factory=set)

    def counted(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same rows."""
        for row in rows:
            spoken = row["sentences"][0]["spoken"]
            self.chunks += 1
            self.characters += len(spoken)
            self.words += text.count_words(spoken)
            self.text_ids.add(row["text_id"])
            yield row


def _reporting(rows: Iterable[dict[str, Any]], progress: Progress) -> Iterator[dict[str, Any]]:
    chapter = 0
    for row in rows:
        if row["chapter"] > chapter:
            progress.advance(row["chapter"] - chapter)
            chapter = row["chapter"]
        yield row
