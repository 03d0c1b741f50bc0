# SPDX-License-Identifier: MIT
"""The one table of a book's phases; order, command-line choices, config keys and stages derive from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of a book.

    Attributes:
        number: as it is typed, such as ``5.5``.
        key: as it is stored in the document, such as ``phase5_5``.
        name: as it is called, such as ``subtitles``.
        stage: what a book is called once this phase is done.
    """

    number: str
    key: str
    name: str
    stage: str


PHASES: tuple[Phase, ...] = (
    Phase("1", "phase1", "validation", "VALIDATED"),
    Phase("2", "phase2", "extraction", "EXTRACTED"),
    Phase("3", "phase3", "chunking", "CHUNKED"),
    Phase("4", "phase4", "synthesis", "SYNTHESIZED"),
    Phase("5", "phase5", "enhancement", "ENHANCED"),
    Phase("5.5", "phase5_5", "subtitles", "SUBTITLED"),
)
