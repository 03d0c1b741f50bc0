"""Names of the delivered files and folders, such as every file system takes.

Standard library only: the orchestrator names folders by the same rules as the phases name files.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN_AUTHOR = "Unknown Author"
UNTITLED = "Untitled"

# Many file systems end at 255 bytes a name and paths at 1024 or less; this leaves room for folders and additions.
_LONGEST_NAME_BYTES = 120
_LONGEST_EXTENSION_BYTES = 5

_REPLACED = str.maketrans({"/": "-", "\\": "-", "|": "-", '"': "'", "*": "", "?": "", "<": "", ">": ""})
# With any extension, and with spaces before it (Microsoft, "Naming Files, Paths, and Namespaces").
_RESERVED = re.compile(r"(?i:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?: *\..*)?$")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Marks that turn the direction of text: they can make a name look like another.
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def file_stem(book: Mapping[str, Any]) -> str:
    """The name of a book's files, without extension.

    Args:
        book: the document of ``book.json``.
    """
    title = plain(book.get("title") or "")
    return safe_name(title, UNTITLED, longest_bytes=_LONGEST_NAME_BYTES - _LONGEST_EXTENSION_BYTES)


def safe_name(text: str, fallback: str, longest_bytes: int = _LONGEST_NAME_BYTES) -> str:
    """`text` as one name of a file or folder on any file system.

    Args:
        text: any text.
        fallback: the name where nothing of the text remains.
        longest_bytes: in UTF-8; no character is cut in two.
    """
    name = re.sub(r"\s*:\s*", " - ", plain(text)).translate(_REPLACED)
    name = " ".join(name.split()).strip(". -")
    # A name that ends in a dot or space loses it on Windows; cutting may bring one to the end.
    name = cut(name, longest_bytes).rstrip(". ")
    if _RESERVED.match(name):
        stem, dot, rest = name.partition(".")
        name = f"{stem}_{dot}{rest}"
    return name or fallback


def plain(text: str) -> str:
    """`text` in NFC on one line, without control characters and marks that turn its direction."""
    kept = (
        character
        for character in text
        if character.isspace()
        or (unicodedata.category(character) not in ("Cc", "Cs") and character not in _DIRECTION_MARKS)
    )
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def xml_text(text: str) -> str:
    """`text` without the characters that no XML document may hold (XML 1.0, 2.2)."""
    return _NOT_IN_XML.sub("", text)


def cut(text: str, longest_bytes: int) -> str:
    """The start of `text` that fits into so many bytes of UTF-8, without half a character."""
    data = text.encode("utf-8")
    return text if len(data) <= longest_bytes else data[:longest_bytes].decode("utf-8", "ignore").rstrip()


def authors_of(book: Mapping[str, Any]) -> Sequence[str]:
    """A book's authors, without empty names."""
    return [name for name in map(plain, book.get("authors") or []) if name]


def year_of(book: Mapping[str, Any]) -> str | None:
    """The year in which the book was published, four digits; None where the book does not say."""
    found = re.match(r"\s*(\d{4})(?!\d)", str(book.get("published") or ""))
    return found[1] if found else None
