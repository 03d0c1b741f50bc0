"""Cues of subtitles: which words of the book are shown when, and how that is written as SRT and WebVTT."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

LINE_CHARACTERS = 42
_LINES = 2
_LONGEST_CUE_S = 7.0
_SHORTEST_CUE_S = 1.0
# Where a long sentence is parted, a clause's end is worth so many characters of unevenness.
_CLAUSE_BONUS = 30.0
_LINE_END_BONUS = 40.0
_LINE_ENDS = frozenset("\n\r")
_CUE_COST = 60.0
_HASTY_COST = 50.0
_GOOD_LENGTH = 60
_CLAUSE_ENDS = frozenset(",;:.!?—–)”’…，、；：。！？")
_WORD = re.compile(r"\S+")
# Scripts without spaces are parted between characters, but not before the mark that closes a clause; so is a word
# that does not fit into a line.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_CHARACTER = re.compile(
    "[「『（《〈“‘(]*.[\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e、。，．！？；：」』）》〉”’,.!?;:)]*"
)


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of the source text (or part of a long one) and when it is spoken."""

    text: str
    width: int
    start_s: float
    space_before: bool
    ends_clause: float  # the bonus for parting the sentence after it


@dataclass(frozen=True, slots=True)
class Cue:
    """Text that is shown for a while.

    Attributes:
        start_s: in the audiobook.
        end_s: in the audiobook; never after the start of the next cue.
        lines: one or two lines of text.
        tokens: the words of the lines, with their times.
    """

    start_s: float
    end_s: float
    lines: tuple[str, ...]
    tokens: tuple[_Token, ...] = field(default=(), compare=False, repr=False)


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
    return [_cue(tokens[first:last], ends[last - 1]) for first, last in _parts(tokens, ends)]


def _cue(tokens: Sequence[_Token], end_s: float) -> Cue:
    return Cue(tokens[0].start_s, end_s, _wrapped(tokens), tuple(tokens))


def unhurried(cues: Iterable[Cue]) -> Iterator[Cue]:
    """The cues of a paragraph; one that would be gone within a second is shown with the next one, where both fit."""
    held: Cue | None = None
    for cue in cues:
        if held is not None:
            both = held.tokens + cue.tokens
            hasty = cue.start_s - held.start_s < _SHORTEST_CUE_S
            if hasty and _fits(both, [cue.end_s] * len(both), 0, len(both)):
                held = _cue(both, cue.end_s)
                continue
            yield held
        held = cue
    if held is not None:
        yield held


def arranged(cues: Iterable[Cue]) -> Iterator[Cue]:
    """The cues with times that rise and never overlap; short ones are held for a second where there is room."""
    held: Cue | None = None
    for cue in cues:
        if held is not None:
            yield _placed(held, cue.start_s)
            cue = replace(cue, start_s=max(cue.start_s, held.start_s))
        held = cue
    if held is not None:
        yield held


def width(text: str) -> int:
    """How many characters wide `text` is shown: those of East Asian scripts take the place of two, marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def to_srt(cues: Iterable[Cue]) -> Iterator[str]:
    """SubRip, a block a cue."""
    for number, cue in enumerate(cues, start=1):
        # An arrow in the text would look like a time line; the invisible joiner keeps what is shown the same.
        lines = "\n".join(cue.lines).replace("-->", "--\u2060>")
        yield f"{number}\n{_time(cue.start_s, ',')} --> {_time(cue.end_s, ',')}\n{lines}\n\n"


def to_vtt(cues: Iterable[Cue], *, word_times: bool = False) -> Iterator[str]:
    """WebVTT, the header and a block a cue.

    Args:
        cues: in order.
        word_times: say within a cue when each word is heard, so that a player can show that.
    """
    yield "WEBVTT\n\n"
    for cue in cues:
        lines = "\n".join(_timed_lines(cue) if word_times else map(_escaped, cue.lines))
        yield f"{_time(cue.start_s, '.')} --> {_time(cue.end_s, '.')}\n{lines}\n\n"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _timed_lines(cue: Cue) -> Iterator[str]:
    """The lines with the time of each word before it; these rise, and lie within the cue (WebVTT, 3.1)."""
    tokens = iter(cue.tokens)
    at_s = cue.start_s
    for line in cue.lines:
        parts = []
        length = 0
        while length < len(line):
            token = next(tokens)
            space = " " if line[length] == " " else ""
            length += len(space) + len(token.text)
            stamp = ""
            if _time(at_s, ".") < _time(token.start_s, ".") < _time(cue.end_s, "."):
                at_s = token.start_s
                stamp = f"<{_time(at_s, '.')}>"
            parts.append(f"{space}{stamp}{_escaped(token.text)}")
        yield "".join(parts)


def _placed(cue: Cue, next_start_s: float) -> Cue:
    end_s = max(cue.end_s, cue.start_s + _SHORTEST_CUE_S)
    return replace(cue, end_s=max(cue.start_s, min(end_s, next_start_s)))


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
    for word in _WORD.finditer(text, start, end):
        parted = len(word[0]) > LINE_CHARACTERS or _UNSPACED.search(word[0])
        for found in _CHARACTER.finditer(text, *word.span()) if parted else (word,):
            shown = "".join(character for character in found[0] if unicodedata.category(character) not in ("Cc", "Cs"))
            if not shown:
                continue
            clause = _CLAUSE_BONUS if shown[-1] in _CLAUSE_ENDS else 0.0
            yield _Token(
                shown,
                width(shown),
                round(_time_at(found.start(), offsets, anchors), 3),
                space_before=found.start() == word.start() and text[found.start() - 1 : found.start()].isspace(),
                ends_clause=_LINE_END_BONUS if text[found.end() : found.end() + 1] in _LINE_ENDS else clause,
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
    for last in range(1, count + 1):
        for first in range(last - 1, -1, -1):
            if last - first > 1 and not _fits(tokens, ends, first, last):
                break
            uneven = abs(_length(tokens[first:last]) - _GOOD_LENGTH) * (0.5 if last == count else 1.0)
            hasty = _HASTY_COST if ends[last - 1] - tokens[first].start_s < _SHORTEST_CUE_S else 0.0
            cost = best[first][0] + _CUE_COST + uneven + hasty - (tokens[last - 1].ends_clause if last < count else 0.0)
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
    if ends[last - 1] - tokens[first].start_s > _LONGEST_CUE_S:
        return False
    # Filling the first line as far as it goes leaves the least for the second.
    lines, length = 1, 0
    for number in range(first, last):
        size = tokens[number].width
        length += size + (tokens[number].space_before if length else 0)
        if length > LINE_CHARACTERS:
            lines, length = lines + 1, size
            if lines > _LINES:
                return False
    return True


def _length(tokens: Sequence[_Token]) -> int:
    return sum(token.width + token.space_before for token in tokens) - tokens[0].space_before


def _wrapped(tokens: Sequence[_Token]) -> tuple[str, ...]:
    """One line, or two that are as even as can be."""
    whole = _joined(tokens)
    if width(whole) <= LINE_CHARACTERS or len(tokens) == 1:
        return (whole,)
    pairs = [(_joined(tokens[:cut]), _joined(tokens[cut:])) for cut in range(1, len(tokens))]
    return min(pairs, key=lambda pair: max(map(width, pair)))


def _joined(tokens: Sequence[_Token]) -> str:
    return "".join(" " * token.space_before + token.text for token in tokens).lstrip(" ")


def _time(time_s: float, point: str) -> str:
    whole = round(time_s * 1000)
    seconds, milliseconds = divmod(whole, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{milliseconds:03d}"
