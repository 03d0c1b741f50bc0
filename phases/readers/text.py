"""Small facts about text that every reader needs."""

from __future__ import annotations

import re

# Invisible marks that say where a word may be broken, and byte order marks: no part of the text.
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\ufeff\ufffe"))
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_EMPHASIS = re.compile(r"(?<!\w)_(?=[^\s_])([^_]{1,5000})(?<=\S)_(?!\w)")
SENTENCE_ENDS = tuple(".!?…\"'”’»:;—–-)]*_")
"""What a paragraph ends with that a page or a number may follow: the end of a sentence, or of what leads on to one."""

_MOST_DIGITS = 9
_WORD = re.compile(r"[^\W_]")
# Longer is no paragraph of a book, and all its underscores would cost much memory.
_LONGEST_EMPHASISED = 200_000
_SPACES = re.compile(r"\s{2,}|[^\S ]")
# Every word as a string of its own costs much more memory than the text.
_LONGEST_SPLIT = 100_000
_FEWEST_SPACED, _MOST_SPACED, _LONGEST_SPACED = 4, 0.8, 300
_WIDE_GAP = re.compile(r"\s{2,}")
_CAPITALS = re.compile(r"[^a-z\d]*")
_WORDS = re.compile(r"\w+(?:['’\-]\w+)*")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def names(words: str) -> frozenset[str]:
    """The words of a line as a set, for tables of names."""
    return frozenset(words.split())


def one_line(text: str) -> str:
    """`text` as one line with single spaces, without control characters and soft hyphens."""
    cleaned = _CONTROL.sub("", text.translate(_INVISIBLE))
    if len(cleaned) > _LONGEST_SPLIT:
        return _SPACES.sub(" ", cleaned).strip()
    return " ".join(cleaned.split())


def lines(text: str, end: str = "\n") -> str:
    """The lines of `text` that are not empty, each as `one_line` makes it, joined by line ends.

    Args:
        text: any text.
        end: what ends a line in it.
    """
    return "\n".join(line for line in map(one_line, text.split(end)) if line)


def without_emphasis(text: str) -> str:
    """`text` without the underscores that plain text puts around emphasised words."""
    return _EMPHASIS.sub(r"\1", text) if "_" in text and len(text) <= _LONGEST_EMPHASISED else text


def closed_up(line: str) -> str:
    """A letter-spaced line ("T h e   G i f t") as words, where wider gaps show where these end; others unchanged.

    Without wider gaps it is one word, if it is long enough to be one and no row of letters such as "A B C D E".
    """
    if len(line) > _LONGEST_SPACED:
        return line
    found = line.split()
    if len(found) < _FEWEST_SPACED or sum(len(part) == 1 for part in found) < _MOST_SPACED * len(found):
        return line
    words = ["".join(word.split()) for word in _WIDE_GAP.split(line.strip())]
    letters = [part.casefold() for part in found]
    if len(words) == 1 and (letters == sorted(letters) or not _CAPITALS.fullmatch(words[0])):
        return line
    return line[: len(line) - len(line.lstrip())] + " ".join(words)


def without_ligatures(text: str) -> str:
    """`text` with typographic ligatures such as "ﬁ" as the letters that they stand for."""
    return text.translate(_LIGATURES)


def whole_number(said: str, otherwise: int) -> int:
    """What an attribute of a file counts, or another number where it is none, or has too many digits."""
    return int(said) if said.isdecimal() and len(said) <= _MOST_DIGITS else otherwise


def has_word(text: str) -> bool:
    """Whether there is a letter or a digit of any script in `text`: something to speak."""
    return _WORD.search(text) is not None


def count_words(text: str) -> int:
    """How many words there are in `text`: runs of letters and digits, with apostrophes and hyphens inside.

    Chinese and Japanese have no spaces: two of their characters count as a word, which is what they have on average.
    """
    count = sum(1 for _ in _WORDS.finditer(text))
    if text.isascii():
        return count
    return count + sum((match.end() - match.start() - 1) // 2 for match in _UNSPACED.finditer(text))


def is_scene_break(text: str) -> bool:
    """Whether `text` is an ornament between scenes, such as ``* * *``."""
    return bool(text) and not has_word(text) and (len(text) <= 40 or len(set(text)) == 1)
