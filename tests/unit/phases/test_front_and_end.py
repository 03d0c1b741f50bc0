"""What stands before the first chapter and after the last: title pages, imprints, thanks, "The End"."""

import pytest
from book_files import extract, simple_epub, text_book

RAIN = "It rained on the roofs and in the gardens, and the children stayed at home and looked out of the window. " * 4
CHAPTERS = f"CHAPTER I.\n\n{RAIN}\n\nCHAPTER II.\n\n{RAIN}\n"


def title_page(tmp_path, *lines, **settings):
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join([*lines, CHAPTERS]), encoding="utf-8")
    book = extract(path, **settings)
    spoken = book.spoken_in(1)
    return spoken[: spoken.index("CHAPTER I.")], [rule for rule, _ in book.omitted()]


@pytest.mark.parametrize(
    "imprint",
    [
        ["LONDON", "PRINTED BY JOHN SMITH", "12, HIGH STREET", "1859"],
        ["New York: Doubleday & Co.", "Copyright, 1901, by Ann Other"],
        ["DE L'IMPRIMERIE DE JEAN PETIT,", "RUE NEUVE, Nº 3.", "MDCCCXXX."],
        ["A PARIS,", "CHEZ JEAN PETIT, LIBRAIRE", "1830"],
        ["REGEN VERLAG", "LEIPZIG", "GEDRUCKT BEI KLEIN UND SOHN"],
        ["All rights reserved.", "First published 1901"],
    ],
)
def test_the_printer_and_publisher_on_a_title_page_are_left_out(tmp_path, imprint):
    spoken, rules = title_page(tmp_path, "THE RAIN", "by Ann Other", *imprint)
    assert spoken == ["THE RAIN", "by Ann Other"]
    assert rules == ["copyright"] * len(imprint)


@pytest.mark.parametrize(
    "line", ["London, 1850", "1914", "Rue de la Pluie", "Paris", "Printed Words", "The Publishers' Daughter"]
)
def test_a_place_or_a_year_alone_is_part_of_the_title(tmp_path, line):
    assert title_page(tmp_path, line, "by Ann Other") == ([line, "by Ann Other"], [])


def test_the_imprint_is_spoken_where_its_rule_is_off(tmp_path):
    spoken, rules = title_page(tmp_path, "THE RAIN", "Printed by John Smith", rules={"copyright": False})
    assert (spoken, rules) == (["THE RAIN", "Printed by John Smith"], [])


def test_what_names_a_printer_inside_a_chapter_is_spoken(tmp_path):
    book = text_book(tmp_path, "a.txt", f"{CHAPTERS}\n\nPrinted by John Smith\n\nLONDON\n\n{RAIN}\n")
    assert not book.omitted()


def test_a_half_title_is_left_out_where_the_title_comes_again(tmp_path):
    spoken, rules = title_page(
        tmp_path, "THE RAIN", "IN THREE PARTS", "THE RAIN", "A Novel", "by Ann Other", "IN THREE PARTS."
    )
    assert spoken == ["THE RAIN", "A Novel", "by Ann Other", "IN THREE PARTS."]
    assert rules == ["half-title", "half-title"]


def test_sentences_that_come_again_are_no_half_title(tmp_path):
    said = "The rain fell on the roofs of the town.\n\nThe road was wet.\n\n"
    book = text_book(tmp_path, "a.txt", f"{said * 2}Chapter 1\n\n{said}Chapter 2\n\n{said}")
    assert book.omitted() == []


def test_lines_that_come_again_in_part_are_no_half_title(tmp_path):
    spoken, rules = title_page(tmp_path, "Rain", "To my mother", "Rain")
    assert (spoken, rules) == (["Rain", "To my mother", "Rain"], [])


@pytest.mark.parametrize(
    "page", ["# The Rain in Spain\n\nAnn Other\n\n", "# THE RAIN\n\n## Ann Other\n\nSecond edition\n\n"]
)
def test_a_page_with_the_title_of_the_book_opens_the_first_chapter(tmp_path, page):
    content = f"---\ntitle: The Rain\n---\n\n{page}# One\n\n{RAIN}\n\n# Two\n\n{RAIN}\n"
    book = text_book(tmp_path, "a.md", content)
    assert book.titles == ["One", "Two"]
    assert book.spoken[0].casefold().startswith("the rain")


def test_a_first_chapter_that_is_called_as_the_book_is_a_chapter(tmp_path):
    book = text_book(tmp_path, "a.md", f"---\ntitle: Rain\n---\n\n# Rain\n\n{RAIN}\n\n# Snow\n\n{RAIN}\n")
    assert book.titles == ["Rain", "Snow"]
    sentence = "It rained on all the roofs of the town, and then it stopped again."
    short = f"---\ntitle: Rain\n---\n\n# Rain\n\n{sentence}\n\n# Snow\n\n{RAIN}\n"
    assert text_book(tmp_path, "b.md", short).titles == ["Rain", "Snow"]


def test_a_first_part_without_a_text_of_its_own_is_a_chapter(tmp_path):
    chapters = [f"## Chapter {number}\n\n{RAIN}" for number in (1, 2, 3)]
    content = "\n\n".join(["# Part I", *chapters[:2], "# Part II", *chapters[2:]])
    content = f"---\ntitle: Part of Rain\n---\n\n{content}\n"
    assert text_book(tmp_path, "a.md", content).titles == ["Part I", "Chapter 1", "Chapter 2", "Part II", "Chapter 3"]


@pytest.mark.parametrize("below", ["## October 14, 1998", "### A Novel", "## by Ann Other"])
def test_headings_right_below_the_title_of_a_book_belong_to_it(tmp_path, below):
    book = text_book(tmp_path, "a.md", f"# The Rain\n\n{below}\n\n{RAIN}\n")
    assert book.titles == ["The Rain"]
    assert book.spoken[:2] == ["The Rain", below.strip("# ")]


def test_the_only_chapter_right_below_a_title_is_a_chapter(tmp_path):
    assert text_book(tmp_path, "a.md", f"# The Rain\n\n## Chapter 1\n\n{RAIN}\n").titles == ["Chapter 1"]


@pytest.mark.parametrize(
    "end", ["FINIS.", "The End", "THE END.", "Fin", "Ende", "End of Volume One", "* FIN DE LA PLUIE *"]
)
def test_the_end_is_no_chapter(tmp_path, end):
    book = text_book(tmp_path, "a.md", f"# One\n\n{RAIN}\n\n# Two\n\n{RAIN}\n\n# {end}\n")
    assert book.titles == ["One", "Two"]
    assert book.spoken_in(2)[-1] == end


def test_the_end_is_no_chapter_where_the_contents_name_it(tmp_path):
    text = f"<p>{RAIN}</p>"
    book = extract(simple_epub(tmp_path / "a.epub", {"One": text, "The End": "<p>THE END</p><p>of all</p>"}))
    assert book.titles == ["One"]
    assert book.spoken_in(1)[-2:] == ["THE END", "of all"]


def test_a_last_chapter_called_the_end_is_a_chapter(tmp_path):
    book = text_book(tmp_path, "a.md", f"# One\n\n{RAIN}\n\n# The End\n\n{RAIN}\n")
    assert book.titles == ["One", "The End"]


@pytest.mark.parametrize(
    "thanks",
    [
        "We thank the National Library for the page images from which this e-text was made.",
        "Nous remercions la bibliothèque qui a mis à disposition les images pour préparer ce texte.",
        "E-text prepared by Somebody and the Online Distributed Proofreading Team",
        "This file was produced from images generously made available by The Internet Archive",
    ],
)
def test_thanks_for_an_edition_of_project_gutenberg_are_left_out(tmp_path, thanks):
    start = "The Project Gutenberg eBook\n\n*** START OF THE PROJECT GUTENBERG EBOOK THE RAIN ***\n\n"
    end = "\n\n*** END OF THE PROJECT GUTENBERG EBOOK THE RAIN ***\n"
    book = text_book(tmp_path, "a.txt", f"{start}{thanks}\n\nTHE RAIN\n\n{CHAPTERS}\n\n{thanks}\n{end}")
    assert ("gutenberg-credit", thanks) in book.omitted()
    assert [book.spoken_in(1)[0], book.spoken[-1]] == ["THE RAIN", thanks]


def test_thanks_of_an_author_are_spoken(tmp_path):
    start = "The Project Gutenberg eBook\n\n*** START OF THE PROJECT GUTENBERG EBOOK THE RAIN ***\n\n"
    thanks = "The author thanks her mother, who prepared the way."
    assert thanks in text_book(tmp_path, "a.txt", f"{start}{thanks}\n\n{CHAPTERS}").spoken


def test_title_and_author_in_headings_of_markdown_are_spoken(tmp_path):
    book = text_book(
        tmp_path, "a.md", f"# Title: The Rain\n\n## Author: Ann Other\n\n## Year: 1901\n\n---\n\n## One\n\n{RAIN}\n"
    )
    assert book.titles == ["One"]
    assert book.spoken[:4] == ["The Rain", "Ann Other", "", "One"]
    assert book.omitted() == [("metadata", "Title:"), ("metadata", "Author:"), ("metadata", "Year: 1901")]


NOTED = f"{CHAPTERS}\n\nHe read a poem[1] to them, and they listened to it all evening long.\n\n"


def test_a_note_set_in_from_the_margin_goes_on_as_far_as_it_is_set_in(tmp_path):
    note = "  [1] The poem:\n\n        Rain, rain,\n        go away.\n\n  It is well known.\n\n\n"
    book = text_book(tmp_path, "a.txt", f"{NOTED}{note}They went to bed.\n\n    Good night,\n    said they.\n")
    rows = [text for rule, text in book.omitted() if rule == "footnote"]
    assert rows == ["[1] The poem:", "Rain, rain,\ngo away.", "It is well known."]
    assert book.spoken[-2:] == ["They went to bed.", "Good night,\nsaid they."]


@pytest.mark.parametrize("note", ["[1] The poem.\n\n", "  [2] was on the door.\n\n", "  [1] The poem.\n\n\n\n"])
def test_verse_below_what_is_no_such_note_is_spoken(tmp_path, note):
    book = text_book(tmp_path, "a.txt", f"{NOTED}{note}    Good night,\n    said they.\n\nThey went to bed.\n")
    assert "Good night,\nsaid they." in book.spoken


def test_an_imprint_below_the_end_is_left_out(tmp_path):
    imprint = "OAK PRESS: JOHN SMITH AND CO., LONDON"
    book = text_book(tmp_path, "a.txt", f"{CHAPTERS}\n\nTHE END.\n\n{imprint}\n\nPRINTED BY HAND\n")
    assert book.spoken[-1] == "THE END."
    assert book.omitted() == [("copyright", imprint), ("copyright", "PRINTED BY HAND")]


@pytest.mark.parametrize("after", ["He lived in London.", "PRINTED BY HAND\n\nAnd so it was."])
def test_text_below_the_end_is_spoken(tmp_path, after):
    assert not text_book(tmp_path, "a.txt", f"{CHAPTERS}\n\nTHE END.\n\n{after}\n").omitted()


def test_a_city_with_a_publisher_below_it_is_an_imprint_and_a_title_is_none(tmp_path):
    assert title_page(tmp_path, "RAIN", "London\nJohn Smith") == (["RAIN"], ["copyright"])
    for page in (["London\nA Novel"], ["RAIN", "Paris\nby Ann Other"], ["RAIN", "London\nBerlin Nights\nParis Days"]):
        assert title_page(tmp_path, *page) == (page, [])


def test_the_word_cover_where_a_book_had_one_is_left_out(tmp_path):
    assert title_page(tmp_path, "cover", "THE RAIN") == (["THE RAIN"], ["illustration"])
    assert title_page(tmp_path, "COVER STORIES", "by Ann Other") == (["COVER STORIES", "by Ann Other"], [])


def test_lists_of_illustrations_are_left_out_and_what_follows_is_spoken(tmp_path):
    entries = ["PAGE", "Frontispiece    iv", "The Roofs ..... 3", "“They saw the rain” 12"]
    listed = "\n\n".join(["LIST OF ILLUSTRATIONS.", *entries])
    book = text_book(tmp_path, "a.txt", f"THE RAIN\n\n{listed}\n\nIt rained in 1859.\n\n{CHAPTERS}")
    assert [rule for rule, _ in book.omitted()] == ["contents"] * 5
    assert book.spoken[:2] == ["THE RAIN", "It rained in 1859."]


def test_a_title_called_illustrations_over_a_text_is_spoken(tmp_path):
    book = text_book(tmp_path, "a.txt", f"Illustrations\n\nThere were 3.\n\n{CHAPTERS}")
    assert book.spoken[:2] == ["Illustrations", "There were 3."]
