# SPDX-License-Identifier: MIT
"""``async with state.transaction()`` under trio: neither the lock nor the disk ever stops the event loop.

The one module of this package that imports trio; it is imported at the first use.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

import trio
from outcome import Outcome, Value, capture

from pipeline_common.engine import Engine
from pipeline_common.errors import StateTransactionError
from pipeline_common.locks import PathLock

if TYPE_CHECKING:
    from pipeline_common.transactions import StateTransaction

_End: TypeAlias = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class Errand:
    """One transaction, which a thread carries out for a task while the task waits, or changes the document.

    One thread does all of it, since a lock that a thread has taken is given back by the same thread. While the
    document is open to the task, both own the lock.

    A task that is cancelled while the thread waits for the lock goes at once; the thread then gives the lock back as
    soon as it has it. Any other wait is short, and cannot be cancelled: how it ends is always known.

    Args:
        engine: whose document it is.
        transaction: what the thread enters and leaves.
    """

    def __init__(self, engine: Engine, transaction: AbstractContextManager[StateTransaction]) -> None:
        self._engine = engine
        self._transaction = transaction
        self._lock = PathLock.of(engine.files.lock)
        self._ends: SimpleQueue[_End] = SimpleQueue()
        self._claim = threading.Lock()  # who has it decides about the wait for the lock: the thread, or a cancellation
        self._gone = False  # the task, without having come to `end`
        self._claimed = False

    @trio.lowlevel.enable_ki_protection
    async def begin(self) -> StateTransaction:
        """Wait for the lock and the document.

        Raises:
            StateTransactionError: the task is inside a transaction already, or there is no trio.
            StateError: as a transaction that is entered by ``with``.
        """
        if not trio.lowlevel.in_trio_task():
            raise StateTransactionError(
                "`async with state.transaction()` works under trio, and no trio task is running here. Start the "
                "program with trio.run(), or use `with state.transaction()`."
            )
        await trio.lowlevel.checkpoint_if_cancelled()
        self._task = trio.lowlevel.current_task()
        self._token = trio.lowlevel.current_trio_token()
        self._host = threading.get_ident()
        self._task_has_the_lock = self._lock.mine
        trio.lowlevel.start_thread_soon(self._work, lambda _: None, "state transaction")
        txn: StateTransaction = await trio.lowlevel.wait_task_rescheduled(self._cancel_waiting)
        return txn

    @trio.lowlevel.enable_ki_protection
    async def end(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Commit, or roll back where the body has raised; what comes of it is known when this returns.

        Raises:
            StateError: as a transaction that is left by ``with``; nothing was committed.
        """
        self._ends.put((kind, error, traceback))
        await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)

    def give_up(self) -> None:
        """Roll back where the task will never come to `end`, because Ctrl-C came just before the body."""
        self._gone = True
        error = StateTransactionError("The transaction was interrupted before its body began.")
        self._ends.put((type(error), error, None))

    def _cancel_waiting(self, _: object) -> trio.lowlevel.Abort:
        cancelled = self._claim.acquire(blocking=False)
        return trio.lowlevel.Abort.SUCCEEDED if cancelled else trio.lowlevel.Abort.FAILED

    def _work(self) -> None:
        """What the thread does."""
        result = capture(self._transact)
        if self._awaited() and not self._gone:
            self._answer(result)

    def _transact(self) -> None:
        with self._holding():
            if not self._awaited():
                return
            txn = self._transaction.__enter__()
            with self._lock.shared_with(self._task, self._host):
                self._answer(Value(txn))
                end = self._ends.get()
            self._transaction.__exit__(*end)

    def _holding(self) -> AbstractContextManager[None]:
        if self._task_has_the_lock:
            return self._lock.shared_with(threading.get_ident(), self._host)
        return self._engine.lock()

    def _awaited(self) -> bool:
        """Whether the task waits for an answer; from the first yes on it goes on waiting."""
        self._claimed = self._claimed or self._claim.acquire(blocking=False)
        return self._claimed

    def _answer(self, result: Outcome[StateTransaction | None]) -> None:
        self._token.run_sync_soon(trio.lowlevel.reschedule, self._task, result)
