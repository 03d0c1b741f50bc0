"""A page of print: its lines with their places, in the order in which they are read, in one column or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from phases.readers import text

# A page is in columns where hardly any line crosses the gutter, and both sides hold sentences.
_SIDE_SHARE, _CROSSING_SHARE = 0.3, 0.2
_SIDE_LINES, _SIDE_WORDS = 5, 3
_GUTTER_STEP = 4.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page, places in points from the lower left corner.

    Attributes:
        text: the line.
        left: of its first character.
        right: of its last character.
        bottom: of its first character.
        top: of its first character.
        size: of its first character.
        column: which column of the page it stands in, from 0.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float
    column: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page's lines in the order in which they are written; `number` counts from 1."""

    number: int
    height: float
    lines: tuple[Line, ...]


def in_reading_order(lines: Sequence[Line], pieces: Sequence[Line]) -> tuple[Line, ...]:
    """The lines of a page as they are read: where it has two columns, the left one before the right one.

    Args:
        lines: in the order in which they are written.
        pieces: the same, cut wherever there is much space inside a line.
    """
    gutter = _gutter(pieces)
    if gutter is None:
        return tuple(lines)
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for piece in sorted(pieces, key=lambda line: -line.bottom):
        if piece.right <= gutter:
            left.append(piece)
        elif piece.left >= gutter:
            right.append(replace(piece, column=1))
        else:  # a heading over both columns ends what stands above it
            ordered += [*left, *right, piece]
            left, right = [], []
    return (*ordered, *left, *right)


def _gutter(pieces: Sequence[Line]) -> float | None:
    """Where the space between two columns is; None where the page has one."""
    if len(pieces) < 2 * _SIDE_LINES:
        return None
    begin, end = min(line.left for line in pieces), max(line.right for line in pieces)
    best: tuple[int, float] | None = None
    position = begin + 0.3 * (end - begin)
    while position < begin + 0.7 * (end - begin):
        crossing = sum(line.left < position < line.right for line in pieces)
        if best is None or crossing < best[0]:
            best = (crossing, position)
        position += _GUTTER_STEP
    if best is None or best[0] > _CROSSING_SHARE * len(pieces):
        return None
    for side in ([p for p in pieces if p.right <= best[1]], [p for p in pieces if p.left >= best[1]]):
        words = sum(text.count_words(line.text) for line in side)
        if len(side) < max(_SIDE_LINES, _SIDE_SHARE * len(pieces)) or words < _SIDE_WORDS * len(side):
            return None
    return best[1]
