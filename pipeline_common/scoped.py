# SPDX-License-Identifier: MIT
"""A handle on the records of one book, for a process that must not pay for all the others.

It is told the records when it is made, appends its commits to the journal, and neither parses nor rewrites the
document. It never writes a checkpoint: whoever holds the whole document does. Where the journal cannot take its
commits, because the document is small or was edited by hand, a full handle makes them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pipeline_common import advice
from pipeline_common.audit import TRANSACTION_COMMIT, TRANSACTION_ROLLBACK, AuditTrail
from pipeline_common.codec import Document, copied, plain
from pipeline_common.durability import Appended, Durability
from pipeline_common.errors import StateTransactionError
from pipeline_common.files import StateFiles, now
from pipeline_common.journal import (
    HEADER_BYTES,
    SET,
    Header,
    JournalDamagedError,
    encode_record,
    last_record,
    parse_header,
    scan,
)
from pipeline_common.lifecycle import Lifecycle, records_of
from pipeline_common.locks import PathLock
from pipeline_common.reading import SMALL_BYTES
from pipeline_common.rules import Review
from pipeline_common.system import System, pread_all, sync_folder
from pipeline_common.tracked import MISSING, Path, Tracker, detached
from pipeline_common.tree import apply, operations, tree_of

if TYPE_CHECKING:
    from pipeline_common.state import PipelineState

_TAIL_BYTES = 64 << 10


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
        self._durability = Durability(self._lock, self.files, system)
        self._audit = AuditTrail(self.files.log, system)
        self._document = self._sparse(plain(records))
        self._tracker: Tracker | None = None  # of the document; none where a transaction has not ended well
        self._position: tuple[bytes, int, int, int] | None = None  # header, end, crc, revision
        self._undecided: list[tuple[Appended, list[tuple[Path, Any]]]] = []  # commits, and what they have replaced
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
        may_defer = not self._lock.mine
        details = {} if operation == "transaction" else {"operation": operation}
        with self._lock.hold(self._timeout_s, self._system):
            if self._lock.busy:
                raise advice.nested(self.files)
            tracker, self._tracker = self._tracker or tree_of(self._document), None
            txn = ScopedTransaction(tracker.root)
            self._lock.busy = tracker.active = True
            try:
                yield txn
                if not self._lock.mine:
                    raise advice.other_process(self.files)
                changed = self._changed(tracker, txn, check=validate is not False)
                revision, appended = self._commit(changed, details, may_defer=may_defer)
                replaced = _make(changed, self._document)
                if appended is not None:
                    self._undecided.append((appended, replaced))
                tracker.clear()
                self._tracker = tracker
            except Exception as error:
                # Not for Ctrl-C, which may have come anywhere: the records are tracked anew then.
                tracker.roll_back()
                self._tracker = tracker
                if self._lock.mine:
                    self._note_rollback(error, details)
                raise
            finally:
                tracker.active = self._lock.busy = False
        if appended is not None:
            self._acknowledge(appended, details)
        if revision:
            self._audit.note(TRANSACTION_COMMIT, success=True, revision=revision, details=details)

    def _acknowledge(self, appended: Appended, details: Mapping[str, Any]) -> None:
        """Wait until a commit is on the disk; where the disk refuses, the records are again as before.

        Raises:
            StateTransactionError: it is not there.
        """
        try:
            self._durability.wait(appended)
        except OSError as error:
            self._take_back(appended)
            failure = advice.unwritable(self.files, error)
            self._note_rollback(failure, details)
            raise StateTransactionError(f"The transaction was rolled back. {failure}") from failure
        self._undecided = [entry for entry in self._undecided if entry[0] is not appended]

    def _take_back(self, appended: Appended) -> None:
        """Undo a commit, and all that other threads have made after it, in the records in memory."""
        if not any(entry[0] is appended for entry in self._undecided):
            return
        while True:
            last, replaced = self._undecided.pop()
            for path, value in reversed(replaced):
                _exchange(self._document, path, value)
            if last is appended:
                break
        self._tracker = self._position = None

    def _note_rollback(self, error: Exception, details: Mapping[str, Any]) -> None:
        said = {**details, "error": str(error), "error_type": type(error).__name__}
        self._audit.note(TRANSACTION_ROLLBACK, success=False, revision=0, details=said)

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

    def _commit(
        self, changed: list[list[Any]], details: Mapping[str, Any], *, may_defer: bool
    ) -> tuple[int, Appended | None]:
        """Make the changes.

        Returns:
            The revision, 0 where a full handle has made them and noted it; and what is to be waited for.
        """
        try:
            done = self._append([*changed, [SET, ["last_updated"], now().isoformat()]], may_defer=may_defer)
        except OSError as error:
            failure = advice.unwritable(self.files, error)
            raise StateTransactionError(f"The transaction was rolled back. {failure}") from failure
        except JournalDamagedError as error:
            raise advice.damaged_journal(self.files, error) from error
        if done is None:
            self._commit_in_full(changed, details)
            return 0, None
        return done

    def _append(self, done: list[list[Any]], *, may_defer: bool) -> tuple[int, Appended | None] | None:
        """Append a record; None where the journal cannot take it."""
        try:
            status = self._system.stat(str(self.files.state))
            journal = self._system.open(str(self.files.journal), os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            raw = self._system.pread(journal, HEADER_BYTES, 0)
            header = parse_header(raw)
            if header is None or (header.size_bytes, header.mtime_ns) != (status.st_size, status.st_mtime_ns):
                return None
            if header.size_bytes <= SMALL_BYTES:
                return None
            durable = self._durability.known(header)
            end, crc, revision = self._find_end(journal, header, lost_nothing=durable is not None)
            leaning = durable if durable is not None and durable < end else None
            defers = may_defer and self._durability.defers(durable)
            line, crc = encode_record(revision + 1, time.time(), done, crc, durable=leaning)
            if not self._folders_synced:
                sync_folder(self._system, str(self.files.journal.parent))
                sync_folder(self._system, str(self.files.folder))
                self._folders_synced = True
            appended = self._durability.append(journal, header, line, end, defer=defers)
            self._position = (raw, end + len(line), crc, revision + 1)
            return revision + 1, appended
        finally:
            with suppress(OSError):  # the record is on the disk, or taken back
                self._system.close(journal)

    def _find_end(self, journal: int, header: Header, *, lost_nothing: bool) -> tuple[int, int, int]:
        """Where the journal ends, its chain there, and its last revision; a torn tail is cut off.

        Args:
            journal: the open journal.
            header: its header.
            lost_nothing: whether no power cut can have torn more than one record.

        Raises:
            JournalDamagedError: it is damaged in a way that no crash leaves behind.
        """
        size_bytes = self._system.fstat(journal).st_size
        if self._position and self._position[:2] == (header.raw, size_bytes):
            return self._position[1:]
        if size_bytes == HEADER_BYTES:
            return size_bytes, header.crc, header.base
        begin = max(0, size_bytes - _TAIL_BYTES)
        found = last_record(self._system.pread(journal, size_bytes - begin, begin))
        if found is not None and found[0] > header.base and (lost_nothing or found[2]):
            return size_bytes, found[1], found[0]
        scanned = scan(pread_all(self._system, journal, HEADER_BYTES), HEADER_BYTES, header.crc, header.base)
        if scanned.torn:
            self._durability.cut(journal, header, scanned.end)
        revision = scanned.records[-1].revision if scanned.records else header.base
        return scanned.end, scanned.crc, revision

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


def _make(changed: list[list[Any]], document: Document) -> list[tuple[Path, Any]]:
    """Make the changes of a transaction in a plain document; returns what was there before."""
    replaced = []
    for kind, path, *value in changed:
        replaced.append((path, _exchange(document, path, detached(value[0]) if kind == SET else MISSING)))
    return replaced


def _exchange(document: Document, path: Path, value: Any) -> Any:
    """Set the value at a path, `MISSING` removes it; returns what was there before."""
    node: Any = document
    for parent in path[:-1]:
        node = node[parent]
    before = node.get(path[-1], MISSING)
    if value is MISSING:
        node.pop(path[-1], None)
    else:
        node[path[-1]] = value
    return before
