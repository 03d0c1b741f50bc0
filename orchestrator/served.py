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

    def read(self) -> Mapping[str, Any]:
        """The book's records as of the last commit, where they stand in the document; not to be changed."""
        return self._document

    @contextmanager
    def transaction(self, *, operation: str) -> Iterator[_Draft]:
        """Assign records of the book, each as a whole; leaving the block commits, an exception changes nothing.

        Raises:
            StateError: the commit was refused; nothing was written.
        """
        draft = _Draft(_holders_copied(self._document))
        yield draft
        changed = self._changed(draft.data)
        if not self._made_by_batch(changed, operation):
            records = records_of(self._document, self._book_id, AUDIOBOOK)
            make(PipelineState.scoped(self._path, self._book_id, records), changed, operation)
        self._document = draft.data

    def _changed(self, new: dict[str, Any]) -> Operations:
        changed: Operations = []
        for place in AUDIOBOOK.records:
            before, after = (_holder(document, place).get(self._book_id) for document in (self._document, new))
            if after is None and before is not None:
                changed.append([DELETE, [*place, self._book_id]])
            elif after != before:
                changed.append([SET, [*place, self._book_id], after])
        return changed

    def _made_by_batch(self, changed: Operations, operation: str) -> bool:
        try:
            self._batch.send(json.dumps([operation, changed]).encode("ascii"))
            refusal = json.loads(self._batch.recv(_LARGEST_ANSWER_BYTES))
        except OSError:  # too large for a datagram, or the batch is gone, and its guardian about to end this process
            return False
        if refusal is not None:
            raise StateTransactionError(refusal)
        return True


class _Draft:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data


def serve(book: socket.socket, commit: Callable[[Operations, str], None]) -> None:
    """Make the commit that a book's process has asked for, and answer.

    Args:
        book: the socket to it, from which a message can be read.
        commit: makes the changes in one transaction.
    """
    operation, changed = json.loads(book.recv(_LARGEST_COMMIT_BYTES))
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
        for kind, (*place, name), *value in changed:
            holder = txn.data
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
