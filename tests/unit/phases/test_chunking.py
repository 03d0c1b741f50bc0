import hashlib
import json

import pytest
from book_files import text_book
from hypothesis import given, settings
from hypothesis import strategies as st

from phases.chunking import chunks, text_id
from phases.readers.text import has_word
from phases.spoken.form import spoken_form
from phases.spoken.sentences import pieces
from phases.spoken.wording import Wording


def row(text, paragraph=1, chapter=1, omit=None):
    return {"chapter": chapter, "paragraph": paragraph, "kind": "prose", "text": text, "source": "", "omit": omit}


def cut(text, language="en", max_chars=600):
    return [text[start:end] for start, end in pieces(text, language, max_chars)]


def test_a_chunk_is_a_sentence():
    made = list(chunks([row("One went. Two came."), row("Three.", 2), row("Four.", 1, 2)], Wording("en-GB"), 600))
    assert [(c["chapter"], c["index"], c["sentences"][0]["paragraph"], c["sentences"][0]["spoken"]) for c in made] == [
        (1, 1, 1, "One went."),
        (1, 2, 1, "Two came."),
        (1, 3, 2, "Three."),
        (2, 1, 1, "Four."),
    ]
    assert made[1] == {
        "chapter": 1,
        "index": 2,
        "text_id": hashlib.sha256(json.dumps(["en-GB", "Two came."]).encode()).hexdigest()[:32],
        "language": "en-GB",
        "sentences": [{"paragraph": 1, "start": 10, "end": 19, "spoken": "Two came.", "map": [(0, 9, 10, 19)]}],
    }


def test_paragraphs_left_out_have_no_chunk():
    assert (
        list(chunks([row("Gone.", omit={"rule": "contents"}), row("* * *", 2), row("", 3)], Wording("en"), 600)) == []
    )


def test_equal_text_has_an_equal_id_and_languages_differ():
    assert text_id("en", "Yes.") == text_id("en", "Yes.")
    assert text_id("en", "Yes.") != text_id("de", "Yes.")


def test_one_changed_word_changes_at_most_two_chunks(tmp_path):
    before = text_book(tmp_path, "a.txt", "One here. Two here. Three here.\n\nFour here. Five here.\n").chunks()
    after = text_book(tmp_path, "a.txt", "One here. Two was here. Three here.\n\nFour here. Five here.\n").chunks()
    assert len({c["text_id"] for c in after} - {c["text_id"] for c in before}) == 1


def test_abbreviations_and_quotations_do_not_end_sentences():
    assert cut("Mr. Smith met Dr. Jones. “Come in!” he said. They did.") == [
        "Mr. Smith met Dr. Jones.",
        "“Come in!” he said.",
        "They did.",
    ]


def test_the_number_of_an_item_stays_with_its_sentence():
    assert cut("1. This is it. So is this.") == ["1. This is it.", "So is this."]
    assert cut("1.") == ["1."]


def test_pieces_without_a_letter_join_their_neighbours():
    assert cut("“… ” He went. …”") == ["“… ” He went. …”"]
    assert cut("* * *") == []
    assert cut("") == []


def test_long_sentences_are_cut_at_clauses_then_words_then_anywhere():
    clause = "He walked over the hill and through the wood"
    assert cut(f"{clause}; {clause}, and {clause}.", max_chars=60) == [f"{clause};", f"{clause},", f"and {clause}."]
    assert cut("one two three four five six", max_chars=10) == ["one two", "three", "four five", "six"]
    assert cut("x" * 25, max_chars=10) == ["x" * 10, "x" * 10, "x" * 5]


def test_sentences_of_a_poem_run_over_its_lines_and_a_list_has_lines():
    assert cut("I thought\nYou left, my son.\nSo I am,\nsaid he.") == [
        "I thought\nYou left, my son.",
        "So I am,\nsaid he.",
    ]
    assert cut("THE TIME MACHINE\nAn Invention\nby H. G. Wells") == [
        "THE TIME MACHINE",
        "An Invention",
        "by H. G. Wells",
    ]


def test_other_scripts():
    assert cut("これは本です。それも本です。", "ja") == ["これは本です。", "それも本です。"]
    assert cut("यह एक है। वह दो है।", "hi") == ["यह एक है।", "वह दो है।"]


def test_spoken_form_has_single_spaces_and_no_control_characters():
    content = "  A \n\tb\u00ad\u2060c\x07 d\u00a0e "
    form = spoken_form(content, 2, len(content) - 1)
    spoken = form.text
    assert spoken == "A bc d e"
    assert [(spoken[a:b], content[c:d]) for a, b, c, d in form.rows] == [
        ("A", "A"),
        (" ", " \n\t"),
        ("b", "b"),
        ("", "\u00ad\u2060"),
        ("c", "c"),
        (" ", "\x07 "),
        ("d", "d"),
        (" ", "\u00a0"),
        ("e", "e"),
    ]


TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from(" \n\t.,;:!?…—-\"'“”()[]*_\u00ad\u2060\u00a0\u3000。！、A\x07\x85\u200b"),
        st.characters(codec="utf-8"),
        st.sampled_from("abcXYZ"),
    ),
    max_size=300,
)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(["en", "de-AT", "ja", "hi", "xx"]), st.integers(5, 80))
def test_pieces_cover_the_text_and_nothing_is_lost(text, language, max_chars):
    found = pieces(text, language, max_chars)
    assert bool(found) == has_word(text)
    position = 0
    for start, end in found:
        assert position <= start < end <= len(text)
        assert text[position:start].strip() == ""
        assert has_word(text[start:end])
        position = end
    if found:
        assert text[position:].strip() == ""


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.data())
def test_maps_cover_the_spoken_text_and_point_into_the_slice(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    form = spoken_form(text, start, end)
    spoken = form.text
    assert "  " not in spoken
    assert not any(character in spoken for character in "\n\t\x07\u00ad")
    spoken_at, source_at = 0, start
    for spoken_from, spoken_to, source_from, source_to in form.rows:
        assert spoken_from == spoken_at <= spoken_to
        assert source_at == source_from < source_to
        piece, origin = spoken[spoken_from:spoken_to], text[source_from:source_to]
        assert piece == origin or (piece in ("", " ") and not has_word(origin))
        spoken_at, source_at = spoken_to, source_to
    assert (spoken_at, source_at) == (len(spoken), end)
    assert [c for c in spoken if c.isalnum()] == [c for c in text[start:end] if c.isalnum()]


@pytest.mark.parametrize("language", ["en", "en-GB", "zh-Hant", "und", "x"])
def test_any_language_tag_is_accepted(language):
    assert cut("One. Two.", language) == ["One.", "Two."]


def test_metrics_count_what_is_spoken(tmp_path):
    book = text_book(tmp_path, "a.txt", "Yes. Yes. No, sir.\n")
    made = book.chunks()
    assert [chunk["index"] for chunk in made] == [1, 2, 3]
    assert made[0]["text_id"] == made[1]["text_id"]
    progress = (book.folder / "progress.jsonl").read_text().splitlines()
    assert json.loads(progress[-1]) == {"phase": "chunking", "done": 1, "total": 1}
