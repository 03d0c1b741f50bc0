"""Cues of subtitles: which words of the book are shown when, and how that is written as SRT and WebVTT."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LINE_CHARACTERS = 42
_LINES = 2
_LONGEST_CUE_S = 7.0
_SHORTEST_CUE_S = 1.0
# Where a long sentence is parted, a clause's end is worth so many characters of unevenness.
_CLAUSE_BONUS = 30.0
_LINE_END_BONUS = 40.0
_CLAUSE_ENDS = frozenset(",;:.!?—–)”’…，、；：。！？")
_WORD = re.compile(r"\S+")
# A word that does not fit into a line is parted by characters: scripts without spaces, addresses.
_LONGEST_WORD = LINE_CHARACTERS // 2


@dataclass(frozen=True, slots=True)
class Cue:
    """Text that is shown for a while.

    Attributes:
        start_s: in the audiobook.
        end_s: in the audiobook; never after the start of the next cue.
        lines: one or two lines of text.
    """

    start_s: float
    end_s: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of the source text (or part of a long one) and when it is spoken."""

    text: str
    start_s: float
    space_before: bool
    ends_clause: float  # the bonus for parting the sentence after it


def sentence_cues(
    text: str,
    sentence: Mapping[str, Any],
    words: Sequence[tuple[int, float]],
    start_s: float,
    end_s: float,
) -> list[Cue]:
    """The cues of one sentence, in the book's own text.

    Args:
        text: of the paragraph.
        sentence: a row of a chunk's ``sentences``.
        words: rows (offset in the sentence's spoken text, time in seconds in the audiobook), rising.
        start_s: when the sentence starts.
        end_s: when it ends.
    """
    anchors = _anchors(sentence, words, start_s, end_s)
    tokens = list(_tokens(text, sentence["start"], sentence["end"], anchors))
    if not tokens:
        return []
    ends = [token.start_s for token in tokens[1:]] + [end_s]
    return [
        Cue(tokens[first].start_s, ends[last - 1], _wrapped(tokens[first:last])) for first, last in _parts(tokens, ends)
    ]


def arranged(cues: Iterable[Cue]) -> Iterator[Cue]:
    """The cues with times that rise and never overlap; short ones are held for a second where there is room."""
    held: Cue | None = None
    for cue in cues:
        if held is not None:
            yield _placed(held, cue.start_s)
            cue = Cue(max(cue.start_s, held.start_s), cue.end_s, cue.lines)
        held = cue
    if held is not None:
        yield held


def to_srt(cues: Iterable[Cue]) -> Iterator[str]:
    """SubRip, a block a cue."""
    for number, cue in enumerate(cues, start=1):
        # An arrow in the text would look like a time line; the invisible joiner keeps what is shown the same.
        lines = "\n".join(cue.lines).replace("-->", "--\u2060>")
        yield f"{number}\n{_time(cue.start_s, ',')} --> {_time(cue.end_s, ',')}\n{lines}\n\n"


def to_vtt(cues: Iterable[Cue]) -> Iterator[str]:
    """WebVTT, the header and a block a cue."""
    yield "WEBVTT\n\n"
    for cue in cues:
        lines = "\n".join(cue.lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        yield f"{_time(cue.start_s, '.')} --> {_time(cue.end_s, '.')}\n{lines}\n\n"


def _placed(cue: Cue, next_start_s: float) -> Cue:
    end_s = max(cue.end_s, cue.start_s + _SHORTEST_CUE_S)
    return Cue(cue.start_s, max(cue.start_s, min(end_s, next_start_s)), cue.lines)


def _anchors(
    sentence: Mapping[str, Any], words: Sequence[tuple[int, float]], start_s: float, end_s: float
) -> list[tuple[float, float]]:
    """Rows (offset in the paragraph's text, time), both rising, from the sentence's start to its end."""
    anchors = [(float(sentence["start"]), start_s)]
    rows = sentence["map"]
    starts = [row[0] for row in rows]
    for offset, time_s in words:
        number = bisect_right(starts, offset) - 1
        if number < 0:
            continue
        spoken_from, spoken_to, source_from, source_to = rows[number]
        share = (offset - spoken_from) / max(1, spoken_to - spoken_from)
        source = source_from + share * (source_to - source_from)
        if source > anchors[-1][0] and time_s >= anchors[-1][1]:
            anchors.append((source, time_s))
    if anchors[-1][0] < sentence["end"]:
        anchors.append((float(sentence["end"]), max(end_s, anchors[-1][1])))
    return anchors


def _tokens(text: str, start: int, end: int, anchors: Sequence[tuple[float, float]]) -> Iterator[_Token]:
    offsets = [offset for offset, _ in anchors]
    for found in _WORD.finditer(text, start, end):
        size = len(found[0]) if len(found[0]) <= LINE_CHARACTERS else _LONGEST_WORD
        for begin in range(found.start(), found.end(), size):
            piece = text[begin : min(begin + size, found.end())]
            shown = "".join(character for character in piece if unicodedata.category(character) not in ("Cc", "Cs"))
            if not shown:
                continue
            after = text[begin + len(piece) : begin + len(piece) + 1]
            bonus = _CLAUSE_BONUS if shown[-1] in _CLAUSE_ENDS else 0.0
            yield _Token(
                shown,
                round(_time_at(begin, offsets, anchors), 3),
                space_before=begin == found.start(),
                ends_clause=_LINE_END_BONUS if after in ("\n", "\r") and after else bonus,
            )


def _time_at(offset: int, offsets: Sequence[float], anchors: Sequence[tuple[float, float]]) -> float:
    number = bisect_right(offsets, offset) - 1
    since, time_s = anchors[max(0, number)]
    if number + 1 >= len(anchors) or number < 0:
        return time_s
    until, next_s = anchors[number + 1]
    return time_s + (next_s - time_s) * (offset - since) / (until - since)


def _parts(tokens: Sequence[_Token], ends: Sequence[float]) -> list[tuple[int, int]]:
    """Where to part a sentence: as few and as even cues as fit, rather at the ends of clauses.

    Returns:
        Rows (first token, end).
    """
    count = len(tokens)
    if _fits(tokens, ends, 0, count):
        return [(0, count)]
    best: list[tuple[float, int]] = [(0.0, 0)] + [(float("inf"), 0)] * count
    target = LINE_CHARACTERS * _LINES * 0.75
    for last in range(1, count + 1):
        for first in range(last - 1, -1, -1):
            length = _length(tokens, first, last)
            if last - first > 1 and not _fits(tokens, ends, first, last):
                break
            uneven = abs(length - target) * (0.5 if last == count else 1.0)
            cost = best[first][0] + 60.0 + uneven - (tokens[last - 1].ends_clause if last < count else 0.0)
            if cost < best[last][0]:
                best[last] = (cost, first)
    parts = []
    last = count
    while last:
        first = best[last][1]
        parts.append((first, last))
        last = first
    return parts[::-1]


def _fits(tokens: Sequence[_Token], ends: Sequence[float], first: int, last: int) -> bool:
    if _length(tokens, first, last) > LINE_CHARACTERS * _LINES + 1:
        return False
    if ends[last - 1] - tokens[first].start_s > _LONGEST_CUE_S:
        return False
    return len(_wrapped(tokens[first:last])) <= _LINES


def _length(tokens: Sequence[_Token], first: int, last: int) -> int:
    return sum(len(token.text) + token.space_before for token in tokens[first:last]) - tokens[first].space_before


def _wrapped(tokens: Sequence[_Token]) -> tuple[str, ...]:
    """One line, or two that are as even as can be; more only where the words leave no choice."""
    whole = _joined(tokens)
    if len(whole) <= LINE_CHARACTERS:
        return (whole,)
    pairs = [(_joined(tokens[:cut]), _joined(tokens[cut:])) for cut in range(1, len(tokens))]
    fitting = [pair for pair in pairs if max(map(len, pair)) <= LINE_CHARACTERS]
    if fitting:
        return min(fitting, key=lambda pair: abs(len(pair[0]) - len(pair[1])))
    lines: list[str] = []
    for token in tokens:
        longer = (lines[-1] + " " * token.space_before + token.text) if lines else token.text
        if lines and len(longer) <= LINE_CHARACTERS:
            lines[-1] = longer
        else:
            lines.append(token.text)
    return tuple(lines)


def _joined(tokens: Sequence[_Token]) -> str:
    return "".join(" " * token.space_before + token.text for token in tokens).lstrip(" ")


def _time(time_s: float, point: str) -> str:
    whole = round(time_s * 1000)
    seconds, milliseconds = divmod(whole, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{milliseconds:03d}"
