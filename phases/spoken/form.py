"""What the voice is given for a slice of text, and where each part of it comes from."""

from __future__ import annotations

import re
import unicodedata

MapRow = tuple[int, int, int, int]

# Runs that are spoken otherwise than they stand: white space as one space, control and invisible marks as nothing.
_CHANGED = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe\uffff]+"
)


def spoken_form(content: str, start: int, end: int) -> tuple[str, list[MapRow]]:
    """The spoken form of ``content[start:end]``.

    Returns:
        The text for the voice, and rows (spoken_from, spoken_to, source_from, source_to) that cover it in order,
        without overlap; source offsets count in `content`.
    """
    parts: list[str] = []
    rows: list[MapRow] = []
    length = 0

    def add(piece: str, source_from: int, source_to: int) -> None:
        nonlocal length
        if piece:
            parts.append(piece)
            rows.append((length, length + len(piece), source_from, source_to))
            length += len(piece)

    position = start
    for match in _CHANGED.finditer(content, start, end):
        if match.group() == " ":
            continue
        add(content[position : match.start()], position, match.start())
        space = any(_is_space(character) for character in match.group())
        inside = length > 0 and match.end() < end
        add(" " if space and inside else "", match.start(), match.end())
        position = match.end()
    add(content[position:end], position, end)
    return "".join(parts), rows


def _is_space(character: str) -> bool:
    return character.isspace() and unicodedata.category(character) != "Cf"
