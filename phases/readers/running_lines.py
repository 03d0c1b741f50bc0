"""Running headers that a scan has left among the paragraphs: "42 THE RAIN", again and again inside sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from phases.readers.document import Paragraph
from phases.readers.text import SENTENCE_ENDS

_NUMBER_FIRST = re.compile(r"(?P<number>\d{1,4})\W{1,5}(?P<words>[^\W\d].{0,80})")
_NUMBER_LAST = re.compile(r"(?P<words>.{0,80}[^\W\d]\W{0,3})\s(?P<number>\d{1,4})")
_FEWEST, _MOST_CUT = 3, 0.5
# A hyphen is where a line was cut.
_SENTENCE_ENDS = tuple(end for end in SENTENCE_ENDS if end != "-")


def places(paragraphs: Sequence[Paragraph]) -> frozenset[int]:
    """Where the same words stand with numbers that go up, and most of the time in the middle of a sentence.

    Args:
        paragraphs: the spoken ones of a chapter.
    """
    found: dict[str, list[tuple[int, int]]] = {}
    for place, paragraph in enumerate(paragraphs):
        match = _NUMBER_FIRST.fullmatch(paragraph.text) or _NUMBER_LAST.fullmatch(paragraph.text)
        if match and not paragraph.level:
            found.setdefault(match["words"].strip().casefold(), []).append((place, int(match["number"])))
    taken: set[int] = set()
    for lines in found.values():
        cut = sum(_cuts(paragraphs, place) for place, _ in lines)
        rising = all(before < after for (_, before), (_, after) in pairwise(lines))
        if len(lines) >= _FEWEST and rising and cut >= _MOST_CUT * len(lines):
            taken.update(place for place, _ in lines)
    return frozenset(taken)


def _cuts(paragraphs: Sequence[Paragraph], place: int) -> bool:
    """Whether a sentence goes on behind a paragraph that has begun before it."""
    if place == 0 or place + 1 == len(paragraphs):
        return False
    return not paragraphs[place - 1].text.endswith(_SENTENCE_ENDS) and paragraphs[place + 1].text[:1].islower()
