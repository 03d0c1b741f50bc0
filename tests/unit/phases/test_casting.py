"""Voices that misbehave: what they fail at is tried again, spoken by a fallback, or fails the book by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import odd_voices
import pytest
from soundbook import SoundBook

from phases import enhancement, synthesis
from phases.audio.chunkfile import chunk_path, read_chunk, read_pcm
from phases.contract import PermanentError, PhaseError, Result, TransientError
from phases.files import read_lines
from phases.forks import run_in_forks
from phases.voices import ENGINES
from phases.voices.espeak import Espeak

GOOD = ("It was late.", "Nobody came.", "The door stood open, and the old man laughed.")
FALLBACK = {"voice": "en-us", "fallback": ["de"]}


@pytest.fixture(autouse=True)
def _odd_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(ENGINES, "odd", odd_voices.SOURCE)
    monkeypatch.setenv("ODD_VOICES_CALLS", str(tmp_path / "calls"))


def book_of(folder: Path, *texts: str) -> SoundBook:
    book = SoundBook(folder / "book")
    book.write([("A", [("prose", text) for text in texts])])
    return book


def speak(book: SoundBook, **settings: object) -> Result:
    plan = book.plan("synthesis", engine="odd", **settings)
    result = synthesis.run(plan)
    book.keep(plan, result.artifacts)
    return result


def failure(book: SoundBook, **settings: object) -> PhaseError:
    with pytest.raises(PhaseError) as caught:
        speak(book, **settings)
    return caught.value


def asked(book: SoundBook) -> list[str]:
    """What the voices have been asked since this was called last, in any order."""
    path = book.folder.parent / "calls"
    calls = sorted(path.read_text().splitlines()) if path.exists() else []
    path.unlink(missing_ok=True)
    return calls


def timings(book: SoundBook) -> list[dict[str, Any]]:
    return list(read_lines(book.folder / "timings.jsonl"))


def audio(book: SoundBook) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (book.folder / "chunks").glob("*.wav")}


def test_a_good_take_is_written_as_the_voice_gave_it(tmp_path: Path) -> None:
    book = book_of(tmp_path, GOOD[2])
    speak(book)
    (row,) = timings(book)
    engine = Espeak()
    (pcm,) = run_in_forks(lambda text: engine.speak(text, voice="gmw/en-US", rate=160, pitch=50).pcm, GOOD[2:], 1)
    engine.close()
    assert read_pcm(chunk_path(book.folder, row["audio_id"]), row["samples"]) == pcm
    assert "fallback" not in row


def test_a_voice_that_gives_floats_is_written_as_whole_samples(tmp_path: Path) -> None:
    book = book_of(tmp_path, "These are FLOATS indeed.")
    speak(book)
    (row,) = timings(book)
    assert read_chunk(chunk_path(book.folder, row["audio_id"])).samples == row["samples"] > 10_000


@pytest.mark.parametrize(
    ("mark", "kind", "numbers", "times"),
    [
        ("SILENT", "no_sound", "samples is over 0 of 32767", 2),
        ("HISS", "no_sound", "is over 32 of 32767", 2),
        ("NOTHING", "no_sound", "none of 0 samples", 2),
        ("CLIPPED", "clipped", "% of its samples are at full scale", 2),
        ("CUT", "too_short", "s is the least", 2),
        ("ENDLESS", "too_long", "is the most", 2),
        ("NAN", "not_finite", "1 of its", 2),
        ("INF", "not_finite", "1 of its", 2),
        ("CRASH", "poisoned_chunk", "3 times its worker process was killed by SIGSEGV", 3),
        ("EXIT", "poisoned_chunk", "3 times its worker process was ended with exit code 3", 3),
    ],
)
def test_a_chunk_that_no_voice_can_speak_fails_the_book_after_all_others_are_spoken(
    tmp_path: Path, mark: str, kind: str, numbers: str, times: int
) -> None:
    bad = f"Here the {mark} voice has nothing proper to say about the weather of today."
    book = book_of(tmp_path, GOOD[0], bad, *GOOD[1:])
    error = failure(book)
    assert isinstance(error, PermanentError)
    assert error.error_type == kind
    for part in ("chapter 1, chunk 2", f"Here the {mark} voice", "gmw/en-US", numbers, "tts.fallback", "are kept"):
        assert part in str(error)
    assert asked(book) == sorted([f"wanted: {text}" for text in GOOD] + [f"wanted: {bad}"] * times)
    assert len(audio(book)) == 3
    failure(book)
    assert asked(book) == [f"wanted: {bad}"] * times


@pytest.mark.parametrize(
    ("mark", "kind", "reason", "times"),
    [
        ("REFUSE", "voice_refused", "it refuses the text (the model answered -1)", 2),
        ("BROKEN", "voice_crashed", "it failed with ZeroDivisionError: a bug of the voice", 2),
        ("KILLED", "poisoned_chunk", "3 times its worker process was killed by SIGKILL", 3),
    ],
)
def test_what_may_go_better_another_time_is_told_apart(
    tmp_path: Path, mark: str, kind: str, reason: str, times: int
) -> None:
    book = book_of(tmp_path, f"Please {mark} this.", *GOOD)
    error = failure(book)
    assert isinstance(error, TransientError)
    assert error.error_type == kind
    assert reason in str(error)
    assert "Run again" in str(error)
    assert len(asked(book)) == 3 + times


def test_the_traceback_of_a_broken_voice_is_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    failure(book_of(tmp_path, "It is BROKEN now."))
    assert "Traceback" in capfd.readouterr().err


def test_of_several_lost_chunks_the_first_in_the_book_is_named_and_the_others_counted(tmp_path: Path) -> None:
    error = failure(book_of(tmp_path, GOOD[0], "A CRASH here.", "One SILENT there.", "Please REFUSE this.", GOOD[1]))
    assert "chapter 1, chunk 2: “A CRASH here.”" in str(error)
    assert "So it is with 2 more chunks." in str(error)
    assert (error.error_type, error.permanent) == ("poisoned_chunk", True)


@pytest.mark.parametrize("mark", ["ONCE", "TWICE_CRASHED"])
def test_a_voice_that_does_better_at_another_try_speaks_the_chunk(tmp_path: Path, mark: str) -> None:
    book = book_of(tmp_path, GOOD[0], f"It fails {mark} here.")
    result = speak(book, **FALLBACK)
    assert (result.metrics["spoken"], result.metrics["fallback"]) == (2, 0)
    assert all("fallback" not in row for row in timings(book))
    assert [path.suffix for path in (book.folder / "chunks").iterdir()] == [".wav", ".wav"]


@pytest.mark.parametrize(
    ("mark", "kind"), [("SILENT", "no_sound"), ("CRASH", "poisoned_chunk"), ("REFUSE", "voice_refused")]
)
def test_a_fallback_speaks_what_the_wanted_voice_fails_at_and_it_is_recorded(
    tmp_path: Path, mark: str, kind: str
) -> None:
    bad = f"The {mark} voice."
    book = book_of(tmp_path, GOOD[0], bad, GOOD[1], bad)
    result = speak(book, **FALLBACK)
    counts = {name: result.metrics[name] for name in ("chunks", "spoken", "fallback", "reused")}
    assert counts == {"chunks": 4, "spoken": 3, "fallback": 2, "reused": 0}
    rows = timings(book)
    assert ["fallback" in row for row in rows] == [False, True, False, True]
    assert rows[1]["fallback"]["voice"] == "gmw/de"
    (refused,) = rows[1]["fallback"]["refused"]
    assert (refused["voice"], refused["type"]) == ("gmw/en-US", kind)
    german = Espeak()
    (pcm,) = run_in_forks(lambda text: german.speak(text, voice="gmw/de", rate=160, pitch=50).pcm, [bad], 1)
    german.close()
    assert read_pcm(chunk_path(book.folder, rows[1]["audio_id"]), rows[1]["samples"]) == pcm
    plan = book.plan("enhancement", formats=["mp3"])
    book.keep(plan, enhancement.run(plan).artifacts)
    ledger = [chunk for row in read_lines(book.folder / "ledger.jsonl") for chunk in row["chunks"]]
    assert [chunk.get("fallback") for chunk in ledger] == [row.get("fallback") for row in rows]


def test_a_later_run_asks_nobody_again_and_lists_the_same(tmp_path: Path) -> None:
    book = book_of(tmp_path, GOOD[0], "The SILENT voice.", "A CRASH here.")
    speak(book, **FALLBACK)
    first, listed = audio(book), (book.folder / "timings.jsonl").read_bytes()
    asked(book)
    assert speak(book, **FALLBACK).metrics["reused"] == 3
    assert asked(book) == []
    assert (audio(book), (book.folder / "timings.jsonl").read_bytes()) == (first, listed)


def test_a_lost_take_of_the_fallback_is_spoken_again_by_it_alone(tmp_path: Path) -> None:
    book = book_of(tmp_path, GOOD[0], "The SILENT voice.")
    speak(book, **FALLBACK)
    first, listed = audio(book), (book.folder / "timings.jsonl").read_bytes()
    asked(book)
    chunk_path(book.folder, timings(book)[1]["audio_id"]).unlink()
    speak(book, **FALLBACK)
    assert asked(book) == ["fallback: The SILENT voice."]
    assert (audio(book), (book.folder / "timings.jsonl").read_bytes()) == (first, listed)


def test_audio_that_the_fallback_voice_spoke_as_the_wanted_one_is_not_taken_for_a_fallback(tmp_path: Path) -> None:
    book = book_of(tmp_path, *GOOD)
    speak(book, voice="de", voice_is_default=False)
    asked(book)
    result = speak(book, voice="en-us", voice_is_default=False, fallback=["de"])
    assert (result.metrics["spoken"], result.metrics["fallback"]) == (3, 0)
    assert asked(book) == sorted(f"wanted: {text}" for text in GOOD)


def test_another_wanted_voice_speaks_what_the_first_has_failed_at(tmp_path: Path) -> None:
    book = book_of(tmp_path, "The SILENT voice.")
    speak(book, **FALLBACK)
    result = speak(book, voice="de", voice_is_default=False, fallback=["en-us"])
    assert result.metrics["fallback"] == 0
    asked(book)
    error = failure(book, voice="en-gb", voice_is_default=False, fallback=[])
    assert error.error_type == "no_sound"
    assert asked(book) == ["wanted: The SILENT voice."] * 2


def test_without_its_fallback_the_wanted_voice_is_asked_again(tmp_path: Path) -> None:
    book = book_of(tmp_path, "The SILENT voice.")
    speak(book, **FALLBACK)
    asked(book)
    assert failure(book).error_type == "no_sound"
    assert asked(book) == ["wanted: The SILENT voice."] * 2


def test_a_wanted_voice_that_has_spoken_after_all_is_preferred_from_then_on(tmp_path: Path) -> None:
    book = book_of(tmp_path, "It fails TWICE here.")
    assert speak(book, **FALLBACK).metrics["fallback"] == 1
    assert speak(book).metrics["fallback"] == 0
    first = audio(book)
    assert not list((book.folder / "chunks").glob("*.json"))
    asked(book)
    assert speak(book, **FALLBACK).metrics["fallback"] == 0
    (row,) = timings(book)
    chunk_path(book.folder, row["audio_id"]).unlink()
    (tmp_path / "calls").write_text("wanted: It fails TWICE here.\n" * 2)
    assert speak(book, **FALLBACK).metrics["fallback"] == 0
    assert audio(book) == first


def test_a_damaged_note_has_the_voice_asked_again(tmp_path: Path) -> None:
    book = book_of(tmp_path, "The SILENT voice.")
    speak(book, **FALLBACK)
    listed = (book.folder / "timings.jsonl").read_bytes()
    (note,) = (book.folder / "chunks").glob("*.json")
    for damage in (b"", b"{}", b"\xff", b"[1]"):
        note.write_bytes(damage)
        asked(book)
        speak(book, **FALLBACK)
        assert asked(book).count("wanted: The SILENT voice.") == 2
        assert (book.folder / "timings.jsonl").read_bytes() == listed


def test_where_the_fallback_fails_too_the_error_tells_of_both_and_the_next_run_asks_both(tmp_path: Path) -> None:
    bad = "SILENT for EVERYBODY here."
    book = book_of(tmp_path, bad, *GOOD)
    for _ in range(2):
        error = failure(book, **FALLBACK)
        assert error.error_type == "no_sound"
        assert "gmw/en-US: it gives no sound" in str(error)
        assert "gmw/de: it gives no sound" in str(error)
        calls = [call for call in asked(book) if bad in call]
        assert calls == [f"fallback: {bad}"] * 2 + [f"wanted: {bad}"] * 2
    assert not list((book.folder / "chunks").glob("*.json"))


def test_fallbacks_are_tried_in_their_order(tmp_path: Path) -> None:
    book = book_of(tmp_path, "The SILENT voice.")
    speak(book, fallback=["en-gb", "de", "fr"])
    (row,) = timings(book)
    assert row["fallback"]["voice"] == "gmw/de"
    assert [refused["voice"] for refused in row["fallback"]["refused"]] == ["gmw/en-US", "gmw/en"]


@pytest.mark.parametrize("texts", [GOOD, ()])
def test_an_unknown_fallback_is_an_error_before_anything_is_spoken(tmp_path: Path, texts: Sequence[str]) -> None:
    book = book_of(tmp_path, *texts)
    error = failure(book, fallback=["de", "germann"])
    assert error.error_type == "unknown_voice"
    for part in ("'germann'", "nearest names", "German", "tts.fallback"):
        assert part in str(error)
    assert asked(book) == []


def test_any_number_of_workers_gives_the_same_takes(tmp_path: Path) -> None:
    texts = (GOOD[0], "The SILENT voice.", GOOD[1], "A CRASH here.", GOOD[2], "Please REFUSE this.")
    made = []
    for cores in (1, 2):
        book = book_of(tmp_path / str(cores), *texts)
        book.cores = cores
        speak(book, **FALLBACK)
        made.append((audio(book), (book.folder / "timings.jsonl").read_bytes()))
    assert made[0] == made[1]
