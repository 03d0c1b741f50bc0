"""Encodes one segment to raw frames with ffmpeg, so that segments can be joined without encoding again."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from phases.audio.frames import AAC_FRAME, MP3_FRAME, FrameError, adts_frames, mp3_frames
from phases.contract import TransientError

FORMATS = ("m4b", "mp3")
_SHOWN_OUTPUT = 300


@dataclass(frozen=True, slots=True)
class Encoder:
    """How segments are encoded.

    Attributes:
        program: ffmpeg.
        rate: of the voice.
        output_rate: of the files, a multiple of `rate`.
        bitrate_kbps: of each format.
        gains_db: for each format wanted (`FORMATS`), what is added to its level before encoding.
    """

    program: str
    rate: int
    output_rate: int
    bitrate_kbps: int
    gains_db: Mapping[str, float]

    def encode(self, pcm: bytes, outputs: Mapping[str, Path], *, is_last: bool) -> None:
        """Encode a segment, each format to a file of exactly its frames.

        Args:
            pcm: signed 16-bit little-endian samples at `rate`, a multiple of the frame grid, silent at both ends.
            outputs: where the frames of each format go.
            is_last: keep one more frame, which holds the end that the encoder's delay has pushed out.

        Raises:
            TransientError: ffmpeg cannot be run, or fails; the message holds what it said.
        """
        try:
            done = subprocess.run(self._command(outputs), input=pcm, capture_output=True, check=False)
        except OSError as error:
            raise _unusable(self.program, error) from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-_SHOWN_OUTPUT:]
            raise TransientError(
                f"The encoder failed with exit code {done.returncode}: {said or 'it said nothing'}. Check the free "
                "space of the work folder and run again.",
                error_type="encoder_failed",
            )
        samples = len(pcm) // 2 * self.output_rate // self.rate
        for name, path in outputs.items():
            _keep_frames(path, name, samples, is_last=is_last)

    def _command(self, outputs: Mapping[str, Path]) -> list[str]:
        split = "".join(f"[s{number}]" for number in range(len(outputs)))
        graph = f"[0:a]aresample={self.output_rate},aformat=sample_fmts=fltp,asplit={len(outputs)}{split}"
        command = [self.program, "-y", "-v", "error", "-threads", "1", "-filter_complex_threads", "1"]
        command += ["-f", "s16le", "-ar", str(self.rate), "-ac", "1", "-i", "pipe:0"]
        arguments: list[str] = []
        for number, (name, path) in enumerate(outputs.items()):
            graph += f";[s{number}]volume={self.gains_db[name]:.3f}dB:precision=float[o{number}]"
            arguments += ["-map", f"[o{number}]", *self._codec(name), "-b:a", f"{self.bitrate_kbps}k", "-threads", "1"]
            arguments += ["-fflags", "+bitexact", "-flags:a", "+bitexact", *_container(name), f"file:{path}"]
        return [*command, "-filter_complex", graph, *arguments]

    def _codec(self, name: str) -> list[str]:
        if name == "mp3":
            return ["-c:a", "libmp3lame"]
        # There is nothing above half the voice's own rate to spend bits on.
        return ["-c:a", "aac", "-aac_coder", "fast", "-cutoff", str(min(20_000, self.rate // 2))]


def find_encoder() -> str:
    """The ffmpeg program that comes with imageio-ffmpeg, once it has been run.

    Raises:
        TransientError: there is none, or it cannot be run.
    """
    try:
        program: str = imageio_ffmpeg.get_ffmpeg_exe()
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


def _container(name: str) -> list[str]:
    return ["-write_xing", "0", "-id3v2_version", "0", "-f", "mp3"] if name == "mp3" else ["-f", "adts"]


def _keep_frames(path: Path, name: str, samples: int, *, is_last: bool) -> None:
    data = path.read_bytes()
    frame, find = (MP3_FRAME, mp3_frames) if name == "mp3" else (AAC_FRAME, adts_frames)
    wanted = samples // frame + is_last
    try:
        offsets = find(data)
    except FrameError as error:
        raise TransientError(
            f"The encoder made a damaged {name}: {error}. Run again.", error_type="encoder_failed"
        ) from error
    if samples % frame or len(offsets) <= wanted:
        raise TransientError(
            f"The encoder made {len(offsets) - 1} frames of {name} where {wanted} were expected. Run again.",
            error_type="encoder_failed",
        )
    path.write_bytes(data[: offsets[wanted]])
