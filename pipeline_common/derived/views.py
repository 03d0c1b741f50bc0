# SPDX-License-Identifier: MIT
"""The views of one state: brought up to date from its commits, made anew where they cannot be, and compared with it.

Nobody who commits waits for them: they have a lock of their own, and read what is on the disk.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from filelock import FileLock, Timeout

from pipeline_common.audit import COMMITS
from pipeline_common.derived.database import Authors, Database
from pipeline_common.derived.listing import Listing
from pipeline_common.derived.pages import Pages
from pipeline_common.derived.position import Position, position
from pipeline_common.derived.rows import steps_of
from pipeline_common.errors import StateLockError, StateReadError
from pipeline_common.history import Change
from pipeline_common.state import PipelineState
from pipeline_common.view import View

SQLITE, YAML, JSON = KINDS = ("sqlite", "yaml", "json")

LOCK_TIMEOUT_S = 300.0
"""Making a view of 100,000 books anew takes a minute or two."""

_MOST_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What it took to bring a view up to date.

    Attributes:
        revision: the commit that it is of now.
        commits: how many were taken in; None where it was made anew.
    """

    revision: int
    commits: int | None

    def __str__(self) -> str:
        if self.commits is None:
            return f"was made, of revision {self.revision}"
        if not self.commits:
            return f"is up to date, at revision {self.revision}"
        behind = "1 commit" if self.commits == 1 else f"{self.commits:,} commits"
        return f"was {behind} behind, and is at revision {self.revision} now"


class _StartAnewError(Exception):
    """The commits do not lead from what a view was made of to what the document is now."""


class Views:
    """All views of a state.

    Args:
        state: the open state.
    """

    def __init__(self, state: PipelineState) -> None:
        self._state = state
        self._files = state.files
        self._lifecycle = state.lifecycle
        self._views: dict[str, Database | Pages | Listing] = {
            SQLITE: Database(self._files.database, self._lifecycle),
            YAML: Pages(self._files.pages, self._lifecycle),
            JSON: Listing(self._files.index, self._lifecycle),
        }

    def path(self, kind: str) -> Path:
        """Where a view lies."""
        return self._views[kind].path

    def exists(self, kind: str) -> bool:
        """Whether there is anything of it."""
        return self.path(kind).exists()

    def catch_up(self, kinds: Iterable[str]) -> dict[str, Outcome]:
        """Bring views up to date.

        Raises:
            StateError: the document cannot be read, or another process makes views all the time.
            OSError: the disk refused; a view that was broken off is made anew the next time.
        """
        kinds = list(dict.fromkeys(kinds))
        current = {kind: made.revision for kind in kinds if (made := self._current(kind))}
        if len(current) == len(kinds):
            return {kind: Outcome(revision, 0) for kind, revision in current.items()}
        with self._lock():
            look = _Look(self._state)
            return {kind: self._caught_up(kind, look) for kind in kinds}

    def rebuild(self, kinds: Iterable[str]) -> dict[str, Outcome]:
        """Make views anew.

        Raises:
            StateError, OSError: as `catch_up`.
        """
        with self._lock():
            look = _Look(self._state)
            return {kind: self._rebuilt(kind, look) for kind in kinds}

    @contextmanager
    def readable_database(self) -> Iterator[tuple[Path, Outcome]]:
        """A database that is up to date; in a folder that cannot be written to, one that is removed at the end.

        Raises:
            StateError, OSError: as `catch_up`.
        """
        try:
            outcome = self.catch_up([SQLITE])[SQLITE]
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
        else:
            yield self._files.database, outcome
            return
        with TemporaryDirectory() as folder:
            database = Database(Path(folder, "state.db"), self._lifecycle)
            look = _Look(self._state)
            database.rebuild(look.view, look.at, look.history(), look.authors(0))
            yield database.path, Outcome(look.at.revision, None)

    def faults(self, kinds: Iterable[str]) -> Iterator[tuple[str, str]]:
        """What is wrong with those of the views that are there: the kind, and in which way.

        A view that is merely behind is compared for the entries that have not changed since.

        Raises:
            StateError: the document cannot be read.
        """
        kinds = [kind for kind in kinds if self.exists(kind)]
        look = _Look(self._state)
        for kind in kinds:
            view = self._views[kind]
            made = view.position()
            if made is None:
                yield kind, "it is damaged, or somebody else has written to it"
                continue
            try:
                besides = frozenset() if made.is_same_as(look.at) else self._changed_since(made, look)
            except _StartAnewError:
                continue  # it is of another document, and the next to use it makes it anew
            if isinstance(view, Database):
                with TemporaryDirectory() as folder:
                    fresh = Database(Path(folder, "state.db"), self._lifecycle)
                    fresh.rebuild(look.view, look.at, look.history(), {})
                    found = list(view.differences(fresh.path, besides))
            else:
                found = list(view.differences(look.entries(), besides))
            yield from ((kind, what) for what in found)

    # -- one view -----------------------------------------------------------------------------------------------------

    def _current(self, kind: str) -> Position | None:
        """The commit that a view was made of, where that is the present one."""
        made = self._views[kind].position()
        return made if made is not None and made.is_same_as(self._now()) else None

    def _caught_up(self, kind: str, look: _Look) -> Outcome:
        view = self._views[kind]
        made = view.position()
        now = self._now()
        if made is not None and made.is_same_as(now):
            return Outcome(made.revision, 0)
        try:
            return self._followed(view, self._since(made, now), now, look)
        except (_StartAnewError, StateReadError, sqlite3.DatabaseError, ValueError):
            return self._rebuilt(kind, look)

    def _followed(
        self, view: Database | Pages | Listing, changes: Iterator[Change], now: Position, look: _Look
    ) -> Outcome:
        """Take in commits.

        Args:
            view: what takes them in.
            changes: the one that it is of, and those that follow.
            now: where the state is.
            look: at the document.
        """
        first = next(changes)
        way = _Way(first, changes, self._check_can_be_followed)
        if isinstance(view, Database):
            view.follow(way, look.authors(first.revision), look.oldest(), lambda: self._position_of(way.last, now))
        else:
            names = {name: None for change in way for name in self._names_in(change)}
            view.follow(look.records_of(names), self._position_of(way.last, now))
        return Outcome(way.last.revision, way.count)

    def _rebuilt(self, kind: str, look: _Look) -> Outcome:
        view = self._views[kind]
        if isinstance(view, Database):
            view.path.parent.mkdir(parents=True, exist_ok=True)
            view.rebuild(look.view, look.at, look.history(), look.authors(0))
        else:
            view.rebuild(look.entries(), look.at)
        return Outcome(look.at.revision, None)

    def _since(self, made: Position | None, now: Position) -> Iterator[Change]:
        """The commits from the one that a view was made of to the present one.

        Raises:
            _StartAnewError: they do not lead there.
            StateReadError: some are no longer in the history.
        """
        if made is None or made.at_s is None or not (made.trusted and now.trusted):
            raise _StartAnewError
        changes = self._state.changes(made.revision - 1)
        first = next(changes, None)
        # In a document that took the place of this one, the same number is another commit.
        if first is None or first.revision != made.revision or first.at != datetime.fromtimestamp(made.at_s, UTC):
            raise _StartAnewError
        yield first
        yield from takewhile(lambda change: change.revision <= now.revision, changes)

    def _check_can_be_followed(self, change: Change) -> None:
        """A document of an earlier version, put in place as a whole, is migrated by whoever reads it."""
        if change.operations and not change.operations[0][1]:
            document = change.operations[0][2]
            if not (isinstance(document, dict) and self._lifecycle.is_present(document)):
                raise _StartAnewError

    def _position_of(self, change: Change, now: Position) -> Position:
        at_s = change.at.timestamp()
        if change.revision == now.revision:
            return replace(now, at_s=at_s)
        return replace(now, revision=change.revision, generation="", at_s=at_s)

    def _names_in(self, change: Change) -> dict[str, None]:
        """The entries that a commit has changed.

        Raises:
            _StartAnewError: all of a section.
        """
        names = dict[str, None]()
        for step in steps_of(change, self._lifecycle):
            if step.name is None:
                raise _StartAnewError
            names[step.name] = None
        return names

    def _changed_since(self, made: Position, look: _Look) -> frozenset[str]:
        try:
            changes = self._since(made, look.at)
            next(changes)
            return frozenset(name for change in changes for name in self._names_in(change))
        except StateReadError as error:
            raise _StartAnewError from error

    def _now(self) -> Position:
        return position(self._files)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._files.views_lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._files.views_lock, timeout=LOCK_TIMEOUT_S):
                yield
        except Timeout as error:
            raise StateLockError(
                f"Another process has been making views of {self._files.state} for {LOCK_TIMEOUT_S:.0f} s. "
                "Wait until it has finished, or stop it, then try again."
            ) from error


class _Way:
    """Commits on the way from one to another, which remembers how far it has come."""

    def __init__(self, first: Change, changes: Iterator[Change], check: Callable[[Change], None]) -> None:
        self.last = first
        self.count = 0
        self._changes = changes
        self._check = check

    def __iter__(self) -> Iterator[Change]:
        for change in self._changes:
            self._check(change)
            self.last, self.count = change, self.count + 1
            yield change


class _Look:
    """The document and its history as they are when they are first asked for, and the same from then on."""

    def __init__(self, state: PipelineState) -> None:
        self._state = state

    @property
    def view(self) -> View:
        """The document."""
        return self._taken[0]

    @property
    def at(self) -> Position:
        """The commit that it is of."""
        return self._taken[1]

    @cached_property
    def _taken(self) -> tuple[View, Position]:
        for _ in range(_MOST_LOOKS):
            now = position(self._state.files)
            view, revision = self._state.glimpse()
            known = now.revision if now.generation else revision  # without a journal, only the file itself says it
            if known == revision and position(self._state.files).is_same_as(now):
                now = replace(now, revision=revision)
                break
        else:  # it changes all the time: the view is of no journal, so the commits are looked at the next time
            now = replace(now, revision=revision, generation="")
        at_s = next((c.at.timestamp() for c in self._state.history.kept(revision - 1) if c.revision == revision), None)
        trusted = now.trusted and self._state.lifecycle.is_present(view.document)
        return view, replace(now, at_s=at_s, trusted=trusted)

    def entries(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """All entries with their records by section."""
        for name in self.view.names():
            yield name, _present(self.view.records_of(name))

    def records_of(self, names: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The records of some entries."""
        for name in names:
            yield name, _present(self.view.records_of(name))

    def history(self) -> Iterator[Change]:
        """The commits that are kept, up to the document's."""
        return takewhile(lambda change: change.revision <= self.at.revision, self._state.history.kept())

    def oldest(self) -> int:
        """The oldest revision that is kept."""
        segments = self._state.history.segments()
        return segments[0][0] + 1 if segments else 0

    def authors(self, since: int) -> Authors:
        """Who made the commits after a revision, as far as the audit trail knows."""
        found: dict[int, tuple[str, int | None]] = {}
        for entry in self._state.audit_entries():
            revision = entry.get("revision")
            if (
                entry.get("success") is not True
                or entry.get("operation") not in COMMITS
                or not isinstance(revision, int)
            ):
                continue
            if revision <= since:
                break
            details = entry.get("details")
            named = details.get("operation") if isinstance(details, dict) else None
            pid = entry.get("pid")
            operation = named if isinstance(named, str) else str(entry["operation"])
            found.setdefault(revision, (operation, pid if isinstance(pid, int) else None))
        return found


def _present(records: Mapping[str, Any]) -> dict[str, Any]:
    return {section: record for section, record in records.items() if record is not None}
