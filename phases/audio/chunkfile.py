"""The audio of a chunk and its word times in one file: RIFF WAVE with a further RIFF chunk ``wrds`` after ``data``.

A file is complete or absent. What is complete is decided by its own sizes and its checksum, so no list of finished
chunks is needed. Where the further chunk is left out, as in the files of other synthesisers, its sizes alone decide,
and nothing is known of its words.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phases.files import write_parts

_RIFF = struct.Struct("<4sI4s4sIHHIIHH4sI")  # RIFF header, fmt chunk, header of the data chunk
_CHUNK = struct.Struct("<4sI")
_SAMPLE_BYTES = 2
_PCM, _MONO = 1, 1


class DamagedChunkError(Exception):
    """A chunk's file is missing, cut off or not of this form; the message says which."""


@dataclass(frozen=True, slots=True)
class ChunkAudio:
    """What a chunk's file says about itself.

    Attributes:
        samples: how many there are.
        rate: samples a second.
        size_bytes: of the file.
        words: rows ``(spoken_from, spoken_to, time_s)``; offsets count characters of the chunk's spoken text.
    """

    samples: int
    rate: int
    size_bytes: int
    words: tuple[tuple[int, int, float], ...]


def chunk_path(book_dir: Path, audio_id: str) -> Path:
    """Where the audio `audio_id` lies in a book's folder."""
    return book_dir / "chunks" / f"{audio_id}.wav"


def write_chunk(path: Path, pcm: bytes, rate: int, words: Sequence[tuple[int, int, float]]) -> None:
    """Write a chunk: temporary file, fsync, rename. The caller syncs the folder once, after the last chunk.

    Args:
        path: where it belongs.
        pcm: signed 16-bit little-endian samples, mono.
        rate: samples a second.
        words: rows ``(spoken_from, spoken_to, time_s)``.
    """
    about = {"words": [list(row) for row in words], "crc32": zlib.crc32(pcm)}
    trailer = json.dumps(about, separators=(",", ":")).encode()
    trailer += b" " * (len(trailer) % 2)
    size = _RIFF.size - 8 + len(pcm) + _CHUNK.size + len(trailer)
    byte_rate = rate * _SAMPLE_BYTES
    header = _RIFF.pack(
        b"RIFF", size, b"WAVE", b"fmt ", 16, _PCM, _MONO, rate, byte_rate, _SAMPLE_BYTES, 16, b"data", len(pcm)
    )
    write_parts(path, (header, pcm, _CHUNK.pack(b"wrds", len(trailer)), trailer))


def read_chunk(path: Path) -> ChunkAudio:
    """Read what a chunk's file says about itself, and check that its samples are those that were written.

    Raises:
        DamagedChunkError: the file is missing or not complete.
    """
    try:
        with path.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            header = file.read(_RIFF.size)
            if len(header) < _RIFF.size:
                raise DamagedChunkError("it is cut off")
            riff, riff_size, wave, fmt, _fmt_size, codec, channels, rate, _, _, bits, data, data_size = _RIFF.unpack(
                header
            )
            if (riff, wave, fmt, data) != (b"RIFF", b"WAVE", b"fmt ", b"data"):
                raise DamagedChunkError("it is no WAVE file of this program")
            if (codec, channels, bits) != (_PCM, _MONO, 16) or not rate:
                raise DamagedChunkError("it is not 16-bit mono")
            if riff_size + 8 == size_bytes == _RIFF.size + data_size:
                return ChunkAudio(data_size // _SAMPLE_BYTES, rate, size_bytes, ())
            if riff_size + 8 != size_bytes or _RIFF.size + data_size + _CHUNK.size > size_bytes:
                raise DamagedChunkError("its size is not the one that its header states")
            checksum = zlib.crc32(file.read(data_size))
            name, length = _CHUNK.unpack(file.read(_CHUNK.size))
            trailer = file.read(length)
    except FileNotFoundError as error:
        raise DamagedChunkError("it is missing") from error
    if name != b"wrds" or file_end(data_size, length) != size_bytes:
        raise DamagedChunkError("its word times are cut off")
    return ChunkAudio(data_size // _SAMPLE_BYTES, rate, size_bytes, _words(trailer, checksum))


def read_pcm(path: Path, samples: int) -> bytes:
    """The samples of a chunk, signed 16-bit little-endian.

    Args:
        path: the chunk's file.
        samples: how many are expected.

    Raises:
        DamagedChunkError: the file is missing or does not hold as many.
    """
    try:
        with path.open("rb") as file:
            file.seek(_RIFF.size)
            pcm = file.read(samples * _SAMPLE_BYTES)
    except FileNotFoundError as error:
        raise DamagedChunkError("it is missing") from error
    if len(pcm) != samples * _SAMPLE_BYTES:
        raise DamagedChunkError("it is cut off")
    return pcm


def file_end(data_size: int, trailer_size: int) -> int:
    """The size of a chunk's file in bytes, from the sizes of its samples and of its word times."""
    return _RIFF.size + data_size + _CHUNK.size + trailer_size


def _words(trailer: bytes, checksum: int) -> tuple[tuple[int, int, float], ...]:
    try:
        about = json.loads(trailer)
        words = tuple((int(start), int(end), float(at)) for start, end, at in about["words"])
        written = about["crc32"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedChunkError("its word times cannot be read") from error
    if written != checksum:
        raise DamagedChunkError("its samples are not those that were written")
    return words
