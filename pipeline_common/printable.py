# SPDX-License-Identifier: MIT
"""Text of strangers made harmless for a terminal."""

from __future__ import annotations

import unicodedata

_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """`text` on one line of a terminal.

    Line ends, control characters, bytes that are no UTF-8, and characters that change the direction of what
    follows stand escaped.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if char in _REORDERING or unicodedata.category(char) in _UNPRINTABLE
        else char
        for char in text
    )
