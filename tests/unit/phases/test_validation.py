import gzip
import hashlib
import os
import zipfile

import pytest
from book_files import docx, epub, item, itemref, opf, pdf, simple_epub, validate, write_zip, xhtml

from phases.contract import PermanentError

PARAGRAPH = '<w:p xmlns:w="w"><w:r><w:t>Words.</w:t></w:r></w:p>'


def refused(path, error_type, **settings):
    with pytest.raises(PermanentError) as caught:
        validate(path, path.parent / "work", **settings)
    assert caught.value.error_type == error_type
    assert str(caught.value).startswith(path.name)
    return str(caught.value)


def test_source_json_says_what_the_file_is(tmp_path):
    path = tmp_path / "Jane Austen - Emma (1815).txt"
    path.write_text("Emma Woodhouse, handsome, clever, and rich.")
    result, source = validate(path, tmp_path / "work")
    assert source == {
        "name": path.name,
        "format": "txt",
        "size_bytes": 43,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "title": "Emma",
        "authors": ["Jane Austen"],
        "language": None,
    }
    assert result.artifacts == {"source": "source.json"}
    assert result.metrics == {"size_bytes": 43}
    assert result.book == {"title": "Emma", "authors": ["Jane Austen"], "language": None}


def test_metadata_of_an_epub_is_in_the_record(tmp_path):
    metadata = "<dc:title>Emma</dc:title><dc:creator>Jane Austen</dc:creator><dc:language>en-GB</dc:language>"
    path = epub(tmp_path / "x.epub", opf(item("a.xhtml"), itemref("a.xhtml"), metadata), {"a.xhtml": xhtml("<p>A</p>")})
    assert validate(path, tmp_path / "work")[0].book == {
        "title": "Emma",
        "authors": ["Jane Austen"],
        "language": "en-GB",
    }


@pytest.mark.parametrize("suffix", [".txt", ".md", ".epub", ".docx", ".mobi", ""])
def test_content_wins_over_the_extension(tmp_path, suffix):
    made = pdf(tmp_path / "made.pdf", [[(50, 700, 12, "Words of a page.")]])
    path = made.rename(tmp_path / f"book{suffix}")
    assert validate(path, tmp_path / "work")[1]["format"] == "pdf"


def test_html_named_epub_is_read_as_html(tmp_path):
    path = tmp_path / "book.epub"
    path.write_text("<!-- saved --><!DOCTYPE html><html><body><p>Words.</p></body></html>")
    assert validate(path, tmp_path / "work")[1]["format"] == "html"


def test_epub_and_docx_are_told_apart_by_what_is_in_them(tmp_path):
    book = simple_epub(tmp_path / "book.zip", {"One": "<p>Words.</p>"})
    word = docx(tmp_path / "word.epub", "<w:p><w:r><w:t>Words.</w:t></w:r></w:p>")
    assert validate(book, tmp_path / "a")[1]["format"] == "epub"
    assert validate(word, tmp_path / "b")[1]["format"] == "docx"


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "book.epub"
    path.touch()
    assert "empty" in refused(path, "empty")


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "gone.txt", "missing")


def test_a_pipe_is_never_opened(tmp_path):
    path = tmp_path / "book.txt"
    os.mkfifo(path)
    refused(path, "unsupported")


def test_a_file_over_the_limit_is_refused(tmp_path):
    path = tmp_path / "book.txt"
    path.write_bytes(b"a" * (1024 * 1024 + 1))
    message = refused(path, "too_large", limits={"max_source_mb": 1})
    assert "limits.max_source_mb" in message


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.mobi", b"Plain words.", "Kindle"),
        ("a.azw3", b"\0" * 60 + b"BOOKMOBI", "Kindle"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "Word"),
        ("a.txt", b"\xff\xd8\xff\xe0\x00\x10JFIF", "picture"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n", "picture"),
        ("a.txt", gzip.compress(b"words", mtime=0), "archive"),
        ("a.txt", b"\x7fELF\x02", "program"),
        ("a.txt", b"ID3\x04", "sound"),
    ],
)
def test_formats_that_are_not_read_are_named_with_what_to_do(tmp_path, name, content, word):
    path = tmp_path / name
    path.write_bytes(content)
    message = refused(path, "unsupported")
    assert word in message
    assert ".txt .md .html .xhtml .epub .docx .odt .rtf .fb2 .pdf" in message


def test_other_zip_files_are_refused(tmp_path):
    sheet = write_zip(tmp_path / "a.docx", {"[Content_Types].xml": "<a/>", "xl/workbook.xml": "<a/>"})
    other = write_zip(tmp_path / "a.epub", {"a.txt": "words"})
    assert "spreadsheet" in refused(sheet, "unsupported")
    assert "ZIP" in refused(other, "unsupported")


def test_text_that_is_called_rich_is_damaged_and_rich_text_may_be_called_anything(tmp_path):
    path = tmp_path / "a.rtf"
    path.write_text("Plain words.")
    assert "Rich Text" in refused(path, "damaged")
    path = tmp_path / "a.txt"
    path.write_text(r"{\rtf1 Words}")
    assert validate(path, tmp_path / "work")[1]["format"] == "rtf"


def test_a_password_protected_word_file_is_encrypted(tmp_path):
    path = tmp_path / "a.docx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le"))
    refused(path, "encrypted")


@pytest.mark.parametrize("name", ["a.epub", "a.docx", "a.pdf"])
def test_plain_text_under_the_name_of_another_format_is_damaged(tmp_path, name):
    path = tmp_path / name
    path.write_text("This is not what it says it is.")
    refused(path, "damaged")


@pytest.mark.parametrize("kind", ["epub", "docx"])
def test_a_truncated_zip_is_damaged(tmp_path, kind):
    whole = tmp_path / f"whole.{kind}"
    if kind == "epub":
        simple_epub(whole, {"One": "<p>Words.</p>"})
    else:
        docx(whole, "<w:p><w:r><w:t>Words.</w:t></w:r></w:p>")
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(whole.read_bytes()[:-40])
    refused(path, "damaged")


def test_a_member_with_wrong_bytes_is_damaged(tmp_path):
    path = simple_epub(tmp_path / "a.epub", {"One": "<p>" + os.urandom(2000).hex() + "</p>"})
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("OPS/c1.xhtml").header_offset
    data = bytearray(path.read_bytes())
    data[offset + 400] ^= 0xFF
    path.write_bytes(data)
    refused(path, "damaged")


def test_a_truncated_pdf_is_damaged(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + os.urandom(300))
    refused(path, "damaged")


def test_a_pdf_without_text_is_a_scan(tmp_path):
    assert "OCR" in refused(pdf(tmp_path / "scan.pdf", [[], []]), "no_text")


def test_text_without_a_word_is_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\n \n* * *\n---\n")
    refused(path, "no_text")


def test_epub_with_drm_is_refused_and_scrambled_fonts_are_not(tmp_path):
    encrypted = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#">'
        '<enc:EncryptedData><enc:EncryptionMethod Algorithm="{}"/></enc:EncryptedData></encryption>'
    )
    body = {"One": "<p>Words.</p>"}
    content = encrypted.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    fonts = encrypted.format("http://www.idpf.org/2008/embedding")
    assert "DRM" in refused(simple_epub(tmp_path / "a.epub", body, {"META-INF/encryption.xml": content}), "encrypted")
    assert "DRM" in refused(simple_epub(tmp_path / "b.epub", body, {"META-INF/rights.xml": "<a/>"}), "encrypted")
    assert "DRM" in refused(simple_epub(tmp_path / "c.epub", body, {"META-INF/sinf.xml": "<a/>"}), "encrypted")
    fine = simple_epub(tmp_path / "d.epub", body, {"META-INF/encryption.xml": fonts})
    assert validate(fine, tmp_path / "work")[1]["format"] == "epub"


def test_epub_without_a_package_or_a_spine_is_damaged(tmp_path):
    refused(write_zip(tmp_path / "a.epub", {"mimetype": "application/epub+zip"}), "damaged")
    refused(epub(tmp_path / "b.epub", opf("", ""), {}), "damaged")
    refused(epub(tmp_path / "c.epub", "<package", {}), "damaged")
    missing = epub(tmp_path / "d.epub", opf(item("a.xhtml"), itemref("a.xhtml")), {})
    assert "a.xhtml" in refused(missing, "damaged")


def test_names_with_newlines_and_leading_dashes_are_only_names(tmp_path):
    path = tmp_path / "-rf $(x)\n.txt"
    path.write_text("Words.")
    assert validate(path, tmp_path / "work")[1]["title"] == "-rf $(x)"
