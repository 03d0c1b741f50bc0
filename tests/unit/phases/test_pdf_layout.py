"""PDFs as they are printed: columns, spaced titles, footnotes, chapters by the size of their headings, empty pages."""

from book_files import extract, pdf

PROSE = "It was a bright cold day in April and the"


def column(left, top, words, size=10):
    return [(left, top - 14 * number, size, line) for number, line in enumerate(words)]


def test_two_columns_are_read_one_after_the_other(tmp_path):
    lines = [f"line {word} of the left column goes on" for word in ("one", "two", "three", "four", "five", "six")]
    left = column(50, 600, lines)
    right = column(320, 600, [line.replace("left", "right") for line in lines])
    for number, written in enumerate(
        ([*left, *right], [line for pair in zip(left, right, strict=True) for line in pair])
    ):
        page = [
            (50, 700, 10, f"A heading that stands across both columns, from the left edge to the right one {PROSE}"),
            *written,
        ]
        said = " ".join(extract(pdf(tmp_path / f"{number}.pdf", [page])).spoken)
        assert "six of the left column goes on line one of the right column" in said
        assert "line one of the left column goes on line two of the left column" in said


def test_a_list_of_names_and_numbers_is_no_page_in_columns(tmp_path):
    lines = [
        line
        for row in range(8)
        for line in ((50, 600 - 14 * row, 10, f"Name {row}"), (400, 600 - 14 * row, 10, f"{row}"))
    ]
    assert "Name 0 0" in " ".join(extract(pdf(tmp_path / "a.pdf", [lines])).spoken)


def test_letter_spaced_titles_are_words(tmp_path):
    letters = []
    left = 100
    for letter in "The Gift":
        if letter != " ":
            letters.append((left, 700, 20, letter))
        left += 22
    book = extract(pdf(tmp_path / "a.pdf", [[*letters, *column(50, 600, [PROSE] * 6)]]))
    assert book.spoken[0] == "The Gift"


def test_letters_that_are_words_stay_apart(tmp_path):
    book = extract(pdf(tmp_path / "a.pdf", [column(50, 600, ["a b c d", *[PROSE] * 6])]))
    assert book.spoken[0].startswith("a b c d") or book.spoken[0].startswith("abcd")


def test_footnotes_and_their_marks_are_left_out(tmp_path):
    page = [
        *column(50, 700, [f"{PROSE} clocks.", "He came by train.1 It was late, and he had", "nothing to eat."]),
        (50, 100, 7, "1 A train of 1905."),
    ]
    book = extract(pdf(tmp_path / "a.pdf", [page]))
    assert "by train. It was late" in " ".join(book.spoken)
    assert set(book.omitted()) == {("footnote", "1 A train of 1905."), ("note-reference", "1")}


def test_small_print_without_a_mark_is_spoken(tmp_path):
    page = [*column(50, 700, [PROSE] * 4), (50, 100, 7, "Printed in small letters.")]
    book = extract(pdf(tmp_path / "a.pdf", [page]))
    assert "Printed in small letters." in book.spoken
    assert not book.omitted()


def test_without_an_outline_large_print_gives_the_chapters(tmp_path):
    pages = [
        [(50, 700, 20, f"Chapter {number}"), (50, 660, 20, "The Ball"), *column(50, 600, [PROSE] * 20)]
        for number in (1, 2, 3)
    ]
    assert extract(pdf(tmp_path / "a.pdf", pages)).titles == [f"Chapter {number}. The Ball" for number in (1, 2, 3)]


def test_pages_without_text_are_on_record(tmp_path):
    book = extract(pdf(tmp_path / "a.pdf", [column(50, 700, [f"{PROSE} end."]), [], column(50, 700, ["More."])]))
    assert [(row["source"], row["omit"]["rule"]) for row in book.rows if row["omit"]] == [("page 2", "empty-page")]


def test_notes_in_the_size_of_the_text_below_a_raised_mark_are_left_out(tmp_path):
    text = ["It rained all day on the roofs of the town", "and on the river.1 It was the sixth of May,"]
    page = column(50, 700, text)
    page += [
        *column(50, 600, ["and nobody went out of the house."]),
        (50, 93, 6, "1"),
        (56, 88, 10, "The note of rain."),
    ]
    book = extract(pdf(tmp_path / "a.pdf", [page]))
    assert sorted(book.omitted()) == [("footnote", "1 The note of rain."), ("note-reference", "1")]
    assert "river. It was" in " ".join(book.spoken)


def test_a_number_of_a_section_is_no_mark_of_a_note(tmp_path):
    page = [*column(50, 700, ["3.10. The tenth section of it", "It rained all day.10 And nobody", "came."])]
    book = extract(pdf(tmp_path / "a.pdf", [[*page, (50, 88, 7, "10 A note of rain.")]]))
    assert book.spoken[0].startswith("3.10. The tenth")


def test_items_with_bullets_and_numbers_are_paragraphs(tmp_path):
    lines = [
        "1. first item",
        "2. second item",
        "• third item of a list that goes on to the end",
        "of it",
        "• other",
    ]
    body = [f"In the evening they walked to the river, where the boats lay {n}." for n in range(9)]
    pages = [[(50, 700 - 14 * n, 10, line) for n, line in enumerate([*body, *lines, *body])]]
    spoken = extract(pdf(tmp_path / "a.pdf", pages)).spoken
    assert {"1. first item", "2. second item", "• other"} <= set(spoken)


def test_a_second_line_of_text_that_comes_again_is_spoken(tmp_path):
    text = ["the gardens, said she, and nobody went out of the house.", "Then it was dark."]
    rows = [[*text, *(f"It was line {line} of page {n}, said she." for line in range(20))] for n in range(2, 7)]
    pages = [[(50, 770, 8, f"The Rain {n}"), *column(50, 740, said)] for n, said in enumerate(rows, 2)]
    book = extract(pdf(tmp_path / "a.pdf", pages))
    assert [rule for rule, _ in book.omitted()] == ["running-header"] * 5
    assert " ".join(book.spoken).count("the gardens, said she") == 5


def test_the_number_of_a_page_above_its_second_column_is_left_out(tmp_path):
    left = [f"line {n} of the left column goes on" for n in range(8)]
    pages = []
    for number in range(3, 8):
        rows = zip(
            column(50, 700, left), column(320, 700, [line.replace("left", "right") for line in left]), strict=True
        )
        pages.append([(50, 770, 9, "THE RAIN"), (540, 770, 9, str(number)), *(line for pair in rows for line in pair)])
    book = extract(pdf(tmp_path / "a.pdf", pages))
    assert [rule for rule, _ in book.omitted()].count("page-number") == 5


def test_the_word_chapter_in_small_print_above_large_numbers_is_no_running_header(tmp_path):
    pages = [
        [(50, 720, 10, "CHAPTER"), (50, 690, 20, word), *column(50, 600, [f"{PROSE} {word}."] * 8)]
        for word in ("ONE", "TWO", "THREE", "FOUR")
    ]
    book = extract(pdf(tmp_path / "a.pdf", pages))
    assert book.spoken.count("CHAPTER") == 4
    assert not book.omitted()


def test_contents_with_dots_in_two_columns_need_no_title(tmp_path):
    names = ["Rain", "The Snow", "A Thaw", "Summer", "Harvest", "Leaves", "Night", "Ice"]
    rows = [f"{name} {'. ' * 20}{n}" for n, name in enumerate(names, 3)]
    contents = [*column(50, 700, rows[:4]), *column(310, 700, rows[4:])]
    story = [(50, 720, 20, "Rain"), *column(50, 600, [f"{PROSE} rain."] * 8)]
    menu = [(50, 720, 20, "The Snow"), *column(50, 600, [f"Soup {'. ' * 20}3", f"Fish {'. ' * 20}12"])]
    book = extract(pdf(tmp_path / "a.pdf", [[(50, 700, 24, "The Weather")], contents, story, menu]))
    assert {rule for rule, _ in book.omitted()} == {"contents"}
    assert "Harvest" not in " ".join(book.spoken)
    assert book.spoken[0] == "The Weather"
    assert "Fish" in book.spoken[-1]


def test_headings_in_the_size_of_the_text_that_begin_pages_are_no_running_headers(tmp_path):
    pages = [
        [*head, *column(50, 700, [f"{PROSE} {word}."] * 8)]
        for n, word in enumerate(("rain", "snow", "fog", "ice"), 1)
        for head in ([(50, 760, 10, f"CHAPTER {n}")], [], [])
    ]
    book = extract(pdf(tmp_path / "a.pdf", pages))
    assert [said for said in book.spoken if said.startswith("CHAPTER")] == [f"CHAPTER {n}" for n in range(1, 5)]
    assert book.titles == [f"CHAPTER {n}" for n in range(1, 5)]


def test_a_large_first_letter_belongs_to_the_word_beside_it(tmp_path):
    beside = column(80, 600, ["HE old man walked slowly along the", "bridge over the river, and nobody said"])
    page = [
        (50, 700, 18, "The Mill"),
        (50, 586, 36, "T"),
        *beside,
        *column(50, 572, ["anything more about it.", PROSE]),
    ]
    book = extract(pdf(tmp_path / "a.pdf", [page, column(50, 600, [PROSE] * 12)]))
    assert book.spoken[1].startswith(
        "THE old man walked slowly along the bridge over the river, and nobody said anything"
    )
    assert book.titles == ["The Mill"]


def test_a_large_letter_that_is_a_word_stays_one(tmp_path):
    page = [
        (50, 586, 36, "I"),
        *column(80, 600, ["walked slowly along the bridge,", "and nobody said a word about it"]),
    ]
    book = extract(pdf(tmp_path / "a.pdf", [[*page, *column(50, 572, [PROSE] * 12)]]))
    assert book.spoken[0].startswith("I walked slowly along the bridge, and nobody")


def test_a_large_letter_above_its_text_is_a_heading(tmp_path):
    page = [(50, 700, 36, "A"), *column(50, 600, [PROSE] * 12)]
    assert extract(pdf(tmp_path / "a.pdf", [page])).spoken[0] == "A"


def test_the_number_below_the_first_page_of_a_chapter_is_left_out_wherever_it_is_written(tmp_path):
    pages = []
    for number in range(1, 10):
        lines = column(50, 600, [f"{PROSE} {word}" for word in ("clocks", "rain", "roof", "door", "garden", "sea")])
        first = number in (1, 6)
        title = [(50, 700, 18, f"The {number} Day"), (200, 40, 8, str(number))]
        pages.append([*title, *lines] if first else [(50, 750, 8, f"THE RAIN {number}"), *lines])
    book = extract(pdf(tmp_path / "a.pdf", pages))
    assert [text for rule, text in book.omitted() if rule == "page-number"] == ["1", "6"]


def test_chapters_in_the_size_of_the_text_are_told_below_a_title_page_in_large_print(tmp_path):
    title = [(50, 700, 24, "The Rain"), (50, 600, 16, "A Novel"), (50, 500, 16, "Ann Other")]
    pages = [title]
    for name in ("CHAPTER ONE", "CHAPTER TWO", "CHAPTER THREE"):
        pages.append([(200, 700, 10, name), *column(50, 650, [f"{PROSE} clocks were striking."] * 16)])
    assert extract(pdf(tmp_path / "a.pdf", pages)).titles == ["CHAPTER ONE", "CHAPTER TWO", "CHAPTER THREE"]
