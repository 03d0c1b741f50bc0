"""Measures a finished audiobook by decoding all of it, as a player would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from phases.audio.loudness import Samples, decibels, hop_energies, integrated_loudness, true_peak

_SPAN_S = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """What a decoded file is.

    Attributes:
        duration_s: of what a player plays.
        loudness_lufs: integrated; minus infinity for silence.
        true_peak_dbtp: minus infinity for silence.
        title: the tag.
        chapters: rows (start in seconds, title).
    """

    duration_s: float
    loudness_lufs: float
    true_peak_dbtp: float
    title: str
    chapters: Sequence[tuple[float, str]]

    def as_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def measure(path: Path, hold_core: Callable[[], AbstractContextManager[None]]) -> Measured:
    """Decode all of `path` and measure it.

    Args:
        path: the file.
        hold_core: taken for each stretch of work.

    Raises:
        av.FFmpegError: the file cannot be opened or decoded.
    """
    peak = 0.0
    length = 0
    energies = []
    with av.open(path) as container:
        stream = container.streams.audio[0]
        rate = stream.rate
        title = str(container.metadata.get("title", ""))
        chapters = [
            (float(chapter["start"] * (chapter["time_base"] or 0)), str(chapter["metadata"].get("title", "")))
            for chapter in container.chapters()
        ]
        frames = container.decode(stream)
        rest: Samples = np.zeros(0, np.float32)
        at_end = False
        while not at_end:
            with hold_core():
                span, at_end = _span(frames, rest, _SPAN_S * rate)
                whole = len(span) if at_end else len(span) // (rate // 10) * (rate // 10)
                rest = span[whole:]
                length += whole
                energies.append(hop_energies(span[:whole], rate))
                peak = true_peak(span, peak)
    return Measured(
        duration_s=length / rate,
        loudness_lufs=integrated_loudness(np.concatenate(energies)),
        true_peak_dbtp=decibels(peak),
        title=title,
        chapters=chapters,
    )


def _span(frames: Any, rest: Samples, length: int) -> tuple[Samples, bool]:
    """The next `length` samples or a little more, and whether they are the last."""
    parts = [rest]
    count = len(rest)
    for frame in frames:
        samples = frame.to_ndarray().reshape(-1)
        parts.append(samples)
        count += len(samples)
        if count >= length:
            return np.concatenate(parts), False
    return np.concatenate(parts), True
