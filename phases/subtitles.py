"""Phase 5.5: subtitles of the audiobook in the book's own text, as SRT and WebVTT."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from phases.contract import PermanentError, Plan, Result
from phases.cues import Cue, arranged, sentence_cues, to_srt, to_vtt
from phases.files import read_json, read_lines, write_text
from phases.names import file_stem
from phases.progress import Progress


def run(plan: Plan) -> Result:
    """Write the subtitles of a book; no settings.

    Raises:
        PermanentError: the ledger, the text and the chunks are not of one book (``subtitles``).
    """
    stem = file_stem(read_json(plan.inputs["book"]))
    with Progress(plan.progress, plan.phase, 1) as progress:
        cues = list(arranged(_cues(plan)))
        write_text(plan.attempt_dir / f"{stem}.srt", "".join(to_srt(cues)))
        write_text(plan.attempt_dir / f"{stem}.vtt", "".join(to_vtt(cues)))
        progress.advance()
    return Result(
        deliverables={"srt": f"{stem}.srt", "vtt": f"{stem}.vtt"},
        metrics={"cues": len(cues)},
    )


def _cues(plan: Plan) -> Iterator[Cue]:
    """The cues in the order of the book, as each chunk's words lie in time."""
    chunks = {(row["chapter"], row["index"]): row for row in read_lines(plan.inputs["chunks"])}
    timings = {(row["chapter"], row["index"]): row for row in read_lines(plan.inputs["timings"])}
    rows = zip(read_lines(plan.inputs["text"]), read_lines(plan.inputs["ledger"]), strict=True)
    for paragraph, entry in rows:
        if (paragraph["chapter"], paragraph["paragraph"]) != (entry["chapter"], entry["paragraph"]):
            raise _mismatch(paragraph)
        for spoken in entry.get("chunks", ()):
            place = (entry["chapter"], spoken["index"])
            if place not in chunks or place not in timings:
                raise _mismatch(paragraph)
            words = timings[place]["words"]
            yield from _chunk_cues(paragraph["text"], chunks[place]["sentences"], words, spoken)


def _mismatch(paragraph: Mapping[str, Any]) -> PermanentError:
    return PermanentError(
        f"The ledger does not fit the text at paragraph {paragraph['paragraph']} of chapter {paragraph['chapter']}. "
        "Run the book again from enhancement.",
        error_type="subtitles",
    )


def _chunk_cues(
    text: str, sentences: Sequence[Mapping[str, Any]], words: Sequence[Sequence[float]], spoken: Mapping[str, Any]
) -> Iterator[Cue]:
    """The cues of a chunk: its sentences follow each other in its spoken text, joined by one space."""
    bounds = []
    begin = 0
    for sentence in sentences:
        bounds.append((begin, begin + len(sentence["spoken"])))
        begin = bounds[-1][1] + 1
    heard = [
        [(int(row[0]) - begin, spoken["from"] + row[2]) for row in words if begin <= row[0] < end]
        for begin, end in bounds
    ]
    starts = _starts(heard, bounds, spoken)
    for number, sentence in enumerate(sentences):
        end_s = starts[number + 1] if number + 1 < len(starts) else spoken["to"]
        yield from sentence_cues(text, sentence, heard[number], starts[number], end_s)


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
