"""The batch itself: a nursery that keeps at most `max_workers` orchestrators running until no book is left."""

from __future__ import annotations

import heapq
import logging
import math
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import FrameType

import trio

from batch.launcher import Launcher
from batch.monitor import CpuMonitor
from batch.plan import PlannedBook
from batch.progress import BookProgress, read_progress
from batch.records import BatchRecords, BatchResult, Ended, Tally
from batch.screen import failure_text
from batch.view import View
from orchestrator.exits import ExitCode, leave_terminal
from orchestrator.interrupts import SAME_SIGNAL_S, watched_signals

logger = logging.getLogger(__name__)

_PROGRESS_INTERVAL_S = 0.5


def run_batch(batch: Batch) -> BatchResult:
    """Run a batch to its end.

    Raises:
        StateError: the state cannot be used any more; every child is gone.
        OSError: the same of a folder of the pipeline.
    """
    try:
        return trio.run(batch.run)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):  # trio groups what its tasks raise, even where it is one
            error = error.exceptions[0]
        raise error from group


class Batch:
    """Runs the books of a plan.

    Args:
        books: those that need work, in order.
        tally: counts so far; books that need nothing are counted already.
        max_workers: at most so many orchestrators at a time.
        launcher: starts an orchestrator.
        monitor: holds back starts while others need the machine.
        records: writes the batch section.
        view: what a person sees.
        folder_of: the folder in which the progress file of a book lies, by the book's id.
        on_ended: is told of each book that is over, and why it failed if it did.
        warden: from which come signals that were sent to the warden; None where there is none.
    """

    def __init__(
        self,
        books: Sequence[PlannedBook],
        tally: Tally,
        *,
        max_workers: int,
        launcher: Launcher,
        monitor: CpuMonitor,
        records: BatchRecords,
        view: View,
        folder_of: Callable[[str], Path],
        on_ended: Callable[[str, str | None], None] = lambda _name, _failure: None,
        warden: int | None = None,
    ) -> None:
        self._books = books
        self._max_workers = max_workers
        self._launcher = launcher
        self._monitor = monitor
        self._records = records
        self._view = view
        self._folder_of = folder_of
        self._on_ended = on_ended
        self._warden = warden
        self._interrupted_at = 0.0
        self._running: dict[str, PlannedBook] = {}
        self._earlier: dict[str, BookProgress] = {}
        self._result = BatchResult(tally)
        self._fresh: deque[PlannedBook] = deque()
        self._waiting: list[tuple[float, int, PlannedBook]] = []
        self._numbers = count()
        self._unfinished = 0
        self._changed = trio.Event()

    async def run(self) -> BatchResult:
        """Run all books; returns when none is left or a signal has ended the batch and every child is gone."""
        async with trio.open_nursery() as watchers:
            watchers.start_soon(self._monitor.run)
            watchers.start_soon(self._watch_progress)
            with trio.CancelScope() as work:
                await watchers.start(self._watch_signals, work)
                if self._warden is not None:
                    watchers.start_soon(self._watch_warden, self._warden, work)
                await self._run_workers()
            watchers.cancel_scope.cancel()
        return self._result

    async def _run_workers(self) -> None:
        send, receive = trio.open_memory_channel[PlannedBook](0)
        turn = trio.Lock()
        async with trio.open_nursery() as workers:
            for _ in range(min(self._max_workers, max(1, len(self._books)))):
                workers.start_soon(self._work, receive.clone(), turn)
            receive.close()
            for book in self._books:
                if book.due_s:
                    self._wait_for(book, book.due_s)
                else:
                    self._fresh.append(book)
            self._unfinished = len(self._books)
            async with send:
                while (next_book := await self._next_book()) is not None:
                    await send.send(next_book)

    async def _next_book(self) -> PlannedBook | None:
        """The next book to be worked on, once there is one; None where none is left and none can come back."""
        while self._unfinished:
            due_at = self._waiting[0][0] if self._waiting else math.inf
            if due_at <= trio.current_time():
                return heapq.heappop(self._waiting)[2]
            if self._fresh:
                return self._fresh.popleft()
            self._changed = trio.Event()
            with trio.move_on_at(due_at):
                await self._changed.wait()
        return None

    def _wait_for(self, book: PlannedBook, seconds: float) -> None:
        """Have a book worked on again in so many seconds."""
        heapq.heappush(self._waiting, (trio.current_time() + seconds, next(self._numbers), book))

    async def _work(self, books: trio.MemoryReceiveChannel[PlannedBook], turn: trio.Lock) -> None:
        async with books:
            async for book in books:
                async with turn:  # one start at a time: what was just started counts as running for the next
                    await self._monitor.wait_for_turn(lambda: len(self._running))
                    self._running[book.book_id] = book
                await self._run_book(book)

    async def _run_book(self, book: PlannedBook) -> None:
        try:
            async with self._launcher.claim(book):
                await self._run_claimed(book)
        finally:
            del self._running[book.book_id]

    async def _run_claimed(self, book: PlannedBook) -> None:
        started = time.monotonic()
        self._earlier[book.book_id] = self._progress_of(book)
        records = self._records.book_started(book)
        self._view.started(book)
        logger.info("%s: starts (%s)", book.name, book.reason)
        try:
            ended = await self._launcher.launch(book, records)
        except trio.Cancelled:
            self._records.book_interrupted(book)
            raise
        except OSError as error:
            ended = Ended(1, f"the orchestrator could not be started: {error.strerror} ({error.filename})")
        self._book_ended(book, ended, time.monotonic() - started)

    def _book_ended(self, book: PlannedBook, ended: Ended, duration_s: float) -> None:
        aftermath = self._records.book_ended(book, ended, duration_s)
        self._changed.set()
        if aftermath.next_try_s is not None:
            self._view.waits(book, ended, aftermath)
            logger.warning(
                "%s: failed, and is tried again in %.0f s: %s", book.name, aftermath.next_try_s, failure_text(ended)
            )
            self._wait_for(replace(book, reason="tried again after a failure"), aftermath.next_try_s)
            return
        self._unfinished -= 1
        self._view.ended(book, ended, duration_s, aftermath)
        if ended.exit_code == 0:
            self._result.tally.successful += 1
            self._result.folders[book.name] = aftermath.folder
            self._on_ended(book.name, None)
            logger.info("%s: done in %.1f s", book.name, duration_s)
        else:
            reason = failure_text(ended)
            self._result.tally.failed += 1
            self._result.tally.errors.append(f"{book.name}: {reason}")
            self._result.failures[book.name] = reason
            self._on_ended(book.name, reason)
            logger.error("%s: failed: %s", book.name, reason)

    async def _watch_progress(self) -> None:
        while True:
            await trio.sleep(_PROGRESS_INTERVAL_S)
            self._records.settle()
            for book in list(self._running.values()):
                progress = self._progress_of(book)
                if progress != self._earlier.get(book.book_id):  # otherwise an earlier run has left it
                    self._view.progress(book, progress)
            self._view.machine(self._monitor.others_percent, throttled=self._monitor.throttled)

    def _progress_of(self, book: PlannedBook) -> BookProgress:
        return read_progress(self._folder_of(book.book_id) / "progress.jsonl")

    async def _watch_signals(
        self, work: trio.CancelScope, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        watched = watched_signals()
        if not watched:
            task_status.started()
            return
        with trio.open_signal_receiver(*watched) as signals:
            task_status.started()
            async for signum in signals:
                self._interrupt(signum, work)

    async def _watch_warden(self, warden: int, work: trio.CancelScope) -> None:
        """Take the signals that were sent to the warden; its end is as good as SIGTERM."""
        while True:
            await trio.lowlevel.wait_readable(warden)
            numbers = os.read(warden, 16)
            for signum in numbers or (signal.SIGTERM,):
                self._interrupt(signum, work)
            if not numbers:
                return

    def _interrupt(self, signum: int, work: trio.CancelScope) -> None:
        """End gracefully."""
        if self._result.signum is not None:
            return
        self._result.signum = signum
        self._interrupted_at = time.monotonic()
        if signum == signal.SIGHUP:
            leave_terminal()
        logger.warning("%s: ending the running books; finished work is kept", signal.Signals(signum).name)
        for watched in watched_signals():
            signal.signal(watched, self._leave)  # trio could not tell while a transaction waits for the disk
        work.cancel()

    def _leave(self, signum: int, _frame: FrameType | None) -> None:
        """End at once, at the second signal; the guardians see it and end everything."""
        if time.monotonic() - self._interrupted_at > SAME_SIGNAL_S:
            self._view.__exit__()
            os._exit(ExitCode.INTERRUPTED + signum)
