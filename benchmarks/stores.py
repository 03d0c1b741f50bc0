"""The stores that are compared: each makes one update durable at a time, in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import lmdb

from benchmarks.common import Update, Updates, book_id, records, records_of_book, write_document
from pipeline_common import PipelineState
from pipeline_common.files import now, time_name

WAIT_S = 120.0
"""How long any of them waits for its lock; longer than a contention lasts."""


MOST_PROCESSES = 64
"""How many processes may each have a book of its own."""


class Store(ABC):
    """One way to keep the document; an instance is one process's handle on it.

    Args:
        folder: where `prepare` has put the document.
        number: of the one book that it can update, where it can update one only.
    """

    name: ClassVar[str]
    of_one_book: ClassVar[bool] = False
    """Whether it can update the first book only."""
    leaves_unsynced: ClassVar[bool] = False
    """Whether a commit leaves much in memory that somebody has to write to the disk later."""

    @abstractmethod
    def __init__(self, folder: Path, number: int = 0) -> None: ...

    @classmethod
    @abstractmethod
    def prepare(cls, folder: Path, books: int, seed: int) -> None:
        """Put the document into an empty folder."""

    @classmethod
    def whole(cls, folder: Path) -> Store:
        """A handle that sees all records."""
        return cls(folder)

    @abstractmethod
    def commit(self, update: Update) -> None:
        """Make one update in one transaction; it is on the disk when this returns."""

    @abstractmethod
    def attempts(self, update: Update) -> int:
        """What the last commit says of that record: how often its phase was started."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the document."""


class Floor(Store):
    """What no log can go below: the bytes of the update, one ``pwrite`` and one ``fsync``."""

    name = "floor: pwrite + fsync"

    def __init__(self, folder: Path, number: int = 0) -> None:
        self._descriptor = os.open(folder / "floor", os.O_RDWR | os.O_CREAT, 0o600)
        self._end = 0

    @classmethod
    def prepare(cls, folder: Path, books: int, seed: int) -> None:
        """Nothing is needed."""

    def commit(self, update: Update) -> None:
        """Append the bytes."""
        self._end += os.pwrite(self._descriptor, update.data + b"\n", self._end)
        os.fsync(self._descriptor)

    def attempts(self, update: Update) -> int:
        """Read the last line."""
        lines = os.pread(self._descriptor, self._end, 0).splitlines()
        return int(json.loads(lines[-1])[2]["attempts"])

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class State(Store):
    """This project's engine, through `PipelineState`, as everybody uses it."""

    name = "this engine"

    def __init__(self, folder: Path, number: int = 0) -> None:
        self._state = PipelineState(folder / "pipeline.json", timeout=WAIT_S)

    @classmethod
    def prepare(cls, folder: Path, books: int, seed: int) -> None:
        """Write ``pipeline.json``; the first commit takes it over."""
        write_document(folder / "pipeline.json", books, seed)

    def commit(self, update: Update) -> None:
        """One transaction, validated."""
        with self._state.transaction() as txn:
            txn.data[update.section]["files"][update.book_id] = update.record

    def attempts(self, update: Update) -> int:
        """Read the last commit."""
        return int(self._state.read()[update.section]["files"][update.book_id]["attempts"])

    def close(self) -> None:
        """Bring the file up to date, where the engine leaves that for the end."""
        self._state.close()


class Scoped(Store):
    """This project's engine, through the handle of one book, which neither parses nor rewrites a large document."""

    name = "this engine, scoped"
    of_one_book = True

    def __init__(self, folder: Path, number: int = 0) -> None:
        name, own_records = json.loads((folder / "plan.json").read_bytes())[number]
        self._state = PipelineState.scoped(folder / "pipeline.json", name, own_records, timeout=WAIT_S)

    @classmethod
    def prepare(cls, folder: Path, books: int, seed: int) -> None:
        """Write ``pipeline.json``, have the engine take it over, and write down what the batch tells a book's process.

        As in a batch, the engine's full handle has made commits before.
        """
        State.prepare(folder, books, seed)
        state = State(folder)
        state.commit(next(iter(Updates([books - 1], seed))))
        state.close()
        plan = [[book_id(number, seed), records_of_book(number, seed)] for number in range(min(books, MOST_PROCESSES))]
        (folder / "plan.json").write_text(json.dumps(plan))

    @classmethod
    def whole(cls, folder: Path) -> Store:
        """A full handle sees the records of all books."""
        return State(folder)

    def commit(self, update: Update) -> None:
        """One transaction."""
        with self._state.transaction() as txn:
            txn.data[update.section]["files"][update.book_id] = update.record

    def attempts(self, update: Update) -> int:
        """Read the last commit."""
        return int(self._state.read()[update.section]["files"][update.book_id]["attempts"])

    def close(self) -> None:
        """Nothing is held."""


class Sqlite(Store):
    """SQLite as it is durable: write-ahead log, ``synchronous=FULL``; a row a record."""

    name = "SQLite (WAL, FULL)"

    def __init__(self, folder: Path, number: int = 0) -> None:
        self._database = _sqlite(folder)

    @classmethod
    def prepare(cls, folder: Path, books: int, seed: int) -> None:
        """Make the table and all rows."""
        with closing(_sqlite(folder)) as database:
            database.execute(
                "CREATE TABLE records (section TEXT, book_id TEXT, record TEXT, PRIMARY KEY (section, book_id)) "
                "WITHOUT ROWID"
            )
            rows = ((section, name, json.dumps(record)) for section, name, record in records(books, seed))
            database.execute("BEGIN")
            database.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
            database.execute("COMMIT")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def commit(self, update: Update) -> None:
        """One immediate transaction."""
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute(
            "UPDATE records SET record = ? WHERE section = ? AND book_id = ?",
            (json.dumps(update.record), update.section, update.book_id),
        )
        self._database.execute("COMMIT")

    def attempts(self, update: Update) -> int:
        """Read the row."""
        found = self._database.execute(
            "SELECT record FROM records WHERE section = ? AND book_id = ?", (update.section, update.book_id)
        ).fetchone()
        return int(json.loads(found[0])["attempts"])

    def close(self) -> None:
        """Close the database, which empties the log."""
        self._database.close()


class Lmdb(Store):
    """LMDB with its defaults, which are durable; a key a record."""

    name = "LMDB"

    def __init__(self, folder: Path, number: int = 0) -> None:
        self._environment = _lmdb(folder)

    @classmethod
    def prepare(cls, folder: Path, books: int, seed: int) -> None:
        """Put all records."""
        with _lmdb(folder) as environment, environment.begin(write=True) as transaction:
            for section, name, record in records(books, seed):
                transaction.put(f"{section}/{name}".encode(), json.dumps(record).encode())

    def commit(self, update: Update) -> None:
        """One write transaction."""
        with self._environment.begin(write=True) as transaction:
            transaction.put(f"{update.section}/{update.book_id}".encode(), json.dumps(update.record).encode())

    def attempts(self, update: Update) -> int:
        """Read the key."""
        with self._environment.begin() as transaction:
            found = transaction.get(f"{update.section}/{update.book_id}".encode()) or b"{}"
            return int(json.loads(found)["attempts"])

    def close(self) -> None:
        """Close the environment."""
        self._environment.close()


class FirstSpecification(Store):
    """The engine as it was first specified: the whole file, and a copy of it, at each commit.

    It keeps the document in memory between commits, which a second process would forbid: a favour to it.
    """

    name = "first specification"
    leaves_unsynced = True
    _KEPT = 50

    def __init__(self, folder: Path, number: int = 0) -> None:
        self._path = folder / "pipeline.json"
        self._backups = folder / "backups"
        self._backups.mkdir(exist_ok=True)
        self._document = json.loads(self._path.read_bytes())

    @classmethod
    def prepare(cls, folder: Path, books: int, seed: int) -> None:
        """Write ``pipeline.json``."""
        write_document(folder / "pipeline.json", books, seed)

    def commit(self, update: Update) -> None:
        """Copy the old file, write the new one beside it, fsync, rename."""
        self._document[update.section]["files"][update.book_id] = update.record
        shutil.copy2(self._path, self._backups / f"pipeline_{time_name(now())}.json.bak")
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(self._document, file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        for old in sorted(self._backups.iterdir())[: -self._KEPT]:
            old.unlink()

    def attempts(self, update: Update) -> int:
        """Read the file."""
        document = json.loads(self._path.read_bytes())
        return int(document[update.section]["files"][update.book_id]["attempts"])

    def close(self) -> None:
        """Nothing is open."""


def _sqlite(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "state.sqlite", timeout=WAIT_S, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    return database


def _lmdb(folder: Path) -> lmdb.Environment:
    return lmdb.open(str(folder / "state.lmdb"), map_size=64 << 30)
