"""The cover of an EPUB: a picture, or the picture inside a cover that is drawn (SVG) or a page of its own."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from phases.contract import PermanentError
from phases.readers.archive import Archive, resolve
from phases.readers.document import Cover
from phases.readers.markup import local_name

_DRAWN = frozenset(["image/svg+xml", "application/xhtml+xml", "text/html"])
_HREFS = ("href", "{http://www.w3.org/1999/xlink}href", "src")


def read(archive: Archive, candidates: Iterable[tuple[str, str]]) -> Cover | None:
    """The first JPEG or PNG among the candidates.

    Args:
        archive: the book.
        candidates: names of files that may be the cover, each with its media type, the likeliest first.
    """
    for path, media_type in candidates:
        name = archive.find(path)
        if name is None:
            continue
        pictures = _inside(archive, name) if media_type in _DRAWN else [archive.read(name)]
        for data in pictures:
            if data.startswith(b"\xff\xd8\xff"):
                return Cover(data, "jpg")
            if data.startswith(b"\x89PNG\r\n\x1a\n"):
                return Cover(data, "png")
    return None


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
