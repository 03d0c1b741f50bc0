"""The tags of Opus and FLAC: Vorbis comments, with chapters as players read them, and the cover as a FLAC picture."""

# mutagen says that it is typed, but its functions are not.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from mutagen.flac import FLAC, Picture

from phases.audio.tags import GENRE, Chapter, Cover, Tags

MOST_CHAPTERS = 1000
"""A comment counts chapters in three digits; the marks of those beyond are left out."""

_FRONT_COVER = 3


def comments(tags: Tags, chapters: Sequence[Chapter]) -> dict[str, str]:
    """All that is said in words.

    Args:
        tags: the book's.
        chapters: in order.
    """
    texts = {
        "TITLE": tags.title,
        "ALBUM": tags.title,
        "ARTIST": tags.author,
        "ALBUMARTIST": tags.author,
        "COMPOSER": tags.narrator,
        "GENRE": GENRE,
        "TRACKNUMBER": "1",
        "TRACKTOTAL": "1",
        "PUBLISHER": tags.publisher,
        "DATE": tags.year,
        "DESCRIPTION": tags.description,
        "LANGUAGE": tags.language,
    }
    said = {name: text for name, text in texts.items() if text}
    for number, chapter in enumerate(chapters[:MOST_CHAPTERS]):
        seconds, thousandths = divmod(round(chapter.start_s * 1000), 1000)
        at = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{thousandths:03}"
        said[f"CHAPTER{number:03}"] = at
        said[f"CHAPTER{number:03}NAME"] = chapter.title
    return said


def with_picture(said: dict[str, str], cover: Cover | None) -> dict[str, str]:
    """The comments of an Ogg file, which hold the cover, too."""
    if cover is None:
        return said
    return {**said, "METADATA_BLOCK_PICTURE": base64.b64encode(_picture(cover).write()).decode()}


def write_flac(path: Path, said: dict[str, str], cover: Cover | None) -> None:
    """Write comments and cover into a FLAC file."""
    file = FLAC(path)
    if file.tags is None:
        file.add_tags()
    for name, text in said.items():
        file[name] = text
    if cover:
        file.add_picture(_picture(cover))
    file.save(padding=lambda _info: 0)


def _picture(cover: Cover) -> Picture:
    picture = Picture()
    picture.type, picture.mime, picture.data = _FRONT_COVER, cover.media_type, cover.data
    return picture
