# SPDX-License-Identifier: MIT
"""The audit trail: one JSON object a line for every commit, rollback, restore, backup, migration and lock timeout."""

from __future__ import annotations

import json
import os
import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from pipeline_common.compressed import SUFFIX, read_kept
from pipeline_common.files import now, time_name
from pipeline_common.names import Names
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
_LARGEST_BYTES = 1 << 28


class AuditTrail:
    """The log file of one state file. It is told after the fact, and never the reason why a commit fails."""

    def __init__(self, path: Path, system: System) -> None:
        self._path = path
        self._name = str(path)
        self._system = system
        self._descriptor = -1
        self._file = (0, 0)
        self._names = Names(str(path.parent), system)
        self._end = 0
        self._close_file: Callable[[], object] = _nothing

    def note(
        self, operation: str, *, success: bool, revision: int, details: Mapping[str, Any], at: str | None = None
    ) -> None:
        """Append a line; where that is not possible, a warning is logged instead.

        Args:
            operation: a word.
            success: whether it came about.
            revision: of the document afterwards, or the last known one.
            details: whatever else is to be said.
            at: when, ISO 8601; None means now.
        """
        # Put together by hand, at each commit: operations are words, and most have no details.
        said = json.dumps(dict(details)) if details else "{}"
        line = (
            f'{{"timestamp": "{at or now().isoformat()}", "operation": "{operation}", '
            f'"success": {"true" if success else "false"}, "pid": {os.getpid()}, "revision": {revision}, '
            f'"details": {said}}}\n'
        )
        try:
            self._append(line.encode("ascii"))
        except OSError as error:
            from logging import getLogger

            getLogger(__name__).warning("The audit trail %s could not be written: %s", self._path, error)

    def entries(self) -> Iterator[dict[str, Any]]:
        """What was noted, newest first; lines that are torn or no JSON objects are passed over."""
        for line in chain(_lines_backward(self._path), self._lines_put_aside()):
            with suppress(ValueError, RecursionError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    yield entry

    def put_aside(self) -> list[Path]:
        """The files that were rotated away, oldest first."""
        pattern = re.compile(rf"{re.escape(self._path.stem)}_\d{{8}}_\d{{6}}_\d{{6}}\.log(?:\.gz)?")
        try:
            names = sorted(name for name in os.listdir(self._path.parent) if pattern.fullmatch(name))
        except OSError:
            return []
        plain = set(names)
        return [self._path.with_name(name) for name in names if name.removesuffix(SUFFIX) not in plain - {name}]

    def rotate(self) -> Path:
        """Put the file aside under a name of its own; the next line begins a new one.

        Raises:
            OSError: it is not there, or the disk refused.
        """
        path = self._path.with_name(f"{self._path.stem}_{time_name(now())}.log")
        self._system.replace(self._name, str(path))
        return path

    def _lines_put_aside(self) -> Iterator[bytes]:
        for path in reversed(self.put_aside()):
            if path.name.endswith(SUFFIX):
                with suppress(OSError):
                    yield from reversed(read_kept(self._system, str(path), _LARGEST_BYTES)[0].split(b"\n"))
            else:
                yield from _lines_backward(path)

    def _append(self, line: bytes) -> None:
        end = self._end_of_file()
        if end < 0:
            self._open()
            end = os.lseek(self._descriptor, 0, os.SEEK_END)
        # What a crash or a full disk has torn, of another process's too, is ended first.
        if end and end != self._end and os.pread(self._descriptor, 1, end - 1) != b"\n":
            line = b"\n" + line
        try:
            write_all(self._system, self._descriptor, line)
        except BaseException:  # Ctrl-C too: how much of the line is there is unknown, so the end is looked at again
            self._close()
            raise
        self._end = end + len(line)

    def _end_of_file(self) -> int:
        """The size of the open file, bytes; -1 where none is open, or others have moved it aside.

        Its times are not looked at: see `Names`.
        """
        if self._descriptor >= 0:
            with suppress(OSError):
                if self._names.may_have_changed():
                    named = os.stat(self._name)
                    if (named.st_ino, named.st_dev) != self._file:
                        return -1
                    self._names.confirm()
                return os.lseek(self._descriptor, 0, os.SEEK_END)
        return -1

    def _open(self) -> None:
        self._close()
        self._system.make_folder(str(self._path.parent))
        self._descriptor = self._system.open(self._name, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        closing = weakref.finalize(self, os.close, self._descriptor)
        closing.atexit = False
        self._close_file = closing
        status = os.fstat(self._descriptor)
        self._file = status.st_ino, status.st_dev

    def _close(self) -> None:
        self._descriptor = -1
        self._end = 0
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
