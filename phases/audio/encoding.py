"""Encodes one segment with ffmpeg, each coder to exactly its frames, so that segments join without encoding again."""

from __future__ import annotations

import os
import subprocess
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from phases.audio.frames import AAC_FRAME, MP3_FRAME, OPUS_FRAME, OPUS_RATE
from phases.audio.unpacking import FrameError, unpacked
from phases.contract import TransientError

CODER_OF: Mapping[str, str] = {
    "m4b": "aac",
    "mp3": "mp3",
    "mp3-chapters": "mp3",
    "opus": "opus",
    "flac": "pcm",
    "wav": "pcm",
}
"""What the frames of each format are made by; ``pcm`` is the samples themselves."""

_SHOWN_OUTPUT = 300
_FRAME = {"aac": AAC_FRAME, "mp3": MP3_FRAME, "opus": OPUS_FRAME}
_CODEC: Mapping[str, Sequence[str]] = {
    "mp3": ("-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"),
    "aac": ("-c:a", "aac", "-aac_coder", "fast", "-f", "adts"),
    "opus": (
        "-c:a",
        "libopus",
        "-application",
        "audio",
        "-vbr",
        "constrained",
        "-frame_duration",
        "20",
        "-page_duration",
        "20000",
        "-f",
        "ogg",
    ),
}
_OPUS_FRAMES_PER_S = 50


@dataclass(frozen=True, slots=True)
class Piece:
    """What a segment has become under one coder.

    Attributes:
        path: the frames, without what a container puts between them; for ``pcm`` the samples.
        sizes: of the frames, bytes; the last one holds the end that the coder's delay has pushed out. Empty for
            ``pcm``.
    """

    path: Path
    sizes: array[int]


@dataclass(frozen=True, slots=True)
class Encoder:
    """How segments are encoded.

    Attributes:
        program: ffmpeg.
        rate: of the voice.
        output_rate: of MP3 and AAC, a multiple of `rate`.
        bitrate_kbps: of each coder.
        gains_db: for each coder wanted what is added to its level before encoding; 0 for ``pcm``, which is not coded.
    """

    program: str
    rate: int
    output_rate: int
    bitrate_kbps: int
    gains_db: Mapping[str, float]

    def encode(self, pcm: bytes, start: int, stem: Path, *, is_last: bool) -> dict[str, Piece]:
        """Encode a segment.

        Args:
            pcm: signed 16-bit little-endian samples at `rate`, a multiple of the frame grid, silent at both ends.
            start: its first sample in the book.
            stem: the name of the pieces, without extension.
            is_last: whether it is the last of the book.

        Raises:
            TransientError: ffmpeg cannot be run, or fails; the message holds what it said.
        """
        outputs = {coder: stem.with_suffix(f".{coder}") for coder in self.gains_db if coder != "pcm"}
        # From a file, not through a pipe: a pipe's small pieces cost both ends a tenth of what encoding costs.
        source = stem.with_suffix(".pcm")
        source.write_bytes(pcm)
        pieces = {"pcm": Piece(source, array("H"))} if "pcm" in self.gains_db else {}
        if outputs:
            samples = len(pcm) // 2
            lead, length = self._opus_span(start, samples, is_last=is_last)
            self._run(self.command(outputs, lead, length), source)
            wanted = {coder: samples * self.output_rate // self.rate // _FRAME[coder] for coder in outputs}
            wanted["opus"] = length * _OPUS_FRAMES_PER_S // self.rate
            pieces |= {coder: _piece(path, coder, wanted[coder]) for coder, path in outputs.items()}
        if "pcm" not in pieces:
            source.unlink()
        return pieces

    def command(self, outputs: Mapping[str, Path], lead: int = 0, length: int = 0) -> list[str]:
        """The command that encodes what it reads into the files of all coders.

        Args:
            outputs: by coder.
            lead: silent samples put in front for Opus.
            length: of what Opus gets, with them.
        """
        command = [self.program, "-y", "-v", "error", "-threads", "1", "-filter_complex_threads", "1"]
        command += ["-f", "s16le", "-ar", str(self.rate), "-ac", "1", "-i", "pipe:0"]
        arguments: list[str] = []
        at_output_rate = [coder for coder in outputs if coder != "opus"]
        split = "".join(f"[s{coder}]" for coder in at_output_rate)
        graph = []
        if at_output_rate:
            source = "[mainin]" if "opus" in outputs else "[0:a]"
            graph.append(
                f"{source}aresample={self.output_rate},aformat=sample_fmts=fltp,asplit={len(at_output_rate)}{split}"
            )
        if "opus" in outputs:
            source = "[opusin]" if at_output_rate else "[0:a]"
            if at_output_rate:
                graph.insert(0, "[0:a]asplit=2[mainin][opusin]")
            graph.append(
                f"{source}adelay=delays={lead}S,apad=whole_len={length},atrim=end_sample={length},"
                f"aresample={OPUS_RATE},aformat=sample_fmts=flt[sopus]"
            )
        for coder, path in outputs.items():
            label = f"[s{coder}]"
            if self.gains_db[coder]:
                graph.append(f"{label}volume={self.gains_db[coder]:.3f}dB:precision=float[o{coder}]")
                label = f"[o{coder}]"
            arguments += ["-map", label, *_CODEC[coder], "-b:a", f"{self.bitrate_kbps}k", "-threads", "1"]
            if coder == "aac":
                # There is nothing above half the voice's own rate to spend bits on.
                arguments += ["-cutoff", str(min(20_000, self.rate // 2))]
            arguments += ["-fflags", "+bitexact", "-flags:a", "+bitexact", f"file:{path}"]
        return [*command, "-filter_complex", ";".join(graph), *arguments]

    def _opus_span(self, start: int, samples: int, *, is_last: bool) -> tuple[int, int]:
        """The part of a segment that is whole frames of Opus: silent samples in front, and the length with them.

        Opus has frames of 20 ms, which do not end where those of the others do. A segment begins with the frame that
        its first sample lies in; what is added in front is silence, and so is what is left for the next segment.
        """
        frame = self.rate // _OPUS_FRAMES_PER_S
        end = start + samples
        last = -(-end // frame) if is_last else end // frame
        return start % frame, (last - start // frame) * frame

    def _run(self, command: Sequence[str], source: Path) -> None:
        try:
            with source.open("rb") as samples:
                done = subprocess.run(command, stdin=samples, capture_output=True, check=False)
        except OSError as error:
            raise _unusable(self.program, error) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-_SHOWN_OUTPUT:]
            raise TransientError(
                f"The encoder failed in {source.parent} with exit code {done.returncode}: {said or 'it said nothing'}. "
                "Check the free space there and run again.",
                error_type="encoder_failed",
            )


def find_encoder() -> str:
    """The ffmpeg program that comes with imageio-ffmpeg, once it has been run.

    Raises:
        TransientError: there is none, or it cannot be run.
    """
    try:
        program: str = imageio_ffmpeg.get_ffmpeg_exe()
        if "IMAGEIO_FFMPEG_EXE" in os.environ:  # else it has just been run
            subprocess.run([program, "-version"], stdin=subprocess.DEVNULL, capture_output=True, check=True)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise _unusable("ffmpeg", error) from error
    return program


def _unusable(program: str, error: Exception) -> TransientError:
    return TransientError(
        f"The encoder {program} cannot be run ({error}). Install the package imageio-ffmpeg again, on a file system "
        "that allows programs to run, and run again.",
        error_type="encoder_missing",
    )


def _piece(path: Path, coder: str, wanted: int) -> Piece:
    """The frames of an encoder's output: so many, and the one after them."""
    try:
        frames, sizes = unpacked(coder, path.read_bytes(), wanted + 1)
    except FrameError as error:
        raise TransientError(
            f"The encoder made a damaged {coder}: {error}. Run again.", error_type="encoder_failed"
        ) from error
    if len(sizes) <= wanted:
        raise TransientError(
            f"The encoder made {len(sizes)} frames of {coder} where {wanted + 1} were expected. Run again.",
            error_type="encoder_failed",
        )
    path.write_bytes(frames)
    return Piece(path, sizes)
