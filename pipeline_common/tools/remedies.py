# SPDX-License-Identifier: MIT
"""What puts a fault right, as data: who finds a fault says it, and `repairs` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pipeline_common.stale import Stale


@dataclass(frozen=True, slots=True)
class Redo:
    """Forget a phase of the book, and all later ones: the next run does them again."""

    phase: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Forget what is no longer true of an entry whose files are gone."""

    stale: Stale


@dataclass(frozen=True, slots=True)
class Release:
    """Take back the claim that a phase of the book runs: it waits again."""

    phase: str


@dataclass(frozen=True, slots=True)
class Complete:
    """Move what is left of the book's finished files to its place."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove what an attempt has left, which is of no use to anybody."""

    paths: Sequence[str]


@dataclass(frozen=True, slots=True)
class SetAside:
    """Move files that nobody knows, or nobody can read, to the folder of conflicts."""

    paths: Sequence[str]


@dataclass(frozen=True, slots=True)
class Restore:
    """Put the newest document that can be read in the place of a damaged one."""


@dataclass(frozen=True, slots=True)
class Correct:
    """Take values out of the document that break its schema, and keep them beside it."""


@dataclass(frozen=True, slots=True)
class Reindex:
    """Make a derived view anew."""

    kind: str


Remedy: TypeAlias = Redo | TakeBack | Release | Complete | Remove | SetAside | Restore | Correct | Reindex
