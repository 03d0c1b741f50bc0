"""The maps between what is said and what is written, for any text and all languages; and that a book is only text."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phases.chunking import chunks, numbered_chapters
from phases.spoken.changes import CHAPTER, HEADING, PROSE
from phases.spoken.wording import LANGUAGES, Wording

WRITTEN = (
    "the He I Mr. Dr. St. No. 5 5 1893 1914-18 £4 7s. 6d. $5.50 € % 5% 10:30 p.m. a.m. 3 May, U.S. J. R. VIII IV [1] "
    "(Smith, 2020). www.example.com a@b.org N E V E R NEVER FBI -- ... . . . & § ½ 3/4 +44 20 7946 0958 Chapter XII. "
    "siècle XIXe 3. Mai z. B. 1er 12ª \u00ad \u200b * * * “ ” — – word words; said, ends. Why? \n \u00a0 km 5 °C 007 "
    "[[h@l'oU]] <break/> &amp; $(ls) `x` \x01 \x1b[0m 1.234,56 1,234.56 1e5 ² 1920s '20s 2nd 9/11 24/7 5- -5 1. 2)"
)
TEXTS = st.lists(st.sampled_from(WRITTEN.split(" ")), max_size=40).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(TEXTS, st.text(max_size=200)),
    st.sampled_from([*LANGUAGES, "en-GB", "ja", "und"]),
    st.sampled_from([PROSE, HEADING, CHAPTER]),
    st.integers(20, 200),
)
def test_maps_cover_what_is_said_and_what_is_written_without_overlap(
    text: str, language: str, kind: str, max_chars: int
) -> None:
    position = 0
    for (start, end), form in Wording(language).sentences(text, max_chars, kind):
        assert position <= start < end <= len(text)
        assert text[position:start].strip() == ""
        spoken_at, source_at = 0, start
        for spoken_from, spoken_to, source_from, source_to in form.rows:
            assert (spoken_from, source_from) == (spoken_at, source_at)
            assert spoken_to > spoken_from or source_to > source_from
            spoken_at, source_at = spoken_to, source_to
        assert (spoken_at, source_at) == (len(form.text), end)
        assert form.text == form.text.strip()
        assert "  " not in form.text
        position = end
    assert not any(character.isalnum() for character in text[position:])


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, max_size=5), st.integers(20, 200))
def test_what_is_said_does_not_depend_on_where_long_sentences_are_cut(paragraphs: list[str], max_chars: int) -> None:
    def spoken(limit: int) -> str:
        rows = [
            {"chapter": 1, "paragraph": number, "kind": "prose", "text": text, "omit": None}
            for number, text in enumerate(paragraphs, start=1)
        ]
        return " ".join(chunk["sentences"][0]["spoken"] for chunk in chunks(rows, Wording("en"), limit))

    # A cut may fall behind the full stop of an abbreviation, which then stays.
    assert re.sub(r"[\s.]", "", spoken(max_chars)) == re.sub(r"[\s.]", "", spoken(5000))


def test_chapters_are_numbered_where_their_titles_count() -> None:
    def numbered(*titles: str) -> set[int]:
        return set(numbered_chapters([{"index": i, "level": 1, "title": t} for i, t in enumerate(titles, start=1)]))

    assert numbered("I", "II", "III") == {1, 2, 3}
    assert numbered("Preface", "1.", "2.", "Notes") == {2, 3}
    assert numbered("Part One › I", "Part One › II", "Part Two › I", "Part Two › II") == {1, 2, 3, 4}
    assert numbered("XII", "The End") == set()
    assert numbered("1984", "I", "Mix") == set()


def test_the_heading_of_a_numbered_chapter_is_said_as_its_number() -> None:
    rows = [
        {"chapter": 12, "paragraph": 1, "kind": "heading", "text": "Part Two", "omit": None},
        {"chapter": 12, "paragraph": 2, "kind": "heading", "text": "XII", "omit": None},
        {"chapter": 12, "paragraph": 3, "kind": "heading", "text": "I", "omit": None},
    ]
    made = [chunk["sentences"][0] for chunk in chunks(rows, Wording("en"), 600, {12: 12})]
    assert [sentence["spoken"] for sentence in made] == ["Part Two.", "chapter twelve.", "one."]
    assert made[1]["changes"] == [["chapter", 0, 3], ["headline", 3, 3]]


def test_a_paragraph_of_which_nothing_would_be_left_is_said_as_it_is_written() -> None:
    assert [form.text for _, form in Wording("en").sentences("(Smith, 2020)", 600)] == ["(Smith, 2020)"]


@pytest.mark.parametrize("length", [25_000, pytest.param(200_000, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1,",
        "a.",
        "A. ",
        "A ",
        "x -- ",
        "[1]",
        "(Smith, 2020)",
        "a@b.c",
        "www.",
        "http://",
        "/",
        "Smith, ",
        "IV ",
        "10:30",
        "£4 7s. ",
        "3 May, ",
        "+44 ",
        "& ",
        "*",
        "NEVER ",
        "1/2/",
        ".",
        "Chapter ",
    ],
)
def test_the_rules_take_linear_time(piece: str, length: int) -> None:
    text = piece * (length // len(piece))
    for language in LANGUAGES:
        began = time.process_time()
        Wording(language).changes(text)
        assert time.process_time() - began < length * 20e-6
