"""What is left out, and what looks alike and must be spoken."""

import pytest
from book_files import epub, extract, item, itemref, nav, opf, simple_epub, text_book, xhtml

LONG = "It was a bright cold day in April, and the clocks were striking thirteen. " * 4


def rules(book):
    return {rule for rule, _ in book.omitted()}


def chapters(tmp_path, **bodies):
    return extract(simple_epub(tmp_path / "a.epub", {"One": f"<h1>One</h1><p>{LONG}</p>", **bodies}))


# chapters for looking things up

INDEX = "".join(
    f"<p>{name}, {page}, {page + 9}</p>" for page, name in enumerate(("Apples", "Bears", "Clouds", "Dogs"), 3)
)
WORKS = "".join(f"<p>Smith, J. <i>On {name}</i>. London, {year}.</p>" for year, name in enumerate("ABCD", 1901))
NOTES = "".join(f"<p>{number}. See the second letter.</p>" for number in range(1, 6))


@pytest.mark.parametrize(
    ("title", "body", "rule"),
    [
        ("Index", INDEX, "index"),
        ("Bibliography", WORKS, "bibliography"),
        ("References", WORKS, "bibliography"),
        ("Notes", NOTES, "notes"),
        ("Endnotes", NOTES, "notes"),
        ("Copyright", "<p>Copyright © 2001 by A. Author.</p><p>All rights reserved.</p>", "copyright"),
        ("Contents", "<p>One</p><p>Two</p><p>Three</p>", "contents"),
        ("Also by A. Author", "<p>The First Book</p><p>The Second Book</p>", "advertisement"),
        ("Colophon", "<p>Set in Garamond.</p>", "colophon"),
    ],
)
def test_a_chapter_for_looking_things_up_is_left_out_by_title_and_content(tmp_path, title, body, rule):
    book = chapters(tmp_path, **{title: f"<h1>{title}</h1>{body}"})
    assert book.titles == ["One"]
    assert rules(book) == {rule}


@pytest.mark.parametrize(
    "title", ["Index", "Bibliography", "References", "Notes", "Contents", "Also by Night", "Copyright", "Advertisement"]
)
def test_a_chapter_that_only_has_such_a_title_is_spoken(tmp_path, title):
    book = chapters(tmp_path, **{title: f"<h1>{title}</h1>" + f"<p>{LONG}</p>" * 3})
    assert book.titles == ["One", title]
    assert not book.omitted()


@pytest.mark.parametrize("title", ["Dedication", "Preface", "Foreword", "Epilogue", "Acknowledgements", "Glossary"])
def test_what_the_author_says_before_and_after_the_text_is_spoken(tmp_path, title):
    assert chapters(tmp_path, **{title: f"<h1>{title}</h1><p>To my mother.</p>"}).titles == ["One", title]


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("copyright-page", "copyright"),
        ("colophon", "colophon"),
        ("index", "index"),
        ("bibliography", "bibliography"),
        ("endnotes", "notes"),
        ("toc", "contents"),
        ("halftitlepage", "half-title"),
    ],
)
def test_what_a_book_marks_by_type_is_left_out_whatever_it_is_called(tmp_path, kind, rule):
    book = chapters(tmp_path, Other=f'<section epub:type="{kind}"><h1>Other</h1><p>{LONG}</p></section>')
    assert book.titles == ["One"]
    assert book.omitted() == [(rule, "Other"), (rule, LONG.strip())]


def test_the_landmarks_tell_what_files_are(tmp_path):
    package = opf(
        item("nav.xhtml", properties="nav") + item("a.xhtml") + item("b.xhtml"), itemref("a.xhtml") + itemref("b.xhtml")
    )
    marks = '<nav epub:type="landmarks"><ol><li><a epub:type="copyright-page" href="a.xhtml">Rights</a></li></ol></nav>'
    contents = nav(("a.xhtml", "Before"), ("b.xhtml", "One")).replace("</body>", f"{marks}</body>")
    files = {"nav.xhtml": contents, "a.xhtml": xhtml("<p>Mine.</p>"), "b.xhtml": xhtml("<p>Yours.</p>")}
    book = extract(epub(tmp_path / "a.epub", package, files))
    assert (book.titles, book.omitted()) == (["One"], [("copyright", "Mine.")])


def test_a_title_page_opens_the_first_chapter(tmp_path):
    path = simple_epub(tmp_path / "a.epub", {"Title Page": "<h1>A Book</h1><p>by A. Author</p>", "One": "<p>a</p>"})
    book = extract(path)
    assert book.titles == ["One"]
    assert book.spoken == ["A Book", "by A. Author", "a"]


# notes


def test_notes_without_a_type_are_told_by_their_links(tmp_path):
    body = (
        '<p>He came<a href="#fn1"><sup>1</sup></a> and went.<a class="fnanchor" href="#n2">[2]</a></p>'
        '<p id="fn1"><a href="#r1">1</a> By train.</p><div><p><a id="n2"></a>[2] On foot.</p></div>'
    )
    book = extract(simple_epub(tmp_path / "a.epub", {"One": body}))
    assert book.spoken == ["He came and went."]
    assert book.omitted() == [
        ("note-reference", "1"),
        ("note-reference", "[2]"),
        ("footnote", "1 By train."),
        ("footnote", "[2] On foot."),
    ]


def test_links_that_are_numbers_but_no_notes_are_spoken(tmp_path):
    body = '<p>See chapter <a href="#c2">2</a>, or <a href="#y">1984</a>.</p><h2 id="c2">2</h2>'
    body += '<p id="y">1984 was a year.</p>'
    assert extract(simple_epub(tmp_path / "a.epub", {"One": body})).spoken == [
        "See chapter 2, or 1984.",
        "2",
        "1984 was a year.",
    ]


def test_notes_in_a_file_of_their_own_are_told_by_the_links_to_them(tmp_path):
    package = opf(item("a.xhtml") + item("b.xhtml"), itemref("a.xhtml") + itemref("b.xhtml"))
    files = {
        "a.xhtml": xhtml('<h1>One</h1><p>He came.<a href="b.xhtml#note-1"><sup>1</sup></a></p>'),
        "b.xhtml": xhtml('<ol><li id="note-1">1. <p>By train.</p><p>It was late.</p></li></ol>'),
    }
    book = extract(epub(tmp_path / "a.epub", package, files))
    assert book.spoken == ["One", "He came."]
    assert [rule for rule, _ in book.omitted()] == ["note-reference", "footnote", "footnote", "footnote"]


def test_marks_of_notes_in_plain_text_and_the_notes_that_they_lead_to(tmp_path):
    content = (
        f"Chapter 1\n\nHe came.[1] {LONG}\n\n[1] By train.\n\n[Footnote 2: On foot.]\n\n[2] is a number in brackets.\n"
    )
    book = text_book(tmp_path, "a.txt", content)
    assert book.spoken == ["Chapter 1", f"He came. {LONG.strip()}", "[2] is a number in brackets."]
    assert book.omitted() == [
        ("note-reference", "[1]"),
        ("footnote", "[1] By train."),
        ("footnote", "[Footnote 2: On foot.]"),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "He said [sic] so.",
        "In [1984] it was so.",
        "An area of 5 km² and a cube of x³.",
        "[1] He came first.",
        "It was so (March, 2020).",
        "Printed (London, 1850) and sold.",
        "He wrote to his Editor: come.",
    ],
)
def test_what_looks_like_a_mark_and_is_none_is_spoken(tmp_path, sentence):
    assert text_book(tmp_path, "a.txt", f"Chapter 1\n\n{sentence}\n").spoken[1] == sentence


def test_sources_in_brackets_are_left_out_where_a_chapter_has_several(tmp_path):
    content = (
        "Chapter 1\n\nIt is so (Smith, 2020), and not so (Miller & Jones, 1999, p. 4). It is (Brown et al., 2001a).\n"
    )
    book = text_book(tmp_path, "a.txt", content)
    assert book.spoken[1] == "It is so, and not so. It is."
    assert rules(book) == {"citation"}


def test_of_a_web_address_only_the_name_of_the_site_is_spoken(tmp_path):
    book = text_book(tmp_path, "a.txt", "Chapter 1\n\nSee https://www.example.org/a/b?c=1, and go.\n")
    assert book.spoken[1] == "See example.org, and go."
    assert rules(book) == {"url"}


def test_pictures_and_notes_of_transcribers_are_left_out(tmp_path):
    content = "Chapter 1\n\n[Illustration: A house.]\n\nHe came. [Illustration]\n\n"
    content += "[Transcriber's Note: Spelling is kept.]\n\n[They go.]\n"
    book = text_book(tmp_path, "a.txt", content)
    assert book.spoken == ["Chapter 1", "He came.", "[They go.]"]
    assert rules(book) == {"illustration", "transcriber-note"}


@pytest.mark.parametrize(
    "number",
    [
        '<span class="pagenum"><a id="Page_12">[Pg 12]</a></span>',
        '<span class="pageno" id="p12">12</span>',
        '<span class="x-ebookmaker-pageno">{xii}</span>',
        '<a class="page_number">Page 12</a>',
        "[Pg 12]",
    ],
)
def test_the_pages_of_the_printed_book_are_left_out_of_its_sentences(tmp_path, number):
    book = chapters(tmp_path, Two=f"<p>They waited {number}for the rain.</p>")
    assert book.spoken_in(2) == ["They waited for the rain."]
    assert rules(book) == {"page-number"}


@pytest.mark.parametrize(
    "said", ['<span class="pagenum">of all days</span>', '<span class="number">12</span>', "[page torn]", "[1912]"]
)
def test_what_is_no_number_of_a_page_is_spoken(tmp_path, said):
    assert not chapters(tmp_path, Two=f"<p>They waited {said} there.</p>").omitted()


def test_page_marks_of_a_plain_text_are_left_out(tmp_path):
    book = text_book(
        tmp_path, "a.txt", f"Chapter 1\n\n{LONG}\n\nThey waited[Pg 12] for the rain.\n\n[Pg 13]\n\n{LONG}\n"
    )
    assert "They waited for the rain." in book.spoken
    assert book.omitted() == [("page-number", "[Pg 12]"), ("page-number", "[Pg 13]")]


@pytest.mark.parametrize(
    ("bracket", "rule"),
    [
        ("[Illustration:\n\n    JOHN ALLEN\n    PUBLISHER\n\n    LONDON\n    ]", "illustration"),
        ("[Illustration:\n\nThe rain\n\n[_Copyright 1894._]]", "illustration"),
        ("[Footnote 1: A long note.\n\nIt has [two] paragraphs.]", "footnote"),
        ("[Transcriber's Note: Spelling is kept.\n\nErrors are kept.]", "transcriber-note"),
        ("Original Transcriber's Notes:\n\nSpelling is kept.", "transcriber-note"),
    ],
)
def test_what_stands_in_brackets_over_several_paragraphs_is_left_out(tmp_path, bracket, rule):
    book = text_book(tmp_path, "a.txt", f"Chapter 1\n\n{LONG}\n\n{bracket}\n\nHe came.\n\nChapter 2\n\n{LONG}\n")
    assert rules(book) == {rule}
    assert [len(book.spoken_in(1)), book.spoken_in(1)[-1]] == [3, "He came."]


@pytest.mark.parametrize(
    "bracket", ["[They went\n\nout.]", "[Illustration: so\n\nhe said", "[Illustrations were made]"]
)
def test_other_words_in_brackets_over_several_paragraphs_are_spoken(tmp_path, bracket):
    rest = "\n\n".join(["He came."] * 12)
    assert not text_book(tmp_path, "a.txt", f"Chapter 1\n\n{bracket}\n\n{rest}\n").omitted()


def test_the_title_of_a_chapter_inside_a_picture_is_its_title(tmp_path):
    content = f"Preface\n\n{LONG}\n\n[Illustration: ·THE RAIN·\n\n\nChapter I.]\n\n{LONG}\n\nChapter II.\n\n{LONG}\n"
    book = text_book(tmp_path, "a.txt", content)
    assert book.titles == ["Preface", "Chapter I.", "Chapter II."]
    assert book.spoken_in(2)[0] == "Chapter I."
    assert book.omitted() == [("illustration", "[Illustration: ·THE RAIN·")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("T h e   G i f t", "The Gift"),
        ("K U R T  W O L F F", "KURT WOLFF"),
        ("L E I P Z I G", "LEIPZIG"),
        ("D\u00a0E\u00a0R\u00a0 T\u00a0A\u00a0G", "DER TAG"),
        ("A B C D E", "A B C D E"),
        ("x y z w", "x y z w"),
        ("I am a man.", "I am a man."),
        ("1 2 3 4 5", "1 2 3 4 5"),
    ],
)
def test_letter_spaced_lines_are_words(tmp_path, line, said):
    assert text_book(tmp_path, "a.txt", f"Chapter 1\n\n{line}\n\n{LONG}\n").spoken[1] == said
