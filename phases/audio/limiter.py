"""A look-ahead limiter without recursion: the gain is box(min(ceiling / envelope)), five milliseconds to either side.

It depends only on the samples near by, so a segment between two silences comes out the same alone or inside a book.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from phases.audio.loudness import Samples, interpolators

_REACH = 110  # samples to either side: 5 ms at 22,050 Hz
_WINDOW = 2 * _REACH + 1
_BLOCK = 256
_TAPS = 12
# A block whose sample peak is this far under the ceiling (1.3 dB) cannot reach it between its samples.
_NEAR = 0.86


def limit(samples: Samples, ceiling: float) -> None:
    """Bring the peaks of `samples` down to `ceiling`, in place.

    Args:
        samples: float32, (frames,).
        ceiling: linear magnitude that neither the samples nor the points half-way between them exceed.
    """
    for first, last in _hot_runs(samples, ceiling):
        # The gain is 1 again a window beyond the last peak, so runs can be treated one by one.
        margin = _WINDOW + _TAPS
        low, high = max(0, first - margin), min(len(samples), last + margin)
        part = samples[low:high]
        envelope = _envelope(part)
        if envelope.max() <= ceiling:
            continue
        wanted = np.minimum(1.0, ceiling / np.maximum(envelope, 1e-9))
        part *= _box(_sliding_minimum(wanted)).astype(np.float32)


def _hot_runs(samples: Samples, ceiling: float) -> list[tuple[int, int]]:
    """Where blocks come near the ceiling, joined where their margins would overlap: rows (first, end)."""
    whole = len(samples) // _BLOCK * _BLOCK
    blocks = samples[:whole].reshape(-1, _BLOCK)
    peaks = np.maximum(blocks.max(axis=1, initial=0.0), -blocks.min(axis=1, initial=0.0))
    rest = float(np.abs(samples[whole:]).max(initial=0.0))
    hot = np.flatnonzero(np.append(peaks, np.float32(rest)) > ceiling * _NEAR)
    if not len(hot):
        return []
    breaks = np.flatnonzero(np.diff(hot) * _BLOCK > 2 * (_WINDOW + _TAPS) + _BLOCK)
    firsts = hot[np.concatenate(([0], breaks + 1))]
    lasts = hot[np.concatenate((breaks, [len(hot) - 1]))]
    return [(int(first) * _BLOCK, (int(last) + 1) * _BLOCK) for first, last in zip(firsts, lasts, strict=True)]


def _envelope(samples: Samples) -> npt.NDArray[np.float64]:
    """The magnitude on each sample and half-way to both neighbours; what is encoded has at least twice the rate."""
    (half,) = interpolators(2)
    exact = samples.astype(np.float64)
    between = np.abs(np.convolve(exact, half, mode="same"))
    envelope = np.maximum(np.abs(exact), between)
    envelope[1:] = np.maximum(envelope[1:], between[:-1])
    envelope[:-1] = np.maximum(envelope[:-1], between[1:])
    return envelope


def _sliding_minimum(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The minimum over a window around each value, by doubling the span of the minima."""
    minima = _extended(values)
    span = 1
    while span * 2 <= _WINDOW:
        minima = np.minimum(minima[:-span], minima[span:])
        span *= 2
    rest = _WINDOW - span
    return np.minimum(minima[: len(minima) - rest], minima[rest:]) if rest else minima


def _box(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean over a window around each value."""
    sums = np.zeros(len(values) + _WINDOW)
    np.cumsum(_extended(values), out=sums[1:])
    return np.asarray((sums[_WINDOW:] - sums[:-_WINDOW]) / _WINDOW)


def _extended(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The values with the first and the last one repeated at both ends; `np.pad` takes as long as all the rest."""
    extended = np.empty(len(values) + 2 * _REACH)
    extended[:_REACH] = values[0]
    extended[_REACH:-_REACH] = values
    extended[-_REACH:] = values[-1]
    return extended
