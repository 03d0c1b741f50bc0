"""Which marked-up elements are visible in a book and yet not read aloud: one table, so that each rule has a name."""

from __future__ import annotations

import re
from typing import Any

from phases.readers.document import Omission
from phases.rules import RULES

EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"


def of_rule(name: str) -> Omission:
    """The omission by a rule of `phases.rules.RULES`."""
    rule = RULES[name]
    return Omission(rule.name, rule.reason, rule.confidence)


CONTENTS = of_rule("contents")
NON_LINEAR = of_rule("non-linear")
HIDDEN = of_rule("hidden")
PAGE_NUMBER = of_rule("page-number")
LINE_NUMBER = of_rule("line-number")
NOTE_REFERENCE = of_rule("note-reference")
RUBY = of_rule("ruby")
FOOTNOTE = of_rule("footnote")
RUNNING_HEADER = of_rule("running-header")
METADATA = of_rule("metadata")
GUTENBERG_HEADER = of_rule("gutenberg-header")
GUTENBERG_LICENCE = of_rule("gutenberg-licence")
GUTENBERG_CREDIT = of_rule("gutenberg-credit")
COPYRIGHT = of_rule("copyright")
COLOPHON = of_rule("colophon")
HALF_TITLE = of_rule("half-title")
INDEX = of_rule("index")
BIBLIOGRAPHY = of_rule("bibliography")
ADVERTISEMENT = of_rule("advertisement")
NOTES = of_rule("notes")
CITATION = of_rule("citation")
URL = of_rule("url")
ALT_TEXT = of_rule("alt-text")
ILLUSTRATION = of_rule("illustration")
TRANSCRIBER_NOTE = of_rule("transcriber-note")
BEFORE_THE_BOOK = of_rule("before-the-book")
EMPTY_PAGE = of_rule("empty-page")
NOT_WANTED = of_rule("not-wanted")

_BY_TYPE = {
    "toc": CONTENTS,
    "landmarks": CONTENTS,
    "page-list": CONTENTS,
    "lot": CONTENTS,
    "loi": CONTENTS,
    "doc-toc": CONTENTS,
    "doc-pagelist": CONTENTS,
    "pagebreak": PAGE_NUMBER,
    "doc-pagebreak": PAGE_NUMBER,
    "noteref": NOTE_REFERENCE,
    "doc-noteref": NOTE_REFERENCE,
    **dict.fromkeys(("copyright-page", "imprint", "imprimatur", "se:uncopyright"), COPYRIGHT),
    **dict.fromkeys(("colophon", "doc-colophon"), COLOPHON),
    "halftitlepage": HALF_TITLE,
    **dict.fromkeys(("index", "doc-index"), INDEX),
    **dict.fromkeys(("bibliography", "doc-bibliography"), BIBLIOGRAPHY),
    **dict.fromkeys(("footnote", "rearnote", "endnote", "doc-footnote", "doc-endnote"), FOOTNOTE),
    **dict.fromkeys(("footnotes", "rearnotes", "endnotes", "doc-endnotes"), NOTES),
}
# What Project Gutenberg's own EPUB and HTML files call their additions: a header by this name, and the licence.
_GUTENBERG_CLASS, _GUTENBERG_HEADER = "pg-boilerplate", "pg-header"
# What the files of its volunteers call the notes about their work.
_TRANSCRIBER_CLASS = re.compile(r"tr?(?:ans)?[-_]?notes?|tn(?:[-_]?box)?|transcribers?(?:[-_]?notes?)?", re.IGNORECASE)
# What books call the numbers of the pages that they were printed on; the text must be one, too.
_PAGE_CLASS = re.compile(r"(?:[\w-]*-)?(?:pages?|pg)[-_]?(?:num|number|no|nr|break|brk)s?\d?|folio", re.IGNORECASE)
_PAGE_TEXT = re.compile(
    r"[\[({|\s]*(?:(?:pg|page|p|seite|s)\b\.?\s*)?(?:\d{1,4}|[ivxlc]{1,7})[\])}|.\s]*", re.IGNORECASE
)
_LINE_CLASS = re.compile(r"(?:[\w-]*-)?line[-_]?(?:num|number|no|nr)s?\d?|ln(?:um)?", re.IGNORECASE)
_LONGEST_NUMBER = 20
_LONGEST_OPENING = 60
_BY_TAG = {"rt": RUBY, "rtc": RUBY}
_NOT_DISPLAYED = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def epub_type(element: Any) -> str:
    """An element's ``epub:type``, also where the file could only be read as HTML, which knows no namespaces."""
    return str(element.get(EPUB_TYPE) or element.get("epub:type") or "")


def omission_of_type(kinds: str) -> Omission | None:
    """The rule for the first of some words of the EPUB or DPUB-ARIA vocabulary that has one, or None."""
    return next((_BY_TYPE[kind] for kind in kinds.split() if kind in _BY_TYPE), None)


def omission_of(element: Any, tag: str) -> Omission | None:
    """The rule by which a marked-up element is left out, or None.

    Args:
        element: an lxml element.
        tag: its name in lower case, without namespace.
    """
    if tag in _BY_TAG:
        return _BY_TAG[tag]
    attributes = element.attrib
    if not attributes:
        return None
    if (
        "hidden" in attributes
        or attributes.get("aria-hidden", "").strip().lower() == "true"
        or _NOT_DISPLAYED.search(attributes.get("style", ""))
    ):
        return HIDDEN
    by_type = omission_of_type(f"{epub_type(element)} {attributes.get('role', '')}")
    if by_type is not None:
        return by_type
    for name in attributes.get("class", "").split():
        if name == _GUTENBERG_CLASS:
            return GUTENBERG_HEADER if attributes.get("id") == _GUTENBERG_HEADER else GUTENBERG_LICENCE
        if _TRANSCRIBER_CLASS.fullmatch(name) and _begins(element, "transcriber"):
            return TRANSCRIBER_NOTE
        if _PAGE_CLASS.fullmatch(name) and _is_page_number(element):
            return PAGE_NUMBER
        if _LINE_CLASS.fullmatch(name) and _is_page_number(element):
            return LINE_NUMBER
    return None


def _begins(element: Any, word: str) -> bool:
    """Whether the text of an element begins with a word, whatever its case and the marks before it."""
    said = ""
    for piece in element.itertext():
        said += piece
        if len(said) > _LONGEST_OPENING:
            break
    return said.lower().lstrip("[(*_ \t\r\n").startswith(word)


def _is_page_number(element: Any) -> bool:
    said = ""
    for piece in element.itertext():
        said += piece
        if len(said) > _LONGEST_NUMBER:
            return False
    return _PAGE_TEXT.fullmatch(said) is not None
