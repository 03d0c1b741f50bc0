"""Word documents: text in the order of the body, headings by style or outline level, tracked changes as accepted.

Elements are known by their local names, so that strict and transitional files read alike.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from lxml import etree

from phases.readers import docx_numbers, docx_xml, outline, text
from phases.readers.archive import Archive, damaged, resolve
from phases.readers.document import Block, Document, Metadata, Omission, Paragraph
from phases.readers.limits import Limits
from phases.readers.markup import inline_text, local_name
from phases.readers.omission import CONTENTS, FOOTNOTE, HIDDEN, RUNNING_HEADER
from phases.readers.styles import is_contents, levels_from_one, named_level
from phases.readers.text import names

# Deleted text, the old copy of a drawing, and what stands for objects.
_UNSEEN = names("del movefrom fallback instrtext deltext object ppr sectpr tblpr trpr tcpr")
_SPACES = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "nobreakhyphen": "-"}
_MAX_STYLE_CHAIN = 20
_OFF = ("0", "false", "off")
# In half points; text is printed in 10 to 12 points.
_LARGE = 28
_LONGEST_DRAWN = 100
_FEWEST_DRAWN = 2
# Parts with visible text beside the document itself, by the end of the relationship's type.
_SIDE_PARTS = {"footnotes": FOOTNOTE, "endnotes": FOOTNOTE, "header": RUNNING_HEADER, "footer": RUNNING_HEADER}


@dataclass(frozen=True, slots=True)
class Style:
    """What a paragraph style means; `level` is that of a heading, 0 for none, `numbered` its `w:numPr`."""

    name: str
    level: int
    id: str = ""
    numbered: Any = None


def read(path: Path, limits: Limits) -> Document:
    """Open a ``.docx`` file.

    Raises:
        PermanentError: ``damaged``, ``encrypted`` or ``too_large``.
    """
    archive = Archive(path, limits)
    try:
        main = _main_part(archive)
        return Document(_metadata(archive), partial(_blocks, archive, main), close=archive.close)
    except BaseException:  # a limit or Ctrl-C too: nobody else knows the open file
        archive.close()
        raise


def _relationships(archive: Archive, part: str) -> Iterator[tuple[str, str]]:
    """The last word of each relationship's type, and the part that it leads to."""
    folder, name = posixpath.split(part)
    found = archive.find(posixpath.join(folder, "_rels", f"{name}.rels"))
    if found is None:
        return
    for element in archive.read_xml(found).iter("{*}Relationship"):
        if element.get("TargetMode", "Internal") == "Internal":
            target = resolve(part, element.get("Target", "").lstrip("/") if not folder else element.get("Target", ""))
            if target is None and element.get("Target", "").startswith("/"):
                target = resolve("", element.get("Target", "").lstrip("/"))
            member = archive.find(target[0]) if target else None
            if member:
                yield element.get("Type", "").rpartition("/")[2].lower(), member


def _main_part(archive: Archive) -> str:
    for kind, part in _relationships(archive, ""):
        if kind == "officedocument":
            return part
    found = archive.find("word/document.xml")
    if found is None:
        raise damaged(archive.name, "it has no word/document.xml")
    return found


def _metadata(archive: Archive) -> Metadata:
    part = next(
        (p for kind, p in _relationships(archive, "") if kind == "core-properties"), archive.find("docProps/core.xml")
    )
    if part is None:
        return Metadata()
    facts: dict[str, str] = {}
    for element in archive.read_xml(part):
        value = inline_text(element)
        if value:
            facts.setdefault(local_name(element), value)
    authors = [author.strip() for author in facts.get("creator", "").split(";")]
    return Metadata(
        title=facts.get("title"),
        authors=tuple(author for author in authors if author),
        language=facts.get("language"),
        description=facts.get("description"),
        identifier=facts.get("identifier"),
    )


def _styles(archive: Archive, main: str) -> dict[str, Style]:
    part = next((part for kind, part in _relationships(archive, main) if kind == "styles"), None)
    if part is None:
        return {}
    names: dict[str, str] = {}
    bases: dict[str, str] = {}
    levels: dict[str, int] = {}
    numbered: dict[str, Any] = {}
    for element in archive.read_xml(part).iterfind("{*}style"):
        style_id = docx_xml.value(element, "styleId")
        names[style_id] = docx_xml.child_value(element, "name").lower()
        bases[style_id] = docx_xml.child_value(element, "basedOn")
        own = element.find("{*}pPr/{*}outlineLvl")
        numbered[style_id] = element.find("{*}pPr/{*}numPr")
        levels[style_id] = _level(docx_xml.value(own, "val")) if own is not None else named_level(names[style_id])
    styles = {}
    for style_id in names:
        current, level = style_id, levels[style_id]
        for _ in range(_MAX_STYLE_CHAIN):
            current = bases.get(current, "")
            if level >= 0 or current not in names:
                break
            level = -1 if names[current] == "title" else levels[current]  # "Author" may be drawn as titles are
        styles[style_id] = Style(names[style_id], max(level, 0), style_id, numbered.get(style_id))
    return styles


def _level(value: str) -> int:
    """`w:outlineLvl` counts from 0, below "Title"; 9 is body text."""
    level = text.whole_number(value, 9)
    return level + 2 if level < 9 else 0


def _blocks(archive: Archive, main: str) -> Iterator[Block]:
    archive.restart_count()
    styles = _styles(archive, main)
    parts = list(_relationships(archive, main))
    listed = next((part for kind, part in parts if kind == "numbering"), None)
    numbers = docx_numbers.Numbers(archive.read_xml(listed) if listed else None)
    paragraphs = levels_from_one(_with_drawn_headings(archive.read_xml(main), styles, numbers))
    for kind, part in parts:
        omission = _SIDE_PARTS.get(kind)
        if omission is not None:
            source = posixpath.basename(part).removesuffix(".xml")
            side = _paragraphs(archive.read_xml(part), _Walker(styles, f"{source}, paragraph"))
            paragraphs += [replace(p, omit=p.omit or omission, level=0) for p in side if text.has_word(p.text)]
    yield from outline.by_headings(paragraphs)


@dataclass(slots=True)
class _Open:
    """A paragraph that is being read; a text box opens one inside another.

    Attributes:
        goes_on: the next one is part of it: it is a large first letter, or its end was deleted.
        centred: it stands in the middle of the line.
        plain: some of its text is neither bold nor large.
    """

    style: Style
    level: int
    listed: bool
    omit: Omission | None
    goes_on: bool = False
    centred: bool = False
    plain: bool = False
    parts: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def _with_drawn_headings(root: Any, styles: dict[str, Style], numbers: docx_numbers.Numbers) -> list[Paragraph]:
    """The paragraphs of the document; where no style makes a heading, those that are drawn like headings are some."""
    walker = _Walker(styles, "paragraph", numbers)
    paragraphs = list(_paragraphs(root, walker))
    if any(p.level for p in paragraphs):
        return paragraphs
    drawn = [
        walker.is_drawn(p) and p.kind == "prose" and p.omit is None and len(p.text) <= _LONGEST_DRAWN
        for p in paragraphs
    ]
    alone = [here and not below for here, below in pairwise([*drawn, False])]
    if sum(alone) < _FEWEST_DRAWN:
        return paragraphs
    return [replace(p, kind="heading", level=1) if here else p for p, here in zip(paragraphs, drawn, strict=True)]


def _paragraphs(root: Any, walker: _Walker) -> Iterator[Paragraph]:
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, node in walk:
        tag = local_name(node)
        if event == "start":
            if tag in _UNSEEN:
                walk.skip_subtree()
            else:
                walker.start(node, tag)
        elif tag not in _UNSEEN:
            walker.end(tag)
            if not walker.open:
                yield from walker.taken()
    yield from walker.rest()


class _Walker:
    """The state of a walk over a part; finished paragraphs wait until the outermost one is finished."""

    def __init__(self, styles: dict[str, Style], source: str, numbers: docx_numbers.Numbers | None = None) -> None:
        self.open: list[_Open] = []
        self._styles = styles
        self._numbers = numbers or docx_numbers.Numbers(None)
        self._source = source
        self._count = 0
        self._done: list[Paragraph] = []
        self._rows: list[list[Paragraph]] = []
        self._hidden_run = False
        self._contents: list[bool] = []
        self._before: _Open | None = None
        self._drawn: set[int] = set()

    def rest(self) -> list[Paragraph]:
        """A last paragraph that was to go on."""
        paragraph = _paragraph(self._before, f"{self._source} {self._count}") if self._before else None
        return [paragraph] if paragraph is not None else []

    def is_drawn(self, paragraph: Paragraph) -> bool:
        """Whether a paragraph looks like a heading: in the middle, and bold or large."""
        return id(paragraph) in self._drawn

    def taken(self) -> list[Paragraph]:
        done, self._done = self._done, []
        return done

    def start(self, node: Any, tag: str) -> None:
        if tag == "p":
            self._count += 1
            opened = _opened(node, self._styles, self._numbers)
            opened.omit = CONTENTS if any(self._contents) else opened.omit
            if self._before is not None and not self.open:
                opened.parts, self._before = self._before.parts, None
            self.open.append(opened)
        elif tag == "sdt":  # a content control; that of a table of contents says so
            gallery = node.find("{*}sdtPr/{*}docPartObj/{*}docPartGallery")
            self._contents.append(gallery is not None and docx_xml.value(gallery, "val") == "Table of Contents")
        elif tag == "tr":
            self._rows.append([])
        elif not self.open:
            return
        elif tag == "r":
            mark = node.find("{*}rPr/{*}vanish")
            self._hidden_run = mark is not None and docx_xml.value(mark, "val") not in _OFF
            self.open[-1].plain |= not _stands_out(node)
        elif tag == "t":
            current = self.open[-1]
            (current.hidden if self._hidden_run else current.parts).append(node.text or "")
        elif tag in _SPACES:
            page_break = tag == "br" and docx_xml.value(node, "type") in ("page", "column")
            self.open[-1].parts.append(" " if page_break else _SPACES[tag])

    def end(self, tag: str) -> None:
        if tag == "p" and self.open:
            self._finish(self.open.pop())
        elif tag == "tr" and self._rows:
            self._finish_row(self._rows.pop())
        elif tag == "sdt" and self._contents:
            self._contents.pop()
        elif tag == "r":
            self._hidden_run = False

    def _finish(self, finished: _Open) -> None:
        source = f"{self._source} {self._count}"
        if finished.goes_on and not self.open:
            self._before = finished
            return
        paragraph = _paragraph(finished, source)
        if paragraph is not None and finished.centred and not finished.plain:
            self._drawn.add(id(paragraph))
        found = [paragraph] if paragraph is not None else []
        hidden = text.one_line("".join(finished.hidden))
        if hidden:
            found.append(Paragraph("prose", hidden, source, omit=HIDDEN))
        if self._rows and not self.open:
            self._rows[-1] += found
        elif self.open:  # a text box: after the paragraph that it is anchored in
            self._done += found
        else:
            self._done = found + self._done

    def _finish_row(self, cells: list[Paragraph]) -> None:
        """Cells of a line each become one row; longer ones stay paragraphs, as in tables made for layout."""
        boxes, self._done = self._done, []
        row: list[Paragraph] = cells
        if len(cells) > 1 and all(
            p.kind in ("prose", "list_item") and p.omit is None and len(p.text) < 200 for p in cells
        ):
            joined = ""
            for cell in cells:
                joined += (", " if joined and joined[-1].isalnum() else " ") + cell.text if joined else cell.text
            row = [Paragraph("table", joined, cells[0].source)]
        row += boxes
        if self._rows:
            self._rows[-1] += row
        else:
            self._done = row


def _stands_out(run: Any) -> bool:
    """Whether a run is bold or large, or holds nothing to be seen."""
    bold, size = run.find("{*}rPr/{*}b"), run.find("{*}rPr/{*}sz")
    large = size is not None and text.whole_number(docx_xml.value(size, "val"), 0) >= _LARGE
    return large or (bold is not None and docx_xml.value(bold, "val") not in _OFF) or run.find("{*}t") is None


def _opened(node: Any, styles: dict[str, Style], numbers: docx_numbers.Numbers) -> _Open:
    properties = node.find("{*}pPr")
    style = Style("", 0)
    level = -1
    listed = False
    if properties is not None:
        style = styles.get(docx_xml.child_value(properties, "pStyle"), style)
        own = properties.find("{*}outlineLvl")
        level = _level(docx_xml.value(own, "val")) if own is not None else -1
        listed = properties.find("{*}numPr") is not None
    omit = CONTENTS if is_contents(style.name) else None
    listed = listed or style.name.startswith("list ")
    opened = _Open(style, style.level if level < 0 else level, listed, omit)
    if properties is not None:
        frame = properties.find("{*}framePr")
        ended = properties.find("{*}rPr/{*}del"), properties.find("{*}rPr/{*}moveFrom")
        opened.goes_on = any(mark is not None for mark in ended) or (
            frame is not None and docx_xml.value(frame, "dropCap") in ("drop", "margin")
        )
        opened.centred = docx_xml.child_value(properties, "jc") == "center"
        counted = properties.find("{*}numPr")
        counted = style.numbered if counted is None else counted
        if opened.level and counted is not None and omit is None:
            label = numbers.label(counted, style.id)
            opened.parts += [label, " "] if label else []
    return opened


def _paragraph(finished: _Open, source: str) -> Paragraph | None:
    gathered = "".join(finished.parts)
    content = text.one_line(gathered)
    if not content:
        return None
    if text.is_scene_break(content):
        return Paragraph("scene_break", content, source, omit=finished.omit)
    if finished.omit is None and (finished.level or finished.style.name == "subtitle"):
        return Paragraph("heading", content, source, level=finished.level)
    if finished.listed:
        kind = "list_item"
    elif "quote" in finished.style.name:
        kind = "quote"
    elif gathered.strip().count("\n") and all(len(line) < 80 for line in gathered.split("\n")):
        return Paragraph("verse", text.lines(gathered), source, omit=finished.omit)
    else:
        kind = "prose"
    return Paragraph(kind, content, source, omit=finished.omit)
