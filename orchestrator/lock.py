"""One book, one worker; one folder, one batch: lock files, held by descriptors, freed by the kernel.

A book's processes inherit the descriptor of its lock, so while one of them lives nobody else works on the book.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.folders import LOCKS
from orchestrator.interrupts import Interrupts
from orchestrator.orphans import sweep
from orchestrator.records import utc_now

RETRY_S = 0.1
"""How long whoever waits for a lock waits before trying again."""

_SWEEP_S = 1.0


def book_lock_path(work_dir: Path, book_id: str) -> Path:
    """Where a book's lock lies."""
    return work_dir / LOCKS / book_id


def open_lock(path: Path) -> int:
    """The descriptor of a lock file, which is made where it is missing and never deleted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def try_lock(descriptor: int) -> bool:
    """Take a lock if it is free, and note in its file who has it; closing every copy of the descriptor frees it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": utc_now()}).encode(), 0)
    return True


def holder_of(descriptor: int) -> str:
    """Who holds a lock, such as ``pid 4711, since 2026-01-01T00:00:00Z``."""
    try:
        facts = json.loads(os.pread(descriptor, 1000, 0))
        return f"pid {facts['pid']}, since {facts['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"


class Wait:
    """What whoever waits for a book's lock does between two tries: says so once, and ends orphans that hold it.

    Args:
        work_dir: the work folder.
        say: called once with who holds the lock.
    """

    def __init__(self, work_dir: Path, say: Callable[[str], None]) -> None:
        self._work_dir = work_dir
        self._say = say
        self._told = False
        self._swept_at = float("-inf")

    def tried(self, descriptor: int) -> None:
        """The lock was not free.

        Raises:
            StateError: a process of an earlier run cannot be ended.
        """
        if time.monotonic() - self._swept_at >= _SWEEP_S:
            self._swept_at = time.monotonic()
            if sweep(self._work_dir):
                return  # perhaps nobody holds it any more
        if not self._told:
            self._told = True
            self._say(holder_of(descriptor))


@contextmanager
def book_lock(work_dir: Path, book_id: str, say: Callable[[str], None], interrupts: Interrupts) -> Iterator[int]:
    """Hold a book's lock; waits for whoever has it.

    Args:
        work_dir: the work folder.
        book_id: the book.
        say: called once with who holds it.
        interrupts: watched while waiting.

    Yields:
        The descriptor, for the book's processes to inherit.

    Raises:
        InterruptedRun: a signal came while waiting.
        StateError: an orphan holds it and cannot be ended.
    """
    descriptor = open_lock(book_lock_path(work_dir, book_id))
    try:
        wait = Wait(work_dir, say)
        while not try_lock(descriptor):
            wait.tried(descriptor)
            select.select([interrupts.wake_fd], [], [], RETRY_S)
            interrupts.check()
        yield descriptor
    finally:
        os.close(descriptor)
