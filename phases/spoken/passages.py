"""A paragraph parted by language: what the book marks is said by the rules, and the voice, of its own language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from phases.readers import foreign, text

RULE = "marked-language"
"""The name of its switch."""

_FEWEST_WORDS = 2
"""A single foreign word in a sentence stays in it: to change the voice for it disturbs more than it helps."""

_BEFORE = re.compile(r"[\"'“‘«„‚(\[¿¡—–-]*$")
_AFTER = re.compile(r"[.,;:!?…\"'”’»“‘)\]—–-]*")
_SENTENCE_END = re.compile(r"[.!?…:][\"'”’»)\]]*\s*$")
_SENTENCE_START = re.compile(r"\s*+[\"'“‘«„‚(\[¿¡—–-]*+\s*+(?![a-zà-ÿ])")
_BEYOND_LATIN = re.compile("[\u0370-\u1dff\u1f00-\u1fff\u2c00-\ua71f\ua800-\uab2f\uac00-\ufaff\ufb1d-\ufeff]")


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a paragraph that is in one language.

    Attributes:
        start: where it begins in the paragraph's text.
        end: where it ends; the parts of a paragraph cover it.
        language: its BCP 47 tag.
        continues: whether the sentence before it goes on in it.
    """

    start: int
    end: int
    language: str
    continues: bool = False


def parted(content: str, marks: Iterable[foreign.Passage], language: str) -> list[Passage]:
    """The parts of a paragraph, in order; one where all of it is in the book's language.

    Args:
        content: the paragraph's text.
        marks: rows (start, end, BCP 47 tag) of what the book marks, in order.
        language: the book's.
    """
    found = [Passage(0, len(content), language)]
    for start, end, tag in _marked(content, marks, language):
        last = found.pop()
        if text.has_word(content[last.start : start]):
            found.append(Passage(last.start, start, language, last.continues))
        else:
            start = last.start
        rest = content[end:]
        if not text.has_word(rest):
            return [*found, Passage(start, len(content), tag, bool(found) and _goes_on(content, start))]
        found.append(Passage(start, end, tag, bool(found) and _goes_on(content, start)))
        found.append(Passage(end, len(content), language, _goes_on(content, end)))
    return found


def _marked(content: str, marks: Iterable[foreign.Passage], language: str) -> Iterator[foreign.Passage]:
    """The marks that are passages, with the punctuation that belongs to them, without overlap."""
    position = 0
    for start, end, tag in marks:
        start, end = max(start, position), min(end, len(content))
        if start >= end or foreign.is_same(tag, language) or not text.has_word(content[start:end]):
            continue
        opening, closing = _BEFORE.search(content, position, start), _AFTER.match(content, end)
        start = opening.start() if opening else start
        end = closing.end() if closing else end
        if content[end : end + 1].isalnum() or content[start - 1 : start].isalnum():
            continue  # a part of a word
        if _stands_alone(content, start, end):
            position = end
            yield start, end, tag


def _stands_alone(content: str, start: int, end: int) -> bool:
    said = content[start:end]
    if text.count_words(said) >= _FEWEST_WORDS or _BEYOND_LATIN.search(said):
        return True
    before, after = content[:start], content[end:]
    begins = not text.has_word(before) or _SENTENCE_END.search(before) is not None
    return begins and (not text.has_word(after) or _SENTENCE_END.search(said) is not None)


def _goes_on(content: str, offset: int) -> bool:
    """Whether a sentence goes on at an offset."""
    return not _SENTENCE_END.search(content[:offset]) or not _SENTENCE_START.match(content, offset)
