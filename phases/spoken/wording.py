"""How a language is said: its rules, those that are switched on, and the sentences that they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import Any

from phases.readers import text
from phases.spoken import signs
from phases.spoken.changes import PROSE, Change, Rule, find_changes
from phases.spoken.form import SpokenForm, spoken_form
from phases.spoken.lexicon import rules_of
from phases.spoken.sentences import Span, pieces

LANGUAGES: Mapping[str, str] = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
}
"""The languages that have rules, by their code: the module that has them as ``rules(region)``."""

_ANY = (signs.addresses("@", "."), *signs.REFERENCES)


@dataclass(frozen=True)
class Wording:
    """How texts of a language are said.

    Attributes:
        language: a BCP 47 tag.
        off: names of the rules that are switched off.
        lexicon: entries of the pronunciation lexicon, of all languages; they come before all rules.
    """

    language: str
    off: frozenset[str] = frozenset()
    lexicon: tuple[Mapping[str, Any], ...] = ()

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in their order."""
        primary, _, region = self.language.replace("_", "-").lower().partition("-")
        own: Sequence[Rule] = _ANY
        if primary in LANGUAGES:
            own = import_module(f"phases.spoken.{LANGUAGES[primary]}").rules(region)
        known = rules_of(self.lexicon, self.language) if self.lexicon else ()
        return tuple(rule for rule in (*known, *own) if rule.name not in self.off)

    def of(self, language: str) -> Wording:
        """How a passage in a language is said, with the same switches and the same lexicon."""
        if language == self.language:
            return self
        if language not in self._others:
            self._others[language] = replace(self, language=language)
        return self._others[language]

    @cached_property
    def _others(self) -> dict[str, Wording]:
        return {}

    def changes(self, content: str, kind: str = PROSE) -> list[Change]:
        """Where a text is said otherwise than it is written."""
        return find_changes(content, self.rules, kind)

    def sentences(self, content: str, max_chars: int, kind: str = PROSE) -> Iterator[tuple[Span, SpokenForm]]:
        """The sentences of a paragraph: where each stands, and what is said.

        Args:
            content: the paragraph's text.
            max_chars: a longer sentence is cut at clauses, then at words.
            kind: what the text is.
        """
        changes = self.changes(content, kind)
        spans = pieces(content, self.language, max_chars, [c for c in changes if c.end > c.start])
        yield from _audible(content, _shared(spans, changes), spans)


def _shared(spans: Sequence[Span], changes: Sequence[Change]) -> list[list[Change]]:
    """The changes of each span, in order; those between two spans belong to none."""
    shares: list[list[Change]] = [[] for _ in spans]
    number = 0
    for change in changes:
        while number < len(spans) and (
            spans[number][1] <= change.start < change.end or spans[number][1] < change.start
        ):
            number += 1
        if number == len(spans):
            break
        start, end = spans[number]
        if change.start >= start and change.end <= end:
            shares[number].append(change)
        elif change.end > start:  # it takes in white space that is around the sentence
            spoken = change.spoken.strip(" ")
            clipped = replace(change, start=max(start, change.start), end=min(end, change.end), spoken=spoken)
            shares[number].append(clipped)
    return shares


def _audible(content: str, shares: Sequence[list[Change]], spans: Sequence[Span]) -> Iterator[tuple[Span, SpokenForm]]:
    """Sentences of which something is left to say; what has nothing left joins the sentence before or after it."""
    start: int | None = None
    waiting: list[Change] = []
    held: tuple[int, int, list[Change]] | None = None
    for (begin, end), changes in zip(spans, shares, strict=True):
        if not text.has_word(spoken_form(content, begin, end, changes).text):
            if held is not None:
                held[2].extend(changes)
                held = (held[0], end, held[2])
            else:
                start = begin if start is None else start
                waiting += changes
            continue
        if held is not None:
            yield _said(content, *held)
        held = (begin if start is None else start, end, [*waiting, *changes])
        start, waiting = None, []
    if held is not None:
        yield _said(content, *held)
    elif start is not None:  # nothing is left of it: then it is said as it is written
        yield _said(content, start, spans[-1][1], [])


def _said(content: str, start: int, end: int, changes: Sequence[Change]) -> tuple[Span, SpokenForm]:
    return (start, end), spoken_form(content, start, end, changes)
