# SPDX-License-Identifier: MIT
"""Which entries of a document are stale: files are gone that, at the stage that they are at, must be there.

A life cycle says in `required_paths` where the paths stand, in this notation:

===================================  ==================================================================================
``releases.staging_dir``             the file or folder that this field of the record in the section ``releases`` names
``phase1.artifacts.*.path``          the same of every value of ``artifacts``; of none where there are none
``books.source.path?``               the same, where the field is there; without ``?``, one that is missing is stale
``phase4.timings.path/../chunks/*``  what lies at that path from there; ``*`` at the end is any file in that folder
===================================  ==================================================================================

A relative path is relative to the folder of the state file. Nothing here opens or changes a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipeline_common.lifecycle import Lifecycle


@dataclass(frozen=True, slots=True)
class Stale:
    """An entry whose files are not all there.

    Attributes:
        name: the entry's (a book's, say).
        stage: how far it is, by its records.
        section: the section whose record is no longer true.
        missing: the path of what is gone; the name of the field where that says none.
    """

    name: str
    stage: str
    section: str
    missing: str


@dataclass(frozen=True, slots=True)
class _Place:
    """One required path, taken apart."""

    text: str
    section: str
    keys: tuple[str, ...]
    beyond: str
    optional: bool
    any_file: bool


def stale_of(name: str, records: Mapping[str, Any], lifecycle: Lifecycle, root: str | os.PathLike[str]) -> Stale | None:
    """What is missing first of an entry, in the order of `required_paths`; None where all is there.

    Args:
        name: the entry's.
        records: its records by section.
        lifecycle: what they mean.
        root: the folder of the state file.
    """
    stage = lifecycle.stage_of(records)
    for text in lifecycle.required_paths.get(stage, ()):
        place = _parsed(text)
        for value in _values(records.get(place.section), place.keys):
            missing = _missing(value, place, root)
            if missing:
                return Stale(name, stage, place.section, missing)
    return None


def take_back(document: Any, stale: Stale, lifecycle: Lifecycle) -> None:
    """Remove from a document what is no longer true of a stale entry, in place.

    That is its records of the phase whose files are gone and of all later ones; all of its records where that is the
    first phase, or no phase.
    """
    keys = lifecycle.phases
    later = keys[keys.index(stale.section) :] if stale.section in keys[1:] else None
    for place in lifecycle.records:
        if later is None or place[0] in later:
            holder: Any = document
            for key in place:
                holder = holder.get(key) if isinstance(holder, dict) else None
            if isinstance(holder, dict):
                holder.pop(stale.name, None)


def _missing(value: Any, place: _Place, root: str | os.PathLike[str]) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        return "" if place.optional and value is None else place.text
    path = os.path.join(root, value)
    if place.beyond:
        path = os.path.normpath(os.path.join(path, place.beyond))
    try:
        there = _has_files(path) if place.any_file else os.path.exists(path)
    except (ValueError, UnicodeEncodeError):  # no name that a file can have
        there = False
    return "" if there else path


def _has_files(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(not entry.name.startswith(".") for entry in entries)
    except OSError:
        return False


def _values(node: Any, keys: tuple[str, ...]) -> Iterator[Any]:
    """The values at a path of keys; None for one that is missing."""
    if not keys:
        yield node
    elif keys[0] == "*":
        for value in node.values() if isinstance(node, dict) else ():
            yield from _values(value, keys[1:])
    else:
        yield from _values(node.get(keys[0]) if isinstance(node, dict) else None, keys[1:])


@lru_cache(maxsize=256)
def _parsed(text: str) -> _Place:
    field, _, beyond = text.partition("/")
    section, *keys = field.removesuffix("?").split(".")
    any_file = beyond == "*" or beyond.endswith("/*")
    beyond = beyond.removesuffix("*").rstrip("/") if any_file else beyond
    return _Place(text, section, tuple(keys), beyond, field.endswith("?"), any_file)
