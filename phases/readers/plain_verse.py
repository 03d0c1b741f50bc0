"""Numbers in the margin of a poem, which count its lines: they stand apart from the text and go up in steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

_NUMBERED = re.compile(r"(?P<line>.*\S)(?:\s{3,}|\t\s*)(?P<number>\d{1,4})")
# Numbers of so few lines are chance; of a table, more lines end with one.
_FEWEST, _MOST_LINES, _MOST_STEPS = 3, 0.5, 0.6
_STEPS = (5, 10, 4, 20, 8)


def line_numbers(groups: Sequence[Sequence[str]], places: Iterable[int]) -> dict[int, dict[int, tuple[str, str]]]:
    """The lines that end with a number of their own: by group and by line, the line without it, and the number.

    Args:
        groups: the text as groups of lines that stand together.
        places: the positions of the groups to look at.
    """
    found: dict[int, dict[int, tuple[str, str]]] = {}
    for place in places:
        group = groups[place]
        matches = {n: m for n, line in enumerate(group) if line[-1:].isdigit() and (m := _NUMBERED.fullmatch(line))}
        if matches and len(matches) <= _MOST_LINES * len(group):
            found[place] = {n: (match["line"], match["number"]) for n, match in matches.items()}
    places_of = [(place, n) for place, lines in found.items() for n in lines]
    numbers = [int(found[place][n][1]) for place, n in places_of]
    step = next((s for s in _STEPS if _counts(numbers, s)), 0)
    kept: dict[int, dict[int, tuple[str, str]]] = {}
    for (place, n), before, number, after in zip(places_of, [0, *numbers], numbers, [*numbers[1:], 0], strict=False):
        if step and step in (number, number - before, after - number):
            kept.setdefault(place, {})[n] = found[place][n]
    return kept


def _counts(numbers: Sequence[int], step: int) -> bool:
    """Whether most of the numbers follow each other in this step, or begin again with it."""
    steps = sum(step in (following - number, following) for number, following in pairwise(numbers))
    return len(numbers) >= _FEWEST and numbers[0] % step == 0 and steps >= _MOST_STEPS * (len(numbers) - 1)
