"""A paragraph's text cut into pieces that are spoken in one call: sentences, and parts of sentences that are too long.

Pieces cover the text but for white space between them, and each has something to speak.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Protocol

import sentencex

from phases.readers import text

Span = tuple[int, int]

_ITEM = re.compile(r"\W?(?:\d{1,3}|[ivxlc]{1,5}|[IVXLC]{1,5})[.)]")
_LINE_ENDS = tuple(".,;:!?…—–\"'”’»")
# No sentence that is spoken in one piece is longer (`text.max_chars` is at most 5000).
_WINDOW = 6000
_WIDEST_GAP = 200
# No sentence begins with these.
_GOING_ON = frozenset(",;")
# Where a long sentence can be cut, the best first: after a clause, after a comma, after a word.
_CUTS = tuple(re.compile(pattern) for pattern in (r"[;:—–…。！？；：][\"'”’»)\]]*\s*", r"[,，、،]\s*", r"\s+"))


class Whole(Protocol):
    """A span that is not cut."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""

    @property
    def goes_on(self) -> bool:
        """Whether no sentence ends with it."""


def pieces(content: str, language: str, max_chars: int, wholes: Sequence[Whole] = ()) -> list[Span]:
    """Cut a paragraph.

    Args:
        content: the paragraph's text; line ends are ends of sentences.
        language: a BCP 47 tag.
        max_chars: no piece is longer, unless it is a run without a letter or digit, or has a whole at its end.
        wholes: in order, without overlap.

    Returns:
        Pieces (start, end) as offsets into `content`, in order; [] where there is nothing to speak.
    """
    parts: list[Span] = []
    bounds = _Bounds(wholes)
    for start, end in bounds.kept(content, _sentences(content, language)):
        parts += _trimmed(content, _fitting(content, start, end, max_chars, bounds))
    return _numbered(content, _attached(content, parts), max_chars)


class _Bounds:
    """Where a text may be cut: not inside a whole."""

    def __init__(self, wholes: Sequence[Whole]) -> None:
        self._wholes = wholes
        self._starts = [whole.start for whole in wholes]

    def kept(self, content: str, sentences: Iterator[Span]) -> Iterator[Span]:
        """The sentences, those joined between which there is no bound."""
        begin: int | None = None
        start = end = 0
        for start, end in sentences:
            begin = start if begin is None else begin
            if not self._parts(content, end):
                continue
            yield begin, end
            begin = None
        if begin is not None:
            yield begin, end

    def _parts(self, content: str, end: int) -> bool:
        if content[end : end + 1] in _GOING_ON:
            return False
        stop = len(content[max(0, end - _WIDEST_GAP) : end].rstrip()) + max(0, end - _WIDEST_GAP)
        whole = self._around(stop)
        if whole is None:
            before = self._around(stop - 1)  # the full stop belongs to the sentence alone: "Vol. II."
            return before is None or before.end != stop - 1 or not content[end : end + 1].islower()
        return whole.end <= stop and not whole.goes_on and not content[end : end + 1].islower()

    def _around(self, offset: int) -> Whole | None:
        """The whole that begins before `offset` and ends there or later."""
        number = bisect_left(self._starts, offset) - 1
        whole = self._wholes[number] if number >= 0 else None
        return whole if whole is not None and whole.end >= offset else None

    def cut(self, start: int, offset: int) -> int:
        """`offset`, or the nearest bound of the whole in which it lies, after `start`."""
        whole = self._around(offset)
        if whole is None or whole.end == offset:
            return offset
        return whole.start if whole.start > start else whole.end


def _sentences(content: str, language: str) -> Iterator[Span]:
    start = 0
    for line in _units(content):
        for sentence in _segmented(line, language.partition("-")[0].lower()):
            yield start, start + len(sentence)
            start += len(sentence)


def _segmented(line: str, language: str) -> Iterator[str]:
    """The sentences of a line, found in one window of it after another: the splitter's time grows with the square."""
    start = 0
    while start < len(line):
        window = line[start : start + _WINDOW]
        found = sentencex.segment(language, window)
        if sum(map(len, found)) != len(window):  # never lose text to a splitter that drops some
            found = [window]
        if start + len(window) < len(line):  # the last sentence may go on
            if len(found) > 1:
                found.pop()
            else:
                found = [window[: _last_space(window)]]
        for sentence in found:
            yield sentence
            start += len(sentence)


def _last_space(window: str) -> int:
    """Where the last word of a window begins that may go on after it; its end where it holds no space."""
    for position in range(len(window) - 1, 0, -1):
        if window[position].isspace():
            return position + 1
    return len(window)


def _units(content: str) -> list[str]:
    """What sentences end within: the whole, or each line where hardly any line ends like one of a poem does.

    A poem's sentences run on over its lines; the lines of a title page or a list have no punctuation at their ends.
    """
    lines = content.splitlines(keepends=True)
    if len(lines) < 2 or sum(line.rstrip().endswith(_LINE_ENDS) for line in lines) >= 0.3 * len(lines):
        return [content.replace("\n", " ")]
    return lines


def _fitting(content: str, start: int, end: int, max_chars: int, bounds: _Bounds) -> Iterator[Span]:
    while end - start > max_chars:
        cut = min(bounds.cut(start, _cut(content, start, start + max_chars)), end)
        yield start, cut
        start = cut
    if end > start:
        yield start, end


def _cut(content: str, start: int, limit: int) -> int:
    """The best place to cut in the second half of what fits; a place between characters where there is none."""
    window = content[start:limit]
    for pattern in _CUTS:
        ends = [match.end() for match in pattern.finditer(window)]
        if ends and ends[-1] >= len(window) // 3:
            return start + ends[-1]
    return limit


def _trimmed(content: str, spans: Iterator[Span]) -> Iterator[Span]:
    for start, end in spans:
        piece = content[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = end - len(piece) + len(piece.rstrip())
        if right > left:
            yield left, right


def _numbered(content: str, parts: list[Span], max_chars: int) -> list[Span]:
    """The number of an item ("1.", "iv)") at the start of a paragraph belongs to the sentence that it numbers."""
    if len(parts) > 1 and _ITEM.fullmatch(content, *parts[0]) and parts[1][1] - parts[0][0] <= max_chars:
        return [(parts[0][0], parts[1][1]), *parts[2:]]
    return parts


def _attached(content: str, parts: list[Span]) -> list[Span]:
    """Pieces without a letter or digit (quotation marks, dashes) join the piece before, or the next one."""
    joined: list[Span] = []
    silent: int | None = None
    for start, end in parts:
        if not text.has_word(content[start:end]):
            if joined:
                joined[-1] = (joined[-1][0], end)
            elif silent is None:
                silent = start
            continue
        joined.append((start if silent is None else silent, end))
        silent = None
    return joined
