"""A web page as a book: its headings are the chapters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from phases.readers import gutenberg, markup, outline, text
from phases.readers.document import Block, Document, Metadata
from phases.readers.limits import Limits

_NAMES = {
    "title": ("dc.title", "dcterms.title", "citation_title"),
    "author": ("author", "dc.creator", "dcterms.creator", "citation_author"),
    "publisher": ("dc.publisher", "dcterms.publisher"),
    "published": ("dc.date", "dcterms.issued", "date"),
    "description": ("description", "dc.description"),
    "language": ("dc.language", "dcterms.language"),
}
# What stands between the title of a book and the name of a site.
_SITE = re.compile(r"\s*[|–—·»:-]\s")
_TITLE_CLASSES = frozenset(["title", "MsoTitle"])


def read(path: Path, limits: Limits) -> Document:
    """Open a ``.html`` or ``.xhtml`` file.

    Raises:
        PermanentError: ``damaged`` or ``too_large``.
    """
    limits.check_text(path.name, path.stat().st_size)
    data = path.read_bytes()
    limits.check_pieces(path.name, "tags and attributes", data.count(b"<") + data.count(b"="))
    head = data[:2000].lower()
    root = markup.parse(data, path.name, as_xml=b"<?xml" in head or b"http://www.w3.org/1999/xhtml" in head)
    return Document(_metadata(root), partial(_blocks, root, path.name))


def _blocks(root: Any, name: str) -> Iterator[Block]:
    yield from outline.by_headings(markup.flow(root, name).paragraphs)


def _metadata(root: Any) -> Metadata:
    named: dict[str, list[str]] = {}
    title = ""
    for element in root.iter():
        tag = markup.local_name(element)
        if tag == "title" and not title:
            title = markup.inline_text(element)
        elif tag == "meta" and element.get("content", "").strip():
            named.setdefault(element.get("name", "").strip().lower(), []).append(element.get("content").strip())
        elif tag == "body":
            break
    title = _own_title(root, title)
    facts = {fact: [v for name in names for v in named.get(name, [])] for fact, names in _NAMES.items()}
    language = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang")
    stated = gutenberg.facts("\n".join(_head(root)))
    stated = stated.over(gutenberg.without_source(title))
    own = Metadata(
        title=_first(facts["title"]) or title or None,
        authors=tuple(
            dict.fromkeys(name.strip() for each in facts["author"] for name in each.split(";") if name.strip())
        ),
        language=language or _first(facts["language"]),
        publisher=_first(facts["publisher"]),
        published=_first(facts["published"]),
        description=_first(facts["description"]),
    )
    return stated.over(own)


def _own_title(root: Any, title: str) -> str:
    """The book's part of a page's title, which may name the site, too; without one, what is styled as the title."""
    for element in root.iter():
        tag = markup.local_name(element)
        if tag == "h1":
            shown = markup.inline_text(element)
            return shown if shown and _SITE.match(title.removeprefix(shown)) and title.startswith(shown) else title
        if not title and tag == "p" and _TITLE_CLASSES & text.names(element.get("class") or ""):
            return markup.inline_text(element)
    return title


def _head(root: Any) -> Iterator[str]:
    """The first lines of a page, in which Project Gutenberg states the facts about a book."""
    size = 0
    for element in root.iter():
        if markup.local_name(element) in ("h1", "h2", "p", "pre"):
            said = "".join(element.itertext())
            size += len(said)
            yield said.strip()
            if size > gutenberg.HEAD:
                return


def _first(values: list[str]) -> str | None:
    return values[0] if values else None
