"""Rich Text, OpenDocument and FictionBook: structure, notes, accepted changes, and the same refusals as the others."""

import base64

import pytest
from book_files import extract, write_zip

from phases.contract import PermanentError

LONG = "It was a bright cold day in April, and the clocks were striking thirteen. " * 4


def rtf(path, body, head=r"{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset204 Times Cyr;}{\f2\fcharset128 Mincho;}}"):
    path.write_bytes(rb"{\rtf1\ansi\ansicpg1252\deff0 " + head.encode("latin-1") + body.encode("latin-1") + b"}")
    return extract(path)


STYLES = (
    r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}{\s2\outlinelevel1 heading 2;}{\s3 Title;}{\s4 Quote;}}"
)


def test_headings_of_rich_text_are_chapters(tmp_path):
    body = STYLES + r"\pard\s3 The Book\par\pard\s1 One\par\pard He came.\par\pard\s1 Two\par\pard\s4 He went.\par"
    book = rtf(tmp_path / "a.rtf", body)
    assert book.titles == ["One", "Two"]
    assert book.book["title"] == "The Book"
    assert book.kinds() == [
        ("heading", "The Book"),
        ("heading", "One"),
        ("prose", "He came."),
        ("heading", "Two"),
        ("quote", "He went."),
    ]


def test_rich_text_in_code_pages_and_unicode(tmp_path):
    body = r"caf\'e9 \f1\'cf\'f0\'e8\'e2\'e5\'f2\f0  \f2\'93\'fa\f0  \u8220?Ja\u8221? \u-10179?\u-8704? a\~b "
    body += r"\ldblquote c\rdblquote\emdash\par"
    assert rtf(tmp_path / "a.rtf", body).spoken == ["café Привет 日 “Ja” 😀 a b “c”—"]


def test_notes_hidden_and_deleted_text_of_rich_text(tmp_path):
    body = (
        r"He came{\super 1{\footnote\pard By train.}} and {\deleted stayed}{\revised went}{\v not shown}."
        r"{\header Page head\par}{\*\unknown lost}{\pict 00ff}{\field{\*\fldinst HYPERLINK x}{\fldrslt Here}}\par"
    )
    book = rtf(tmp_path / "a.rtf", body)
    assert book.spoken == ["He came1 and went.Here"]
    assert set(book.omitted()) == {("footnote", "By train."), ("running-header", "Page head"), ("hidden", "not shown")}


@pytest.mark.parametrize(
    "opening", [r"\footnote\ftnalt", r"\*\footnote\chftn\~\plain\pard", r"\footnote\pard\plain{\super\chftn}"]
)
def test_text_after_a_note_of_any_program_is_spoken(tmp_path, opening):
    body = r"Rain {\super\chftn}{" + opening + r" A {\i long} note.\par}fell.\par Snow fell.\par"
    book = rtf(tmp_path / "a.rtf", body)
    assert book.spoken == ["Rain fell.", "Snow fell."]
    assert book.omitted() == [("footnote", "A long note.")]


def test_tables_lines_and_facts_of_rich_text(tmp_path):
    body = (
        r"{\info{\title The Book}{\author A. Author}}Roses are red,\line Violets are blue.\par"
        r"\trowd\pard\intbl Name\cell Age\cell\row\pard * * *\par\pard{\pntext 1.\tab}\ls1 First\par"
    )
    book = rtf(tmp_path / "a.rtf", body)
    assert (book.book["title"], book.book["authors"]) == ("The Book", ["A. Author"])
    assert book.kinds() == [
        ("verse", "Roses are red,\nViolets are blue."),
        ("table", "Name, Age"),
        ("scene_break", "* * *"),
        ("list_item", "1. First"),
    ]


def test_numbers_of_items_in_rich_text_are_spoken_and_bullets_are_not(tmp_path):
    items = [r"10.\tab", r"(iv) ", r"a)\tab", r"2.1.3\tab", r"\f1\'b7\tab", r"\f2 o\tab", r"-\tab", r"\u8226?\tab"]
    body = "".join(rf"{{\listtext\pard\plain {shown}}}\ls1 Rain\par\n" for shown in items)
    spoken = ["10. Rain", "(iv) Rain", "a) Rain", "2.1.3 Rain", *["Rain"] * 4]
    assert rtf(tmp_path / "a.rtf", body).spoken == spoken


def test_rich_text_that_is_cut_short_is_refused(tmp_path):
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1\ansi Half a {\b book")
    with pytest.raises(PermanentError, match="not closed"):
        extract(path)


def odt(path, body, styles="", meta="", extra=None):
    spaces = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"'
    )
    members = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"<office:document-content {spaces}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
        "meta.xml": f"<office:document-meta {spaces}><office:meta>{meta}</office:meta></office:document-meta>",
    }
    return write_zip(path, members | (extra or {}))


def test_an_opendocument_text(tmp_path):
    body = (
        "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
        '<text:p text:style-name="Title">The Book</text:p>'
        "<text:table-of-content><text:index-body><text:p>One 1</text:p></text:index-body></text:table-of-content>"
        '<text:h text:outline-level="1">One</text:h><text:p>He<text:s text:c="2"/>came<text:note><text:note-citation>1'
        "</text:note-citation><text:note-body><text:p>By train.</text:p></text:note-body></text:note> and "
        "<text:span>went</text:span>.<office:annotation><text:p>why?</text:p></office:annotation></text:p>"
        '<text:h text:outline-level="1">Two</text:h><text:list><text:list-item><text:p>First</text:p></text:list-item>'
        "</text:list><text:p>Roses,<text:line-break/>violets.</text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>Name</text:p></table:table-cell><table:table-cell>"
        '<text:p>Age</text:p></table:table-cell></table:table-row></table:table><text:p text:style-name="P1">Said.</text:p>'
        '<text:section text:display="none"><text:p>secret</text:p></text:section>'
        "<text:p>With<draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame> a box.</text:p>"
    )
    styles = '<style:style style:name="P1" style:parent-style-name="Quotations"/>'
    meta = "<dc:title>Its Title</dc:title><meta:initial-creator>A. Author</meta:initial-creator>"
    meta += "<dc:language>en-GB</dc:language>"
    book = extract(odt(tmp_path / "a.odt", body, styles, meta))
    assert (book.book["title"], book.book["authors"], book.book["language"]) == ("Its Title", ["A. Author"], "en-GB")
    assert book.titles == ["One", "Two"]
    assert book.kinds() == [
        ("heading", "The Book"),
        ("heading", "One"),
        ("prose", "He came and went."),
        ("heading", "Two"),
        ("list_item", "First"),
        ("verse", "Roses,\nviolets."),
        ("table", "Name, Age"),
        ("quote", "Said."),
        ("prose", "With a box."),
        ("prose", "In a box."),
    ]
    assert set(book.omitted()) == {
        ("contents", "One 1"),
        ("note-reference", "1"),
        ("footnote", "By train."),
        ("hidden", "secret"),
    }


def test_a_protected_opendocument_text_is_refused(tmp_path):
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<m:file-entry m:full-path="content.xml">'
        "<m:encryption-data/></m:file-entry></m:manifest>"
    )
    with pytest.raises(PermanentError, match="password"):
        extract(odt(tmp_path / "a.odt", "<text:p>a</text:p>", extra={"META-INF/manifest.xml": manifest}))


PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
FB2 = (
    '<?xml version="1.0" encoding="{encoding}"?>'
    '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" '
    'xmlns:l="http://www.w3.org/1999/xlink"><description><title-info><author><first-name>Антон</first-name>'
    "<last-name>Чехов</last-name></author><book-title>Рассказы</book-title><lang>ru</lang><coverpage>"
    '<image l:href="#c.png"/></coverpage><sequence name="Сборник" number="2"/></title-info><publish-info>'
    "<publisher>Дом</publisher><year>1899</year><isbn>123</isbn></publish-info></description><body><title><p>Рассказы</p>"
    "</title><section><title><p>Часть I</p></title><section><title><p>1</p><p>Утро</p></title>"
    '<epigraph><p>Слово.</p></epigraph><p>Он <emphasis>при</emphasis>шёл<a l:href="#n1" type="note">[1]</a>.</p><empty-line/><poem><stanza>'
    '<v>Раз,</v><v>два.</v></stanza></poem></section></section></body><body name="notes"><title><p>Примечания</p></title>'
    '<section id="n1"><title><p>1</p></title><p>Поездом.</p></section></body>'
    '<binary id="c.png" content-type="image/png">{cover}</binary></FictionBook>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_fictionbook(tmp_path, encoding, zipped):
    content = FB2.format(encoding=encoding, cover=base64.b64encode(PNG).decode()).encode(encoding)
    path = tmp_path / "a.fb2"
    if zipped:
        write_zip(path, {"a.fb2": content})
    else:
        path.write_bytes(content)
    book = extract(path)
    assert (book.book["title"], book.book["authors"], book.book["language"]) == ("Рассказы", ["Антон Чехов"], "ru")
    assert (book.book["publisher"], book.book["published"], book.book["identifier"]) == ("Дом", "1899", "123")
    assert (book.folder / book.book["cover"]).read_bytes() == PNG
    assert book.titles == ["Часть I", "1. Утро"]
    assert [chapter["level"] for chapter in book.book["chapters"]] == [1, 2]
    assert book.kinds() == [
        ("heading", "Рассказы"),
        ("heading", "Часть I"),
        ("heading", "1"),
        ("heading", "Утро"),
        ("quote", "Слово."),
        ("prose", "Он пришёл."),
        ("scene_break", ""),
        ("verse", "Раз,\nдва."),
    ]
    assert book.omitted() == [
        ("note-reference", "[1]"),
        ("notes", "Примечания"),
        ("notes", "1"),
        ("footnote", "Поездом."),
    ]
