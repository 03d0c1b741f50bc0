# SPDX-License-Identifier: MIT
"""Words for people that several commands share."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as ``1 book`` or ``12 books``."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"
