"""Loudness and peaks of signals whose figures are known."""

from __future__ import annotations

import math
import subprocess

import numpy as np
import pytest

from phases.audio.encoding import find_encoder
from phases.audio.limiter import limit
from phases.audio.loudness import (
    decibels,
    hop_energies,
    integrated_loudness,
    level,
    linear,
    mean_level,
    mean_squares,
    noise_floor,
    true_peak,
)
from phases.audio.mastering import hop_levels, limiter_loss, master, to_pcm
from phases.presets import LUFS, RMS

RATES = [22_050, 24_000, 44_100, 48_000]


def sine(frequency: float, rate: int, seconds: float, level_db: float = 0.0, phase: float = 0.0) -> np.ndarray:
    time_s = np.arange(int(rate * seconds)) / rate
    return (linear(level_db) * np.sin(2 * np.pi * frequency * time_s + phase)).astype(np.float32)


def speech_like(rate: int, seconds: float, level_db: float = -20.0) -> np.ndarray:
    """Noise in bursts: the loudness varies, and single peaks stand far above it."""
    noise = np.random.default_rng(7).standard_normal(int(rate * seconds))
    smooth = np.convolve(noise, np.ones(5) / 5, mode="same")
    bursts = np.repeat(np.random.default_rng(8).uniform(0.1, 1.0, int(seconds * 4) + 1), rate // 4)[: len(noise)]
    return (smooth * bursts * linear(level_db)).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_a_sine_of_997_hz_at_full_scale_has_the_published_loudness(rate: int) -> None:
    loudness = integrated_loudness(hop_energies(sine(997, rate, 20), rate))
    assert loudness == pytest.approx(-3.01, abs=0.02)  # ITU-R BS.1770-4, annex 1


def test_quiet_passages_are_gated_out() -> None:
    rate = 48_000  # EBU Tech 3341, case 3, in mono
    signal = np.concatenate(
        [sine(1000, rate, 10, -36.0), sine(1000, rate, 60, -23.0), sine(1000, rate, 10, -36.0)],
    )
    alone = integrated_loudness(hop_energies(sine(1000, rate, 60, -23.0), rate))
    assert integrated_loudness(hop_energies(signal, rate)) == pytest.approx(alone, abs=0.1)


def test_silence_and_less_than_a_block_have_no_loudness() -> None:
    assert integrated_loudness(hop_energies(np.zeros(44_100, np.float32), 44_100)) == -math.inf
    assert integrated_loudness(hop_energies(sine(997, 44_100, 0.3), 44_100)) == -math.inf


def test_loudness_agrees_with_ffmpeg() -> None:
    rate = 44_100
    signal = speech_like(rate, 20)
    done = subprocess.run(
        f"{find_encoder()} -f s16le -ar {rate} -ac 1 -i pipe:0 -af ebur128 -f null -".split(),
        input=to_pcm(signal),
        capture_output=True,
        check=True,
    )
    summary = done.stderr.decode().split("Integrated loudness:")[-1]
    theirs = float(summary.split("I:")[1].split("LUFS")[0])
    assert integrated_loudness(hop_energies(signal, rate)) == pytest.approx(theirs, abs=0.1)


def test_the_true_peak_lies_between_the_samples() -> None:
    rate = 48_000
    signal = sine(rate / 4, rate, 0.5, -6.0, phase=math.pi / 4)  # EBU Tech 3341, case 16: samples at -9 dB
    assert decibels(float(np.abs(signal).max())) == pytest.approx(-9.0, abs=0.05)
    inner = np.concatenate([np.zeros(64, np.float32), signal, np.zeros(64, np.float32)])
    assert decibels(true_peak(inner, np.abs(inner))) == pytest.approx(-6.0, abs=0.4)


def test_a_peak_that_is_known_already_is_kept() -> None:
    quiet, nothing = sine(997, 44_100, 0.1, -20.0), np.zeros(0, np.float32)
    assert true_peak(quiet, np.abs(quiet), at_least=0.9) == 0.9
    assert true_peak(nothing, nothing) == 0.0


@pytest.mark.parametrize("length", [1, 255, 256, 10_000, 22_050 * 3])
def test_the_limiter_holds_its_ceiling(length: int) -> None:
    signal = speech_like(22_050, 3, 0.0)[:length]
    ceiling = linear(-4.4)
    limit(signal, ceiling)
    assert float(np.abs(signal).max(initial=0.0)) <= ceiling * 1.0001
    assert decibels(true_peak(signal, np.abs(signal))) <= -4.4 + 0.5  # noise has more between its samples than speech


def test_the_limiter_leaves_alone_what_is_below_its_ceiling() -> None:
    signal = speech_like(22_050, 3, -30.0)
    before = signal.copy()
    limit(signal, linear(-4.4))
    assert np.array_equal(signal, before)


def test_the_limiter_gives_the_same_in_two_pieces_cut_at_a_silence() -> None:
    silence = np.zeros(4410, np.float32)
    first, second = speech_like(22_050, 2, 0.0), speech_like(22_050, 1, 0.0)
    whole = np.concatenate([first, silence, second])
    limit(whole, linear(-6.0))
    limit(first, linear(-6.0))
    assert np.array_equal(whole[: len(first)], first)


@pytest.mark.parametrize("unit", [LUFS, RMS])
def test_what_the_limiter_takes_is_known_before_the_book_is_limited(unit: str) -> None:
    rate = 22_050
    signal = speech_like(rate, 20, -10.0)
    raised = signal * np.float32(linear(-14.0 - level(unit, *hop_levels(signal, rate))))
    loss = limiter_loss([raised], rate, unit=unit, ceiling_db=-4.4)
    mastered = master(raised.copy(), loss, -4.4)
    assert level(unit, *hop_levels(mastered, rate)) == pytest.approx(-14.0, abs=0.1)
    assert loss > 0


def test_silence_loses_nothing() -> None:
    assert limiter_loss([np.zeros(22_050, np.float32)], 22_050, unit=LUFS, ceiling_db=-4.4) == 0.0


def test_the_noise_floor_is_the_quietest_half_second() -> None:
    rate = 22_050
    loud, quiet = sine(1000, rate, 2, -20.0), sine(1000, rate, 0.5, -70.0)
    squares = mean_squares(np.concatenate([loud, quiet, loud]), rate)
    assert noise_floor(squares) == pytest.approx(-73.01, abs=0.01)
    assert mean_level(squares[:20]) == pytest.approx(-23.01, abs=0.01)
    assert noise_floor(np.zeros(20)) == -math.inf
