"""What is wrong with a finished file is said with its numbers, and nothing is said of one that is right."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import pytest

from phases.audio.checking import Wanted, damage, misses, sound_faults
from phases.audio.tags import Cover
from phases.audio.verifying import Measured, Sound
from phases.presets import PRESETS

COVER = Cover(b"\xff\xd8\xff a picture", "jpg")
WANTED = Wanted(
    name="m4b",
    duration_s=10.0,
    starts_s=[0.0, 4.0],
    checksum=7,
    tags={"title": "Tea", "album": "Tea", "artist": "Ann Author"},
    chapters=[(0.0, "One"), (4.0, "Two")],
    cover=COVER,
    longest_pause_s=1.8,
)
SOUND = Sound(10.0, -19.0, -20.0, -3.5, -90.0)
FOUND = Measured(
    whole=SOUND,
    parts=[replace(SOUND, duration_s=4.0), replace(SOUND, duration_s=6.0)],
    longest_silence_s=1.9,
    checksum=7,
    tags={**WANTED.tags, "cover": str(zlib.crc32(COVER.data))},
    chapters=WANTED.chapters,
)


def test_a_file_that_is_what_was_put_into_it_has_no_fault() -> None:
    assert [*damage(WANTED, FOUND), *sound_faults(WANTED, FOUND)] == []
    assert misses(SOUND, PRESETS["audiobook"], is_file=True) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"whole": replace(SOUND, duration_s=10.06)}, "the m4b lasts 10.060 s, not 10.000 s"),
        ({"checksum": 8}, "the m4b holds other frames than were encoded (CRC 00000008, not 00000007)"),
        (
            {"parts": [replace(SOUND, duration_s=4.06), FOUND.parts[1]]},
            "part 1 of the m4b, from 0.000 s on, lasts 4.060 s, not 4.000 s",
        ),
        (
            {"parts": [FOUND.parts[0], replace(FOUND.parts[1], offset_s=0.06)]},
            "part 2 of the m4b, from 4.000 s on, is heard 60 ms late",
        ),
        (
            {"parts": [FOUND.parts[0], replace(FOUND.parts[1], likeness=0.79)]},
            "part 2 of the m4b, from 4.000 s on, does not sound like what was encoded (correlation 0.79)",
        ),
        ({"tags": {**FOUND.tags, "title": "Te"}}, "the m4b is tagged with the title 'Te', not 'Tea'"),
        ({"tags": {**FOUND.tags, "cover": "0"}}, "the m4b has another cover than was put into it"),
        ({"chapters": [(0.0, "One")]}, "the m4b has 1 chapters, not 2"),
        (
            {"chapters": [(0.0, "One"), (4.06, "Two")]},
            "chapter 2 of the m4b is 'Two' at 4.060 s, not 'Two' at 4.000 s",
        ),
        (
            {"chapters": [(0.0, "On"), (4.0, "Two")]},
            "chapter 1 of the m4b is 'On' at 0.000 s, not 'One' at 0.000 s",
        ),
        ({"longest_silence_s": 2.81}, "the m4b is silent for 2.81 s, where the longest pause is 1.80 s"),
        ({"whole": replace(SOUND, true_peak_dbtp=0.0)}, "the m4b clips: it peaks at +0.00 dBTP"),
    ],
)
def test_each_fault_is_said_with_its_numbers(change: dict[str, Any], said: str) -> None:
    found = replace(FOUND, **change)
    assert [*damage(WANTED, found), *sound_faults(WANTED, found)] == [said]


def test_fifty_milliseconds_and_a_second_more_of_silence_are_allowed() -> None:
    found = replace(
        FOUND,
        whole=replace(SOUND, duration_s=10.049),
        parts=[replace(SOUND, duration_s=4.049), replace(SOUND, duration_s=6.0, offset_s=0.05)],
        longest_silence_s=2.8,
    )
    assert [*damage(WANTED, found), *sound_faults(WANTED, found)] == []


@pytest.mark.parametrize(
    ("preset", "change", "said"),
    [
        ("audiobook", {"loudness_lufs": -20.1}, "-20.10 LUFS, not -20 to -18"),
        ("audiobook", {"true_peak_dbtp": -2.9}, "peak -2.90 dBTP, over -3"),
        ("acx", {"rms_db": -17.9}, "-17.90 dB RMS, not -23 to -18"),
        ("acx", {"noise_floor_db": -59.0}, "noise floor -59.00 dB, over -60"),
        ("acx", {"duration_s": 7260.0}, "121.0 min, over 120"),
        ("podcast", {"loudness_lufs": -19.0}, "-19.00 LUFS, not -17 to -15"),
    ],
)
def test_where_a_sound_misses_its_preset_is_said_with_the_numbers(
    preset: str, change: dict[str, float], said: str
) -> None:
    sound = replace(SOUND, **{"loudness_lufs": PRESETS[preset].level_db, **change})
    assert misses(sound, PRESETS[preset], is_file=True) == [said]
