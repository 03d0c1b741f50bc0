"""One book, one worker: a lock file a book, held by an inherited descriptor, freed by the kernel."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.interrupts import Interrupts
from orchestrator.records import utc_now

_RETRY_S = 0.1


@contextmanager
def book_lock(path: Path, on_wait: Callable[[str], None], interrupts: Interrupts) -> Iterator[int]:
    """Hold a book's lock; waits for whoever has it.

    Args:
        path: the lock file, made where it is missing and never deleted.
        on_wait: called once with who holds it, such as ``pid 4711, since 2026-01-01T00:00:00Z``.
        interrupts: watched while waiting.

    Yields:
        The descriptor, for the book's processes to inherit: while one of them lives, the lock is held.

    Raises:
        InterruptedRun: a signal came while waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        told = False
        while not _taken(descriptor):
            if not told:
                on_wait(_holder(descriptor))
                told = True
            select.select([interrupts.wake_fd], [], [], _RETRY_S)
            interrupts.check()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": utc_now()}).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True


def _holder(descriptor: int) -> str:
    try:
        facts = json.loads(os.pread(descriptor, 1000, 0))
        return f"pid {facts['pid']}, since {facts['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
