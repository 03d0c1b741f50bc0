# SPDX-License-Identifier: MIT
"""``history``: what was done to the state, so far or as it happens."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice, takewhile
from typing import Any

from pipeline_common.tools.display import moment, print_json, print_table, say
from pipeline_common.tools.moments import past_moment
from pipeline_common.tools.options import Commands, add_command, add_json, positive_int
from pipeline_common.tools.session import ExitCode, Session, resolve
from pipeline_common.tools.timeline import Event, events_from, events_of
from pipeline_common.wording import counted

MOST_EVENTS = 20
MOST_BOOKS_TOLD = 3

_LOOK_EVERY_S = 0.25


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        "history",
        _history,
        about="list what was done to the state, newest first, or follow it",
        example="history --since 2h --book emma",
    )
    parser.add_argument("--book", metavar="ID", help="only the commits that changed this book, and what they changed")
    parser.add_argument(
        "--since",
        metavar="T",
        type=past_moment,
        help="all since that moment, such as 2026-01-31, 2026-01-31T14:05 or 2h",
    )
    parser.add_argument(
        "--limit", type=positive_int, metavar="N", help=f"at most N events (default: {MOST_EVENTS}, with --since all)"
    )
    parser.add_argument(
        "--follow", action="store_true", help="oldest first, then whatever is done from now on, until interrupted"
    )
    add_json(parser)


def _history(session: Session, arguments: argparse.Namespace) -> int:
    book, known = None, True
    if arguments.book is not None:
        entries, _ = resolve(session.catalogue(session.document()), [arguments.book])
        # A book that is no longer in the document may be in its history, by its whole id.
        book, known = (entries[0].id, True) if entries else (arguments.book, False)
    limit = arguments.limit or (sys.maxsize if arguments.since else MOST_EVENTS)
    find = _finder(session, book, arguments.since, limit)
    if arguments.follow:
        row = (lambda event: (json.dumps(asdict(event)),)) if arguments.json else _row if book is None else _row_of_book
        return _follow(session, find, row)
    found = find()
    if arguments.json:
        about = {} if book is None else {"book": book, "found": bool(known or found)}
        print_json({**about, "events": [asdict(event) for event in found]})
    elif found:
        row, what = (_row, "Books") if book is None else (_row_of_book, "Changed")
        print_table(("When", "Revision", "What", what, "Process"), (row(event) for event in found))
    else:
        say(_nothing(session, book, arguments.since, known=known))
    return ExitCode.DONE


def _nothing(session: Session, book: str | None, since: datetime | None, *, known: bool) -> str:
    if not known:
        return f"not found: {book}"
    if since:
        return f"Nothing has happened to {book or session.state.path} since {moment(since.isoformat())}."
    if book:
        return f"The history no longer says what happened to {book}."
    return f"Nothing has happened to {session.state.path} yet."


def _finder(session: Session, book: str | None, since: datetime | None, limit: int) -> Callable[[], Sequence[Event]]:
    """What gives the newest events that were asked for, newest first."""
    begin = since.isoformat() if since else ""

    def is_recent(at: Any) -> bool:
        return not since or (isinstance(at, str) and _time(at) >= since)

    def find() -> Sequence[Event]:
        if book is not None:
            return [event for event in events_of(session.state, book, limit) if is_recent(event.at)]
        entries: Iterable[Mapping[str, Any]] = session.state.audit_entries()
        recent = takewhile(lambda entry: is_recent(entry.get("timestamp")), entries) if begin else entries
        return events_from(session.state, list(islice(recent, limit)))

    return find


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        return datetime.max.astimezone()


def _follow(session: Session, find: Callable[[], Sequence[Event]], row: Callable[[Event], tuple[str, ...]]) -> int:
    told: Event | None = None
    for _ in _looks(session):
        found = find()
        new = found[: found.index(told)] if told in found else found
        for event in reversed(new):
            say("  ".join(row(event)))
        told = found[0] if found else None
        sys.stdout.flush()
    return ExitCode.DONE


def _looks(session: Session) -> Iterator[None]:
    """Comes by at once, and whenever something has been noted."""
    seen: tuple[int, int] | None = (-1, -1)
    while True:
        try:
            status = os.stat(session.state.files.log)
            now = (status.st_size, status.st_ino)
        except FileNotFoundError:
            now = (0, 0)
        if now != seen:
            seen = now
            yield
        time.sleep(_LOOK_EVERY_S)


def _row(event: Event) -> tuple[str, ...]:
    books = ", ".join(event.books[:MOST_BOOKS_TOLD])
    if len(event.books) > MOST_BOOKS_TOLD:
        books = f"{counted(len(event.books), 'book')}: {books}, …"
    return _row_with(event, books if event.success else event.what)


def _row_of_book(event: Event) -> tuple[str, ...]:
    return _row_with(event, event.what)


def _row_with(event: Event, what: str) -> tuple[str, ...]:
    operation = event.operation if event.success else f"{event.operation}, failed"
    revision = str(event.revision) if event.revision else ""
    return (moment(event.at), revision, operation, what, "" if event.pid is None else str(event.pid))
