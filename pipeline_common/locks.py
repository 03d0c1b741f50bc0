# SPDX-License-Identifier: MIT
"""The exclusive lock on a state file, between threads by a thread lock and between processes by ``flock``.

It is the ``flock`` that ``filelock.FileLock("pipeline.json.lock")`` takes, so other tools can hold it too; where there
is no ``fcntl``, ``filelock`` itself is the lock. A child that was forked while the lock was held has no part in it.

Its owner is a thread or, under trio, a task, since all tasks share one thread.

A process that has just given the lock back has the best chance to take it again. That is quick, as nobody has to wake
up, and unfair; so processes that wait leave a mark, and who has had its turn and sees one lets others go first.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Protocol

from pipeline_common.errors import StateLockError, StateTransactionError
from pipeline_common.names import Names
from pipeline_common.system import System

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FIRST_PAUSE_S = 0.0005
LONGEST_PAUSE_S = 0.008
TURN_S = 0.03
"""How long a process may take the lock again and again, although others wait."""

MARK_AT = 4096
"""Where those who wait write in the lock file: behind the note of who holds it."""
_WAITING, _NOBODY = b"\n", b"\0"


class _ProcessLock(Protocol):
    def take(self, system: System) -> bool: ...
    def free(self) -> None: ...
    def awaited(self) -> bool: ...
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
        self._name = str(path)
        self._threads = threading.RLock()
        self._owners: frozenset[object] = frozenset()
        self._host: int | None = None  # the thread that has to go on before the lock can become free
        self._held: _ProcessLock | None = None
        self._kept: Callable[[], _ProcessLock | None] = _nothing
        self._turn_began_s = self._freed_s = 0.0
        self._others_first = False

    @classmethod
    def of(cls, path: Path) -> PathLock:
        """The one lock of that path in this process."""
        if not cls._fork_hook and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=cls._forget_all)
            cls._fork_hook = True
        return cls._known.setdefault(str(path), cls(path))

    def kept_open(self) -> _ProcessLock:
        """What keeps the lock file open from one use to the next, for as long as somebody refers to it."""
        kept = self._kept()
        if kept is None:
            kept = _Flock(self._name) if fcntl else _FileLock(self.path)
            self._kept = weakref.ref(kept)
        return kept

    @property
    def mine(self) -> bool:
        """Whether this thread, or the trio task that runs in it, holds the lock."""
        return bool(self._owners) and _asker() in self._owners

    @contextmanager
    def hold(
        self, timeout_s: float, system: System, timed_out: Callable[[StateLockError], None] | None = None
    ) -> Iterator[None]:
        """Hold the lock; inside, the same thread (under trio: the same task) may hold it again.

        Args:
            timeout_s: how long to wait in all, seconds; 0 tries once.
            system: the calls to use.
            timed_out: told of the error where somebody else held it all that time.

        Raises:
            StateLockError: somebody else held it all that time (the message names who), or its file cannot be opened.
            StateTransactionError: another task of this thread holds it, so that waiting would be for ever.
        """
        if self.mine:
            yield
            return
        if self._host == threading.get_ident():
            raise StateTransactionError(
                f"{self.path} is held by another task of this thread, which cannot go on while this one waits "
                "without giving way. Under trio, use `async with state.transaction()`."
            )
        freed = False
        try:
            try:
                self._take(timeout_s, system, timed_out)
                yield
            finally:
                self._free()
                freed = True
        finally:
            if not freed:  # Ctrl-C has come in the middle of the lines above, or just before them
                self._free()

    @contextmanager
    def shared_with(self, partner: object, host: int) -> Iterator[None]:
        """Let a task and the thread that works for it hold the lock together.

        Args:
            partner: the task, or the thread's identifier: whichever does not hold the lock yet.
            host: the thread that the task runs in.
        """
        owners, former_host = self._owners, self._host
        self._owners, self._host = owners | {partner}, host
        try:
            yield
        finally:
            self._owners, self._host = owners, former_host

    def _take(self, timeout_s: float, system: System, timed_out: Callable[[StateLockError], None] | None) -> None:
        deadline = time.monotonic() + timeout_s
        if not self._threads.acquire(timeout=max(0.0, min(timeout_s, threading.TIMEOUT_MAX))):
            raise self._refused(timeout_s, timed_out)
        self._owners = frozenset({_asker()})
        self._host = threading.get_ident()
        self._held = held = self.kept_open()
        pause_s = FIRST_PAUSE_S
        new_turn = self._others_first
        rest_s = self._freed_s + LONGEST_PAUSE_S - time.monotonic()
        if self._others_first and rest_s > 0:  # later they have had their chance
            _pause(rest_s, timeout_s)
        try:
            while not held.take(system):
                new_turn = True
                rest_s = deadline - time.monotonic()
                if rest_s <= 0:
                    raise self._refused(timeout_s, timed_out)
                _pause(pause_s, rest_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 1.5)
        except OSError as error:
            raise StateLockError(
                f"The lock file {self.path} cannot be used: {error.strerror or error}. "
                "Make sure that its folder exists and that you may write there, then try again."
            ) from error
        if new_turn:
            self._turn_began_s = time.monotonic()

    def _free(self) -> None:
        """Undo `_take`, however far it came; where this was interrupted, a second call goes on with it."""
        if self.mine:
            if self._held:
                self._freed_s = time.monotonic()
                turn_is_over = self._freed_s > self._turn_began_s + TURN_S
                self._others_first = turn_is_over and self._held.awaited()
                self._held.free()
            self._held = None
            self.busy = False
            self._host = None
            self._owners = frozenset()
        with suppress(RuntimeError):  # this thread does not have it: nothing to undo
            self._threads.release()

    def _refused(self, timeout_s: float, timed_out: Callable[[StateLockError], None] | None) -> StateLockError:
        error = StateLockError(
            f"Could not acquire lock after {timeout_s}s: {self.path} is held by {_holder(self.path)}. "
            "Wait until it has finished, or stop it, then try again."
        )
        if timed_out:
            timed_out(error)
        return error

    @classmethod
    def _forget_all(cls) -> None:
        """In a forked child: close what belongs to the parent, without unlocking it, and start afresh."""
        for lock in list(cls._known.values()):
            kept = lock._kept()
            if kept:
                kept.forget()
            lock._held = lock._host = None
            lock._owners = frozenset()
            lock.busy = False
            lock._threads = threading.RLock()


def _asker() -> object:
    """Who asks for a lock: the trio task that runs in this thread, otherwise the thread."""
    # Looked up and not imported: where nobody else has imported trio, no task is running.
    lowlevel = sys.modules.get("trio.lowlevel")
    # Another thread may be in the middle of importing it.
    if lowlevel and hasattr(lowlevel, "in_trio_task") and lowlevel.in_trio_task():
        return lowlevel.current_task()
    return threading.get_ident()


class _Flock:
    """The ``flock`` on a file that is held open, so that taking it is a call or two."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self._file = (0, 0)
        self._names = Names(os.path.dirname(path), System())
        self._noted = False
        self._close: Callable[[], object] = _nothing

    def take(self, system: System) -> bool:
        if self._descriptor < 0:
            self._open(system)
        try:
            system.lock(self._descriptor)
        except BlockingIOError:
            self._mark(_WAITING)
            return False
        if not self._has_its_name():
            self.forget()  # deleted in use: whoever comes next locks another file
            return False
        self._noted = True
        self._note(b'{"since_ns": %d, %s' % (time.time_ns(), _who(os.getpid())))
        if self.awaited():  # who waited and has come now, or has given up, waits no more
            self._mark(_NOBODY)
        return True

    def free(self) -> None:
        if self._descriptor >= 0:
            if self._noted:  # otherwise the note is of somebody else, who holds it
                self._note(b" ")
                self._noted = False
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def awaited(self) -> bool:
        """Whether another process has come and gone away empty-handed since this one took the lock."""
        return self._descriptor >= 0 and os.pread(self._descriptor, 1, MARK_AT) == _WAITING

    def _has_its_name(self) -> bool:
        try:
            if self._names.may_have_changed():
                named = os.stat(self._path)
                if (named.st_ino, named.st_dev) != self._file:
                    return False
                self._names.confirm()
        except FileNotFoundError:
            return False
        return True

    def forget(self) -> None:
        self._descriptor = -1
        self._noted = False
        self._close()

    def _open(self, system: System) -> None:
        try:
            descriptor = system.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # so is the folder
            system.make_folder(os.path.dirname(self._path))
            descriptor = system.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        closing = weakref.finalize(self, os.close, descriptor)
        closing.atexit = False  # the last checkpoint is written then
        status = os.fstat(descriptor)
        self._close, self._file = closing, (status.st_ino, status.st_dev)
        self._descriptor = descriptor  # last, for Ctrl-C may come at any line

    def _note(self, text: bytes) -> None:
        """Say in the file who holds it; one blank at its beginning makes it no JSON any more.

        It is for messages only, so a full disk is no reason to fail. It is written in place, always as long, so that
        the file system has nothing to allocate, which the next fsync would have to wait for.
        """
        with suppress(OSError):
            os.pwrite(self._descriptor, text, 0)

    def _mark(self, byte: bytes) -> None:
        """Say whether somebody waits, in place too; where the disk is full, who waits takes its chance."""
        with suppress(OSError):
            os.pwrite(self._descriptor, byte, MARK_AT)


class _FileLock:
    """The same where there is no ``flock``."""

    def __init__(self, path: Path) -> None:
        from filelock import FileLock

        self._lock = FileLock(path, thread_local=False)

    def take(self, system: System) -> bool:
        """Without the calls of `system`: they are another's."""
        from filelock import Timeout

        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def free(self) -> None:
        self._lock.release()

    def awaited(self) -> bool:
        """Not known."""
        return False

    def forget(self) -> None:
        """Without ``flock`` there is no fork either."""


def _nothing() -> None:
    """There is nothing to close, and nothing kept."""


def _pause(most_s: float, rest_s: float) -> None:
    """Sleep for a while that is random, so that waiting processes do not keep in step, but not beyond `rest_s`."""
    time.sleep(max(0.0, min(rest_s, most_s * random.uniform(0.5, 1.0))))  # noqa: S311 - no secret


@lru_cache(maxsize=1)
def _who(pid: int) -> bytes:
    """The rest of the note: process and command line, filled up with blanks."""
    command = " ".join(sys.argv)[:200]
    return (b'"pid": %d, "command": %s}' % (pid, json.dumps(command).encode("ascii"))).ljust(1400)


def _holder(path: Path) -> str:
    try:
        with path.open("rb") as file:
            note = json.loads(file.read(MARK_AT).rstrip(b"\0"))
        since = datetime.fromtimestamp(note["since_ns"] / 1e9, UTC).isoformat(timespec="seconds")
        if note["pid"] == os.getpid():
            return f"another thread of this process ({note['pid']}) since {since}"
        with suppress(PermissionError):  # it is alive and belongs to another user
            os.kill(note["pid"], 0)
        return f"process {int(note['pid'])} ({note['command']}) since {since}"
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return "another process"
