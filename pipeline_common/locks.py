# SPDX-License-Identifier: MIT
"""The exclusive lock on a state file, between threads by a thread lock and between processes by ``flock``.

It is the ``flock`` that ``filelock.FileLock("pipeline.json.lock")`` takes, so other tools can hold it too; where there
is no ``fcntl``, ``filelock`` itself is the lock. A child that was forked while the lock was held has no part in it.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Protocol

from pipeline_common.errors import StateLockError
from pipeline_common.files import now
from pipeline_common.system import System

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FIRST_PAUSE_S = 0.0005
LONGEST_PAUSE_S = 0.008


class _ProcessLock(Protocol):
    def take(self) -> bool: ...
    def free(self) -> None: ...
    def forget(self) -> None: ...


class PathLock:
    """The lock of one path; all handles of a process on that path share this object.

    Attributes:
        path: the lock file.
        busy: whether the holder is inside a transaction.
    """

    # Kept for the life of the process: one small object a state file. No lock guards it, as `setdefault` is atomic.
    _known: ClassVar[dict[str, PathLock]] = {}
    _fork_hook: ClassVar[bool] = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.busy = False
        self._threads = threading.RLock()
        self._owner: int | None = None
        self._held: _ProcessLock | None = None

    @classmethod
    def of(cls, path: Path) -> PathLock:
        """The one lock of that path in this process."""
        if not cls._fork_hook and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=cls._forget_all)
            cls._fork_hook = True
        return cls._known.setdefault(str(path), cls(path))

    @property
    def mine(self) -> bool:
        """Whether this thread holds the lock."""
        return self._owner == threading.get_ident()

    @contextmanager
    def hold(self, timeout_s: float, system: System) -> Iterator[None]:
        """Hold the lock; inside, the same thread may hold it again.

        Args:
            timeout_s: how long to wait in all, seconds; 0 tries once.
            system: the calls to use.

        Raises:
            StateLockError: somebody else held it all that time (the message names who), or its file cannot be opened.
        """
        if self.mine:
            yield
            return
        try:
            try:
                self._take(timeout_s, system)
                yield
            finally:
                self._free()
        finally:
            self._free()  # Ctrl-C may have come in the middle of the line above, or just before it

    def _take(self, timeout_s: float, system: System) -> None:
        deadline = time.monotonic() + timeout_s
        if not self._threads.acquire(timeout=max(0.0, min(timeout_s, threading.TIMEOUT_MAX))):
            raise self._refused(timeout_s)
        self._owner = threading.get_ident()
        self._held = _Flock(self.path, system) if fcntl else _FileLock(self.path)
        pause_s = FIRST_PAUSE_S
        try:
            while not self._held.take():
                rest_s = deadline - time.monotonic()
                if rest_s <= 0:
                    raise self._refused(timeout_s)
                # Random, so that waiting processes do not keep in step.
                time.sleep(min(rest_s, pause_s * random.uniform(0.5, 1.0)))  # noqa: S311 - no secret
                pause_s = min(LONGEST_PAUSE_S, pause_s * 1.5)
        except OSError as error:
            raise StateLockError(
                f"The lock file {self.path} cannot be used: {error.strerror or error}. "
                "Make sure that its folder exists and that you may write there, then try again."
            ) from error

    def _free(self) -> None:
        """Undo `_take`, however far it came; where this was interrupted, a second call goes on with it."""
        if self.mine:
            if self._held:
                self._held.free()
            self._held = None
            self.busy = False
            self._owner = None
        with suppress(RuntimeError):  # this thread does not have it: nothing to undo
            self._threads.release()

    def _refused(self, timeout_s: float) -> StateLockError:
        return StateLockError(
            f"Could not acquire lock after {timeout_s}s: {self.path} is held by {_holder(self.path)}. "
            "Wait until it has finished, or stop it, then try again."
        )

    @classmethod
    def _forget_all(cls) -> None:
        """In a forked child: close what belongs to the parent, without unlocking it, and start afresh."""
        for lock in list(cls._known.values()):
            if lock._held:
                lock._held.forget()
            lock._held = lock._owner = None
            lock.busy = False
            lock._threads = threading.RLock()


class _Flock:
    def __init__(self, path: Path, system: System) -> None:
        self._path = path
        self._system = system
        self._descriptor = -1

    def take(self) -> bool:
        if self._descriptor < 0:
            self._descriptor = self._system.open(str(self._path), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if not self._is_the_file():  # deleted in use: whoever comes next locks another file
            self.forget()
            return False
        self._note(
            b'{"pid": %d, "since": "%s", ' % (os.getpid(), now().isoformat().encode()) + _command(" ".join(sys.argv))
        )
        return True

    def free(self) -> None:
        if self._descriptor >= 0:
            self._note(b" ")
            # A child forked meanwhile may have this descriptor too, so closing it would not be enough.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _is_the_file(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def _note(self, text: bytes) -> None:
        """Say in the file who holds it; one blank at its beginning makes it no JSON any more.

        It is for messages only, so a full disk is no reason to fail. It is written in place, always as long, so that
        the file system has nothing to allocate, which the next fsync would have to wait for.
        """
        with suppress(OSError):
            if hasattr(os, "pwrite"):
                os.pwrite(self._descriptor, text, 0)


class _FileLock:
    """The same where there is no ``flock``."""

    def __init__(self, path: Path) -> None:
        from filelock import FileLock

        self._lock = FileLock(path, thread_local=False)

    def take(self) -> bool:
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def free(self) -> None:
        self._lock.release()

    def forget(self) -> None:
        """Without ``flock`` there is no fork either."""


@lru_cache(maxsize=1)
def _command(line: str) -> bytes:
    """The rest of the note: a command line, filled up with blanks."""
    return (b'"command": ' + json.dumps(line[:200]).encode("ascii") + b"}").ljust(1400)


def _holder(path: Path) -> str:
    try:
        with path.open("rb") as file:
            note = json.loads(file.read(4096))
        if note["pid"] == os.getpid():
            return f"another thread of this process ({note['pid']}) since {note['since']}"
        os.kill(note["pid"], 0)
        return f"process {int(note['pid'])} ({note['command']}) since {note['since']}"
    except PermissionError:  # it is alive and belongs to another user
        return f"process {note['pid']} ({note['command']}) since {note['since']}"
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return "another process"
