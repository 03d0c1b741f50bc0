"""Where chunks, pauses and segments lie."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from soundbook import PAUSES

from phases.audio.timeline import FRAME_GRID, Division, Pauses, Timeline, lay_out, output_rate
from phases.contract import PermanentError, TransientError

RATE = 22_050
HOP = RATE // 10


def rows(*paragraphs: tuple[int, str, str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Text, chunks and timings of paragraphs (chapter, kind, text); a chunk a paragraph, 0.1 s a character."""
    text: list[dict[str, Any]] = []
    chunks: list[dict[str, Any]] = []
    timings: list[dict[str, Any]] = []
    for chapter, kind, words in paragraphs:
        number = 1 + sum(row["chapter"] == chapter for row in text)
        text.append({"chapter": chapter, "paragraph": number, "kind": kind, "text": words, "omit": None})
        if any(map(str.isalnum, words)):
            index = 1 + sum(row["chapter"] == chapter for row in chunks)
            sentence = {"paragraph": number, "start": 0, "end": len(words), "spoken": words}
            chunks.append({"chapter": chapter, "index": index, "sentences": [sentence]})
            place = {"chapter": chapter, "index": index, "audio_id": words}
            timings.append({**place, "samples": len(words) * HOP, "rate": RATE, "words": []})
    return text, chunks, timings


def gaps_s(timeline: Timeline) -> list[float]:
    chunks = timeline.chunks
    return [round((later.start - chunk.end) / RATE, 3) for chunk, later in itertools.pairwise(chunks)]


def test_each_kind_of_place_has_its_pause() -> None:
    paragraphs = [
        (1, "heading", "One"),
        (1, "prose", "First."),
        (1, "prose", "Second."),
        (1, "scene_break", "* * *"),
        (1, "prose", "Third."),
        (1, "heading", "Within"),
        (1, "prose", "Fourth."),
        (2, "heading", "Two"),
    ]
    timeline = lay_out(*rows(*paragraphs), Pauses(**PAUSES))
    assert gaps_s(timeline) == [1.0, 0.7, 1.5, 1.0, 1.0, 1.8]
    assert timeline.chunks[0].start == round(0.6 * RATE)
    assert timeline.samples - timeline.chunks[-1].end >= 1.5 * RATE


def test_two_chunks_of_a_paragraph_are_a_sentence_apart() -> None:
    text, chunks, timings = rows((1, "prose", "First one. Then two."))
    sentence = chunks[0]["sentences"][0]
    chunks[0]["sentences"] = [{**sentence, "end": 10}]
    chunks.append({"chapter": 1, "index": 2, "sentences": [{**sentence, "start": 11}]})
    timings.append({**timings[0], "index": 2})
    timeline = lay_out(text, chunks, timings, Pauses(**PAUSES))
    assert gaps_s(timeline) == [0.3]
    assert [chunk["index"] for chunk in timeline.ledger[0]["chunks"]] == [1, 2]


def test_segments_are_whole_frames_silent_at_both_ends_and_without_a_gap() -> None:
    timeline = lay_out(*rows(*[(1, "prose", "x" * 97) for _ in range(60)]), Pauses(**PAUSES))
    assert len(timeline.segments) > 5
    position = 0
    for segment in timeline.segments:
        assert segment.start == position
        assert (segment.end - segment.start) * 2 % FRAME_GRID == 0
        assert segment.chunks[0].start - segment.start >= HOP
        assert segment.end - segment.chunks[-1].end >= HOP
        assert (segment.end - segment.start) / RATE <= 120
        position = segment.end
    assert [chunk for segment in timeline.segments for chunk in segment.chunks] == list(timeline.chunks)


def test_where_chapters_have_files_each_has_its_own_head_and_tail() -> None:
    paragraphs = [(chapter, "prose", "x" * 97) for chapter in (1, 1, 2, 3)]
    timeline = lay_out(*rows(*paragraphs), Pauses(**{**PAUSES, "head_s": 0.75, "tail_s": 2.0}), Division())
    files = [segment for segment in timeline.segments if segment.ends_file]
    assert [{chunk.chapter for chunk in segment.chunks} for segment in files] == [{1}, {2}, {3}]
    for segment in files:
        assert segment.chunks[0].start - segment.start == pytest.approx(0.75 * RATE, abs=HOP)
        assert segment.end - segment.chunks[-1].end >= 2.0 * RATE


def test_a_chapter_that_is_too_long_for_a_file_gets_several_that_end_with_a_paragraph() -> None:
    timeline = lay_out(*rows(*[(1, "prose", "x" * 97) for _ in range(120)]), Pauses(**PAUSES), Division(600.0))
    ends = [segment.end for segment in timeline.segments if segment.ends_file]
    lengths = [(end - start) / RATE for start, end in zip([0, *ends], ends, strict=False)]
    assert len(lengths) > 1
    assert max(lengths) <= 600


def test_the_longest_pause_is_known() -> None:
    assert lay_out(*rows((1, "prose", "A."), (2, "prose", "B.")), Pauses(**PAUSES)).longest_pause_s >= 1.8


def test_no_pauses_at_all_still_leave_silence_at_the_joins() -> None:
    pauses = Pauses(**dict.fromkeys(PAUSES, 0.0))
    timeline = lay_out(*rows(*[(1, "prose", "x" * 97) for _ in range(30)]), pauses)
    for segment in timeline.segments:
        assert segment.chunks[0].start - segment.start >= HOP
        assert segment.end - segment.chunks[-1].end >= HOP


def test_the_ledger_has_a_row_for_every_row_of_the_text() -> None:
    text, chunks, timings = rows((1, "scene_break", ""), (1, "prose", "Yes."), (1, "scene_break", "***"))
    licence = {"chapter": 0, "paragraph": 1, "kind": "prose", "text": "Licence", "omit": {"rule": "r", "reason": "why"}}
    timeline = lay_out([licence, *text], chunks, timings, Pauses(**PAUSES))
    assert timeline.ledger[0] == {"chapter": 0, "paragraph": 1, "outcome": "omitted", "rule": "r", "reason": "why"}
    assert timeline.ledger[1] == {"chapter": 1, "paragraph": 1, "outcome": "pause", "from": 0.0, "to": 0.6}
    assert timeline.ledger[2]["chunks"] == [{"index": 1, "from": 0.6, "to": 1.0}]
    assert timeline.ledger[3]["from"] == 1.0
    assert timeline.ledger[3]["to"] == pytest.approx(timeline.samples / RATE, abs=1e-5)


def test_words_between_two_sentences_must_be_spoken_too() -> None:
    text, chunks, timings = rows((1, "prose", "First. Lost words. Last."))
    sentence = chunks[0]["sentences"][0]
    chunks[0]["sentences"] = [{**sentence, "end": 6}, {**sentence, "start": 19}]
    with pytest.raises(PermanentError, match="Lost words") as caught:
        lay_out(text, chunks, timings, Pauses(**PAUSES))
    assert caught.value.error_type == "unspoken_text"


def test_a_chunk_without_timing_is_missing() -> None:
    text, chunks, timings = rows((1, "prose", "First."), (1, "prose", "Second."))
    with pytest.raises(TransientError, match="Chunk 2 of chapter 1") as caught:
        lay_out(text, chunks, timings[:1], Pauses(**PAUSES))
    assert caught.value.error_type == "missing_chunk"


def test_a_chunk_of_no_paragraph_is_refused() -> None:
    text, chunks, timings = rows((1, "prose", "First."), (1, "prose", "Second."))
    with pytest.raises(PermanentError, match="paragraph 2 of chapter 1"):
        lay_out(text[:1], chunks, timings, Pauses(**PAUSES))


def test_a_book_without_words_is_empty() -> None:
    with pytest.raises(PermanentError) as caught:
        lay_out(*rows((1, "scene_break", "***")), Pauses(**PAUSES))
    assert caught.value.error_type == "empty"


def test_rates_become_44100_or_48000() -> None:
    assert [output_rate(rate) for rate in (22_050, 24_000, 16_000, 44_100)] == [44_100, 48_000, 48_000, 44_100]
    with pytest.raises(PermanentError, match="12345"):
        output_rate(12_345)
