"""Pages of plain text that was made from print, with form feeds between them: their running headers and numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from phases.readers import numbering, text
from phases.readers.document import Omission, Paragraph
from phases.readers.omission import PAGE_NUMBER, RUNNING_HEADER

_BREAK = "\f"
_FEWEST_PAGES = 3
_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_NUMBER = re.compile(r"\W*(?:(?:page|seite|p)\.?\s*)?(?P<number>\d{1,4}|[ivxlc]{1,7})\W*", re.IGNORECASE)
_LONGEST = 100
# So far down a page its second line is looked for.
_HEAD = 8
# A line with more words and a full stop is text, also where it comes again.
_FEW_WORDS = 6
# So many lines may stand between the text of two pages; a line with so many characters is a full one.
_FURTHEST, _FULL = 12, 50


def furniture(lines: Sequence[str]) -> dict[int, Omission]:
    """The numbers of the lines that are running headers, footers and page numbers.

    They are first and last lines of pages that come again on other pages, but for their numbers. A heading is none
    where it stands for the first time, and a number only where it counts pages.

    Args:
        lines: of the whole text; a page starts with the line that begins with a form feed.
    """
    starts = [number for number, line in enumerate(lines) if line.startswith(_BREAK)]
    if len(starts) < _FEWEST_PAGES:
        return {}
    edges: dict[int, int] = {}  # the page of each
    for page, (begin, end) in enumerate(zip([0, *starts], [*starts, len(lines)], strict=True)):
        filled = [number for number in range(begin, end) if lines[number].strip()]
        edges |= dict.fromkeys((filled[0], filled[-1]), page) if len(filled) > 1 else {}
    shapes = Counter(_shape(lines[number]) for number in edges)
    counted = Counter(value - page for n, page in edges.items() if (value := _number(lines[n])) is not None)
    found: dict[int, Omission] = {}
    headings: set[str] = set()
    for n, page in sorted(edges.items()):
        line = lines[n].strip()
        value = _number(line)
        if value is not None:
            if counted[value - page] >= _FEWEST_PAGES:
                found[n] = PAGE_NUMBER
        elif shapes[_shape(line)] >= _FEWEST_PAGES and len(line) <= _LONGEST and not _is_sentence(line):
            heading = numbering.heading(line)
            if heading is None or heading.rank == "numeral" or line in headings:
                found[n] = RUNNING_HEADER
            headings.add(line)
    return dict(sorted((found | _second(lines, [0, *starts], found)).items()))


def _second(lines: Sequence[str], starts: Sequence[int], found: dict[int, Omission]) -> dict[int, Omission]:
    """The second lines of pages, below a heading, that look like what runs above other pages, but for its number."""
    known = {_shape(lines[number]) for number, omission in found.items() if omission is RUNNING_HEADER}
    below = {}
    for begin in starts if known else ():
        filled = [number for number in range(begin, min(begin + _HEAD, len(lines))) if lines[number].strip()][:2]
        if len(filled) > 1 and filled[0] not in found and _shape(lines[filled[1]]) in known:
            below[filled[1]] = RUNNING_HEADER
    return below


def _number(line: str) -> int | None:
    """The number in a line that is nothing else; None for any other line."""
    match = _NUMBER.fullmatch(line.strip()) if len(line) <= _LONGEST else None
    if match is None:
        return None
    return int(match["number"]) if match["number"].isdigit() else numbering.roman(match["number"].upper()) or None


def _is_sentence(line: str) -> bool:
    return line.endswith((".", "!", "?", "”", '"')) and text.count_words(line) > _FEW_WORDS


def rejoined(lines: Sequence[str], starts: Sequence[int]) -> list[str]:
    """The lines with sentences that a page break cuts in one piece: the blank lines stand after the paragraph.

    Args:
        lines: without running headers and the like.
        starts: the numbers of the first lines of pages.
    """
    joined = list(lines)
    for start in starts:
        last = start - 1
        while last >= start - _FURTHEST and last >= 0 and not joined[last]:
            last -= 1
        first = start
        while first < min(last + _FURTHEST, len(joined)) and not joined[first]:
            first += 1
        if last < 0 or first == len(joined) or not (joined[last] and joined[first]):  # too far apart
            continue
        if not _goes_on(joined[last], joined[first]):
            continue
        end = first
        while end < len(joined) and joined[end]:
            end += 1
        joined[last + 1 : end] = [*joined[first:end], *[""] * (first - last - 1)]
    return joined


def _goes_on(last: str, first: str) -> bool:
    """Whether the first line of a page goes on with the sentence in the last line of the page before."""
    end, begin = last[-1:], first.lstrip()[:1]
    if numbering.heading(last.strip()) or numbering.heading(first.strip()) or last.isupper() or first.isupper():
        return False
    full = len(last.strip()) >= _FULL and (end.isalpha() or end in ",;")
    return begin.islower() and (end.isalnum() or end in ",;-–—") if not full else begin.isalnum()


def rows(lines: Sequence[str], found: dict[int, Omission]) -> list[tuple[int, Paragraph]]:
    """A row for each such line, with its number from 1."""
    return [
        (number + 1, Paragraph("prose", text.one_line(lines[number]), f"line {number + 1}", omit=omission))
        for number, omission in found.items()
    ]


def _shape(line: str) -> str:
    return " ".join(_DIGITS.sub("#", line).casefold().split())
