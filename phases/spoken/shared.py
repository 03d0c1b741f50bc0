"""The rules of a language that has its words as data, in the order in which they apply, and rules that several have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from phases.spoken import figures, letters, numbers, signs
from phases.spoken.changes import Rule
from phases.spoken.language import Language

YEARS = (1100, 2099)
BETWEEN = "+=×÷<>/−@%"
YEAR = r"(?:1[0-9]|20)[0-9]{2}"
DAY = r"(?:[12][0-9]|3[01]|0?[1-9])"


def ordered(
    language: Language,
    *,
    first: Sequence[Rule] = (),
    ordinals: Sequence[Rule] = (),
    years: Sequence[Rule] = (),
    romans: Sequence[Rule] = (),
) -> tuple[Rule, ...]:
    """All rules of a language.

    Args:
        language: its words.
        first: rules on dates and times, which come before other numbers.
        ordinals: rules on ordinal numbers.
        years: rules on years and decades.
        romans: rules on centuries and the like.
    """
    return (
        signs.addresses(language.at, language.dot),
        *signs.REFERENCES,
        signs.SPACED,
        letters.chapter_numbers(language),
        letters.leading_romans(language),
        *first,
        figures.money(language),
        *ordinals,
        letters.numbered(language),
        figures.units(language),
        figures.units_of_fractions(language),
        figures.percentages(language),
        figures.telephones(language),
        figures.ranges(language, YEARS),
        *years,
        *letters.abbreviations(language),
        letters.counted_romans(language),
        *letters.other_romans(language),
        *romans,
        letters.rulers(language),
        *letters.initials(language),
        figures.fractions(language),
        figures.leading_points(language),
        *([figures.lists(language)] if language.decimal_sign != "," else []),
        figures.cardinals(language),
        letters.capitals(language),
        signs.DASHES,
        signs.symbols(language.signs, between=BETWEEN),
        signs.HEADLINES,
    )


def alternatives(words: Iterable[str]) -> str:
    """A regular expression for one of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


def worded_dates(language: Language, between: str, said: Callable[[int, str, str | None], str]) -> Rule:
    """Dates with the month as a word.

    Args:
        language: has the months.
        between: a regular expression for what stands between day and month, and between month and year.
        said: what is said for day, name of the month, and year in words or None.
    """
    months = alternatives(language.months)
    pattern = re.compile(
        rf"(?<![\w.,/:–-])(?P<day>{DAY}){between}(?P<month>(?i:{months}))(?![\w-])"
        rf"(?:{between}(?P<year>{YEAR})(?!\w)(?![.,:/][0-9]))?"
    )

    def say(match: re.Match[str]) -> str:
        year = numbers.year(int(match["year"]), language.code) if match["year"] else None
        return said(int(match["day"]), language.months[match["month"].lower()], year)

    return Rule("date", pattern, say, "digit")


def numeric_dates(names: Sequence[str], said: Callable[[int, str, str], str], language: Language) -> Rule:
    """Dates as day, month and year in figures, and those of ISO 8601."""
    pattern = re.compile(
        r"(?<![\w./-])(?:(?P<day>[0-9]{1,2})(?P<sign>[./-]) ?(?P<month>[0-9]{1,2})(?P=sign)"
        r" ?(?P<year>(?:1[0-9]|20)[0-9]{2})"
        r"|(?P<year2>(?:1[0-9]|20)[0-9]{2})-(?P<month2>0[1-9]|1[0-2])-(?P<day2>[0-3][0-9]))(?![\w/-])"
    )

    def say(match: re.Match[str]) -> str | None:
        day, month = int(match["day"] or match["day2"]), int(match["month"] or match["month2"])
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return None
        return said(day, names[month - 1], numbers.year(int(match["year"] or match["year2"]), language.code))

    return Rule("date", pattern, say, "digit")


def clock(pattern: str, said: Callable[[int, int], str]) -> Rule:
    """Times of the day.

    Args:
        pattern: with the groups ``hour`` and ``minute``.
        said: what is said for them.
    """
    return Rule("time", re.compile(pattern), lambda m: said(int(m["hour"]), int(m["minute"] or 0)), "digit")
