"""Large first letters that books show as pictures: the letter belongs to the word after it."""

from __future__ import annotations

import re
from typing import Any

_INITIAL = re.compile(r"[\"'“‘«„]?[^\W\d_]")
_FIRST_WORD = re.compile(r"[^\W\d_]+")


def is_initial(described: str) -> bool:
    """Whether what a picture shows is a letter, with or without a quotation mark before it."""
    return _INITIAL.fullmatch(described) is not None and described[-1].isupper()


def joined(initial: str, following: str) -> str:
    """The text after such a picture with its letter, unless the text has the whole word, or is another sentence."""
    said = following.lstrip()
    word = _FIRST_WORD.match(said)
    if word is None or said[0].upper() == initial[-1] or not (said[0].islower() or word.group().isupper()):
        return following
    # "A" and "I" are words, too, where there is a space.
    apart = initial[-1] in "AIO" and following[0] == " "
    return f"{initial}{' ' if apart else ''}{said}"


def is_hidden(node: Any) -> bool:
    """Whether a hidden element holds the letter that a picture before it shows: the word goes on right after it."""
    said = "".join(node.itertext()).strip()
    following = (node.tail or "")[:1]
    return is_initial(said) and following.isalpha()
