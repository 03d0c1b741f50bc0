"""Title and author from a file's name, for books that do not say them."""

from __future__ import annotations

import re

from phases.readers import text

_SEPARATORS = re.compile(r"__| - | – ")
_YEAR = re.compile(r"\s*[(\[]\d{4}[)\]]\s*$")


def from_file_name(stem: str) -> tuple[str, tuple[str, ...]]:
    """The title and authors in a file's name without extension, such as ``Jane Austen - Emma (1815)``.

    Returns:
        The title, and the authors, () where the name has one part only.
    """
    cleaned = _YEAR.sub("", stem.encode("utf-8", "replace").decode("utf-8").strip())
    parts = [_spaced(part) for part in _SEPARATORS.split(cleaned, maxsplit=1)]
    if len(parts) == 2 and text.has_word(parts[0]) and text.has_word(parts[1]):
        return parts[1], (parts[0],)
    return _spaced(cleaned) or "Untitled", ()


def _spaced(part: str) -> str:
    """Underscores, and the hyphens of a name without spaces, as spaces."""
    spaced = part.replace("_", " ")
    if " " not in spaced.strip() and spaced.count("-") > 1:
        spaced = spaced.replace("-", " ")
    return text.one_line(spaced)
