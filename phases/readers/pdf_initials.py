"""Large first letters of chapters: on a page they stand beside the lines of their paragraph, as lines of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from phases.readers.pdf_page import Line, Page

_INITIAL = re.compile(r"[\"'“‘«„]?\s?[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
# So much larger than the lines beside it; a heading stands above its text, not beside it.
_LARGER, _BESIDE = 1.7, 0.6
# In points: lines beside it begin one below the other, the last of them as low as the letter.
_ALIGNED, _LOWER = 3.0, 4.0


def joined(pages: Sequence[Page]) -> list[Page]:
    """The pages with such letters in the lines that they belong to."""
    found = list(pages)
    words: frozenset[str] | None = None
    for number, page in enumerate(pages):
        places = [
            place for place in range(len(page.lines) - 1) if _is_initial(page.lines[place], page.lines[place + 1])
        ]
        if not places:
            continue
        if words is None:
            words = frozenset(w.casefold() for each in pages for line in each.lines for w in _WORD.findall(line.text))
        lines = list(page.lines)
        for place in reversed(places):
            initial, beside = lines[place], lines[place + 1]
            for below in range(place + 2, len(lines)):  # further lines beside the letter are not indented
                if lines[below].bottom < initial.bottom - _LOWER or abs(lines[below].left - beside.left) > _ALIGNED:
                    break
                lines[below] = replace(lines[below], left=initial.left)
            lines[place : place + 2] = [_with_initial(initial, beside, words)]
        found[number] = replace(page, lines=tuple(lines))
    return found


def _is_initial(line: Line, beside: Line) -> bool:
    return (
        _INITIAL.fullmatch(line.text) is not None
        and line.text[-1].isupper()
        and line.size >= _LARGER * beside.size > 0
        and beside.left > line.left
        and line.bottom - _BESIDE * line.size <= beside.bottom <= line.bottom + line.size
        and beside.text[:1].isalpha()
    )


def _with_initial(line: Line, beside: Line, words: frozenset[str]) -> Line:
    """The line with its first letter; "A" and "I" are words where the book has no word that they begin."""
    initial = line.text.replace(" ", "")
    following = _WORD.match(beside.text)
    whole = f"{initial[-1]}{following.group() if following else ''}".casefold()
    apart = initial[-1] in "AIO" and whole not in words
    return replace(beside, text=f"{initial}{' ' if apart else ''}{beside.text}", left=line.left)
