"""The header of an M4B file: one track of AAC, chapters in QuickTime's form and, up to 255, in Nero's.

ISO/IEC 14496-12 and -14, and Apple's QuickTime File Format. The sound follows the header, so that a player can begin
before it has all; a library that keeps each packet in memory to write this takes 70 bytes for each, 130 MB for a book
of twelve hours.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from phases.audio.frames import AAC_FRAME

# VLC shows no chapter beyond the 255th where the Nero list is there, which can hold no more.
_MOST_NERO_CHAPTERS = 255
_NERO_UNITS_PER_S = 10_000_000
_FRAMES_PER_CHUNK = 64
_LARGEST = 0xFFFFFFFF
_AUDIO_TRACK, _CHAPTER_TRACK = 1, 2
_UNDETERMINED = 0x55C4  # the language "und" (14496-12, 8.4.2)
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_ENABLED_IN_MOVIE = 3
_SAMPLING_INDEX = {48_000: 3, 44_100: 4}  # 14496-3, table 1.18
_AAC_LC = 2
_UTF_8 = b"\0\0\0\x0cencd\0\0\x01\0"

Marks = Sequence[tuple[int, int, str]]
"""Chapters: rows ``(first sample, sample after the last, title)``, without a gap from the beginning to the end."""


def header(sizes: array[int], *, rate: int, samples: int, chapters: Marks) -> bytes:
    """All that stands before the sound: ``ftyp`` and ``moov``.

    The first frame is the encoder's priming; the edit list has players leave it out.

    Args:
        sizes: of the AAC frames, bytes.
        rate: samples a second.
        samples: the length of the sound.
        chapters: their marks.
    """
    first = _box(b"ftyp", b"M4B ", struct.pack(">I", 512), b"M4B ", b"M4A ", b"mp42", b"isom")
    # The offsets are as long as they are, whatever they say.
    length = len(first) + len(_movie(sizes, 0, rate, samples, chapters)) + len(media_header(sizes, chapters))
    return first + _movie(sizes, length, rate, samples, chapters)


def media_header(sizes: array[int], chapters: Marks) -> bytes:
    """What stands between the header and the first frame."""
    length = sum(sizes) + sum(len(text) for text in chapter_samples(chapters))
    if length + 8 > _LARGEST:
        return struct.pack(">I4sQ", 1, b"mdat", length + 16)
    return struct.pack(">I4s", length + 8, b"mdat")


def chapter_samples(chapters: Marks) -> list[bytes]:
    """What stands after the last frame: the titles, as samples of the text track."""
    return [struct.pack(">H", len(title.encode())) + title.encode() + _UTF_8 for _start, _end, title in chapters]


def _movie(sizes: array[int], media_at: int, rate: int, samples: int, chapters: Marks) -> bytes:
    lengths = np.frombuffer(sizes, f"u{sizes.itemsize}")
    frames = len(lengths)
    ends = media_at + np.cumsum(np.add.reduceat(lengths, np.arange(0, frames, _FRAMES_PER_CHUNK), dtype=np.int64))
    chunks = np.concatenate(([media_at], ends[:-1]))
    sound = _track(
        _AUDIO_TRACK,
        samples,
        _box(b"edts", _full(b"elst", 1, 0, struct.pack(">IQqHH", 1, samples, AAC_FRAME, 1, 0)))
        + _box(b"tref", _box(b"chap", struct.pack(">I", _CHAPTER_TRACK))),
        _media(
            b"soun",
            rate,
            frames * AAC_FRAME,
            _full(b"smhd", 0, 0, bytes(4)),
            _sample_table(
                _audio_entry(rate, int(ends[-1]) - media_at, samples),
                [(frames, AAC_FRAME)],
                _FRAMES_PER_CHUNK,
                lengths,
                chunks,
            ),
        ),
    )
    texts = np.array([len(text) for text in chapter_samples(chapters)], np.int64)
    marks = _track(
        _CHAPTER_TRACK,
        samples,
        b"",
        _media(
            b"text",
            rate,
            samples,
            _box(
                b"gmhd",
                _full(b"gmin", 0, 0, struct.pack(">6H", 0x40, 0x8000, 0x8000, 0x8000, 0, 0)),
                _box(b"text", _MATRIX),
            ),
            _sample_table(
                _TEXT_ENTRY,
                [(1, end - start) for start, end, _title in chapters],
                len(chapters),
                texts,
                ends[-1:],
            ),
        ),
    )
    user = [_box(b"udta", _nero(chapters, rate))] if len(chapters) <= _MOST_NERO_CHAPTERS else []
    return _box(b"moov", _movie_header(rate, samples), sound, marks, *user)


def _movie_header(rate: int, samples: int) -> bytes:
    last_track = struct.pack(">I", _CHAPTER_TRACK + 1)
    times = struct.pack(">QQIQ", 0, 0, rate, samples)
    return _full(b"mvhd", 1, 0, times, struct.pack(">IH10x", 0x10000, 0x100), _MATRIX, bytes(24), last_track)


def _track(number: int, samples: int, references: bytes, media: bytes) -> bytes:
    """A track; the one of the chapters is there for the other one, and is not shown by itself."""
    is_sound = number == _AUDIO_TRACK
    times = struct.pack(">QQIIQ", 0, 0, number, 0, samples)
    rest = struct.pack(">8xhhHH", 0, 0 if is_sound else 1, 0x100 if is_sound else 0, 0)
    flags = _ENABLED_IN_MOVIE if is_sound else 0
    return _box(b"trak", _full(b"tkhd", 1, flags, times, rest, _MATRIX, bytes(8)), references, media)


def _media(kind: bytes, rate: int, duration: int, head: bytes, table: bytes) -> bytes:
    times = struct.pack(">QQIQHH", 0, 0, rate, duration, _UNDETERMINED, 0)
    here = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    return _box(
        b"mdia",
        _full(b"mdhd", 1, 0, times),
        _full(b"hdlr", 0, 0, bytes(4), kind, bytes(13)),
        _box(b"minf", head, here, table),
    )


def _sample_table(
    entry: bytes,
    durations: Sequence[tuple[int, int]],
    per_chunk: int,
    sizes: npt.NDArray[np.integer[Any]],
    chunks: npt.NDArray[np.int64],
) -> bytes:
    """Which samples there are, and where: rows ``(count, duration)``, bytes of each, offsets of the chunks."""
    times = struct.pack(">I", len(durations)) + b"".join(struct.pack(">II", *row) for row in durations)
    runs = [(1, per_chunk, 1)]
    if rest := len(sizes) % per_chunk:
        runs = [*(runs if len(chunks) > 1 else []), (len(chunks), rest, 1)]
    where = struct.pack(">I", len(runs)) + b"".join(struct.pack(">III", *run) for run in runs)
    far = bool(len(chunks)) and int(chunks[-1]) > _LARGEST
    offsets = struct.pack(">I", len(chunks)) + chunks.astype(">u8" if far else ">u4").tobytes()
    return _box(
        b"stbl",
        _full(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        _full(b"stts", 0, 0, times),
        _full(b"stsc", 0, 0, where),
        _full(b"stsz", 0, 0, struct.pack(">II", 0, len(sizes)), sizes.astype(">u4").tobytes()),
        _full(b"co64" if far else b"stco", 0, 0, offsets),
    )


def _audio_entry(rate: int, size_bytes: int, samples: int) -> bytes:
    """AAC-LC, mono: the sample entry with its elementary stream descriptor (14496-1, 7.2.6)."""
    configuration = (_AAC_LC << 11 | _SAMPLING_INDEX[rate] << 7 | 1 << 3).to_bytes(2, "big")
    bit_rate = size_bytes * 8 * rate // samples
    decoder = struct.pack(">BB3xII", 0x40, 0x15, bit_rate, bit_rate) + _descriptor(5, configuration)
    stream = struct.pack(">HB", _AUDIO_TRACK, 0) + _descriptor(4, decoder) + _descriptor(6, b"\x02")
    sound = struct.pack(">6xH8xHHHHI", 1, 1, 16, 0, 0, rate << 16)
    return _box(b"mp4a", sound, _full(b"esds", 0, 0, _descriptor(3, stream)))


def _nero(chapters: Marks, rate: int) -> bytes:
    rows = []
    for start, _end, title in chapters:
        text = title.encode()
        rows.append(struct.pack(">QB", start * _NERO_UNITS_PER_S // rate, len(text)) + text)
    return _full(b"chpl", 1, 0, struct.pack(">IB", 0, len(rows)), *rows)


def _descriptor(tag: int, body: bytes) -> bytes:
    return bytes((tag, len(body))) + body


def _full(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags), *parts)


def _box(name: bytes, *parts: bytes) -> bytes:
    return b"".join((struct.pack(">I4s", 8 + sum(map(len, parts)), name), *parts))


# QuickTime's text sample description: no colours, no box, one font without a name.
_TEXT_ENTRY = _box(
    b"text",
    struct.pack(">6xH", 1),
    struct.pack(">I", 1),
    bytes(22),
    struct.pack(">H", 1),
    bytes(6),
    _box(b"ftab", struct.pack(">HHB", 1, 1, 0)),
)
