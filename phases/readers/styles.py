"""What the paragraph styles of word processors say about headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from phases.readers import text
from phases.readers.document import Paragraph

# What authors and templates of publishers call their own.
_CHAPTER = re.compile(
    r"(?:chapter|part|book)[ _-]?(?:title|head(?:ing)?|name|number|num)?|kapitel(?:überschrift)?|titre de chapitre"
)


def named_level(name: str) -> int:
    """The heading level that a style's name says, "Title" above "heading 1"; -1 where it says nothing.

    Args:
        name: in lower case.
    """
    first, _, last = name.rpartition(" ")
    level = text.whole_number(last, -1)
    if first == "heading" and level >= 0:
        return level + 1
    if _CHAPTER.fullmatch(name):
        return 2
    return 1 if name == "title" else -1


def is_contents(name: str) -> bool:
    """Whether a style is that of a table of contents: Word's "toc 1", LibreOffice's "Contents 1".

    Args:
        name: in lower case.
    """
    first, _, last = name.partition(" ")
    return (first in ("toc", "contents") and (last.isdigit() or last == "heading")) or name == "table of figures"


def levels_from_one(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """The same paragraphs with the highest heading level that is in use as 1."""
    above = min((p.level for p in paragraphs if p.level), default=1) - 1
    return [replace(p, level=p.level - above) if p.level else p for p in paragraphs] if above else list(paragraphs)
