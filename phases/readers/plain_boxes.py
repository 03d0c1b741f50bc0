"""Boxes that are drawn with ``+---+`` and ``|`` around a note: their text without what is drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_RULE = re.compile(r"\s*\+[-=]{5,}\+\s*")
_SIDE = re.compile(r"\s*\|(?P<inside>[^|]*)\|\s*")


def without_boxes(lines: Sequence[str]) -> list[str]:
    """The same number of lines; a box with columns is a table, and stays as it is."""
    found = list(lines)
    rules = [number for number, line in enumerate(lines) if "+" in line and _RULE.fullmatch(line)]
    for top, bottom in pairwise(rules):
        inside = [_SIDE.fullmatch(line) for line in lines[top + 1 : bottom]]
        if inside and all(inside):
            found[top : bottom + 1] = ["", *(match["inside"].rstrip() for match in inside if match), ""]
    return found
