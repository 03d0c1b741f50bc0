"""Loudness by EBU R128 / ITU-R BS.1770-4 and true peak, in numpy.

The K-weighting is applied in the frequency domain, hop by hop of 100 ms (Parseval), so it has no filter state: chunks
can be measured in any order and one number a hop is all that is kept. Against the time-domain filter the integrated
loudness of speech differs by about 0.002 LU.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from phases.presets import LUFS

Samples = npt.NDArray[np.float32]
Energies = npt.NDArray[np.float64]

HOPS_PER_S = 10
_HOPS_OF_FLOOR = 5
_HOPS_PER_BLOCK = 4  # 400 ms blocks with 75 % overlap
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE = 10 ** (-10 / 10)
_OFFSET_DB = -0.691
_HOPS_AT_ONCE = 16  # no more: arrays that fit into the processor's cache, and for which no memory is mapped anew

# The two filters of BS.1770-4 (tables 1 and 2), each numerator and denominator, for 48 kHz.
_STANDARD_RATE = 48_000
_K_WEIGHTING = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)

_OVERSAMPLING = 4
_TAPS_EACH_SIDE = 12
# Where content below a quarter of the sample rate peaks, one of the samples beside it has at least cos(pi / 4) of that:
# no band-limited signal falls from its peak faster than the cosine of its highest frequency (Duffin, Schaeffer, 1938).
_PEAK_EXCESS = 1.415


def hop_energies(samples: Samples, rate: int) -> Energies:
    """The mean square of the K-weighted signal in each hop of 100 ms.

    Args:
        samples: float32, (frames,); a last hop that is not whole counts as followed by silence.
        rate: samples a second, a multiple of 10.

    Returns:
        float64, (hops,).
    """
    hop = rate // HOPS_PER_S
    count = -(-len(samples) // hop)
    weights = _hop_weights(rate)
    energies = np.zeros(count)
    for first in range(0, count, _HOPS_AT_ONCE):
        part = samples[first * hop : (first + _HOPS_AT_ONCE) * hop]
        if len(part) % hop:
            part = np.pad(part, (0, -len(part) % hop))
        spectrum = np.fft.rfft(part.reshape(-1, hop), axis=1).view(np.float32)
        spectrum *= spectrum
        energies[first : first + len(spectrum)] = spectrum @ weights
    return energies


def mean_squares(samples: Samples, rate: int) -> Energies:
    """The mean square in each hop of 100 ms.

    Args:
        samples: float32, (frames,); a last hop that is not whole counts as followed by silence.
        rate: samples a second, a multiple of 10.

    Returns:
        float64, (hops,).
    """
    hop = rate // HOPS_PER_S
    whole = len(samples) // hop * hop
    blocks = samples[:whole].reshape(-1, hop)
    squares: Energies = np.einsum("ij,ij->i", blocks, blocks).astype(np.float64) / hop
    if whole == len(samples):
        return squares
    rest = samples[whole:].astype(np.float64)
    return np.append(squares, float(rest @ rest) / hop)


def level(unit: str, energies: Energies, squares: Energies) -> float:
    """The level of the hops of one signal in a preset's unit (`phases.presets`); minus infinity for silence."""
    return integrated_loudness(energies) if unit == LUFS else mean_level(squares)


def mean_level(squares: Energies) -> float:
    """The root mean square of the hops of one signal in dB of full scale; minus infinity for silence."""
    mean = float(squares.mean()) if len(squares) else 0.0
    return 10 * math.log10(mean) if mean > 0 else -math.inf


def noise_floor(squares: Energies) -> float:
    """The root mean square of the quietest half second in dB of full scale; minus infinity for silence."""
    if len(squares) < _HOPS_OF_FLOOR:
        return mean_level(squares)
    return mean_level(
        np.convolve(squares, np.full(_HOPS_OF_FLOOR, 1 / _HOPS_OF_FLOOR), mode="valid").min(keepdims=True)
    )


def integrated_loudness(energies: Energies) -> float:
    """Loudness in LUFS of the hops of one signal, gated as BS.1770 says.

    Args:
        energies: of `hop_energies`, (hops,).

    Returns:
        The loudness; minus infinity where all is below the gate or shorter than a block.
    """
    if len(energies) < _HOPS_PER_BLOCK:
        return -math.inf
    blocks = np.convolve(energies, np.full(_HOPS_PER_BLOCK, 1 / _HOPS_PER_BLOCK), mode="valid")
    blocks = blocks[blocks > 10 ** ((_ABSOLUTE_GATE_LUFS - _OFFSET_DB) / 10)]
    if not len(blocks):
        return -math.inf
    blocks = blocks[blocks > blocks.mean() * _RELATIVE_GATE]
    return _OFFSET_DB + 10 * math.log10(float(blocks.mean()))


def true_peak(samples: Samples, sizes: Samples, at_least: float = 0.0) -> float:
    """The highest magnitude between and on the samples, at four times the rate (BS.1770-4, annex 2).

    Args:
        samples: float32, (frames,), with content below a quarter of the rate.
        sizes: their magnitudes.
        at_least: a peak known already; only what can exceed it is looked at.

    Returns:
        The linear peak, or `at_least` where that is higher.
    """
    peak = max(at_least, float(sizes.max(initial=0.0)))
    near = np.flatnonzero(sizes > np.float32(peak / _PEAK_EXCESS))
    near = near[
        (sizes[near] >= sizes[np.maximum(near - 1, 0)]) & (sizes[near] >= sizes[np.minimum(near + 1, len(sizes) - 1)])
    ]
    if not len(near):
        return peak
    reach = _TAPS_EACH_SIDE
    # Between each such sample and both its neighbours; a window begins at the sample before and is one longer.
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (reach + 1, reach)), 2 * reach + 2)[near]
    taps = np.array(interpolators(_OVERSAMPLING)).T
    return max(peak, float(np.abs(windows[:, 1:] @ taps).max()), float(np.abs(windows[:, :-1] @ taps).max()))


def decibels(ratio: float) -> float:
    """A linear magnitude in dB; minus infinity for nothing."""
    return 20 * math.log10(ratio) if ratio > 0 else -math.inf


def linear(level_db: float) -> float:
    """A level in dB as a linear magnitude."""
    return float(10 ** (level_db / 20))


@cache
def interpolators(factor: int) -> tuple[npt.NDArray[np.float64], ...]:
    """For each of the `factor - 1` points between two samples the taps of a windowed sinc, (25,)."""
    at = np.arange(-_TAPS_EACH_SIDE, _TAPS_EACH_SIDE + 1, dtype=np.float64)
    filters = []
    for step in range(1, factor):
        distance = at - step / factor
        window = np.i0(7.0 * np.sqrt(np.maximum(0.0, 1 - (distance / (_TAPS_EACH_SIDE + 1)) ** 2))) / np.i0(7.0)
        taps = np.sinc(distance) * window
        filters.append(taps / taps.sum())
    return tuple(filters)


@cache
def _hop_weights(rate: int) -> npt.NDArray[np.float32]:
    """|K(f)|^2 for the real and for the imaginary part at each frequency of a hop's rfft.

    They are scaled so that the weighted sum of the squares of these parts is the mean square.
    """
    hop = rate // HOPS_PER_S
    frequencies = np.arange(hop // 2 + 1) * (rate / hop)
    # The response of the filters as the standard gives them, at 48 kHz, for every rate: filters designed for a low
    # rate bend it near their upper end. Above 24 kHz there is no sound.
    delay = np.exp(-2j * np.pi * np.minimum(frequencies, _STANDARD_RATE / 2) / _STANDARD_RATE)
    response = np.ones(len(delay))
    for numerator, denominator in _K_WEIGHTING:
        top = numerator[0] + numerator[1] * delay + numerator[2] * delay**2
        bottom = denominator[0] + denominator[1] * delay + denominator[2] * delay**2
        response = response * np.abs(top / bottom) ** 2
    response *= 2 / hop**2
    response[0] /= 2
    if hop % 2 == 0:
        response[-1] /= 2
    return np.repeat(response, 2).astype(np.float32)
