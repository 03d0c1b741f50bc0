"""From chunks to the samples that are encoded: silence and speech placed, level raised, peaks limited."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from phases.audio.limiter import limit
from phases.audio.loudness import Energies, Samples, hop_energies, integrated_loudness, linear
from phases.audio.timeline import Placed, Segment

ReadPcm = Callable[[Placed], bytes]

_FULL_SCALE = 32768
_SAMPLE_PLACES = 4
_SAMPLE_S = 20
_ITERATIONS = 8
_CLOSE_ENOUGH_DB = 0.005


def render(segment: Segment, read_pcm: ReadPcm) -> Samples:
    """The speech of a segment at its places, untouched.

    Args:
        segment: what to render.
        read_pcm: gives the samples of a chunk, 16-bit little-endian.

    Returns:
        float32 in -1..1, (segment.end - segment.start,).
    """
    samples = np.zeros(segment.end - segment.start, np.float32)
    for chunk in segment.chunks:
        start = chunk.start - segment.start
        samples[start : start + chunk.samples] = np.frombuffer(read_pcm(chunk), "<i2")
    samples /= _FULL_SCALE
    return samples


def master(samples: Samples, gain_db: float, ceiling_db: float) -> Samples:
    """Raise (or lower) the level and limit the peaks.

    Args:
        samples: float32, (frames,).
        gain_db: what is added to the level.
        ceiling_db: what no peak exceeds, dBTP.
    """
    louder = samples * np.float32(linear(gain_db))
    limit(louder, linear(ceiling_db))
    return louder


def to_pcm(samples: Samples) -> bytes:
    """Samples as signed 16-bit little-endian."""
    return np.clip(np.rint(samples * (_FULL_SCALE - 1)), -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2").tobytes()


def sample_segments(segments: Sequence[Segment]) -> list[Segment]:
    """A few segments spread evenly over the book, on which the loss of the limiter is found."""
    count = min(_SAMPLE_PLACES, len(segments))
    return [segments[(2 * place + 1) * len(segments) // (2 * count)] for place in range(count)]


def gain_for(
    energies: Energies, samples: Sequence[Samples], rate: int, *, target_lufs: float, ceiling_db: float
) -> float:
    """The gain that brings a book to its target once it is limited.

    The limiter takes some loudness away, the more the higher the gain. How much is found by iteration on samples of
    the book, so that the whole is limited only once.

    Args:
        energies: of the whole book, untouched, (hops,).
        samples: of some of its segments, untouched; of each 20 s from the middle are used.
        rate: samples a second.
        target_lufs: integrated loudness wanted.
        ceiling_db: the limiter's, dBTP.

    Returns:
        The gain in dB; 0 where the book has no loudness (under 0.4 s, or silent).
    """
    loudness = integrated_loudness(energies)
    parts = [_middle(part, _SAMPLE_S * rate) for part in samples]
    before = integrated_loudness(np.concatenate([hop_energies(part, rate) for part in parts]))
    gain = target_lufs - loudness if np.isfinite(loudness) else 0.0
    if not np.isfinite(loudness) or not np.isfinite(before):
        return gain
    loss = 0.0
    for _ in range(_ITERATIONS):
        limited = [master(part, gain, ceiling_db) for part in parts]
        after = integrated_loudness(np.concatenate([hop_energies(part, rate) for part in limited]))
        change = before + gain - after - loss
        loss += change
        gain = target_lufs - loudness + loss
        if abs(change) < _CLOSE_ENOUGH_DB:
            break
    return gain


def _middle(samples: Samples, length: int) -> Samples:
    start = max(0, (len(samples) - length) // 2)
    return samples[start : start + length]
