"""Title pages: title and author on that of a plain text, and how a title page is spoken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from phases.readers import text
from phases.readers.document import Block, ChapterStart, Metadata, Paragraph

_HEAD_CHARACTERS = 3000
_HEAD_LINES = 8
_LONGEST_TITLE = 100
# A title page holds so many words at most, and no paragraph of more than so many.
_MOST_WORDS = 150
_LONGEST_LINE = 40
# A name: up to six words that begin with a capital or are particles, and nothing that ends a sentence.
_NAME = re.compile(r"(?=[^\W\d_])(?:(?:[^\W\d_]\.?)+(?:['’-][^\W\d_]+)*[ ,&]*){1,6}$")
_BY = re.compile(r"(?:written )?(?:by|von|par)(?: |$)", re.IGNORECASE)


def joined(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same blocks, with a title page moved into the first chapter; longer text before it stays where it is."""
    stream = iter(blocks)
    held: list[Paragraph] = []
    start: ChapterStart | None = None
    words = 0
    for block in stream:
        if isinstance(block, ChapterStart):
            start = block
            continue
        spoken = block.omit is None and text.has_word(block.text)
        if start is None and not held and not spoken:
            yield block
            continue
        held.append(block)
        if not spoken:
            continue
        if start is not None:
            break
        count = text.count_words(block.text)
        words += count
        if count > _LONGEST_LINE or words > _MOST_WORDS:
            break
    if start is not None:
        yield start
    yield from held
    yield from stream


def facts(content: str) -> Metadata:
    """What the first lines of `content` say, where they are a title page; empty metadata where they are not.

    Args:
        content: a whole text; only its first lines are looked at.
    """
    lines = [text.one_line(line).strip("_*# ") for line in content[:_HEAD_CHARACTERS].splitlines()]
    lines = [line for line in lines if line][:_HEAD_LINES]
    for number, line in enumerate(lines):
        by = _BY.match(line)
        if not by or number == 0:
            continue
        name = line[by.end() :] or (lines[number + 1] if number + 1 < len(lines) else "")
        title = lines[0]
        if len(name) <= 60 and name[:1].isupper() and _NAME.match(name) and len(title) <= _LONGEST_TITLE:
            return Metadata(title=title, authors=(name.rstrip(" ,"),))
    return Metadata()
