"""Chapters as they are spoken: what is for looking things up is marked, and pages that are no chapters are joined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from phases.readers import imprints, notices, page_kinds, running_lines, text
from phases.readers.document import Block, ChapterStart, Paragraph
from phases.readers.marks import Marks
from phases.readers.omission import (
    ADVERTISEMENT,
    ALT_TEXT,
    CONTENTS,
    COPYRIGHT,
    FOOTNOTE,
    NOT_WANTED,
    NOTES,
    RUNNING_HEADER,
)

_TITLE_PAGE_WORDS = 150
# A chapter with more words is no page that could hold a copyright notice.
_PAGE_WORDS = 700
_FIRST_PARAGRAPHS = 150
_TITLE_PAGE = re.compile(
    r"title ?-?page|titelblatt|titelseite|page de titre|portada|portadilla|frontespizio|cover(?: page)?|"
    r"umschlag|couverture",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?:the )?end|finis|fin|fine|ende|einde|slut|fim|конец|koniec|"
    r"(?:the )?end of (?:the )?(?:book|story|volume|part|play|first|second|third)\b.{0,60}|"
    r"fin d[eu]\b.{1,60}|ende (?:de[rs]|von)\b.{1,60}|fine d[ei]l?\b.{1,60}",
    re.IGNORECASE,
)
_END_WORDS = 12
_LAST_LINES = 8
# What a chapter that somebody wants to hear is not left out by.
_UNLESS_KEPT = frozenset({*page_kinds.RULES_OF_KINDS, "non-linear", "footnote"})


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody has chosen for a book.

    Attributes:
        skip: titles of chapters to leave out, in lower case.
        keep: titles of chapters to speak, in lower case, whatever the rules say.
        off: names of rules that are switched off.
    """

    skip: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()

    @classmethod
    def of(cls, skip: Iterable[str], keep: Iterable[str], off: Iterable[str]) -> Choice:
        """The choice of these titles and rules."""
        return cls(frozenset(map(_folded, skip)), frozenset(map(_folded, keep)), frozenset(off))

    def off_in(self, title: str) -> frozenset[str]:
        """The names of the rules that are switched off in a chapter with this title, in lower case."""
        return self.off | _UNLESS_KEPT if title and title in self.keep else self.off


def marked(blocks: Iterable[Block], choice: Choice) -> Iterator[Block]:
    """The same blocks with what is not to be spoken marked, chapter by chapter.

    A title page is no chapter of its own: it loses its start, and so opens the chapter after it. Neither is a line such
    as "The End": it is the last of the chapter before it.
    """
    marks = Marks(choice.off)
    before = True
    for start, paragraphs in _chapters(blocks):
        chosen = _chosen(start, paragraphs, choice)
        front = before
        if start is not None and not (_is_title_page(start, chosen) if before else _is_end(start, chosen)):
            yield start
            before = before and not any(p.omit is None and text.has_word(p.text) for p in chosen)
        off = choice.off_in(_folded(start.title) if start is not None else "")
        yield from marks.taken(_without_furniture(chosen, off, front=front))


def _chosen(start: ChapterStart | None, paragraphs: Sequence[Paragraph], choice: Choice) -> Sequence[Paragraph]:
    title = _folded(start.title) if start is not None else ""
    if title and title in choice.skip:
        return [replace(p, omit=p.omit or NOT_WANTED) for p in paragraphs]
    off = choice.off_in(title)
    omission = page_kinds.kind_of(start.title, paragraphs) if start is not None else None
    if omission is not None and omission.rule not in off:
        paragraphs = [replace(p, omit=p.omit or omission, level=0) for p in paragraphs]
    # What a picture shows is no text of the book: it is there only for whoever asks for it.
    shown = (p for p in paragraphs if p.omit is not ALT_TEXT or ALT_TEXT.rule in off)
    return [replace(p, omit=None) if p.omit is not None and p.omit.rule in off else p for p in shown]


def _is_title_page(start: ChapterStart, paragraphs: Sequence[Paragraph]) -> bool:
    words = sum(text.count_words(p.text) for p in paragraphs if p.omit is None)
    return words <= _TITLE_PAGE_WORDS and _TITLE_PAGE.fullmatch(start.title.strip(" .")) is not None


def _without_furniture(paragraphs: Sequence[Paragraph], off: frozenset[str], *, front: bool) -> Sequence[Paragraph]:
    """A chapter without notices of copyright, tables of contents, offers, running headers, titles of notes."""
    if COPYRIGHT.rule not in off:
        paragraphs = _without_notice(_without_imprint(paragraphs), front=front)
    if CONTENTS.rule not in off:
        spoken = [p for p in paragraphs if p.omit is None and text.has_word(p.text)]
        listed = {id(spoken[place]) for place in page_kinds.listed_in(spoken, front=front)}
        paragraphs = [replace(p, omit=CONTENTS, level=0) if id(p) in listed else p for p in paragraphs]
    for rule, places in ((ADVERTISEMENT, page_kinds.offered_in), (RUNNING_HEADER, running_lines.places)):
        if rule.rule not in off:
            spoken = [p for p in paragraphs if p.omit is None and text.has_word(p.text)]
            taken = {id(spoken[place]) for place in places(spoken)}
            paragraphs = [replace(p, omit=rule, level=0) if id(p) in taken else p for p in paragraphs]
    if NOTES.rule in off:
        return paragraphs
    shown = [p for p in paragraphs if text.has_word(p.text)]
    below = {id(p): following for p, following in pairwise([*shown, None]) if p is not None}
    return [replace(p, omit=NOTES, level=0) if _heads_notes(p, below.get(id(p))) else p for p in paragraphs]


def _heads_notes(paragraph: Paragraph, below: Paragraph | None) -> bool:
    return (
        paragraph.omit is None
        and below is not None
        and below.omit in (FOOTNOTE, NOTES)
        and page_kinds.is_notes_title(paragraph.text)
    )


def _without_notice(paragraphs: Sequence[Paragraph], *, front: bool) -> Sequence[Paragraph]:
    """The first pages, or a short chapter, without a copyright notice that has no page of its own."""
    spoken = [p for p in paragraphs if p.omit is None and text.has_word(p.text)]
    if front:
        spoken = spoken[:_FIRST_PARAGRAPHS]
    elif sum(text.count_words(p.text) for p in spoken) > _PAGE_WORDS:
        return paragraphs
    found = {id(spoken[position]) for position in notices.lines_of([p.text for p in spoken])}
    return [replace(p, omit=COPYRIGHT, level=0) if id(p) in found else p for p in paragraphs] if found else paragraphs


def _without_imprint(paragraphs: Sequence[Paragraph]) -> Sequence[Paragraph]:
    """A chapter without what the printer has set below "The End"."""
    last = [p for p in paragraphs[-_LAST_LINES:] if p.omit is None and text.has_word(p.text)]
    count = imprints.after_the_end([p.text for p in last])
    below = {id(p) for p in last[len(last) - count :]} if count else ()
    return [replace(p, omit=COPYRIGHT) if id(p) in below else p for p in paragraphs] if below else paragraphs


def _is_end(start: ChapterStart, paragraphs: Sequence[Paragraph]) -> bool:
    """Whether all of a chapter is a line such as "The End"; a last chapter of that name has a text."""
    words = sum(text.count_words(p.text) for p in paragraphs if p.omit is None)
    return words <= _END_WORDS and _END.fullmatch(start.title.strip(" .:;!*_[]—–-")) is not None


def _chapters(blocks: Iterable[Block]) -> Iterator[tuple[ChapterStart | None, list[Paragraph]]]:
    start: ChapterStart | None = None
    gathered: list[Paragraph] = []
    for block in blocks:
        if isinstance(block, ChapterStart):
            if start is not None or gathered:
                yield start, gathered
            start, gathered = block, []
        else:
            gathered.append(block)
    if start is not None or gathered:
        yield start, gathered


def _folded(title: str) -> str:
    return " ".join(title.split()).casefold()
