"""FictionBook 2: sections are chapters, the bodies of notes are left out, the cover is inside the file."""

from __future__ import annotations

import base64
import binascii
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from lxml import etree

from phases.readers import covers, text
from phases.readers.archive import Archive, damaged
from phases.readers.document import Block, ChapterStart, Cover, Document, Metadata, Omission, Paragraph
from phases.readers.limits import Limits
from phases.readers.markup import inline_text, local_name, refuse_depth
from phases.readers.omission import ALT_TEXT, FOOTNOTE, NOTE_REFERENCE, NOTES

_HREF = "{http://www.w3.org/1999/xlink}href"
_BLOCKS = {"p": "prose", "subtitle": "heading", "text-author": "prose", "td": "table", "th": "table"}


def read(path: Path, limits: Limits) -> Document:
    """Open a ``.fb2`` file, also one in a ZIP archive.

    Raises:
        PermanentError: ``damaged`` or ``too_large``.
    """
    root = _parsed(_content(path, limits), path.name)
    return Document(_metadata(root), partial(_blocks, root), partial(_cover, root))


def _content(path: Path, limits: Limits) -> bytes:
    if zipfile.is_zipfile(path):
        with Archive(path, limits) as archive:
            books = [name for name in archive.names if name.lower().endswith(".fb2")]
            if len(books) != 1:
                raise damaged(path.name, f"it holds {len(books)} FictionBooks where one is expected")
            data = archive.read(books[0])
    else:
        data = path.read_bytes()
    pictures = data.find(b"<binary")
    limits.check_text(path.name, pictures if pictures >= 0 else len(data))
    limits.check_pieces(path.name, "tags and attributes", data.count(b"<") + data.count(b"="))
    return data


def _parsed(data: bytes, name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        refuse_depth(error.msg or "", name)
        raise damaged(name, f"it is no well-formed XML: {error.msg}") from error
    if local_name(root) != "fictionbook":
        raise damaged(name, "it is XML, but no FictionBook")
    return root


def _metadata(root: Any) -> Metadata:
    info = root.find("{*}description/{*}title-info")
    published = root.find("{*}description/{*}publish-info")
    if info is None:
        return Metadata()

    def said(parent: Any, name: str) -> str | None:
        element = None if parent is None else parent.find(f"{{*}}{name}")
        return None if element is None else inline_text(element) or None

    authors = []
    for author in info.iterfind("{*}author"):
        parts = [said(author, part) for part in ("first-name", "middle-name", "last-name")]
        authors.append(" ".join(part for part in parts if part) or said(author, "nickname") or "")
    sequence = info.find("{*}sequence")
    date = info.find("{*}date")
    return Metadata(
        title=said(info, "book-title"),
        authors=tuple(filter(None, authors)),
        language=said(info, "lang"),
        publisher=said(published, "publisher"),
        published=said(published, "year") or (date is not None and date.get("value")) or said(info, "date"),
        description=said(info, "annotation"),
        identifier=said(published, "isbn"),
        isbn=said(published, "isbn"),
        series=None if sequence is None else sequence.get("name") or None,
        series_index=None if sequence is None else sequence.get("number") or None,
    )


def _cover(root: Any) -> Cover | None:
    image = root.find("{*}description/{*}title-info/{*}coverpage/{*}image")
    wanted = (image.get(_HREF) or image.get("href") or "").lstrip("#") if image is not None else ""
    for binary in root.iterfind("{*}binary"):
        if binary.get("id") == wanted and wanted:
            try:
                data = base64.b64decode(binary.text or "")
            except (binascii.Error, ValueError):
                return None
            return covers.chosen([data])
    return None


def _blocks(root: Any) -> Iterator[Block]:
    for number, body in enumerate(root.iterfind("{*}body")):
        is_notes = number > 0 and (body.get("name") or "").lower() in ("notes", "comments", "footnotes")
        walker = _Walker(NOTES if is_notes else None)
        yield from walker.walk(body)


@dataclass(slots=True)
class _Walker:
    """One walk over a body; sections nest, paragraphs do not."""

    omit: Omission | None
    _depth: int = 0
    _parts: list[str] = field(default_factory=list)
    _aside: list[Paragraph] = field(default_factory=list)
    _stanza: list[str] | None = None
    _row: list[str] | None = None
    _titles: list[str] | None = None
    _quoted: int = 0
    _count: int = 0

    def walk(self, body: Any) -> Iterator[Block]:
        walk = etree.iterwalk(body, events=("start", "end"))
        for event, node in walk:
            tag = local_name(node)
            if event == "end":
                yield from self._end(node, tag)
                if node is not body and node.tail and self._within(node):
                    self._parts.append(node.tail)
                continue
            if tag == "a" and (node.get("type") == "note" or _is_mark(node)):
                self._aside.append(Paragraph("prose", inline_text(node), self._source, omit=NOTE_REFERENCE))
                walk.skip_subtree()
                continue
            if tag == "image":
                self._describe(node)
            elif tag == "section":
                self._depth += 1
            elif tag == "title":
                self._titles = []
            elif tag in ("stanza", "tr"):
                self._open_group(tag)
            elif tag in ("cite", "epigraph"):
                self._quoted += 1
            elif tag == "empty-line" and self.omit is None:
                yield Paragraph("scene_break", "", self._source)
            elif tag in (*_BLOCKS, "v"):
                self._parts.clear()
            if node.text:
                self._parts.append(node.text)

    @property
    def _source(self) -> str:
        return f"paragraph {self._count + 1}"

    def _within(self, node: Any) -> bool:
        """Whether an element's tail is text: it stands inside a paragraph and not between two."""
        return local_name(node) not in (
            "section",
            "title",
            "stanza",
            "poem",
            "cite",
            "epigraph",
            *_BLOCKS,
            "v",
            "empty-line",
        )

    def _open_group(self, tag: str) -> None:
        if tag == "stanza":
            self._stanza = []
        else:
            self._row = []

    def _describe(self, node: Any) -> None:
        described = text.one_line(node.get("alt") or "")
        if text.has_word(described):
            self._aside.append(Paragraph("prose", described, self._source, omit=ALT_TEXT))

    def _end(self, node: Any, tag: str) -> Iterator[Block]:
        if tag == "section":
            self._depth -= 1
        elif tag == "title":
            yield from self._title(node)
        elif tag == "v":
            line = text.one_line("".join(self._parts))
            self._parts.clear()
            if self._stanza is not None:
                self._stanza.append(line)
            else:
                yield from self._paragraph("verse", line)
        elif tag == "stanza":
            lines, self._stanza = "\n".join(filter(None, self._stanza or [])), None
            yield from self._paragraph("verse", lines)
        elif tag == "tr":
            row, self._row = ", ".join(filter(None, self._row or [])), None
            yield from self._paragraph("table", row)
        elif tag in ("cite", "epigraph"):
            self._quoted -= 1
        elif tag in _BLOCKS:
            content = text.one_line("".join(self._parts))
            self._parts.clear()
            if self._titles is not None:
                self._titles.append(content)
            elif self._row is not None and tag in ("td", "th"):
                self._row.append(content)
            else:
                kind = _BLOCKS[tag]
                yield from self._paragraph("quote" if self._quoted and kind == "prose" else kind, content)

    def _title(self, node: Any) -> Iterator[Block]:
        lines, self._titles = [line for line in self._titles or [] if line], None
        if not lines:
            return
        in_section = local_name(node.getparent()) == "section"
        if in_section and self.omit is None:
            title = ". ".join(line.rstrip(" .:") for line in lines[:-1]) + (". " if lines[1:] else "") + lines[-1]
            yield ChapterStart(title, self._depth)
        elif self.omit is not None and not in_section:
            yield ChapterStart(lines[0], 1)
        for line in lines:
            yield from self._paragraph("heading", line)

    def _paragraph(self, kind: str, content: str) -> Iterator[Paragraph]:
        self._count += 1
        if content:
            kind = "scene_break" if text.is_scene_break(content) else kind
            omit = FOOTNOTE if self.omit is not None and kind != "heading" else self.omit
            yield Paragraph(kind, content, f"paragraph {self._count}", omit=omit)
        yield from self._aside
        self._aside.clear()


def _is_mark(node: Any) -> bool:
    shown = inline_text(node)
    return (node.get(_HREF) or "").startswith("#") and 0 < len(shown) < 7 and shown.strip("[](){}*†. ").isdigit()
