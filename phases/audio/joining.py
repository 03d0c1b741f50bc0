"""Joins the frames of all segments into one playable file a format, without encoding again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av

from phases.audio.frames import AAC_FRAME, info_frame
from phases.audio.tags import Chapter

_COPY_BYTES = 1 << 20
# VLC shows no chapter beyond the 255th where the Nero list is there, which can hold no more.
_MOST_NERO_CHAPTERS = 255


def append(frames: Path, target: Path) -> None:
    """Move the frames of a segment to the end of `target`."""
    with frames.open("rb") as source, target.open("ab") as file:
        shutil.copyfileobj(source, file, _COPY_BYTES)
    frames.unlink()


def make_mp3(frames: Path, target: Path, *, tag: bytes, samples: int, rate: int, bitrate_kbps: int) -> None:
    """Make an MP3 file: the tag, a frame that states the length, and all frames.

    Args:
        frames: of the whole book, without any header.
        target: the file to write.
        tag: ID3v2.
        samples: the length of the sound.
        rate: samples a second.
        bitrate_kbps: of the sound.
    """
    with frames.open("rb") as source, target.open("wb") as file:
        file.write(tag)
        file.write(info_frame(samples, frames.stat().st_size, rate, bitrate_kbps))
        shutil.copyfileobj(source, file, _COPY_BYTES)


def make_m4b(frames: Path, target: Path, *, rate: int, chapters: Sequence[Chapter]) -> None:
    """Make an M4B file of all ADTS frames, with chapters in QuickTime's form and, up to 255, in Nero's.

    The first frame is the encoder's priming. It gets a time before zero, which writes the edit list that players skip
    it by.

    Args:
        frames: of the whole book, ADTS.
        target: the file to write.
        rate: samples a second.
        chapters: in order.
    """
    flags = "+faststart+disable_chpl" if len(chapters) > _MOST_NERO_CHAPTERS else "+faststart"
    base = Fraction(1, rate)
    options = {"fflags": "+bitexact", "movflags": flags}
    with av.open(frames, format="aac") as source, av.open(target, "w", format="ipod", options=options) as file:
        sound = source.streams.audio[0]
        stream = file.add_stream_from_template(sound)
        file.set_chapters(
            [
                {
                    "id": number,
                    "start": round(chapter.start_s * rate),
                    "end": round(chapter.end_s * rate),
                    "time_base": base,
                    "metadata": {"title": chapter.title},
                }
                for number, chapter in enumerate(chapters)
            ]
        )
        time = -AAC_FRAME
        for packet in source.demux(sound):
            if not packet.size:
                continue
            packet.stream = stream
            packet.time_base = base
            packet.pts = packet.dts = time
            packet.duration = AAC_FRAME
            time += AAC_FRAME
            file.mux(packet)
