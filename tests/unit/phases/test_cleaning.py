"""What is taken away from voices that hum or hiss."""

from __future__ import annotations

import numpy as np
import pytest

from phases.audio.cleaning import Cleaning, gated, high_passed

RATE = 22_050


def tone(frequency_hz: float, seconds: float, level: float) -> np.ndarray:
    return (level * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt((samples.astype(np.float64) ** 2).mean()))


def test_hum_goes_and_speech_stays() -> None:
    assert rms(high_passed(tone(40, 2, 0.1), RATE, 80)[2000:-2000]) < 0.1 * rms(tone(40, 2, 0.1))
    assert rms(high_passed(tone(200, 2, 0.1), RATE, 80)) == pytest.approx(rms(tone(200, 2, 0.1)), rel=0.01)


def test_hiss_between_words_is_silenced_and_the_words_are_not_touched() -> None:
    noise = np.random.default_rng(1).normal(0, 0.001, 2 * RATE).astype(np.float32)  # -60 dB
    samples = noise.copy()
    samples[RATE : RATE + RATE // 2] += tone(300, 0.5, 0.3)
    cleaned = gated(samples, RATE, -50)
    assert not cleaned[: RATE - RATE // 5].any()
    assert not cleaned[-RATE // 4 :].any()
    assert np.array_equal(cleaned[RATE : RATE + RATE // 2], samples[RATE : RATE + RATE // 2])


def test_where_nothing_is_wanted_not_a_bit_changes() -> None:
    pcm = bytes(range(200))
    assert Cleaning().applied(lambda: pcm, RATE) is pcm


def test_both_together_give_whole_samples_of_the_same_number() -> None:
    pcm = (tone(300, 0.3333, 0.5) * 32767).astype("<i2").tobytes()
    cleaned = Cleaning(high_pass_hz=80, noise_gate_db=-60.0).applied(lambda: pcm, RATE)
    assert len(cleaned) == len(pcm)
