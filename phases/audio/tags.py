"""Tags, chapters and cover in the form that players expect, without a date or name that is not the book's own."""

# mutagen says that it is typed, but its functions are not.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutagen import MutagenError
from mutagen.mp4 import MP4, MP4Cover

from phases.audio import id3
from phases.names import UNKNOWN_AUTHOR, UNTITLED, authors_of, cut, plain, year_of

GENRE = "Audiobook"
_MEDIA_TYPE_AUDIOBOOK = 2
# The Nero list of an M4B counts the bytes of a title in one byte.
_LONGEST_TITLE_BYTES = 255
_LONGEST_COVER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter's mark.

    Attributes:
        index: the chapter's number in the book.
        title: on one line, at most 255 bytes.
        start_s: in the finished audiobook.
        end_s: where the next one starts.
    """

    index: int
    title: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Cover:
    """A picture, known by its first bytes.

    Attributes:
        data: the file.
        extension: ``jpg`` or ``png``.
    """

    data: bytes
    extension: str

    @property
    def media_type(self) -> str:
        """Such as ``image/jpeg``."""
        return "image/jpeg" if self.extension == "jpg" else "image/png"


@dataclass(frozen=True, slots=True)
class Tags:
    """What is written into the files."""

    title: str
    authors: Sequence[str]
    narrator: str | None
    publisher: str | None
    year: str | None
    description: str | None
    language: str | None

    @property
    def author(self) -> str:
        """All authors, for fields that hold one text."""
        return ", ".join(self.authors) or UNKNOWN_AUTHOR


def tags_of(book: Mapping[str, Any], narrator: str | None) -> Tags:
    """The tags of a book.

    Args:
        book: the document of ``book.json``.
        narrator: the voice's name; None where it shall not be named.
    """
    return Tags(
        title=plain(book.get("title") or "") or UNTITLED,
        authors=authors_of(book),
        narrator=narrator,
        publisher=plain(book.get("publisher") or "") or None,
        year=year_of(book),
        description=plain(book.get("description") or "") or None,
        language=plain(book.get("language") or "") or None,
    )


def chapter_title(title: str | None, index: int) -> str:
    """A chapter's title as it is written into the files; ``Chapter 3`` where the book gives none."""
    return cut(plain(title or ""), _LONGEST_TITLE_BYTES) or f"Chapter {index}"


def read_cover(path: Path) -> Cover | None:
    """The cover in `path`; None where it is no JPEG or PNG by its first bytes, is too large or is not there."""
    if not path.is_file() or path.stat().st_size > _LONGEST_COVER_BYTES:
        return None
    data = path.read_bytes()
    if data.startswith(b"\xff\xd8\xff"):
        return Cover(data, "jpg")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Cover(data, "png")
    return None


def id3_tag(tags: Tags, chapters: Sequence[Chapter], cover: Cover | None) -> bytes:
    """The tag of an MP3 file.

    Args:
        tags: the book's.
        chapters: in order.
        cover: the picture; None for none.
    """
    texts = {
        "TIT2": tags.title,
        "TALB": tags.title,
        "TPE1": tags.author,
        "TPE2": tags.author,
        "TCOM": tags.narrator,
        "TCON": GENRE,
        "TRCK": "1/1",
        "TPUB": tags.publisher,
        "TYER": tags.year,
    }
    frames = [id3.text_frame(name, text) for name, text in texts.items() if text]
    if tags.description:
        frames.append(id3.comment_frame(tags.description))
    frames += id3.chapter_frames([(chapter.start_s, chapter.end_s, chapter.title) for chapter in chapters])
    if cover:
        frames.append(id3.picture_frame(cover.media_type, cover.data))
    return id3.tag(frames)


def write_mp4(path: Path, tags: Tags, cover: Cover | None) -> None:
    """Write the tags of an M4B file; its chapters are there already.

    Args:
        path: the file.
        tags: the book's.
        cover: the picture; None for none.

    Raises:
        OSError: the disk refuses it.
    """
    with _disk_errors():
        file = MP4(path)
        _set_tags(file, tags, cover)
        file.save(padding=_no_padding)


@contextmanager
def _disk_errors() -> Iterator[None]:
    """What the disk has refused, as the system says it: mutagen wraps it in an error of its own."""
    try:
        yield
    except MutagenError as error:
        cause = error.args[0] if error.args else None
        if not isinstance(cause, OSError):
            raise
        raise cause from error


def _set_tags(file: MP4, tags: Tags, cover: Cover | None) -> None:
    if file.tags is None:
        file.add_tags()
    file.clear()
    file["\xa9nam"] = file["\xa9alb"] = [tags.title]
    file["\xa9ART"] = file["aART"] = [tags.author]
    file["\xa9gen"] = [GENRE]
    file["trkn"] = [(1, 1)]
    file["stik"] = [_MEDIA_TYPE_AUDIOBOOK]
    file["pgap"] = True
    if tags.narrator:
        file["\xa9wrt"] = [tags.narrator]
    if tags.publisher:
        file["\xa9pub"] = [tags.publisher]
    if tags.year:
        file["\xa9day"] = [tags.year]
    if tags.description:
        file["desc"] = [tags.description]
    if cover:
        form = MP4Cover.FORMAT_JPEG if cover.extension == "jpg" else MP4Cover.FORMAT_PNG
        file["covr"] = [MP4Cover(cover.data, imageformat=form)]


def metadata_document(book: Mapping[str, Any], tags: Tags, chapters: Sequence[Chapter]) -> dict[str, Any]:
    """The content of ``metadata.json`` as Audiobookshelf reads it.

    Args:
        book: the document of ``book.json``.
        tags: the book's.
        chapters: in order.
    """
    return {
        "tags": [],
        "chapters": [
            {"id": number, "start": chapter.start_s, "end": chapter.end_s, "title": chapter.title}
            for number, chapter in enumerate(chapters)
        ],
        "title": tags.title,
        "subtitle": None,
        "authors": list(tags.authors),
        "narrators": [tags.narrator] if tags.narrator else [],
        "series": [],
        "genres": [GENRE],
        "publishedYear": tags.year,
        "publishedDate": plain(str(book.get("published") or "")) or None,
        "publisher": tags.publisher,
        "description": tags.description,
        "isbn": _isbn(str(book.get("identifier") or "")),
        "asin": None,
        "language": tags.language,
        "explicit": False,
        "abridged": False,
    }


def _isbn(identifier: str) -> str | None:
    found = re.fullmatch(r"(?i:urn:)?(?i:isbn:?)?\s*((?:97[89])?\d{9}[\dX])", identifier.strip().replace("-", ""))
    return found[1] if found else None


def _no_padding(_info: object) -> int:
    return 0
