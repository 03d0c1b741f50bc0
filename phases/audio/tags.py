"""Tags, chapters and cover in the form that players expect, without a date or name that is not the book's own."""

# mutagen says that it is typed, but its functions are not.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutagen import MutagenError
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm
from mutagen.oggopus import OggOpus

from phases.audio import id3
from phases.audio.languages import three_letters
from phases.names import UNKNOWN_AUTHOR, UNTITLED, authors_of, cut, plain, year_of

GENRE = "Audiobook"
MOST_VORBIS_CHAPTERS = 1000
_MEDIA_TYPE_AUDIOBOOK = 2
_FRONT_COVER = 3
_FREE_FORM = "----:com.apple.iTunes:"
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
class Track:
    """One file of an audiobook.

    Attributes:
        number: counts from 1.
        total: how many there are.
        title: of what it holds, where that is not the whole book.
    """

    number: int = 1
    total: int = 1
    title: str | None = None


WHOLE_BOOK = Track()


@dataclass(frozen=True, slots=True)
class Tags:
    """What is written into the files and beside them.

    Attributes:
        year: four digits.
        published: the whole date, as the book has it.
        language: BCP 47.
        volume: the number in the series.
        isbn: 10 or 13 characters.
    """

    title: str
    authors: Sequence[str]
    narrator: str | None = None
    publisher: str | None = None
    year: str | None = None
    published: str | None = None
    description: str | None = None
    language: str | None = None
    subtitle: str | None = None
    series: str | None = None
    volume: str | None = None
    isbn: str | None = None

    @property
    def author(self) -> str:
        """All authors, for fields that hold one text."""
        return ", ".join(self.authors) or UNKNOWN_AUTHOR

    @property
    def sorted_as(self) -> str:
        """What a book is sorted by: the books of a series stand together, in their order."""
        return f"{self.series} {self.volume or ''}".strip() + f" - {self.title}" if self.series else self.title


def tags_of(book: Mapping[str, Any], narrator: str | None) -> Tags:
    """The tags of a book.

    Args:
        book: the document of ``book.json``.
        narrator: the voice's name; None where it shall not be named.
    """

    def said(name: str) -> str | None:
        return plain(str(book.get(name) or "")) or None

    series = said("series")
    return Tags(
        title=said("title") or UNTITLED,
        authors=authors_of(book),
        narrator=narrator,
        publisher=said("publisher"),
        year=year_of(book),
        published=said("published"),
        description=said("description"),
        language=said("language"),
        subtitle=said("subtitle"),
        series=series,
        volume=said("series_index") if series else None,
        isbn=said("isbn") or _isbn(said("identifier") or ""),
    )


def _isbn(identifier: str) -> str | None:
    found = re.fullmatch(r"(?i:urn:)?(?i:isbn:?)?\s*((?:97[89])?\d{9}[\dX])", identifier.strip().replace("-", ""))
    return found[1] if found else None


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


def id3_tag(tags: Tags, chapters: Sequence[Chapter], cover: Cover | None, track: Track = WHOLE_BOOK) -> bytes:
    """The tag of an MP3 file.

    Args:
        tags: the book's.
        chapters: in order.
        cover: the picture; None for none.
        track: which of the book's files it is.
    """
    texts = {
        "TIT2": track.title or tags.title,
        "TIT3": tags.subtitle,
        "TALB": tags.title,
        "TSOA": tags.sorted_as,
        "TPE1": tags.author,
        "TPE2": tags.author,
        "TCOM": tags.narrator,
        "TCON": GENRE,
        "TRCK": f"{track.number}/{track.total}",
        "TPUB": tags.publisher,
        "TYER": tags.year,
        "TLAN": three_letters(tags.language),
    }
    frames = [id3.text_frame(name, text) for name, text in texts.items() if text]
    frames += [id3.user_text_frame(name, text) for name, text in _further(tags)]
    if tags.description:
        frames.append(id3.comment_frame(tags.description))
    frames += id3.chapter_frames([(chapter.start_s, chapter.end_s, chapter.title) for chapter in chapters])
    if cover:
        frames.append(id3.picture_frame(cover.media_type, cover.data))
    return id3.tag(frames)


def _further(tags: Tags) -> Iterator[tuple[str, str]]:
    """What no format has a field of its own for, by the names that players and libraries look for."""
    for name, text in (("SERIES", tags.series), ("SERIES-PART", tags.volume), ("ISBN", tags.isbn)):
        if text:
            yield name, text


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


def write_vorbis(
    path: Path, tags: Tags, chapters: Sequence[Chapter], cover: Cover | None, track: Track = WHOLE_BOOK
) -> None:
    """Write tags, chapters and cover of a FLAC (``.flac``) or Opus (``.opus``) file, in place of what it has.

    Args:
        path: the file.
        tags: the book's.
        chapters: in order.
        cover: the picture; None for none.
        track: which of the book's files it is.

    Raises:
        OSError: the disk refuses it.
    """
    picture = Picture()
    if cover:
        picture.type, picture.mime, picture.data = _FRONT_COVER, cover.media_type, cover.data
    with _disk_errors():
        file: Any = FLAC(path) if path.suffix == ".flac" else OggOpus(path)
        if file.tags is None:
            file.add_tags()
        file.tags.clear()
        file.tags.extend(vorbis_comments(tags, chapters, track))
        if path.suffix == ".flac":
            file.clear_pictures()
            if cover:
                file.add_picture(picture)
        elif cover:
            file.tags.append(("METADATA_BLOCK_PICTURE", base64.b64encode(picture.write()).decode()))
        file.save(padding=_no_padding)


def vorbis_comments(tags: Tags, chapters: Sequence[Chapter], track: Track = WHOLE_BOOK) -> list[tuple[str, str]]:
    """Tags and chapters as Vorbis comments: names with their values, in a fixed order.

    Chapters are CHAPTERxxx and CHAPTERxxxNAME (Xiph, "Chapter Extension"), whose three digits end at 1,000 of them;
    later ones are not marked.
    """
    texts = {
        "TITLE": track.title or tags.title,
        "SUBTITLE": tags.subtitle,
        "ALBUM": tags.title,
        "ALBUMSORT": tags.sorted_as,
        "ARTIST": tags.author,
        "ALBUMARTIST": tags.author,
        "COMPOSER": tags.narrator,
        "NARRATOR": tags.narrator,
        "GENRE": GENRE,
        "TRACKNUMBER": str(track.number),
        "TRACKTOTAL": str(track.total),
        "PUBLISHER": tags.publisher,
        "DATE": tags.year,
        "DESCRIPTION": tags.description,
        "LANGUAGE": three_letters(tags.language),
    }
    comments = [(name, text) for name, text in texts.items() if text]
    comments += _further(tags)
    for number, chapter in enumerate(chapters[:MOST_VORBIS_CHAPTERS]):
        whole = round(chapter.start_s * 1000)
        clock = f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"
        comments += [(f"CHAPTER{number:03d}", clock), (f"CHAPTER{number:03d}NAME", chapter.title)]
    return comments


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
    texts = {
        "\xa9nam": tags.title,
        "\xa9alb": tags.title,
        "soal": tags.sorted_as,
        "\xa9ART": tags.author,
        "aART": tags.author,
        "\xa9wrt": tags.narrator,
        "\xa9nrt": tags.narrator,
        "\xa9gen": GENRE,
        "\xa9pub": tags.publisher,
        "\xa9day": tags.year,
        "desc": tags.description,
        "ldes": tags.description,
    }
    for name, text in texts.items():
        if text:
            file[name] = [text]
    free = [("SUBTITLE", tags.subtitle), ("PUBLISHER", tags.publisher), ("LANGUAGE", three_letters(tags.language))]
    for name, text in (*free, *_further(tags)):
        if text:
            file[f"{_FREE_FORM}{name}"] = [MP4FreeForm(text.encode())]
    file["trkn"] = [(1, 1)]
    file["stik"] = [_MEDIA_TYPE_AUDIOBOOK]
    file["pgap"] = True
    if cover:
        form = MP4Cover.FORMAT_JPEG if cover.extension == "jpg" else MP4Cover.FORMAT_PNG
        file["covr"] = [MP4Cover(cover.data, imageformat=form)]


def _no_padding(_info: object) -> int:
    return 0
