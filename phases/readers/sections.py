"""Whole chapters that are for looking things up: told by their title, and only where their content agrees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from phases.readers import numbering, text
from phases.readers.document import Block, ChapterStart, Omission, Paragraph
from phases.readers.marks import Marks
from phases.readers.omission import (
    ADVERTISEMENT,
    ALT_TEXT,
    BIBLIOGRAPHY,
    COLOPHON,
    CONTENTS,
    COPYRIGHT,
    HALF_TITLE,
    INDEX,
    NOT_WANTED,
    NOTES,
)

# Of a page or chapter so many paragraphs must look like what its title says.
_MOST = 0.6
_MOST_ENTRIES = 0.8
_LONGEST_ENTRY = 120
_FEWEST_NUMBERS = 6
_FEW_WORDS = 500
_TITLE_PAGE_WORDS = 150
_PAGE_NUMBERS = re.compile(
    r"[,.:\s]\s*(?:\d{1,4}|[ivxl]{1,6})(?:[-–](?:\d{1,4}))?(?:,\s*\d{1,4}(?:[-–]\d{1,4})?)*[.;]?$"
)
_SEE = re.compile(r"\bsee (?:also )?\w|\bvgl\.|\bvoir\b", re.IGNORECASE)
_WORK = re.compile(
    r"\b(?:1[5-9]|20)\d\d[a-z]?\b|\bhttps?://|\bdoi\b|\bISBN\b|\bpp?\. ?\d|\bUniversity Press\b|\beds?\.|\bibid\b",
    re.IGNORECASE,
)
_NOTE = re.compile(r"(?:\[?\(?\d{1,4}[\].):]?|[*†‡§]{1,3})\s*\S")
_RIGHTS = re.compile(
    r"©|\(c\)\s|\bcopyright\b|all rights reserved|\bISBN\b|no part of this|public domain|creative commons|"
    r"library of congress|british library|alle rechte|tous droits|derechos|first (?:published|edition|printing)|"
    r"печать|издательств",
    re.IGNORECASE,
)


def _is_index(paragraphs: Sequence[Paragraph]) -> bool:
    return (
        _share(paragraphs, lambda p: bool(_PAGE_NUMBERS.search(p.text) or _SEE.search(p.text)) and len(p.text) < 400)
        >= _MOST
    )


def _is_bibliography(paragraphs: Sequence[Paragraph]) -> bool:
    return _share(paragraphs, lambda p: bool(_WORK.search(p.text)) and len(p.text) < 800) >= _MOST


def _is_notes(paragraphs: Sequence[Paragraph]) -> bool:
    return _share(paragraphs, lambda p: _NOTE.match(p.text) is not None or p.kind == "list_item") >= _MOST


def _is_copyright(paragraphs: Sequence[Paragraph]) -> bool:
    said = " ".join(p.text for p in paragraphs)
    return text.count_words(said) <= _FEW_WORDS and len(_RIGHTS.findall(said)) > 0


def _is_short(paragraphs: Sequence[Paragraph]) -> bool:
    return sum(text.count_words(p.text) for p in paragraphs) <= _FEW_WORDS


def _is_list(paragraphs: Sequence[Paragraph]) -> bool:
    return _share(paragraphs, _is_entry) >= _MOST_ENTRIES


def _is_contents(paragraphs: Sequence[Paragraph]) -> bool:
    return (len(paragraphs) > 1 and _share(paragraphs, _is_entry) >= _MOST_ENTRIES) or _is_run_of_entries(paragraphs)


def _is_entry(paragraph: Paragraph) -> bool:
    return len(paragraph.text) < _LONGEST_ENTRY and (
        paragraph.kind == "list_item"
        or numbering.is_contents_entry(paragraph.text)
        or not paragraph.text.endswith((".", "!", "?", "”", '"'))
    )


def _is_run_of_entries(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether a page of entries has become one paragraph: titles and page numbers, and no sentence."""
    words = " ".join(p.text for p in paragraphs).split()
    numbers = sum(word.isdigit() for word in words)
    return (
        numbers >= _FEWEST_NUMBERS
        and numbers > len(words) / 15
        and not any(p.text.endswith(".") and len(p.text) > _LONGEST_ENTRY for p in paragraphs)
    )


def _share(paragraphs: Sequence[Paragraph], looks: Callable[[Paragraph], bool]) -> float:
    return sum(map(looks, paragraphs)) / len(paragraphs) if paragraphs else 0.0


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of chapter that is left out: what it is called, and how its paragraphs look."""

    omission: Omission
    title: re.Pattern[str]
    looks: Callable[[Sequence[Paragraph]], bool]


def _titles(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


_KINDS = (
    _Kind(
        CONTENTS,
        _titles(
            r"(?:table of |brief |detailed )?contents|(?:list of )?(?:illustrations|figures|tables|plates|maps)|"
            r"inhalt(?:sverzeichnis)?|"
            r"table des mati[eè]res|sommaire|[ií]ndice|inhoud(?:sopgave)?|spis treści|obsah|содержание|оглавление"
        ),
        _is_contents,
    ),
    _Kind(
        COPYRIGHT,
        _titles(
            r"(?:un)?copyright(?: page| notice| information)?|imprint|impressum|legal(?: notice)?|rights|"
            r"publication (?:data|information)|"
            r"licen[cs]e|mentions légales|derechos|créditos|credits|выходные данные"
        ),
        _is_copyright,
    ),
    _Kind(COLOPHON, _titles(r"colophon|about this (?:e-?book|edition)|a note on the type"), _is_short),
    _Kind(
        INDEX,
        _titles(
            r"(?:general |subject |name )?index(?: of .{1,40})?|register|(?:sach|personen|namens)register|"
            r"índice (?:alfabético|analítico)|указатель"
        ),
        _is_index,
    ),
    _Kind(
        BIBLIOGRAPHY,
        _titles(
            r"(?:select(?:ed)? |annotated )?bibliograph(?:y|ie|ía)|bibliografia|references|works (?:cited|"
            r"consulted)|sources|"
            r"(?:literatur|quellen)(?:verzeichnis)?|further reading|литература|библиография"
        ),
        _is_bibliography,
    ),
    _Kind(
        NOTES,
        _titles(r"(?:end|foot)?notes|notes (?:to|on) .{1,40}|anmerkungen|fußnoten|notas|note|примечания|noten"),
        _is_notes,
    ),
    _Kind(
        ADVERTISEMENT,
        _titles(
            r"also by\b.*|(?:other |more )?(?:books|works|novels|titles) by\b.*|by the same author|by this author|"
            r"advertisements?|"
            r"(?:other |more )(?:books|titles)(?: (?:from|by) .*)?|du même auteur|vom selben autor|newsletter.*|"
            r"(?:discover|read) (?:more|your next).*|weitere (?:bücher|titel).*"
        ),
        _is_list,
    ),
    _Kind(HALF_TITLE, _titles(r"half[- ]?title(?: ?page)?"), _is_short),
)
_TITLE_PAGE = _titles(
    r"title ?-?page|titelblatt|titelseite|page de titre|portada|portadilla|frontespizio|cover(?: page)?|"
    r"umschlag|couverture"
)
_END = _titles(
    r"(?:the )?end|finis|fin|fine|ende|einde|slut|fim|конец|koniec|"
    r"(?:the )?end of (?:the )?(?:book|story|volume|part|play|first|second|third)\b.{0,60}|"
    r"fin d[eu]\b.{1,60}|ende (?:de[rs]|von)\b.{1,60}|fine d[ei]l?\b.{1,60}"
)
_END_WORDS = 12
# What a chapter that somebody wants to hear is not left out by.
_UNLESS_KEPT = frozenset({*(kind.omission.rule for kind in _KINDS), "non-linear", "footnote"})


def kind_of(title: str, paragraphs: Sequence[Paragraph]) -> Omission | None:
    """The rule that leaves out a chapter with this title and these paragraphs; None where it is spoken."""
    name = title.strip(" .:*_[]")
    body = [p for p in paragraphs if text.has_word(p.text) and p.kind != "heading"] or [
        p for p in paragraphs if text.has_word(p.text)
    ]
    for kind in _KINDS:
        if kind.title.fullmatch(name) and kind.looks(body):
            return kind.omission
    return None


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


def marked(blocks: Iterable[Block], choice: Choice) -> Iterator[Block]:
    """The same blocks with what is not to be spoken marked, chapter by chapter.

    A title page is no chapter of its own: it loses its start, and so opens the chapter after it. Neither is a line such
    as "The End": it is the last of the chapter before it.
    """
    marks = Marks(choice.off)
    before = True
    for start, paragraphs in _chapters(blocks):
        chosen = _chosen(start, paragraphs, choice)
        if start is not None and not (_is_title_page(start, chosen) if before else _is_end(start, chosen)):
            yield start
            before = before and not any(p.omit is None and text.has_word(p.text) for p in chosen)
        yield from marks.taken(chosen)


def _chosen(start: ChapterStart | None, paragraphs: Sequence[Paragraph], choice: Choice) -> Sequence[Paragraph]:
    title = _folded(start.title) if start is not None else ""
    if title and title in choice.skip:
        return [replace(p, omit=p.omit or NOT_WANTED) for p in paragraphs]
    off = choice.off | _UNLESS_KEPT if title and title in choice.keep else choice.off
    omission = kind_of(start.title, paragraphs) if start is not None else None
    if omission is not None and omission.rule not in off:
        paragraphs = [replace(p, omit=p.omit or omission, level=0) for p in paragraphs]
    # What a picture shows is no text of the book: it is there only for whoever asks for it.
    shown = (p for p in paragraphs if p.omit is not ALT_TEXT or ALT_TEXT.rule in off)
    return [replace(p, omit=None) if p.omit is not None and p.omit.rule in off else p for p in shown]


def _is_title_page(start: ChapterStart, paragraphs: Sequence[Paragraph]) -> bool:
    words = sum(text.count_words(p.text) for p in paragraphs if p.omit is None)
    return words <= _TITLE_PAGE_WORDS and _TITLE_PAGE.fullmatch(start.title.strip(" .")) is not None


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
