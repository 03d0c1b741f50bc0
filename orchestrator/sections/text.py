"""Sections about what is spoken."""

from __future__ import annotations

import difflib
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from orchestrator.sections.fields import Section
from phases.rules import RULES


def _as_switches(value: Any) -> Any:
    if isinstance(value, dict):
        for name in value:
            if name not in RULES:
                near = difflib.get_close_matches(str(name), RULES, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"the rules are {', '.join(RULES)}"
                raise ValueError(f"there is no rule {name!r}; {hint}")
    return value


RuleSwitches = Annotated[
    dict[str, bool],
    BeforeValidator(_as_switches),
    Field(description="rules that leave text out, each `true` or `false`; docs/what-is-read.md names them"),
]
"""Which rules are on or off; those that are not named are on."""


class TextSection(Section):
    """What is spoken, and in which pieces."""

    language: str | None = Field(None, description="overrides every book's own language, such as en or de")
    max_chars: int = Field(600, ge=80, le=5000, description="a longer sentence is spoken in several pieces")
    rules: RuleSwitches = Field(default_factory=dict)
