"""The beginning of a book: what a sample is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from phases.readers.text import count_words

# Scripts without spaces between words; about two characters are a word.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[.!?…][”’\"')\]]*(?=\s|$)|[。！？][」』”’]*")
# A sentence that goes on for longer than this is broken off.
_MOST_CHARACTERS_MORE = 1000


@dataclass(slots=True)
class Beginning:
    """Lets the rows of ``text.jsonl`` through until enough is spoken.

    Attributes:
        wanted: so many words, or a few more: the last sentence is whole.
        words: of them so far.
        chapters: the numbers of those that have begun.
    """

    wanted: int
    words: int = 0
    chapters: set[int] = field(default_factory=set)

    def of(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The first of some rows; all of them are taken, because who gives them counts them."""
        for row in rows:
            if self.words >= self.wanted:
                continue
            if row["omit"] is None:
                row = {**row, "text": _first(row["text"], self.wanted - self.words)}
                self.words += _size(row["text"])
                self.chapters.add(row["chapter"])
            yield row


def _first(text: str, words: int) -> str:
    """The sentences of a paragraph that have so many words, or all of it."""
    total = _size(text)
    if total <= words:
        return text
    enough = len(text) * words // total
    for found in _SENTENCE_END.finditer(text, max(0, enough - 1), enough + _MOST_CHARACTERS_MORE):
        return text[: found.end()]
    rest = text[enough : enough + _MOST_CHARACTERS_MORE]
    if len(text) <= enough + _MOST_CHARACTERS_MORE:
        return text
    return text[: enough + len(rest.partition(" ")[0])]


def _size(text: str) -> int:
    return max(count_words(text), len(_UNSPACED.findall(text)) // 2)
