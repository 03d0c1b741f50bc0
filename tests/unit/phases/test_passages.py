"""Passages that a book marks as being in another language: where they are found, and who speaks them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from book_files import Extracted, epub, extract, item, itemref, opf, simple_epub, xhtml
from hypothesis import given, settings
from hypothesis import strategies as st
from soundbook import SoundBook

from phases import synthesis
from phases.audio.timeline import Pauses, lay_out
from phases.chunking import chunks
from phases.files import read_lines
from phases.spoken.wording import Wording

ENGLISH = '<p>He said, “<i xml:lang="fr">Je ne sais pas</i>,” and left at 5. A <i lang="fr">vin</i> is red.</p>'


def html_book(folder: Path, body: str, language: str = ' lang="en"') -> Extracted:
    path = folder / "a.html"
    path.write_text(f"<html{language}><head><title>t</title></head><body>{body}</body></html>", encoding="utf-8")
    return extract(path)


def said(book: Extracted, **settings: Any) -> list[tuple[str, str]]:
    return [(chunk["language"], chunk["sentences"][0]["spoken"]) for chunk in book.chunks(**settings)]


def test_a_phrase_in_another_language_is_a_chunk_of_that_language_and_a_single_word_stays(tmp_path: Path) -> None:
    expected = [
        ("en", "He said,"),
        ("fr", "“Je ne sais pas,”"),
        ("en", "and left at five."),
        ("en", "A vin is red."),
    ]
    assert said(html_book(tmp_path, ENGLISH)) == expected
    assert said(extract(simple_epub(tmp_path / "a.epub", {"One": ENGLISH}), language="en")) == expected


def test_a_paragraph_and_a_whole_section_are_said_by_the_rules_of_their_language(tmp_path: Path) -> None:
    body = (
        "<p>It is so.</p><div lang='de'><p>Am 3. Mai kam er. <b lang='en'>At 5 he left.</b> Um 6 auch.</p>"
        "<p lang=''>On 3 May.</p></div><p lang='fr'>Oui.</p>"
    )
    assert said(html_book(tmp_path, body)) == [
        ("en", "It is so."),
        ("de", "Am dritten Mai kam er."),
        ("en", "At five he left."),
        ("de", "Um sechs auch."),
        ("en", "On the third of May."),
        ("fr", "Oui."),
    ]


def test_notes_that_are_taken_out_leave_passages_where_they_are(tmp_path: Path) -> None:
    body = "<p>See[1] how, as they say [2], <i lang='fr'>tout de suite [3] madame</i> came. It is[4] so.</p>"
    assert said(html_book(tmp_path, body)) == [
        ("en", "See how, as they say,"),
        ("fr", "tout de suite madame"),
        ("en", "came."),
        ("en", "It is so."),
    ]


def test_what_is_marked_as_the_books_own_language_follows_whoever_overrides_that(tmp_path: Path) -> None:
    body = "<section lang='en-US'><p>Er kam um 5.</p></section><p lang='fr'>Il est 5 heures.</p>"
    book = html_book(tmp_path, body, ' lang="en"')
    overridden = extract(tmp_path / "a.html", language="de")
    assert [row.get("passages") for row in book.rows] == [None, [[0, 16, "fr"]]]
    assert said(overridden) == [("de", "Er kam um fünf."), ("fr", "Il est cinq heures.")]
    sheet = extract(tmp_path / "a.html", book={"language": "de"})
    assert said(sheet) == said(overridden)


def test_a_file_of_an_epub_that_says_it_is_in_another_language_is_believed_if_it_is(tmp_path: Path) -> None:
    french = "Il était une fois un petit garçon qui voulait voir la mer et les bateaux de son grand-père. " * 4
    english = "Once upon a time there was a little boy who wanted to see the sea and the ships. " * 4
    files = {
        name: xhtml(f"<p>{text}</p>").replace("<html ", '<html xml:lang="fr" ')
        for name, text in (("a.xhtml", french), ("b.xhtml", english))
    }
    package = opf(
        "".join(map(item, files)),
        "".join(map(itemref, files)),
        "<dc:title>A Book</dc:title><dc:language>en</dc:language>",
    )
    assert {language for language, _ in said(extract(epub(tmp_path / "a.epub", package, files)))[:4]} == {"fr"}
    assert {language for language, _ in said(extract(tmp_path / "a.epub"))[4:]} == {"en"}


def test_the_switch_leaves_all_to_the_books_own_voice(tmp_path: Path) -> None:
    found = said(html_book(tmp_path, ENGLISH), spoken={"marked-language": False})
    assert found == [("en", "He said, “Je ne sais pas,” and left at five."), ("en", "A vin is red.")]


def test_the_lexicon_of_a_language_holds_in_its_passages(tmp_path: Path) -> None:
    entries = [{"text": "pas", "say": "pah", "language": "fr"}, {"text": "and", "say": "und", "language": "en"}]
    assert ("fr", "“Je ne sais pah,”") in said(html_book(tmp_path, ENGLISH), lexicon=entries)
    assert ("en", "und left at five.") in said(html_book(tmp_path, ENGLISH), lexicon=entries)


def test_a_passage_has_the_voice_of_its_language_and_no_pause_within_its_sentence(tmp_path: Path) -> None:
    made = html_book(tmp_path, ENGLISH)
    made.chunks()
    book = SoundBook(tmp_path / "sound")
    book.write([])
    for name in ("book.json", "text.jsonl", "chunks.jsonl"):
        (book.folder / name).write_bytes((made.folder / name).read_bytes())
    spoken = synthesis.run(book.plan("synthesis"))
    plan = book.plan("synthesis", voice="en-us+f3", voice_is_default=False)
    again = synthesis.run(plan)
    assert (spoken.metrics["spoken"], again.metrics["spoken"]) == (4, 3)  # the French voice is the same
    timings = list(read_lines(plan.attempt_dir / "timings.jsonl"))
    line = lay_out(
        read_lines(made.folder / "text.jsonl"),
        read_lines(made.folder / "chunks.jsonl"),
        timings,
        Pauses(0.3, 0.65, 1.5, 1.0, 1.8, 0.6, 1.5),
    )
    gaps = [(b.start - a.end) / line.rate for a, b in zip(line.chunks, line.chunks[1:], strict=False)]
    assert [gap < 0.1 for gap in gaps] == [True, True, False]


MARKED = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from(["fr", "de", "en-GB", "el"])))
PIECES = 'He "said," Oui. 5 [1] — … dit. St. (a) λόγος N E V E R a-b 3. \n'
TEXTS = st.lists(st.sampled_from(PIECES.split(" ")), max_size=20).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(
    TEXTS,
    MARKED,
    st.integers(20, 200),
    st.sampled_from(["prose", "heading"]),
)
def test_chunks_cover_a_paragraph_however_it_is_marked(
    text: str, marks: list[tuple[int, int, str]], max_chars: int, kind: str
) -> None:
    row = {"chapter": 1, "paragraph": 1, "kind": kind, "text": text, "omit": None, "passages": sorted(marks)}
    position = 0
    for chunk in chunks([row], Wording("en"), max_chars):
        sentence = chunk["sentences"][0]
        assert position <= sentence["start"] < sentence["end"] <= len(text)
        assert not any(map(str.isalnum, text[position : sentence["start"]]))
        rows = sentence["map"]
        assert (rows[0][2], rows[-1][3]) == (sentence["start"], sentence["end"])
        assert (rows[0][0], rows[-1][1]) == (0, len(sentence["spoken"]))
        assert all(a[1] == b[0] and a[3] == b[2] for a, b in itertools.pairwise(rows))
        position = sentence["end"]
    assert not any(map(str.isalnum, text[position:]))


@pytest.mark.parametrize("tag", ["zxx", "und", "no language", ""])
def test_what_names_no_language_is_no_passage(tmp_path: Path, tag: str) -> None:
    assert said(html_book(tmp_path, f"<p lang='{tag}'>It is so.</p>")) == [("en", "It is so.")]
