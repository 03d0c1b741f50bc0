"""What is taken away from voices that hum or hiss."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from soundbook import SoundBook
from test_sound_book import enhance, speak

from phases.audio.chunkfile import chunk_path, read_pcm, write_chunk
from phases.audio.cleaning import Cleaning, gated, high_passed
from phases.files import read_lines, write_lines

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


def humming(folder: Path) -> SoundBook:
    """A book whose voice hums at 50 Hz."""
    book = SoundBook(folder)
    book.write([("One", [("prose", "It was late, and nobody had told the old man.")])])
    speak(book)
    (row,) = read_lines(folder / "timings.jsonl")
    path = chunk_path(folder, row["audio_id"])
    spoken = np.frombuffer(read_pcm(path, row["samples"]), "<i2").astype(np.float32)
    hum = tone(50, 60, 0.05)[: len(spoken)] * 32768
    write_chunk(path, np.clip(spoken + hum, -32768, 32767).astype("<i2").tobytes(), RATE, row["words"])
    write_lines(folder / "timings.jsonl", [{**row, "size_bytes": path.stat().st_size}])
    return book


def share_of_hum(path: Path) -> float:
    """How much of the power of a file lies around 50 Hz."""
    with av.open(path) as container:
        samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])
        power = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
        frequencies = np.fft.rfftfreq(len(samples), 1 / container.streams.audio[0].rate)
    return float(power[(frequencies > 48) & (frequencies < 52)].sum() / power.sum())


def test_a_voice_is_cleaned_where_the_user_wants_it_and_not_else(tmp_path: Path) -> None:
    book = humming(tmp_path)
    shares = []
    for settings in ({}, {"high_pass_hz": 100, "noise_gate_db": -60.0}):
        plan, result = enhance(book, formats=["wav"], **settings)
        shares.append(share_of_hum(plan.attempt_dir / result.deliverables["wav"]))
    assert shares[0] > 0.02
    assert shares[1] < shares[0] / 100
