"""EPUB 2 and 3: order from the spine, chapters from the nav document, else the NCX, else headings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lxml import etree

from phases.contract import PermanentError
from phases.readers import epub_contents, epub_cover, foreign, language, markup, opf, outline, page_kinds
from phases.readers.archive import Archive, damaged, resolve
from phases.readers.document import Block, ChapterStart, Cover, Document, Metadata, Omission, Paragraph
from phases.readers.epub_contents import Entry
from phases.readers.limits import Limits
from phases.readers.omission import CONTENTS, NON_LINEAR

_TEXTUAL = frozenset(
    ["application/xhtml+xml", "text/html", "application/xml", "text/xml", "text/x-oeb1-document", "image/svg+xml", ""]
)
_RENDITION = "{http://www.idpf.org/2013/rendition}"
# What such files are called, whatever type the manifest gives them.
_MARKUP_NAMES = (".xhtml", ".html", ".htm", ".xml")
_OPF_TYPE = "application/oebps-package+xml"
# Fonts may be scrambled without a word of the text being protected.
_FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_MAX_FALLBACKS = 10
_FEWEST_HEADINGS = 3
# What contents name that name no chapter, as some converters write them; more entries are a table of contents.
_NO_CHAPTER = re.compile(
    r"start|begin(?:ning)?|cover(?: page)?|title ?page|(?:table of )?contents|toc|copyright(?: page)?|text|"
    r"unknown|untitled|main|body|book|umschlag|titelseite|inhalt(?:sverzeichnis)?|couverture|обложка|титульный лист",
    re.IGNORECASE,
)
_MOST_PAGES = 5
# A page with so many links to other files, and of whose letters so many are in these, is a table of contents.
_FEWEST_LINKS, _LINKED = 3, 0.7
_COVER_PAGE = re.compile(r"^cover[-_ ]?(?:page)?\d*\.", re.IGNORECASE)
_COVER_TYPES = frozenset(
    ["image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp", "image/svg+xml", "application/xhtml+xml"]
)


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the book as its manifest describes it; `path` is its name in the archive."""

    id: str
    path: str
    media_type: str
    properties: frozenset[str]
    fallback: str


@dataclass(frozen=True, slots=True)
class Package:
    """What the package document says.

    Attributes:
        path: its name in the archive.
        metadata: the book's.
        items: the manifest by id.
        spine: items in reading order, each with whether it is linear.
        ncx: the name of the NCX, or None.
        cover_id: the manifest id that EPUB 2 metadata calls the cover, or "".
        guide: what EPUB 2 calls the landmarks, as pairs of a type and a link.
    """

    path: str
    metadata: Metadata
    items: dict[str, Item]
    spine: tuple[tuple[Item, bool], ...]
    ncx: str | None
    cover_id: str
    guide: tuple[tuple[str, str], ...]


def read(path: Path, limits: Limits) -> Document:
    """Open an EPUB file.

    Raises:
        PermanentError: ``damaged``, ``encrypted`` (DRM) or ``too_large``.
    """
    archive = Archive(path, limits)
    try:
        _refuse_drm(archive)
        package = _package(archive)
        return Document(
            package.metadata,
            partial(_blocks, archive, package),
            partial(_cover, archive, package),
            archive.close,
        )
    except BaseException:  # a limit or Ctrl-C too: nobody else knows the open file
        archive.close()
        raise


def _refuse_drm(archive: Archive) -> None:
    protected = archive.find("META-INF/rights.xml") or archive.find("META-INF/sinf.xml")
    name = archive.find("META-INF/encryption.xml")
    if name is not None and not protected:
        for data in archive.read_xml(name).iter("{*}EncryptedData"):
            method = data.find("{*}EncryptionMethod")
            algorithm = method.get("Algorithm", "") if method is not None else ""
            if algorithm not in _FONT_ALGORITHMS:
                protected = name
                break
    if protected:
        raise PermanentError(
            f"{archive.name} is protected by DRM ({protected} in it), so its text cannot be read. Get a copy without "
            "DRM and run again.",
            error_type="encrypted",
        )


def _package(archive: Archive) -> Package:
    path = _package_path(archive)
    root = archive.read_xml(path)
    items = {}
    elsewhere = {}
    for element in root.iterfind("{*}manifest/{*}item"):
        target = resolve(path, element.get("href", ""))
        if target is None:
            elsewhere[element.get("id", "")] = element.get("href", "")
        else:
            items[element.get("id", "")] = Item(
                element.get("id", ""),
                archive.find(target[0]) or target[0],
                element.get("media-type", "").strip().lower(),
                frozenset(element.get("properties", "").split()),
                element.get("fallback", ""),
            )
    spine_element = root.find("{*}spine")
    references = [] if spine_element is None else spine_element.findall("{*}itemref")
    spine = tuple(
        (items[reference.get("idref")], reference.get("linear", "yes").strip().lower() != "no")
        for reference in references
        if reference.get("idref") in items
    )
    fetched = next((elsewhere[r.get("idref")] for r in references if r.get("idref") in elsewhere), None)
    if fetched is not None:
        why = f"its reading order lists {fetched[:100]!r}, which is not in it, and nothing is fetched from elsewhere"
        raise damaged(archive.name, why)
    if not spine:
        raise damaged(archive.name, f"{path} in it lists no file to read")
    ncx_id = "" if spine_element is None else spine_element.get("toc", "")
    ncx = items.get(ncx_id) or next((i for i in items.values() if i.media_type == "application/x-dtbncx+xml"), None)
    covers = [m.get("content", "") for m in root.iterfind("{*}metadata//{*}meta") if m.get("name") == "cover"]
    guide = tuple((e.get("type", ""), e.get("href", "")) for e in root.iterfind("{*}guide/{*}reference"))
    return Package(
        path, opf.metadata(root), items, spine, ncx.path if ncx else None, covers[0] if covers else "", guide
    )


def _package_path(archive: Archive) -> str:
    """The package document: of several renditions the first that is text and not made of pages."""
    container = archive.find("META-INF/container.xml")
    renditions: list[tuple[bool, str]] = []
    if container is not None:
        for element in archive.read_xml(container).iter("{*}rootfile"):
            if element.get("media-type", _OPF_TYPE) == _OPF_TYPE:
                target = resolve("", element.get("full-path", ""))
                found = archive.find(target[0]) if target else None
                if found:
                    said = element.get(f"{_RENDITION}accessMode", ""), element.get(f"{_RENDITION}layout", "")
                    renditions.append((said[0] in ("", "textual") and said[1] != "pre-paginated", found))
    if renditions:
        return next((path for for_reading, path in renditions if for_reading), renditions[0][1])
    for name in archive.names:
        if name.lower().endswith(".opf") and resolve("", name) is not None:
            return name
    raise damaged(archive.name, "it has no package document (.opf)")


def _blocks(archive: Archive, package: Package) -> Iterator[Block]:
    archive.restart_count()
    entries = epub_contents.entries(archive, package.ncx, _nav_path(package))
    spine_paths = {_readable(package, item).path for item, _ in package.spine}
    entries = [entry for entry in entries if entry.path in spine_paths]
    if sum(_NO_CHAPTER.fullmatch(entry.title.strip()) is None for entry in entries) > 1 or len(entries) > _MOST_PAGES:
        yield from _by_contents(archive, package, entries)
        return
    # Converters write a table of contents with "Cover" and "Start": then headings say more, if there are any.
    by_headings = list(outline.by_headings([p for flow, _ in _flows(archive, package) for p in flow.paragraphs]))
    if entries and sum(isinstance(block, ChapterStart) for block in by_headings) < _FEWEST_HEADINGS:
        archive.restart_count()
        yield from _by_contents(archive, package, entries)
    else:
        yield from by_headings


def _nav_path(package: Package) -> str | None:
    return next((item.path for item in package.items.values() if "nav" in item.properties), None)


def _by_contents(archive: Archive, package: Package, entries: list[Entry]) -> Iterator[Block]:
    """The spine, cut where the table of contents points; a file that it does not name belongs to the chapter before."""
    by_path: dict[str, list[Entry]] = {}
    for entry in entries:
        by_path.setdefault(entry.path, []).append(entry)
    for flow, path in _flows(archive, package):
        known = {anchor for paragraph in flow.paragraphs for anchor in paragraph.ids} | set(flow.trailing_ids)
        at_anchor: dict[str, list[Entry]] = {}
        for entry in by_path.pop(path, []):
            if entry.fragment in known:
                at_anchor.setdefault(entry.fragment, []).append(entry)
            else:
                yield ChapterStart(entry.title, entry.level)
        for paragraph in flow.paragraphs:
            for anchor in paragraph.ids if at_anchor else ():
                for entry in at_anchor.pop(anchor, []):
                    yield ChapterStart(entry.title, entry.level)
            yield paragraph
        for anchor in flow.trailing_ids:
            for entry in at_anchor.pop(anchor, []):
                yield ChapterStart(entry.title, entry.level)


def _flows(archive: Archive, package: Package) -> Iterator[tuple[markup.Flow, str]]:
    nav = _nav_path(package)
    landmarks = epub_contents.landmarks(archive, nav, package.guide, package.path)
    seen: set[str] = set()
    notes: set[str] = set()
    sheets = _Sheets(archive)
    for listed, linear in package.spine:
        item = _readable(package, listed)
        if item.path in seen:  # a spine that comes back to a file would never end, or read it twice
            continue
        seen.add(item.path)
        flow = _flow(archive, item, notes, package.metadata.language, sheets)
        if item.path == nav:
            flow = _omitted(flow, CONTENTS)
        elif not linear:
            flow = _omitted(flow, NON_LINEAR)
        elif item.path in landmarks:
            flow = _omitted(flow, landmarks[item.path])
        else:
            kind = page_kinds.kind_of_page(flow.paragraphs)
            flow = _omitted(flow, kind) if kind is not None else flow
        yield flow, item.path


def _readable(package: Package, item: Item) -> Item:
    """The item, or the first in its chain of fallbacks that is text."""
    current = item
    for _ in range(_MAX_FALLBACKS):
        if current.media_type in _TEXTUAL:
            return current
        following = package.items.get(current.fallback)
        if following is None:
            break
        current = following
    return item


class _Sheets:
    """The stylesheets of a book, each read once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._read: dict[str, str] = {}

    def of(self, root: Any, path: str) -> list[str]:
        """Those that a file links to."""
        found = []
        for link in markup.head_elements(root, "link"):
            target = resolve(path, link.get("href", ""))
            name = self._archive.find(target[0]) if target and "stylesheet" in link.get("rel", "").lower() else None
            if name is not None and name != path:
                found.append(self._text(name))
        return found

    def _text(self, name: str) -> str:
        if name not in self._read:
            self._read[name] = self._archive.read_text(name).decode("utf-8", "replace")
        return self._read[name]


def _flow(archive: Archive, item: Item, notes: set[str], own: str | None, sheets: _Sheets) -> markup.Flow:
    if item.media_type not in _TEXTUAL and not item.path.lower().endswith(_MARKUP_NAMES):
        return markup.Flow([], ())
    name = archive.find(item.path)
    if name is None:
        raise damaged(archive.name, f"its reading order lists {item.path!r}, which is not in it")
    data = archive.read_text(name)
    if not data.strip():
        return markup.Flow([], ())
    root = markup.parse(data, f"{item.path} in {archive.name}", as_xml=True)
    flow = markup.flow(root, item.path, notes, sheets.of(root, item.path))
    whole = foreign.marked(root)
    if whole and own and not foreign.is_same(whole, own):
        flow = _in_language(flow, whole)
    listed = data.count(b"href") >= _FEWEST_LINKS and _is_contents(root, item.path)
    return _omitted(flow, CONTENTS) if listed else flow


def _in_language(flow: markup.Flow, tag: str) -> markup.Flow:
    """A file that says that it is in another language than its book, if it is: tools write what they like there."""
    sample = "\n".join(p.text for p in flow.paragraphs if p.omit is None)
    if not foreign.is_same(tag, language.detected(sample)):
        return flow
    return markup.Flow([_filled(p, tag) for p in flow.paragraphs], flow.trailing_ids)


def _filled(paragraph: Paragraph, tag: str) -> Paragraph:
    return paragraph if paragraph.passages else replace(paragraph, passages=((0, len(paragraph.text), tag),))


def _is_contents(root: Any, path: str) -> bool:
    """Whether a file holds little but links to other files."""
    links = linked = shown = 0
    link: Any = None
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            link = None if node is link else link
            said = node.tail
        else:
            target = resolve(path, node.get("href", "#")) if markup.local_name(node) == "a" else None
            if link is None and target is not None and target[0] != path:
                link = node
                links += 1
            said = node.text
        size = len(said.strip()) if said else 0
        shown += size
        linked += size if link is not None else 0
    return links >= _FEWEST_LINKS and linked >= _LINKED * shown


def _omitted(flow: markup.Flow, omission: Omission) -> markup.Flow:
    return markup.Flow([replace(p, omit=p.omit or omission, level=0) for p in flow.paragraphs], flow.trailing_ids)


def _is_cover_page(item: Item) -> bool:
    return _COVER_PAGE.search(posixpath.basename(item.path)) is not None


def _cover(archive: Archive, package: Package) -> Cover | None:
    items = package.items.values()
    candidates = [item for item in items if "cover-image" in item.properties]
    candidates += [item for item in items if item.id and item.id == package.cover_id]
    candidates += [
        item
        for item in items
        if (
            "cover" in f"{item.id} {item.path}".lower()
            if item.media_type.startswith("image/")
            else _is_cover_page(item)
        )
    ]
    return epub_cover.read(archive, ((i.path, i.media_type) for i in candidates if i.media_type in _COVER_TYPES))
