# SPDX-License-Identifier: MIT
"""What happened to a state: the audit trail joined with the commits that are still in the history."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_common.audit import COMMITS
from pipeline_common.history import Change
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.state import PipelineState
from pipeline_common.tools.catalogue import section, text_of
from pipeline_common.tools.lifecycles import phases_of

_ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of what happened.

    Attributes:
        at: when, ISO 8601.
        revision: of the commit; 0 where it was none.
        operation: what its author called it.
        success: whether it came about.
        pid: of the process; None where the audit trail does not say.
        books: the books whose records it changed, as far as the history still says.
        what: what became of the one book that was asked for, or why it did not come about.
    """

    at: str
    revision: int
    operation: str
    success: bool
    pid: int | None
    books: list[str]
    what: str


def events_from(state: PipelineState, entries: Sequence[Mapping[str, Any]]) -> list[Event]:
    """Lines of the audit trail, in their order, with what the history says of them."""
    revisions = [revision for entry in entries if (revision := _revision(entry))]
    changes = {change.revision: change for change in state.history.kept(min(revisions) - 1)} if revisions else {}
    return [_event(entry, changes.get(_revision(entry)), "", state.lifecycle) for entry in entries]


def events_of(state: PipelineState, book: str, limit: int) -> list[Event]:
    """The newest commits that changed a book, newest first, with what became of it."""
    found = deque(_steps(state.history.kept(), book, state.lifecycle), maxlen=limit)
    if not found:
        return []
    wanted = {change.revision for change, _ in found}
    entries: dict[int, Mapping[str, Any]] = {}
    for entry in state.audit_entries():
        revision = _revision(entry)
        if revision in wanted:
            entries.setdefault(revision, entry)
    return [_event(entries.get(change.revision, {}), change, what, state.lifecycle) for change, what in reversed(found)]


def books_of(change: Change, lifecycle: Lifecycle) -> list[str]:
    """The books whose records a commit changed, each once."""
    books: dict[str, None] = {}
    for path, value in _done(change):
        for place in lifecycle.records:
            if path[: len(place)] == place and len(path) > len(place):
                books[str(path[len(place)])] = None
            elif place[: len(path)] == path:
                books.update(dict.fromkeys(section(value, *place[len(path) :])))
    return list(books)


def _steps(changes: Iterable[Change], book: str, lifecycle: Lifecycle) -> Iterator[tuple[Change, str]]:
    """The commits that changed a book, in order, each with the statuses that it changed."""
    places = {(phase.key, "files", book, "status"): phase.name for phase in phases_of(lifecycle)}
    places["books", book, "promotion", "state"] = "promotion"
    known = dict.fromkeys(places.values(), _ABSENT)
    for change in changes:
        before = dict(known)
        for path, value in _done(change):
            for place, name in places.items():
                if place[: len(path)] == path:
                    known[name] = _text_at(value, place[len(path) :])
        steps = [f"{name}: {_arrow(before[name], known[name])}" for name in known if before[name] != known[name]]
        if steps or book in books_of(change, lifecycle):
            yield change, ", ".join(steps)


def _arrow(before: str, after: str) -> str:
    return after if before == _ABSENT else f"{before} → {after}"


def _text_at(value: Any, path: tuple[str, ...]) -> str:
    if path:
        value = section(value, *path[:-1]).get(path[-1])
    return text_of(value) or _ABSENT


def _done(change: Change) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Path and new value of each operation; None where something was removed."""
    for operation in change.operations:
        yield operation[1], operation[2] if len(operation) > 2 else None


def _revision(entry: Mapping[str, Any]) -> int:
    revision = entry.get("revision")
    is_commit = entry.get("success") is True and entry.get("operation") in COMMITS
    return revision if is_commit and isinstance(revision, int) else 0


def _event(entry: Mapping[str, Any], change: Change | None, what: str, lifecycle: Lifecycle) -> Event:
    details = section(entry, "details")
    pid = entry.get("pid")
    at = text_of(entry.get("timestamp")) or (change.at.isoformat() if change else "")
    return Event(
        at=at,
        revision=change.revision if change else _revision(entry),
        operation=text_of(details.get("operation")) or text_of(entry.get("operation")) or "commit",
        success=entry.get("success") is not False,
        pid=pid if isinstance(pid, int) else None,
        books=books_of(change, lifecycle) if change else [],
        what=what or text_of(details.get("error")),
    )
