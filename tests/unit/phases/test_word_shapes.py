"""Documents as Word and LibreOffice write them: controls, split runs, fields, and tables of contents of each."""

import pytest
from book_files import docx, extract

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
