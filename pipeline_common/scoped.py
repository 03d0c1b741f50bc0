# SPDX-License-Identifier: MIT
"""A handle on the records of one book, for a process that must not pay for all the others.

It is told the records when it is made, appends its commits to the journal, and neither parses nor rewrites the
document. It never writes a checkpoint: whoever holds the whole document does. Where the journal cannot take its
commits, because the document is small or was edited by hand, a full handle makes them.
"""

from __future__ import annotations

import os
import re
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline_common import advice, journal_file
from pipeline_common.audit import TRANSACTION_COMMIT, TRANSACTION_ROLLBACK, AuditTrail
from pipeline_common.codec import Document, copied, plain
from pipeline_common.errors import StateTransactionError
from pipeline_common.files import StateFiles, now
from pipeline_common.journal import (
    HEADER_BYTES,
    SET,
    Header,
    JournalDamagedError,
    Scan,
    encode_record,
    last_record,
    parse_header,
    scan,
)
from pipeline_common.lifecycle import Lifecycle, records_of
from pipeline_common.locks import PathLock
from pipeline_common.names import Names
from pipeline_common.reading import SMALL_BYTES
from pipeline_common.rules import Review
from pipeline_common.system import System, pread_all, sync_folder
from pipeline_common.tracked import Tracker, detached
from pipeline_common.tree import apply, operations, tree_of

if TYPE_CHECKING:
    from pipeline_common.state import PipelineState

_TAIL_BYTES = 64 << 10


_REVISION = re.compile(rb'\{"q":(\d+),')


@dataclass(frozen=True, slots=True)
class _Position:
    """The end of a journal.

    Attributes:
        header: its header.
        last: where its last record begins; 0 where that is not known, or there is none.
        end: where it ends.
        crc: of the chain there.
        revision: of the last record, or that it leads on from.
        durable_bytes: the size of the file as far as an fsync of this handle's has covered it.
    """

    header: bytes
    last: int
    end: int
    crc: int
    revision: int
    durable_bytes: int

    def behind(self, found: Scan) -> _Position:
        """Where records end that follow here."""
        last = found.records[-1] if found.records else None
        return replace(
            self,
            last=last.start if last else self.last,
            end=found.end,
            crc=found.crc,
            revision=last.revision if last else self.revision,
        )


class ScopedTransaction:
    """What a ``with scoped.transaction() as txn`` block is given.

    Attributes:
        data: a document that holds the one book's records and nothing else, to be changed in place.
    """

    def __init__(self, data: Any) -> None:
        self.data = data


class ScopedState:
    """The records of one book; `PipelineState.scoped` makes it, and says what the arguments are."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        book_id: str,
        records: Mapping[str, Any],
        *,
        timeout_s: float,
        lifecycle: Lifecycle,
        system: System,
    ) -> None:
        self.files = StateFiles(path)
        self.book_id = book_id
        self._lifecycle = lifecycle
        self._timeout_s = timeout_s
        self._system = system
        self._lock = PathLock.of(self.files.lock)
        self._lock_file = self._lock.kept_open()
        self._audit = AuditTrail(self.files.log, system)
        self._document = self._sparse(plain(records))
        self._tracker: Tracker | None = None  # of the document; none where a transaction has not ended well
        self._name, self._journal_name = str(self.files.state), str(self.files.journal)
        self._journal = -1
        self._journal_file = (0, 0)
        self._names = Names(str(self.files.journal.parent), system)
        self._close_journal: Callable[[], object] = _nothing
        self._position: _Position | None = None
        self._folders_synced = False
        self._whole: PipelineState | None = None

    def read(self) -> Document:
        """The book's records as of the last commit, where they stand in the document; they belong to the caller."""
        return copied(self._document)  # type: ignore[no-any-return]

    def records(self) -> dict[str, Any]:
        """The book's records as of the last commit, by section."""
        return records_of(self.read(), self.book_id, self._lifecycle)

    @contextmanager
    def transaction(
        self, *, validate: bool | None = None, operation: str = "transaction"
    ) -> Iterator[ScopedTransaction]:
        """Change the book's records; leaving the block commits, an exception rolls back.

        Args:
            validate: whether status transitions are checked; None means yes. The schema is the full handle's to check.
            operation: what the audit trail calls it.

        Raises:
            StateLockError: the lock was not obtained.
            InvalidStatusTransitionError: a status may not follow the one before it.
            StateTransactionError: something outside the book's own records was changed, a transaction is already open
                in this thread, or the disk refused (then a `StateWriteError` is the cause). Nothing was written.
        """
        with self._lock.hold(self._timeout_s, self._system):
            if self._lock.busy:
                raise advice.nested(self.files)
            tracker, self._tracker = self._tracker or tree_of(self._document), None
            txn = ScopedTransaction(tracker.root)
            details = {} if operation == "transaction" else {"operation": operation}
            self._lock.busy = tracker.active = True
            try:
                yield txn
                if not self._lock.mine:
                    raise advice.other_process(self.files)
                changed = self._changed(tracker, txn, check=validate is not False)
                revision = self._commit(changed, details)
                _make(changed, self._document)
                tracker.clear()
                self._tracker = tracker
            except Exception as error:
                # Not for Ctrl-C, which may have come anywhere: the records are tracked anew then.
                tracker.roll_back()
                self._tracker = tracker
                if self._lock.mine:
                    details |= {"error": str(error), "error_type": type(error).__name__}
                    self._audit.note(TRANSACTION_ROLLBACK, success=False, revision=0, details=details)
                raise
            finally:
                tracker.active = self._lock.busy = False
            if revision:
                self._audit.note(TRANSACTION_COMMIT, success=True, revision=revision, details=details)

    def _changed(self, tracker: Tracker, txn: ScopedTransaction, *, check: bool) -> list[list[Any]]:
        """The operations of a transaction, checked."""
        own = {(*place, self.book_id) for place in self._lifecycle.records}
        changes = tracker.changes()
        foreign = [path for path, _ in changes if path not in own and not any(path[: len(o)] == o for o in own)]
        if foreign or txn.data is not tracker.root:
            place = ".".join(map(str, foreign[0])) if foreign else "the whole document"
            raise StateTransactionError(
                f"A handle on {self.book_id} alone has changed {place} in {self.files.state}. "
                "Change the records of that book only, or open the whole with PipelineState."
            )
        tracker.seal()
        review = Review(self._lifecycle, tracker)
        review.normalise()
        if check:
            review.check_transitions()
        return operations(tracker.changes())

    def _commit(self, changed: list[list[Any]], details: Mapping[str, Any]) -> int:
        """Make the changes; returns the revision, 0 where a full handle has made them and noted it."""
        try:
            revision = self._append([*changed, [SET, ["last_updated"], now().isoformat()]])
        except OSError as error:
            failure = advice.unwritable(self.files, error)
            raise StateTransactionError(f"The transaction was rolled back. {failure}") from failure
        except JournalDamagedError as error:
            raise advice.damaged_journal(self.files, error) from error
        if revision is None:
            self._commit_in_full(changed, details)
            return 0
        return revision

    def _append(self, done: list[list[Any]]) -> int | None:
        """Append a record; None where the journal cannot take it."""
        try:
            status = self._system.stat(self._name)
            journal = self._opened_journal()
        except FileNotFoundError:
            return None
        raw = self._system.pread(journal, HEADER_BYTES, 0)
        header = parse_header(raw)
        if header is None or (header.size_bytes, header.mtime_ns) != (status.st_size, status.st_mtime_ns):
            return None
        if header.size_bytes <= SMALL_BYTES:
            return None
        at = self._find_end(journal, header)
        line, crc = encode_record(at.revision + 1, time.time(), done, at.crc)
        if not self._folders_synced:
            sync_folder(self._system, str(self.files.journal.parent))
            sync_folder(self._system, str(self.files.folder))
            self._folders_synced = True
        durable_bytes = journal_file.append(self._system, journal, line, at.end, at.durable_bytes)
        self._position = _Position(raw, at.end, at.end + len(line), crc, at.revision + 1, durable_bytes)
        return at.revision + 1

    def _opened_journal(self) -> int:
        """The journal of that name, which stays open.

        Raises:
            OSError: there is none, or it may not be opened.
        """
        if self._journal >= 0:
            if not self._names.may_have_changed():
                return self._journal
            named = self._system.stat(self._journal_name)
            if (named.st_ino, named.st_dev) == self._journal_file:
                self._names.confirm()
                return self._journal
        self._journal, self._position = -1, None
        self._close_journal()
        descriptor = self._system.open(self._journal_name, os.O_RDWR)
        self._close_journal = closing = weakref.finalize(self, os.close, descriptor)
        closing.atexit = False
        opened = self._system.fstat(descriptor)
        self._journal_file = opened.st_ino, opened.st_dev
        self._journal = descriptor
        self._folders_synced = False
        return descriptor

    def _find_end(self, journal: int, header: Header) -> _Position:
        """Where the journal ends; a torn tail is cut off.

        Raises:
            JournalDamagedError: it is damaged in a way that no crash leaves behind.
        """
        at = self._position
        if at is None or at.header != header.raw:
            at = self._looked_up(journal, header)
        tail = journal_file.news(self._system, journal, at.last, at.end, at.crc)
        if tail == b"":
            return at
        if tail is not None:
            found = scan(tail, at.end, at.crc, at.revision, _revision_of)
            if not found.torn:
                return at.behind(found)
        # In another place than expected, or torn: go through all of it.
        log = pread_all(self._system, journal, HEADER_BYTES).rstrip(b"\0")
        found = scan(log, HEADER_BYTES, header.crc, header.base)
        if found.torn:
            journal_file.cut(self._system, journal, found.end)
        return _Position(header.raw, 0, HEADER_BYTES, header.crc, header.base, 0).behind(found)

    def _looked_up(self, journal: int, header: Header) -> _Position:
        """The end as its last bytes tell, or the beginning where they do not."""
        end = journal_file.likely_end(self._system, journal)
        begin = max(0, end - _TAIL_BYTES)
        found = last_record(self._system.pread(journal, end - begin, begin))
        if found is not None and found[0] > header.base:
            return _Position(header.raw, 0, end, found[1], found[0], 0)
        return _Position(header.raw, 0, HEADER_BYTES, header.crc, header.base, 0)

    def _commit_in_full(self, changed: list[list[Any]], details: Mapping[str, Any]) -> None:
        from pipeline_common.state import PipelineState

        self._lock.busy = False  # this transaction becomes that one
        state = self._whole or PipelineState(
            self.files.state, timeout=self._timeout_s, lifecycle=self._lifecycle, system=self._system
        )
        operation = str(details.get("operation", "transaction"))
        with state.transaction(validate=False, operation=operation) as txn:
            apply(txn.data, changed)
        # Of a small document the handle is worth keeping; a large one is not to be held in memory here.
        self._whole = state if self.files.state.stat().st_size <= SMALL_BYTES else None

    def _sparse(self, records: Mapping[str, Any]) -> Document:
        """The document that holds these records, every place for records included."""
        document: Document = {}
        for place in self._lifecycle.records:
            node = document
            for key in place:
                node = node.setdefault(key, {})
            if place[0] in records:
                node[self.book_id] = records[place[0]]
        return document


def _make(changed: list[list[Any]], document: Document) -> None:
    """Make the changes of a transaction in a plain document."""
    for kind, (*parents, key), *value in changed:
        node = document
        for parent in parents:
            node = node[parent]
        if kind == SET:
            node[key] = detached(value[0])
        else:
            node.pop(key, None)


def _revision_of(body: bytes) -> dict[str, Any]:
    """Of a record whose CRC is right, what its place needs.

    Raises:
        ValueError: it is none.
    """
    match = _REVISION.match(body)
    if match is None:
        raise ValueError("it has no revision")
    return {"q": int(match[1]), "t": 0.0, "o": []}


def _nothing() -> None:
    """There is no journal to close."""
