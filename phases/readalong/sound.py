"""Parts the sound of an audiobook into files of a chapter each, without encoding again.

Two chapters share the frame at which they are parted, so each begins with a frame that a decoder may spoil: it is
the one that players leave out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av

from phases.audio.frames import AAC_FRAME, MP3_FRAME, SMALL_INDEX, info_frame
from phases.contract import PermanentError

# What a player leaves out at the start of an MP3 file, in samples: the encoder's 576 and the decoder's 529.
_MP3_DELAY = 576 + 529


@dataclass(frozen=True, slots=True)
class Piece:
    """The sound of a chapter.

    Attributes:
        path: its file.
        media_type: of the file.
        start_s: where it begins in the audiobook.
        duration_s: how long it is.
    """

    path: Path
    media_type: str
    start_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """An encoded frame, and when its first sample is heard in the audiobook, in samples."""

    data: bytes
    start: int


def pieces(source: Path, cuts_s: Sequence[float], folder: Path) -> Iterator[Piece]:
    """Write a file for each chapter, when it is asked for.

    Args:
        source: an audiobook, ``.m4b`` or ``.mp3``.
        cuts_s: where chapters begin, rising; the first begins with the book.
        folder: where the files go.

    Raises:
        PermanentError: the audiobook is none of which chapters can be taken.
    """
    try:
        with av.open(str(source), options=SMALL_INDEX) as container:
            kind = _Mp3 if source.suffix == ".mp3" else _Mp4
            yield from _cut(container.streams.audio[0], kind, cuts_s, folder)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise PermanentError(
            f"The sound of {source.name} cannot be parted into chapters for the EPUB ({error}). Take epub out of "
            "subtitles.formats, or have the audiobook made again.",
            error_type="read_along",
        ) from error


def _cut(sound: Any, kind: type[_Mp3 | _Mp4], cuts_s: Sequence[float], folder: Path) -> Iterator[Piece]:
    rate = int(sound.rate)
    frames = _frames(sound)
    last = next(frames, None)
    if last is None:
        raise ValueError("it has none")
    for number, cut_s in enumerate([*cuts_s[1:], float("inf")], start=1):
        first, count = last, 0
        with kind(folder / f"c{number:04d}{kind.suffix}", sound) as file:
            file.add(first.data)
            for frame in frames:
                last = frame
                file.add(frame.data)
                count += 1
                if (frame.start + kind.length + kind.delay) / rate > cut_s:
                    break
        start_s, duration_s = (first.start + kind.delay) / rate, count * kind.length / rate
        yield Piece(file.path, kind.media_type, start_s, duration_s)


def _frames(sound: Any) -> Iterator[_Frame]:
    zero = sound.start_time or 0
    for packet in sound.container.demux(sound):
        if packet.size:
            yield _Frame(bytes(packet), round((packet.pts - zero) * sound.time_base * sound.rate))


class _Mp3:
    """An MP3 file that is written frame by frame; the one that states its length comes first, and is known last."""

    suffix, media_type = ".mp3", "audio/mpeg"
    length, delay = MP3_FRAME, _MP3_DELAY

    def __init__(self, path: Path, sound: Any) -> None:
        self.path = path
        self._rate = int(sound.rate)
        self._bitrate_kbps = round(sound.codec_context.bit_rate / 1000)
        self._frames = self._bytes = 0

    def __enter__(self) -> Self:
        self._file = self.path.open("wb")
        self._file.write(self._info())
        return self

    def add(self, data: bytes) -> None:
        """Write a frame."""
        self._file.write(data)
        self._frames += 1
        self._bytes += len(data)

    def __exit__(self, *_error: object) -> None:
        self._file.seek(0)
        self._file.write(self._info())
        self._file.close()

    def _info(self) -> bytes:
        samples = max(0, self._frames - 1) * MP3_FRAME
        return info_frame(samples, self._bytes, self._rate, self._bitrate_kbps)


class _Mp4:
    """An MP4 file that is written frame by frame."""

    suffix, media_type = ".m4a", "audio/mp4"
    length, delay = AAC_FRAME, AAC_FRAME

    def __init__(self, path: Path, sound: Any) -> None:
        self.path = path
        self._base = Fraction(1, int(sound.rate))
        self._time = -AAC_FRAME  # the first frame has its time before zero, so players leave it out
        self._file = av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact", "movflags": "+faststart"})
        self._stream = self._file.add_stream_from_template(sound)

    def __enter__(self) -> Self:
        return self

    def add(self, data: bytes) -> None:
        """Write a frame."""
        packet = av.Packet(data)
        packet.stream, packet.time_base, packet.duration = self._stream, self._base, AAC_FRAME
        packet.pts = packet.dts = self._time
        self._time += AAC_FRAME
        self._file.mux(packet)

    def __exit__(self, *_error: object) -> None:
        self._file.close()
