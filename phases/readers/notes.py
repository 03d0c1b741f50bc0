"""Notes told by the links between them and their marks, in books that give them no type."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Any

from phases.readers import text
from phases.readers.document import Omission
from phases.readers.omission import FOOTNOTE, NOTE_REFERENCE

_MARK = re.compile(r"[\[({]?\s*(?:\d{1,4}|[*†‡§¶]{1,4}|[a-z]|[ivxl]{1,6})\s*[\])}]?[.:]?")
_NUMBERED = re.compile(
    r"[\[({^]?\s*(?:(?:\d{1,4}|[*†‡§¶]{1,4}|[a-z])\s*(?:[\])}.:]|\s|$)|(?:\d{1,4}|[*†‡§¶]{1,4})(?=[^\W\d_]))"
)
_NOTE_WORDS = re.compile(
    r"(?:foot|end)?note|^#?_?(?:fn|ftn|en|n)[-_]?\w{0,4}\d|^anm|fnanchor|noteref|super", re.IGNORECASE
)
_HOLDERS = text.names("p li aside dd div td blockquote")
# A note is longer than this only in the notes of scholars, and then it is no block of the text, either.
_LONGEST = 8000
_LONGEST_MARK = 8


class Notes:
    """What the links in one file say about notes.

    Args:
        path: the file's name in the archive.
        targets: what links to notes lead to, as ``file#anchor``; those found are added.
    """

    def __init__(self, path: str, targets: set[str]) -> None:
        self._path = path
        self._targets = targets

    def omission_of(self, node: Any, tag: str, *, after: str) -> Omission | None:
        """The rule by which an element is left out as the mark of a note, or as a note that a mark leads to.

        Args:
            node: an lxml element.
            tag: its name in lower case.
            after: the text right before it in its paragraph.
        """
        if tag == "a":
            return self._mark(node, after)
        if tag == "sup":
            link = next((child for child in node if child.tag and _local(child) == "a"), None)
            return (
                self._mark(link, after)
                if link is not None and len(node) == 1 and not (node.text or "").strip()
                else None
            )
        if self._targets and tag in _HOLDERS:
            anchor = node.get("id")
            if anchor and (self._is_target([anchor]) or (_NOTE_WORDS.search(anchor) and self._opens_with_target(node))):
                content = "".join(node.itertext())
                # The item of a list is numbered by its list.
                numbered = tag == "li" or _NUMBERED.match(content.lstrip())
                if len(content) <= _LONGEST and numbered and not _has_heading(node):
                    return FOOTNOTE
        return None

    def _opens_with_target(self, node: Any) -> bool:
        """Whether the first link in an element, before any of its words, is where a mark leads to."""
        for child in node.iter():
            if _local(child) == "a":
                return self._is_target(filter(None, (child.get("name"), child.get("id"))))
            if (child.text or "").strip():
                return False
        return False

    def of_paragraph(self, kind: str, content: str, anchors: Iterable[str]) -> Omission | None:
        """The rule by which a paragraph is left out that opens with the anchor of a note and with its mark."""
        if self._targets and kind != "heading" and self._is_target(anchors) and _NUMBERED.match(content):
            return FOOTNOTE
        return None

    def _mark(self, link: Any, after: str) -> Omission | None:
        target, hash_sign, fragment = (link.get("href") or "").partition("#")
        if not hash_sign or not fragment or "//" in target:
            return None
        shown = "".join(link.itertext()).strip()
        if not shown or len(shown) > _LONGEST_MARK or not _MARK.fullmatch(shown):
            return None
        parent = link.getparent()
        raised = any(_local(each) == "sup" for each in (parent, *link) if each is not None)
        named = _NOTE_WORDS.search(fragment) or _NOTE_WORDS.search(link.get("class") or "")
        bracketed = shown[0] in "[(*†‡§¶"
        # A number alone may lead to a chapter; a mark stands after a word, raised, bracketed, or by a telling name.
        if not text.has_word(after) or not (raised or named or bracketed):
            return None
        name = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), target)) if target else self._path
        self._targets.add(f"{name}#{fragment}")
        return NOTE_REFERENCE

    def _is_target(self, anchors: Iterable[str]) -> bool:
        return any(f"{self._path}#{anchor}" in self._targets for anchor in anchors)


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _has_heading(node: Any) -> bool:
    return any(re.fullmatch("h[1-6]", _local(child)) for child in node.iter())
