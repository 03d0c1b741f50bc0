"""Chapters from headings: which of a document's heading levels are its chapters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from phases.readers import numbering, text
from phases.readers.document import Block, ChapterStart, Paragraph

# A heading with less text of its own than this is a part or a title page: the level below it holds the chapters too.
_OWN_WORDS = 60


def by_headings(paragraphs: Sequence[Paragraph]) -> Iterator[Block]:
    """The paragraphs, with a `ChapterStart` before each heading that starts a chapter.

    Chapters are the headings of the highest level that occurs more than once, and those above. Where these have
    hardly any text of their own, they are parts, and the next level are chapters too. A first heading that is alone on
    its level, above the others, is the title of the book.
    """
    deepest = _chapter_level(paragraphs)
    levels = [p.level for p in paragraphs if p.level and p.omit is None]
    title = levels[0] if levels and levels[0] < deepest and levels.count(levels[0]) == 1 else 0
    title_follows = False
    for position, paragraph in enumerate(paragraphs):
        starts = 0 < paragraph.level <= deepest and paragraph.level != title and paragraph.omit is None
        if starts and not title_follows:
            heading, title_follows = _title(paragraphs, position)
            yield ChapterStart(heading, paragraph.level - bool(title))
        elif text.has_word(paragraph.text):
            title_follows = False
        yield paragraph


def _title(paragraphs: Sequence[Paragraph], position: int) -> tuple[str, bool]:
    """A chapter's title, and whether the next heading was taken into it."""
    heading = paragraphs[position]
    title = text.one_line(heading.text)
    following = paragraphs[position + 1] if position + 1 < len(paragraphs) else None
    if (
        following is not None
        and numbering.is_bare(title)
        and following.kind == "heading"
        and following.omit is None
        and following.level >= heading.level
        and not numbering.is_numbered(following.text)
    ):
        return numbering.joined(title, following.text), True
    return title, False


def _chapter_level(paragraphs: Sequence[Paragraph]) -> int:
    own_words: dict[int, list[int]] = {}
    current: list[int] | None = None
    for paragraph in paragraphs:
        if paragraph.omit is not None:
            continue
        if paragraph.level:
            current = own_words.setdefault(paragraph.level, [])
            current.append(0)
        elif current is not None:
            current[-1] += text.count_words(paragraph.text)
    levels = sorted(own_words)
    for place, level in enumerate(levels):
        counts = sorted(own_words[level])
        last = place == len(levels) - 1
        if last or (len(counts) > 1 and counts[len(counts) // 2] >= _OWN_WORDS):
            return level
    return 0
