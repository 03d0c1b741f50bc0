"""Checks on a take: what is no speech is refused with numbers, and all that the real voice can give is let through."""

from __future__ import annotations

import json
import math
from array import array

import pytest

from phases.forks import run_in_forks
from phases.voices import Speech
from phases.voices.espeak import Espeak
from phases.voices.takes import BadTakeError, checked_pcm, longest_s, shortest_s

RATE = 22_050
TEXT = "Nobody had told the old man, who waited at the door."

# Each is hard on a voice: long or short for its length, or read out by name.
HARD = [
    "A.", "w", "x", "I", "Yes.", "MDCCCLXXXVIII", "W" * 200, "a" * 300, "N" + "o" * 599, "h" + "m" * 300, "ha" * 200,
    "ha " * 150, "1" + "0" * 300, "9" * 300, "12/31/1999", "23:59:59", "$1,234,567.89", "+49 (0)30 12345678",
    "https://www.example.com/a/b/c?x=1&y=2#frag", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "BBC WWW XKCD", "x²³⁴⁵⁶⁷⁸⁹", "½⅓⅔¼¾", "①②③④⑤⑥⑦⑧⑨⑩ a", "e" + "\u0301" * 200, "a\ufe0f" * 50, "😀" * 30,
    "👩\u200d👩\u200d👧" * 5, "名前は。", "東京都知事", "안녕하세요", "สวัสดีชาวโลก", "مرحبا بالعالم", "שלום עולם",
    "Здравствуй, мир!", "ሰላም ልዑል", "བོད་སྐད", "ភាសាខ្មែរ", "ⅠⅡⅢⅣⅤ", "ＡＢＣＤ", "ﬁﬂﬀ", "𓀀𓀁", "⠓⠑⠇⠇⠕",
    "㊀㊁㊂㋀", "𝔘𝔫𝔦", "∀x∈ℝ: x²≥0", "...", "* * *", "—", "!" * 300, "",
]  # fmt: skip


def tone(duration_s: float, peak: int = 10_000) -> bytes:
    """A sine of 441 Hz, signed 16-bit."""
    return array(
        "h", (round(peak * math.sin(number / 50 * math.tau)) for number in range(int(duration_s * RATE)))
    ).tobytes()


def check(pcm: bytes, text: str = TEXT, *, is_float: bool = False, rate: int = 160) -> bytes:
    return checked_pcm(Speech(pcm, (), is_float), text, sample_rate=RATE, rate=rate)


def refused(pcm: bytes, text: str = TEXT, *, is_float: bool = False) -> tuple[str, str]:
    with pytest.raises(BadTakeError) as caught:
        check(pcm, text, is_float=is_float)
    return caught.value.check, str(caught.value)


def test_the_samples_of_a_good_take_are_not_touched() -> None:
    pcm = tone(3.5)
    assert check(pcm) is pcm


@pytest.mark.parametrize("pcm", [b"", bytes(2 * RATE), tone(3.5, peak=32)])
def test_a_take_without_a_sound_is_refused_where_the_text_has_a_letter_or_digit(pcm: bytes) -> None:
    kind, message = refused(pcm)
    assert kind == "no_sound"
    assert f"none of {len(pcm) // 2} samples" in message
    assert check(pcm, "— … —") == pcm


def test_a_single_click_in_silence_is_a_sound_wherever_it_lies() -> None:
    for place in (0, 12_345, 2 * RATE - 1):
        samples = array("h", bytes(4 * RATE))
        samples[place] = -20_000
        assert check(samples.tobytes(), "Yes.")


def test_a_take_with_many_samples_at_full_scale_is_refused_with_their_share() -> None:
    kind, message = refused(array("h", [32_767] * RATE + [100] * 3 * RATE).tobytes())
    assert kind == "clipped"
    assert "25.0%" in message
    assert refused(array("h", [-32_768] * RATE + [100] * 3 * RATE).tobytes())[0] == "clipped"


def test_a_few_samples_at_full_scale_are_none_too_many() -> None:
    assert check(array("h", [32_767] * (RATE // 100) + [100] * 3 * RATE).tobytes())


def test_a_take_that_was_cut_off_or_does_not_end_is_refused_with_its_length_and_the_bound() -> None:
    kind, message = refused(tone(0.2))
    assert kind == "too_short"
    assert "it lasts 0.20 s for 52 characters, and 0.40 s is the least" in message
    kind, message = refused(tone(60))
    assert kind == "too_long"
    assert "it lasts 60.00 s for 52 characters, and 36.20 s is the most" in message


def test_the_bounds_go_with_the_rate() -> None:
    assert shortest_s(TEXT, 320) == pytest.approx(shortest_s(TEXT, 160) / 2)
    assert longest_s(TEXT, 80) == pytest.approx(longest_s(TEXT, 160) * 2)
    assert check(tone(60), rate=80)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
def test_floats_that_are_no_numbers_are_refused(odd: float) -> None:
    samples = array("f", [0.1] * 3 * RATE)
    samples[5], samples[6] = odd, odd
    kind, message = refused(samples.tobytes(), is_float=True)
    assert kind == "not_finite"
    assert f"2 of its {3 * RATE} samples" in message


def test_floats_become_whole_samples_and_those_beyond_full_scale_count_as_clipped() -> None:
    pcm = check(array("f", [0.5, -1.0, 1.0, 0.0] + [0.1] * 3 * RATE).tobytes(), is_float=True)
    assert array("h", pcm)[:4].tolist() == [16_384, -32_767, 32_767, 0]
    assert refused(array("f", [3.0] * RATE + [0.1] * 3 * RATE).tobytes(), is_float=True)[0] == "clipped"


@pytest.mark.parametrize(("voice", "rate"), [("gmw/en-US", 160), ("gmw/de", 80), ("zle/ru", 450)])
def test_whatever_the_real_voice_gives_for_a_hard_text_passes(voice: str, rate: int) -> None:
    engine = Espeak()

    def speak(text: str) -> bytes:
        speech = engine.speak(text, voice=voice, rate=rate, pitch=50)
        try:
            checked_pcm(speech, text, sample_rate=engine.sample_rate, rate=rate)
        except BadTakeError as error:
            return json.dumps([text, str(error)]).encode()
        return b""

    answers = list(run_in_forks(speak, HARD, 2))
    engine.close()
    assert [json.loads(answer) for answer in answers if answer] == []
