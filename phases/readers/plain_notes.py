"""Notes of a plain text that are set in from its margin: which of the pieces below a note belong to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPENS = re.compile(r"\s+\[(?P<mark>\d{1,3}|[*†‡§]{1,3})\]\s+\S")
_HANGS = re.compile(r"[^\s\[({]\s?\[(?P<mark>\d{1,3}|[*†‡§]{1,3})\]")
# A note stands below its paragraph, at the foot of its page, or below the last paragraph of a chapter.
_NEAR = 400
_BLANK_LINES_WITHIN = 1


def continued(groups: Sequence[Sequence[str]], gaps: Sequence[int], own: range) -> frozenset[int]:
    """The positions of verses and further paragraphs of notes that begin with their mark, such as ``[1]``.

    A note goes on as long as what follows is set in at least as far as its first line, with one blank line between.

    Args:
        groups: the text as groups of lines that stand together, with their indents.
        gaps: how many blank lines stand before each group.
        own: the positions of the groups that are the book itself.
    """
    found: set[int] = set()
    referred: dict[str, int] = {}
    indent = 0
    for position in own:
        group = groups[position]
        opens = _OPENS.match(group[0])
        if opens:
            known = position - referred.get(opens["mark"], -_NEAR) < _NEAR
            indent = _indent(group) if known else 0
        elif indent and gaps[position] <= _BLANK_LINES_WITHIN and _indent(group) >= indent:
            found.add(position)
        else:
            indent = 0
        referred.update((m["mark"], position) for line in group if "[" in line for m in _HANGS.finditer(line))
    return frozenset(found)


def _indent(group: Sequence[str]) -> int:
    return min(len(line) - len(line.lstrip()) for line in group)
