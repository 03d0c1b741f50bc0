"""Which sentence of the book is heard when: text, chunks, timings and ledger joined again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phases.contract import PermanentError, Plan
from phases.files import read_lines


@dataclass(frozen=True, slots=True)
class HeardSentence:
    """A sentence of a paragraph, or a piece of one.

    Attributes:
        row: of the chunk's ``sentences``.
        words: rows (offset in its spoken text, time in the audiobook), rising.
        start_s: when it starts, in the audiobook.
        end_s: when it ends.
    """

    row: Mapping[str, Any]
    words: Sequence[tuple[int, float]]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class HeardParagraph:
    """A paragraph that is not left out.

    Attributes:
        row: of ``text.jsonl``.
        sentences: in their order; none where it is a pause.
    """

    row: Mapping[str, Any]
    sentences: Sequence[HeardSentence]


def heard_paragraphs(plan: Plan) -> Iterator[HeardParagraph]:
    """All paragraphs that are not left out, in the order of the book.

    Raises:
        PermanentError: the ledger, the text and the chunks are not of one book (``subtitles``).
    """
    chunks, timings = _Places(plan.inputs["chunks"]), _Places(plan.inputs["timings"])
    rows = zip(read_lines(plan.inputs["text"]), read_lines(plan.inputs["ledger"]), strict=True)
    for paragraph, entry in rows:
        if (paragraph["chapter"], paragraph["paragraph"]) != (entry["chapter"], entry["paragraph"]):
            raise _mismatch(paragraph)
        if paragraph["omit"] is not None:
            continue
        sentences: list[HeardSentence] = []
        for spoken in entry.get("chunks", ()):
            place = (entry["chapter"], spoken["index"])
            chunk, timing = chunks.take(place), timings.take(place)
            if chunk is None or timing is None:
                raise _mismatch(paragraph)
            sentences += _of_chunk(chunk["sentences"], timing["words"], spoken)
        yield HeardParagraph(paragraph, sentences)


class _Places:
    """The rows of a file by chapter and index, each given once; as they are in the order of the book, few are held."""

    def __init__(self, path: Path) -> None:
        self._rows = read_lines(path)
        self._held: dict[tuple[int, int], Mapping[str, Any]] = {}

    def take(self, place: tuple[int, int]) -> Mapping[str, Any] | None:
        """The row of a place; None where there is none."""
        while place not in self._held:
            row = next(self._rows, None)
            if row is None:
                return None
            self._held[row["chapter"], row["index"]] = row
        return self._held.pop(place)


def _mismatch(paragraph: Mapping[str, Any]) -> PermanentError:
    return PermanentError(
        f"The ledger does not fit the text at paragraph {paragraph['paragraph']} of chapter {paragraph['chapter']}. "
        "Run the book again from enhancement.",
        error_type="subtitles",
    )


def _of_chunk(
    sentences: Sequence[Mapping[str, Any]], words: Sequence[Sequence[float]], spoken: Mapping[str, Any]
) -> Iterator[HeardSentence]:
    """The sentences of a chunk: they follow each other in its spoken text, joined by one space."""
    bounds = []
    begin = 0
    for sentence in sentences:
        bounds.append((begin, begin + len(sentence["spoken"])))
        begin = bounds[-1][1] + 1
    heard = [
        [(int(row[0]) - begin, spoken["from"] + row[2]) for row in words if begin <= row[0] < end]
        for begin, end in bounds
    ]
    starts = [*_starts(heard, bounds, spoken), spoken["to"]]
    for number, sentence in enumerate(sentences):
        yield HeardSentence(sentence, heard[number], starts[number], starts[number + 1])


def _starts(
    heard: Sequence[Sequence[tuple[int, float]]], bounds: Sequence[tuple[int, int]], spoken: Mapping[str, Any]
) -> list[float]:
    """When each sentence starts: with its first word, or by its share of the text where the voice names none."""
    starts: list[float] = []
    length = max(1, bounds[-1][1])
    for words, (begin, _end) in zip(heard, bounds, strict=True):
        at = words[0][1] if words else spoken["from"] + (spoken["to"] - spoken["from"]) * begin / length
        starts.append(max(at, starts[-1]) if starts else spoken["from"])
    return starts
