"""Voices: which one reads a language, what it is given, and what becomes of trouble."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import espeakng_loader
import pytest
from soundbook import SoundBook

from phases import synthesis
from phases.contract import PermanentError, TransientError
from phases.files import read_lines
from phases.forks import run_in_forks
from phases.voices.dictionary import unknown_words
from phases.voices.espeak import Espeak, EspeakVoice, VoiceEntry
from phases.voices.espeak_text import speakable, word_times
from phases.voices.languages import choose_voice


@pytest.fixture(scope="module")
def entries() -> tuple[list[VoiceEntry], list[VoiceEntry]]:
    engine = Espeak()
    found = engine.voices(), engine.voices("variant")
    engine.close()
    return found


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "gmw/en-US"),
        ("en-GB", "gmw/en-US"),
        ("eng", "gmw/en-US"),
        (None, "gmw/en-US"),
        ("und", "gmw/en-US"),
        ("de-AT", "gmw/de"),
        ("ger", "gmw/de"),
        ("fr", "roa/fr"),
        ("fr-CH", "roa/fr-CH"),
        ("pt-BR", "roa/pt-BR"),
        ("pt", "roa/pt"),
        ("zh-Hant-TW", "sit/cmn"),
        ("nn", "gmq/nb"),
        ("no", "gmq/nb"),
        ("es_MX", "roa/es-419"),
    ],
)
def test_the_default_voice_gives_way_to_the_books_language(
    entries: tuple[list[VoiceEntry], list[VoiceEntry]], language: str | None, voice: str
) -> None:
    assert choose_voice(language, "en-us", *entries, is_default=True) == voice


@pytest.mark.parametrize(
    ("setting", "voice"),
    [
        ("en-gb", "gmw/en"),
        ("EN-US", "gmw/en-US"),
        ("English (America)", "gmw/en-US"),
        ("gmw/de", "gmw/de"),
        ("en-us+f3", "gmw/en-US+f3"),
        ("de+Alex", "gmw/de+Alex"),
    ],
)
def test_a_voice_that_the_user_set_reads_every_language(
    entries: tuple[list[VoiceEntry], list[VoiceEntry]], setting: str, voice: str
) -> None:
    assert choose_voice("fr", setting, *entries, is_default=False) == voice


def test_a_language_without_a_voice_is_named(entries: tuple[list[VoiceEntry], list[VoiceEntry]]) -> None:
    with pytest.raises(PermanentError, match=r"'tlh'.*tts\.voice") as caught:
        choose_voice("tlh", "en-us", *entries, is_default=True)
    assert caught.value.error_type == "no_voice"


@pytest.mark.parametrize(("setting", "nearest"), [("en-uss", "en-us"), ("Germann", "German"), ("en-us+f33", "f3")])
def test_an_unknown_voice_is_answered_with_the_nearest_names(
    entries: tuple[list[VoiceEntry], list[VoiceEntry]], setting: str, nearest: str
) -> None:
    with pytest.raises(PermanentError, match="nearest names") as caught:
        choose_voice("en", setting, *entries, is_default=False)
    assert nearest in str(caught.value)


def test_every_voice_of_the_data_can_be_chosen(entries: tuple[list[VoiceEntry], list[VoiceEntry]]) -> None:
    for entry in entries[0]:
        assert choose_voice("en", entry.identifier, *entries, is_default=False) == entry.identifier


def test_what_cannot_be_spoken_counts_as_a_space() -> None:
    assert speakable("a\x00b\x01c\ud800d\ue000e\u0530f\n") == "a b c d e f "


def test_the_first_event_inside_a_word_is_its_time() -> None:
    text = "In 1984, he"
    assert word_times(text, [(0, 0), (3, 100), (4, 200), (9, 300)], 100) == ((0, 2, 0.0), (3, 7, 1.0), (9, 11, 3.0))


def test_scripts_without_spaces_have_a_word_an_event() -> None:
    assert word_times("名前は。", [(0, 0), (2, 50)], 100) == ((0, 2, 0.0), (2, 3, 0.5))


def test_data_behind_a_long_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100) / "espeak-ng-data"
    deep.parent.mkdir(parents=True)
    deep.symlink_to(espeakng_loader.get_data_path())
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep))

    def speak(_: int) -> bytes:
        engine = Espeak()
        pcm = EspeakVoice(engine, "gmw/en-US", 160, 50).speak("Yes.").pcm
        engine.close()
        return pcm

    (pcm,) = run_in_forks(speak, [0], 1)
    assert len(pcm) > 10_000


def test_the_same_text_has_the_same_bytes_whatever_was_said_before(tmp_path: Path) -> None:
    first, second = SoundBook(tmp_path / "1"), SoundBook(tmp_path / "2")
    first.write([("A", [("prose", "It rained, and then it rained."), ("prose", "Nobody came.")])])
    second.write([("A", [("prose", "Nobody came."), ("prose", "Wholly different."), ("prose", "Nobody came.")])])
    for book in (first, second):
        plan = book.plan("synthesis")
        book.keep(plan, synthesis.run(plan).artifacts)
    audio_id = list(read_lines(first.folder / "timings.jsonl"))[1]["audio_id"]
    one, two = (book.folder / "chunks" / f"{audio_id}.wav" for book in (first, second))
    assert one.read_bytes() == two.read_bytes()


def test_a_voice_that_was_loaded_before_changes_nothing_of_what_another_speaks() -> None:
    def spoken(*loaded: str) -> bytes:
        def speak(_task: None) -> bytes:
            engine = Espeak()
            for name in loaded:
                voice = engine.voice(name, {"rate": 160, "pitch": 50})
            return voice.speak("The café is closed, and 1984 is over.").pcm

        (pcm,) = run_in_forks(speak, [None], 1)
        return pcm

    alone = spoken("gmw/en-US")
    assert alone == spoken("gmw/de", "gmw/en-US") == spoken("gmw/en-US+f3", "sit/cmn", "gmw/en-US")
    assert alone != spoken("gmw/de")


def test_another_voice_rate_or_pitch_is_another_sound(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "Yes.")])])
    for settings in ({}, {"rate": 200}, {"pitch": 70}, {"voice": "en-gb", "voice_is_default": False}):
        synthesis.run(book.plan("synthesis", **settings))
    assert len(list((tmp_path / "chunks").iterdir())) == 4


def test_a_crash_of_the_voice_names_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_engine: Espeak, text: str, **_: object) -> None:
        if "whale" in text:
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(Espeak, "speak", crash)
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "The whale crashed it.")])])
    with pytest.raises(TransientError, match="The whale crashed it") as caught:
        synthesis.run(book.plan("synthesis"))
    assert caught.value.error_type == "poisoned_chunk"


def test_letters_without_a_sound_fail_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from phases.voices import Speech

    monkeypatch.setattr(Espeak, "speak", lambda *_args, **_settings: Speech(bytes(200), ()))
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "The whale is mute.")])])
    with pytest.raises(PermanentError, match="The whale is mute") as caught:
        synthesis.run(book.plan("synthesis"))
    assert caught.value.error_type == "no_sound"


def test_leftovers_of_killed_workers_are_cleared(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "Yes.")])])
    (tmp_path / "chunks").mkdir()
    (tmp_path / "chunks" / ".half.wav.99.tmp").write_bytes(b"half")
    synthesis.run(book.plan("synthesis"))
    assert [path.suffix for path in (tmp_path / "chunks").iterdir()] == [".wav"]
    shutil.rmtree(tmp_path / "chunks")


def test_words_that_the_dictionary_of_a_voice_does_not_know_are_found() -> None:
    def told(_: int) -> bytes:
        engine = Espeak()
        engine.select("gmw/en-US", 160, 50)
        words = ["Colonel", "Watson", "Hermione", "the", "Zyxgorth", "cholmondeley", "o'clock"]
        return ",".join(unknown_words(engine, words)).encode()

    assert next(iter(run_in_forks(told, [1], 1))) == b"Hermione,Zyxgorth,cholmondeley"
