"""Footnotes of a printed page: small print at its foot that begins with a mark, and the marks in the text above it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from phases.readers import text
from phases.readers.document import Paragraph
from phases.readers.omission import FOOTNOTE
from phases.readers.pdf_page import Page

_OPENS = re.compile(r"(?P<mark>\d{1,3}|[*†‡§])[.)]?\s*(?=[^\W\d_]|[\"“‘'(])")
_SMALL = 0.93
# Of a page at most so much is notes; more small print than that is the text of this page.
_MOST = 0.7


def found(page: Page, running: Collection[tuple[int, int]], body_size: float) -> dict[int, str]:
    """The positions of the lines that are footnotes, each with the mark of its note."""
    positions: list[int] = []
    for position in reversed(range(len(page.lines))):
        if (page.number, position) in running:
            continue
        if page.lines[position].size >= _SMALL * body_size:
            break
        positions.append(position)
    positions.reverse()
    notes: dict[int, str] = {}
    mark = ""
    for position in positions:
        opens = _OPENS.match(page.lines[position].text)
        mark = opens["mark"] if opens else mark
        if mark:
            notes[position] = mark
    return notes if len(notes) <= _MOST * len(page.lines) else {}


def rows(page: Page, notes: Mapping[int, str]) -> Iterator[Paragraph]:
    """One paragraph a note."""
    gathered: dict[str, list[str]] = {}
    for position, mark in notes.items():
        gathered.setdefault(mark, []).append(page.lines[position].text)
    for lines in gathered.values():
        yield Paragraph("prose", text.one_line(" ".join(lines)), f"page {page.number}", omit=FOOTNOTE)


def without_marks(line: str, marks: Collection[str]) -> tuple[str, list[str]]:
    """A line without the marks of these notes that hang on its words, and the marks that were taken out."""
    taken = []
    for mark in dict.fromkeys(marks):
        shown = re.sub(rf"(?<=[^\W\d_]|[.,;:!?”\"'’)]){re.escape(mark)}(?![\w.,]*\d|\w)", "", line, count=1)
        if shown != line:
            taken.append(mark)
            line = shown
    return line, taken
