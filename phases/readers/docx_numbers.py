"""The numbers that Word counts and prints before headings, such as "Chapter 3:", which stand in no paragraph."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from phases.readers.docx_xml import child_value, value
from phases.readers.text import whole_number

_PLACE = re.compile(r"%([1-9])")
_ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)
# Above it no numeral is written.
_MOST = 3999
_MOST_LEVELS = 9


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    form: str
    text: str
    style: str


@dataclass(slots=True)
class Numbers:
    """Counts headings as Word does.

    Args:
        root: the part with the numberings, or None where there is none.
    """

    root: Any
    _levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _abstract: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.root is None:
            return
        for kind in self.root.iterfind("{*}abstractNum"):
            levels = (_level(each) for each in kind.iterfind("{*}lvl"))
            self._levels[value(kind, "abstractNumId")] = {
                place: level for place, level in levels if place < _MOST_LEVELS
            }
        for number in self.root.iterfind("{*}num"):
            self._abstract[value(number, "numId")] = child_value(number, "abstractNumId")
        self.root = None

    def label(self, properties: Any, style: str) -> str:
        """What is printed before the next heading, or "".

        Args:
            properties: its `w:numPr`, or that of its style.
            style: the id of its style.
        """
        kind = self._abstract.get(child_value(properties, "numId"), "")
        levels = self._levels.get(kind, {})
        of_style = next((p for p, each in levels.items() if each.style == style), 0)
        place = whole_number(child_value(properties, "ilvl"), of_style)
        level = levels.get(place)
        if level is None or level.form in ("none", "bullet"):
            return ""
        counts = self._counts.setdefault(kind, [])
        counts += [levels[p].start - 1 if p in levels else 0 for p in range(len(counts), place + 1)]
        counts[place] += 1
        del counts[place + 1 :]

        def written(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            if at >= len(counts) or at not in levels:
                return ""
            return _written(max(counts[at], levels[at].start), levels[at].form)

        return _PLACE.sub(written, level.text).strip()


def _level(element: Any) -> tuple[int, _Level]:
    start, place = child_value(element, "start"), value(element, "ilvl")
    return whole_number(place, _MOST_LEVELS), _Level(
        whole_number(start, 1),
        child_value(element, "numFmt"),
        child_value(element, "lvlText"),
        child_value(element, "pStyle"),
    )


def _written(number: int, form: str) -> str:
    if form in ("upperLetter", "lowerLetter") and 0 < number <= 26:
        letter = chr(ord("A") + number - 1)
        return letter if form == "upperLetter" else letter.lower()
    if form in ("upperRoman", "lowerRoman") and 0 < number <= _MOST:
        numeral = ""
        for value, sign in _ROMAN:
            numeral += sign * (number // value)
            number %= value
        return numeral if form == "upperRoman" else numeral.lower()
    return str(number)
