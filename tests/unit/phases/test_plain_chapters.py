"""Chapters of plain text as the books of large libraries print them: parts, prefaces, stories without numbers."""

import pytest
from book_files import text_book

from phases.readers import numbering

PROSE = "\n".join(["The rain fell on the roofs of the little town and on the hills behind it."] * 6)
POEM = "The rain falls softly,\nand on the roof\nthe sparrows argue,\nall day long."


def chapter(heading: str, text: str = PROSE) -> str:
    return f"{heading}\n\n\n{text}\n\n\n\n\n"


def test_stories_are_told_by_the_space_above_their_titles(tmp_path):
    names = ["THE RAIN", "DR. LEE IS LATE", "AN END AT LAST."]
    content = "TALES\n\nby A. Writer\n\n\n\n\n" + "".join(
        chapter(name, f"{PROSE}\n\nHE SAID NO\n\n{PROSE}") for name in names
    )
    book = text_book(tmp_path, "a.txt", content + "THE END\n")
    assert book.titles == names
    assert book.spoken[:3] == ["TALES", "by A. Writer", "THE RAIN"]


def test_poems_are_told_by_the_space_above_their_titles(tmp_path):
    names = ["THE ROOF", "SPARROWS", "EVENING"]
    content = "".join(chapter(name, "\n\n".join([POEM] * 5)) for name in names)
    book = text_book(tmp_path, "a.txt", content)
    assert book.titles == names
    assert sum(kind == "verse" for kind, _ in book.kinds()) == 15


def test_words_in_capitals_between_paragraphs_are_no_chapters(tmp_path):
    content = "".join(f"{PROSE}\n\nNO ENTRY\n\n" for _ in range(4))
    assert len(text_book(tmp_path, "a.txt", content).titles) == 1


def test_a_preface_of_any_name_before_the_first_chapter(tmp_path):
    front = "".join(
        chapter(name) for name in ("TO THE READER", "TRANSLATOR'S PREFACE", "Preface to the Second Edition")
    )
    chapters = "".join(f"CHAPTER {n}\n\n{PROSE}\n\n" for n in ("I", "II"))
    book = text_book(tmp_path, "a.txt", f"MY BOOK\n\n\n\n{front}MY BOOK\n\n\n{PROSE}\n\n\n{chapters}")
    assert book.titles == [
        "TO THE READER",
        "TRANSLATOR'S PREFACE",
        "Preface to the Second Edition",
        "CHAPTER I",
        "CHAPTER II",
    ]


@pytest.mark.parametrize("name", ["EDITOR'S PREFACE", "Préface de l'Éditeur", "Vorwort des Herausgebers"])
def test_a_short_preface_of_the_edition_opens_the_first_chapter(tmp_path, name):
    chapters = "".join(f"CHAPTER {n}\n\n{PROSE}\n\n{PROSE}\n\n" for n in ("I", "II", "III"))
    book = text_book(tmp_path, "a.txt", f"MY BOOK\n\n\n\n{name}\n\n{PROSE}\n\n\nMY BOOK\n\n\n{chapters}")
    assert book.titles == ["CHAPTER I", "CHAPTER II", "CHAPTER III"]
    assert book.spoken[:2] == ["MY BOOK", name]
    long = text_book(tmp_path, "b.txt", f"MY BOOK\n\n\n\n{name}\n\n{PROSE}\n\n{PROSE}\n\n{PROSE}\n\n\n{chapters}")
    assert long.titles == [name, "CHAPTER I", "CHAPTER II", "CHAPTER III"]


def test_a_list_of_scenes_is_not_taken_for_the_acts(tmp_path):
    scenes = "ACT I.  A flat in town.\n\nACT II.  A garden.\n\nACT III.  A room.\n\nTIME: The Present.\n\n\n"
    acts = "".join(f"{n} ACT\n\n\nSCENE\n\n{PROSE}\n\n" for n in ("FIRST", "SECOND", "THIRD"))
    assert text_book(tmp_path, "a.txt", scenes + acts).titles == ["FIRST ACT", "SECOND ACT", "THIRD ACT"]


def test_contents_with_parts_whose_chapters_are_worded_otherwise(tmp_path):
    contents = (
        "CONTENTS\n\n\n  Book the First--Out of Town\n\n  Chapter I      The Rain\n  Chapter II     The Hill\n\n"
        "  Book the Second--the Long Way\n\n  Chapter I      The Road\n  Chapter II     The Inn\n\n\n\n"
    )
    body = (
        chapter("Book the First--Out of Town\n\n\n\nI. The Rain")
        + chapter("II. The Hill")
        + chapter("Book the Second--the Long Way\n\n\n\nI. The Road")
        + chapter("II. The Inn")
    )
    book = text_book(tmp_path, "a.txt", contents + body)
    assert book.titles == [
        "Book the First--Out of Town",
        "I. The Rain",
        "II. The Hill",
        "Book the Second--the Long Way",
        "I. The Road",
        "II. The Inn",
    ]
    assert {rule for rule, _ in book.omitted()} == {"contents"}
    assert len(book.omitted()) == 5


def test_contents_that_break_the_titles_of_parts(tmp_path):
    contents = "CONTENTS\n\n  PART ONE\n  The Town\n\n  1. THE RAIN .... 11\n\n"
    contents += "  PART TWO\n  The Hills\n\n  2. THE WAY .... 48\n\n\n"
    body = chapter("PART ONE--The Town\n\n\n1\n\nThe Rain") + chapter("PART TWO--The Hills\n\n\n2\n\nThe Way")
    book = text_book(tmp_path, "a.txt", contents + body)
    assert book.titles == ["PART ONE--The Town", "1. The Rain", "PART TWO--The Hills", "2. The Way"]


def test_a_summary_in_brackets_below_a_number_is_no_title(tmp_path):
    content = "".join(f"CHAPTER {n}.\n\n\n[The author is late.]\n\n{PROSE}\n\n" for n in ("I", "II"))
    book = text_book(tmp_path, "a.txt", content)
    assert book.titles == ["CHAPTER I.", "CHAPTER II."]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("Capítulo décimo. De lo que pasó", 10),
        ("CHAPTER TWENTY-FIRST", 21),
        ("Siebentes Kapitel", 7),
        ("Chapter the Thirty and Second", 32),
        ("Inferno: Canto XIV", 14),
        ("Chapitre vingt et unième", 21),
        ("HIS FIRST BOOK", 1),
    ],
)
def test_spelled_numbers_and_places_in_parts(line: str, number: int) -> None:
    found = numbering.heading(line)
    assert found is not None
    assert found.number == number


@pytest.mark.parametrize(
    "line", ["The town: a letter", "Preface of sorts, he thought.", "Inferno: he said so.", "Note"]
)
def test_sentences_are_no_headings(line: str) -> None:
    assert numbering.heading(line) is None


def test_a_piece_between_a_preface_and_the_first_number(tmp_path):
    front = chapter("PREFACE") + chapter('THE OLD HOUSE.\n\nINTRODUCTORY TO "THE RAIN."')
    book = text_book(tmp_path, "a.txt", front + chapter("I.\n\nTHE DOOR.") + chapter("II.\n\nTHE ROOM."))
    assert book.titles == ["PREFACE", "THE OLD HOUSE.", "I. THE DOOR.", "II. THE ROOM."]


def test_the_last_entry_of_contents_is_no_chapter_whatever_follows(tmp_path):
    contents = (
        "CONTENTS.\n\nCHAPTER I. Rain.--A Door.\n\nCHAPTER II. Wind.--A Wall.\n\nCHAPTER THE LAST. Sun.--An End.\n\n"
    )
    body = "".join(f"{name}\n\n{PROSE}\n\n" for name in ("CHAPTER I.", "CHAPTER II.", "CHAPTER THE LAST"))
    book = text_book(tmp_path, "a.txt", f"{contents}\nEXPLANATORY\n\n{PROSE}\n\n\n{body}")
    assert book.titles[-3:] == ["CHAPTER I.", "CHAPTER II.", "CHAPTER THE LAST"]
    assert not any("Sun" in title for title in book.titles)


def test_tables_at_the_beginning_of_chapters_and_the_sections_that_they_name(tmp_path):
    names = ["Purpose", "Means of transport in the northern towns and in the villages", "Ends"]
    wrapped = [name.replace(" towns and", " towns\n          and") for name in names]
    table = "".join(
        f"   {n}. About {n}\n\n" + "".join(f"        {n}.{m}. {wrapped[m - 1]}\n" for m in (1, 2, 3)) + "\n"
        for n in (1, 2)
    )
    content = "A STANDARD\n\n" + PROSE + "\n\n   Table of Contents\n\n" + table
    for n in (1, 2):
        content += f"Chapter {n}. About {n}\n\n   Table of Contents\n\n"
        content += "".join(f"   {n}.{m}. {wrapped[m - 1]}\n" for m in (1, 2, 3)) + "\n"
        content += "".join(f"{n}.{m}. {names[m - 1]}\n\n{PROSE}\n\n" for m in (1, 2, 3))
    book = text_book(tmp_path, "a.txt", content)
    assert book.titles == ["A STANDARD", "Chapter 1. About 1", "Chapter 2. About 2"]
    assert book.spoken[:4] == ["A STANDARD", " ".join(PROSE.split()), "Chapter 1. About 1", "1.1. Purpose"]
    assert ("heading", "1.1. Purpose") in book.kinds()
    assert "Table of Contents" not in book.spoken


def test_sentences_that_a_long_table_of_contents_names_are_no_chapters(tmp_path):
    names = ["CHAPTER 1. RAIN.", "CHAPTER 2. WIND.", "CHAPTER 3. SUN."]
    contents = "\n\n".join(f"{name}\n\nBears on the {number} question." for number, name in enumerate(names))
    body = "".join(f"{name}\n\nBears on the {number} question.\n\n{PROSE}\n\n" for number, name in enumerate(names))
    assert text_book(tmp_path, "a.txt", f"CONTENTS.\n\n{contents}\n\n\n{body}").titles == names


@pytest.mark.parametrize("rules", ["=-", "*=", "~~~^"], ids=["setext", "stars", "others"])
def test_underlined_headings_are_chapters_without_their_rules(tmp_path, rules):
    upper, lower = rules[0], rules[-1]
    chapters = "".join(f"{name}\n{lower * len(name)}\n\n{PROSE}\n\n" for name in ("1. Rain", "2. Snow", "3. Sun"))
    book = text_book(tmp_path, "a.txt", f"The Weather\n{upper * 11}\n\nby Ann Other\n\n{chapters}")
    assert book.titles == ["1. Rain", "2. Snow", "3. Sun"]
    assert book.spoken[:3] == ["The Weather", "by Ann Other", "1. Rain"]
    assert not any(rules[0] * 3 in said for said in book.spoken)


def test_titles_between_two_rules_one_right_below_the_other(tmp_path):
    head = "========\nThe Rain\n========\n------\nA Tale\n------\n\n"
    chapters = "".join(f"{name}\n~~~~~~~~~\n\n{PROSE}\n\n" for name in ("The Roofs", "The River"))
    book = text_book(tmp_path, "a.txt", head + chapters)
    assert book.spoken[:3] == ["The Rain", "A Tale", "The Roofs"]
    assert book.titles == ["The Roofs", "The River"]


def test_a_rule_below_a_paragraph_or_a_table_is_no_heading(tmp_path):
    content = f"CHAPTER 1\n\n{PROSE}\n----------\n\nName  Age\n---------\nAnn   8\n\nCHAPTER 2\n\n{PROSE}\n"
    assert text_book(tmp_path, "a.txt", content).titles == ["CHAPTER 1", "CHAPTER 2"]


def test_running_headers_and_page_numbers_between_form_feeds_are_left_out_on_record(tmp_path):
    pages = [f"CHAPTER I\n\n{PROSE}\n1"] + [f"\n\fTHE RAIN          {n}\n\n{PROSE}\n{n}" for n in range(2, 6)]
    book = text_book(tmp_path, "a.txt", "".join(pages) + f"\n\fCHAPTER II\n\n{PROSE}\n")
    assert book.titles == ["CHAPTER I", "CHAPTER II"]
    assert [rule for rule, _ in book.omitted()] == ["page-number"] + ["running-header", "page-number"] * 4
    assert "RAIN" not in " ".join(book.spoken)


@pytest.mark.parametrize(
    "edge", ["\n\f\n", "\nR. Writer          [Page 1]\n\f\nThe Rain        May 1999\n\n", "\n\n\f"]
)
def test_a_sentence_that_a_page_break_cuts_is_read_in_one_piece(tmp_path, edge):
    pages = [
        f"{PROSE}\nIn the evening they walked down to the wide river and saw\n",
        f"\nJohn, who came home late.\n\n{PROSE}\n",
    ]
    content = edge.join(pages * 2)
    assert content.count("\f") == 3
    book = text_book(tmp_path, "a.txt", content)
    cut = "In the evening they walked down to the wide river and saw John, who came home late."
    assert sum(said.endswith(cut) for said in book.spoken) == 2


@pytest.mark.parametrize("form", ["CHAPTER {}", "Part {}", "{}"])
def test_headings_that_begin_pages_are_chapters_and_not_what_runs_above_them(tmp_path, form):
    names = [form.format(n) for n in range(1, 5)]
    content = "".join(f"{name}\n\nTHE RAIN\n\n{PROSE}\n\fTHE RAIN\n{PROSE}\n\fTHE RAIN\n{PROSE}\n\f" for name in names)
    book = text_book(tmp_path, "a.txt", content)
    assert book.titles == names
    assert {said for _, said in book.omitted()} == {"THE RAIN"}


@pytest.mark.parametrize("after", ["CHAPTER II", "THE RIVER", "Then they slept."])
def test_after_a_page_break_a_heading_or_a_new_sentence_is_a_paragraph_of_its_own(tmp_path, after):
    book = text_book(tmp_path, "a.txt", f"CHAPTER I\n\n{PROSE}\n\f{after}\n\n{PROSE}\n\fCHAPTER III\n\n{PROSE}\n")
    assert after in book.spoken


def test_lines_that_begin_pages_and_do_not_come_again_are_spoken(tmp_path):
    content = "\n\f".join(
        f"{word}\n\n{PROSE}" for word in ("Snow is white.", "Rain is grey.", "Fog is soft.", "Ice is hard.")
    )
    assert "Fog is soft." in text_book(tmp_path, "a.txt", content).spoken


@pytest.mark.parametrize(
    "form",
    ["第{}章", "第{}回 甄士隐梦幻", "第{}話：雨", "【第{}章】　雨の日"],
)
def test_chapters_of_china_and_japan(tmp_path, form):
    prose = "　雨下在屋顶上，孩子们留在家里，望着窗外。傍晚，他们走到河边，很晚才回家。\n" * 4
    book = text_book(tmp_path, "a.txt", "".join(f"{form.format(n)}\n\n{prose}\n" for n in "一二三四"))
    assert book.titles == [form.format(n).replace("　", " ") for n in "一二三四"]
    assert len(book.spoken) == 20


def test_a_sentence_that_begins_with_a_chapter_of_china_is_none():
    assert numbering.heading("第一章を読んだ。") is None
    assert numbering.heading("第二十三章 夜").number == 23


@pytest.mark.parametrize("line", ["Глава двенадцатая", "Rozdział piąty", "Eerste hoofdstuk", "Κεφάλαιο πρώτο"])
def test_numbers_that_are_spelled_out_in_other_languages(line):
    assert numbering.heading(line).rank == "chapter"


def test_a_note_with_a_sentence_is_no_chapter():
    assert numbering.heading("Historical note: Though this word is old, it is still in use.") is None
    assert numbering.heading("Author's Note").rank == "named"


def test_a_hyphen_at_the_end_of_a_line_stays_with_its_word(tmp_path):
    end = "He sat in the drawing-\nroom of a well-\nknown house, and sang - or\nspoke - to himself all day long.\n"
    content = f"{PROSE}\n{end}"
    assert "drawing-room of a well-known house, and sang - or spoke" in text_book(tmp_path, "a.txt", content).spoken[0]


def test_titles_of_contents_that_are_worded_otherwise_and_numbers_of_books_that_come_again_alone(tmp_path):
    listed = "CHAPTER I\n\nBob’s Diary\n\nCHAPTER II\n\nBob’s Diary\n\nCHAPTER III\n\nLetters—Ann and Bob\n\n\n\n"
    names = (("I", "BOB’S DIARY"), ("II", "BOB’S DIARY"), ("III", "LETTERS, ETC."))
    chapters = "".join(f"CHAPTER {n}\n\n{name}\n\n{PROSE}\n\n\n" for n, name in names)
    book = text_book(tmp_path, "a.txt", f"CONTENTS\n\n{listed}{chapters}")
    assert book.spoken[:2] == ["CHAPTER I", "BOB’S DIARY"]
    cantos = "".join(f"Inferno: Canto {n}\n\n\n{PROSE}\n\n\n" for n in ("I", "II", "III"))
    listed = "Inferno\n  I. The Wood\n  II. The Gate\n  III. The River\n"
    book = text_book(tmp_path, "b.txt", f"THE BOOK\n\n\nCONTENTS\n\n{listed}\n\n\n{cantos}")
    assert book.titles == ["Inferno: Canto I", "Inferno: Canto II", "Inferno: Canto III"]
    assert "The Wood" not in " ".join(book.spoken)


def test_a_picture_is_no_entry_of_contents(tmp_path):
    chapters = "".join(f"CHAPTER {n}.\n\n\n[Illustration]\n\n{PROSE}\n\n\n\n" for n in ("II", "III", "IV"))
    first = f"[Illustration:\n\nTHE RAIN\n\nChapter I.]\n\n\n{PROSE}\n\n\n\n"
    contents = "".join(f" Chapter {n}.\n" for n in ("I", "II", "III", "IV"))
    book = text_book(tmp_path, "a.txt", f"THE RAIN\n\n\nCONTENTS\n\n{contents}\n\n\n{first}{chapters}")
    assert [title.casefold() for title in book.titles] == ["chapter i.", "chapter ii.", "chapter iii.", "chapter iv."]


def test_a_list_of_pictures_without_pages_is_left_out_as_far_as_it_goes(tmp_path):
    pictures = "The Widows\n\nMoses and the “Bulrushers”\n\nMiss Watson\n\nHuck stealing away\n"
    chapters = "".join(f"CHAPTER {n}\n\n{PROSE}\n\n\n" for n in ("I", "II"))
    notice = "NOTICE\n\nNobody may laugh.\n\n\n"
    book = text_book(tmp_path, "a.txt", f"THE RAIN\n\n\nILLUSTRATIONS.\n\n{pictures}\n\n\n{notice}{chapters}")
    assert book.spoken[:3] == ["THE RAIN", "NOTICE", "Nobody may laugh."]
    speech = "“No,” said he.\n\nShe went.\n\nIt rained.\n"
    assert "It rained." in text_book(tmp_path, "b.txt", f"Illustrations\n\n{speech}\n\n{chapters}").spoken


def test_titles_that_look_like_numbers_and_rules_that_are_too_short(tmp_path):
    content = "".join(
        f"{n}\n{name}\n\n{PROSE}\n\n\n" for n, name in enumerate(("RAIN", "THE LAST NIGHT", "FAREWELL"), 1)
    )
    assert text_book(tmp_path, "a.txt", content).titles == ["1. RAIN", "2. THE LAST NIGHT", "3. FAREWELL"]
    content = "".join(f"Chapter {n} - A Letter from Home\n-----\n\n{PROSE}\n\n\n" for n in (1, 2))
    book = text_book(tmp_path, "b.txt", content)
    assert book.titles == ["Chapter 1 - A Letter from Home", "Chapter 2 - A Letter from Home"]
    assert book.spoken[0] == "Chapter 1 - A Letter from Home"
    listed = "1. The Storm\n2. The Last Night\n3. Farewell\n"
    assert text_book(tmp_path, "c.txt", f"{PROSE}\n\n{listed}\n{PROSE}\n").titles == ["c"]
