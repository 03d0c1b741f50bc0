"""Lines of print to paragraphs: by indent, spacing and length; hyphenated words joined; page furniture recognised."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from phases.readers import numbering, pdf_notes, text
from phases.readers.document import Paragraph
from phases.readers.omission import EMPTY_PAGE, NOTE_REFERENCE, PAGE_NUMBER, RUNNING_HEADER
from phases.readers.pdf_page import Line, Page

_ENDS = tuple(".!?…:\"'”’»)]*")
_HYPHENS = "-\u00ad\ufffe\u0002\u2010"
_SOFT_HYPHENS = "\u00ad\ufffe\u0002"
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN_INSIDE = re.compile(r"([^\W\d_]+)[\ufffe\u0002]([^\W\d_]+)")
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|seite|p)\.?\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of|von|sur)\s*\d{1,4})?\W*", re.I
)
# A line at the edge of so many pages is furniture, not text.
_REPEATED = 3
# In points, and in sizes of the print.
_SAME_ROW, _APART, _SMALLER = 2.0, 1.6, 0.95
# Print so much larger than the rest of the book is a heading.
_HEADING_SIZE = 1.2
_LONGEST_HEADING = 150
_LONGEST_NAME = 60
# A line that is so much shorter than the full ones, of these, ends a paragraph after a full stop, or after anything.
_SHORT, _SHORTER = 0.12, 0.2
_BULLETS = ("•", "▪", "‣", "◦", "■", "➢")
_ITEM = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]\s")


def running_lines(pages: Sequence[Page]) -> set[tuple[int, int]]:
    """The running headers, footers and page numbers, as (page number, position on the page).

    They are first and last lines of pages that come again, but for their numbers, on other pages, or that begin or end
    with the number of their page.
    """
    shapes: Counter[tuple[str, str]] = Counter()
    offsets: Counter[int] = Counter()
    for page in pages:
        for place, position in _edges(page):
            shapes[place, _shape(page.lines[position].text)] += 1
            offsets.update({number - page.number for number in _end_numbers(page.lines[position].text)})
    offset, counted = offsets.most_common(1)[0] if offsets else (0, 0)
    found: set[tuple[int, int]] = set()
    large = _HEADING_SIZE * _body_size([line for page in pages for line in page.lines])
    in_sizes = any(line.size > large and text.has_word(line.text) for page in pages for line in page.lines)
    headings: set[str] = set()
    for page in pages:
        for place, position in _edges(page):
            line = page.lines[position].text
            repeated = shapes[place, _shape(line)] >= _REPEATED
            numbered = counted >= _REPEATED and page.number + offset in _end_numbers(line) and line[-1] not in ".!?"
            is_heading = numbering.is_word(line) or (
                large and page.lines[position].size > large and _WORD.search(line) is not None
            )
            apart = place == "edge" or _stands_apart(page, position, large)
            # In a book that is printed in one size, the first line that names a chapter is its heading.
            names = None if numbered or in_sizes else numbering.heading(line)
            is_heading = is_heading or (names is not None and names.rank != "numeral" and line not in headings)
            headings.add(line)
            if (repeated or numbered) and not is_heading and apart and _is_furniture(page, position):
                found.add((page.number, position))
    return found


def _edges(page: Page) -> list[tuple[str, int]]:
    """The first and the last two lines of a page that has more than those; of one in columns all that are as high."""
    last = len(page.lines) - 1
    if any(line.column for line in page.lines):
        heights = [line.bottom for line in page.lines]
        return [
            ("edge", position)
            for position, height in enumerate(heights)
            if height > max(heights) - _SAME_ROW or height < min(heights) + _SAME_ROW
        ]
    if last < 4:
        return [("edge", position) for position in sorted({0, last}) if last >= 0]
    places = {1: "second", last - 1: "second", 0: "edge", last: "edge"}
    # The number below a page may be written before its text.
    lowest = min(range(last + 1), key=lambda position: page.lines[position].bottom)
    if _PAGE_NUMBER.fullmatch(page.lines[lowest].text):
        places[lowest] = "edge"
    return [(place, position) for position, place in sorted(places.items())]


def _stands_apart(page: Page, position: int, large: float) -> bool:
    """Whether a second line has more space to the text than lines of text have between them, or is set smaller."""
    line, inner = page.lines[position], page.lines[position + 1 if position == 1 else position - 1]
    smaller = line.size < _SMALLER * large / _HEADING_SIZE
    return smaller or abs(line.bottom - inner.bottom) > _APART * max(line.size, 1.0)


def _end_numbers(line: str) -> set[int]:
    """The numbers that a line begins or ends with."""
    words = line.split()
    return {int(word) for word in (words[0], words[-1]) if word.isascii() and word.isdigit() and len(word) < 5}


def _is_furniture(page: Page, position: int) -> bool:
    line = page.lines[position]
    return len(line.text) < 100 and (line.bottom > 0.8 * page.height or line.top < 0.2 * page.height)


def _shape(line: str) -> str:
    return _DIGITS.sub("#", line).casefold().strip()


def paragraphs(
    pages: Sequence[Page], lines: Sequence[Line], running: Collection[tuple[int, int]], cuts: Collection[int]
) -> Iterator[tuple[int, Paragraph]]:
    """Join lines to paragraphs.

    Args:
        pages: all pages.
        lines: the lines of all pages, one after another.
        running: from `running_lines`; these lines are left out.
        cuts: numbers of lines that start a paragraph in any case.

    Yields:
        The number of the first line, and the paragraph.
    """
    print_of = Print.of(lines)
    gathered: list[Line] = []
    waiting: list[tuple[int, Paragraph]] = []
    first, source, number = 0, "", 0
    for page in pages:
        where = f"page {page.number}"
        if not page.lines:
            waiting.append((number, Paragraph("prose", "", where, omit=EMPTY_PAGE)))
        notes = pdf_notes.found(page, running, print_of.body_size)
        waiting += ((number, note) for note in pdf_notes.rows(page, notes))
        bounds = {
            column: _bounds(
                [
                    line
                    for position, line in enumerate(page.lines)
                    if line.column == column and (page.number, position) not in running and position not in notes
                ],
                print_of.right,
            )
            for column in {line.column for line in page.lines}
        }
        for position, line in enumerate(page.lines):
            if (page.number, position) in running and position not in notes:
                rule = PAGE_NUMBER if _PAGE_NUMBER.fullmatch(line.text) else RUNNING_HEADER
                waiting.append((number, Paragraph("prose", text.one_line(line.text), where, omit=rule)))
            elif position not in notes:
                if gathered and (number in cuts or _starts(gathered, line, bounds, print_of)):
                    yield first, _joined(gathered, source, print_of)
                    gathered = []
                if not gathered:
                    yield from waiting
                    waiting.clear()
                    first, source = number, where
                shown, marks = pdf_notes.without_marks(line.text, notes.values())
                waiting += ((number, Paragraph("prose", mark, where, omit=NOTE_REFERENCE)) for mark in marks)
                gathered.append(replace(line, text=shown) if marks else line)
            number += 1
    if gathered:
        yield first, _joined(gathered, source, print_of)
    yield from waiting


@dataclass(frozen=True, slots=True)
class Print:
    """How the book is printed.

    Attributes:
        words: those that stand whole in a line, in lower case.
        right: where full lines end.
        body_size: the size that most of the book is printed in.
        heading_sizes: larger sizes that lines are printed in, the largest first.
    """

    words: frozenset[str]
    right: float
    body_size: float
    heading_sizes: tuple[float, ...]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Print:
        """That of these lines."""
        body = _body_size(lines)
        large = {round(line.size) for line in lines if line.size > _HEADING_SIZE * body and text.has_word(line.text)}
        return cls(_words(lines), _right_edge(lines), body, tuple(sorted(large, reverse=True)))

    def level(self, size: float) -> int:
        """The level of a heading in this size, 1 for the largest; 0 for what is no heading."""
        return self.heading_sizes.index(round(size)) + 1 if round(size) in self.heading_sizes else 0


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The left and right edge of a page's text."""

    left: float
    right: float


def _bounds(lines: Sequence[Line], right: float) -> _Bounds:
    if not lines:
        return _Bounds(0.0, right)
    left = Counter(round(line.left) for line in lines).most_common(1)[0][0]
    page_right = max(line.right for line in lines)
    return _Bounds(float(left), min(right, page_right) if len(lines) > 8 else right)


def _right_edge(lines: Sequence[Line]) -> float:
    ends = sorted(line.right for line in lines)
    return ends[int(0.9 * (len(ends) - 1))] if ends else 0.0


def _body_size(lines: Sequence[Line]) -> float:
    """The size that most of the book is printed in."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size, 1)] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _starts(gathered: Sequence[Line], line: Line, columns: Mapping[int, _Bounds], print_of: Print) -> bool:
    """Whether a line starts a new paragraph after those gathered."""
    last = gathered[-1]
    size = max(last.size, line.size, 1.0)
    bounds = columns[line.column]
    before = columns.get(last.column, bounds)
    if abs(last.size - line.size) > 0.15 * size and text.has_word(last.text):
        return not _ends_open(last)
    step = last.bottom - line.bottom
    if print_of.level(line.size) and 0 < step < 2 * size:  # a heading over several lines
        return numbering.is_numbered(last.text)
    if step > 0 and len(gathered) > 1:
        usual = gathered[-2].bottom - last.bottom
        if usual > 0 and step > 1.4 * usual:
            return True
    elif step > 2.2 * size:
        return True
    indent = line.left - bounds.left
    if 0.6 * size < indent < 6 * size and last.left - before.left < 0.6 * size:
        return True
    if line.text.startswith(_BULLETS) or (last.text.endswith(_ENDS) and _names_a_chapter(line.text)):
        return True
    missing = (before.right - last.right) / max(before.right - before.left, 1.0)
    ended, item = last.text.endswith(_ENDS), _ITEM.match(line.text) is not None
    if ended or item:
        return missing > _SHORT or (ended and item)
    return missing > _SHORTER and line.text[:1].isupper()


def _names_a_chapter(line: str) -> bool:
    """Whether a line is a heading with a number, or the word above one."""
    if len(line) > _LONGEST_NAME or not line[:1].isupper():
        return False
    heading = numbering.heading(line)
    return numbering.is_word(line) or (heading is not None and heading.rank in ("part", "chapter"))


def _ends_open(line: Line) -> bool:
    return line.text[-1:] in _HYPHENS or line.text.endswith(",")


def _joined(lines: Sequence[Line], source: str, print_of: Print) -> Paragraph:
    known = print_of.words
    parts: list[str] = []
    for line in lines:
        if parts:
            parts[-1], glue = _end_of_line(parts[-1], line.text, known)
            parts.append(glue)
        parts.append(line.text)
    content = _BROKEN_INSIDE.sub(lambda match: _word(match.group(1), match.group(2), known), "".join(parts))
    content = text.one_line(content)
    if text.is_scene_break(content):
        return Paragraph("scene_break", content, source)
    level = print_of.level(lines[0].size) if len(content) < _LONGEST_HEADING else 0
    return Paragraph("heading" if level else "prose", content, source, level=level)


def _end_of_line(before: str, after: str, known: Collection[str]) -> tuple[str, str]:
    """The end of a line and what joins it to the next: a word divided by a hyphen becomes whole."""
    if len(before) < 2 or before[-1] not in _HYPHENS or not before[-2].isalpha() or not after[:1].isalpha():
        return before, "" if before.endswith(("—", "--")) else " "
    if before[-1] not in _SOFT_HYPHENS and not after[0].islower():
        return before, ""
    head = re.search(r"[^\W\d_]+$", before[:-1])
    tail = re.match(r"[^\W\d_]+", after)
    if head is None or tail is None:
        return before, " "
    whole = _word(head.group(), tail.group(), known)
    return before[: head.start()] + whole[: len(whole) - len(tail.group())], ""


def _word(head: str, tail: str, known: Collection[str]) -> str:
    """A word that was divided: its own hyphen stays where the book writes it with one elsewhere."""
    whole, hyphenated = f"{head}{tail}", f"{head}-{tail}"
    if hyphenated.casefold() in known and whole.casefold() not in known:
        return hyphenated
    return whole


def _words(lines: Sequence[Line]) -> frozenset[str]:
    """The words of the book that stand whole in a line."""
    words: set[str] = set()
    for line in lines:
        words.update(match.group().casefold() for match in _WORD.finditer(line.text))
    return frozenset(words)
