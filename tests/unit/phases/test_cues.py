"""Subtitles: the book's own text, at most two lines, never two at once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from phases.cues import LINE_CHARACTERS, Cue, arranged, sentence_cues, to_srt, to_vtt, width


def sentence(text: str, start: int = 0, end: int | None = None, **changes: Any) -> dict[str, Any]:
    end = len(text) if end is None else end
    spoken = text[start:end]
    return {
        "paragraph": 1,
        "start": start,
        "end": end,
        "spoken": spoken,
        "map": [[0, len(spoken), start, end]],
        **changes,
    }


def words_of(text: str, seconds_a_character: float = 0.06) -> list[tuple[int, float]]:
    starts = [0] + [place + 1 for place, character in enumerate(text) if character == " "]
    return [(start, start * seconds_a_character) for start in starts]


LONG = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
    "it was the epoch of belief, it was the epoch of incredulity, it was the season of Light."
)


def test_a_short_sentence_is_one_cue() -> None:
    assert sentence_cues("He left.", sentence("He left."), words_of("He left."), 0.0, 0.6) == [
        Cue(0.0, 0.6, ("He left.",))
    ]


def test_a_long_sentence_is_parted_at_its_clauses() -> None:
    cues = sentence_cues(LONG, sentence(LONG), words_of(LONG), 0.0, len(LONG) * 0.06)
    assert " ".join(line for cue in cues for line in cue.lines) == LONG
    assert all(len(cue.lines) <= 2 and max(map(len, cue.lines)) <= LINE_CHARACTERS for cue in cues)
    assert all(cue.end_s - cue.start_s <= 7.0 for cue in cues)
    assert all(cue.lines[-1].endswith((",", ".")) for cue in cues)
    assert [cue.end_s for cue in cues[:-1]] == [cue.start_s for cue in cues[1:]]


def test_slow_speech_is_parted_by_time() -> None:
    text = "One, two, three, four."
    cues = sentence_cues(text, sentence(text), words_of(text, 0.6), 0.0, 13.0)
    assert len(cues) >= 2
    assert all(cue.end_s - cue.start_s <= 7.0 for cue in cues)


def test_the_text_is_the_books_where_it_is_spoken_otherwise() -> None:
    text = "Dr. Smith paid $5 at once."
    spoken = "Doctor Smith paid five dollars at once."
    rows = [[0, 6, 0, 3], [6, 18, 3, 15], [18, 30, 15, 17], [30, 39, 17, 26]]
    cues = sentence_cues(text, sentence(text, spoken=spoken, map=rows), [(0, 1.0), (7, 1.5), (31, 3.0)], 1.0, 4.0)
    assert cues == [Cue(1.0, 4.0, (text,))]


def test_scripts_without_spaces_are_parted_but_not_before_a_full_stop() -> None:
    text = "吾輩は猫である。名前はまだ無い。" * 5
    cues = sentence_cues(text, sentence(text), [], 0.0, 30.0)
    assert "".join(line for cue in cues for line in cue.lines) == text
    assert all(width(line) <= LINE_CHARACTERS for cue in cues for line in cue.lines)
    assert not any(line.startswith("。") for cue in cues for line in cue.lines)


def test_a_word_that_fits_no_line_is_parted() -> None:
    text = "x" * 500
    cues = sentence_cues(text, sentence(text), [], 0.0, 30.0)
    assert "".join(line for cue in cues for line in cue.lines) == text
    assert all(len(line) <= LINE_CHARACTERS for cue in cues for line in cue.lines)


def test_only_the_sentence_is_shown() -> None:
    text = "First one. Second one."
    assert sentence_cues(text, sentence(text, 11, 22), [(0, 2.0)], 2.0, 3.0) == [Cue(2.0, 3.0, ("Second one.",))]


def test_cues_never_overlap_and_short_ones_are_held() -> None:
    cues = list(arranged([Cue(0.0, 0.4, ("a",)), Cue(0.7, 1.2, ("b",)), Cue(5.0, 5.2, ("c",)), Cue(8.0, 8.3, ("d",))]))
    assert [(cue.start_s, cue.end_s) for cue in cues] == [(0.0, 0.7), (0.7, 1.7), (5.0, 6.0), (8.0, 8.3)]
    assert all(cue.end_s <= later.start_s for cue, later in pairwise(cues))


def test_srt_is_numbered_and_holds_no_second_arrow() -> None:
    srt = "".join(to_srt([Cue(0.0, 1.5, ("a --> b",)), Cue(3661.25, 3662.0, ("c", "d"))]))
    assert srt == ("1\n00:00:00,000 --> 00:00:01,500\na --\u2060> b\n\n2\n01:01:01,250 --> 01:01:02,000\nc\nd\n\n")


def test_vtt_escapes_its_markup() -> None:
    vtt = "".join(to_vtt([Cue(0.0, 1.5, ("<i>a & b --> c",))]))
    assert vtt == "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n&lt;i&gt;a &amp; b --&gt; c\n\n"


@pytest.mark.parametrize("text", ["", "   ", "\x00"])
def test_nothing_is_no_cue(text: str) -> None:
    assert sentence_cues(text, sentence(text), [], 0.0, 1.0) == []
