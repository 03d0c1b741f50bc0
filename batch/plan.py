"""What a batch will do with each book, decided before any book starts."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from batch.halves import in_halves
from orchestrator.beside import fault_beside, may_lie_beside
from orchestrator.config import Config
from orchestrator.decisions import MissingInputError, decide, given_up, taken_as_given
from orchestrator.promotion import is_in_place
from orchestrator.records import BookRecords, seconds_until
from orchestrator.run import usable_cores
from orchestrator.settings import Settings
from orchestrator.sources import Source, examine, printable
from pipeline_common import PipelineState
from pipeline_common.books import BookIds
from pipeline_common.statuses import FAILED, PENDING, SKIPPED
from pipeline_common.view import View

_MANY = 1000
"""From so many books on it is worth to look at them in two processes."""


class Fate(Enum):
    """What happens to a book in this batch."""

    RUN = "run"
    DONE = "done"
    DUPLICATE = "duplicate"
    LATER = "later"
    BLOCKED = "blocked"
    GIVEN_UP = "given up"


STARTED = frozenset({Fate.RUN, Fate.BLOCKED})
"""The fates that start an orchestrator; a blocked book's ends at once and records why."""


@dataclass(slots=True)  # frozen but for its cost: there is one for each book of a library
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
        due_s: in how many seconds it may start, because it has failed a short while ago.
        noted: whether the document says all this already, so that there is nothing to record of a book that is done.
    """

    book_id: str
    path: str
    name: str
    fate: Fate
    reason: str
    source: Source | None
    given: str = ""
    due_s: float = 0.0
    noted: bool = False

    def as_row(self) -> list[Any]:
        """All but the path, as JSON data."""
        source = self.source and list(self.source.as_record().values())
        return [self.book_id, self.name, self.fate.value, self.reason, source, self.given, self.due_s, self.noted]

    @classmethod
    def from_row(cls, path: str, row: list[Any]) -> PlannedBook:
        """The book that `as_row` was of."""
        book_id, name, fate, reason, source, *more = row
        return cls(book_id, path, name, Fate(fate), reason, source and Source(*source), *more)


def plan_batch(paths: Sequence[str], config: Config, state: PipelineState, view: View) -> list[PlannedBook]:
    """Decide the fate of every book.

    Args:
        paths: the books in natural order.
        config: the configuration.
        state: the open state.
        view: its committed document.

    Returns:
        One entry a book, in the order of `paths`.
    """
    planner = _Planner(config, state, view)
    planned = _without_duplicates(planner.plan_all(paths))
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


class _Planner:
    """Plans one book after another; what holds of all of them, or of a folder, is found out once.

    Args:
        config: the configuration.
        state: the open state.
        view: its committed document.
    """

    def __init__(self, config: Config, state: PipelineState, view: View) -> None:
        self._root = config.root
        self._input_dir = os.path.realpath(config.input_dir)
        self._settings = Settings.of(config)
        self._phases = self._settings.phases()
        self._state = state
        self._view = view
        self._ids = BookIds(config.root)
        self._folders: dict[str, tuple[str, frozenset[str]]] = {}

    def plan_all(self, paths: Sequence[str]) -> list[PlannedBook]:
        """The fates of books, each but for those of others."""
        if len(paths) < _MANY or usable_cores() < 2:
            return [self.plan(path) for path in paths]
        rows = in_halves(paths, lambda path: self.plan(path).as_row())
        return [PlannedBook.from_row(path, row) for path, row in zip(paths, rows, strict=True)]

    def plan(self, path: str) -> PlannedBook:
        """The fate of a book, but for those of others."""
        folder, _, file_name = path.rpartition("/")
        identity = self._ids.of(folder, file_name)
        shown, listed = self._folder(folder)
        name = printable(shown + file_name)
        known = self._view.records_of(identity)
        records = BookRecords(self._state, identity, known)
        recorded = records.book.get("source")
        try:
            source = examine(path, self._root, recorded, verify=self._settings.verify, listed=listed)
            decisions = decide(records, self._settings, source, self._phases)
        except OSError as error:
            return PlannedBook(identity, path, name, Fate.RUN, f"cannot be read: {error.strerror}", None)
        except MissingInputError as error:
            return PlannedBook(identity, path, name, Fate.BLOCKED, str(error), source)
        first = next((decision for decision in decisions if decision.runs), None)
        if first is None and (not records.deliverables() or is_in_place(records, self._settings)):
            entry = passed_over_entry(Fate.DONE, "", source.path)
            noted = recorded == source.as_record() and has_entry(known.get("batch"), entry)
            return PlannedBook(identity, path, name, Fate.DONE, "done", source, noted=noted)
        hopeless = given_up(records, self._settings, source, decisions)
        if hopeless:
            reason = f"{hopeless} To have it tried again: pipeline-state retry {identity}"
            return PlannedBook(identity, path, name, Fate.GIVEN_UP, reason, source)
        fault = fault_beside(source.beside)
        if fault and first and first.phase.name == "validation":
            return PlannedBook(identity, path, name, Fate.BLOCKED, fault, source)
        reason = "not yet put into place"
        if first:
            reason = f"from phase {first.phase.number} ({first.phase.name}): {first.reason}"
        given = taken_as_given(records, self._settings, source, decisions)
        given_text = "; ".join(f"of phase {phase.number} ({phase.name}) {what}" for phase, what in given)
        due_s = seconds_until(records.book.get("next_try_at"))
        return PlannedBook(identity, path, name, Fate.RUN, reason, source, given_text, due_s)

    def _folder(self, folder: str) -> tuple[str, frozenset[str]]:
        """What stands before the names of the files of a folder, and what in it may lie beside a book."""
        known = self._folders.get(folder)
        if known is None:
            below = os.path.relpath(os.path.realpath(folder), self._input_dir)
            shown = "" if below == os.curdir else f"{below}/"
            known = self._folders[folder] = shown, frozenset(filter(may_lie_beside, os.listdir(folder)))
        return known


def passed_over_entry(fate: Fate, reason: str, source_path: str) -> dict[str, Any]:
    """What the batch section says of a book that is not started."""
    return {
        "status": {Fate.LATER: PENDING, Fate.GIVEN_UP: FAILED}.get(fate, SKIPPED),
        "error_message": reason if fate in (Fate.DUPLICATE, Fate.GIVEN_UP) else None,
        "errors": [],
        "source_path": source_path,
        "was_skipped": True,
        "exit_code": None,
        "started_at": None,
        "completed_at": None,
        "duration_sec": None,
    }


def has_entry(known: Any, entry: Mapping[str, Any]) -> bool:
    """Whether the batch section says that of a book already."""
    return isinstance(known, dict) and {**known, **entry} == known


def _without_duplicates(planned: Sequence[PlannedBook]) -> list[PlannedBook]:
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
