# SPDX-License-Identifier: MIT
"""What identifies a book, and how far it has come."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.phases import PHASES
from pipeline_common.statuses import FAILED, PARTIAL, SKIPPED, SUCCESS

DISCOVERED = "DISCOVERED"
COMPLETE = "COMPLETE"
BOOK_FAILED = "FAILED"
BOOK_SKIPPED = "SKIPPED"

STAGES: tuple[str, ...] = (DISCOVERED, *(phase.stage for phase in PHASES), COMPLETE, BOOK_FAILED, BOOK_SKIPPED)
"""All that `stage` can answer."""

REQUIRED_PHASES: tuple[str, ...] = tuple(phase.key for phase in PHASES if "." not in phase.number)
"""The phases without which there is no audiobook; subtitles are optional."""

LONGEST_SLUG = 60
_BETWEEN = re.compile(r"[^a-z0-9]+")


def book_id(path: Path, root: Path) -> str:
    """The name of a book in the document, in folders and in messages.

    Adding, removing or editing a book changes no other's.

    Args:
        path: the book's file.
        root: the folder of the state file.

    Returns:
        The slug of the stem, a hyphen, and 8 hexadecimal digits of the SHA-256 of the path (Unicode NFC) relative to
        `root`, absolute where it lies outside. Folders are taken with their symbolic links resolved, the file itself
        as it is named, so that a link in the folder is a book of its own.
    """
    return BookIds(root).of(os.path.dirname(path), path.name)


class BookIds:
    """The ids of many books, as `book_id` gives them; links of a folder are resolved once.

    Args:
        root: the folder of the state file.
    """

    def __init__(self, root: Path) -> None:
        self._base = os.path.join(os.path.realpath(root), "")
        self._folders: dict[str, str] = {}

    def of(self, folder: str, name: str) -> str:
        """The id of the book that is called `name` in `folder`."""
        prefix = self._folders.get(folder)
        if prefix is None:
            real = os.path.join(os.path.realpath(folder), "")
            prefix = self._folders[folder] = real.removeprefix(self._base)
        relative = unicodedata.normalize("NFC", f"{prefix}{name}")
        # A name that is no UTF-8 comes as lone surrogates, which an ordinary encoding refuses.
        digest = hashlib.sha256(relative.encode("utf-8", "surrogatepass")).hexdigest()
        dot = name.rfind(".")
        return f"{_slug(name[:dot] if 0 < dot < len(name) - 1 else name)}-{digest[:8]}"


def stage(document: Mapping[str, Any], book: str) -> str:
    """How far a book has come, as a function of its phases.

    Args:
        document: as `PipelineState.read` gives it.
        book: its book_id.

    Returns:
        As `stage_of`.
    """
    phases = {phase.key: _at(document, phase.key, "files", book) for phase in PHASES}
    return stage_of({**phases, "books": _at(document, "books", book)})


def stage_of(records: Mapping[str, Any]) -> str:
    """How far a book has come, from its records by section.

    Returns:
        One of `STAGES`. `FAILED` where a phase failed; `SKIPPED` where validation found nothing to do, as for a copy of
        another book; `COMPLETE` where every required phase is done and the promotion recorded as done; otherwise the
        stage of the last phase in an unbroken row from the first.
    """
    statuses = {phase.key: AUDIOBOOK.normal_status(_at(records, phase.key, "status")) for phase in PHASES}
    if any(status in (FAILED, PARTIAL) for status in statuses.values()):
        return BOOK_FAILED
    if statuses[PHASES[0].key] == SKIPPED:
        return BOOK_SKIPPED
    promotion = _at(records, "books", "promotion", "state")
    if promotion == "done" and all(statuses[key] in (SUCCESS, SKIPPED) for key in REQUIRED_PHASES):
        return COMPLETE
    reached = DISCOVERED
    for phase in PHASES:
        if statuses[phase.key] == SUCCESS:
            reached = phase.stage
        elif statuses[phase.key] != SKIPPED:
            break
    return reached


def _slug(stem: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode("ascii").lower()
    return _BETWEEN.sub("-", ascii_text).strip("-")[:LONGEST_SLUG].rstrip("-") or "book"


def _at(document: Any, *keys: str) -> Any:
    for key in keys:
        # A dict is told at once, any other mapping only by its ancestors.
        document = document.get(key) if isinstance(document, (dict, Mapping)) else None
    return document
