# SPDX-License-Identifier: MIT
"""The view for SQL: one SQLite file with all entries, their phases, their records as JSON, and what happened to them.

``docs/views.md`` describes the tables. A commit is folded into it from the history alone, so nobody has to read the
document. The file is never trusted: it knows which commit it was made of and how often SQLite has written to it, and is
made anew where either is not as expected.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from pipeline_common.derived.position import Position
from pipeline_common.derived.rows import Step, book_row, changed, phase_rows, settled, steps_of, text
from pipeline_common.history import Change
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.tracked import detached
from pipeline_common.tree import decode_line, encode_line
from pipeline_common.view import View

FORMAT = 1
"""Raised whenever the tables, or what stands in them, change: older files are made anew."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE books (id TEXT PRIMARY KEY, title TEXT, source TEXT, stage TEXT, phase TEXT, status TEXT,
    updated_at TEXT, error TEXT, error_type TEXT, retry_count INTEGER) WITHOUT ROWID;
CREATE TABLE phases (book TEXT, phase TEXT, status TEXT, attempts INTEGER, started_at TEXT, finished_at TEXT,
    duration_s REAL, error TEXT, PRIMARY KEY (book, phase)) WITHOUT ROWID;
CREATE TABLE records (book TEXT, section TEXT, record TEXT, PRIMARY KEY (book, section)) WITHOUT ROWID;
CREATE TABLE events (revision INTEGER, at TEXT, operation TEXT, pid INTEGER, book TEXT, section TEXT, status TEXT);
"""
_INDEXES = """
CREATE INDEX books_by_stage ON books (stage, status);
CREATE INDEX books_by_time ON books (updated_at);
CREATE INDEX phases_by_status ON phases (phase, status);
CREATE INDEX phases_by_duration ON phases (phase, duration_s);
CREATE INDEX events_by_revision ON events (revision);
CREATE INDEX events_by_book ON events (book, revision);
"""
_INSERT_BOOK = "INSERT INTO books VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_PHASE = "INSERT INTO phases VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_RECORD = "INSERT OR REPLACE INTO records VALUES (?, ?, ?)"
_INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"
_RECORDS_OF = "SELECT section, record FROM records WHERE book = ?"
_WHERE_BOTH_HAVE_EVENTS = """ AND revision <= (SELECT max(revision) FROM main.events)
    AND revision >= (SELECT min(revision) FROM made.events)"""
_COUNTER_AT, _COUNTER_BYTES, _VERSIONS_AT = 24, 4, 18
_ROLLBACK_JOURNAL = b"\x01\x01"
_MOST_HELD = 5000
"""Records that are decoded at a time."""

Authors = Mapping[int, tuple[str, int | None]]
"""Who made a commit, by revision: what its author called it, and the number of the process."""


class Database:
    """One file.

    Args:
        path: where it lies.
        lifecycle: what the document means.
    """

    def __init__(self, path: Path, lifecycle: Lifecycle) -> None:
        self.path = path
        self._lifecycle = lifecycle

    def position(self) -> Position | None:
        """The commit that it was made of; None where it is missing, damaged, or written to by somebody else."""
        try:
            counter = self._counter()
            with closing(connected(self.path, "ro")) as connection:
                meta = dict(connection.execute("SELECT key, value FROM meta"))
            known = json.loads(meta["made"])
            if known != self._made(counter):
                return None
            return Position.from_record(json.loads(meta["position"]))
        except (OSError, sqlite3.Error, ValueError, KeyError, TypeError):
            return None

    def rebuild(self, view: View, at: Position, changes: Iterable[Change], authors: Authors) -> None:
        """Make it anew; whatever was there is replaced at once.

        Args:
            view: the document.
            at: the commit that it is of.
            changes: the commits that are kept, in order, up to that one.
            authors: who made them.

        Raises:
            OSError, sqlite3.Error: the disk refused; what was there is as it was.
        """
        temporary = self.path.with_name(f".{self.path.name}.tmp")
        temporary.unlink(missing_ok=True)
        try:
            with closing(connected(temporary, "rwc")) as connection:
                connection.execute("PRAGMA journal_mode = OFF")
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("BEGIN")
                for statement in filter(str.strip, _TABLES.split(";")):
                    connection.execute(statement)
                fold = _Fold(connection, self._lifecycle)
                fold.take_in(view)
                fold.add_history(changes, authors)
                for statement in filter(str.strip, _INDEXES.split(";")):
                    connection.execute(statement)
                connection.execute("COMMIT")
            self._conclude(temporary, at)
            _put_in_place(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)

    def follow(
        self, changes: Iterable[Change], authors: Authors, oldest: int, position: Callable[[], Position]
    ) -> None:
        """Take in commits that follow the one that it was made of.

        Args:
            changes: the commits, in order.
            authors: who made them.
            oldest: the oldest revision that the history still knows; what is older is forgotten.
            position: gives that of the last of them, once they are taken in.

        Raises:
            OSError, sqlite3.Error: the disk refused, or the file is damaged.
        """
        counter = self._counter()
        with closing(connected(self.path, "rw")) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            fold = _Fold(connection, self._lifecycle)
            for change in changes:
                fold.add(change, authors)
            fold.end()
            connection.execute("DELETE FROM events WHERE revision < ?", (oldest,))
            self._note(connection, position(), counter + 1)
            connection.execute("COMMIT")

    def differences(self, other: Path, besides: frozenset[str]) -> Iterator[str]:
        """How it differs from one that has just been made, a table at a time.

        Args:
            other: the file that has been made.
            besides: entries that have changed since this one was made.
        """
        passed_over = json.dumps([text(name) for name in besides])
        with closing(connected(self.path, "ro")) as connection:
            for (fault,) in connection.execute("PRAGMA quick_check(1)"):
                if fault != "ok":
                    yield f"it is damaged: {fault}"
                    return
            connection.execute("ATTACH ? AS made", (f"{other.as_uri()}?mode=ro",))
            for table, key in (("books", "id"), ("phases", "book"), ("records", "book"), ("events", "book")):
                # Who made a commit says the audit trail, which need not be as long as the history.
                columns = "revision, at, book, section, status" if table == "events" else "*"
                old, new = (f"SELECT {columns} FROM {schema}.{table}" for schema in ("main", "made"))  # noqa: S608
                since = _WHERE_BOTH_HAVE_EVENTS if table == "events" else ""
                for first, second, what in (
                    (old, new, "has more than"),
                    (new, old, "lacks, or has otherwise, some of"),
                ):
                    count = connection.execute(
                        f"SELECT count(*), min({key}) FROM ({first} EXCEPT {second})"  # noqa: S608
                        f" WHERE ({key} IS NULL OR {key} NOT IN (SELECT value FROM json_each(?))){since}",
                        (passed_over,),
                    ).fetchone()
                    if count[0]:
                        yield f"the table {table} {what} the document: {count[0]} rows, the first of {count[1]}"
                        break

    def _counter(self) -> int:
        """How often SQLite has written to the file, as it counts itself.

        Asked while no connection of this process is open: closing any descriptor of the file would free SQLite's locks.

        Raises:
            ValueError: it is no such file, or somebody has changed how it is written to.
        """
        with self.path.open("rb") as file:
            head = file.read(100)
        if len(head) < 100 or head[_VERSIONS_AT : _VERSIONS_AT + 2] != _ROLLBACK_JOURNAL:
            raise ValueError("not written by us")
        return int.from_bytes(head[_COUNTER_AT : _COUNTER_AT + _COUNTER_BYTES], "big")

    def _made(self, counter: int) -> dict[str, Any]:
        """What has to be as it was when the file was made."""
        cycle = self._lifecycle
        return {"format": FORMAT, "life_cycle": [cycle.name, cycle.schema_version, *cycle.phases], "counter": counter}

    def _conclude(self, path: Path, at: Position) -> None:
        counter = Database(path, self._lifecycle)._counter()
        with closing(connected(path, "rw")) as connection:
            connection.execute("BEGIN")
            self._note(connection, at, counter + 1)
            connection.execute("COMMIT")

    def _note(self, connection: sqlite3.Connection, at: Position, counter: int) -> None:
        meta = {"made": self._made(counter), "position": at.as_record(), "revision": at.revision}
        rows = ((key, json.dumps(value)) for key, value in meta.items())
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def connected(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in which nothing is committed but by COMMIT.

    Args:
        path: the file.
        mode: ``ro``, ``rw``, or ``rwc`` to make it.
    """
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=10.0)


class _Fold:
    """Takes commits into the tables, a few thousand records at a time."""

    def __init__(self, connection: sqlite3.Connection, lifecycle: Lifecycle) -> None:
        self._sql = connection
        self._lifecycle = lifecycle
        self._held: dict[tuple[str, str], Any] = {}
        self._touched: dict[str, None] = {}

    def take_in(self, view: View) -> None:
        """All entries of a document, into empty tables."""
        names = {text(name): name for name in view.names()}
        for name in sorted(names):  # in the order of the tables, which is the quickest
            records = view.records_of(names[name])
            self._insert(name, {section: record for section, record in records.items() if record is not None})

    def add_history(self, changes: Iterable[Change], authors: Authors) -> None:
        """What happened in commits that are in the document already."""
        for change in changes:
            self._note(change, list(steps_of(change, self._lifecycle)), authors)

    def add(self, change: Change, authors: Authors) -> None:
        """One commit."""
        steps = list(steps_of(change, self._lifecycle))
        for step in steps:
            if step.name is None:
                self._replace(step.section, step.value)
            else:
                record = changed(self._record(step.name, step.section), step)
                self._held[step.name, step.section] = settled(record, step.section, self._lifecycle)
                self._touched[step.name] = None
        self._note(change, steps, authors)
        if len(self._held) > _MOST_HELD:
            self.end()

    def end(self) -> None:
        """Write what is held."""
        for (name, section), record in self._held.items():
            key = (text(name), section)
            if record is None:
                self._sql.execute("DELETE FROM records WHERE book = ? AND section = ?", key)
            else:
                self._sql.execute(_INSERT_RECORD, (*key, _json(record)))
        self._held.clear()
        for name in map(text, self._touched):
            rows = self._sql.execute(_RECORDS_OF, (name,))
            records = {section: decode_line(record.encode()) for section, record in rows}
            self._sql.execute("DELETE FROM books WHERE id = ?", (name,))
            self._sql.execute("DELETE FROM phases WHERE book = ?", (name,))
            if records:
                sections = (place[0] for place in self._lifecycle.records)
                self._insert_rows(name, {section: records[section] for section in sections if section in records})
        self._touched.clear()

    def _replace(self, section: str, records: Mapping[str, Any]) -> None:
        self.end()
        names = [name for (name,) in self._sql.execute("SELECT book FROM records WHERE section = ?", (section,))]
        self._touched.update(dict.fromkeys([*names, *records]))
        self._sql.execute("DELETE FROM records WHERE section = ?", (section,))
        for name, record in records.items():
            self._held[name, section] = settled(record, section, self._lifecycle)
        self.end()

    def _record(self, name: str, section: str) -> Any:
        place = (name, section)
        if place not in self._held:
            sql = "SELECT record FROM records WHERE book = ? AND section = ?"
            found = self._sql.execute(sql, (text(name), section)).fetchone()
            self._held[place] = decode_line(found[0].encode()) if found else None
        return self._held[place]

    def _insert(self, name: str, records: Mapping[str, Any]) -> None:
        rows = ((name, section, _json(record)) for section, record in records.items())
        self._sql.executemany(_INSERT_RECORD, rows)
        self._insert_rows(name, records)

    def _insert_rows(self, name: str, records: Mapping[str, Any]) -> None:
        self._sql.execute(_INSERT_BOOK, astuple(book_row(name, records, self._lifecycle)))
        rows = ((name, *astuple(row)) for row in phase_rows(records, self._lifecycle))
        self._sql.executemany(_INSERT_PHASE, rows)

    def _note(self, change: Change, steps: Iterable[Step], authors: Authors) -> None:
        given: dict[tuple[str | None, str | None], str | None] = {}
        for step in steps:
            place: tuple[str | None, str | None] = (None if step.name is None else text(step.name), step.section)
            status = given.get(place)
            if step.path == ("status",):
                status = self._told(None if step.removed else step.value)
            elif not step.path and step.name is not None:
                status = self._told(step.value.get("status") if isinstance(step.value, dict) else None)
            given[place] = status
        operation, pid = authors.get(change.revision, (None, None))
        common = (change.revision, change.at.isoformat(), operation, pid)
        if not given or not change.operations[0][1]:  # of a whole document, one row for all
            given = {(None, None): None}
        self._sql.executemany(_INSERT_EVENT, ((*common, *place, status) for place, status in given.items()))

    def _told(self, status: Any) -> str | None:
        return text(self._lifecycle.normal_status(status)) if isinstance(status, str) else None


def _json(record: Any) -> str:
    return encode_line(detached(record) if type(record) is not dict else record).decode()


def _put_in_place(source: Path, target: Path) -> None:
    """Rename a finished file; a journal that a killed process has left belongs to the old one, and goes first."""
    descriptor = os.open(source, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    journal = target.with_name(f"{target.name}-journal")
    if journal.exists():
        with suppress(FileNotFoundError):
            target.unlink()
        journal.unlink()
    source.replace(target)
