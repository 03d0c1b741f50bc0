"""Documents as Word and LibreOffice write them: controls, split runs, fields, and tables of contents of each."""

import pytest
from book_files import W, docx, extract

RSID = 'w:rsidR="00A77B3E" w:rsidRDefault="00A77B3E"'


def paragraph(said: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/><w:rPr><w:lang w:val="en-GB"/></w:rPr></w:pPr>' if style else ""
    return f"<w:p {RSID}>{properties}<w:proofErr w:type='spellStart'/>{said}</w:p>"


def run(said: str) -> str:
    return f'<w:r w:rsidRPr="00B"><w:rPr><w:b/><w:sz w:val="24"/></w:rPr><w:t xml:space="preserve">{said}</w:t></w:r>'


HEADINGS = "".join(
    f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
    for key, name in (
        ("berschrift1", "heading 1"),
        ("Contents1", "Contents 1"),
        ("ContentsHeading", "Contents Heading"),
    )
)
CHAPTERS = (
    paragraph(run("One"), "berschrift1")
    + paragraph(run("It ra") + "<w:bookmarkStart w:id='0' w:name='_GoBack'/>" + run("ined all day."))
    + paragraph(run("Two"), "berschrift1")
    + paragraph(run("It stopped."))
)


def test_runs_that_word_splits_are_one_word_and_its_marks_are_nothing(tmp_path):
    link = f'<w:hyperlink r:id="r9" w:history="1">{run("a link")}</w:hyperlink>'
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> PAGEREF _Toc1 \\h </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("page 7")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    tag = f'<w:smartTag w:uri="urn:x" w:element="place">{run("London")}</w:smartTag>'
    body = paragraph(
        run("Se") + run("e ") + link + run(" on ") + field + run(" in ") + tag + "<w:r><w:noBreakHyphen/></w:r>"
    )
    body += '<w:sectPr w:rsidR="00C"><w:pgSz w:w="11906"/></w:sectPr>'
    assert extract(docx(tmp_path / "a.docx", body.replace("r:id", "id"), HEADINGS)).spoken == [
        "See a link on page 7 in London-"
    ]


def test_a_control_with_a_table_of_contents_is_left_out_whatever_its_styles(tmp_path):
    gallery = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/></w:docPartObj>'
    entries = paragraph(run("Inhalt")) + paragraph(run("One") + "<w:r><w:tab/></w:r>" + run("3"))
    control = f"<w:sdt><w:sdtPr>{gallery}</w:sdtPr><w:sdtContent>{entries}</w:sdtContent></w:sdt>"
    book = extract(docx(tmp_path / "a.docx", control + CHAPTERS, HEADINGS))
    assert book.omitted() == [("contents", "Inhalt"), ("contents", "One 3")]
    assert book.titles == ["One", "Two"]


def test_text_in_any_other_control_is_spoken(tmp_path):
    content = f"<w:sdtContent>{paragraph(run('Said.'))}</w:sdtContent>"
    control = f"<w:sdt><w:sdtPr><w:alias w:val='Title'/></w:sdtPr>{content}</w:sdt>"
    book = extract(docx(tmp_path / "a.docx", control + CHAPTERS, HEADINGS))
    assert (book.spoken[0], book.omitted()) == ("Said.", [])


def test_contents_by_the_styles_of_libreoffice_are_left_out(tmp_path):
    listed = paragraph(run("Table of Contents"), "ContentsHeading") + paragraph(run("One 3"), "Contents1")
    book = extract(docx(tmp_path / "a.docx", listed + CHAPTERS, HEADINGS))
    assert (book.titles, [rule for rule, _ in book.omitted()]) == (["One", "Two"], ["contents", "contents"])


@pytest.mark.parametrize("style", ["toc 1", "Contents 1", "TOC Heading"])
def test_contents_of_rich_text_are_left_out_by_style(tmp_path, style):
    styles = rf"{{\stylesheet{{\s0 Normal;}}{{\s1\outlinelevel0 heading 1;}}{{\s8 {style};}}}}"
    field = r"{\field{\*\fldinst  TOC \\o}{\fldrslt \pard\s8 One\tab 3\par\pard\s8 Two\tab 5\par}}"
    body = r"\pard\s1 One\par\pard It rained.\par\pard\s1 Two\par\pard It stopped.\par"
    path = tmp_path / "a.rtf"
    path.write_text(rf"{{\rtf1\ansi {styles}{field}{body}}}")
    book = extract(path)
    assert book.omitted() == [("contents", "One 3"), ("contents", "Two 5")]
    assert (book.titles, book.spoken) == (["One", "Two"], ["One", "It rained.", "Two", "It stopped."])


def test_chapters_of_a_document_without_styles_are_told_by_their_words(tmp_path):
    told = " ".join(["It rained all day."] * 20)
    body = "".join(paragraph(run(said)) for said in ("My Book", "Chapter 1", told, "Chapter 2: Snow", told))
    assert extract(docx(tmp_path / "My Book.docx", body)).titles == ["Chapter 1", "Chapter 2: Snow"]


def test_a_large_first_letter_and_a_paragraph_whose_end_was_deleted_go_on(tmp_path):
    first = '<w:p><w:pPr><w:framePr w:dropCap="drop"/></w:pPr><w:r><w:t>O</w:t></w:r></w:p>'
    ended = (
        '<w:p><w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr><w:r><w:t xml:space="preserve">He said </w:t></w:r></w:p>'
    )
    last = '<w:p><w:pPr><w:rPr><w:del w:id="2"/></w:rPr></w:pPr><w:r><w:t>The end.</w:t></w:r></w:p>'
    body = first + paragraph(run("nce it rained.")) + ended + paragraph(run("no more.")) + last
    assert extract(docx(tmp_path / "a.docx", body)).spoken == ["Once it rained.", "He said no more.", "The end."]


def drawn(said, *, bold=True, centred=True):
    properties = '<w:pPr><w:jc w:val="center"/></w:pPr>' if centred else ""
    return f"<w:p>{properties}<w:r>{'<w:rPr><w:b/></w:rPr>' if bold else ''}<w:t>{said}</w:t></w:r></w:p>"


def test_where_no_style_makes_a_heading_bold_lines_in_the_middle_do(tmp_path):
    body = "".join(drawn(name) + paragraph(run("It rained.")) for name in ("The Lane", "The River"))
    assert extract(docx(tmp_path / "a.docx", body)).titles == ["The Lane", "The River"]


def test_bold_or_centred_lines_alone_are_no_headings(tmp_path):
    body = (drawn("No!", centred=False) + drawn("The sign said so.", bold=False) + paragraph(run("It rained."))) * 2
    assert len(extract(docx(tmp_path / "a.docx", body)).titles) == 1


def test_styles_that_authors_name_after_chapters_are_headings_and_names_drawn_as_titles_are_none(tmp_path):
    styles = (
        '<w:style w:styleId="C"><w:name w:val="Chapter Title"/></w:style><w:style w:styleId="T"><w:name w:val="Title"/>'
        '</w:style><w:style w:styleId="A"><w:name w:val="Author"/><w:basedOn w:val="T"/></w:style>'
    )
    body = paragraph(run("The Rain"), "T") + paragraph(run("Ann Other"), "A")
    body += "".join(paragraph(run(name), "C") + paragraph(run("It rained.")) for name in ("One", "Two"))
    book = extract(docx(tmp_path / "a.docx", body, styles))
    assert book.titles == ["One", "Two"]
    assert book.spoken[:2] == ["The Rain", "Ann Other"]


# numbers that Word prints before headings

NUMBERED = (
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/>'
    '</w:numPr></w:pPr></w:style><w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/><w:pPr><w:numPr>'
    '<w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
)


def numbering(*levels: tuple[str, str]) -> dict[str, str | bytes]:
    """The part that says how headings are counted: of each level its form and its text."""
    written = "".join(
        f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{said}"/></w:lvl>'
        for place, (form, said) in enumerate(levels)
    )
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    related = "".join(
        f'<Relationship Id="{kind}" Type="{office}/{kind}" Target="{kind}.xml"/>' for kind in ("styles", "numbering")
    )
    return {
        "word/numbering.xml": f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="7">{written}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:numbering>',
        "word/_rels/document.xml.rels": "<Relationships "
        f'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{related}</Relationships>',
    }


@pytest.mark.parametrize(
    ("form", "said", "titles"),
    [
        ("decimal", "Chapter %1:", ["Chapter 1: Rain", "Chapter 2: Snow"]),
        ("upperRoman", "%1.", ["I. Rain", "II. Snow"]),
        ("bullet", "o", ["Rain", "Snow"]),
        ("none", "", ["Rain", "Snow"]),
    ],
)
def test_the_number_that_is_printed_before_a_heading_belongs_to_it(tmp_path, form, said, titles):
    body = "".join(paragraph(run(title), "H1") + paragraph(run("It went on.")) for title in ("Rain", "Snow"))
    assert extract(docx(tmp_path / "a.docx", body, NUMBERED, parts=numbering((form, said)))).titles == titles


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "one"])
def test_where_a_number_is_none_the_book_is_read_all_the_same(tmp_path, number):
    drawn_as = f'<w:pPr><w:outlineLvl w:val="{number}"/></w:pPr><w:r><w:rPr><w:sz w:val="{number}"/></w:rPr>'
    body = paragraph(run("Rain"), "H1") + paragraph(f"{drawn_as}<w:t>It rained.</w:t></w:r>")
    parts = numbering(("decimal", "Chapter %1:"))
    written = parts["word/numbering.xml"]
    for said in ('start w:val="1"', 'ilvl="0"'):
        parts["word/numbering.xml"] = written.replace(said, said.partition('"')[0] + f'"{number}"')
        book = extract(docx(tmp_path / "a.docx", body, NUMBERED, parts=parts))
        assert "It rained." in book.spoken
        assert book.titles[0].endswith("Rain")


def test_numbers_of_lower_levels_begin_anew_and_a_heading_may_be_its_number_alone(tmp_path):
    body = "".join(
        paragraph("", "H1") + "".join(paragraph(run(name), "H2") + paragraph(run("It went on.")) for name in ("A", "B"))
        for _ in range(2)
    )
    parts = numbering(("decimal", "Part %1"), ("lowerRoman", "%1.%2"))
    headings = [
        text
        for kind, text in extract(docx(tmp_path / "a.docx", body, NUMBERED, parts=parts)).kinds()
        if kind == "heading"
    ]
    assert headings == ["Part 1", "1.i A", "1.ii B", "Part 2", "2.i A", "2.ii B"]


def test_a_number_and_its_title_in_two_lines_are_the_heading_of_a_chapter(tmp_path):
    body = "".join(
        paragraph(f"{run(f'Chapter {number}')}<w:r><w:br/></w:r>{run(title)}") + paragraph(run("It went on.")) * 2
        for number, title in (("One", "The Rain"), ("Two", "The Snow"))
    )
    assert extract(docx(tmp_path / "a.docx", body)).titles == ["Chapter One. The Rain", "Chapter Two. The Snow"]
