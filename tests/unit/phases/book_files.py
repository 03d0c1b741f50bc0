"""Small books that the tests make, and plans to run phases on them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from phases import chunking, extraction, validation
from phases.contract import Plan, Result

CONTAINER = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
# In the PDFs that are made here, these two characters are printed as the ligatures fi and fl.
FI, FL = "€", "‚"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def plan(phase: str, source: Path, folder: Path, inputs: dict[str, Path] | None = None, **settings: Any) -> Plan:
    folder.mkdir(parents=True, exist_ok=True)
    return Plan(phase, "book", 1, source, folder, folder, inputs or {}, settings, folder, 1, folder / "progress.jsonl")


def validate(source: Path, folder: Path, **settings: Any) -> tuple[Result, dict[str, Any]]:
    result = validation.run(plan("validation", source, folder, **settings))
    return result, json.loads((folder / "source.json").read_text("utf-8"))


class Extracted:
    """What phases 1 and 2 left for a book."""

    def __init__(self, source: Path, folder: Path, **settings: Any) -> None:
        validate(source, folder)
        inputs = {"source": folder / "source.json"}
        self.result = extraction.run(plan("extraction", source, folder, inputs, **settings))
        self.folder = folder
        self.book = json.loads((folder / "book.json").read_text("utf-8"))
        self.rows = [json.loads(line) for line in (folder / "text.jsonl").read_text("utf-8").splitlines()]

    @property
    def titles(self) -> list[str]:
        return [chapter["title"] for chapter in self.book["chapters"]]

    @property
    def spoken(self) -> list[str]:
        return [row["text"] for row in self.rows if row["omit"] is None]

    def spoken_in(self, chapter: int) -> list[str]:
        return [row["text"] for row in self.rows if row["omit"] is None and row["chapter"] == chapter]

    def kinds(self) -> list[tuple[str, str]]:
        return [(row["kind"], row["text"]) for row in self.rows if row["omit"] is None]

    def omitted(self) -> list[tuple[str, str]]:
        return [(row["omit"]["rule"], row["text"]) for row in self.rows if row["omit"] is not None]

    def chunks(self, **settings: Any) -> list[dict[str, Any]]:
        inputs = {"book": self.folder / "book.json", "text": self.folder / "text.jsonl"}
        chunking.run(plan("chunking", self.folder, self.folder, inputs, **settings))
        return [json.loads(line) for line in (self.folder / "chunks.jsonl").read_text("utf-8").splitlines()]


def extract(source: Path, **settings: Any) -> Extracted:
    return Extracted(source, source.parent / "work", **settings)


def text_book(folder: Path, name: str, content: str) -> Extracted:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return extract(path)


def write_zip(path: Path, members: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(
                zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED
            )  # no time of day: same books, same bytes
    return path


def xhtml(body: str, head: str = "<title>t</title>") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops"><head>{head}</head><body>{body}</body></html>'
    )


def opf(manifest: str, spine: str, metadata: str = "<dc:title>A Book</dc:title>", attributes: str = "") -> str:
    return (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">'
        f"{metadata}</metadata><manifest>{manifest}</manifest><spine{attributes}>{spine}</spine></package>"
    )


def item(name: str, *, properties: str = "", media_type: str = "application/xhtml+xml") -> str:
    identifier = name.replace("/", "-")
    return f'<item id="{identifier}" href="{name}" media-type="{media_type}" properties="{properties}"/>'


def itemref(name: str, *, linear: str = "yes") -> str:
    return f'<itemref idref="{name.replace("/", "-")}" linear="{linear}"/>'


def nav(*entries: tuple[str, str]) -> str:
    links = "".join(f'<li><a href="{href}">{title}</a></li>' for href, title in entries)
    return xhtml(f'<nav epub:type="toc"><h2>Contents</h2><ol>{links}</ol></nav>')


def epub(path: Path, package: str, files: dict[str, str | bytes], extra: dict[str, str | bytes] | None = None) -> Path:
    members: dict[str, str | bytes] = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER}
    members |= {"OPS/book.opf": package, **{f"OPS/{name}": content for name, content in files.items()}}
    return write_zip(path, members | (extra or {}))


def simple_epub(path: Path, chapters: dict[str, str], extra: dict[str, str | bytes] | None = None) -> Path:
    """An EPUB of files whose nav has one entry a file; `chapters` maps a title to the body of its file."""
    names = {f"c{number}.xhtml": body for number, body in enumerate(chapters.values(), 1)}
    package = opf(
        item("nav.xhtml", properties="nav") + "".join(map(item, names)), "".join(itemref(name) for name in names)
    )
    files: dict[str, str | bytes] = {name: xhtml(body) for name, body in names.items()}
    files["nav.xhtml"] = nav(*zip(names, chapters, strict=True))
    return epub(path, package, files, extra)


def docx(
    path: Path, body: str, styles: str = "", namespace: str = W, parts: dict[str, str | bytes] | None = None
) -> Path:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relationships = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    own = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="s" Type="{office}/styles" Target="styles.xml"/>'
        f'<Relationship Id="f" Type="{office}/footnotes" Target="footnotes.xml"/></Relationships>'
    )
    opening = (
        f'xmlns:w="{namespace}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:v="urn:schemas-microsoft-com:vml"'
    )
    return write_zip(
        path,
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": relationships,
            "word/_rels/document.xml.rels": own,
            "word/document.xml": f"<w:document {opening}><w:body>{body}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {opening}>{styles}</w:styles>",
            **(parts or {}),
        },
    )


def pdf(path: Path, pages: list[list[tuple[float, float, float, str]]], outline: str = "") -> Path:
    """A PDF of lines (left, bottom, size, text) in Helvetica.

    Args:
        path: where it is written.
        pages: the lines of each page.
        outline: further objects; where there are some, object 4 is the outline. Pages are objects 10, 12, …
    """
    objects: dict[int, str] = {}
    kids = " ".join(f"{10 + 2 * number} 0 R" for number in range(len(pages)))
    objects[1] = f"<< /Type /Catalog /Pages 2 0 R {'/Outlines 4 0 R' if outline else ''} >>"
    objects[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"
    objects[3] = (
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding "
        "<< /BaseEncoding /WinAnsiEncoding /Differences [128 /fi 130 /fl] >> >>"
    )
    for number, lines in enumerate(pages):
        shown = "\n".join(
            f"BT /F1 {size} Tf {left} {bottom} Td ({_escaped(line)}) Tj ET" for left, bottom, size, line in lines
        )
        objects[10 + 2 * number] = (
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {11 + 2 * number} 0 R >>"
        )
        objects[11 + 2 * number] = f"<< /Length {len(shown.encode('cp1252'))} >>\nstream\n{shown}\nendstream"
    for part in outline.split(";;") if outline else ():
        number, _, content = part.strip().partition(" ")
        objects[int(number)] = content
    path.write_bytes(_pdf_bytes(objects))
    return path


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _pdf_bytes(objects: dict[int, str]) -> bytes:
    data = b"%PDF-1.7\n"
    offsets = {}
    for number, content in sorted(objects.items()):
        offsets[number] = len(data)
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    start = len(data)
    data += f"xref\n0 {max(objects) + 1}\n".encode()
    for number in range(max(objects) + 1):
        offset = offsets.get(number)
        data += b"0000000000 65535 f \n" if offset is None else f"{offset:010} 00000 n \n".encode()
    return data + f"trailer\n<< /Size {max(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
