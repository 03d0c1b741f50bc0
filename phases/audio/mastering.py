"""From chunks to the samples that are encoded: silence and speech placed, level raised, peaks limited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from phases.audio.limiter import limit
from phases.audio.loudness import HOPS_PER_S, Energies, Samples, hop_energies, level, linear, mean_squares
from phases.audio.timeline import Placed, Segment

ReadPcm = Callable[[Placed], bytes]

_FULL_SCALE = 32768
_CACHED = 1 << 15  # samples at a time, which stay in the processor's cache
_SAMPLE_PLACES = 4
_SAMPLE_S = 20
_ITERATIONS = 6
_CLOSE_ENOUGH_DB = 0.02
_LEAST_HEARD = 0.25


def render(segment: Segment, read_pcm: ReadPcm, gains_db: Mapping[int, float]) -> Samples:
    """The speech of a segment at its places, each chapter raised or lowered by its gain.

    Args:
        segment: what to render.
        read_pcm: gives the samples of a chunk, 16-bit little-endian.
        gains_db: by chapter; one that is not named stays as it is.

    Returns:
        float32, as a rule in -1..1, (segment.end - segment.start,).
    """
    samples = np.zeros(segment.end - segment.start, np.float32)
    for chunk in segment.chunks:
        start = chunk.start - segment.start
        factor = np.float32(linear(gains_db.get(chunk.chapter, 0.0)) / _FULL_SCALE)
        np.multiply(np.frombuffer(read_pcm(chunk), "<i2"), factor, out=samples[start : start + chunk.samples])
    return samples


def hops_of(segment: Segment, rate: int) -> int:
    """How many hops of 100 ms a segment has."""
    return -(-(segment.end - segment.start) // (rate // HOPS_PER_S))


def chapter_hops(segment: Segment, rate: int) -> Iterator[tuple[int, int, int]]:
    """Which hops of 100 ms of a segment belong to which chapter: rows ``(chapter, first, end)``."""
    hop = rate // HOPS_PER_S
    firsts: dict[int, int] = {}
    for chunk in segment.chunks:
        firsts.setdefault(chunk.chapter, (chunk.start - segment.start) // hop if firsts else 0)
    ends = [*list(firsts.values())[1:], hops_of(segment, rate)]
    for (chapter, first), end in zip(firsts.items(), ends, strict=True):
        yield chapter, first, end


def hop_levels(samples: Samples, rate: int) -> tuple[Energies, Energies]:
    """What levels are made of: for each hop of 100 ms the K-weighted, and the plain, mean square."""
    return hop_energies(samples, rate), mean_squares(samples, rate)


def master(samples: Samples, gain_db: float, ceiling_db: float) -> Samples:
    """Raise (or lower) the level and limit the peaks, in place.

    Args:
        samples: float32, (frames,).
        gain_db: what is added to the level.
        ceiling_db: what no peak exceeds, dBTP.

    Returns:
        The same samples.
    """
    if gain_db:
        samples *= np.float32(linear(gain_db))
    limit(samples, linear(ceiling_db))
    return samples


def to_pcm(samples: Samples, gain_db: float = 0.0) -> bytes:
    """Samples as signed 16-bit little-endian, their level changed by `gain_db`."""
    pcm = np.empty(len(samples), "<i2")
    factor = np.float32((_FULL_SCALE - 1) * linear(gain_db))
    for start in range(0, len(samples), _CACHED):
        scaled = samples[start : start + _CACHED] * factor
        np.rint(scaled, out=scaled)
        pcm[start : start + _CACHED] = np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1, out=scaled)
    return pcm.tobytes()


def sample_segments(segments: Sequence[Segment]) -> list[Segment]:
    """A few segments spread evenly over the book, on which the loss of the limiter is found."""
    count = min(_SAMPLE_PLACES, len(segments))
    return [segments[(2 * place + 1) * len(segments) // (2 * count)] for place in range(count)]


def limiter_loss(samples: Sequence[Samples], rate: int, *, unit: str, ceiling_db: float) -> float:
    """How much more the gain has to be because the limiter takes some of the level away, dB.

    It takes the more the higher the gain. How much is found by iteration on samples of the book, so that the whole is
    limited only once.

    Args:
        samples: of some of the book's segments, raised to the wanted level; of each 20 s from the middle are used.
        rate: samples a second.
        unit: of the level, as in `phases.presets`.
        ceiling_db: the limiter's, dBTP.

    Returns:
        The loss; 0 where they have no level (silent, or under 0.4 s).
    """
    parts = [_middle(part, _SAMPLE_S * rate) for part in samples]
    wanted = _level_of(parts, rate, unit)
    loss, step, missing = 0.0, 0.0, 0.0
    for _ in range(_ITERATIONS if np.isfinite(wanted) else 0):
        before, missing = missing, wanted - _level_of([master(p.copy(), loss, ceiling_db) for p in parts], rate, unit)
        if abs(missing) < _CLOSE_ENOUGH_DB:
            break
        # How much of a dB of gain is heard, by the last step: the more is limited, the less.
        heard = max(_LEAST_HEARD, (before - missing) / step) if step else 1.0
        step = missing / heard
        loss += step
    return loss


def _level_of(parts: Sequence[Samples], rate: int, unit: str) -> float:
    found = [hop_levels(part, rate) for part in parts]
    return level(unit, *(np.concatenate(row) for row in zip(*found, strict=True)))


def _middle(samples: Samples, length: int) -> Samples:
    start = max(0, (len(samples) - length) // 2)
    return samples[start : start + length]
