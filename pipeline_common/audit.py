# SPDX-License-Identifier: MIT
"""The audit trail: one JSON object a line for every commit, rollback, restore, backup, migration and lock timeout."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline_common.files import now
from pipeline_common.system import System, write_all

TRANSACTION_COMMIT = "transaction_commit"
TRANSACTION_ROLLBACK = "transaction_rollback"
WRITE_COMMIT = "write_commit"
RESTORE = "restore"
BACKUP = "backup"
MIGRATE = "migrate"
LOCK_TIMEOUT = "lock_timeout"

COMMITS = frozenset({TRANSACTION_COMMIT, WRITE_COMMIT, RESTORE, MIGRATE})
"""The operations that, where they succeed, leave a document behind."""

_BLOCK_BYTES = 65536


class AuditTrail:
    """The log file of one state file. It is told after the fact, and never the reason why a commit fails."""

    def __init__(self, path: Path, system: System) -> None:
        self._path = path
        self._system = system
        self._descriptor = -1
        self._close_file: Callable[[], object] = _nothing

    def note(self, operation: str, *, success: bool, revision: int, details: Mapping[str, Any]) -> None:
        """Append a line; where that is not possible, a warning is logged instead."""
        entry = {
            "timestamp": now().isoformat(),
            "operation": operation,
            "success": success,
            "pid": os.getpid(),
            "revision": revision,
            "details": dict(details),
        }
        try:
            self._append((json.dumps(entry) + "\n").encode("ascii"))
        except OSError as error:
            from logging import getLogger

            getLogger(__name__).warning("The audit trail %s could not be written: %s", self._path, error)

    def entries(self) -> Iterator[dict[str, Any]]:
        """What was noted, newest first; lines that are torn or no JSON objects are passed over."""
        for line in _lines_backward(self._path):
            with suppress(ValueError, RecursionError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry

    def _append(self, line: bytes) -> None:
        if not self._is_open():
            self._open()
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        if end and os.pread(self._descriptor, 1, end - 1) != b"\n":  # a line that a crash or a full disk has torn
            line = b"\n" + line
        try:
            write_all(self._system, self._descriptor, line)
        except BaseException:
            self._close()
            raise

    def _is_open(self) -> bool:
        """Whether the open file is still the one of that name: others may have moved it aside."""
        if self._descriptor < 0:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))
        except OSError:
            return False

    def _open(self) -> None:
        self._close()
        self._system.make_folder(str(self._path.parent))
        self._descriptor = self._system.open(str(self._path), os.O_RDWR | os.O_APPEND | os.O_CREAT)
        closing = weakref.finalize(self, os.close, self._descriptor)
        closing.atexit = False
        self._close_file = closing

    def _close(self) -> None:
        self._descriptor = -1
        self._close_file()


def _nothing() -> None:
    """There is no file to close."""


def _lines_backward(path: Path) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        at = file.seek(0, os.SEEK_END)
        rest = b""
        while at:
            size = min(_BLOCK_BYTES, at)
            at -= size
            file.seek(at)
            first, *lines = (file.read(size) + rest).split(b"\n")
            yield from reversed(lines)
            rest = first
        yield rest
