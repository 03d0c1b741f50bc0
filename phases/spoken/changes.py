"""Where a text is said otherwise than it is written: changes, each of a span, found by rules in their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

PROSE, HEADING, CHAPTER = "prose", "heading", "chapter"
"""What a text is, as far as rules ask: a heading, one that is only the number of its chapter, or anything else."""


@dataclass(frozen=True, slots=True)
class Change:
    """A span of a text that is said otherwise.

    Attributes:
        start: where it begins in the text.
        end: where it ends; equal to `start` where something is said that is not written.
        spoken: what is said; "" where nothing is.
        rule: the name of the rule.
        goes_on: whether no sentence ends with it, although it may end with a full stop.
        phonemes: how it is pronounced, in IPA, for voices that can be told; "" where they are to find out.
    """

    start: int
    end: int
    spoken: str
    rule: str
    goes_on: bool = False
    phonemes: str = ""


class Pattern(Protocol):
    """What finds the places of a rule: a compiled regular expression, or what stands for one."""

    def finditer(self, content: str, /) -> Iterable[re.Match[str]]:
        """The places, in order."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A small rule: where it may apply, and what is said there.

    Attributes:
        name: of the rule, a key of `phases.spoken_rules.SPOKEN_RULES`.
        pattern: finds candidates; it must take linear time, or have a limit of its own.
        say: what is said for a match, or None to leave it as it is.
        needs: one of `FEATURES` that a text must have; "" for none.
        kinds: the kinds of text that it is for; empty for all.
        goes_on: see `Change`.
        phonemes: see `Change`, for a match.
    """

    name: str
    pattern: Pattern
    say: Callable[[re.Match[str]], str | None]
    needs: str = ""
    kinds: tuple[str, ...] = ()
    goes_on: bool = False
    phonemes: Callable[[re.Match[str]], str] | None = None


FEATURES: dict[str, re.Pattern[str]] = {
    "digit": re.compile(r"[0-9]"),
    "fraction": re.compile(r"[0-9½⅓⅔¼¾⅕⅛⅜⅝⅞]"),
    "capitals": re.compile(r"[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ]"),
    "numeral": re.compile(r"\b(?:[IVXLCDM]{1,13}|[ivxlc]{1,9})\b"),
    "dotted": re.compile(r"[^\W\d_]\.(?!$)"),
    "address": re.compile(r"://|www\.|[\w-]\.[a-z]{2}"),
    "bracket": re.compile(r"[\[(]"),
    "symbol": re.compile(r"[^\w\s.,;:!?'\"“”‘’„«»()\[\]…–—-]|_"),
    "spaced": re.compile(r"(?<!\w)\w[ \u00a0]\w[ \u00a0]\w[ \u00a0]\w(?!\w)"),
    "dash": re.compile(r"--|\.[ \u00a0]?\.| - |[–—]{2}"),
}
"""Quick tests, so that most rules need not look at most texts."""


def find_changes(content: str, rules: Sequence[Rule], kind: str = PROSE) -> list[Change]:
    """The changes of a text: where rules overlap, the first in the table wins.

    Returns:
        Changes in the order of the text, without overlap.
    """
    taken = bytearray(len(content))
    found: list[Change] = []
    features: dict[str, bool] = {"": True}
    for rule in rules:
        if rule.kinds and kind not in rule.kinds:
            continue
        if rule.needs not in features:
            features[rule.needs] = FEATURES[rule.needs].search(content) is not None
        if features[rule.needs]:
            found += _changes_of(rule, content, taken)
    found.sort(key=lambda change: (change.start, change.end))
    return found


def _changes_of(rule: Rule, content: str, taken: bytearray) -> Iterator[Change]:
    for match in rule.pattern.finditer(content):
        start, end = match.span()
        if taken.find(1, start, end) >= 0:
            continue
        spoken = rule.say(match)
        phonemes = rule.phonemes(match) if rule.phonemes else ""
        if spoken is not None and (spoken != match.group() or rule.goes_on or phonemes):
            taken[start:end] = b"\1" * (end - start)
            yield Change(start, end, spoken, rule.name, rule.goes_on, phonemes)
