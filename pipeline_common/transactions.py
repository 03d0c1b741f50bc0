# SPDX-License-Identifier: MIT
"""One transaction as its user sees it: ``with`` or ``async with``, and ``txn.data`` in between."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pipeline_common.audit import (
    BACKUP,
    LOCK_TIMEOUT,
    MIGRATE,
    RESTORE,
    TRANSACTION_COMMIT,
    TRANSACTION_ROLLBACK,
    WRITE_COMMIT,
)
from pipeline_common.codec import plain
from pipeline_common.engine import Draft, Engine
from pipeline_common.errors import StateTransactionError

if TYPE_CHECKING:
    from pipeline_common.async_transactions import Errand

_AS_THEMSELVES = frozenset({TRANSACTION_COMMIT, WRITE_COMMIT, RESTORE, BACKUP, MIGRATE, LOCK_TIMEOUT})


class StateTransaction:
    """What a ``with state.transaction() as txn`` block is given."""

    def __init__(self, draft: Draft) -> None:
        self._draft: Draft | None = draft

    @property
    def data(self) -> Any:
        """The document, to be changed in place: a dict of dicts and lists.

        Above 256 KiB, records below ``files`` and ``books`` stay undecoded until they are read. Python never sees that,
        nor do json, copy and pickle. A C extension that looks into all records of a dict at once, as pydantic and
        orjson do, is to be given `copy.deepcopy` of it, or `PipelineState.read`; single records are as everywhere.

        Raises:
            StateTransactionError: outside the ``with`` block.
        """
        return self._open_draft().data

    @data.setter
    def data(self, document: Mapping[str, Any]) -> None:
        self._open_draft().data = document

    def _close(self) -> None:
        self._draft = None

    def _open_draft(self) -> Draft:
        if self._draft is None:
            raise StateTransactionError(
                "txn.data was used outside its `with` block. Read the committed document with state.read(), "
                "or change it in a new transaction."
            )
        return self._draft


class TransactionScope:
    """The context manager of one transaction; `PipelineState.transaction` makes it.

    It is another object than the `StateTransaction` that it gives, which outlives the ``with`` statement as a variable
    of the caller. So where Ctrl-C arrives just as `__exit__` is called, nothing refers to this one any more, and its
    end rolls back and frees the lock.
    """

    def __init__(self, engine: Engine, *, validate: bool, seed: Mapping[str, Any] | None, operation: str) -> None:
        self._engine = engine
        self._errand: Errand | None = None
        self._used = False
        # A function and no method: a reference back to here would keep both alive.
        self._scope = _transacting(engine, validate=validate, seed=seed, operation=operation)

    def __enter__(self) -> StateTransaction:
        self._use()
        return self._scope.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._scope.__exit__(kind, error, traceback)

    async def __aenter__(self) -> StateTransaction:
        self._use()
        # Here, so that trio is imported by those alone who use it.
        from pipeline_common.async_transactions import Errand

        self._errand = Errand(self._engine, self._scope)
        return await self._errand.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._errand:
            await self._errand.end(kind, error, traceback)

    def __del__(self) -> None:
        if self._errand:
            self._errand.give_up()

    def _use(self) -> None:
        if self._used:
            raise StateTransactionError(
                "A transaction is used once. Ask the state for a new one: `with state.transaction() as txn:`."
            )
        self._used = True


@contextmanager
def _transacting(
    engine: Engine, *, validate: bool, seed: Mapping[str, Any] | None, operation: str
) -> Iterator[StateTransaction]:
    pid = os.getpid()
    if validate:
        engine.prepare()
    with engine.draft() as draft:
        committing = False
        try:
            if seed is not None:
                draft.data = plain(seed)
            txn = StateTransaction(draft)
            try:
                yield txn
            finally:
                txn._close()
            committing = True
            name, details = _named(operation)
            draft.commit(name, details, validate=validate)
        except BaseException as error:  # whatever ended the body is told in the audit trail, and goes on
            noted_by_engine = committing and isinstance(error, StateTransactionError)
            in_child = os.getpid() != pid  # a forked child has nothing to roll back
            if not (draft.committed or noted_by_engine or in_child):
                details = {"error": str(error), "error_type": type(error).__name__, "operation": operation}
                engine.audit.note(TRANSACTION_ROLLBACK, success=False, revision=draft.revision, details=details)
            raise


def _named(operation: str) -> tuple[str, dict[str, Any]]:
    """The audit trail's name for an operation, and what is said about it beside."""
    if operation == "write":
        return WRITE_COMMIT, {}
    if operation in _AS_THEMSELVES:
        return operation, {}
    return TRANSACTION_COMMIT, {} if operation == "transaction" else {"operation": operation}
