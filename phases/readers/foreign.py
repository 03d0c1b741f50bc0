"""Passages that a book marks as being in another language than the rest of it: where they stand in a text.

Places are counted in characters that are not white space, so that they hold while a text gets single spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from phases.readers import language, text

Passage = tuple[int, int, str]
"""Where a passage begins and ends in a text, and its BCP 47 tag."""

_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
NONE = "zxx"
"""What a mark says that takes back those around it."""


def marked(node: Any) -> str | None:
    """The language that an element says it is in; `NONE` where it takes a mark back, None where it says nothing."""
    found = (node.get(name) for name in (_XML_LANGUAGE, "xml:lang", "lang"))  # the second in what is read as HTML
    tag = next((tag for tag in found if tag is not None), None)
    return None if tag is None else language.declared(tag) or NONE


def is_same(tag: str, other: str | None) -> bool:
    """Whether two tags are of one language, perhaps of two regions."""
    return other is not None and _primary(tag) == _primary(other)


def _primary(tag: str) -> str:
    return (language.declared(tag) or tag).partition("-")[0].lower()


def visible(content: str) -> int:
    """How many characters of a text are kept and are no white space."""
    return sum(map(len, text.one_line(content).split()))


def passages(content: str, runs: Iterable[Passage]) -> tuple[Passage, ...]:
    """Runs that are counted in visible characters, as offsets into a text; those that touch and are alike are one."""
    places = [offset for offset, character in enumerate(content) if not character.isspace()]
    found: list[Passage] = []
    for start, end, tag in runs:
        end = min(end, len(places))
        if start >= end or tag == NONE:
            continue
        passage = (places[start], places[end - 1] + 1, tag)
        if found and found[-1][2] == tag and not content[found[-1][1] : passage[0]].strip():
            passage = (found.pop()[0], *passage[1:])
        found.append(passage)
    return tuple(found)


def cut(content: str, marks: Sequence[Passage], pieces: Iterable[tuple[int, int]], kept: str) -> tuple[Passage, ...]:
    """The passages of a text from which pieces have been cut.

    Args:
        content: the text as it was.
        marks: its passages.
        pieces: what has been cut from it, in order.
        kept: what is left of it.
    """
    if not marks:
        return ()
    left = list(content)
    for start, end in pieces:
        left[start:end] = " " * (end - start)
    spaced = "".join(left)
    return passages(kept, ((visible(spaced[:start]), visible(spaced[:end]), tag) for start, end, tag in marks))
