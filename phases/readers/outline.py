"""Chapters from headings: which of a document's heading levels are its chapters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile, takewhile

from phases.readers import numbering, text, unmarked
from phases.readers.document import Block, ChapterStart, Paragraph

# A heading with less text of its own than this is a part or a title page: the level below it holds the chapters too.
_OWN_WORDS = 60
# So far a part is looked through for its chapters.
_REACH = 2000
# Who has made a book, in a heading of its title page.
_BY = re.compile(
    r"(?:(?:written|edited|illustrated|translated|retold|told)\s+)?(?:by|von|par|di|por)\s+(?!the\b|an?\b|my\b|his\b|her\b)[A-ZÀ-Þ]",
    re.IGNORECASE,
)


def by_headings(paragraphs: Sequence[Paragraph]) -> Iterator[Block]:
    """The paragraphs, with a `ChapterStart` before each heading that starts a chapter.

    Chapters are the headings of the highest level that occurs more than once, and those above. Where these have
    hardly any text of their own, they are parts, and the next level are chapters too. A first heading that is alone on
    its level, above the others, is the title of the book, and starts none; neither do headings right below it that are
    alone on theirs, such as a subtitle, a name or a date. Where there are none, or few, there are those that are told
    by their words and numbers.
    """
    told = unmarked.with_headings(paragraphs)
    if told is not None:
        paragraphs = told
        deepest = max(p.level for p in paragraphs)
    else:
        deepest = _chapter_level(paragraphs)
    headings = [p for p in paragraphs if p.level and p.omit is None]
    titles = _titles(paragraphs, headings) if headings and headings[0].level < deepest and book_title(headings) else []
    highest = min((p.level for p in headings if not any(p is each for each in titles)), default=1)
    title_follows = False
    parts = any(_holds_several(paragraphs, position) for position in range(len(paragraphs) - 1))
    for position, paragraph in enumerate(paragraphs):
        starts = (
            0 < paragraph.level <= deepest and not any(paragraph is each for each in titles) and paragraph.omit is None
        )
        if starts and not title_follows:
            heading, title_follows = _title(paragraphs, position, parts=parts)
            yield ChapterStart(heading, paragraph.level - highest + 1)
        elif text.has_word(paragraph.text):
            title_follows = False
        yield paragraph


def _titles(paragraphs: Sequence[Paragraph], headings: Sequence[Paragraph]) -> list[Paragraph]:
    """The title of the book, and the headings that belong to it."""
    spoken = (p for p in paragraphs if p.omit is None and text.has_word(p.text))
    run = list(takewhile(lambda p: p.level > 0, dropwhile(lambda p: p is not headings[0], spoken)))
    below: Paragraph | None = None
    chapter = 0
    for place in range(len(run) - 1, 0, -1):
        each = run[place]
        alone = sum(p.level == each.level for p in headings) == 1
        empty = below is not None and below.level <= each.level  # a chapter with no word before the next one
        if numbering.heading(each.text) is not None or not (alone or empty or _BY.match(each.text)):
            below, chapter = each, place
    return run[: chapter or len(run)]


def book_title(paragraphs: Iterable[Paragraph]) -> str | None:
    """The first heading, where it is alone on its level or right above "Chapter 1", and is none such itself."""
    spoken = [p for p in paragraphs if p.omit is None and text.has_word(p.text)]
    headings = [p for p in spoken if p.level]
    if not headings or numbering.heading(headings[0].text) is not None:
        return None
    alone = sum(p.level == headings[0].level for p in headings) == 1
    above = spoken[1:2] == headings[1:2] and bool(headings[1:]) and numbering.heading(headings[1].text) is not None
    return headings[0].text if alone or above else None


def _title(paragraphs: Sequence[Paragraph], position: int, *, parts: bool) -> tuple[str, bool]:
    """A chapter's title, and whether the next heading was taken into it; below parts that hold chapters it is one."""
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
        and not (parts and following.level > heading.level and _is_part(title))
    ):
        return numbering.joined(title, following.text), True
    return title, False


def _is_part(title: str) -> bool:
    found = numbering.heading(title)
    return found is not None and found.rank == "part"


def _holds_several(paragraphs: Sequence[Paragraph], position: int) -> bool:
    """Whether a part is followed by several headings of the same lower level: its chapters, and not its title."""
    part, level = paragraphs[position], paragraphs[position + 1].level
    if not 0 < part.level < level or part.omit is not None or not _is_part(text.one_line(part.text)):
        return False
    count = 0
    for paragraph in paragraphs[position + 1 : position + 1 + _REACH]:
        if paragraph.omit is None and 0 < paragraph.level <= part.level:
            break
        count += paragraph.omit is None and paragraph.level == level
        if count > 1:
            return True
    return False


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
