"""The pronunciation lexicon: which words it finds, what is said, and what a bad pattern costs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from book_files import text_book
from soundbook import SoundBook

from phases import synthesis
from phases.contract import PermanentError
from phases.forks import run_in_forks
from phases.ipa import SOUNDS, signs
from phases.spoken.wording import Wording
from phases.voices.espeak import Espeak
from phases.voices.espeak_text import transcribed


def said(text: str, *entries: dict[str, Any], language: str = "en") -> str:
    return " ".join(form.text for _, form in Wording(language, lexicon=entries).sentences(text, 600))


def test_whole_words_and_phrases_are_found_and_come_before_all_rules() -> None:
    hermione = {"text": "Hermione", "say": "her-MY-oh-nee"}
    assert said("Hermione met Hermiones.", hermione) == "her-MY-oh-nee met Hermiones."
    assert said("In 1984 he\nread Dr. No.", {"text": "1984", "say": "the book"}) == "In the book he read Doctor No."
    assert said("St. John came.", {"text": "St. John", "say": "Sinjin"}) == "Sinjin came."
    assert (
        said("The Dr. Who.", {"text": "Dr. Who", "say": "the Doctor"}, {"text": "Dr.", "say": "x"}) == "The the Doctor."
    )


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"text": "Reading", "say": "Redding"}, "Redding is reading Redding."),
        ({"text": "reading", "say": "redding"}, "redding is redding redding."),
        ({"text": "Reading", "say": "Redding", "case": "exact"}, "Redding is reading reading."),
        ({"text": "Reading", "say": "Redding", "case": "any"}, "Redding is Redding Redding."),
        ({"text": "Reading", "say": "Redding", "language": "en-GB"}, "Reading is reading reading."),
    ],
)
def test_case_and_language_decide_where_an_entry_holds(entry: dict[str, str], expected: str) -> None:
    assert said("Reading is reading READING.", entry) == expected


def test_an_entry_for_a_language_is_for_its_regions() -> None:
    entry = {"text": "gif", "say": "jif", "language": "en"}
    assert said("A gif.", entry, language="en-GB") == "A jif."
    assert said("Ein gif.", entry, language="de") == "Ein gif."


def test_a_pattern_has_groups_and_case() -> None:
    version = {"pattern": r"\bv(\d+)\b", "say": r"version \1"}
    assert said("It is v2.", version) == "It is version 2."
    assert said("It is V2.", version | {"case": "any"}) == "It is version 2."
    assert said("Keep it.", {"pattern": "x*", "say": "y"}) == "Keep it."


def test_the_entry_that_comes_last_wins() -> None:
    assert said("A tomato.", {"text": "tomato", "say": "one"}, {"text": "tomato", "say": "two"}) == "A two."
    assert said("A v2.", {"pattern": r"v\d", "say": "one"}, {"pattern": r"v(\d)", "say": "two"}) == "A two."


def test_a_pattern_that_backtracks_for_ever_is_stopped_and_named(tmp_path: Path) -> None:
    book = text_book(tmp_path, "a.txt", f"It is {'a' * 60}! And on.\n")
    began = time.process_time()
    with pytest.raises(PermanentError, match=r"\(a\|aa\)\+\$") as caught:
        book.chunks(lexicon=[{"pattern": "(a|aa)+$", "say": "b"}])
    assert time.process_time() - began < 9
    assert caught.value.error_type == "lexicon"


def test_a_changed_entry_changes_the_chunks_that_have_the_word_and_no_others(tmp_path: Path) -> None:
    book = text_book(tmp_path, "a.txt", "Nguyen came. He sat. So did Nguyen.\n\nNobody else.\n")
    before = [chunk["text_id"] for chunk in book.chunks()]
    after = [chunk["text_id"] for chunk in book.chunks(lexicon=[{"text": "Nguyen", "say": "win"}])]
    again = [chunk["text_id"] for chunk in book.chunks(lexicon=[{"text": "Nguyen", "ipa": "wɪn"}])]
    differ = [number for number, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert differ == [0, 2]
    assert [a == b for a, b in zip(before, again, strict=True)] == [False, True, False, True]
    assert book.chunks(book_lexicon=[{"text": "Nguyen", "say": "new"}])[0]["sentences"][0]["spoken"] == "new came."


def test_a_changed_entry_speaks_anew_what_it_touches_in_every_book_and_nothing_else(tmp_path: Path) -> None:
    texts = {"a": "Nguyen came. He sat.\n", "b": "She saw Nguyen. It rained. So did Nguyen.\n", "c": "Nobody came.\n"}

    def spoken(lexicon: list[dict[str, str]]) -> list[int]:
        counts = []
        for name, text in texts.items():
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            made, book = text_book(folder, "a.txt", text), SoundBook(folder / "sound")
            made.chunks(lexicon=lexicon)
            book.folder.mkdir(exist_ok=True)
            for artifact in ("book.json", "text.jsonl", "chunks.jsonl"):
                (book.folder / artifact).write_bytes((made.folder / artifact).read_bytes())
            book.attempts = len(list(book.folder.glob("attempts/*")))
            counts.append(synthesis.run(book.plan("synthesis")).metrics["spoken"])
        return counts

    assert spoken([{"text": "Nguyen", "say": "win"}]) == [2, 3, 1]
    assert spoken([{"text": "Nguyen", "say": "new yen"}]) == [1, 2, 0]
    assert spoken([{"text": "Nguyen", "say": "new yen"}]) == [0, 0, 0]


def test_a_transcription_stays_beside_the_word_until_a_voice_is_told(tmp_path: Path) -> None:
    book = text_book(tmp_path, "a.txt", "So Cholmondeley and Nguyen came.\n")
    entries = [{"text": "Cholmondeley", "ipa": "ˈtʃʌmli"}, {"text": "Nguyen", "say": "win", "ipa": "wɪn"}]
    sentence = book.chunks(lexicon=entries)[0]["sentences"][0]
    assert sentence["spoken"] == "So Cholmondeley and win came."
    assert sentence["phonemes"] == [[3, 15, "ˈtʃʌmli"], [20, 23, "wɪn"]]


def test_espeak_speaks_a_transcription_and_its_word_times_stay_with_the_words() -> None:
    def heard(phonemes: Any) -> bytes:
        engine = Espeak()
        speech = engine.speak("So Cholmondeley came.", phonemes, voice="gmw/en-US", rate=160, pitch=50)
        return repr((len(speech.pcm), [(a, b) for a, b, _ in speech.words])).encode()

    plain, told = run_in_forks(heard, [(), ((3, 15, "ˈtʃʌmli"),)], 1)
    assert eval(plain)[0] > eval(told)[0]
    assert eval(plain)[1] == eval(told)[1] == [(0, 2), (3, 15), (16, 20)]


def test_every_sign_of_the_alphabet_can_be_given_to_voices_of_several_languages() -> None:
    def told(voice: str) -> bytes:
        engine = Espeak()
        engine.speak("a", voice=voice, rate=160, pitch=50)
        return engine._mnemonics("".join(SOUNDS)).encode()

    for mnemonics in run_in_forks(told, ["gmw/en-US", "gmw/de", "roa/fr"], 1):
        assert mnemonics
        assert b"[" not in mnemonics
        assert b"]" not in mnemonics


def test_brackets_of_a_book_are_no_phonemes_even_beside_a_transcription() -> None:
    told = transcribed("say [[h@l'oU]] to X", [(18, 19, "Eks")])
    assert told.text == "say ((h@l'oU)) to [[Eks]]"
    assert [told.offset(number) for number in (0, 4, 17, 18, 22, 25)] == [0, 4, 17, 18, 18, 19]


def test_what_is_no_sign_of_the_alphabet_is_named() -> None:
    assert list(signs("/ˈtʃʌm.li/")) == ["ˈ", "tʃ", "ʌ", "m", ".", "l", "i"]
    with pytest.raises(ValueError, match="']' "):
        list(signs("a]]b"))


def test_a_chunk_with_a_transcription_is_spoken(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "So Cholmondeley came.")])])
    plain = synthesis.run(book.plan("synthesis"))
    assert plain.metrics["spoken"] == 1
    path = book.folder / "chunks.jsonl"
    text = path.read_text(encoding="utf-8").replace('"text_id": "', '"text_id": "0', 1)
    path.write_text(text.replace('"map"', '"phonemes": [[3, 15, "ˈtʃʌmli"]], "map"'), encoding="utf-8")
    told = synthesis.run(book.plan("synthesis"))
    assert (told.metrics["spoken"], told.metrics["words"]) == (1, plain.metrics["words"])
    assert told.metrics["audio_s"] < plain.metrics["audio_s"]
