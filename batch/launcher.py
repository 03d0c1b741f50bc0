"""How a book is done for a batch: by a guardian, at the other end of a lifeline."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import trio

from batch.lifeline import Guardian
from batch.plan import PlannedBook
from batch.records import Ended
from orchestrator.book import BookPlan
from orchestrator.descendants import Descendants
from orchestrator.lock import RETRY_S, Wait, book_lock_path, open_lock, try_lock
from orchestrator.served import Commit, Operations, serve
from orchestrator.settings import Settings

_GRACE_S = 15.0
"""How long a guardian may take to end a book; it kills, and gives up after ten seconds."""

_PAUSE_S = 0.002
_TAIL_CHARACTERS = 500


class Launcher(Protocol):
    """Has books done, each by a process of its own."""

    def claim(self, book: PlannedBook) -> AbstractAsyncContextManager[None]:
        """Wait until no other process works on a book, and keep others away from it."""
        ...

    async def launch(self, book: PlannedBook, records: Mapping[str, Any]) -> Ended:
        """Have a claimed book done; cancelling ends it, and returns once nothing of it lives.

        Args:
            book: the book.
            records: its records by section, read after it was claimed.
        """
        ...


class GuardedLauncher:
    """Has books done by guardians, each of which does one book after another.

    The process that uses it must be a subreaper, where the system has them: it ends what a killed guardian leaves.

    Args:
        settings: what the work on every book depends on.
        say: tells the user that a book waits, and for whom.
        commit: makes the changes that a book's process asks for, in one transaction.
        owe: takes in those that it does not wait for.
        guardians: those that have been started already; more are started as they are needed.
    """

    def __init__(
        self,
        settings: Settings,
        say: Callable[[PlannedBook, str], None],
        commit: Commit,
        owe: Callable[[Operations], None],
        guardians: Iterable[Guardian] = (),
    ) -> None:
        self._settings = settings
        self._launched: set[str] = set()
        self._commit = commit
        self._owe = owe
        self._say = say
        self._idle = list(guardians)
        self._guardians = set(self._idle)
        self._below = Descendants()
        self._locks: dict[str, int] = {}

    @asynccontextmanager
    async def claim(self, book: PlannedBook) -> AsyncIterator[None]:
        """Hold the book's lock."""
        descriptor = open_lock(book_lock_path(self._settings.work_dir, book.book_id))
        try:
            wait = Wait(self._settings.work_dir, lambda holder: self._say(book, holder))
            while not try_lock(descriptor):
                wait.tried(descriptor)
                await trio.sleep(RETRY_S)
            self._locks[book.book_id] = descriptor
            yield
        finally:
            self._locks.pop(book.book_id, None)
            os.close(descriptor)

    async def launch(self, book: PlannedBook, records: Mapping[str, Any]) -> Ended:
        """Have a claimed book done by a guardian, its output sent to files in the book's folder."""
        logs = self._settings.work_dir / book.book_id / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        errors_path = logs / "orchestrator.err"
        settings = self._settings.going_on() if book.book_id in self._launched else self._settings
        self._launched.add(book.book_id)
        plan = BookPlan(book.book_id, Path(book.path), settings, records).to_json()
        ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM)
        with (
            ours,
            theirs,
            tempfile.TemporaryFile() as told,
            (logs / "orchestrator.out").open("wb") as output,
            errors_path.open("wb") as errors,
        ):
            told.write(plan.encode("ascii"))
            told.seek(0)
            given = (told, self._locks[book.book_id], output, errors, theirs)
            code = await self._have_done(tuple(g if isinstance(g, int) else g.fileno() for g in given), ours)
        if code is None:
            return Ended(128 + signal.SIGKILL, "the guardian of this book was killed. Run again to go on.")
        return Ended(code, _tail(errors_path))

    async def _have_done(self, given: tuple[int, ...], book: socket.socket) -> int | None:
        """The exit code of a book; None where its guardian has vanished, and then all that it has left.

        Args:
            given: the descriptors for the guardian.
            book: the socket by which its process asks for commits.
        """
        guardian = self._ready_guardian(given)
        try:
            code = await self._answer(guardian, book)
        except trio.Cancelled:
            guardian.dismiss()
            with trio.CancelScope(deadline=trio.current_time() + _GRACE_S, shield=True):
                await self._answer(guardian, book)
            await self._bury(guardian)
            raise
        if code is None:
            await self._bury(guardian)
        else:
            self._idle.append(guardian)
        return code

    async def _answer(self, guardian: Guardian, book: socket.socket) -> int | None:
        """The exit code of the book at hand; None where the guardian is gone. Until then, its commits are made."""
        with selectors.DefaultSelector() as selector:
            for end in (guardian.lifeline, book):
                selector.register(end, selectors.EVENT_READ)
            while True:
                await trio.lowlevel.wait_readable(selector.fileno())
                ready = {key.fileobj for key, _ in selector.select(0)}
                if book in ready:
                    serve(book, self._commit, self._owe)
                elif guardian.lifeline in ready:
                    return guardian.answer()

    def _ready_guardian(self, given: tuple[int, ...]) -> Guardian:
        """A guardian that has taken an order; one that has died since its last is replaced."""
        while self._idle:
            guardian = self._idle.pop()
            if guardian.order(given):
                return guardian
            self._guardians.discard(guardian)
            guardian.lifeline.close()
            guardian.process.wait()
        guardian = Guardian()
        self._guardians.add(guardian)
        guardian.order(given)
        return guardian

    async def _bury(self, guardian: Guardian) -> None:
        """Wait for the end of a guardian whose lifeline has ended, and end what it has left."""
        with trio.CancelScope(shield=True):
            guardian.lifeline.close()
            with trio.move_on_after(_GRACE_S):
                while guardian.process.poll() is None:
                    await trio.sleep(_PAUSE_S)
            guardian.process.kill()
            guardian.process.wait()  # from here on its children are this process's
            self._guardians.discard(guardian)
            self._below.end(keep={other.process.pid for other in self._guardians})

    def __enter__(self) -> GuardedLauncher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the guardians, which have nothing to do any more."""
        for guardian in self._guardians:
            guardian.lifeline.close()
        for guardian in self._guardians:
            guardian.process.wait()
        self._guardians.clear()


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 4 * _TAIL_CHARACTERS))
        return file.read().decode("utf-8", "replace").strip()[-_TAIL_CHARACTERS:]
