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
_MARK = re.compile(r"\d{1,3}|[*†‡§]")
_FOOT = 0.4
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
    notes = notes or _raised(page, running, body_size)
    return notes if len(notes) <= _MOST * len(page.lines) else {}


def _raised(page: Page, running: Collection[tuple[int, int]], body_size: float) -> dict[int, str]:
    """Notes in the size of the text, each below a small mark that is a line of its own, as word processors set them."""
    notes: dict[int, str] = {}
    mark = ""
    for position, line in enumerate(page.lines[:-1]):
        below = page.lines[position + 1]
        opens = (
            _MARK.fullmatch(line.text) is not None
            and line.size < _SMALL * body_size
            and line.top < _FOOT * page.height
            and abs(line.bottom - below.bottom) < body_size
        )
        if opens and any(without_marks(above.text, [line.text])[1] for above in page.lines[:position]):
            mark = line.text
        if mark and (opens or (page.number, position) not in running):
            notes[position] = mark
    if mark and (page.number, len(page.lines) - 1) not in running:
        notes[len(page.lines) - 1] = mark
    return notes


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
        hangs = rf"(?:(?<=[^\W\d_])|(?<=[^\d][.,;:!?”\"'’)])){re.escape(mark)}(?![\w.,]*\d|\w)"
        shown = re.sub(hangs, "", line, count=1)
        if shown != line:
            taken.append(mark)
            line = shown
    return line, taken
