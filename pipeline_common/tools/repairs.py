# SPDX-License-Identifier: MIT
"""Puts faults right. Nothing is deleted but what attempts have left and any run would remove: the rest is set aside.

What is in the document is changed in a transaction, by the holder of the book's lock.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from pipeline_common.derived.views import Views
from pipeline_common.errors import StateError, StateReadError
from pipeline_common.files import now, time_name
from pipeline_common.lifecycle import Lifecycle, records_of
from pipeline_common.stale import Stale, stale_of
from pipeline_common.tools.catalogue import section
from pipeline_common.tools.changes import cleared
from pipeline_common.tools.remedies import (
    Complete,
    Correct,
    Redo,
    Reindex,
    Release,
    Remove,
    Restore,
    SetAside,
    TakeBack,
)
from pipeline_common.tools.session import Session
from pipeline_common.tools.workspace import Fault, HeldError

REPAIR = "repair"
"""What the history calls it."""

_MOST_CORRECTIONS = 1000


class Repair:
    """One repair of a state and of what belongs to it.

    Args:
        session: whose state it is.
        operation: what the history calls its commits.

    Attributes:
        aside: the folder to which files are moved, which is made for the first of them.
    """

    def __init__(self, session: Session, operation: str = REPAIR) -> None:
        self._session = session
        self._operation = operation
        self.aside = session.state.files.conflicts / f"{time_name(now())}_{operation}"

    def mend(self, fault: Fault) -> str:
        """Put one fault right.

        Returns:
            What was done; empty where nothing was, as for a book that is being worked on now.

        Raises:
            StateError: the state cannot be used.
            OSError: a file cannot be moved or removed.
        """
        with self._alone_with(fault.book) as alone:
            if not alone:
                return ""
            return self._done(fault, fault.book or "")

    def _done(self, fault: Fault, book: str) -> str:
        match fault.remedy:
            case Redo(phase):
                return self._changed(lambda data: _redone(data, book, phase, self._session))
            case TakeBack(stale):
                return self.take_back(stale)
            case Release(phase):
                return self._changed(lambda data: _released(data, book, phase, self._session.lifecycle))
            case Complete():
                return self._completed(book)
            case Remove(paths):
                return self._removed(paths)
            case SetAside(paths):
                return self.set_aside(paths, fault.what)
            case Restore():
                return self._restored()
            case Correct():
                return self._corrected()
            case Reindex(kind):
                return f"{kind}: {Views(self._session.state).rebuild([kind])[kind]}"
            case None:
                return ""

    def take_back(self, stale: Stale) -> str:
        """Forget what is no longer true of an entry, down to what is."""
        state, lifecycle = self._session.state, self._session.lifecycle
        found: Stale | None = stale
        with state.transaction(operation=self._operation, validate=False) as txn:
            while found:
                _forget(txn.data, found, self._session)
                records = records_of(txn.data, stale.name, lifecycle)
                found = find_stale(stale.name, records, self._session) if records else None
        if not records:
            return "its records were removed: there is nothing left to go on with"
        return f"it is at {lifecycle.stage_of(records)} again"

    def set_aside(self, paths: Sequence[str], why: str) -> str:
        """Move files or folders to the folder of conflicts, where they keep their place below it."""
        root = self._session.state.path.parent
        for path in paths:
            inside = Path(os.path.abspath(path))
            place = inside.relative_to(root) if inside.is_relative_to(root) else Path("outside", *inside.parts[1:])
            target = self.aside / place
            target.parent.mkdir(parents=True, exist_ok=True)
            while target.exists():
                target = target.with_name(f"{target.name}.again")
            _move(path, target)
        self._note(f"{why}\nIt was moved here from: {', '.join(paths)}\n")
        return f"moved to {self.aside}"

    def _changed(self, change: Any) -> str:
        with self._session.state.transaction(operation=self._operation, validate=False) as txn:
            return str(change(txn.data))

    def _completed(self, book: str) -> str:
        workspace = self._session.workspace
        if workspace is None:
            return ""
        return workspace.complete(self._session.state, book)

    def _removed(self, paths: Sequence[str]) -> str:
        for path in paths:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                with suppress(FileNotFoundError):
                    os.unlink(path)
        return "removed"

    def _restored(self) -> str:
        return f"restored from {restored(self._session)}"

    def _corrected(self) -> str:
        """Take out what breaks the schema."""
        state, schema = self._session.state, self._session.lifecycle.schema
        if schema is None:
            return ""
        document = state.read()
        taken = list(_misfits(document, schema()))
        if not taken:
            return ""
        self.aside.mkdir(parents=True, exist_ok=True)
        (self.aside / "values.json").write_text(json.dumps([{"path": p, "value": v} for p, v in taken], indent=1))
        self._note("values.json has what was taken out of the document, because it breaks the schema.\n")
        with state.transaction(operation=self._operation, validate=False) as txn:
            for path, _ in taken:
                section(txn.data, *path[:-1]).pop(path[-1], None)  # type: ignore[attr-defined]
        return f"{', '.join('.'.join(path) for path, _ in taken)}: taken out, and kept in {self.aside / 'values.json'}"

    def _note(self, text: str) -> None:
        with (self.aside / "why.txt").open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)

    @contextmanager
    def _alone_with(self, book: str | None) -> Iterator[bool]:
        """Keep every worker away from a book; gives whether that was possible."""
        workspace = self._session.workspace
        try:
            with workspace.hold(book) if workspace and book else nullcontext():
                yield True
        except HeldError:
            yield False


def restored(session: Session) -> Path:
    """Put the newest document that can be read in the place of a damaged one; gives what it was made from.

    Raises:
        StateError: there is none; the file is kept.
    """
    state = session.state
    try:
        backup = state.recover()
    except StateReadError:  # no backup can be read, but the commits themselves may
        try:
            state.restore(revision=state.history.newest())
        except StateError:
            pass
        else:
            return state.files.segments
        raise
    return backup or state.path


def find_stale(name: str, records: Mapping[str, Any], session: Session) -> Stale | None:
    """What is missing of an entry; None where all is there, or nobody can say.

    A folder of the workspace that is not there may be on a disk that is not. And where a book's own file is gone, an
    audiobook that was made of it earlier is still to be known.
    """
    stale = stale_of(name, records, session.lifecycle, session.state.path.parent)
    if stale is None or (stale.section == "books" and section(records, "books", "promotion", "files")):
        return None
    absent = [folder for folder in session.workspace.folders if not folder.is_dir()] if session.workspace else []
    return None if any(Path(stale.missing).is_relative_to(folder) for folder in absent) else stale


def forget(document: Any, book: str, session: Session) -> None:
    """Remove all records of a book. One with an audiobook in the output folder goes on being known by that."""
    if section(document, "books", book, "promotion", "files"):
        cleared(document, book, session.phases, session.lifecycle)
        return
    for place in session.lifecycle.records:
        section(document, *place).pop(book, None)  # type: ignore[attr-defined]


def _forget(document: Any, stale: Stale, session: Session) -> None:
    phases = [phase.key for phase in session.phases]
    if stale.section in phases[1:]:
        cleared(document, stale.name, session.phases[phases.index(stale.section) :], session.lifecycle)
    else:
        forget(document, stale.name, session)


def _redone(document: Any, book: str, phase: str, session: Session) -> str:
    keys = [each.key for each in session.phases]
    return cleared(document, book, session.phases[keys.index(phase) :], session.lifecycle)


def _released(document: Any, book: str, phase: str, lifecycle: Lifecycle) -> str:
    record = section(document, phase, "files").get(book)
    if not isinstance(record, dict):
        return ""
    record["status"] = lifecycle.initial
    return f"{phase} waits again"


def _misfits(document: dict[str, Any], model: Any) -> Iterator[tuple[list[str], Any]]:
    """What breaks the schema, and is taken out of the document that is given: path and value."""
    for _ in range(_MOST_CORRECTIONS):
        try:
            model.model_validate(document)
        except ValueError as error:  # Pydantic's is one
            if not hasattr(error, "errors"):
                raise
            path = _path_in(document, error.errors(include_url=False)[0]["loc"])
            if not path:
                return
            yield path, section(document, *path[:-1]).pop(path[-1])  # type: ignore[attr-defined]
        else:
            return


def _path_in(document: Any, place: Sequence[Any]) -> list[str]:
    """The keys of a place that lead through objects of the document; what names branches of a union does not."""
    path: list[str] = []
    for part in place:
        if isinstance(document, dict) and part in document:
            path.append(part)
            document = document[part]
    return path


def _move(source: str, target: Path) -> None:
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.move(source, target)
