"""The beginning of a book, for a sample."""

from __future__ import annotations

from typing import Any

import pytest

from phases.beginning import Beginning


def row(chapter: int, text: str, omit: str | None = None) -> dict[str, Any]:
    return {"chapter": chapter, "paragraph": 1, "kind": "prose", "text": text, "omit": omit and {"rule": omit}}


def texts(wanted: int, *rows: dict[str, Any]) -> list[str]:
    return [kept["text"] for kept in Beginning(wanted).of(rows)]


def test_paragraphs_follow_until_enough_words_are_spoken() -> None:
    rows = [row(1, "One two three."), row(1, "not counted " * 9, "footnote"), row(1, "Four five."), row(2, "Six.")]
    beginning = Beginning(5)
    assert [kept["text"] for kept in beginning.of(rows)] == [found["text"] for found in rows[:3]]
    assert (beginning.words, beginning.chapters) == (5, {1})


def test_a_long_paragraph_ends_with_a_sentence() -> None:
    sentence = "The sky was grey over the “harbour.” "
    (kept,) = texts(20, row(1, sentence * 100))
    assert kept.endswith("“harbour.”")
    assert 20 <= len(kept.split()) <= 28
    (kept,) = texts(20, row(1, "吾輩は猫である。名前はまだ無い。" * 100))
    assert kept.endswith("。")
    assert len(kept) < 100


def test_a_sentence_without_an_end_is_broken_off() -> None:
    (kept,) = texts(10, row(1, "word " * 10_000))
    assert len(kept.split()) <= 11
    (kept,) = texts(10, row(1, "x" * 100_000 + " " + "y " * 50))
    assert len(kept) < 102_000


@pytest.mark.parametrize("wanted", [1, 3, 1000])
def test_a_short_book_is_its_own_beginning(wanted: int) -> None:
    assert texts(wanted, row(1, "Short."))[0] == "Short."


def test_all_rows_are_taken_because_who_gives_them_counts() -> None:
    taken = []

    def rows():  # type: ignore[no-untyped-def]
        for number in range(5):
            taken.append(number)
            yield row(1, "One.")

    assert texts(2, *rows()) == ["One.", "One."]
    assert taken == [0, 1, 2, 3, 4]
