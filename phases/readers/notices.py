"""Copyright notices: the paragraphs that say whose the book is, where nothing else says that they are such a page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from phases.readers import imprints, text

# What only a notice says, each form of it once.
_SURE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:©|\bcopyright\b|\bcopr\.|\(c\))\s*(?:©|\(c\)|℗)?\s*(?:by\s+\S.{0,80}?)?,?\s*\b(?:1[5-9]|20)\d\d\b|"
        r"^\W*copyright (?:©|\(c\)|by)\s",
        r"\ball rights (?:are )?reserved\b|\balle rechte vorbehalten\b|\btous droits\b.{0,60}\bréservés\b|"
        r"\btodos los derechos\b|\breservados\b.{0,20}\bderechos\b|\btutti i diritti\b|\btodos os direitos\b|"
        r"\bвсе права защищены\b|\balle rechten voorbehouden\b",
        r"\b(?:no part|nor any part) of this (?:book|publication|work|e-?book|document)\b|"
        r"\bmay not be (?:reproduced|copied|resold|re-sold)\b|\bwithout (?:the )?(?:prior )?(?:written )?permission\b",
        r"\be?isbn(?:[- ]1[03])?\b.{0,20}\d[\dXx –-]{8,}",
        r"\blibrary of congress\b|\blccn\b|\bbritish library\b|\bcataloguing[- ]in[- ]publication\b|"
        r"\bbibliographische information der deutschen\b|\bdépôt légal\b",
        r"^\W*first (?:published|edition|printing|impression)\b|^\W*published (?:by|in)\b|"
        r"^\W*(?:this )?(?:e-?book|digital|kindle|smashwords|paperback|hardcover) edition\b",
        r"\bpermission is (?:hereby )?granted\b|\bverbatim copies of this\b",
        r"\bavailable (?:only )?(?:in|for) (?:the )?countries where copyright\b",
        r"\bstrictly for personal use\b|\bdo not use this file for commercial\b",
        r"\bthis (?:book|novel|story|e-?book) is (?:a work of fiction|licensed)\b|\bthis is a work of fiction\b",
    )
)
# What stands among that, and may stand elsewhere, too.
_MAYBE = re.compile(
    r"(?:\d{1,2}[ ,]+){3,}\d{0,2}|(?:https?://|www\.)?[\w-]+(?:\.[\w-]+)+(?:/\S*)?|"
    r"(?:names|title|description|identifiers|subjects|classification|version|e-?mail|visit us|web)\b.{0,6}[:_].*|"
    r".*\b(?:cover|book|jacket|interior|text|type)\b.{0,30}\b(?:design|illustration|photograph|art|set|by)\b.*|"
    r".*\b(?:manufactured|printed|typeset) in\b.*|.{0,60}\b(?:books|publishing|publications)\W*|"
    r".*\b(?:trademarks?|imprint|publishers?|press|verlag|éditions|editorial)\b.*|"
    r".*\bis available\b.*|.*\bpublished\b.*|.*\bedition\b.*|.*\bnames, characters,.*|.*\be?isbn\b.*",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_MAYBE = 400
# Without one of these words, in lower case, there is no notice.
_HINTS = (
    "©",
    "copyright",
    "(c)",
    "isbn",
    "reserved",
    "vorbehalten",
    "réservés",
    "derechos",
    "diritti",
    "direitos",
    "права",
    "voorbehouden",
)
_OPENS = re.compile(r"\W*(?:copyright\s*)?(?:©|\(c\))\W*\d{4}", re.IGNORECASE)
# Two different forms, or one that opens two paragraphs, make a notice; so many others may stand between two of these.
_ENOUGH = 2
_APART = 3
_MOST = 0.9
# Longer is no notice, and much longer costs time.
_LONGEST = 3000


def lines_of(pieces: Sequence[str]) -> frozenset[int]:
    """Which pieces of a text are a copyright notice: runs in which several say that they are one.

    Args:
        pieces: paragraphs in order; those of the first pages, or of a short chapter.
    """
    whole = "\n".join(pieces).lower()
    if not any(hint in whole for hint in _HINTS):
        return frozenset()
    forms = [_forms(piece) for piece in pieces]
    found: set[int] = set()
    run: list[int] = []
    for position in [*(place for place, said in enumerate(forms) if said), None]:
        if position is not None and (not run or position - run[-1] <= _APART + 1):
            run.append(position)
            continue
        kinds = frozenset[int]().union(*(forms[place] for place in run))
        if len(kinds) >= _ENOUGH or sum(_OPENS.match(pieces[place]) is not None for place in run) >= _ENOUGH:
            found.update(_widened(pieces, run[0], run[-1]))
        run = [] if position is None else [position]
    return frozenset(found)


def is_page(pieces: Sequence[str]) -> bool:
    """Whether these pieces, a page or a file of their own, are a copyright notice and hardly anything else."""
    found = lines_of(pieces)
    words = [text.count_words(piece) for piece in pieces]
    return 0 in found and sum(words[position] for position in found) > _MOST * sum(words)


def _forms(piece: str) -> frozenset[int]:
    if len(piece) > _LONGEST:
        return frozenset()
    return frozenset(number for number, form in enumerate(_SURE) if form.search(piece))


def _widened(pieces: Sequence[str], first: int, last: int) -> range:
    """A run, and what stands right before and after it that belongs to it."""
    while first > 0 and _may_belong(pieces[first - 1]):
        first -= 1
    while last + 1 < len(pieces) and _may_belong(pieces[last + 1]):
        last += 1
    return range(first, last + 1)


def _may_belong(piece: str) -> bool:
    said = piece.strip(" _*[]")
    return len(said) <= _LONGEST_MAYBE and (_MAYBE.fullmatch(said) is not None or bool(imprints.lines_of(["", said])))
