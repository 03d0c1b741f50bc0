"""Package documents (OPF): what a book, or a Calibre library beside it, says about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

from phases.readers import text
from phases.readers.document import Metadata
from phases.readers.limits import MEGABYTE
from phases.readers.markup import inline_text

_DC = "{http://purl.org/dc/elements/1.1/}"
_OPF = "{http://www.idpf.org/2007/opf}"
_ISBN = re.compile(r"(?:urn:)?(?:isbn[:\s-]*)?((?:97[89][- ]?)?\d[\d -]{7,14}[\dXx])", re.IGNORECASE)
_MOST_BYTES = 4 * MEGABYTE
_TAGS = re.compile(r"<[^<>]{0,500}>")


def read(path: Path) -> Metadata:
    """The metadata in an ``.opf`` file; empty metadata where it cannot be read: a book is made without it."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        if path.stat().st_size > _MOST_BYTES:
            return Metadata()
        return metadata(etree.fromstring(path.read_bytes(), parser))
    except (OSError, etree.XMLSyntaxError):
        return Metadata()


def metadata(root: Any) -> Metadata:
    """The metadata of a package document, given its root element."""
    package = _Package(root)
    identifiers = package.values("identifier")
    own = [value for element, value in identifiers if element.get("id") == root.get("unique-identifier", "")]
    title, subtitle = _titles(package)
    series, series_index = _series(package)
    return Metadata(
        title=title,
        authors=_authors(package),
        language=package.first("language"),
        publisher=package.first("publisher"),
        published=package.first("date"),
        description=_plain(package.first("description")),
        identifier=own[0] if own else package.first("identifier"),
        subtitle=subtitle,
        series=series,
        series_index=series_index,
        isbn=_isbn(identifiers),
    )


class _Package:
    """The metadata section, with what refines what."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self.refinements: dict[tuple[str, str], str] = {}
        self.named: dict[str, str] = {}
        self.properties: list[tuple[Any, str, str]] = []
        for meta in root.iterfind("{*}metadata//{*}meta"):
            said = text.one_line(meta.text or "")
            if meta.get("refines", "").startswith("#"):
                self.refinements[meta.get("refines")[1:], meta.get("property", "")] = said
            elif meta.get("property"):
                self.properties.append((meta, meta.get("property"), said))
            elif meta.get("name") and meta.get("content"):
                self.named.setdefault(meta.get("name"), text.one_line(meta.get("content")))

    def values(self, name: str) -> list[tuple[Any, str]]:
        found = [(e, inline_text(e)) for e in self._root.iterfind(f"{{*}}metadata//{_DC}{name}")]
        return [(element, value) for element, value in found if value]

    def first(self, name: str) -> str | None:
        found = self.values(name)
        return found[0][1] if found else None

    def refined(self, element: Any, name: str) -> str | None:
        return self.refinements.get((element.get("id", ""), name))


def _titles(package: _Package) -> tuple[str | None, str | None]:
    titles = package.values("title")
    by_type = {package.refined(element, "title-type"): value for element, value in reversed(titles)}
    title = by_type.get("main") or (titles[0][1] if titles else None)
    return title, by_type.get("subtitle")


def _authors(package: _Package) -> tuple[str, ...]:
    creators = package.values("creator")
    authors = [
        value
        for element, value in creators
        if (package.refined(element, "role") or element.get(f"{_OPF}role") or "aut") == "aut"
    ]
    named = authors or [value for _, value in creators]
    return tuple(dict.fromkeys(name.strip() for value in named for name in value.split(";") if name.strip()))


def _series(package: _Package) -> tuple[str | None, str | None]:
    if package.named.get("calibre:series"):
        return package.named["calibre:series"], _number(package.named.get("calibre:series_index"))
    for meta, name, said in package.properties:
        if name == "belongs-to-collection" and said:
            kind, place = package.refined(meta, "collection-type"), package.refined(meta, "group-position")
            if kind == "series" or (kind is None and place):  # a collection may be anything, such as a prize's list
                return said, _number(place)
    return None, None


def _number(said: str | None) -> str | None:
    """A place in a series as people write it: Calibre's "3.0" is 3."""
    return said.removesuffix(".00").removesuffix(".0") if said else None


def _isbn(identifiers: list[tuple[Any, str]]) -> str | None:
    for element, value in identifiers:
        found = _ISBN.fullmatch(value.strip())
        said = "isbn" in value.lower() or (element.get(f"{_OPF}scheme") or "").lower() == "isbn"
        digits = re.sub(r"[^\dXx]", "", found.group(1)) if found else ""
        if len(digits) == 13 and digits.startswith(("978", "979")):
            return digits
        if said and len(digits) in (10, 13):
            return digits
    return None


def _plain(description: str | None) -> str | None:
    """A description without the HTML that Calibre and others put into it."""
    if description is None or "<" not in description:
        return description
    return text.one_line(_TAGS.sub(" ", description)) or None
