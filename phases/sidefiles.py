"""The files beside an audiobook that media servers read: its metadata in several forms, and its cover."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from phases.audio.tags import GENRE, Chapter, Cover, Tags
from phases.files import write_bytes, write_json, write_text
from phases.names import UNKNOWN_AUTHOR, xml_text

_JPEG_QUALITY = 90
# Decoded, a pixel takes three bytes, and a cover is no reason to take much memory.
_MOST_PIXELS = 20_000_000


def write_side_files(folder: Path, tags: Tags, chapters: Sequence[Chapter], cover: Cover | None) -> dict[str, str]:
    """Write what lies beside an audiobook: ``metadata.json``, ``metadata.opf``, texts of one fact each, and the cover.

    Args:
        folder: where they go.
        tags: the book's.
        chapters: in order.
        cover: the picture; None for none.

    Returns:
        The file of each deliverable, by the deliverable's name.
    """
    written = {"metadata": "metadata.json", "opf": "metadata.opf"}
    write_json(folder / "metadata.json", metadata_document(tags, chapters))
    write_text(folder / "metadata.opf", package_document(tags))
    for name, file, text in (("description", "desc.txt", tags.description), ("reader", "reader.txt", tags.narrator)):
        if text:
            write_text(folder / file, text + "\n")
            written[name] = file
    if cover:
        shown = _as_jpeg(cover)
        written["cover"] = f"cover.{shown.extension}"
        write_bytes(folder / written["cover"], shown.data)
    return written


def metadata_document(tags: Tags, chapters: Sequence[Chapter]) -> dict[str, Any]:
    """The content of ``metadata.json`` as Audiobookshelf reads it.

    Args:
        tags: the book's.
        chapters: in order.
    """
    series = f"{tags.series} #{tags.volume}" if tags.volume else tags.series
    return {
        "tags": [],
        "chapters": [
            {"id": number, "start": chapter.start_s, "end": chapter.end_s, "title": chapter.title}
            for number, chapter in enumerate(chapters)
        ],
        "title": tags.title,
        "subtitle": tags.subtitle,
        "authors": list(tags.authors),
        "narrators": [tags.narrator] if tags.narrator else [],
        "series": [series] if series else [],
        "genres": [GENRE],
        "publishedYear": tags.year,
        "publishedDate": tags.published,
        "publisher": tags.publisher,
        "description": tags.description,
        "isbn": tags.isbn,
        "asin": None,
        "language": tags.language,
        "explicit": False,
        "abridged": False,
    }


def package_document(tags: Tags) -> str:
    """The same as a package document (OPF 2.0), as Calibre writes it beside a book."""
    lines = [f"<dc:title>{_shown(tags.title)}</dc:title>"]
    lines += [
        f'<dc:creator opf:role="aut">{_shown(author)}</dc:creator>' for author in tags.authors or [UNKNOWN_AUTHOR]
    ]
    if tags.narrator:
        lines.append(f'<dc:contributor opf:role="nrt">{_shown(tags.narrator)}</dc:contributor>')
    elements = {
        "language": tags.language,
        "publisher": tags.publisher,
        "date": tags.published or tags.year,
        "description": tags.description,
        "subject": GENRE,
    }
    lines += [f"<dc:{name}>{_shown(text)}</dc:{name}>" for name, text in elements.items() if text]
    if tags.isbn:
        lines.append(f'<dc:identifier opf:scheme="ISBN">{_shown(tags.isbn)}</dc:identifier>')
    named = {"calibre:series": tags.series, "calibre:series_index": tags.volume}
    lines += [f'<meta name="{escape(n)}" content="{escape(xml_text(t))}"/>' for n, t in named.items() if t]
    body = "\n".join(f"    {line}" for line in lines)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="2.0">\n'
        '  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">\n'
        f"{body}\n  </metadata>\n</package>\n"
    )


def _shown(text: str) -> str:
    return escape(xml_text(text), quote=False)


def _as_jpeg(cover: Cover) -> Cover:
    """The cover as JPEG, which every player shows; as it is where it is too large to be opened, or cannot be."""
    if cover.extension == "jpg":
        return cover
    from PIL import Image

    target = io.BytesIO()
    try:
        with Image.open(io.BytesIO(cover.data)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return cover
            picture.convert("RGB").save(target, "JPEG", quality=_JPEG_QUALITY)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return cover
    return Cover(target.getvalue(), "jpg")
