"""A look-ahead limiter without recursion: the gain is box(min(ceiling / envelope)), five milliseconds to either side.

It depends only on the samples near by, so a segment between two silences comes out the same alone or inside a book.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from phases.audio.loudness import Samples, interpolators

_REACH = 110  # samples to either side: 5 ms at 22,050 Hz
_WINDOW = 2 * _REACH + 1
_BLOCK = 256
_TAPS = 12
# The gain is 1 again a window beyond the last peak, so what lies farther from all peaks is left out.
_MARGIN = _WINDOW + _TAPS
# A block whose sample peak is this far under the ceiling (1.3 dB) cannot reach it between its samples.
_NEAR = 0.86
_TOGETHER = 1 << 15  # samples at a time, which stay in the processor's cache

Span = tuple[int, int]


def limit(samples: Samples, ceiling: float) -> None:
    """Bring the peaks of `samples` down to `ceiling`, in place.

    Args:
        samples: float32, (frames,).
        ceiling: linear magnitude that neither the samples nor the points half-way between them exceed.
    """
    for spans in _groups(_near_peaks(samples, ceiling)):
        # All at once, with silence between them, as most are so short that the calls would take longer than the work.
        silence = np.zeros(2 * _REACH, np.float32)
        parts = [silence]
        for low, high in spans:
            parts += [samples[low:high], silence]
        gain = _gain(np.concatenate(parts), ceiling)
        at = 0
        for low, high in spans:
            samples[low:high] *= gain[at : at + high - low]
            at += high - low + len(silence)


def _near_peaks(samples: Samples, ceiling: float) -> list[Span]:
    """Where the gain may be less than 1: blocks that come near the ceiling with what lies around them."""
    whole = len(samples) // _BLOCK * _BLOCK
    blocks = samples[:whole].reshape(-1, _BLOCK)
    peaks = np.maximum(blocks.max(axis=1, initial=0.0), -blocks.min(axis=1, initial=0.0))
    rest = float(np.abs(samples[whole:]).max(initial=0.0))
    near = np.flatnonzero(np.append(peaks, np.float32(rest)) > ceiling * _NEAR)
    if not len(near):
        return []
    breaks = np.flatnonzero(np.diff(near) * _BLOCK > 2 * _MARGIN + _BLOCK)
    firsts = near[np.concatenate(([0], breaks + 1))] * _BLOCK
    ends = (near[np.concatenate((breaks, [len(near) - 1]))] + 1) * _BLOCK
    return [
        (max(0, first - _MARGIN), min(len(samples), end + _MARGIN))
        for first, end in zip(firsts.tolist(), ends.tolist(), strict=True)
    ]


def _groups(spans: list[Span]) -> Iterator[list[Span]]:
    """The spans, so many at a time as are limited together."""
    group: list[Span] = []
    length = 0
    for low, high in spans:
        group.append((low, high))
        length += high - low
        if length >= _TOGETHER:
            yield group
            group, length = [], 0
    if group:
        yield group


def _gain(samples: Samples, ceiling: float) -> Samples:
    """The gain of all samples but the first and the last two times `_REACH`, which are silent."""
    wanted = np.asarray(ceiling / np.maximum(_envelope(samples), ceiling), np.float32)
    return _box(_sliding_minimum(wanted))


def _envelope(samples: Samples) -> Samples:
    """The magnitude on each sample and half-way to both neighbours; what is encoded has at least twice the rate."""
    between = np.abs(_half_way(samples))
    envelope = np.abs(samples)
    np.maximum(envelope, between, out=envelope)
    np.maximum(envelope[:-1], between[1:], out=envelope[:-1])
    return envelope


def _half_way(samples: Samples) -> Samples:
    """The signal half-way from each sample to the one before; 0 at both ends, which are silent."""
    (taps,) = interpolators(2)
    # Two samples at a time, which are equally far away: a tenth of what np.convolve takes.
    pairs = taps[_TAPS + 1 :] / (2 * taps[_TAPS + 1 :].sum())
    between = np.zeros_like(samples)
    inner, count = between[_TAPS : 1 - _TAPS], len(samples) - 2 * _TAPS + 1
    pair = np.empty_like(inner)
    for distance, tap in enumerate(pairs.astype(np.float32)):
        before, after = _TAPS - 1 - distance, _TAPS + distance
        np.add(samples[before : before + count], samples[after : after + count], out=pair)
        pair *= tap
        inner += pair
    return between


def _sliding_minimum(values: Samples) -> Samples:
    """The minimum over each whole window, by doubling the span of the minima."""
    minima, span = values, 1
    while span * 2 <= _WINDOW:
        minima = np.minimum(minima[:-span], minima[span:])
        span *= 2
    rest = _WINDOW - span
    return np.minimum(minima[: len(minima) - rest], minima[rest:]) if rest else minima


def _box(values: Samples) -> Samples:
    """The mean over each whole window, by doubling the span of the sums, which depend on nothing outside."""
    count = len(values) - _WINDOW + 1
    total = np.zeros(count, np.float32)
    sums, span, at = values, 1, 0
    while span <= _WINDOW:
        if _WINDOW & span:
            total += sums[at : at + count]
            at += span
        sums = sums[:-span] + sums[span:]
        span *= 2
    return total / np.float32(_WINDOW)
