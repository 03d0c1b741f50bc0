"""The table of contents of an EPUB: the nav document of EPUB 3, else the NCX of EPUB 2."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from phases.contract import PermanentError
from phases.readers import markup
from phases.readers.archive import Archive, resolve
from phases.readers.document import Omission
from phases.readers.omission import epub_type, omission_of_type
from phases.readers.text import names


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a chapter starts: a file in the archive and perhaps an anchor in it. `level` is 1 for the highest."""

    title: str
    level: int
    path: str
    fragment: str


def entries(archive: Archive, ncx: str | None, nav: str | None) -> list[Entry]:
    """The entries of the table of contents in its order; [] where the book has none that can be read.

    Args:
        archive: the book.
        ncx: the name of the NCX in it, or None.
        nav: the name of the nav document in it, or None.
    """
    for path, read in ((nav, _nav_entries), (ncx, _ncx_entries)):
        name = archive.find(path) if path else None
        if name is None:
            continue
        try:
            found = _merged(list(read(archive, name)))
        except PermanentError:
            continue  # a broken table of contents hides no text: the next one, or headings, give the chapters
        if found:
            return found
    return []


def _merged(found: list[Entry]) -> list[Entry]:
    """Entries at one and the same place become one: a part and its first chapter."""
    merged: list[Entry] = []
    for entry in found:
        last = merged[-1] if merged else None
        if last is not None and (last.path, last.fragment) == (entry.path, entry.fragment):
            title = entry.title if entry.title == last.title else f"{last.title}: {entry.title}"
            merged[-1] = Entry(title, last.level, entry.path, entry.fragment)
        else:
            merged.append(entry)
    return merged


def _nav_entries(archive: Archive, name: str) -> Iterator[Entry]:
    root = markup.parse(archive.read_text(name), f"{name} in {archive.name}", as_xml=True)
    navs = [element for element in root.iter() if markup.local_name(element) == "nav"]
    tocs = [
        element for element in navs if {"toc", "doc-toc"} & names(f"{epub_type(element)} {element.get('role', '')}")
    ]
    for nav in tocs[:1]:
        depth = 0
        parts: list[tuple[str, int]] = []  # headings without a link: they start where the first entry below them does
        for event, node in etree.iterwalk(nav, events=("start", "end")):
            tag = markup.local_name(node)
            if tag in ("ol", "ul"):
                depth += 1 if event == "start" else -1
            elif tag == "span" and event == "start" and markup.local_name(node.getparent()) == "li":
                parts = [*(part for part in parts if part[1] < depth), (markup.inline_text(node), depth)]
            elif tag == "a" and event == "start":
                href = node.get("href", "")
                for title, level in (part for part in parts if part[1] < depth):
                    yield from _entry(archive, name, href, title, level)
                yield from _entry(archive, name, href, markup.inline_text(node), depth)
                parts = []


def _ncx_entries(archive: Archive, name: str) -> Iterator[Entry]:
    root = archive.read_xml(name)
    depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if markup.local_name(node) != "navpoint":
            continue
        depth += 1 if event == "start" else -1
        if event == "start":
            label, content = node.find("{*}navLabel"), node.find("{*}content")
            if label is not None and content is not None:
                yield from _entry(archive, name, content.get("src", ""), markup.inline_text(label), depth)


def _entry(archive: Archive, base: str, href: str, title: str, depth: int) -> Iterator[Entry]:
    target: Any = resolve(base, href)
    if target is not None and title:
        yield Entry(title, max(depth, 1), archive.find(target[0]) or target[0], target[1])


def landmarks(
    archive: Archive, nav: str | None, guide: tuple[tuple[str, str], ...], package: str
) -> dict[str, Omission]:
    """Which whole files are front or back matter that is left out, by the landmarks of the nav or the guide.

    A file that any landmark calls the beginning of the text is none, and neither is one that is pointed into.

    Args:
        archive: the book.
        nav: the name of the nav document in it, or None.
        guide: types and links of the package's guide; the links are relative to `package`.
        package: the name of the package document.
    """
    found: dict[str, Omission] = {}
    text: set[str] = set()
    marks = [(package, kind, href) for kind, href in guide]
    name = archive.find(nav) if nav else None
    if name is not None:
        with contextlib.suppress(PermanentError):  # a broken nav hides no text
            marks += [(name, kind, href) for kind, href in _nav_landmarks(archive, name)]
    for base, kinds, href in marks:
        target = resolve(base, href)
        if target is None:
            continue
        path = archive.find(target[0]) or target[0]
        omission = omission_of_type(kinds)
        if omission is None or target[1]:
            text.add(path)
        else:
            found.setdefault(path, omission)
    return {path: omission for path, omission in found.items() if path not in text}


def _nav_landmarks(archive: Archive, name: str) -> Iterator[tuple[str, str]]:
    root = markup.parse(archive.read_text(name), f"{name} in {archive.name}", as_xml=True)
    for nav in root.iter():
        if markup.local_name(nav) == "nav" and "landmarks" in names(epub_type(nav)):
            for link in nav.iter():
                if markup.local_name(link) == "a":
                    yield epub_type(link), link.get("href", "")
