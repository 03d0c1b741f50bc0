"""What a batch will do with each book, decided before any book starts."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator.config import Config
from orchestrator.decisions import MissingInputError, decide, taken_as_given
from orchestrator.promotion import is_in_place
from orchestrator.records import BookRecords
from orchestrator.settings import Settings
from orchestrator.sources import Source, examine, printable
from pipeline_common import PipelineState
from pipeline_common.books import book_id


class Fate(Enum):
    """What happens to a book in this batch."""

    RUN = "run"
    DONE = "done"
    DUPLICATE = "duplicate"
    LATER = "later"
    BLOCKED = "blocked"


STARTED = frozenset({Fate.RUN, Fate.BLOCKED})
"""The fates that start an orchestrator; a blocked book's ends at once and records why."""


@dataclass(frozen=True, slots=True)
class PlannedBook:
    """One book of a batch.

    Attributes:
        book_id: the book.
        path: its file, absolute.
        name: its path below the input folder, printable.
        fate: what happens to it.
        reason: a few words or a sentence for a person.
        source: the facts of its file; None where it cannot be read.
        given: what it takes as given from phases that were not asked for.
    """

    book_id: str
    path: Path
    name: str
    fate: Fate
    reason: str
    source: Source | None
    given: str = ""


def plan_batch(
    paths: Sequence[Path], config: Config, state: PipelineState, document: Mapping[str, Any]
) -> list[PlannedBook]:
    """Decide the fate of every book.

    Args:
        paths: the books in natural order.
        config: the configuration.
        state: the open state.
        document: its committed document.

    Returns:
        One entry a book, in the order of `paths`.
    """
    settings = Settings.of(config)
    real_folder = cache(os.path.realpath)  # most books lie in one folder
    planned = [_plan_book(path, config, settings, state, document, real_folder) for path in paths]
    planned = _without_duplicates(planned, config)
    if config.batch_size is None:
        return planned
    room = config.batch_size
    limited = []
    for book in planned:
        if book.fate in STARTED:
            room -= 1
            if room < 0:
                book = _with_fate(book, Fate.LATER, f"batch_size is {config.batch_size}; the next run takes it")
        limited.append(book)
    return limited


def _plan_book(
    path: Path,
    config: Config,
    settings: Settings,
    state: PipelineState,
    document: Mapping[str, Any],
    real_folder: Callable[[Path], str],
) -> PlannedBook:
    identity = book_id(path, config.root)
    name = printable(os.path.relpath(f"{real_folder(path.parent)}/{path.name}", real_folder(config.input_dir)))
    records = BookRecords(state, identity, document)
    try:
        source = examine(path, config.root, records.book.get("source"), verify=settings.verify)
        decisions = decide(records, settings, source, settings.phases())
    except OSError as error:
        return PlannedBook(identity, path, name, Fate.RUN, f"cannot be read: {error.strerror}", None)
    except MissingInputError as error:
        return PlannedBook(identity, path, name, Fate.BLOCKED, str(error), source)
    first = next((decision for decision in decisions if decision.runs), None)
    if first is None and (not records.deliverables() or is_in_place(records, settings)):
        return PlannedBook(identity, path, name, Fate.DONE, "done", source)
    reason = (
        f"from phase {first.phase.number} ({first.phase.name}): {first.reason}" if first else "not yet put into place"
    )
    given = taken_as_given(records, settings, source, decisions)
    given_text = "; ".join(f"of phase {phase.number} ({phase.name}) {what}" for phase, what in given)
    return PlannedBook(identity, path, name, Fate.RUN, reason, source, given_text)


def _without_duplicates(planned: Sequence[PlannedBook], config: Config) -> list[PlannedBook]:
    """Of books with the same bytes one is spoken: one that is done already, else the first in natural order."""
    by_size: dict[int, list[PlannedBook]] = defaultdict(list)
    for book in planned:
        if book.source is not None and book.source.size_bytes > 0:
            by_size[book.source.size_bytes].append(book)
    spoken: dict[str, PlannedBook] = {}
    for book in sorted((b for group in by_size.values() if len(group) > 1 for b in group), key=_done_first):
        assert book.source is not None  # noqa: S101 - only books with a source were grouped
        spoken.setdefault(book.source.sha256, book)
    result = []
    for book in planned:
        chosen = spoken.get(book.source.sha256) if book.source else None
        if chosen is None or chosen is book or book.fate is Fate.DONE:
            result.append(book)
        else:
            result.append(
                _with_fate(book, Fate.DUPLICATE, f"the same bytes as {chosen.name}, which is the one that is spoken")
            )
    return result


def _done_first(book: PlannedBook) -> bool:
    return book.fate is not Fate.DONE


def _with_fate(book: PlannedBook, fate: Fate, reason: str) -> PlannedBook:
    return PlannedBook(book.book_id, book.path, book.name, fate, reason, book.source)
