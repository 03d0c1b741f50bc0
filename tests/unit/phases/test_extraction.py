import base64
import json

import pytest
from book_files import W, docx, epub, extract, item, itemref, nav, opf, pdf, simple_epub, text_book, xhtml
from PIL import Image

from phases.contract import PermanentError

LONG = "It was a bright cold day in April, and the clocks were striking thirteen. " * 4


# what every book has


def test_book_json_and_metrics_of_a_small_book(tmp_path):
    book = text_book(
        tmp_path, "Jane Austen - Emma.txt", "Chapter 1. The Ball\n\nIt rained.\n\nChapter 2. The Walk\n\nIt did not.\n"
    )
    assert book.book == {
        "title": "Emma",
        "subtitle": None,
        "authors": ["Jane Austen"],
        "series": None,
        "series_index": None,
        "language": "en",
        "publisher": None,
        "published": None,
        "description": None,
        "identifier": None,
        "isbn": None,
        "cover": "cover.png",
        "chapters": [
            {"index": 1, "title": "Chapter 1. The Ball", "level": 1},
            {"index": 2, "title": "Chapter 2. The Walk", "level": 1},
        ],
    }
    assert book.rows[1] == {
        "chapter": 1,
        "paragraph": 2,
        "kind": "prose",
        "text": "It rained.",
        "source": "line 3",
        "omit": None,
    }
    assert book.result.metrics == {"chapters": 2, "paragraphs": 4, "words": 13, "words_omitted": 0}
    assert book.result.artifacts == {"book": "book.json", "text": "text.jsonl", "cover": "cover.png"}


def test_paragraphs_count_from_one_in_each_chapter(tmp_path):
    book = simple_epub(tmp_path / "a.epub", {"One": "<p>a</p><p>b</p>", "Two": "<p>c</p>"})
    places = [(row["chapter"], row["paragraph"]) for row in extract(book).rows]
    assert places == [(1, 1), (1, 2), (2, 1)]


def test_a_chapter_without_a_spoken_word_is_no_chapter(tmp_path):
    path = simple_epub(tmp_path / "a.epub", {"Cover": '<img src="x.jpg" alt="A cover"/>', "One": "<hr/><p>a</p>"})
    book = extract(path)
    assert book.titles == ["One"]
    assert [(row["chapter"], row["kind"]) for row in book.rows] == [(1, "scene_break"), (1, "prose")]


def test_language_is_declared_or_set_or_detected(tmp_path):
    german = "Als Gregor eines Morgens aus unruhigen Träumen erwachte, fand er sich in seinem Bett verwandelt. " * 4
    assert text_book(tmp_path, "a.txt", german).book["language"] == "de"
    assert text_book(tmp_path, "b.txt", "Kurz.").book["language"] == "en"
    assert text_book(tmp_path, "c.md", f"---\nlang: de-AT\n---\n\n{LONG}").book["language"] == "de-AT"
    path = tmp_path / "d.txt"
    path.write_text(german)
    assert extract(path, language="fr").book["language"] == "fr"


# plain text


@pytest.mark.parametrize(
    "heading",
    [
        "CHAPTER IV.",
        "Chapter 4",
        "Chapter 4: The Letter",
        "CHAPTER FOUR",
        "Chapter the Fourth",
        "The Fourth Chapter",
        "CHAPITRE IV.",
        "Chapitre premier",
        "KAPITEL 4",
        "Viertes Kapitel",
        "Capítulo 4. La carta",
        "Глава 4",
        "EPILOGUE",
        "Prologue.",
        "ADVENTURE IV. THE LETTER",
        "STAVE FOUR",
        "* CHAPTER IV *",
    ],
)
def test_lines_in_the_usual_forms_start_chapters(tmp_path, heading):
    book = text_book(tmp_path, "a.txt", f"Chapter 3\n\n{LONG}\n\n{heading}\n\n{LONG}\n")
    assert book.titles == ["Chapter 3", heading.strip("* ")]


@pytest.mark.parametrize(
    "line",
    [
        "Chapter one of his life was over, and he knew it.",
        "Part of the crew had left.",
        "Book a room, she said.",
        "I am here.",
        "Prologue to a disaster it was, and nobody saw it.",
        "1. Buy milk and bread.",
        "Mix well.",
        "Dim light fell.",
    ],
)
def test_sentences_that_begin_like_headings_start_none(tmp_path, line):
    assert text_book(tmp_path, "a.txt", f"Chapter 3\n\n{LONG}\n\n{line}\n\n{LONG}\n").titles == ["Chapter 3"]


def test_lone_numerals_in_sequence_are_chapters(tmp_path):
    content = "".join(f"{numeral}\n\n{LONG}\n\n" for numeral in ("I.", "II.", "III."))
    assert text_book(tmp_path, "a.txt", content).titles == ["I.", "II.", "III."]
    content = "".join(f"{number}\n\n{LONG}\n\n" for number in (1, 2, 3))
    assert text_book(tmp_path, "b.txt", content).titles == ["1", "2", "3"]


def test_numbers_that_cut_sentences_are_page_numbers(tmp_path):
    page = "He went on and on, along the river and over the hill, until\nhe came to the house of the\n"
    content = "".join(f"{page}{page}\n{number}\n\n" for number in range(1, 9))
    assert text_book(tmp_path, "Walk.txt", content).titles == ["Walk"]


def test_titles_below_numbers_belong_to_them(tmp_path):
    content = "".join(
        f"{numeral}\n\n\n{title}\n\n{LONG}\n\n"
        for numeral, title in (
            ("I", "Introduction"),
            ("II", "The Machine"),
            ("III", "How he came back\nand what he said"),
        )
    )
    book = text_book(tmp_path, "a.txt", content)
    assert book.titles == ["I. Introduction", "II. The Machine", "III. How he came back and what he said"]
    assert book.kinds()[:3] == [("heading", "I"), ("heading", "Introduction"), ("prose", LONG.strip())]


def test_a_title_right_below_its_number(tmp_path):
    book = text_book(tmp_path, "a.txt", f"CHAPTER I\nThe Ball\n\n{LONG}\n\nCHAPTER II\nThe Walk\n\n{LONG}")
    assert book.titles == ["CHAPTER I. The Ball", "CHAPTER II. The Walk"]


def test_a_short_first_paragraph_is_no_title(tmp_path):
    content = f"CHAPTER I\n\nIt rained.\n\n{LONG}\n\nCHAPTER II\n\n{LONG}\n\nCHAPTER III\n\n{LONG}\n"
    assert text_book(tmp_path, "a.txt", content).titles == ["CHAPTER I", "CHAPTER II", "CHAPTER III"]


def test_a_table_of_contents_is_not_taken_for_chapters(tmp_path):
    names = ["CHAPTER I. The Ball", "CHAPTER II. The Walk", "CHAPTER III. The End", "Epilogue"]
    body = "".join(f"{name}\n\n{LONG}\n\n" for name in names)
    for number, gap in enumerate(("\n", "\n\n", " ........ 12\n", " ........ 12\n\n")):
        contents = "".join(f"{name}{gap}" for name in names)
        book = text_book(tmp_path, f"Story {number}.txt", f"STORY\n\nCONTENTS\n\n{contents}\n\n{body}")
        assert book.titles == names


def test_a_table_of_contents_with_parts_is_left_out(tmp_path):
    headings = [(f"BOOK {book}", [f"CHAPTER {n}" for n in ("I", "II", "III")]) for book in ("ONE: 1805", "TWO: 1806")]
    contents = "\n\n".join(line for part, chapters in headings for line in (part, *chapters))
    body = "".join(f"{part}\n\n" + "".join(f"{c}\n\n{LONG}\n\n" for c in chapters) for part, chapters in headings)
    book = text_book(tmp_path, "War.txt", f"WAR\n\nCONTENTS\n\n{contents}\n\n\n{body}")
    assert book.titles == [line for part, chapters in headings for line in (part, *chapters)]
    assert book.spoken[:3] == ["WAR", "BOOK ONE: 1805", "CHAPTER I"]


def test_speech_after_a_table_of_contents_is_spoken(tmp_path):
    names = ["THE DOOR", "THE WINDOW", "THE WALL"]
    body = "".join(f"{name}\n\n“Yes.”\n\n{LONG}\n\n“Yes.”\n\n" for name in names)
    book = text_book(tmp_path, "a.txt", "CONTENTS\n\n" + "\n".join(names) + f"\n\n{body}")
    assert book.titles == names
    assert book.spoken.count("“Yes.”") == 6


def test_numbered_sections_inside_titled_chapters_are_no_chapters(tmp_path):
    titles = ["I. A SCANDAL IN BOHEMIA", "II. THE RED-HEADED LEAGUE", "III. A CASE OF IDENTITY"]
    content = "".join(f"{title}\n\n\nI.\n\n{LONG}\n\nII.\n\n{LONG}\n\n" for title in titles)
    contents = "Table of contents\n\n" + "".join(f"   {title}\n" for title in titles) + "\n"
    assert text_book(tmp_path, "a.txt", contents + content).titles == titles


def test_a_heading_right_above_long_lines_is_a_heading(tmp_path):
    content = "".join(f"Chapter {number}\n{LONG}\n{LONG}\n\n***\n\n{LONG}\n" for number in (1, 2, 3))
    assert text_book(tmp_path, "a.txt", content).titles == ["Chapter 1", "Chapter 2", "Chapter 3"]


def test_a_title_over_two_lines(tmp_path):
    content = "".join(
        f"Capítulo {n}. Que trata de la condición del hidalgo\ndon Quijote de la Mancha\n\n{LONG}\n\n"
        for n in ("I", "II")
    )
    title = "Que trata de la condición del hidalgo don Quijote de la Mancha"
    assert text_book(tmp_path, "a.txt", content).titles == [f"Capítulo I. {title}", f"Capítulo II. {title}"]


def test_titles_that_a_table_of_contents_names_are_chapters(tmp_path):
    names = ["STORY OF THE DOOR", "Search for Mr. Hyde", "DR. JEKYLL WAS QUITE AT EASE"]
    contents = "\n\n".join(names)
    body = "".join(f"{name}\n\n{LONG}\n\n" for name in names)
    book = text_book(tmp_path, "The Case.txt", f"THE CASE\n\nContents\n\n{contents}\n\nA preface.\n\n{body}")
    assert book.titles == names
    assert book.spoken[:3] == ["THE CASE", "A preface.", "STORY OF THE DOOR"]
    assert book.omitted() == [("contents", line) for line in ("Contents", *names)]


def test_parts_hold_chapters(tmp_path):
    content = f"PART ONE\n\nCHAPTER I\n\n{LONG}\n\nCHAPTER II\n\n{LONG}\n\nPART TWO\n\nCHAPTER I\n\n{LONG}\n"
    book = text_book(tmp_path, "a.txt", content)
    assert [(c["title"], c["level"]) for c in book.book["chapters"]] == [
        ("PART ONE", 1),
        ("CHAPTER I", 2),
        ("CHAPTER II", 2),
        ("PART TWO", 1),
        ("CHAPTER I", 2),
    ]


def test_wrapped_lines_are_joined_and_verse_keeps_its_lines(tmp_path):
    prose = (
        "The quick brown fox jumps over the lazy dog and then goes on its way\n"
        "through the wood until it comes to a river that is wide and deep and\ncold.\n"
    )
    verse = "    Tell me not, in mournful numbers,\n    Life is but an empty dream!\n    For the soul is dead.\n"
    book = text_book(tmp_path, "a.txt", f"{prose}\n{verse}\n* * *\n\n{prose}")
    assert [kind for kind, _ in book.kinds()] == ["prose", "verse", "scene_break", "prose"]
    assert book.spoken[0] == " ".join(prose.split())
    assert book.spoken[1] == "Tell me not, in mournful numbers,\nLife is but an empty dream!\nFor the soul is dead."


def test_paragraphs_by_indent_where_there_are_no_blank_lines(tmp_path):
    paragraph = (
        "  Once upon a time there was a king who\nhad three sons and a kingdom so large\nthat nobody knew its end.\n"
    )
    book = text_book(tmp_path, "a.txt", "CHAPTER I\n" + paragraph * 12 + "CHAPTER II\n" + paragraph * 12)
    assert book.titles == ["CHAPTER I", "CHAPTER II"]
    assert len(book.spoken) == 26
    assert book.spoken[1] == " ".join(paragraph.split())


def test_lines_that_are_paragraphs(tmp_path):
    book = text_book(tmp_path, "a.txt", f"{LONG}\n" * 40)
    assert len(book.spoken) == 40


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "cp1252"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "a.txt"
    words = "“Früh am Morgen,” sagte er, “ging ich über die Brücke – und zurück.” " * 5
    path.write_bytes(words.encode(encoding))
    assert extract(path).spoken == [words.strip()]


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1251", "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. "),
        ("shift_jis", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"),
    ],
)
def test_encodings_of_other_scripts_are_told_from_the_text(tmp_path, encoding, words):
    path = tmp_path / "a.txt"
    path.write_bytes((words * 20).encode(encoding))
    assert extract(path).spoken == [(words * 20).strip()]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_every_kind_of_line_end(tmp_path, end):
    path = tmp_path / "a.txt"
    path.write_bytes(f"One.{end}{end}Two.{end}".encode())
    assert extract(path).spoken == ["One.", "Two."]


def test_binary_and_broken_text_are_refused(tmp_path):
    path = tmp_path / "a.txt"
    for data in (bytes(range(256)) * 40, "Wörter".encode("utf-16") + b"\x00", b"ab\x00\x01\x02" * 900):
        path.write_bytes(data)
        with pytest.raises(PermanentError) as caught:
            extract(path)
        assert caught.value.error_type == "damaged"


def test_project_gutenberg_header_and_licence_are_kept_on_record(tmp_path):
    content = (
        "The Project Gutenberg EBook of Emma, by Jane Austen\n\nTitle: Emma\n\nAuthor: Jane Austen\n\n"
        "Language: French\n\n"
        "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***\n\nProduced by A Volunteer\n\nEMMA\n\n"
        f"CHAPTER I\n\n{LONG}\n\nCHAPTER II\n\n{LONG}\n\nEnd of the Project Gutenberg EBook of Emma\n\n"
        "*** END OF THIS PROJECT GUTENBERG EBOOK EMMA ***\n\nSection 1.  Terms\n\nYou may copy it.\n"
    )
    book = text_book(tmp_path, "pg158.txt", content)
    assert (book.book["title"], book.book["authors"], book.book["language"]) == ("Emma", ["Jane Austen"], "fr")
    assert book.titles == ["CHAPTER I", "CHAPTER II"]
    assert "Gutenberg" not in "".join(book.spoken)
    assert [rule for rule, _ in book.omitted()] == [
        *["gutenberg-header"] * 5,
        "gutenberg-credit",
        *["gutenberg-licence"] * 4,
    ]
    assert book.rows[0]["chapter"] == 0


def test_emphasis_marks_are_no_part_of_the_text(tmp_path):
    assert text_book(tmp_path, "a.txt", "It _was_ so, in file_name_x.").spoken == ["It was so, in file_name_x."]


# Markdown


def test_markdown(tmp_path):
    book = text_book(
        tmp_path,
        "a.md",
        "---\ntitle: Emma\nauthor:\n  - Jane Austen\nlang: en-GB\ndate: 1815\n---\n\n# One\n\n"
        "First *very* `bold`\nline. "
        "[A link](http://x.org) &amp; more.\n\n> A quotation.\n\n- item\n\n***\n\n| a | b |\n|---|---|\n| c | d |\n\n"
        "## Sub\n\nMore.\n\n# Two\n\nline one  \nline two\n\n![picture](x.png)\n\n<p>Inside <b>HTML</b></p>\n",
    )
    assert book.book["title"] == "Emma"
    assert book.book["authors"] == ["Jane Austen"]
    assert book.book["language"] == "en-GB"
    assert book.book["published"] == "1815"
    assert book.kinds() == [
        ("heading", "One"),
        ("prose", "First very bold line. A link & more."),
        ("quote", "A quotation."),
        ("list_item", "item"),
        ("scene_break", ""),
        ("table", "a, b"),
        ("table", "c, d"),
        ("heading", "Sub"),
        ("prose", "More."),
        ("heading", "Two"),
        ("verse", "line one\nline two"),
        ("prose", "Inside HTML"),
    ]
    assert book.titles[0] == "One"
    assert book.titles[-1] == "Two"
    assert [rule for rule, _ in book.omitted()] == ["metadata"]


def test_markdown_headings_that_state_facts_are_metadata(tmp_path):
    book = text_book(tmp_path, "a.md", "# Title: Emma\n\n## Author: Jane Austen\n\n---\n\n## CHAPTER 1\n\nWords.\n")
    assert (book.book["title"], book.book["authors"], book.titles) == ("Emma", ["Jane Austen"], ["CHAPTER 1"])


def test_text_between_two_rules_is_no_front_matter(tmp_path):
    assert text_book(tmp_path, "a.md", "---\n\nSome words.\n\n---\n\nMore.\n").spoken == ["Some words.", "", "More."]


def test_the_first_top_heading_is_the_title_of_a_book_that_says_none(tmp_path):
    book = text_book(tmp_path, "a.md", "# Emma\n\n## Chapter 1\n\nWords.\n\n## Chapter 2\n\nWords.\n")
    assert book.book["title"] == "Emma"
    assert book.titles == ["Chapter 1", "Chapter 2"]


def test_sections_inside_chapters_are_no_chapters(tmp_path):
    chapter = f"## A chapter\n\n{LONG * 2}\n\n### A section\n\n{LONG}\n\n"
    assert text_book(tmp_path, "a.md", f"# Book\n\n{chapter * 3}").titles == ["A chapter"] * 3


def test_chapters_below_parts_are_chapters(tmp_path):
    part = f"# Part\n\n## A chapter\n\n{LONG}\n\n## Another\n\n{LONG}\n\n"
    assert text_book(tmp_path, "a.md", part * 2).titles == ["Part", "A chapter", "Another"] * 2


# HTML


def test_html(tmp_path):
    book = text_book(
        tmp_path,
        "a.html",
        "<!DOCTYPE html><html lang=fr><head><title>Un  livre</title><meta name=author content='A. Auteur'>"
        "<style>p{}</style></head><body><h1>Un</h1><p>one<br>two&nbsp;three &mdash; caf&eacute;<script>x</script>"
        "<div>four</div>five<ul><li>six<li>seven</ul><p hidden>gone</p><span style='display: none'>away</span>"
        "<blockquote>eight</blockquote><hr><table><tr><td>a<td>b</table><pre>x\n y</pre></body></html>",
    )
    assert book.book["title"] == "Un livre"
    assert book.book["authors"] == ["A. Auteur"]
    assert book.book["language"] == "fr"
    assert book.kinds() == [
        ("heading", "Un"),
        ("prose", "one two three — café"),
        ("prose", "four"),
        ("prose", "five"),
        ("list_item", "six"),
        ("list_item", "seven"),
        ("quote", "eight"),
        ("scene_break", ""),
        ("table", "a, b"),
        ("verse", "x\ny"),
    ]
    assert book.omitted() == [("hidden", "gone"), ("hidden", "away")]


def test_inline_elements_do_not_cut_words(tmp_path):
    body = "<p><span>W</span>hen <i>in</i><b>side</b><!-- note --> a<wbr>b&shy;c</p>"
    assert text_book(tmp_path, "a.html", f"<html><body>{body}</body></html>").spoken == ["When inside abc"]


def test_xhtml_with_empty_elements_and_named_entities(tmp_path):
    page = xhtml('<p><a id="x"/>One&nbsp;two &amp; &lt;three&gt;</p><script src="a.js"/><p>four</p>', "<title/>")
    assert text_book(tmp_path, "a.xhtml", page).spoken == ["One two & <three>", "four"]


def test_empty_elements_of_broken_xhtml_swallow_nothing(tmp_path):
    page = xhtml("<p>one<br>two</p><script/><p>three</p>", "<title/>")
    assert text_book(tmp_path, "a.xhtml", page).spoken == ["one two", "three"]


def test_a_number_and_the_title_below_it_are_one_chapter(tmp_path):
    body = f"<h2>CHAPTER I</h2><h3>The Ball</h3><p>{LONG}</p><h2>CHAPTER II</h2><h3>The Walk</h3><p>{LONG}</p>"
    book = text_book(tmp_path, "a.html", f"<html><body>{body}</body></html>")
    assert book.titles == ["CHAPTER I. The Ball", "CHAPTER II. The Walk"]


# EPUB


def test_order_is_the_spine_and_titles_are_the_nav(tmp_path):
    package = opf(
        item("b.xhtml") + item("a.xhtml") + item("nav.xhtml", properties="nav"), itemref("a.xhtml") + itemref("b.xhtml")
    )
    files = {
        "a.xhtml": xhtml("<p>first</p>"),
        "b.xhtml": xhtml("<p>second</p>"),
        "nav.xhtml": nav(("a.xhtml", "The\n <i>First</i>"), ("b.xhtml", "The Second")),
    }
    book = extract(epub(tmp_path / "a.epub", package, files))
    assert book.titles == ["The First", "The Second"]
    assert book.spoken == ["first", "second"]


def test_several_chapters_in_a_file_and_one_over_several_files(tmp_path):
    package = opf(
        item("a.xhtml") + item("b%20c.xhtml") + item("nav.xhtml", properties="nav"),
        itemref("a.xhtml") + itemref("b%20c.xhtml"),
    )
    files = {
        "a.xhtml": xhtml('<p>before</p><h2 id="one">One</h2><p>a</p><div id="two"><h2>Two</h2><p>b</p></div>'),
        "b c.xhtml": xhtml('<p>c</p><p>in <a id="three"/>here</p>'),
        "nav.xhtml": nav(("a.xhtml#one", "One"), ("a.xhtml#two", "Two"), ("b%20c.xhtml#three", "Three")),
    }
    book = extract(epub(tmp_path / "a.epub", package, files))
    assert book.titles == ["One", "Two", "Three"]
    assert [book.spoken_in(n) for n in (1, 2, 3)] == [["before", "One", "a"], ["Two", "b", "c"], ["in here"]]


def test_the_ncx_serves_where_there_is_no_nav_and_nests(tmp_path):
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
        '<navPoint><navLabel><text>Part One</text></navLabel><content src="a.xhtml"/>'
        '<navPoint><navLabel><text>Chapter 1</text></navLabel><content src="b.xhtml"/></navPoint></navPoint>'
        '<navPoint><navLabel><text>Part Two</text></navLabel><content src="c.xhtml"/>'
        '<navPoint><navLabel><text>Chapter 2</text></navLabel><content src="c.xhtml"/></navPoint></navPoint>'
        "</navMap></ncx>"
    )
    names = ["a.xhtml", "b.xhtml", "c.xhtml"]
    manifest = "".join(map(item, names)) + item("t.ncx", media_type="application/x-dtbncx+xml")
    package = opf(manifest, "".join(map(itemref, names)), attributes=' toc="t.ncx"')
    files = {name: xhtml(f"<p>{name[0]}</p>") for name in names} | {"t.ncx": ncx}
    book = extract(epub(tmp_path / "a.epub", package, files))
    assert [(c["title"], c["level"]) for c in book.book["chapters"]] == [
        ("Part One", 1),
        ("Chapter 1", 2),
        ("Part Two: Chapter 2", 1),
    ]


def test_headings_serve_where_there_is_no_table_of_contents(tmp_path):
    package = opf(item("a.xhtml") + item("b.xhtml"), itemref("a.xhtml") + itemref("b.xhtml"))
    files = {"a.xhtml": xhtml("<h1>One</h1><p>a</p>"), "b.xhtml": xhtml("<h1>Two</h1><p>b</p>")}
    assert extract(epub(tmp_path / "a.epub", package, files)).titles == ["One", "Two"]


def test_the_nav_in_the_spine_and_nonlinear_files_are_left_out_on_record(tmp_path):
    package = opf(
        item("a.xhtml") + item("n.xhtml") + item("nav.xhtml", properties="nav"),
        itemref("nav.xhtml") + itemref("a.xhtml") + itemref("n.xhtml", linear="no"),
    )
    files = {
        "a.xhtml": xhtml("<p>a</p>"),
        "n.xhtml": xhtml("<p>aside</p>"),
        "nav.xhtml": nav(("a.xhtml", "One"), ("n.xhtml", "Aside")),
    }
    book = extract(epub(tmp_path / "a.epub", package, files))
    assert book.titles == ["One"]
    assert book.spoken == ["a"]
    assert {rule for rule, _ in book.omitted()} == {"contents", "non-linear"}
    assert ("non-linear", "aside") in book.omitted()


def test_metadata_and_cover(tmp_path):
    jpeg = b"\xff\xd8\xff\xe0" + b"picture"
    metadata = (
        '<dc:title id="s">A Subtitle</dc:title><dc:title id="t">Emma</dc:title>'
        '<meta refines="#t" property="title-type">main</meta>'
        '<dc:creator id="c">Jane Austen</dc:creator><dc:creator opf:role="ill">An Artist</dc:creator>'
        "<dc:language>en-GB</dc:language><dc:publisher>Murray</dc:publisher><dc:date>1815</dc:date>"
        "<dc:description>A novel.</dc:description><dc:identifier>x</dc:identifier>"
        '<dc:identifier id="id">isbn</dc:identifier>'
    )
    package = opf(
        item("a.xhtml") + item("c.jpg", properties="cover-image", media_type="image/jpeg"), itemref("a.xhtml"), metadata
    )
    book = extract(epub(tmp_path / "a.epub", package, {"a.xhtml": xhtml("<p>a</p>"), "c.jpg": jpeg}))
    expected = {
        "title": "Emma",
        "authors": ["Jane Austen"],
        "language": "en-GB",
        "publisher": "Murray",
        "published": "1815",
        "description": "A novel.",
        "identifier": "isbn",
        "cover": "cover.jpg",
    }
    assert expected.items() <= book.book.items()
    assert (book.folder / "cover.jpg").read_bytes() == jpeg
    assert book.result.artifacts["cover"] == "cover.jpg"


def test_verse_keeps_lines_and_drama_its_speakers(tmp_path):
    verse = '<blockquote epub:type="z3998:verse"><p><span>one</span>\n<br/>\n<span>two</span></p></blockquote>'
    drama = (
        '<table><tr><td epub:type="z3998:persona">Jack</td><td>Hello. <i>Exit.</i></td></tr></table>'
        "<table><tr><td>plain</td><td>cells</td></tr></table>"
    )
    kinds = extract(simple_epub(tmp_path / "a.epub", {"One": verse + drama})).kinds()
    assert kinds[0] == ("verse", "one\ntwo")
    assert ("line", "Jack") in kinds
    assert kinds[-1] == ("table", "plain, cells")


def test_marks_inside_sentences_are_left_out_on_record(tmp_path):
    body = (
        '<p>One<a epub:type="noteref" href="#n">1</a> word<span epub:type="pagebreak">12</span> and '
        "<ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>.</p>"
    )
    book = extract(simple_epub(tmp_path / "a.epub", {"One": body}))
    assert book.spoken == ["One word and 東京."]
    assert book.omitted() == [("note-reference", "1"), ("page-number", "12"), ("ruby", "とうきょう")]


# Word


def test_docx(tmp_path):
    styles = (
        '<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="Own"><w:name w:val="My Chapter"/><w:basedOn w:val="H1"/></w:style>'
        '<w:style w:styleId="T1"><w:name w:val="toc 1"/></w:style>'
    )
    body = (
        '<w:p><w:pPr><w:pStyle w:val="T1"/></w:pPr><w:r><w:t>One 1</w:t></w:r></w:p>'
        '<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>One</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>a </w:t></w:r><w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:del><w:r>"
        "<w:delText>old</w:delText></w:r></w:del><w:r><w:tab/><w:t>word</w:t><w:footnoteReference/></w:r></w:p>"
        '<w:p><w:pPr><w:pStyle w:val="Own"/></w:pPr><w:r><w:t>Two</w:t></w:r></w:p>'
        "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>item</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        '<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:r><w:t>Three</w:t></w:r></w:p>'
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>unseen</w:t></w:r><w:r><w:t>end</w:t></w:r></w:p>"
    )
    note = "<w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>"
    notes = f'<w:footnotes xmlns:w="{W}">{note}</w:footnotes>'
    book = extract(docx(tmp_path / "a.docx", body, styles, parts={"word/footnotes.xml": notes}))
    assert book.titles == ["One", "Two", "Three"]
    assert book.kinds() == [
        ("heading", "One"),
        ("prose", "a new word"),
        ("heading", "Two"),
        ("list_item", "item"),
        ("table", "a, b"),
        ("heading", "Three"),
        ("prose", "end"),
    ]
    assert book.omitted() == [("contents", "One 1"), ("hidden", "unseen"), ("footnote", "A note.")]


def test_a_text_box_is_read_once(tmp_path):
    box = "<w:txbxContent><w:p><w:r><w:t>box</w:t></w:r></w:p></w:txbxContent>"
    body = (
        f"<w:p><w:r><w:t>around</w:t><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
    )
    assert extract(docx(tmp_path / "a.docx", body)).spoken == ["around", "box"]


def test_strict_namespaces_read_alike(tmp_path):
    namespace = "http://purl.oclc.org/ooxml/wordprocessingml/main"
    path = docx(tmp_path / "a.docx", "<w:p><w:r><w:t>Words.</w:t></w:r></w:p>", namespace=namespace)
    assert extract(path).spoken == ["Words."]


# PDF


def test_pdf_lines_become_paragraphs_and_divided_words_whole(tmp_path):
    lines = [
        (70, 740, 24, "The Title"),
        (62, 700, 12, "The first paragraph begins here and goes on to the right edge of the pa-"),
        (50, 686, 12, "per, where it has to be broken because the well-known line is full and well-"),
        (50, 672, 12, "known to be so."),
        (62, 658, 12, "The second paragraph begins with an indent and fills the whole of its line"),
        (50, 644, 12, "until the page is over and nobody minds that it goes on and on"),
    ]
    second = [(50, 700, 12, "over the edge of the page.")]
    book = extract(pdf(tmp_path / "a.pdf", [lines, second]))
    assert book.book["title"] == "The Title"
    assert book.titles == ["The Title"]
    assert book.kinds() == [
        ("heading", "The Title"),
        (
            "prose",
            "The first paragraph begins here and goes on to the right edge of the paper, where it has to be broken "
            "because the well-known line is full and well-known to be so.",
        ),
        (
            "prose",
            "The second paragraph begins with an indent and fills the whole of its line until the page is over and "
            "nobody minds that it goes on and on over the edge of the page.",
        ),
    ]


def test_running_headers_and_page_numbers_are_left_out_on_record(tmp_path):
    pages = [
        [
            (50, 770, 10, f"{number} THE BOOK"),
            (50, 700, 12, f"Page {word} has text."),
            (50, 686, 12, "It ends."),
            (300, 30, 10, "x"),
        ]
        for number, word in ((11, "one"), (12, "two"), (13, "three"), (14, "four"))
    ]
    book = extract(pdf(tmp_path / "a.pdf", pages))
    assert [text for text in book.spoken if "BOOK" in text] == []
    assert ("running-header", "11 THE BOOK") in book.omitted()


def test_the_outline_of_a_pdf_gives_its_chapters(tmp_path):
    outline = (
        "4 << /Type /Outlines /First 5 0 R /Last 6 0 R /Count 2 >>;;"
        "5 << /Title (Chapter One) /Parent 4 0 R /Next 6 0 R /Dest [10 0 R /XYZ 0 720 0] >>;;"
        "6 << /Title (Chapter Two) /Parent 4 0 R /Prev 5 0 R /Dest [10 0 R /XYZ 0 520 0] >>"
    )
    lines = [(50, 760, 12, "Before."), (50, 700, 12, "First text."), (50, 500, 12, "Second text.")]
    book = extract(pdf(tmp_path / "Name.pdf", [lines], outline))
    assert book.titles == ["Chapter One", "Chapter Two"]
    assert [book.spoken_in(n) for n in (1, 2)] == [["Before.", "First text."], ["Second text."]]


def test_rows_are_one_json_object_a_line(tmp_path):
    book = text_book(tmp_path, "a.txt", "One\u2028\u2028Two \u0007 bell <tag> $(rm) {x}")
    lines = (book.folder / "text.jsonl").read_text("utf-8").split("\n")
    assert [json.loads(line)["text"] for line in lines if line] == ["One", "Two bell <tag> $(rm) {x}"]


@pytest.mark.parametrize("inside", ["data", "file"])
def test_the_picture_inside_a_drawn_cover_is_the_cover(tmp_path, inside):
    picture = b"\xff\xd8\xff\xe0 a picture"
    href = "p.jpg" if inside == "file" else "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        f'<image xlink:href="{href}"/></svg>'
    )
    package = opf(
        item("cover.svg", properties="cover-image", media_type="image/svg+xml") + item("a.xhtml"), itemref("a.xhtml")
    )
    files = {"a.xhtml": xhtml("<p>text</p>"), "cover.svg": svg, "p.jpg": picture}
    book = extract(epub(tmp_path / "a.epub", package, files))
    assert book.book["cover"] == "cover.jpg"


def test_in_the_place_of_a_cover_without_a_picture_a_plain_one_is_drawn(tmp_path):
    package = opf(
        item("cover.svg", properties="cover-image", media_type="image/svg+xml") + item("a.xhtml"), itemref("a.xhtml")
    )
    for number, svg in enumerate(("<svg><path/></svg>", "<svg", '<svg><image href="data:image/png;base64,?"/></svg>')):
        files = {"a.xhtml": xhtml("<p>text</p>"), "cover.svg": svg}
        book = extract(epub(tmp_path / f"{number}.epub", package, files))
        with Image.open(book.folder / book.book["cover"]) as picture:
            assert picture.size == (2400, 2400)


@pytest.mark.parametrize(("page", "cover"), [("cover.xhtml", "cover.jpg"), ("discovery.xhtml", "cover.png")])
def test_the_picture_on_a_page_called_cover_is_the_cover(tmp_path, page, cover):
    package = opf(item(page) + item("a.xhtml"), itemref(page) + itemref("a.xhtml"))
    files = {
        page: xhtml('<p><img src="p.jpg" alt=""/></p>'),
        "a.xhtml": xhtml("<p>text</p>"),
        "p.jpg": b"\xff\xd8\xff a picture",
    }
    assert extract(epub(tmp_path / "a.epub", package, files)).book["cover"] == cover


def test_headings_of_parts_and_chapters_are_not_the_title_of_the_book(tmp_path):
    chapters = f"# Chapter 1\n\n{LONG}\n\n# Chapter 2\n\n{LONG}\n"
    assert text_book(tmp_path, "My Book.md", chapters).book["title"] == "My Book"
    above = text_book(tmp_path, "b.md", f"# Emma\n\n{chapters}")
    assert (above.book["title"], above.titles) == ("Emma", ["Chapter 1", "Chapter 2"])
    one_volume = f"# VOLUME ONE\n\n## Chapter 1\n\n{LONG}\n\n## Chapter 2\n\n{LONG}\n"
    book = text_book(tmp_path, "Long Book.md", one_volume)
    assert book.book["title"] == "Long Book"
    assert [(c["title"], c["level"]) for c in book.book["chapters"]] == [
        ("VOLUME ONE", 1),
        ("Chapter 1", 2),
        ("Chapter 2", 2),
    ]


def test_the_highest_level_in_use_is_one(tmp_path):
    book = text_book(tmp_path, "a.md", f"## One\n\n{LONG}\n\n## Two\n\n{LONG}\n")
    assert [c["level"] for c in book.book["chapters"]] == [1, 1]


def test_a_title_on_the_level_of_the_parts_hides_no_part(tmp_path):
    chapters = f"## Chapter 1\n\n{LONG * 3}\n\n## Chapter 2\n\n{LONG * 3}\n\n"
    book = text_book(tmp_path, "a.md", f"# Emma\n\n# Part 1\n\n{chapters}# Part 2\n\n{chapters}")
    assert book.titles == ["Part 1", "Chapter 1", "Chapter 2", "Part 2", "Chapter 1", "Chapter 2"]
    assert book.book["title"] == "Emma"
