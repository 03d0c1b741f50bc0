"""Where a finished book lies below the output folder: a template of the configuration, filled with the book's facts."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

from phases.names import UNKNOWN_AUTHOR, UNTITLED, authors_of, plain, safe_name, year_of

DEFAULT_LAYOUT = "{author}/{series}/{title}"
FIELDS = ("author", "series", "volume", "title", "subtitle", "year", "narrator", "publisher", "language", "voice")
"""What a template may name; `volume` is the number in the series."""

_MOST_FOLDERS = 8
_LONGEST = 400
# What stands in square brackets is left out where a field in it is empty.
_GROUP = re.compile(r"\[([^\[\]]*)\]")


def checked_layout(template: str) -> str:
    """The template itself.

    Raises:
        ValueError: it names no folder below the output folder for every book; the message says what to write.
    """
    parts = template.split("/")
    if len(template) > _LONGEST or len(parts) > _MOST_FOLDERS:
        raise ValueError(f"a layout has at most {_MOST_FOLDERS} folders and {_LONGEST} characters")
    if any(part.strip() in ("", ".", "..") for part in parts) or "\\" in template:
        raise ValueError(
            "a layout is made of names with single slashes between them, and neither begins nor ends with one"
        )
    named = set()
    for part in parts:
        if re.search(r"[\[\]]", _GROUP.sub("", part)):
            raise ValueError(f"the square brackets of {part!r} do not match; a pair lies in one folder's name")
        named |= set(_fields(part))
    if "title" not in named:
        raise ValueError("a layout names the {title}, so that each book has a folder of its own")
    return template


def _fields(part: str) -> Iterator[str]:
    try:
        pieces = list(string.Formatter().parse(part))
    except ValueError as error:
        raise ValueError(f"the braces of {part!r} do not match; {{{{ and }}}} stand for themselves") from error
    for _text, name, form, conversion in pieces:
        if name is None:
            continue
        if name not in FIELDS or form or conversion:
            raise ValueError(f"{{{name}}} is no field of a layout; there are {', '.join(FIELDS)}")
        yield name


def folder_of(template: str, book: Mapping[str, Any], *, narrator: str | None, voice: str | None) -> str:
    """The folder of a book, names with slashes between them; one that has nothing to say is left out.

    Args:
        template: a checked one.
        book: the document of ``book.json``, or as much of it as there is.
        narrator: who is named as the reader.
        voice: the name of the voice.
    """
    facts = {
        "author": safe_name(", ".join(authors_of(book)), UNKNOWN_AUTHOR),
        "title": safe_name(_text(book.get("title")), UNTITLED),
        "series": safe_name(_text(book.get("series")), ""),
        "volume": safe_name(_text(book.get("series_index")), "") if book.get("series") else "",
        "subtitle": safe_name(_text(book.get("subtitle")), ""),
        "year": year_of(book) or "",
        "narrator": safe_name(_text(narrator), ""),
        "publisher": safe_name(_text(book.get("publisher")), ""),
        "language": safe_name(_text(book.get("language")), ""),
        "voice": safe_name(_text(voice), ""),
    }
    names = [safe_name(_filled(part, facts), "") for part in template.split("/")]
    return "/".join(name for name in names if name)


def _text(value: object) -> str:
    return plain(str(value)) if value is not None else ""


def _filled(part: str, facts: Mapping[str, str]) -> str:
    """A folder's name; what is in square brackets only where each of its fields has a value."""
    pieces = _GROUP.split(part)
    return "".join(
        piece.format_map(facts)
        for number, piece in enumerate(pieces)
        if number % 2 == 0 or all(facts[name] for name in _fields(piece))
    )
