"""Writes the ID3v2.3 tag of an audiobook: the version that all players read.

In version 2.4 the sizes are of another form, which ffmpeg takes for this one inside a chapter, so that chapters with
long titles are lost.

Its chapter frames stand in the order of the book, because many players read them in the order of the file and pass
over the table of contents.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

_LATIN_1, _UTF_16 = b"\0", b"\x01"
_NO_OFFSET = 0xFFFFFFFF
_TOP_LEVEL, _ORDERED = 2, 1
_FRONT_COVER = b"\x03"
# A table of contents counts its entries in one byte (ID3v2 chapter frames, 3.2).
_MOST_ENTRIES = 255


def tag(frames: Iterable[bytes]) -> bytes:
    """The tag that holds `frames`, as it stands at the front of the file."""
    body = b"".join(frames)
    return b"ID3\x03\x00\x00" + _syncsafe(len(body)) + body


def text_frame(name: str, text: str) -> bytes:
    """A frame such as ``TIT2`` that holds one text."""
    return _frame(name, _UTF_16 + _utf_16(text))


def user_text_frame(name: str, text: str) -> bytes:
    """A text under a name that is not the standard's."""
    return _frame("TXXX", _UTF_16 + _utf_16(name) + b"\0\0" + _utf_16(text))


def comment_frame(text: str) -> bytes:
    """The comment, in no particular language."""
    return _frame("COMM", _UTF_16 + b"und" + _utf_16("") + b"\0\0" + _utf_16(text))


def picture_frame(media_type: str, data: bytes) -> bytes:
    """The front cover."""
    return _frame("APIC", _LATIN_1 + media_type.encode() + b"\0" + _FRONT_COVER + b"\0" + data)


def chapter_frames(chapters: Sequence[tuple[float, float, str]]) -> list[bytes]:
    """A frame a chapter, and the ordered table of contents; above 255 chapters, a table of tables.

    Args:
        chapters: rows ``(start_s, end_s, title)`` in order.
    """
    names = [f"ch{number}" for number in range(1, len(chapters) + 1)]
    frames = [
        _frame(
            "CHAP",
            name.encode()
            + b"\0"
            + struct.pack(">IIII", round(start_s * 1000), round(end_s * 1000), _NO_OFFSET, _NO_OFFSET)
            + text_frame("TIT2", title),
        )
        for name, (start_s, end_s, title) in zip(names, chapters, strict=True)
    ]
    tables: list[bytes] = []
    if len(names) > _MOST_ENTRIES:
        parts = [names[first : first + _MOST_ENTRIES] for first in range(0, len(names), _MOST_ENTRIES)]
        names = [f"toc{number}" for number in range(1, len(parts) + 1)]
        tables = [_table(name, part, _ORDERED) for name, part in zip(names, parts, strict=True)]
    return [_table("toc", names, _TOP_LEVEL | _ORDERED), *tables, *frames]


def _table(name: str, entries: Sequence[str], flags: int) -> bytes:
    listed = b"".join(entry.encode() + b"\0" for entry in entries)
    return _frame("CTOC", name.encode() + b"\0" + bytes((flags, len(entries))) + listed)


def _frame(name: str, body: bytes) -> bytes:
    return name.encode() + struct.pack(">I", len(body)) + b"\0\0" + body


def _utf_16(text: str) -> bytes:
    return b"\xff\xfe" + text.encode("utf-16-le")


def _syncsafe(size: int) -> bytes:
    """A size in four bytes of seven bits each, below 256 MB."""
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
