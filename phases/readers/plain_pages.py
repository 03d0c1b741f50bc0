"""Pages of plain text that was made from print, with form feeds between them: their running headers and numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from phases.readers import text
from phases.readers.document import Omission, Paragraph
from phases.readers.omission import PAGE_NUMBER, RUNNING_HEADER

_BREAK = "\f"
_FEWEST_PAGES = 3
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_NUMBER = re.compile(r"\W*(?:(?:page|seite|p)\.?\s*)?(?:\d{1,4}|[ivxlc]{1,7})\W*", re.IGNORECASE)
_LONGEST = 100


def furniture(lines: Sequence[str]) -> dict[int, Omission]:
    """The numbers of the lines that are running headers, footers and page numbers.

    They are first and last lines of pages that come again on other pages, but for their numbers.

    Args:
        lines: of the whole text; a page starts with the line that begins with a form feed.
    """
    starts = [number for number, line in enumerate(lines) if line.startswith(_BREAK)]
    if len(starts) < _FEWEST_PAGES:
        return {}
    edges: list[int] = []
    for begin, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        filled = [number for number in range(begin, end) if lines[number].strip()]
        edges += {filled[0], filled[-1]} if len(filled) > 1 else []
    shapes = Counter(_shape(lines[number]) for number in edges)
    found = [n for n in edges if shapes[_shape(lines[n])] >= _FEWEST_PAGES and len(lines[n]) <= _LONGEST]
    return {n: PAGE_NUMBER if _NUMBER.fullmatch(lines[n].strip()) else RUNNING_HEADER for n in sorted(found)}


def rows(lines: Sequence[str], found: dict[int, Omission]) -> list[tuple[int, Paragraph]]:
    """A row for each such line, with its number from 1."""
    return [
        (number + 1, Paragraph("prose", text.one_line(lines[number]), f"line {number + 1}", omit=omission))
        for number, omission in found.items()
    ]


def _shape(line: str) -> str:
    return " ".join(_DIGITS.sub("#", line).casefold().split())
