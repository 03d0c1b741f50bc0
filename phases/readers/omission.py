"""Which marked-up elements are visible in a book and yet not read aloud: one table, so that each rule has a name."""

from __future__ import annotations

import re
from typing import Any

from phases.readers.document import Omission

EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"

CONTENTS = Omission("contents", "a table of contents is for looking things up")
NON_LINEAR = Omission("non-linear", "the book marks this file as not part of its reading order")
HIDDEN = Omission("hidden", "the book hides this text from its readers")
PAGE_NUMBER = Omission("page-number", "a page number of the printed edition")
NOTE_REFERENCE = Omission("note-reference", "the mark of a note in the middle of a sentence")
RUBY = Omission("ruby", "a reading aid printed above the word before it")
FOOTNOTE = Omission("footnote", "a note would interrupt the text")
RUNNING_HEADER = Omission("running-header", "repeated at the edge of every page", confidence=0.9)
METADATA = Omission("metadata", "a fact about the book, kept in its metadata")
GUTENBERG_HEADER = Omission("gutenberg-header", "the header that Project Gutenberg puts before a book")
GUTENBERG_LICENCE = Omission("gutenberg-licence", "the licence that Project Gutenberg puts after a book")
GUTENBERG_CREDIT = Omission("gutenberg-credit", "who prepared the Project Gutenberg edition")

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
}
# What Project Gutenberg's own EPUB and HTML files call their additions.
_BY_CLASS = {"pg-boilerplate": GUTENBERG_LICENCE}
_BY_TAG = {"rt": RUBY, "rtc": RUBY}
_NOT_DISPLAYED = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def epub_type(element: Any) -> str:
    """An element's ``epub:type``, also where the file could only be read as HTML, which knows no namespaces."""
    return str(element.get(EPUB_TYPE) or element.get("epub:type") or "")


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
    kinds = f"{epub_type(element)} {attributes.get('role', '')}".split()
    for kind in kinds:
        if kind in _BY_TYPE:
            return _BY_TYPE[kind]
    for name in attributes.get("class", "").split():
        if name in _BY_CLASS:
            return _BY_CLASS[name]
    return None
