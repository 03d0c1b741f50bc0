"""The cover of an EPUB: a picture, or the picture inside a cover that is drawn (SVG) or a page of its own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from phases.contract import PermanentError
from phases.readers import covers
from phases.readers.archive import Archive, resolve
from phases.readers.document import Cover
from phases.readers.markup import local_name

_DRAWN = frozenset(["image/svg+xml", "application/xhtml+xml", "text/html"])
_MOST_CANDIDATES = 12
_HREFS = ("href", "{http://www.w3.org/1999/xlink}href", "src")


def read(archive: Archive, candidates: Iterable[tuple[str, str]]) -> Cover | None:
    """The largest suitable picture among the candidates.

    Args:
        archive: the book.
        candidates: names of files that may be the cover, each with its media type, the likeliest first.
    """
    return covers.chosen(_pictures(archive, candidates))


def _pictures(archive: Archive, candidates: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    seen: set[str] = set()
    for path, media_type in candidates:
        name = archive.find(path)
        if name is None or name in seen or len(seen) >= _MOST_CANDIDATES:
            continue
        seen.add(name)
        if media_type in _DRAWN:
            yield from _inside(archive, name)
        else:
            yield archive.read(name)


def _inside(archive: Archive, name: str) -> Iterator[bytes]:
    """The pictures that a drawing or a page shows."""
    try:
        root = archive.read_xml(name)
    except PermanentError:
        return  # a book is read without a cover that cannot be
    for element in root.iter():
        if local_name(element) in ("image", "img"):
            href = next((element.get(key) for key in _HREFS if element.get(key)), "")
            if href.startswith("data:image/"):
                yield _decoded(href)
            else:
                target = resolve(name, href)
                found = archive.find(target[0]) if target else None
                if found:
                    yield archive.read(found)


def _decoded(href: str) -> bytes:
    kind, _, content = href.partition(",")
    if not kind.endswith(";base64"):
        return b""
    try:
        return base64.b64decode(content)
    except (binascii.Error, ValueError):
        return b""
