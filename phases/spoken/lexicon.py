"""The pronunciation lexicon: entries of the configuration as rules, which come before all others."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from phases.contract import PermanentError
from phases.spoken.changes import Rule

NAME = "lexicon"
_MOST_S = 2.0
"""CPU seconds that one regular expression of a user's may take for a whole book."""
_SHOWN_CHARACTERS = 60


def rules_of(entries: Iterable[Mapping[str, Any]], language: str) -> tuple[Rule, ...]:
    """The rules of a language: phrases first, the longest before shorter ones, then patterns, the last one first.

    Args:
        entries: ``text`` or ``pattern``; ``say`` and ``ipa``; ``case``; ``language``, which is for all its regions.
        language: a BCP 47 tag.
    """
    tag = language.lower()
    mine = [entry for entry in entries if _is_for(entry.get("language"), tag)]
    phrases = [entry for entry in mine if entry.get("text")]
    rules = [_of_phrases(phrases)] if phrases else []
    rules += [_of_pattern(entry) for entry in reversed(mine) if entry.get("pattern")]
    return tuple(rules)


def _is_for(wanted: str | None, tag: str) -> bool:
    return not wanted or tag == wanted.lower() or tag.startswith(f"{wanted.lower()}-")


def _of_phrases(entries: Sequence[Mapping[str, Any]]) -> Rule:
    exact: dict[str, Mapping[str, Any]] = {}
    folded: dict[str, Mapping[str, Any]] = {}
    for entry in entries:  # later ones are nearer to the book, and win
        phrase = " ".join(entry["text"].split())
        case = entry.get("case") or ("any" if phrase == phrase.lower() else "auto")
        if case == "any":
            folded[phrase.casefold()] = entry
            continue
        exact[phrase] = entry
        if case == "auto":
            exact.setdefault(phrase.upper(), entry)
    sets = {name: list(words) for name, words in (("exact", exact), ("folded", folded)) if words}
    ways = "|".join({"exact": r"\L<exact>", "folded": r"(?i:\L<folded>)"}[name] for name in sets)
    pattern = regex.compile(rf"(?<!\w)(?:{ways})(?!\w)", **sets)

    def found(match: re.Match[str]) -> Mapping[str, Any]:
        return exact.get(match.group()) or folded[match.group().casefold()]

    return Rule(
        NAME,
        pattern,
        lambda match: found(match).get("say") or match.group(),
        phonemes=lambda match: found(match).get("ipa") or "",
    )


def _of_pattern(entry: Mapping[str, Any]) -> Rule:
    flags = regex.IGNORECASE if entry.get("case") == "any" else 0
    pattern = Timed(entry["pattern"], regex.compile(entry["pattern"], flags))
    said: str | None = entry.get("say")

    def say(match: re.Match[str]) -> str | None:
        if not match.group():
            return None
        return match.group() if said is None else match.expand(said)

    return Rule(NAME, pattern, say, phonemes=lambda match: entry.get("ipa") or "")


@dataclass(slots=True)
class Timed:
    """A regular expression of a user's, with so much time for a whole book.

    Attributes:
        written: the expression.
        compiled: the same.
        left_s: the time that it has left.
    """

    written: str
    compiled: Any
    left_s: float = _MOST_S

    def finditer(self, content: str) -> Iterator[re.Match[str]]:
        """Its matches in a paragraph.

        Raises:
            PermanentError: it takes too long; the message names it.
        """
        began = time.process_time()
        try:
            found = list(self.compiled.finditer(content, timeout=self.left_s))
        except TimeoutError:
            raise self._too_slow(content) from None
        self.left_s -= time.process_time() - began
        if self.left_s <= 0:
            raise self._too_slow(content)
        return iter(found)

    def _too_slow(self, content: str) -> PermanentError:
        shown = content if len(content) <= _SHOWN_CHARACTERS else content[:_SHOWN_CHARACTERS] + "…"
        return PermanentError(
            f"The pattern {self.written!r} of the lexicon took more than {_MOST_S:g} s and was stopped at “{shown}”. "
            "Make it simpler, such as by not repeating what is itself repeated, and run again.",
            error_type="lexicon",
        )
