"""Small real books of every format, made from text: for the tests, and for the samples in ``input/``."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from docx import Document as WordDocument

Chapters = Sequence[tuple[str, Sequence[str]]]
"""Title and paragraphs of each chapter."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_txt(path: Path, title: str, author: str, chapters: Chapters) -> Path:
    """Plain text with ``Chapter`` lines, wrapped hard at about 72 characters."""
    import textwrap

    lines = [title, "", f"by {author}", ""]
    for heading, paragraphs in chapters:
        lines += ["", heading, ""]
        for paragraph in paragraphs:
            lines += [*textwrap.wrap(paragraph, 72), ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_md(path: Path, title: str, author: str, chapters: Chapters) -> Path:
    """Markdown with front matter and a heading a chapter."""
    parts = [f"---\ntitle: {title}\nauthor: {author}\nlanguage: en\n---"]
    for heading, paragraphs in chapters:
        parts += [f"## {heading}", *paragraphs]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def write_html(path: Path, title: str, author: str, chapters: Chapters) -> Path:
    """One HTML page with a heading a chapter."""
    body = "\n".join(
        f"<h2>{escape(heading)}</h2>\n" + "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
        for heading, paragraphs in chapters
    )
    path.write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f'<meta name="author" content="{escape(author)}">\n<style>p {{ text-indent: 1em }}</style>\n</head>\n<body>\n'
        f"<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n",
        encoding="utf-8",
    )
    return path


def write_docx(path: Path, title: str, author: str, chapters: Chapters) -> Path:
    """A Word document with a Title, a Heading 1 a chapter and core properties."""
    import datetime

    document = WordDocument()
    properties = document.core_properties
    properties.title, properties.author, properties.language, properties.comments = title, author, "en", ""
    properties.created = properties.modified = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
    document.add_paragraph(title, style="Title")
    for heading, paragraphs in chapters:
        document.add_heading(heading, level=1)
        for paragraph in paragraphs:
            document.add_paragraph(paragraph)
    document.save(str(path))
    _normalise_zip(path)
    return path


def write_epub(path: Path, title: str, author: str, chapters: Chapters, *, cover: bytes | None = None) -> Path:
    """An EPUB 3 with a nav document, metadata, a page a chapter and, if given, a PNG cover."""
    names = [f"chapter-{number}.xhtml" for number in range(1, len(chapters) + 1)]
    items = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(names, start=1)
    )
    if cover:
        items += '<item id="cover" href="cover.png" media-type="image/png" properties="cover-image"/>'
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(1, len(chapters) + 1))
    links = "".join(
        f'<li><a href="{name}">{escape(heading)}</a></li>' for name, (heading, _) in zip(names, chapters, strict=True)
    )
    opf = (
        '<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:example:{escape(path.stem.lower().replace(" ", "-"))}</dc:identifier>'
        f"<dc:title>{escape(title)}</dc:title><dc:creator>{escape(author)}</dc:creator><dc:language>en</dc:language>"
        "<dc:publisher>The audiobook-pipeline developers</dc:publisher><dc:date>2026-01-01</dc:date>"
        '<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta></metadata><manifest>'
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f"{items}</manifest><spine>{spine}</spine></package>\n"
    )
    members: list[tuple[str, bytes]] = [
        ("mimetype", b"application/epub+zip"),
        (
            "META-INF/container.xml",
            b'<?xml version="1.0"?>\n<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            b'<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n',
        ),
        ("EPUB/package.opf", opf.encode()),
        ("EPUB/nav.xhtml", _xhtml("Contents", f'<nav epub:type="toc"><h1>Contents</h1><ol>{links}</ol></nav>')),
    ]
    for name, (heading, paragraphs) in zip(names, chapters, strict=True):
        text = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)
        members.append((f"EPUB/{name}", _xhtml(heading, f"<h1>{escape(heading)}</h1>\n{text}")))
    if cover:
        members.append(("EPUB/cover.png", cover))
    _write_zip(path, members)
    return path


def write_pdf(path: Path, title: str, author: str, chapters: Chapters) -> Path:
    """A PDF of one page a chapter in a standard font, with an outline and document information."""
    import textwrap

    objects: list[bytes] = []

    def add(body: str | bytes) -> int:
        objects.append(body.encode("cp1252") if isinstance(body, str) else body)
        return len(objects)

    catalogue, pages, font, bold, info, outline = (add("") for _ in range(6))
    page_numbers: list[int] = []
    for heading, paragraphs in chapters:
        lines = [f"BT /F2 16 Tf 72 740 Td ({_pdf_text(heading)}) Tj ET"]
        y = 704
        for paragraph in paragraphs:
            for line in textwrap.wrap(paragraph, 80):
                lines.append(f"BT /F1 11 Tf 72 {y} Td ({_pdf_text(line)}) Tj ET")
                y -= 15
            y -= 9
        content = "\n".join(lines).encode("cp1252")
        stream = add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        page_numbers.append(
            add(
                f"<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 612 792] /Contents {stream} 0 R "
                f"/Resources << /Font << /F1 {font} 0 R /F2 {bold} 0 R >> >> >>"
            )
        )
    first = len(objects) + 1
    for index, ((heading, _), page) in enumerate(zip(chapters, page_numbers, strict=True)):
        siblings = f" /Prev {first + index - 1} 0 R" if index else ""
        siblings += f" /Next {first + index + 1} 0 R" if index + 1 < len(chapters) else ""
        add(f"<< /Title ({_pdf_text(heading)}) /Parent {outline} 0 R{siblings} /Dest [{page} 0 R /XYZ 72 760 0] >>")
    kids = " ".join(f"{number} 0 R" for number in page_numbers)
    for number, body in (
        (catalogue, f"<< /Type /Catalog /Pages {pages} 0 R /Outlines {outline} 0 R /Lang (en) >>"),
        (pages, f"<< /Type /Pages /Kids [{kids}] /Count {len(page_numbers)} >>"),
        (font, "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding /WinAnsiEncoding >>"),
        (bold, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>"),
        (info, f"<< /Title ({_pdf_text(title)}) /Author ({_pdf_text(author)}) >>"),
        (outline, f"<< /Type /Outlines /First {first} 0 R /Last {len(objects)} 0 R /Count {len(chapters)} >>"),
    ):
        objects[number - 1] = body.encode("cp1252")
    path.write_bytes(_pdf_file(objects, f"/Root {catalogue} 0 R /Info {info} 0 R"))
    return path


def encrypted_pdf(path: Path) -> Path:
    """A PDF whose Standard security handler (40-bit RC4, revision 2) wants a user password that is not empty."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
        b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>",
    ]
    identity = "/ID [<30313233343536373839616263646566> <30313233343536373839616263646566>]"
    path.write_bytes(_pdf_file(objects, f"/Root 1 0 R /Encrypt 4 0 R {identity}"))
    return path


def png_cover(width: int = 600, height: int = 900, *, seed: int = 7) -> bytes:
    """A picture of hills under an evening sky: RGB PNG, drawn from a seed."""
    random = np.random.default_rng(seed)
    y = np.linspace(0, 1, height)[:, None, None]
    sky = (1 - y) * np.array([28, 38, 84]) + y * np.array([244, 166, 98])
    picture = np.broadcast_to(sky, (height, width, 3)).copy()
    rows, columns = np.mgrid[0:height, 0:width]
    picture[(rows - height * 0.46) ** 2 + (columns - width * 0.68) ** 2 < (width * 0.12) ** 2] = (255, 226, 160)
    across = np.arange(width) / width
    for layer in range(5):
        waves = sum(
            np.sin(across * 6.28 * k * random.uniform(0.6, 1.6) + random.uniform(0, 6)) / k for k in (1, 2, 3, 5)
        )
        ridge = height * (0.55 + 0.09 * layer) + waves * height * 0.035
        picture[rows > ridge[None, :]] = np.array([60, 52, 88]) * (1 - 0.19 * layer)
    raw = b"".join(b"\0" + row.tobytes() for row in picture.astype(np.uint8))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _xhtml(title: str, body: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">\n<head><title>{escape(title)}</title></head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    ).encode()


def _write_zip(path: Path, members: Sequence[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def _normalise_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    _write_zip(path, members)


def _pdf_text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _pdf_file(objects: Sequence[bytes], trailer: str) -> bytes:
    data = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += f"trailer\n<< /Size {len(objects) + 1} {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(data)
