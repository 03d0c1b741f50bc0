"""What a book is called, by whom it is, and its cover: from what somebody wants, Calibre, the file, or its name."""

import io

import pytest
from book_files import epub, extract, item, itemref, opf, simple_epub, text_book, xhtml
from PIL import Image

from phases.contract import PermanentError
from phases.readers.naming import from_file_name


def picture(width, height, kind="PNG"):
    target = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(target, kind)
    return target.getvalue()


def package(metadata, manifest="", attributes=""):
    return opf(item("a.xhtml") + manifest, itemref("a.xhtml"), metadata, attributes)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("Jane Austen - Emma (1815)", ("Emma", ("Jane Austen",), "1815", None, None)),
        ("Emma", ("Emma", (), None, None, None)),
        ("Jane Austen - Emma - Volume 1", ("Emma - Volume 1", ("Jane Austen",), None, None, None)),
        ("Ursula Roe - Saga 02 - The Sea [1999]", ("The Sea", ("Ursula Roe",), "1999", "Saga", "2")),
        ("Ursula Roe - Saga, Book 3 - The Sky", ("The Sky", ("Ursula Roe",), None, "Saga", "3")),
        ("the-time-machine", ("the time machine", (), None, None, None)),
        ("1984", ("1984", (), None, None, None)),
        ("- - -", ("- - -", (), None, None, None)),
    ],
)
def test_what_a_files_name_says(name, facts):
    found = from_file_name(name)
    assert (found.title, found.authors, found.published, found.series, found.series_index) == facts


def test_a_package_says_subtitle_series_and_isbn(tmp_path):
    metadata = (
        '<dc:title id="t">Emma</dc:title><dc:title id="s">A Novel</dc:title><dc:creator>Jane Austen</dc:creator>'
        '<meta refines="#t" property="title-type">main</meta><meta refines="#s" property="title-type">subtitle</meta>'
        '<meta id="c" property="belongs-to-collection">Novels</meta><meta refines="#c" property="group-position">4</meta>'
        "<dc:identifier>urn:isbn:978-0-14-143958-7</dc:identifier><dc:description>&lt;p&gt;A match.&lt;/p&gt;</dc:description>"
    )
    book = extract(epub(tmp_path / "a.epub", package(metadata), {"a.xhtml": xhtml("<p>a</p>")})).book
    expected = {
        "title": "Emma",
        "subtitle": "A Novel",
        "series": "Novels",
        "series_index": "4",
        "isbn": "9780141439587",
        "description": "A match.",
    }
    assert {name: book[name] for name in expected} == expected


CALIBRE = opf(
    "",
    "",
    '<dc:title>Persuasion</dc:title><dc:creator opf:role="aut">Jane Austen</dc:creator><dc:date>1817</dc:date>'
    '<meta name="calibre:series" content="Novels"/><meta name="calibre:series_index" content="6.0"/>'
    '<dc:identifier opf:scheme="ISBN">0141439688</dc:identifier>',
)


def test_calibres_records_beside_a_book_go_over_what_is_in_it(tmp_path):
    path = tmp_path / "persuasion.txt"
    path.write_text("Persuasion\n\nby Somebody\n\nSir Walter Elliot, of Kellynch Hall.\n")
    (tmp_path / "metadata.opf").write_text(CALIBRE)
    (tmp_path / "cover.jpg").write_bytes(picture(60, 90, "JPEG"))
    found = {"name": "metadata.opf", "sha256": "", "cover": {"name": "cover.jpg", "sha256": ""}}
    book = extract(path, opf=found).book
    assert (book["title"], book["authors"], book["published"]) == ("Persuasion", ["Jane Austen"], "1817")
    assert (book["series"], book["series_index"], book["isbn"]) == ("Novels", "6", "0141439688")
    assert book["cover"] == "cover.jpg"


def test_broken_records_of_calibre_change_nothing(tmp_path):
    path = tmp_path / "Emma.txt"
    path.write_text("It rained.\n")
    (tmp_path / "metadata.opf").write_text("<package")
    assert extract(path, opf={"name": "metadata.opf"}).book["title"] == "Emma"


def test_what_somebody_wants_goes_over_everything(tmp_path):
    path = tmp_path / "Emma.txt"
    path.write_text("It rained.\n")
    (tmp_path / "metadata.opf").write_text(CALIBRE)
    (tmp_path / "mine.png").write_bytes(picture(60, 90))
    wanted = {"title": "Mine", "authors": ["Me", "You"], "year": "2001", "cover": {"name": "mine.png", "sha256": ""}}
    book = extract(path, opf={"name": "metadata.opf"}, book=wanted)
    assert (book.book["title"], book.book["authors"], book.book["published"]) == ("Mine", ["Me", "You"], "2001")
    assert book.book["series"] == "Novels"
    assert (book.folder / book.book["cover"]).read_bytes() == picture(60, 90)


def test_a_wanted_cover_that_is_no_picture_is_refused(tmp_path):
    path = tmp_path / "Emma.txt"
    path.write_text("It rained.\n")
    (tmp_path / "mine.png").write_text("no picture")
    with pytest.raises(PermanentError, match=r"mine\.png"):
        extract(path, book={"cover": {"name": "mine.png", "sha256": ""}})


def test_of_several_pictures_the_largest_with_the_shape_of_a_cover_is_taken(tmp_path):
    pictures = {"cover-small.png": (60, 90), "cover-large.png": (200, 300), "cover-band.png": (900, 90)}
    manifest = "".join(item(name, media_type="image/png") for name in pictures)
    files = {"a.xhtml": xhtml("<p>a</p>"), **{name: picture(*size) for name, size in pictures.items()}}
    book = extract(epub(tmp_path / "a.epub", package("<dc:title>A</dc:title>", manifest), files))
    assert (book.folder / book.book["cover"]).read_bytes() == picture(200, 300)


def test_pictures_that_players_do_not_show_are_converted(tmp_path):
    manifest = item("cover.gif", media_type="image/gif")
    files = {"a.xhtml": xhtml("<p>a</p>"), "cover.gif": picture(60, 90, "GIF")}
    book = extract(epub(tmp_path / "a.epub", package("<dc:title>A</dc:title>", manifest), files))
    with Image.open(book.folder / book.book["cover"]) as cover:
        assert (cover.format, cover.size) == ("PNG", (60, 90))


@pytest.mark.parametrize(
    "title", ["Emma", "A very long title that goes on for lines " * 8, "Преступление", "書", "\u202e<svg>"]
)
def test_a_book_without_a_cover_gets_the_same_plain_one_each_time(tmp_path, title):
    path = tmp_path / "a.txt"
    path.write_text("It rained.\n")
    made = []
    for _ in range(2):
        book = extract(path, book={"title": title, "authors": ["A. Author"]})
        made.append((book.folder / book.book["cover"]).read_bytes())
    assert made[0] == made[1]
    assert len(made[0]) < 200_000


def test_chapters_are_left_out_or_spoken_as_somebody_wants(tmp_path):
    path = simple_epub(
        tmp_path / "a.epub",
        {
            "One": "<p>a</p>",
            "Two": "<p>b</p>",
            "Colophon": "<p>c</p>",
            "Notes": '<section epub:type="endnotes"><p>d</p></section>',
        },
    )
    book = extract(path, skip=["two"], keep=["COLOPHON", "Notes"])
    assert book.titles == ["One", "Colophon", "Notes"]
    assert book.omitted() == [("not-wanted", "b")]


def test_a_rule_that_is_switched_off_leaves_nothing_out(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Chapter 1\n\nHe came.[1]\n\n[Illustration: A house.]\n")
    off = {"note-reference": False, "illustration": False}
    assert extract(path, rules=off).spoken == ["Chapter 1", "He came.[1]", "[Illustration: A house.]"]
    assert extract(path, rules=off, book_rules={"illustration": True}).spoken == ["Chapter 1", "He came.[1]"]


def test_what_a_picture_shows_is_spoken_only_for_whoever_asks(tmp_path):
    path = simple_epub(tmp_path / "a.epub", {"One": '<p>He came.</p><p><img src="x.png" alt="A tall house."/></p>'})
    assert extract(path).spoken == ["He came."]
    assert extract(path, rules={"alt-text": False}).spoken == ["He came.", "A tall house."]


def test_facts_of_the_file_serve_where_nobody_says_more(tmp_path):
    book = text_book(tmp_path, "Ann Other - Name (1900).txt", "Emma\n\nby Jane Austen\n\nIt rained.\n").book
    assert (book["title"], book["authors"], book["published"]) == ("Emma", ["Jane Austen"], "1900")


@pytest.mark.parametrize(("refined", "series"), [("", None), ("set", None), ("series", "Novels")])
def test_a_collection_is_a_series_only_where_the_book_says_so(tmp_path, refined, series):
    kind = f'<meta refines="#c" property="collection-type">{refined}</meta>' if refined else ""
    book = extract(
        epub(
            tmp_path / "a.epub",
            opf(
                item("a.xhtml"),
                itemref("a.xhtml"),
                f'<dc:title>A</dc:title><meta id="c" property="belongs-to-collection">Novels</meta>{kind}',
            ),
            {"a.xhtml": xhtml("<p>It rained.</p>")},
        )
    )
    assert book.book["series"] == series
