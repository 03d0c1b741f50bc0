"""Title, author, series and year from a file's name, for books that do not say them."""

from __future__ import annotations

import re

from phases.readers import text
from phases.readers.document import Metadata

_SEPARATORS = re.compile(r"__| - | – ")
_YEAR = re.compile(r"\s*[(\[](?P<year>\d{4})[)\]]\s*$")
_IN_SERIES = re.compile(
    r"(?P<series>\S.*?),?\s+(?:#|no\.? ?|book |vol(?:ume|\.)? ?|band )?(?P<number>\d{1,3})", re.IGNORECASE
)


def from_file_name(stem: str) -> Metadata:
    """What a file's name without extension says, such as ``Jane Austen - Emma (1815)``.

    A part between author and title that ends with a number is a series: ``Author - Series 2 - Title``.
    """
    cleaned = stem.encode("utf-8", "replace").decode("utf-8").strip()
    year = _YEAR.search(cleaned)
    published = year["year"] if year else None
    cleaned = _YEAR.sub("", cleaned)
    parts = [_spaced(part) for part in _SEPARATORS.split(cleaned, maxsplit=1)]
    if len(parts) == 2 and text.has_word(parts[0]) and text.has_word(parts[1]):
        title = parts[1]
        middle, dash, last = title.partition(" - ")
        series = _IN_SERIES.fullmatch(middle) if dash and text.has_word(last) else None
        return Metadata(
            title=last.strip() if series else title,
            authors=(parts[0],),
            published=published,
            series=series["series"] if series else None,
            series_index=series["number"].lstrip("0") or "0" if series else None,
        )
    return Metadata(title=_spaced(cleaned) or "Untitled", published=published)


def _spaced(part: str) -> str:
    """Underscores, and the hyphens of a name without spaces, as spaces."""
    spaced = part.replace("_", " ")
    if " " not in spaced.strip() and spaced.count("-") > 1:
        spaced = spaced.replace("-", " ")
    return text.one_line(spaced)
