# SPDX-License-Identifier: MIT
"""Questions in SQL to the database: nothing that writes, nothing but that one file, and an end to its patience."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_common.derived.database import connected
from pipeline_common.errors import PipelineError

_LARGEST_VALUE_BYTES = 64 << 20
_STEPS_BETWEEN_LOOKS = 10_000

_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_PRAGMAS = frozenset({"table_info", "table_list", "table_xinfo", "index_list", "index_info", "function_list"})
"""Those that only tell what there is."""


class QueryError(PipelineError):
    """The question cannot be answered; the message says why, and what to do."""


class DamagedDatabaseError(PipelineError):
    """The file is damaged, and is to be made anew."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question has brought.

    Attributes:
        columns: their names.
        rows: at most so many as were asked for.
        more: whether there are more.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool


def ask(path: Path, sql: str, *, limit: int, timeout_s: float) -> Answer:
    """Ask a question.

    Args:
        path: the database.
        sql: one statement that reads.
        limit: at most so many rows.
        timeout_s: how long it may take, seconds.

    Raises:
        QueryError: it would write, is no SQL, or takes too long; nothing was changed.
        DamagedDatabaseError: the file is damaged.
    """
    deadline = time.monotonic() + timeout_s
    with closing(connected(path, "ro")) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.set_authorizer(_authorized)
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
        connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        try:
            cursor = connection.execute(sql)
            rows = cursor.fetchmany(limit + 1)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
            raise _told(error, timeout_s) from error
    if cursor.description is None:
        raise QueryError("There is nothing to answer. Give one statement that begins with SELECT or WITH.")
    return Answer([column[0] for column in cursor.description], rows[:limit], len(rows) > limit)


def _authorized(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    reads = (
        action in _ALLOWED
        or (action == sqlite3.SQLITE_FUNCTION and second != "load_extension")
        or (action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _PRAGMAS)
    )
    return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY


def _told(error: BaseException, timeout_s: float) -> PipelineError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR")):
        return DamagedDatabaseError(str(error))
    if name == "SQLITE_INTERRUPT":
        return QueryError(
            f"The query took longer than {timeout_s:g} s and was ended. Ask for less, or allow more with --timeout."
        )
    reason = str(error).rstrip(".")
    if name in ("SQLITE_AUTH", "SQLITE_READONLY") or "not authorized" in reason or "prohibited" in reason:
        return QueryError(
            f"The query is refused: {reason}. This command only reads: give one SELECT. What the database says follows "
            "from the state, which `pipeline-state retry`, `clear` and `prune` change."
        )
    return QueryError(f"The query is wrong: {reason}. docs/views.md describes the tables.")
