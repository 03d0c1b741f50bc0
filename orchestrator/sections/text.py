"""Sections about what is spoken."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from orchestrator.sections.fields import LanguageTag, Section
from orchestrator.sections.lexicon import Lexicon, LexiconNames
from phases.rules import RULES
from phases.spoken_rules import SPOKEN_RULES


def _switches_of(rules: Iterable[str]) -> Callable[[Any], Any]:
    names = tuple(rules)

    def check(value: Any) -> Any:
        for name in value if isinstance(value, dict) else ():
            if name not in names:
                near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"the rules are {', '.join(names)}"
                raise ValueError(f"there is no rule {name!r}; {hint}")
        return value

    return check


RuleSwitches = Annotated[
    dict[str, bool],
    BeforeValidator(_switches_of(RULES)),
    Field(description="rules that leave text out, each `true` or `false`; docs/what-is-read.md names them"),
]
"""Which rules are on or off; those that are not named are on."""

SpokenSwitches = Annotated[
    dict[str, bool],
    BeforeValidator(_switches_of(SPOKEN_RULES)),
    Field(description="rules that say text otherwise than it is written, each `true` or `false`; docs/spoken.md"),
]
"""The same for the spoken form."""


class TextSection(Section):
    """What is spoken, and in which pieces."""

    language: LanguageTag | None = Field(None, description="overrides every book's own language, such as en or de")
    max_chars: int = Field(600, ge=80, le=5000, description="a longer sentence is spoken in several pieces")
    rules: RuleSwitches = Field(default_factory=dict)
    spoken: SpokenSwitches = Field(default_factory=dict)
    lexicon: Lexicon = ()
    lexicons: LexiconNames = ()
