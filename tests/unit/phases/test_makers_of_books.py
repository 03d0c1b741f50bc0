"""Books in the habits of those who make them: Project Gutenberg, converters, Smashwords, Word, scans."""

import pytest
from book_files import epub, extract, item, itemref, nav, opf, text_book, xhtml

LONG = "It was a bright cold day in April, and the clocks were striking thirteen. " * 4
ONE = f"Chapter 1\n\n{LONG}\n\n"


def page(folder, body, title="The Rain"):
    path = folder / "a.html"
    path.write_text(f"<html><head><title>{title}</title></head><body>{body}</body></html>", encoding="utf-8")
    return extract(path)


# notes of transcribers


@pytest.mark.parametrize(
    "name", ["Transcriber's Note", "TRANSCRIBER’S NOTES:", "[Transcribers' Note]", "Transcriber's Endnote."]
)
def test_what_speaks_of_corrections_below_the_name_of_such_notes_is_left_out(tmp_path, name):
    rest = "Spelling is as printed.\n\nPage 12, teh was changed to the.\n\n"
    book = text_book(tmp_path, "a.txt", f"{ONE}{name}\n\n{rest}Chapter 2\n\nHe came.\n\n{LONG}\n")
    assert {rule for rule, _ in book.omitted()} == {"transcriber-note"}
    assert len(book.omitted()) == 3
    assert book.titles == ["Chapter 1", "Chapter 2"]


def test_a_story_that_has_such_a_name_is_spoken(tmp_path):
    book = text_book(tmp_path, "a.txt", f"{ONE}Transcriber's Note\n\nI found these letters in a drawer.\n\n{LONG}\n")
    assert not book.omitted()


def test_a_table_in_a_box_is_spoken_as_it_is(tmp_path):
    box = "+--------+-----+\n| Apples | 3   |\n| Pears  | 4   |\n+--------+-----+\n"
    book = text_book(tmp_path, "a.txt", f"{ONE}{box}")
    assert book.spoken[-1].startswith("+--------+-----+")
    assert not book.omitted()


# letters that are pictures


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        ('<p><img alt="T"/>HE mill stood there.</p>', "THE mill stood there."),
        ('<div><img alt="“T"/></div><p>he mill,” he said.</p>', "“The mill,” he said."),
        ('<p><img alt="I"/> saw a mill.</p>', "I saw a mill."),
        ('<p><img alt="I"/>t was a mill.</p>', "It was a mill."),
        ('<p><img alt="T"/>The mill stood there.</p>', "The mill stood there."),
        ('<p><img alt="B"/>In figure B a mill is shown.</p>', "In figure B a mill is shown."),
        ('<p><img alt="A mill"/>he mill.</p>', "he mill."),
    ],
)
def test_the_picture_of_a_letter_belongs_to_the_word_after_it(tmp_path, begins, said):
    assert page(tmp_path, f"<h1>One</h1>{begins}<h1>Two</h1><p>{LONG}</p>").spoken[1] == said


# numbers in the margin of verses

VERSE = "The rain came down upon the roof\nAnd all the children lay in bed\nThe clock struck nine, the dog\n"


def test_numbers_that_count_the_lines_of_a_poem_are_left_out(tmp_path):
    poem = "".join(f"{VERSE}And from the mill there was an owl    {number}\n\n" for number in (4, 8, 12))
    book = text_book(tmp_path, "a.txt", f"{ONE}{poem}")
    assert book.omitted() == [("line-number", "4"), ("line-number", "8"), ("line-number", "12")]
    assert [said[-3:] for said in book.spoken[2:]] == ["owl"] * 3


@pytest.mark.parametrize("numbers", [(1890, 1893, 1899), (4, 8), (7, 3, 12)])
def test_numbers_that_do_not_count_lines_are_spoken(tmp_path, numbers):
    poem = "".join(f"{VERSE}And from the mill there was an owl    {number}\n\n" for number in numbers)
    assert not text_book(tmp_path, "a.txt", f"{ONE}{poem}").omitted()


# marks of notes


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("He came.[A] He went.", "He came. He went."),
        ("He came{12} and went.", "He came and went."),
        ("He came, {2} and went.", "He came, and went."),
    ],
)
def test_letters_in_brackets_and_numbers_in_braces_are_marks_of_notes(tmp_path, sentence, said):
    book = text_book(tmp_path, "a.txt", f"Chapter 1\n\n{sentence}\n\n{LONG}\n")
    assert book.spoken[1] == said
    assert [rule for rule, _ in book.omitted()] == ["note-reference"]


@pytest.mark.parametrize(
    "sentence", ["Let k[A] be 7.", "[A]nd so he went.", "Write a{2} for aa.", "It is {3}.", "Plan [A] it is."]
)
def test_letters_and_braces_that_are_no_marks_are_spoken(tmp_path, sentence):
    assert text_book(tmp_path, "a.txt", f"Chapter 1\n\n{sentence}\n\n{LONG}\n").spoken[1] == sentence


# titles and title pages


@pytest.mark.parametrize(
    ("title", "facts"),
    [
        ("The Rain | Project Gutenberg", ("The Rain", [])),
        ("The Project Gutenberg eBook of The Rain, by Ann Other", ("The Rain", ["Ann Other"])),
        ("The Project Gutenberg eBook of The Rain, by Ann Other.", ("The Rain", ["Ann Other"])),
        ("How Project Gutenberg Began", ("How Project Gutenberg Began", [])),
    ],
)
def test_the_title_of_a_page_of_project_gutenberg_names_the_book(tmp_path, title, facts):
    book = page(tmp_path, f"<h2>One</h2><p>{LONG}</p><h2>Two</h2><p>{LONG}</p>", title).book
    assert (book["title"], book["authors"]) == facts


def test_the_headings_of_a_title_page_are_no_chapters(tmp_path):
    title = "<h1>The Rain</h1><h4>BY</h4><h2>ANN OTHER</h2><h4>LONDON</h4>"
    chapters = "".join(f"<h2>{number}</h2><h3>A Day</h3><p>{LONG}</p>" for number in ("I", "II"))
    assert page(tmp_path, title + chapters).titles == ["I. A Day", "II. A Day"]


def test_a_part_right_below_the_title_is_a_chapter(tmp_path):
    chapters = "".join(f"<h3>{name}</h3><p>{LONG}</p>" for name in ("Rain", "Snow"))
    book = page(tmp_path, f"<h1>The Year</h1><h2>Spring</h2>{chapters}<h2>Summer</h2>{chapters}")
    assert book.titles == ["Spring", "Rain", "Snow", "Summer", "Rain", "Snow"]


def test_emphasis_at_the_end_of_a_heading_is_no_part_of_it(tmp_path):
    scenes = "".join(f"SCENE {number}. _A garden._\n\n{LONG}\n\n" for number in ("I", "II"))
    book = text_book(tmp_path, "a.txt", scenes)
    assert book.titles == ["SCENE I. A garden.", "SCENE II. A garden."]


# chapters that nothing but words and numbers mark


def body(*pieces):
    return "".join(f"<p>{piece}</p>" for piece in pieces)


@pytest.mark.parametrize("numbers", [("1", "2", "3"), ("I", "II", "III"), ("One", "Two", "Three"), ("1.", "2.", "3.")])
def test_numbers_that_stand_alone_and_count_chapters_begin_them(tmp_path, numbers):
    book = page(tmp_path, "".join(body(number, LONG * 2, LONG * 2) for number in numbers))
    assert book.titles == list(numbers)


def test_the_title_below_such_a_number_belongs_to_it(tmp_path):
    pieces = (("Chapter 1", "The Mill"), ("Chapter 2", "The River"), ("Chapter 3", "The Sea"))
    book = page(tmp_path, "<h1>The Rain</h1>" + "".join(body(*each, LONG, LONG) for each in pieces))
    assert book.titles == ["Chapter 1. The Mill", "Chapter 2. The River", "Chapter 3. The Sea"]


@pytest.mark.parametrize(
    "pieces",
    [
        ("1", "It rains.", "2", "It snows.", "3", "It is cold."),
        (LONG + " and so", "1", f"they {LONG * 2} and", "2", f"so {LONG * 2} on", "3", LONG * 2),
        ("1984", LONG, "1985", LONG, "1986", LONG),
    ],
)
def test_numbers_of_items_pages_and_years_begin_no_chapters(tmp_path, pieces):
    book = page(tmp_path, body(*pieces))
    assert len(book.titles) == 1
    assert len(book.spoken) == len(pieces)


def test_an_epub_whose_contents_only_say_start_has_the_chapters_that_its_numbers_count(tmp_path):
    files = {"Start": body("The Rain", "Ann Other")}
    files |= {
        f"f{number}": body(str(number), f"The {name} Day", LONG * 2, LONG) for number, name in enumerate("ABC", 1)
    }
    book = files_of(tmp_path, files, ("Start.xhtml", "Start"))
    assert book.titles == ["1. The A Day", "2. The B Day", "3. The C Day"]


# what leads about in a book


@pytest.mark.parametrize(
    "way",
    [
        "Back to Top",
        "Return to the Table of Contents",
        "Previous Chapter</a> | <a href='#c'>Next Chapter",
        "« Zurück zum Inhaltsverzeichnis",
    ],
)
def test_links_that_only_lead_about_are_left_out(tmp_path, way):
    book = page(tmp_path, f"<h1 id='c'>One</h1><p>{LONG}</p><p><a href='#c'>{way}</a></p><h1>Two</h1><p>{LONG}</p>")
    assert [rule for rule, _ in book.omitted()] == ["contents"]
    assert len(book.spoken) == 4


@pytest.mark.parametrize(
    "said", ["<a href='#c'>Next</a> morning it rained.", "Back to Top", "<a href='#c'>He went home</a>"]
)
def test_words_that_no_link_says_or_that_say_more_are_spoken(tmp_path, said):
    assert not page(tmp_path, f"<h1 id='c'>One</h1><p>{LONG}</p><p>{said}</p><h1>Two</h1><p>{LONG}</p>").omitted()


def test_contents_written_by_hand_are_left_out_by_their_numbers(tmp_path):
    listed = body("Contents", "Prologue", "Chapter 1", "Chapter 2: The Sea", "Chapter 3", "For my mother.")
    chapters = "".join(f"<h1>Chapter {number}</h1><p>{LONG}</p>" for number in range(1, 4))
    book = page(tmp_path, listed + chapters)
    assert [text for _, text in book.omitted()] == [
        "Contents",
        "Prologue",
        "Chapter 1",
        "Chapter 2: The Sea",
        "Chapter 3",
    ]
    assert book.spoken[0] == "For my mother."


# what is offered at the end


def test_other_books_and_addresses_below_the_last_chapter_are_advertisements(tmp_path):
    offers = (
        "Connect with Ann Other",
        "Twitter: https://www.example.org/ann",
        "Other titles by Ann Other",
        "The Snow",
        "Spain",
    )
    book = page(tmp_path, f"<h1>One</h1><p>{LONG}</p><h1>About the Author</h1>{body('She lives here.', *offers)}")
    assert next(text for rule, text in book.omitted() if rule == "advertisement") == "Connect with Ann Other"
    assert book.spoken[-1] == "She lives here."


@pytest.mark.parametrize(
    "pieces",
    [
        ("Follow me", "He said so and went. It was dark.", "They never came back. It rained."),
        ("Follow me", "over the hills", "and far away", "and never come back"),
        ("Other books by Ann", "He read them all. They were good.", "Then he slept. It rained."),
        ("More books.", "The Snow", "Spain"),
    ],
)
def test_a_chapter_that_ends_with_such_words_is_spoken(tmp_path, pieces):
    assert not page(tmp_path, f"<h1>One</h1><p>{LONG}</p>{body(*pieces)}<h1>Two</h1><p>{LONG}</p>").omitted()


# running headers among paragraphs


def test_running_headers_that_a_scan_left_inside_sentences_are_left_out(tmp_path):
    cut = "".join(body(f"{LONG} My aunt came", f"{number} THE RAIN", "home at dusk.") for number in (12, 13, 14))
    book = page(tmp_path, f"<h1>One</h1>{cut}<h1>Two</h1><p>{LONG}</p>")
    assert book.omitted() == [("running-header", f"{number} THE RAIN") for number in (12, 13, 14)]


def test_lines_with_numbers_that_cut_no_sentence_are_spoken(tmp_path):
    days = "".join(body(f"Day {number}", LONG) for number in (12, 13, 14))
    tests = body("Paragraph 5", "Paragraph 6", "Paragraph 7", "Paragraph 8")
    assert not page(tmp_path, f"<h1>One</h1>{days}{tests}<h1>Two</h1><p>{LONG}</p>").omitted()


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<p class='title'>The Snow</p>", "The Snow"),
        ("<p class=MsoTitle>The Snow</p>", "The Snow"),
        ("<p>Snow</p>", "a"),
    ],
)
def test_a_page_without_a_title_is_called_what_is_styled_as_one(tmp_path, head, title):
    chapters = "".join(f"<h2>Chapter {number}</h2><p>{LONG}</p>" for number in (1, 2))
    assert page(tmp_path, head + chapters, "").book["title"] == title


def test_notes_that_their_list_numbers_are_left_out(tmp_path):
    mark = "<a href='#footnote-1'><sup>[1]</sup></a>"
    notes = "<ol><li id='footnote-1'>Smith, p. 12. <a href='#r'>↵</a></li></ol><ol><li id='x'>An item.</li></ol>"
    book = page(tmp_path, f"<h1>One</h1><p id='r'>It rained.{mark} {LONG}</p>{notes}")
    assert book.omitted() == [("note-reference", "[1]"), ("footnote", "Smith, p. 12. ↵")]
    assert book.spoken[-1] == "An item."


def files_of(tmp_path, files, *entries):
    names = {f"{name}.xhtml": said for name, said in files.items()}
    package = opf(
        item("nav.xhtml", properties="nav") + "".join(map(item, names)), "".join(itemref(name) for name in names)
    )
    parts = {name: xhtml(said) for name, said in names.items()} | {"nav.xhtml": nav(*entries)}
    return extract(epub(tmp_path / "a.epub", package, parts))


def test_contents_that_name_no_chapter_leave_it_to_the_headings(tmp_path):
    files = {"cover": body("The Rain")} | {
        f"c{number}": f"<h2>Day {number}</h2><p>{LONG}</p>" for number in range(1, 4)
    }
    book = files_of(tmp_path, files, ("cover.xhtml", "Cover"), ("c1.xhtml", "Start"))
    assert book.titles == ["Day 1", "Day 2", "Day 3"]


def test_contents_of_two_chapters_are_followed(tmp_path):
    files = {
        f"c{number}": f"<h2>Day {number}</h2><p>{LONG}</p><h2>Night {number}</h2><p>{LONG}</p>" for number in (1, 2)
    }
    book = files_of(
        tmp_path, files, ("c1.xhtml", "Book"), ("c2.xhtml", "The Second Day"), ("c2.xhtml#x", "The End of It")
    )
    assert book.titles[0] == "Book"


def test_the_last_page_of_a_shop_is_an_advertisement(tmp_path):
    files = {"One": f"<h2>One</h2><p>{LONG}</p>", "Two": f"<h2>Two</h2><p>{LONG}</p>"}
    files |= {"shop": "<p>www.example.org<br/>Food for the mind</p>"}
    book = files_of(tmp_path, files, ("One.xhtml", "One"), ("Two.xhtml", "Two"))
    assert [rule for rule, _ in book.omitted()] == ["advertisement"]


def test_a_page_that_says_more_than_an_address_is_spoken(tmp_path):
    files = {"One": f"<h2>One</h2><p>{LONG}</p>", "Two": f"<h2>Two</h2><p>{LONG}</p>"}
    files |= {"more": f"<p>www.example.org was the first page that she saw. {LONG}</p>"}
    book = files_of(tmp_path, files, ("One.xhtml", "One"), ("Two.xhtml", "Two"))
    assert "example.org was the first page that she saw." in book.spoken[-1]


# what listeners of other programs have complained of


@pytest.mark.parametrize(
    "title", ["Chapter 6 . 4 . Success", "Introduction to the Sea", "Index Cards", "Notes of a Night"]
)
def test_chapters_with_uncommon_titles_are_no_front_or_back_matter(tmp_path, title):
    files = {"a": f"<h2>{title}</h2><p>{LONG}</p>", "b": f"<h2>Chapter 7</h2><p>{LONG}</p>"}
    book = files_of(tmp_path, files, ("a.xhtml", title), ("b.xhtml", "Chapter 7"))
    assert book.titles == [title, "Chapter 7"]
    assert not book.omitted()


def test_the_text_of_a_chapter_whose_title_has_a_file_of_its_own_is_spoken(tmp_path):
    files = {"a": "<h2>One</h2>", "b": f"<p>{LONG}</p>", "c": "<h2>Two</h2>", "d": f"<p>{LONG}</p>"}
    book = files_of(tmp_path, files, ("a.xhtml", "One"), ("c.xhtml", "Two"))
    assert [len(book.spoken_in(number)) for number in (1, 2)] == [2, 2]


def test_words_of_a_language_without_rules_are_no_roman_numerals(tmp_path):
    czech = "Šel domů a v lese i na louce mi bylo smutno. Di, řekl on. Vím, že civí do dálky. "
    chunks = text_book(tmp_path, "a.txt", f"Kapitola 1\n\n{czech * 4}\n\nKapitola 2\n\n{czech * 4}\n").chunks()
    spoken = " ".join(sentence["spoken"] for chunk in chunks for sentence in chunk["sentences"])
    assert all(said in spoken for said in ("v lese i na", "mi bylo", "Di,", "civí"))


# numbers in words


def test_a_number_in_words_and_the_heading_below_it_are_one_title(tmp_path):
    chapters = "".join(
        f"<h1>{number}</h1><h2>{name}</h2><p>{LONG}</p>" for number, name in (("ONE", "The Mill"), ("TWO", "The Sea"))
    )
    assert page(tmp_path, chapters).titles == ["ONE. The Mill", "TWO. The Sea"]


def test_numbers_in_words_with_titles_below_them_begin_the_chapters_of_a_plain_text(tmp_path):
    named = zip(("One", "Two", "Three"), ("The Mill", "The River", "The Sea"), strict=True)
    book = text_book(
        tmp_path, "a.txt", "".join(f"{number}\n\n{name}\n\n{LONG}\n\n{LONG}\n\n" for number, name in named)
    )
    assert book.titles == ["One. The Mill", "Two. The River", "Three. The Sea"]


@pytest.mark.parametrize("line", ["Once", "First", "Last", "Seven"])
def test_a_word_that_is_a_number_begins_no_chapter_where_it_stands_alone(tmp_path, line):
    book = text_book(tmp_path, "a.txt", f"Chapter 1\n\n{LONG}\n\n{line}\n\n{LONG}\n\nChapter 2\n\n{LONG}\n")
    assert book.titles == ["Chapter 1", "Chapter 2"]
