"""Where every chunk lies in the finished audiobook: a pure function of text, chunks, durations and pauses.

Positions are samples at the voice's own rate. Segments are what is encoded in one piece; each is a whole number of
frames of both encoders, and silent at both ends, so that segments join without a click and without drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from phases.contract import PermanentError, TransientError

FRAME_GRID = 9216  # samples at the encoder's rate: 8 frames of MP3 (1152), 9 frames of AAC (1024)
_SHORTEST_SEGMENT_S = 100
_LONGEST_SEGMENT_S = 110  # from here on any pause will do, not only one between paragraphs
_ROOM_IN_FILE_S = 300  # a file ends at a paragraph when it has less than this left


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds of silence, each at least; the last sample before a chunk lies on a grid of 0.1 s.

    Attributes:
        sentence_s: between chunks of one paragraph.
        paragraph_s: between paragraphs.
        scene_break_s: in place of a scene break.
        heading_s: around a heading.
        chapter_s: between chapters.
        head_s: before the first word.
        tail_s: after the last word.
    """

    sentence_s: float
    paragraph_s: float
    scene_break_s: float
    heading_s: float
    chapter_s: float
    head_s: float
    tail_s: float


@dataclass(slots=True)
class Placed:
    """A chunk at its place.

    Attributes:
        chapter: counts from 1.
        index: of the chunk, counts from 1 in its chapter.
        audio_id: names its file.
        samples: its length.
        start: its first sample in the audiobook.
        fallback: who speaks it in the place of whom, and why; None where the wanted voice does.
        continues: whether it goes on with the sentence of the chunk before it.
    """

    chapter: int
    index: int
    audio_id: str
    samples: int
    start: int = 0
    fallback: Mapping[str, Any] | None = None
    continues: bool = False

    @property
    def end(self) -> int:
        """The sample after its last."""
        return self.start + self.samples


@dataclass(frozen=True, slots=True)
class Segment:
    """What is encoded in one piece: the samples from `start` up to `end`, with `chunks` in them.

    Attributes:
        start: its first sample in the audiobook.
        end: the sample after its last.
        chunks: in order.
        ends_file: whether a file ends here where each chapter has its own; always so at the end of the book.
    """

    start: int
    end: int
    chunks: tuple[Placed, ...]
    ends_file: bool


@dataclass(frozen=True, slots=True)
class Division:
    """How a book is divided into files, where each chapter has its own.

    Attributes:
        longest_s: of a file; a longer chapter gets several. None where any length will do.
    """

    longest_s: float | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A book laid out.

    Attributes:
        rate: samples a second.
        chunks: in the order of the book.
        segments: in the order of the book, without a gap between them.
        ledger: a row for every row of the text, as in docs/book-folder.md.
    """

    rate: int
    chunks: tuple[Placed, ...]
    segments: tuple[Segment, ...]
    ledger: tuple[Mapping[str, Any], ...]

    @property
    def samples(self) -> int:
        """The length of the audiobook."""
        return self.segments[-1].end

    @property
    def longest_pause_s(self) -> float:
        """The longest silence between chunks, or before or after them all."""
        ends = [0, *(chunk.end for chunk in self.chunks)]
        starts = [*(chunk.start for chunk in self.chunks), self.samples]
        return max(start - end for start, end in zip(starts, ends, strict=True)) / self.rate

    @property
    def speech_samples(self) -> int:
        """The length of all chunks together."""
        return sum(chunk.samples for chunk in self.chunks)


@dataclass(slots=True)
class _Piece:
    """A chunk before it has a place, with the pause that it wants before it."""

    placed: Placed
    pause_s: float
    splits_paragraph: bool


@dataclass(slots=True)
class _Reading:
    """The text joined with its chunks, in reading order."""

    pieces: list[_Piece] = field(default_factory=list)
    # A row a paragraph: its place, and the pieces from..to that speak it; from == to for one that is a pause.
    spans: list[tuple[Mapping[str, Any], int, int]] = field(default_factory=list)


def output_rate(rate: int) -> int:
    """The rate of the encoded files for a voice's rate: 44,100 or 48,000 Hz, a whole multiple.

    Raises:
        PermanentError: neither is one.
    """
    for wanted in (44_100, 48_000):
        if rate and wanted % rate == 0 and rate % 10 == 0:
            return wanted
    raise PermanentError(
        f"The voice speaks at {rate} samples a second, which cannot be encoded; 16,000, 22,050, 24,000, 44,100 and "
        "48,000 can. Choose another voice.",
        error_type="sample_rate",
    )


def lay_out(
    text: Iterable[Mapping[str, Any]],
    chunks: Iterable[Mapping[str, Any]],
    timings: Iterable[Mapping[str, Any]],
    pauses: Pauses,
    division: Division | None = None,
) -> Timeline:
    """Give every chunk its place.

    Args:
        text: rows of ``text.jsonl``.
        chunks: rows of ``chunks.jsonl``.
        timings: rows of ``timings.jsonl``.
        pauses: the silences between.
        division: into files; None where there is one file a book.

    Raises:
        TransientError: a chunk has no timing (``missing_chunk``).
        PermanentError: nothing is spoken, or words of a paragraph are in no chunk (``unspoken_text``).
    """
    by_paragraph, rate = _joined(chunks, timings)
    reading = _read(text, by_paragraph, pauses)
    if not reading.pieces:
        raise PermanentError("The book has no text to speak, so there is nothing to record.", error_type="empty")
    if by_paragraph:
        chapter, paragraph = next(iter(by_paragraph))
        raise PermanentError(
            f"There is audio for paragraph {paragraph} of chapter {chapter}, which the text does not have or leaves "
            "out. Run the book again from extraction.",
            error_type="unspoken_text",
        )
    segments = tuple(_segments(reading.pieces, rate, pauses, division))
    timeline = Timeline(rate, tuple(piece.placed for piece in reading.pieces), segments, ())
    return Timeline(rate, timeline.chunks, segments, tuple(_ledger(reading, timeline)))


def _joined(
    chunks: Iterable[Mapping[str, Any]], timings: Iterable[Mapping[str, Any]]
) -> tuple[dict[tuple[int, int], list[tuple[Placed, list[tuple[int, int]]]]], int]:
    """Chunks by (chapter, paragraph), each with the ranges of the paragraph that it speaks; and their rate."""
    timed: dict[tuple[int, int], Placed] = {}
    rates = set()
    for row in timings:
        # Not the row, which has the times of all words.
        place = (row["chapter"], row["index"])
        timed[place] = Placed(*place, row["audio_id"], row["samples"], fallback=row.get("fallback"))
        rates.add(row["rate"])
    if len(rates) > 1:
        raise PermanentError(
            f"The chunks of this book have different sample rates ({sorted(rates)}). Use one voice engine for a book.",
            error_type="sample_rate",
        )
    by_paragraph: dict[tuple[int, int], list[tuple[Placed, list[tuple[int, int]]]]] = {}
    for row in chunks:
        placed = timed.get((row["chapter"], row["index"]))
        if placed is None:
            raise TransientError(
                f"Chunk {row['index']} of chapter {row['chapter']} has not been spoken. Run again; it is spoken then.",
                error_type="missing_chunk",
            )
        placed.continues = bool(row.get("continues"))
        ranges = [(sentence["start"], sentence["end"]) for sentence in row["sentences"]]
        paragraph = row["sentences"][0]["paragraph"]
        by_paragraph.setdefault((row["chapter"], paragraph), []).append((placed, ranges))
    return by_paragraph, rates.pop() if rates else 0


def _read(
    text: Iterable[Mapping[str, Any]],
    by_paragraph: dict[tuple[int, int], list[tuple[Placed, list[tuple[int, int]]]]],
    pauses: Pauses,
) -> _Reading:
    reading = _Reading()
    pieces = reading.pieces
    chapter, last_kind, scene_break = None, "", False
    for row in text:
        first = len(pieces)
        if row["omit"] is None:
            spoken = by_paragraph.pop((row["chapter"], row["paragraph"]), [])
            _check_spoken(row, [span for _, ranges in spoken for span in ranges])
            scene_break = scene_break or row["kind"] == "scene_break"
            for number, (placed, _ranges) in enumerate(spoken):
                if not pieces:
                    pause_s = pauses.head_s
                elif number:
                    pause_s = 0.0 if placed.continues else pauses.sentence_s
                elif row["chapter"] != chapter:
                    pause_s = pauses.chapter_s
                elif scene_break:
                    pause_s = pauses.scene_break_s
                else:
                    pause_s = pauses.heading_s if "heading" in (last_kind, row["kind"]) else pauses.paragraph_s
                pieces.append(_Piece(placed, pause_s, splits_paragraph=number > 0))
            if spoken:
                chapter, last_kind, scene_break = row["chapter"], row["kind"], False
        reading.spans.append((_ledger_facts(row), first, len(pieces)))
    return reading


def _ledger_facts(row: Mapping[str, Any]) -> Mapping[str, Any]:
    facts = {"chapter": row["chapter"], "paragraph": row["paragraph"]}
    if row["omit"] is not None:
        return {**facts, "outcome": "omitted", "rule": row["omit"]["rule"], "reason": row["omit"]["reason"]}
    return facts


def _check_spoken(row: Mapping[str, Any], ranges: Iterable[tuple[int, int]]) -> None:
    """Every letter and digit of a paragraph lies in a sentence of a chunk; else something would be lost in silence."""
    text = row["text"]
    position = 0
    for start, end in [*sorted(ranges), (len(text), len(text))]:
        lost = text[position:start]
        if any(character.isalnum() for character in lost):
            raise PermanentError(
                f"The words “{lost.strip()[:80]}” in paragraph {row['paragraph']} of chapter {row['chapter']} are in "
                "no chunk, so they would be missing from the audiobook. Run the book again from chunking; if it "
                "fails again, please report it.",
                error_type="unspoken_text",
            )
        position = max(position, end)


def _segments(pieces: list[_Piece], rate: int, pauses: Pauses, division: Division | None) -> Iterator[Segment]:
    """Place the pieces one after the other and cut where a segment is long enough, and where a file ends."""
    hop = rate // 10
    grid = FRAME_GRID * rate // output_rate(rate)
    head, tail = max(hop, _up(round(pauses.head_s * rate), hop)), max(hop, round(pauses.tail_s * rate))
    begin, file_begin, inside = 0, 0, []
    position = head
    for number, piece in enumerate(pieces):
        placed = piece.placed
        placed.start = position
        inside.append(placed)
        following = pieces[number + 1] if number + 1 < len(pieces) else None
        if following is None or _ends_file(piece, following, (placed.end - file_begin) / rate, division):
            begin_next = _up(placed.end + tail, grid)
            yield Segment(begin, begin_next, tuple(inside), ends_file=True)
            begin, file_begin, inside, position = begin_next, begin_next, [], begin_next + head
            continue
        length_s = (placed.end - begin) / rate
        position += _up(placed.samples + round(following.pause_s * rate), hop)
        if length_s >= (_LONGEST_SEGMENT_S if following.splits_paragraph else _SHORTEST_SEGMENT_S):
            end = _up(max(position - hop, placed.end + hop), grid)
            yield Segment(begin, end, tuple(inside), ends_file=False)
            begin, inside, position = end, [], end + hop


def _ends_file(piece: _Piece, following: _Piece, length_s: float, division: Division | None) -> bool:
    if division is None:
        return False
    is_full = division.longest_s is not None and length_s > division.longest_s - _ROOM_IN_FILE_S
    return piece.placed.chapter != following.placed.chapter or (is_full and not following.splits_paragraph)


def _up(samples: int, grid: int) -> int:
    return -(-samples // grid) * grid


def _ledger(reading: _Reading, timeline: Timeline) -> Iterator[Mapping[str, Any]]:
    chunks, rate = timeline.chunks, timeline.rate

    def seconds(sample: int) -> float:
        return round(sample / rate, 6)

    for facts, first, last in reading.spans:
        if "outcome" in facts:
            yield facts
        elif first == last:
            since = chunks[first - 1].end if first else 0
            until = chunks[first].start if first < len(chunks) else timeline.samples
            yield {**facts, "outcome": "pause", "from": seconds(since), "to": seconds(until)}
        else:
            rows = [
                {
                    "index": chunk.index,
                    "from": seconds(chunk.start),
                    "to": seconds(chunk.end),
                    **({"fallback": chunk.fallback} if chunk.fallback else {}),
                }
                for chunk in chunks[first:last]
            ]
            yield {**facts, "outcome": "spoken", "chunks": rows}
