"""PDF: lines with their places on the page become paragraphs; the outline gives the chapters."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from phases.contract import PermanentError
from phases.readers import outline, pdf_initials, text
from phases.readers.archive import damaged
from phases.readers.document import Block, ChapterStart, Document, Metadata
from phases.readers.limits import Limits
from phases.readers.pdf_page import Line, Page, in_reading_order
from phases.readers.pdf_paragraphs import paragraphs, running_lines

_MAX_OUTLINE = 50_000
_MAX_OUTLINE_DEPTH = 12
_TITLE_LINES = 12
# More space than this many times the size of the print is between columns and not between words.
_GAP_SIZES = 1.3
_SAMPLED = 4
# At least four letters, each with space around it.
_SPACED = re.compile(r"(?:\S\s+){3,}\S")
# Characters of symbol fonts: at the start of a line they are bullets, whatever they look like.
_SYMBOLS = re.compile("[\uf000-\uf0ff]")
_BULLET = re.compile(r"^[\uf000-\uf0ff\u25cf\u2219]\s*(?=\w)")
_PAGE_FAILED = "page {} cannot be read"


def read(path: Path, limits: Limits) -> Document:
    """Open a PDF; one with an empty user password opens like any other.

    Raises:
        PermanentError: ``encrypted`` where it needs a password, ``damaged`` where it cannot be opened.
    """
    logging.getLogger("pypdfium2").setLevel(logging.ERROR)
    try:
        pdf = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise PermanentError(
                f"{path.name} needs a password to be opened. Remove the password with a PDF program and run again.",
                error_type="encrypted",
            ) from error
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_SECURITY:
            raise PermanentError(
                f"{path.name} is protected in a way that cannot be read. Get a copy without protection and run again.",
                error_type="encrypted",
            ) from error
        raise damaged(path.name, "it cannot be opened as a PDF") from error
    try:
        metadata = _metadata(pdf, _printed_title(pdf, path.name))
        return Document(metadata, partial(_blocks, pdf, path.name), close=pdf.close)
    except BaseException:  # a limit or Ctrl-C too: nobody else knows the open file
        pdf.close()
        raise


def _printed_title(pdf: Any, name: str) -> str | None:
    """The largest print on the first page, where it is clearly larger than the print of the book."""
    first = _lines(pdf, 0, name).lines[:_TITLE_LINES]
    sizes = sorted(line.size for page in range(min(len(pdf), 10)) for line in _lines(pdf, page, name).lines)
    largest = max((line.size for line in first), default=0.0)
    if not sizes or largest < 1.3 * sizes[len(sizes) // 2]:
        return None
    title = text.one_line(" ".join(line.text for line in first if line.size > 0.95 * largest))
    return title if text.has_word(title) and len(title) <= 120 else None


def _metadata(pdf: Any, printed_title: str | None) -> Metadata:
    facts = {key: text.one_line(value) for key, value in pdf.get_metadata_dict().items()}
    authors = [author.strip() for author in re.split(r"[;&]| and ", facts.get("Author", ""))]
    title = facts.get("Title", "")
    return Metadata(
        title=title if _is_title(title) else printed_title,
        authors=tuple(author for author in authors if author),
        description=facts.get("Subject") or None,
    )


def _is_title(title: str) -> bool:
    """Whether a title in the metadata is one: programs put file names and their own words there."""
    lowered = title.lower()
    return (
        bool(title)
        and not lowered.startswith(("untitled", "microsoft word - ", "microsoft powerpoint - "))
        and not lowered.endswith((".doc", ".docx", ".tex", ".dvi", ".indd", ".pdf", ".qxd", ".rtf", ".txt"))
    )


@dataclass(frozen=True, slots=True)
class _Mark:
    """An entry of the outline: `y` is its height on the page in points, None for the top."""

    title: str
    level: int
    page: int
    y: float | None


def _blocks(pdf: Any, name: str) -> Iterator[Block]:
    pages = [_lines(pdf, index, name) for index in range(len(pdf))]
    if not any(text.has_word(line.text) for page in pages for line in page.lines):
        raise PermanentError(
            f"{name} has no text on any of its {len(pdf)} pages: it is probably a scan. Run OCR on it first (for "
            "example with OCRmyPDF) and run again.",
            error_type="no_text",
        )
    pages = pdf_initials.joined(pages)
    marks = _outline(pdf)
    running = running_lines(pages)
    before = list(accumulate((len(page.lines) for page in pages), initial=0))
    starts = deque(sorted(((_line_at(pages, before, mark), mark) for mark in marks), key=itemgetter(0)))
    cuts = {position for position, _ in starts}
    lines = [line for page in pages for line in page.lines]
    if not marks:
        yield from outline.by_headings([paragraph for _, paragraph in paragraphs(pages, lines, running, cuts)])
        return
    for position, paragraph in paragraphs(pages, lines, running, cuts):
        while starts and starts[0][0] <= position:
            _, mark = starts.popleft()
            yield ChapterStart(mark.title, mark.level)
        yield replace(paragraph, level=0)


def _outline(pdf: Any) -> list[_Mark]:
    marks: list[_Mark] = []
    for bookmark in pdf.get_toc(max_depth=_MAX_OUTLINE_DEPTH):
        title = text.one_line(text.without_ligatures(bookmark.get_title()))
        destination = bookmark.get_dest()
        index = destination.get_index() if destination is not None else None
        if title and index is not None and index < len(pdf):
            view, position = destination.get_view()
            y = None
            if view == pdfium.PDFDEST_VIEW_XYZ and len(position) > 1:
                y = position[1]
            elif view in (pdfium.PDFDEST_VIEW_FITH, pdfium.PDFDEST_VIEW_FITBH) and position:
                y = position[0]
            marks.append(_Mark(title, bookmark.level + 1, index, y or None))
        if len(marks) >= _MAX_OUTLINE:
            break
    return marks


def _line_at(pages: list[Page], before: list[int], mark: _Mark) -> int:
    """The number of the first line at or below the place that an outline entry points to."""
    first = before[mark.page]
    if mark.y is None:
        return first
    for offset, line in enumerate(pages[mark.page].lines):
        if line.bottom <= mark.y and line.top <= mark.y + line.size:
            return first + offset
    return first


def _lines(pdf: Any, index: int, name: str) -> Page:
    """The lines of a page, in the order in which they are written."""
    try:
        page = pdf[index]
    except pypdfium2.PdfiumError as error:
        raise damaged(name, _PAGE_FAILED.format(index + 1)) from error
    content = page.get_textpage()
    try:
        whole = content.get_text_range()
        written_at: list[tuple[str, int, Line]] = []
        start = 0
        for piece in whole.splitlines(keepends=True):
            written = piece.rstrip("\r\n")
            stripped = written.strip()
            if stripped:
                offset = start + len(written) - len(written.lstrip())
                written_at.append((stripped, offset, _line(content, stripped, offset)))
            start += len(piece)
        lines = [line for _, _, line in written_at]
        pieces = lines
        # Looking into every line of every page takes most of the time, and where there are columns most lines show it.
        if any(len(_cut_at_gaps(content, *place)) > 1 for place in written_at[::_SAMPLED]):
            pieces = [cut for place in written_at for cut in _cut_at_gaps(content, *place)]
        return Page(index + 1, page.get_height(), in_reading_order(lines, pieces))
    finally:
        content.close()
        page.close()


def _line(content: Any, written: str, first: int) -> Line:
    left, bottom, _, top = _box(content, first)
    _, _, right, _ = _box(content, first + len(written) - 1)
    size = pdfium.FPDFText_GetFontSize(content.raw, _index(content, first))
    if _SPACED.fullmatch(written):
        written = _closed_up(content, written, first)
    written = _SYMBOLS.sub("", _BULLET.sub("• ", text.without_ligatures(written)))
    return Line(written, left, right, bottom, top, size)


def _cut_at_gaps(content: Any, written: str, first: int, line: Line) -> list[Line]:
    """A line cut where there is more space inside it than between the words of any line: between two columns."""
    pieces = []
    begin = 0
    for match in re.finditer(r"\s+", written):
        left, right = _box(content, first + match.end())[0], _box(content, first + match.start() - 1)[2]
        if left - right > _GAP_SIZES * max(line.size, 1.0):
            pieces.append(_line(content, written[begin : match.start()], first + begin))
            begin = match.end()
    return [*pieces, _line(content, written[begin:], first + begin)] if begin else [line]


def _closed_up(content: Any, written: str, first: int) -> str:
    """Letter-spaced words as words: between words there is clearly more space than between letters."""
    letters = [(position, *_box(content, first + position)) for position, c in enumerate(written) if not c.isspace()]
    gaps = [after[1] - before[3] for before, after in pairwise(letters)]
    steps = [after[1] - before[1] for before, after in pairwise(letters)]
    usual, usual_step = sorted(gaps)[len(gaps) // 2], sorted(steps)[len(steps) // 2]
    closed = written[letters[0][0]]
    for gap, step, (position, *_) in zip(gaps, steps, letters[1:], strict=True):
        # Letters may stand at equal steps or with equal gaps; between words both are larger.
        closed += (" " if gap > 1.5 * usual + 0.5 and step > 1.35 * usual_step else "") + written[position]
    return closed


def _index(content: Any, position: int) -> int:
    """The number of a character as pdfium counts them, from its place in the text."""
    return max(int(pdfium.FPDFText_GetCharIndexFromTextIndex(content.raw, position)), 0)


def _box(content: Any, position: int) -> tuple[float, float, float, float]:
    try:
        left, bottom, right, top = content.get_charbox(_index(content, position), loose=True)
    except pypdfium2.PdfiumError:
        return 0.0, 0.0, 0.0, 0.0
    return left, bottom, right, top
