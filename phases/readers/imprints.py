"""Imprints: the lines of a title page that name its printer, its publisher, their address and the year."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Of a run of such lines at least one says what it is; the others are places, addresses and years, which may belong to
# the title where they stand alone.
_SURE = re.compile(
    "|".join(
        (
            r"copyright\b.*|.*©.*|\(c\) ?\d{4}.*|.*\ball rights reserved\b.*|alle rechte .*|tous droits .*",
            r"(?:re)?printed (?:and (?:bound|published|sold) )?(?:in|by|for|at|and)\b.*",
            r"published (?:and sold )?(?:by|for|at|in)\b.*|first (?:published|printed|edition)\b.*",
            r"(?:created|made|produced|generated|formatted) (?:with|using) (?:vellum|atticus|calibre|sigil|scrivener|"
            r"reedsy|pressbooks|pandoc|indesign|draft2digital|kindle create)\b.*",
            r"entered according to\b.*|.*\blibrary of congress\b.*|isbn\b.*",
            r".*\b(?:publishers|publishing (?:co\.?|company|house)|booksellers?|university press)\b\W{0,2}",
            r"(?:the )?[\w' ]{1,30} press\s?[:;,.].*",
            r".*(?:&|\band) co(?:mpany)?\b\W{0,2}",
            r"gedruckt (?:bei|in|von|mit|auf)\b.*|druck (?:von|und|der)\b.*|verlegt bei\b.*",
            r".*\bverlag(?:sbuchhandlung|shaus|sanstalt)?\b.*",
            r"de l['’] ?imprimerie\b.*|imprimerie\b.*|typographie de\b.*|imprimé .*|chez\b.*",
            r".*\b(?:libraires?|librairie|éditeurs?)\b.*",
            r"tipograf[ií]a\b.*|imprenta\b.*|.*\bcasa editrice\b.*|editorial [^\W\d_].*",
            r".*\b(?:издательство|типография)\b.*",
        )
    ),
    re.IGNORECASE,
)
_CITY = (
    r"(?:(?:à|a|in|and|und|et)\s+)?(?:amsterdam|berlin|boston|cambridge|chicago|dublin|edinburgh|garden city|glasgow|"
    r"hamburg|leipzig|london|londres|lyon|madrid|milano|moscow|münchen|munich|new york|oxford|paris|philadelphia|roma|"
    r"rome|san francisco|stuttgart|toronto|wien|vienna|zürich|москва|санкт-петербург)"
)
_YEAR = r"(?:(?:1[5-9]|20)\d\d|m(?=[dclxvi]{2})[mdclxvi]{3,12})"
_NUMBER = r"(?:no\.?|nº|n°)?\s*\d{1,4}"
_STREET = r"(?:street|strand|square|row|lane|avenue|road|straße|strasse)"
_MAYBE = re.compile(
    rf"{_CITY}(?:[\s,.;:·&-]+{_CITY})*(?:[\s,.;:·-]+{_YEAR})?[\s.,:;]*|{_CITY}\s*[:;].{{1,80}}|\[?{_YEAR}\]?[\s.,]*|"
    rf"rue\b.{{1,80}}|{_NUMBER},? .{{1,60}}\b{_STREET}\W*|.{{1,60}}\b{_STREET}(?:[, ]+{_NUMBER})?\W*",
    re.IGNORECASE,
)
_END = re.compile(r"(?:the )?end|finis|fin|ende|fine", re.IGNORECASE)
_LONGEST = 200


def lines_of(title_page: Sequence[str]) -> frozenset[int]:
    """Which pieces of a title page are its imprint: runs of such lines in which one names a printer or publisher.

    Args:
        title_page: its paragraphs; one that was set in several lines holds line ends.
    """
    found: set[int] = set()
    run: list[int] = []
    sure = False
    for position, said in enumerate([*title_page, ""]):
        lines = [line.strip(" _*[]") for line in said.split("\n")] if 0 < len(said) <= _LONGEST else []
        house = position > 0 and _is_publisher(lines)
        says = house or any(map(_SURE.fullmatch, lines))
        if house or (lines and all(_SURE.fullmatch(line) or _MAYBE.fullmatch(line) for line in lines)):
            run.append(position)
            sure = sure or says
            continue
        if sure:
            found.update(run)
        run, sure = [], False
    return frozenset(found)


def _is_publisher(lines: Sequence[str]) -> bool:
    """Whether a piece in several lines is a city with the name of a publisher below it."""
    rest = [line for line in lines[1:] if not _MAYBE.fullmatch(line)]
    return (
        len(lines) > 1
        and re.fullmatch(rf"{_CITY}\W*", lines[0], re.IGNORECASE) is not None
        and len(rest) == 1
        and not rest[0].lower().startswith(("by ", "a ", "an ", "the ", "or "))
    )


def after_the_end(last: Sequence[str]) -> int:
    """How many of the last pieces of a book are an imprint below "The End"; 0 where they are not all of that kind."""
    ends = [position for position, said in enumerate(last) if _END.fullmatch(said.strip(" .!*_"))]
    below = last[ends[-1] + 1 :] if ends else ()
    return len(below) if below and len(lines_of(below)) == len(below) else 0
