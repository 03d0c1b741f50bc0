"""The records of one book whose commits are made by its batch, which has the whole document in memory.

Whoever writes a small document has to know all of it, and its backups, as of the last commit, and a large one must be
brought up to date with its journal by somebody. One process that makes all commits does a fraction of the work of many
that follow each other's. Each message is one datagram: a commit, and the answer to it.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_common import PipelineState, StateError, StateTransactionError
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.journal import DELETE, SET
from pipeline_common.lifecycle import records_of, sparse_document
from pipeline_common.scoped import ScopedState

_LARGEST_ANSWER_BYTES = 1 << 16
_LARGEST_COMMIT_BYTES = 1 << 20
"""More than a socket takes at once; whatever is larger, the book's process commits itself."""

Operations = list[list[Any]]

Commit = Callable[[Operations, str], None]
"""Makes changes in one transaction, which has a name in the audit trail."""


class ServedState:
    """The records of one book, in its own process.

    Args:
        path: the state file, for commits that the batch cannot take.
        book_id: the book.
        records: its records by section; nobody else changes them meanwhile.
        batch: the socket to the batch.
    """

    def __init__(self, path: Path, book_id: str, records: Mapping[str, Any], batch: socket.socket) -> None:
        self._path = path
        self._book_id = book_id
        self._document = sparse_document(records, book_id, AUDIOBOOK)
        self._batch = batch
        self._asked: _Request | None = None
        self._waiting: list[_Request] = []

    def read(self) -> Mapping[str, Any]:
        """The book's records as of the last transaction, where they stand in the document; not to be changed."""
        return self._document

    @contextmanager
    def transaction(self, *, operation: str) -> Iterator[_Draft]:
        """Assign records of the book, each as a whole; leaving the block commits, an exception changes nothing.

        Raises:
            StateError: the commit was refused; nothing was written.
        """
        with self.transaction_ahead(operation=operation) as draft:
            yield draft
        self.confirm()

    @contextmanager
    def transaction_ahead(self, *, operation: str) -> Iterator[_Draft]:
        """The same, but leaving the block only asks for the commit; `confirm` waits for it.

        Raises:
            StateError: the commit before it was refused.
        """
        self.confirm()
        draft = _Draft(_holders_copied(self._document))
        yield draft
        self._asked = self._ask(operation, self._changed(draft.data))
        self._document = draft.data

    @contextmanager
    def transaction_in_passing(self, *, operation: str) -> Iterator[_Draft]:
        """The same, but the batch makes the commit with the next one that somebody waits for, or a moment later.

        Nothing may hang on it that could not be decided anew: it is lost where the batch is killed before that. Whether
        it is committed shows with the next transaction, or with `confirm_all`.

        Raises:
            StateError: the commit before it was refused.
        """
        self.confirm()
        draft = _Draft(_holders_copied(self._document))
        yield draft
        self._waiting.append(self._ask(operation, self._changed(draft.data), in_passing=True))
        self._document = draft.data

    def confirm(self) -> None:
        """Return once the last transaction is committed; one in passing may still wait.

        Raises:
            StateError: it was refused; nothing of it was written.
        """
        if self._asked is None:
            return
        asked, self._asked = self._asked, None
        waiting, self._waiting = self._waiting, []
        try:
            if not (asked.sent and all(other.sent for other in waiting) and self._answered()):
                requests = [*waiting, asked]
                records = records_of(requests[0].before, self._book_id, AUDIOBOOK)
                changed = [change for request in requests for change in request.changed]
                make(PipelineState.scoped(self._path, self._book_id, records), changed, asked.operation)
        except BaseException:  # Ctrl-C too: what was not committed is not in the document
            self._document = asked.before
            raise

    def confirm_all(self) -> None:
        """Return once every transaction is committed, those in passing, too.

        Raises:
            StateError: one was refused.
        """
        self.confirm()
        if self._waiting:
            self._asked = self._ask(self._waiting[-1].operation, [])
            self.confirm()

    def _ask(self, operation: str, changed: Operations, *, in_passing: bool = False) -> _Request:
        """Ask the batch for a commit, which cannot take it where it is gone, or that is larger than a datagram."""
        sent = False
        with suppress(OSError):
            self._batch.send(json.dumps([operation, changed, in_passing]).encode("ascii"))
            sent = True
        return _Request(operation, changed, self._document, sent)

    def _answered(self) -> bool:
        """Wait for the batch's answer; False where the batch is gone, and its guardian about to end this process."""
        try:
            refusal = json.loads(self._batch.recv(_LARGEST_ANSWER_BYTES))
        except OSError:
            return False
        if refusal is not None:
            raise StateTransactionError(refusal)
        return True

    def _changed(self, new: dict[str, Any]) -> Operations:
        changed: Operations = []
        for place in AUDIOBOOK.records:
            before, after = (_holder(document, place).get(self._book_id) for document in (self._document, new))
            if after is None and before is not None:
                changed.append([DELETE, [*place, self._book_id]])
            elif after != before:
                changed.append([SET, [*place, self._book_id], after])
        return changed


@dataclass(frozen=True, slots=True)
class _Request:
    operation: str
    changed: Operations
    before: dict[str, Any]
    sent: bool


class _Draft:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def serve(book: socket.socket, commit: Commit, owe: Callable[[Operations], None]) -> None:
    """Make the commit that a book's process has asked for, and answer.

    Args:
        book: the socket to it, from which a message can be read.
        commit: makes the changes, and those that are owed, in one transaction.
        owe: takes in changes that nobody waits for.
    """
    operation, changed, in_passing = json.loads(book.recv(_LARGEST_COMMIT_BYTES))
    if in_passing:
        owe(changed)
        return
    refusal = None
    try:
        commit(changed, operation)
    except StateError as error:
        refusal = str(error)
    with suppress(OSError):  # the process has been killed meanwhile
        book.send(json.dumps(refusal)[:_LARGEST_ANSWER_BYTES].encode("ascii"))


def make(state: PipelineState | ScopedState, changed: Operations, operation: str) -> None:
    """Make changes of records in one transaction.

    Raises:
        StateError: as of a transaction; nothing was written.
    """
    with state.transaction(operation=operation) as txn:
        apply(txn.data, changed)


def apply(document: Any, changed: Operations) -> None:
    """Make changes of records in a document."""
    for kind, (*place, name), *value in changed:
        holder = document
        for key in place:
            holder = holder.setdefault(key, {})
        if kind == SET:
            holder[name] = value[0]
        else:
            holder.pop(name, None)


def _holder(document: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        document = document[key]
    return document


def _holders_copied(document: dict[str, Any]) -> dict[str, Any]:
    """A document of its own, with the same records."""
    copy: dict[str, Any] = {}
    for place in AUDIOBOOK.records:
        node = copy
        for key in place:
            node = node.setdefault(key, {})
        node.update(_holder(document, place))
    return copy
