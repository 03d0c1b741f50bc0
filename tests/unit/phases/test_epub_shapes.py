"""EPUB files as converters and publishers make them: split files, odd types, several renditions, parts of chapters."""

import socket

import pytest
from book_files import CONTAINER, epub, extract, item, itemref, nav, opf, write_zip, xhtml

from phases.contract import PermanentError

RAIN = "It rained on the roofs and in the gardens, and the children stayed at home and looked out of the window. " * 4
RENDITIONS = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
    'xmlns:rendition="http://www.idpf.org/2013/rendition"><rootfiles>{}</rootfiles></container>'
)


def book(tmp_path, files, contents=None, *, ncx=None, types=None, references=None):
    """An EPUB of files in the order of the spine, with a nav, an NCX or neither."""
    types = types or {}
    manifest = "".join(item(name, media_type=types.get(name, "application/xhtml+xml")) for name in files)
    members = {name: xhtml(body) for name, body in files.items()}
    attributes = ""
    if contents is not None:
        manifest += item("nav.xhtml", properties="nav")
        members["nav.xhtml"] = contents
    if ncx is not None:
        points = "".join(
            f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{href}"/></navPoint>'
            for href, title in ncx
        )
        manifest += item("toc.ncx", media_type="application/x-dtbncx+xml")
        members["toc.ncx"] = f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
        attributes = ' toc="toc.ncx"'
    spine = references or "".join(map(itemref, files))
    return extract(epub(tmp_path / "a.epub", opf(manifest, spine, attributes=attributes), members))


def outline(found):
    return [(chapter["level"], chapter["title"]) for chapter in found.book["chapters"]]


# several renditions


def renditions(tmp_path, *attributes):
    members = {"mimetype": "application/epub+zip"}
    files = ""
    for number, said in enumerate(attributes, 1):
        package = opf(item("a.xhtml"), itemref("a.xhtml"), f"<dc:title>Book {number}</dc:title>")
        members |= {f"{number}/book.opf": package, f"{number}/a.xhtml": xhtml(f"<p>text {number}</p>")}
        files += f'<rootfile full-path="{number}/book.opf" media-type="application/oebps-package+xml" {said}/>'
    members["META-INF/container.xml"] = RENDITIONS.format(files)
    found = extract(write_zip(tmp_path / "a.epub", members))
    return found.book["title"], found.spoken


def test_of_several_renditions_the_first_is_read(tmp_path):
    assert renditions(tmp_path, "", "", 'rendition:language="fr"') == ("Book 1", ["text 1"])


@pytest.mark.parametrize("pictures", ['rendition:layout="pre-paginated"', 'rendition:accessMode="visual"'])
def test_a_rendition_that_is_text_is_read_rather_than_one_of_pages(tmp_path, pictures):
    assert renditions(tmp_path, pictures, 'rendition:accessMode="textual"') == ("Book 2", ["text 2"])
    assert renditions(tmp_path, pictures, pictures) == ("Book 1", ["text 1"])


def test_a_rendition_whose_package_is_missing_is_passed_over(tmp_path):
    missing = '<rootfile full-path="gone.opf" media-type="application/oebps-package+xml"/>'
    members = {
        "META-INF/container.xml": CONTAINER.replace("<rootfiles>", f"<rootfiles>{missing}"),
        "OPS/book.opf": opf(item("a.xhtml"), itemref("a.xhtml")),
        "OPS/a.xhtml": xhtml("<p>a</p>"),
    }
    assert extract(write_zip(tmp_path / "a.epub", {"mimetype": "application/epub+zip", **members})).spoken == ["a"]


# what is on the network


@pytest.fixture
def no_network(monkeypatch):
    """Any connection fails the test, also one whose failure the reader would pass over."""
    asked = []

    def refused(*arguments, **named):
        asked.append(arguments)
        raise OSError("no network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refused)
    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refused)
    yield
    assert not asked


REMOTE = "http://127.0.0.1:9/"


def test_pictures_sounds_and_styles_on_the_network_are_never_fetched(tmp_path, no_network):
    head = f'<title>t</title><link rel="stylesheet" href="{REMOTE}a.css"/><style>@import url({REMOTE}b.css);</style>'
    body = (
        f'<p>Before<img src="{REMOTE}a.png" alt=""/><audio src="{REMOTE}a.mp3">no</audio> and after.</p>'
        f'<iframe src="{REMOTE}a.html">no</iframe><object data="{REMOTE}a.swf">no</object>'
    )
    doctype = f'<!DOCTYPE html SYSTEM "{REMOTE}xhtml.dtd">'
    page = xhtml(body, head).replace("?>", f"?>{doctype}", 1)
    manifest = item("a.xhtml", properties="remote-resources") + item(f"{REMOTE}cover.jpg", media_type="image/jpeg")
    package = opf(manifest, itemref("a.xhtml"), f'<dc:title>A</dc:title><link rel="record" href="{REMOTE}onix.xml"/>')
    found = extract(epub(tmp_path / "a.epub", package, {"a.xhtml": page}))
    assert found.spoken == ["Before and after."]


def test_a_chapter_on_the_network_is_named_and_the_book_refused(tmp_path, no_network):
    remote = f'<item id="far" href="{REMOTE}c.xhtml" media-type="application/xhtml+xml"/>'
    package = opf(item("a.xhtml") + remote, itemref("a.xhtml") + '<itemref idref="far"/>')
    with pytest.raises(PermanentError, match=r"lists 'http://127\.0\.0\.1:9/c\.xhtml', which is not in it"):
        extract(epub(tmp_path / "a.epub", package, {"a.xhtml": xhtml("<p>a</p>")}))


# chapters


@pytest.mark.parametrize("titles", [("1", "2", "3"), ("I", "II", "III"), ("01", "02", "03")])
def test_a_number_alone_stays_what_it_is(tmp_path, titles):
    files = {f"{title}.xhtml": f"<h2>{title}</h2><h3>A title in the text</h3><p>{RAIN}</p>" for title in titles}
    entries = [(name, title) for name, title in zip(files, titles, strict=True)]
    assert book(tmp_path, files, nav(*entries)).titles == list(titles)
    assert book(tmp_path, files, ncx=entries).titles == list(titles)


def test_one_chapter_goes_on_over_several_files(tmp_path):
    files = {f"index_split_{number:03}.html": f"<p>piece {number}</p>" for number in range(5)}
    entries = [("index_split_000.html", "One"), ("index_split_003.html", "Two")]
    for found in (book(tmp_path, files, nav(*entries)), book(tmp_path, files, ncx=entries)):
        assert found.titles == ["One", "Two"]
        assert found.spoken_in(1) == ["piece 0", "piece 1", "piece 2"]
        assert found.spoken_in(2) == ["piece 3", "piece 4"]


def nested(*lines):
    """A nav; each line is its depth, link ("" for a heading without one) and title."""
    body, depth = "", 0
    for level, href, title in lines:
        body += "<ol>" * (level - depth) + "</ol></li>" * (depth - level) + ("</li>" if level <= depth else "")
        body += "<li>" + (f'<a href="{href}">{title}</a>' if href else f"<span>{title}</span>")
        depth = level
    return xhtml(f'<nav epub:type="toc">{body}{"</li></ol>" * depth}</nav>')


def test_parts_hold_chapters_and_these_hold_sections(tmp_path):
    files = {name: f"<p>{name[0]}</p>" for name in ("a.xhtml", "b.xhtml", "c.xhtml", "d.xhtml", "e.xhtml")}
    contents = nested(
        (1, "a.xhtml", "Part I"),
        (2, "b.xhtml", "Chapter 1"),
        (3, "c.xhtml", "The Roofs"),
        (1, "d.xhtml", "Part II"),
        (2, "e.xhtml", "Chapter 2"),
    )
    assert outline(book(tmp_path, files, contents)) == [
        (1, "Part I"),
        (2, "Chapter 1"),
        (3, "The Roofs"),
        (1, "Part II"),
        (2, "Chapter 2"),
    ]


def test_a_part_without_a_page_of_its_own_opens_with_its_first_chapter(tmp_path):
    files = {name: f"<p>{name[0]}</p>" for name in ("a.xhtml", "b.xhtml", "c.xhtml")}
    contents = nested(
        (1, "", "Part I"), (2, "a.xhtml", "1"), (2, "b.xhtml", "2"), (1, "", "Part II"), (2, "c.xhtml", "3")
    )
    assert outline(book(tmp_path, files, contents)) == [(1, "Part I: 1"), (2, "2"), (1, "Part II: 3")]


@pytest.mark.parametrize("entries", [[("a.html", "Start")], []])
def test_headings_say_more_than_contents_with_one_entry(tmp_path, entries):
    files = {
        name: f'<h2 class="calibre_4">{title}</h2><p class="calibre1">{RAIN}</p>'
        for name, title in (("a.html", "The Roofs"), ("b.html", "The River"), ("c.html", "The Boats"))
    }
    assert book(tmp_path, files, ncx=entries).titles == ["The Roofs", "The River", "The Boats"]


def test_one_entry_is_the_chapter_where_there_are_no_headings(tmp_path):
    assert book(tmp_path, {"a.html": f"<p>{RAIN}</p>", "b.html": f"<p>{RAIN}</p>"}, ncx=[("a.html", "All")]).titles == [
        "All"
    ]


def test_chapters_are_told_by_their_words_where_nothing_is_marked_as_a_heading(tmp_path):
    files = {
        "a_split_000.html": '<p class="calibre_3"><span class="bold">PART ONE</span></p>',
        "a_split_001.html": f'<p class="calibre_7"><b>Chapter 1</b></p><p>{RAIN}</p>',
        "a_split_002.html": f"<p>Chapter 2: The River</p><p>{RAIN}</p><p>Chapter 3 of her life began.</p><p>{RAIN}</p>",
        "a_split_003.html": f"<p>Epilogue</p><p>{RAIN}</p>",
    }
    found = book(tmp_path, files, ncx=[("a_split_000.html", "Start")])
    assert outline(found) == [(1, "PART ONE"), (2, "Chapter 1"), (2, "Chapter 2: The River"), (1, "Epilogue")]


def test_a_list_of_chapters_is_not_taken_for_them(tmp_path):
    listed = "".join(f"<p>Chapter {number}</p>" for number in (1, 2, 3))
    chapters = "".join(f"<p>Chapter {number}</p><p>{RAIN}</p>" for number in (1, 2, 3))
    found = book(tmp_path, {"a.html": f"<p>{RAIN}</p>{listed}{chapters}"})
    assert found.titles == ["A Book", "Chapter 1", "Chapter 2", "Chapter 3"]
    assert found.spoken_in(1)[1:] == ["Chapter 1", "Chapter 2", "Chapter 3"]


def test_one_numbered_line_makes_no_chapters(tmp_path):
    assert book(tmp_path, {"a.html": f"<p>{RAIN}</p><p>Chapter 7</p><p>{RAIN}</p>"}).titles == ["A Book"]


# pages of links


def test_a_page_of_links_is_a_table_of_contents_whatever_it_is_called(tmp_path):
    titles = {"a.xhtml": "The Roofs of the Town", "b.xhtml": "Down by the River", "c.xhtml": "The Boats Come Home"}
    links = "".join(f'<p><a href="{name}">{title}</a></p>' for name, title in titles.items())
    files = {"list.xhtml": f"<p>In this book</p>{links}", **dict.fromkeys(titles, f"<p>{RAIN}</p>")}
    found = book(tmp_path, files, nav(*titles.items()))
    left_out = ["In this book", *titles.values()]
    assert [text for rule, text in found.omitted() if rule == "contents"] == left_out


def test_a_text_with_links_is_spoken(tmp_path):
    links = "".join(f'<p>{RAIN}<a href="b.xhtml">See there.</a></p>' for _ in range(4))
    assert not book(tmp_path, {"a.xhtml": links, "b.xhtml": f"<p>{RAIN}</p>"}).omitted()


# odd manifests


@pytest.mark.parametrize(
    "media_type", ["text/html", "application/octet-stream", "text/plain", "", "APPLICATION/XHTML+XML"]
)
def test_a_file_of_markup_is_read_whatever_type_it_is_given(tmp_path, media_type):
    found = book(tmp_path, {"a.html": "<p>a</p>", "b.html": "<p>b</p>"}, types={"b.html": media_type})
    assert found.spoken == ["a", "b"]


def test_pictures_in_the_reading_order_hold_no_text(tmp_path):
    manifest = item("a.xhtml") + item("p.png", media_type="image/png")
    package = opf(manifest, itemref("p.png") + itemref("a.xhtml"))
    assert extract(epub(tmp_path / "a.epub", package, {"a.xhtml": xhtml("<p>a</p>"), "p.png": b"\x89PNG"})).spoken == [
        "a"
    ]


def test_a_reference_to_nothing_in_the_reading_order_is_passed_over(tmp_path):
    references = itemref("a.xhtml") + '<itemref idref="nowhere"/>' + itemref("b.xhtml")
    assert book(tmp_path, {"a.xhtml": "<p>a</p>", "b.xhtml": "<p>b</p>"}, references=references).spoken == ["a", "b"]


def test_a_listed_file_that_is_missing_is_named_and_the_book_refused(tmp_path):
    package = opf(item("a.xhtml") + item("b.xhtml"), itemref("a.xhtml") + itemref("b.xhtml"))
    with pytest.raises(PermanentError, match=r"lists 'OPS/b\.xhtml', which is not in it"):
        extract(epub(tmp_path / "a.epub", package, {"a.xhtml": xhtml("<p>a</p>")}))


def test_files_are_found_by_names_that_differ_in_case_or_are_percent_encoded(tmp_path):
    package = opf(
        item("Text/A.xhtml") + item("Text/b%20%C3%A9.xhtml"), itemref("Text/A.xhtml") + itemref("Text/b%20%C3%A9.xhtml")
    )
    files = {"text/a.XHTML": xhtml("<p>a</p>"), "Text/b é.xhtml": xhtml("<p>b</p>")}
    assert extract(epub(tmp_path / "a.epub", package, files)).spoken == ["a", "b"]


def test_an_auxiliary_file_that_the_contents_name_is_still_left_out(tmp_path):
    references = itemref("a.xhtml") + itemref("b.xhtml", linear="no") + itemref("c.xhtml")
    files = {"a.xhtml": "<p>a</p>", "b.xhtml": "<p>b</p>", "c.xhtml": "<p>c</p>"}
    found = book(tmp_path, files, nav(("a.xhtml", "A"), ("b.xhtml", "B"), ("c.xhtml", "C")), references=references)
    assert (found.titles, found.omitted()) == (["A", "C"], [("non-linear", "b")])


# headings in pieces


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("<span>PART ONE</span><span>The Town</span>", ["PART ONE The Town"]),
        ("<span class='drop'>T</span><span>HE RAIN</span>", ["THE RAIN"]),
        ("<span>Mac</span><span>beth</span>", ["Macbeth"]),
        ("CHAPTER TWO<br/>The River", ["CHAPTER TWO", "The River"]),
        ("The River<br/>and the Sea", ["The River and the Sea"]),
    ],
)
def test_the_pieces_of_a_heading_are_its_words(tmp_path, heading, said):
    found = book(tmp_path, {"a.xhtml": f"<h1>{heading}</h1><p>{RAIN}</p>"}, nav(("a.xhtml", "One")))
    assert found.spoken[: len(said)] == said
    assert len(found.titles) == 1


def test_the_program_that_made_a_book_is_no_part_of_its_title_page(tmp_path):
    page = "<h1>The Rain</h1><p>Ann Other</p><p>Created with Vellum</p>"
    told = f"<p>{RAIN}</p><p>It was created with care.</p>"
    found = book(tmp_path, {"a.xhtml": page, "b.xhtml": told}, nav(("a.xhtml", "Title Page"), ("b.xhtml", "One")))
    assert found.omitted() == [("copyright", "Created with Vellum")]


def test_a_title_page_that_a_program_has_called_section_1_opens_the_first_chapter(tmp_path):
    files = {"a.xhtml": "<p>A Book</p><p>A Tale</p><p>Ann Other</p>", "b.xhtml": f"<p>Preface</p><p>{RAIN}</p>"}
    found = book(tmp_path, files, nav(("a.xhtml", "Section 1"), ("b.xhtml", "Preface")))
    assert found.titles == ["Preface"]
    assert found.spoken[:4] == ["A Book", "A Tale", "Ann Other", "Preface"]
    files["a.xhtml"] = f"<p>A Book</p><p>{RAIN}</p>"
    assert book(tmp_path, files, nav(("a.xhtml", "Section 1"), ("b.xhtml", "Preface"))).titles == [
        "Section 1",
        "Preface",
    ]


def test_cells_with_space_between_them_and_lines_of_a_line_block(tmp_path):
    table = "<table><tr>\n<td>Ann</td>\n<td>8</td>\n</tr></table>"
    verse = '<div class="line-block">Rain, rain,<br/>go away.</div>'
    found = book(tmp_path, {"a.xhtml": f"<h1>One</h1>{table}{verse}<p>{RAIN}</p>"}, nav(("a.xhtml", "One")))
    assert found.kinds()[1:3] == [("table", "Ann, 8"), ("verse", "Rain, rain,\ngo away.")]


def test_notes_of_libreoffice_with_several_paragraphs_are_left_out(tmp_path):
    mark = '<a class="sdfootnoteanc" name="sdfootnote1anc" href="#sdfootnote1sym"><sup>1</sup></a>'
    sign = '<a class="sdfootnotesym" name="sdfootnote1sym" href="#sdfootnote1anc">1</a>'
    note = f'<div id="sdfootnote1"><p>{sign}All day.</p><p>And night.</p></div>'
    path = tmp_path / "a.html"
    path.write_text(f"<h1>One</h1><p>It rained{mark}. {RAIN}</p>{note}<h1>Two</h1><p>{RAIN}</p>", encoding="utf-8")
    found = extract(path)
    assert found.omitted() == [("note-reference", "1"), ("footnote", "1All day."), ("footnote", "And night.")]


def test_several_authors_in_one_line_are_several(tmp_path):
    metadata = "<dc:title>A</dc:title><dc:creator>Ann Other; Sam One</dc:creator>"
    package = opf(item("a.xhtml"), itemref("a.xhtml"), metadata)
    found = extract(epub(tmp_path / "a.epub", package, {"a.xhtml": xhtml(f"<p>{RAIN}</p>")}))
    assert found.book["authors"] == ["Ann Other", "Sam One"]
