"""Title pages: title and author on that of a plain text, and how a title page is spoken."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

from phases.readers import imprints, numbering, text
from phases.readers.document import Block, ChapterStart, Metadata, Paragraph
from phases.readers.omission import COPYRIGHT, HALF_TITLE, ILLUSTRATION

_HEAD_CHARACTERS = 3000
_HEAD_LINES = 8
_LONGEST_TITLE = 100
# A title page holds so many words at most, and no paragraph of more than so many.
_MOST_WORDS = 150
_LONGEST_LINE = 40
# A line of a chapter that only repeats the title of the book has at most so many; a longer one is a sentence.
_FEW_WORDS = 12
# With more words and a full stop a line is a sentence, and no half title.
_SHORT = 4
# A name: up to six words that begin with a capital or are particles, and nothing that ends a sentence.
_NAME = re.compile(r"(?=[^\W\d_])(?:(?:[^\W\d_]\.?)+(?:['’-][^\W\d_]+)*[ ,&]*){1,6}$")
# What text made from pages says where these had pictures.
_PICTURE = re.compile(r"\[?(?:front )?cover(?: image| art)?\]?|\[?(?:frontispiece|titlepage)\]?", re.IGNORECASE)
# What programs call files that have no title.
_UNNAMED = re.compile(r"(?:section|part|page|chapter|untitled|document|seite|abschnitt)?[\s_-]*\d*", re.IGNORECASE)
_SUBTITLE = re.compile(r"\s*[:;(–—].*")
_BY = re.compile(r"(?:written )?(?:by|von|par|por|di|door|av|af)(?: |$)", re.IGNORECASE)


def joined(blocks: Iterable[Block], title: str, off: Collection[str]) -> Iterator[Block]:
    """The same blocks, with a title page moved into the first chapter, and without its imprint.

    Longer text before the first chapter stays where it is.

    Args:
        blocks: the book.
        title: its title; a first chapter that is called so and holds no sentence is its title page.
        off: names of rules that are switched off.
    """
    stream = iter(blocks)
    head: list[Block] = []
    words = 0
    for block in stream:
        count = text.count_words(block.text) if _is_spoken(block) else 0
        if not (head or count or isinstance(block, ChapterStart)):
            yield block
            continue
        head.append(block)
        words += count
        if count > _LONGEST_LINE or words > _MOST_WORDS:
            break
    first = _first_chapter(head, title)
    if first is None:
        yield from head
    else:
        yield head[first]
        yield from _for_listeners([block for block in head[:first] if isinstance(block, Paragraph)], off)
        yield from head[first + 1 :]
    yield from stream


def _is_spoken(block: Block) -> TypeGuard[Paragraph]:
    return isinstance(block, Paragraph) and block.omit is None and text.has_word(block.text)


def _first_chapter(head: Sequence[Block], title: str) -> int | None:
    """Where the first chapter starts that is no title page; None where no chapter does."""
    starts = [position for position, block in enumerate(head) if isinstance(block, ChapterStart)]
    for position, following in zip(starts, [*starts[1:], None], strict=False):
        said = [block for block in head[position + 1 : following] if _is_spoken(block)]
        start = head[position]
        if following is None or not isinstance(start, ChapterStart) or (said and not _repeats(start, said, title)):
            return position
    return None


def _repeats(start: ChapterStart, said: Sequence[Paragraph], title: str) -> bool:
    """Whether a chapter is a page with the title of the book, and holds no sentence."""
    words, whole, short = _words(start.title), _words(title), _words(_SUBTITLE.sub("", title))
    if _words(said[0].text) == short and len(said) > 1 and _UNNAMED.fullmatch(start.title):
        words = short  # a program has named the file of the title page
    called_so = bool(short) and (short <= words or (words <= whole and 2 * len(words) > len(whole)))
    if not called_so or (words != short and numbering.heading(start.title) is not None):
        return False
    return len(said) <= _HEAD_LINES and not any(text.count_words(p.text) > _FEW_WORDS for p in said)


def _words(title: str) -> set[str]:
    return set(re.findall(r"\w+", title.casefold()))


def _for_listeners(page: Sequence[Paragraph], off: Collection[str]) -> Iterator[Paragraph]:
    """A title page without its imprint, the half title before it, and words that stand for pictures."""
    shown = [block for block in page if _is_spoken(block)]
    imprint = imprints.lines_of([block.text for block in shown])
    left_out = {id(shown[position]): COPYRIGHT for position in imprint}
    left_out |= {id(block): ILLUSTRATION for block in shown if _PICTURE.fullmatch(block.text)}
    title = [block for block in shown if id(block) not in left_out]
    half = title[: _half_title([_key(block.text) for block in title])]
    if not any(block.text.endswith((".", "!", "?")) and text.count_words(block.text) > _SHORT for block in half):
        left_out |= {id(block): HALF_TITLE for block in half}
    for block in page:
        omission = left_out.get(id(block))
        yield block if omission is None or omission.rule in off else replace(block, omit=omission, level=0)


def _half_title(lines: Sequence[str]) -> int:
    """How many lines stand before the first line comes again, if all of these come again, too; else 0."""
    again = next((position for position, line in enumerate(lines) if position and line == lines[0]), 0)
    rest = iter(lines[again:])
    return again if all(line in rest for line in lines[:again]) else 0


def _key(line: str) -> str:
    return " ".join(re.findall(r"\w+", line.casefold()))


def facts(content: str) -> Metadata:
    """What the first lines of `content` say, where they are a title page; empty metadata where they are not.

    Args:
        content: a whole text; only its first lines are looked at.
    """
    lines = [text.one_line(line).strip("_*#=~- ") for line in content[:_HEAD_CHARACTERS].splitlines()]
    lines = [line for line in lines if line and "PROJECT GUTENBERG" not in line.upper()][:_HEAD_LINES]
    for number, line in enumerate(lines):
        by = _BY.match(line)
        if not by or number == 0:
            continue
        name = line[by.end() :] or (lines[number + 1] if number + 1 < len(lines) else "")
        title = lines[0]
        if len(name) <= 60 and name[:1].isupper() and _NAME.match(name) and len(title) <= _LONGEST_TITLE:
            return Metadata(title=title, authors=(name.rstrip(" ,"),))
    return Metadata()
