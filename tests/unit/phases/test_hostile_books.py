"""Books made to break the reader: the outcome is the whole text, or a refusal that says why."""

import time

import pytest
from book_files import CONTAINER, docx, epub, extract, item, itemref, opf, pdf, simple_epub, text_book, write_zip, xhtml

from phases.contract import PermanentError
from phases.readers import numbering
from phases.readers.archive import Archive, resolve
from phases.readers.limits import MEGABYTE, Limits


def refusal(path, error_type, **settings):
    with pytest.raises(PermanentError) as caught:
        extract(path, **settings)
    assert caught.value.error_type == error_type
    return str(caught.value)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb = simple_epub(tmp_path / "a.epub", {"One": "<p>a</p>"}, {"OPS/x.css": b"\0" * (30 * MEGABYTE)})
    assert bomb.stat().st_size < MEGABYTE
    assert "bomb" in refusal(bomb, "too_large")


def test_bytes_are_counted_whatever_the_archive_declares(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a": b"\0" * (2 * MEGABYTE), "b": "x"})
    data = path.read_bytes()
    size = (2 * MEGABYTE).to_bytes(4, "little")
    path.write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    with Archive(path, Limits(max_unpacked_mb=1)) as archive, pytest.raises(PermanentError) as caught:
        archive.read("a")
    assert caught.value.error_type in ("too_large", "damaged")


def test_declared_sizes_and_members_over_the_limit_are_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", {str(number): b"words " * 200_000 for number in range(3)})
    with pytest.raises(PermanentError, match="max_unpacked_mb"):
        Archive(path, Limits(max_unpacked_mb=2))
    with pytest.raises(PermanentError, match="max_members"):
        Archive(path, Limits(max_members=2))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "../..", "file:///etc/passwd", "http://x.org/a"])
def test_links_never_lead_out_of_the_archive(name):
    assert resolve("OPS/book.opf", name) is None


def test_path_traversal_names_are_never_read(tmp_path):
    secret = tmp_path / "secret.xhtml"
    secret.write_text(xhtml("<p>secret</p>"))
    package = opf(item("../../secret.xhtml") + item("a.xhtml"), itemref("../../secret.xhtml") + itemref("a.xhtml"))
    path = epub(tmp_path / "a.epub", package, {"a.xhtml": xhtml("<p>a</p>")}, {"../../secret.xhtml": xhtml("<p>s</p>")})
    assert extract(path).spoken == ["a"]


def test_external_entities_are_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    page = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]>' + xhtml("<p>a &x; b</p>").partition("?>")[2]
    path = epub(tmp_path / "a.epub", opf(item("a.xhtml"), itemref("a.xhtml")), {"a.xhtml": page})
    refusal(path, "damaged")
    entity = f'<!DOCTYPE package [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    package = entity + opf(item("a.xhtml"), itemref("a.xhtml"), "<dc:title>&x;</dc:title>")
    book = extract(epub(tmp_path / "Name.epub", package, {"a.xhtml": xhtml("<p>a</p>")}))
    assert "secret" not in book.book["title"]


def test_billion_laughs_are_refused_and_plain_entities_are_read(tmp_path):
    laughs = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    for number, (entity, outcome) in enumerate((("a9", None), ("a0", ["a ha b"]))):
        page = f"<!DOCTYPE html [{laughs}]>" + xhtml(f"<p>a &{entity}; b</p>").partition("?>")[2]
        path = epub(tmp_path / f"{number}.epub", opf(item("a.xhtml"), itemref("a.xhtml")), {"a.xhtml": page})
        if outcome is None:
            refusal(path, "damaged")
        else:
            assert extract(path).spoken == outcome


@pytest.mark.parametrize("tag", ["div", "b", "blockquote"])
def test_nesting_of_ten_thousand_is_read_whole_or_refused(tmp_path, tag):
    deep = f"<{tag}>" * 10_000 + "deep" + f"</{tag}>" * 10_000
    path = tmp_path / "a.html"
    path.write_text(f"<html><body><p>before</p>{deep}<p>after</p></body></html>")
    assert "nested" in refusal(path, "too_large")
    assert "nested" in refusal(simple_epub(tmp_path / "a.epub", {"One": deep}), "too_large")


def test_deep_nesting_in_markdown_and_word_is_refused(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("> " * 5000 + "deep\n")
    assert "nested" in refusal(path, "too_large")
    deep = "<w:sdt>" * 10_000 + "<w:p><w:r><w:t>deep</w:t></w:r></w:p>" + "</w:sdt>" * 10_000
    refusal(docx(tmp_path / "a.docx", deep), "damaged")


def test_a_cyclic_spine_and_table_of_contents_end(tmp_path):
    package = opf(
        item("a.xhtml") + item("t.ncx", media_type="application/x-dtbncx+xml"),
        itemref("a.xhtml") * 3,
        attributes=' toc="t.ncx"',
    )
    point = '<navPoint><navLabel><text>One</text></navLabel><content src="a.xhtml"/>'
    ncx = f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{point * 100}{"</navPoint>" * 100}</navMap></ncx>'
    book = extract(epub(tmp_path / "a.epub", package, {"a.xhtml": xhtml("<p>a</p>"), "t.ncx": ncx}))
    assert (book.titles, book.spoken) == (["One"], ["a"])


def test_a_container_that_names_itself_is_damaged(tmp_path):
    container = CONTAINER.replace("OPS/book.opf", "META-INF/container.xml")
    path = write_zip(tmp_path / "a.epub", {"mimetype": "application/epub+zip", "META-INF/container.xml": container})
    refusal(path, "damaged")


def test_a_cyclic_outline_ends(tmp_path):
    outline = (
        "4 << /Type /Outlines /First 5 0 R /Last 6 0 R /Count 2 >>;;"
        "5 << /Title (One) /Parent 4 0 R /Next 6 0 R /First 5 0 R /Dest [10 0 R /Fit] >>;;"
        "6 << /Title (Two) /Parent 4 0 R /Next 5 0 R /Dest [10 0 R /Fit] >>"
    )
    book = extract(pdf(tmp_path / "a.pdf", [[(50, 700, 12, "Some text.")]], outline))
    assert book.spoken == ["Some text."]


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_a_line_of_two_megabytes_is_read_whole_in_linear_time(tmp_path, name):
    words = "word " * 400_000
    content = f"<html><body><p>{words}</p></body></html>" if name == "a.html" else words
    started = time.process_time()
    book = text_book(tmp_path, name, content)
    chunks = book.chunks()
    assert time.process_time() - started < 20
    assert book.result.metrics["words"] == 400_000
    assert " ".join(chunk["sentences"][0]["spoken"] for chunk in chunks) == words.strip()


@pytest.mark.parametrize(
    "line",
    ["_" * 100_000, "(" * 50_000, "* " * 50_000, "[" * 20_000, "&" * 50_000, "-" * 100_000 + "\nx", "`" * 30_000],
)
@pytest.mark.parametrize("name", ["a.txt", "a.md"])
def test_lines_made_for_slow_patterns_take_no_time(tmp_path, name, line):
    started = time.process_time()
    assert text_book(tmp_path, name, f"Words.\n\n{line}\n\nMore words.\n").spoken[-1] == "More words."
    assert time.process_time() - started < 5


def test_headings_made_for_slow_patterns_take_no_time():
    started = time.process_time()
    for line in (
        "Chapter " + " " * 90,
        "I" * 130,
        "chapter the " * 10,
        "one hundred and " * 8,
        ". " * 60,
        " ." * 60 + "x",
    ):
        numbering.heading(line)
        numbering.is_contents_entry(line)
    assert time.process_time() - started < 0.5


def test_comments_before_html_take_no_time(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("<!---->" * 1100 + "words")
    started = time.process_time()
    assert extract(path).spoken
    assert time.process_time() - started < 2


def test_markup_speech_and_shell_characters_in_text_are_text(tmp_path):
    content = "<speak>Hello</speak> `rm -rf /` $(id) ; | && %s {0} [[b@]] \\x"
    book = text_book(tmp_path, "a.txt", content)
    assert book.spoken == [content]
    assert " ".join(chunk["sentences"][0]["spoken"] for chunk in book.chunks()) == content
