"""Phase 3: sentences as chunks, anchored to paragraphs, so that one changed word changes at most two of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from phases.contract import Plan, Result
from phases.files import read_json, read_lines, write_lines
from phases.progress import Progress
from phases.readers import text
from phases.readers.limits import Limits
from phases.spoken import changes, numbers
from phases.spoken.form import SpokenForm
from phases.spoken.passages import RULE, parted
from phases.spoken.wording import Wording

MAX_CHARS = 600
_MOST_DIGITS = 5
_LAST_OPENING = 12
"""The heading with a chapter's number is among so many of its paragraphs: the first one may open with a title page."""


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
        lexicon = (*plan.settings.get("lexicon", ()), *plan.settings.get("book_lexicon", ()))
        wording = Wording(book["language"], _off(plan.settings), lexicon)
        made = chunks(rows, wording, max_chars, numbered_chapters(book["chapters"]))
        write_lines(plan.attempt_dir / "chunks.jsonl", counts.counted(made))
    return Result(
        artifacts={"chunks": "chunks.jsonl"},
        metrics={
            "chunks": counts.chunks,
            "unique_chunks": len(counts.text_ids),
            "characters": counts.characters,
            "words": counts.words,
            "changes": counts.changes,
        },
    )


def _off(settings: Mapping[str, Any]) -> frozenset[str]:
    switches = {**settings.get("spoken", {}), **settings.get("book_spoken", {})}
    return frozenset(name for name, on in switches.items() if not on)


def chunks(
    rows: Iterable[dict[str, Any]], wording: Wording, max_chars: int, numbered: Mapping[int, int] | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of ``chunks.jsonl``: a chunk is one sentence of one paragraph.

    Args:
        rows: of ``text.jsonl``.
        wording: how the book's language is said.
        max_chars: a longer sentence is cut at clauses, then at words.
        numbered: the chapters that the book only numbers, and their numbers.
    """
    chapter, index, number = 0, 0, 0
    for row in rows:
        if row["omit"] is not None:
            continue
        if row["chapter"] != chapter:
            chapter, index = row["chapter"], 0
            number = (numbered or {}).get(chapter, 0)
        kind = changes.HEADING if row["kind"] == "heading" else changes.PROSE
        if row["paragraph"] > _LAST_OPENING:
            number = 0
        if kind == changes.HEADING and number and _number(row["text"]) == number:
            kind, number = changes.CHAPTER, 0
        for language, continues, sentence in _sentences(row, wording, max_chars, kind):
            index += 1
            chunk = {
                "chapter": chapter,
                "index": index,
                "text_id": text_id(language, sentence["spoken"], sentence.get("phonemes", ())),
                "language": language,
                "sentences": [{"paragraph": row["paragraph"], **sentence}],
            }
            if continues:
                chunk["continues"] = True
            yield chunk


def _sentences(
    row: Mapping[str, Any], wording: Wording, max_chars: int, kind: str
) -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """The sentences of a paragraph, each with its language, and whether it goes on with what is before it."""
    content = row["text"]
    marks = () if RULE in wording.off else row.get("passages", ())
    passages = parted(content, marks, wording.language)
    for passage in passages:
        part = content[passage.start : passage.end]
        # What ends within a heading is no end of a heading.
        its_kind = kind if passage is passages[-1] else changes.PROSE
        if its_kind == changes.CHAPTER and len(passages) > 1:
            its_kind = changes.HEADING
        continues = passage.continues
        for span, form in wording.of(passage.language).sentences(part, max_chars, its_kind):
            yield passage.language, continues, _sentence(span, form, passage.start)
            continues = False


def _sentence(span: tuple[int, int], form: SpokenForm, offset: int) -> dict[str, Any]:
    """A sentence of a part of a paragraph that begins at `offset`."""
    sentence: dict[str, Any] = {
        "start": span[0] + offset,
        "end": span[1] + offset,
        "spoken": form.text,
        "map": [(a, b, c + offset, d + offset) for a, b, c, d in form.rows] if offset else form.rows,
    }
    if form.changes:
        sentence["changes"] = [[change.rule, change.start + offset, change.end + offset] for change in form.changes]
    if form.phonemes:
        sentence["phonemes"] = form.phonemes
    return sentence


def numbered_chapters(chapters: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """The chapters that the book only numbers, and their numbers: their titles are numerals that follow each other.

    Args:
        chapters: of ``book.json``.
    """
    values = [(chapter["index"], chapter["level"], _number(str(chapter["title"]))) for chapter in chapters]
    found: dict[int, int] = {}
    last: dict[int, tuple[int, int]] = {}
    for index, level, value in values:
        if value:
            before = last.get(level)
            if before is not None and value == before[1] + 1:
                found |= {before[0]: before[1], index: value}
            last[level] = (index, value)
    return found


def _number(title: str) -> int:
    bare = title.rpartition("›")[2].strip().rstrip(".:")
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < _MOST_DIGITS else numbers.roman(bare)


def text_id(language: str, spoken: str, phonemes: Sequence[tuple[int, int, str]] = ()) -> str:
    """What equal spoken text in one language, pronounced alike, has in common: 32 hex digits."""
    facts = [language, spoken, phonemes] if phonemes else [language, spoken]
    return hashlib.sha256(json.dumps(facts).encode("utf-8")).hexdigest()[:32]


@dataclass(slots=True)
class Counts:
    """Counts chunks on their way to the file."""

    chunks: int = 0
    characters: int = 0
    words: int = 0
    changes: int = 0
    text_ids: set[str] = field(default_factory=set)

    def counted(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same rows."""
        for row in rows:
            sentence = row["sentences"][0]
            self.chunks += 1
            self.characters += len(sentence["spoken"])
            self.words += text.count_words(sentence["spoken"])
            self.changes += len(sentence.get("changes", ()))
            self.text_ids.add(row["text_id"])
            yield row


def _reporting(rows: Iterable[dict[str, Any]], progress: Progress) -> Iterator[dict[str, Any]]:
    chapter = 0
    for row in rows:
        if row["chapter"] > chapter:
            progress.advance(row["chapter"] - chapter)
            chapter = row["chapter"]
        yield row
