"""OpenDocument texts: headings by outline level, notes and hidden text on record, tracked changes as accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from lxml import etree

from phases.contract import PermanentError
from phases.readers import outline, text
from phases.readers.archive import Archive, damaged
from phases.readers.document import Block, Document, Metadata, Omission, Paragraph
from phases.readers.limits import Limits
from phases.readers.markup import inline_text, local_name
from phases.readers.omission import BIBLIOGRAPHY, CONTENTS, FOOTNOTE, HIDDEN, INDEX, NOTE_REFERENCE, RUNNING_HEADER
from phases.readers.styles import levels_from_one
from phases.readers.text import names

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
# Deleted text, comments, and what describes objects.
_UNSEEN = names(
    "tracked-changes annotation annotation-end desc sequence-decls variable-decls user-field-decls forms "
    "index-title-template table-of-content-source alphabetical-index-source bibliography-source object script "
    "bookmark-start ruby-text list-header-source dde-connection-decls"
)
_OMITTED: dict[str, Omission] = {
    "table-of-content": CONTENTS,
    "illustration-index": CONTENTS,
    "table-index": CONTENTS,
    "alphabetical-index": INDEX,
    "bibliography": BIBLIOGRAPHY,
    "note-body": FOOTNOTE,
    "note-citation": NOTE_REFERENCE,
    "hidden-text": HIDDEN,
    "hidden-paragraph": HIDDEN,
}
_LONGEST_CELL = 200
_LONGEST_LINE = 80


def read(path: Path, limits: Limits) -> Document:
    """Open an ``.odt`` file.

    Raises:
        PermanentError: ``damaged``, ``encrypted`` or ``too_large``.
    """
    archive = Archive(path, limits)
    try:
        _refuse_encrypted(archive)
        return Document(_metadata(archive), partial(_blocks, archive), close=archive.close)
    except BaseException:  # a limit or Ctrl-C too: nobody else knows the open file
        archive.close()
        raise


def _refuse_encrypted(archive: Archive) -> None:
    name = archive.find("META-INF/manifest.xml")
    if name is not None and next(archive.read_xml(name).iter("{*}encryption-data"), None) is not None:
        raise PermanentError(
            f"{archive.name} is protected with a password. Open it in a word processor, save it without one, and "
            "run again.",
            error_type="encrypted",
        )


def _metadata(archive: Archive) -> Metadata:
    name = archive.find("meta.xml")
    if name is None:
        return Metadata()
    facts: dict[str, str] = {}
    for element in archive.read_xml(name).iterfind("{*}meta/*"):
        value = inline_text(element)
        if value:
            facts.setdefault(local_name(element), value)
    author = facts.get("initial-creator") or facts.get("creator")
    return Metadata(
        title=facts.get("title"),
        authors=tuple(name.strip() for name in (author or "").split(";") if name.strip()),
        language=facts.get("language"),
        description=facts.get("description"),
    )


def _blocks(archive: Archive) -> Iterator[Block]:
    archive.restart_count()
    name = archive.find("content.xml")
    if name is None:
        raise damaged(archive.name, "it has no content.xml")
    root = archive.read_xml(name)
    body = root.find("{*}body/{*}text")
    if body is None:
        raise damaged(archive.name, "content.xml in it holds no text")
    walker = _Walker(_style_names(root))
    paragraphs = levels_from_one(list(walker.walk(body)))
    yield from outline.by_headings([*paragraphs, *_furniture(archive)])


def _furniture(archive: Archive) -> Iterator[Paragraph]:
    """Headers and footers, each once."""
    name = archive.find("styles.xml")
    if name is None:
        return
    for page in archive.read_xml(name).iterfind("{*}master-styles/{*}master-page"):
        for element in page:
            said = inline_text(element) if local_name(element).startswith(("header", "footer")) else ""
            if text.has_word(said):
                yield Paragraph("prose", said, "styles", omit=RUNNING_HEADER)


def _style_names(root: Any) -> dict[str, str]:
    """The named style behind each automatic one."""
    found = {}
    for style in root.iterfind("{*}automatic-styles/{*}style"):
        found[style.get(f"{_STYLE}name", "")] = style.get(f"{_STYLE}parent-style-name", "")
    return found


@dataclass(slots=True)
class _Open:
    """A paragraph that is being read; a text box or a note opens one inside another."""

    kind: str
    level: int
    parts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Walker:
    """The state of one walk; what stands inside a paragraph comes after it."""

    styles: dict[str, str]
    _open: list[_Open] = field(default_factory=list)
    _aside: list[Paragraph] = field(default_factory=list)
    _row: list[list[Paragraph]] = field(default_factory=list)
    _omitting: list[tuple[Any, Omission]] = field(default_factory=list)
    _mark: list[str] = field(default_factory=list)
    _lists: int = 0
    _count: int = 0

    def walk(self, body: Any) -> Iterator[Paragraph]:
        walk = etree.iterwalk(body, events=("start", "end"))
        for event, node in walk:
            tag = local_name(node)
            if event == "start":
                if tag in _UNSEEN or not tag:
                    walk.skip_subtree()
                else:
                    self._start(node, tag)
            else:
                if tag not in _UNSEEN and tag:
                    yield from self._end(node, tag)
                if node is not body and node.tail:
                    self._add(node.tail)

    def _start(self, node: Any, tag: str) -> None:
        omission = _OMITTED.get(tag)
        if tag == "section" and node.get(f"{_TEXT}display") == "none":
            omission = HIDDEN
        if omission is not None:
            self._omitting.append((node, omission))
        if tag in ("p", "h"):
            self._count += 1
            self._open.append(self._opened(node, tag))
        elif tag == "list":
            self._lists += 1
        elif tag == "table-row":
            self._row.append([])
        elif tag == "s":
            count = node.get(f"{_TEXT}c", "1")
            self._add(" " * min(text.whole_number(count, 1), 100))
        elif tag == "tab":
            self._add(" ")
        elif tag == "line-break":
            self._add("\n")
        self._add(node.text)

    def _opened(self, node: Any, tag: str) -> _Open:
        style = node.get(f"{_TEXT}style-name", "")
        style = self.styles.get(style) or style
        if tag == "h":
            level = node.get(f"{_TEXT}outline-level", "1")
            return _Open("heading", text.whole_number(level, 1) + 1)
        if style in ("Title", "Subtitle"):
            return _Open("heading", 1 if style == "Title" else 0)
        if self._lists:
            return _Open("list_item", 0)
        return _Open("quote" if style.startswith("Quot") else "prose", 0)

    def _add(self, piece: str | None) -> None:
        if not piece or not self._open:
            return
        inline = self._omitting and self._omitting[-1][1] in (NOTE_REFERENCE, HIDDEN)
        if inline and local_name(self._omitting[-1][0]) in ("note-citation", "hidden-text", "hidden-paragraph"):
            self._mark.append(piece)
        else:
            self._open[-1].parts.append(piece)

    def _end(self, node: Any, tag: str) -> Iterator[Paragraph]:
        if tag in ("p", "h") and self._open:
            self._finish(self._open.pop())
        elif tag == "list":
            self._lists -= 1
        elif tag == "table-row" and self._row:
            self._finish_row(self._row.pop())
        if self._omitting and self._omitting[-1][0] is node:
            _, omission = self._omitting.pop()
            mark = text.one_line("".join(self._mark))
            self._mark.clear()
            if mark:
                self._aside.append(Paragraph("prose", mark, self._source, omit=omission))
        if not self._open and not self._row:
            yield from self._aside
            self._aside.clear()

    @property
    def _source(self) -> str:
        return f"paragraph {self._count}"

    def _finish(self, finished: _Open) -> None:
        gathered = "".join(finished.parts)
        content = text.one_line(gathered)
        if not content:
            return
        lines = gathered.strip().split("\n")
        kind, level = finished.kind, finished.level
        if text.is_scene_break(content):
            kind, level = "scene_break", 0
        elif kind == "prose" and len(lines) > 1 and all(len(line) < _LONGEST_LINE for line in lines):
            kind, content = "verse", text.lines(gathered)
        omit = self._omitting[-1][1] if self._omitting else None
        paragraph = Paragraph(kind, content, self._source, omit, 0 if omit else level)
        if self._row and not self._open:
            self._row[-1].append(paragraph)
        elif self._open:
            self._aside.append(paragraph)
        else:
            self._aside.insert(0, paragraph)

    def _finish_row(self, cells: list[Paragraph]) -> None:
        """Short cells become one row; longer ones stay paragraphs, as in tables made for layout."""
        row = cells
        if len(cells) > 1 and all(
            p.kind in ("prose", "list_item") and p.omit is None and len(p.text) < _LONGEST_CELL for p in cells
        ):
            joined = ""
            for cell in cells:
                joined += (", " if joined[-1].isalnum() else " ") + cell.text if joined else cell.text
            row = [replace(cells[0], kind="table", text=joined)]
        if self._row:
            self._row[-1] += row
        else:
            self._aside = [*row, *self._aside]
