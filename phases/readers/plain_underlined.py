"""Headings of plain text that are underlined, as in reStructuredText and Markdown: by a rule below, or around them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from phases.readers import text

_RULE = re.compile(r"\s*([=\-~^*#+_.:\"'`])\1{2,}\s*")
_LONGEST = 120
# A rule may be a little shorter than its heading; some programs draw all rules equally long.
_SHORTEST = 0.7


def headings(lines: Sequence[str]) -> dict[int, int]:
    """The numbers of the lines that are underlined headings, each with its level: 1 for the kind that comes first.

    Args:
        lines: of the whole text, empty ones too.
    """
    found: dict[int, int] = {}
    levels: dict[tuple[str, bool], int] = {}
    for number in range(len(lines) - 1):
        rule = lines[number + 1]
        if len(rule) < 3 or not _RULE.fullmatch(rule) or not _is_heading(lines, number):
            continue
        above = number > 0 and lines[number - 1] == rule
        free = number - above == 0 or _is_free(lines[number - above - 1])
        if free and (number + 2 >= len(lines) or _is_free(lines[number + 2])):
            found[number] = levels.setdefault((rule.strip()[0], above), len(levels) + 1)
    return found


def _is_free(beside: str) -> bool:
    """Whether a line beside a heading is empty, or the rule of another one."""
    return not beside or _RULE.fullmatch(beside) is not None


def _is_heading(lines: Sequence[str], number: int) -> bool:
    shown = lines[number].strip()
    return (
        0 < len(shown) <= _LONGEST
        and text.has_word(shown)
        and len(lines[number + 1].strip()) >= _SHORTEST * len(shown)
        and not _RULE.fullmatch(shown)
    )


def without_rules(lines: Sequence[str], headings: Sequence[int]) -> list[str]:
    """The same lines, with the rules below and above these headings empty."""
    bare = list(lines)
    for number in headings:
        if number > 0 and lines[number - 1] == lines[number + 1]:
            bare[number - 1] = ""
        bare[number + 1] = ""
    return bare
