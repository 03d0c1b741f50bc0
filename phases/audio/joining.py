"""Joins the frames of all segments into playable files, without encoding again."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from phases.audio import mp4
from phases.audio.encoding import Piece
from phases.audio.frames import OPUS_FRAME, OPUS_RATE, info_frame
from phases.contract import TransientError

_COPY_BYTES = 1 << 20
_OPUS_DELAY = 312  # samples that libopus puts before the first one
_OPUS_PAGE_US = 1_000_000
_LARGEST_RIFF = 0xFFFFFFFF


@dataclass(slots=True)
class Frames:
    """The frames of a file to be, in a file of their own; their sizes in another, as a day of sound has millions.

    Attributes:
        path: the file of the frames, which holds nothing else.
        checksum: CRC-32 of all.
    """

    path: Path
    checksum: int = 0

    @property
    def sizes_path(self) -> Path:
        """The file of their sizes: two bytes each, in the machine's order."""
        return self.path.with_name(f"{self.path.name}.sizes")

    def sizes(self) -> array[int]:
        """Of each frame, bytes."""
        return array("H", self.sizes_path.read_bytes())

    def append(self, piece: Piece, *, is_last: bool) -> None:
        """Add those of a segment; the frame that holds the coder's delay only after the last one."""
        sizes = piece.sizes if is_last else piece.sizes[:-1]
        left = sum(sizes) if piece.sizes else piece.path.stat().st_size
        with self.sizes_path.open("ab") as file:
            sizes.tofile(file)
        with piece.path.open("rb") as source, self.path.open("ab") as file:
            while left:
                data = source.read(min(left, _COPY_BYTES))
                if not data:
                    raise TransientError(f"{piece.path} is cut off. Run again.", error_type="encoder_failed")
                left -= len(data)
                self.checksum = zlib.crc32(data, self.checksum)
                file.write(data)


def make_mp3(frames: Frames, target: Path, *, tag: bytes, samples: int, rate: int, bitrate_kbps: int) -> None:
    """Make an MP3 file: the tag, a frame that states the length, and all frames.

    Args:
        frames: of the file.
        target: the file to write.
        tag: ID3v2.
        samples: the length of the sound.
        rate: samples a second.
        bitrate_kbps: of the sound.
    """
    with frames.path.open("rb") as source, target.open("wb") as file:
        file.write(tag)
        file.write(info_frame(samples, frames.path.stat().st_size, rate, bitrate_kbps))
        shutil.copyfileobj(source, file, _COPY_BYTES)


def make_m4b(
    frames: Frames, target: Path, *, samples: int, rate: int, chapters: mp4.Marks, write_tags: Callable[[Path], None]
) -> None:
    """Make an M4B file: the header, with the tags in it, and all frames.

    Args:
        frames: of the file.
        target: the file to write.
        samples: the length of the sound.
        rate: samples a second.
        chapters: their marks.
        write_tags: adds the tags to the file while it is nothing but its header, and keeps the offsets in it right.
    """
    sizes = frames.sizes()
    target.write_bytes(mp4.header(sizes, rate=rate, samples=samples, chapters=chapters))
    write_tags(target)
    with frames.path.open("rb") as source, target.open("ab") as file:
        file.write(mp4.media_header(sizes, chapters))
        shutil.copyfileobj(source, file, _COPY_BYTES)
        file.writelines(mp4.chapter_samples(chapters))


def make_opus(frames: Frames, target: Path) -> None:
    """Make an Ogg Opus file of all packets.

    Args:
        frames: of the file, the last of which holds the end that the coder's delay has pushed out.
        target: the file to write.
    """
    options = {"fflags": "+bitexact", "page_duration": str(_OPUS_PAGE_US)}
    base = Fraction(1, OPUS_RATE)
    with frames.path.open("rb") as source, av.open(str(target), "w", format="ogg", options=options) as file:
        stream = file.add_stream("libopus", rate=OPUS_RATE, layout="mono")
        stream.codec_context.extradata = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, _OPUS_DELAY, OPUS_RATE, 0, 0)
        time = -_OPUS_DELAY
        sizes = frames.sizes()
        for number, size in enumerate(sizes, start=1):
            packet = av.Packet(source.read(size))
            packet.stream = stream
            packet.time_base = base
            packet.pts = packet.dts = time
            packet.duration = OPUS_FRAME if number < len(sizes) else _OPUS_DELAY
            time += OPUS_FRAME
            file.mux(packet)


def make_flac(frames: Frames, target: Path, *, program: str, rate: int) -> None:
    """Make a FLAC file of all samples; its frames are numbered, so it is encoded here, from the beginning to the end.

    Args:
        frames: the samples, signed 16-bit little-endian.
        target: the file to write.
        program: ffmpeg.
        rate: samples a second.

    Raises:
        TransientError: it failed; the message holds what it said.
    """
    command = [program, "-y", "-v", "error", "-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", "pipe:0"]
    command += ["-c:a", "flac", "-threads", "1", "-fflags", "+bitexact", "-flags:a", "+bitexact", f"file:{target}"]
    with frames.path.open("rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True, check=False)
    if done.returncode:
        raise TransientError(
            f"The encoder failed in {target.parent} with exit code {done.returncode}: "
            f"{done.stderr.decode(errors='replace')[-300:]}. Check the free space there and run again.",
            error_type="encoder_failed",
        )


def make_wav(frames: Frames, target: Path, *, tag: bytes, rate: int) -> None:
    """Make a RIFF WAVE file, above 4 GiB one in 64 bits (EBU Tech 3306), with an ID3 tag as its last chunk.

    Args:
        frames: the samples, signed 16-bit little-endian.
        target: the file to write.
        tag: ID3v2.
        rate: samples a second.
    """
    size = frames.path.stat().st_size
    tag += bytes(len(tag) % 2)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    whole = 4 + len(form) + 8 + size + 8 + len(tag)
    if whole <= _LARGEST_RIFF:
        head = struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + form + struct.pack("<4sI", b"data", size)
    else:
        sizes = struct.pack("<4sIQQQI", b"ds64", 28, whole + 36, size, size // 2, 0)
        head = struct.pack("<4sI4s", b"RF64", _LARGEST_RIFF, b"WAVE") + sizes + form
        head += struct.pack("<4sI", b"data", _LARGEST_RIFF)
    with frames.path.open("rb") as source, target.open("wb") as file:
        file.write(head)
        shutil.copyfileobj(source, file, _COPY_BYTES)
        file.write(struct.pack("<4sI", b"id3 ", len(tag)) + tag)
