# SPDX-License-Identifier: MIT
"""`PipelineState`: one JSON document that is read, changed in transactions, and brought back from backups."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.backups import Backups
from pipeline_common.codec import Document
from pipeline_common.engine import Engine
from pipeline_common.errors import StateReadError
from pipeline_common.files import StateFiles
from pipeline_common.history import Change, History
from pipeline_common.lifecycle import Lifecycle, records_of
from pipeline_common.system import System
from pipeline_common.transactions import TransactionScope
from pipeline_common.view import View

if TYPE_CHECKING:
    from pipeline_common.scoped import ScopedState

MAX_SIZE_BYTES = 4 << 30


class PipelineState:
    """One document on the disk, shared by threads and processes.

    Args:
        path: the file, usually ``pipeline.json``; a symbolic link stands for its target.
        validate_on_read: whether `read` checks the schema.
        max_backups: how many backups are kept (and at most 1 GiB together).
        backup_before_write: whether each commit keeps the document before it as a backup.
        timeout: how long to wait for the lock, seconds.
        checkpoint: when the file itself is brought up to date. A document up to 256 KiB always is at each commit;
            with ``auto``, a larger one follows its journal within about a second, at once when no more commits come,
            and when the handle is closed; with ``always``, it is at each commit too.
        lifecycle: what the document means.
        max_size_bytes: a larger file is refused.
        system: the calls to the operating system; tests give their own.

    Raises:
        ValueError: an argument is out of range.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        validate_on_read: bool = False,  # noqa: FBT001, FBT002 - the published signature
        max_backups: int = 50,
        backup_before_write: bool = True,  # noqa: FBT001, FBT002 - the published signature
        *,
        timeout: float = 10.0,
        checkpoint: str = "auto",
        lifecycle: Lifecycle = AUDIOBOOK,
        max_size_bytes: int = MAX_SIZE_BYTES,
        system: System | None = None,
    ) -> None:
        if max_backups < 0:
            raise ValueError(f"max_backups is {max_backups}; give 0 or more")
        if checkpoint not in ("auto", "always"):
            raise ValueError(f"checkpoint is {checkpoint!r}; give 'auto' or 'always'")
        self.validate_on_read = validate_on_read
        self._lifecycle = lifecycle
        self._engine = Engine(
            path,
            lifecycle=lifecycle,
            max_backups=max_backups,
            backup_before_write=backup_before_write,
            timeout_s=timeout,
            limit_bytes=max_size_bytes,
            checkpoint_always=checkpoint == "always",
            system=system or System(),
        )

    @property
    def path(self) -> Path:
        """The state file, absolute, symbolic links resolved."""
        return self._engine.files.state

    @property
    def files(self) -> StateFiles:
        """Where everything lies that belongs to the state."""
        return self._engine.files

    @property
    def lifecycle(self) -> Lifecycle:
        """What the document means."""
        return self._lifecycle

    @property
    def backup_manager(self) -> Backups:
        """The backups; ``backup_manager.create_backup()`` makes one by hand."""
        return self._engine.backups

    @property
    def history(self) -> History:
        """The commits that are kept, and the documents of their revisions."""
        return self._engine.history

    def read(self, validate: bool | None = None) -> Document:  # noqa: FBT001 - the published signature
        """The last committed document, also inside a transaction; ``{}`` where nothing was ever committed.

        Args:
            validate: whether the schema is checked; None means as the constructor was told.

        Returns:
            Plain values that belong to the caller.

        Raises:
            StateReadError: the file is damaged or unreadable, or missing although it has a history.
            StateValidationError: the top level is no object, or the schema was checked and does not fit.
        """
        document = self._engine.read()
        if self.validate_on_read if validate is None else validate:
            self._lifecycle.validate(document)
        return document

    def view(self) -> View:
        """The last committed document, to be looked at record by record; of a large one, the cheap way to look at all.

        It is this handle's own memory: true until the handle is used again, and not to be changed.

        Raises:
            StateLockError: the lock was not obtained.
            StateReadError, StateValidationError: as `read`, but the schema is not checked.
        """
        return self._engine.view()

    def glimpse(self) -> tuple[View, int]:
        """As `view`, but read from the disk without the lock, with the revision; it stays as it is.

        For whoever only looks, be it in a folder that cannot be written to.

        Raises:
            StateReadError, StateValidationError: as `read`, but the schema is not checked.
        """
        return self._engine.glimpse()

    def write(self, data: Mapping[str, Any], validate: bool = True) -> None:  # noqa: FBT001, FBT002 - published
        """Replace the whole document in one transaction.

        Raises:
            StateError: as `transaction`; nothing was written.
        """
        with self.transaction(validate=validate, operation="write") as txn:
            txn.data = data

    def transaction(
        self,
        *,
        validate: bool | None = None,
        seed_data: Mapping[str, Any] | None = None,
        operation: str = "transaction",
    ) -> TransactionScope:
        """A context manager in which ``txn.data`` may be changed; leaving it commits, an exception rolls back.

        Under trio, ``async with`` waits for the lock and the disk without stopping the event loop.

        Args:
            validate: whether schema and status transitions are checked at commit; None means yes.
            seed_data: what ``txn.data`` starts with, instead of the last commit.
            operation: what the audit trail calls it.

        Raises:
            StateLockError: the lock was not obtained.
            StateReadError: the present document cannot be read.
            StateValidationError: the new document breaks the schema, or (`InvalidStatusTransitionError`) a status
                may not follow the one before it.
            StateTransactionError: misuse, such as a transaction inside another of the same thread (under trio: of the
                same task); or the disk refused, then a `StateWriteError` is the cause.
        """
        return TransactionScope(self._engine, validate=validate is not False, seed=seed_data, operation=operation)

    def records_of(self, book_id: str) -> dict[str, Any]:
        """The records of one book by section, for `scoped`: ``{"phase1": {…}, "books": {…}}``.

        Raises:
            StateReadError, StateValidationError: as `read`.
        """
        document = self._engine.read()
        return records_of(document, book_id, self._lifecycle)

    @staticmethod
    def scoped(
        path: str | os.PathLike[str],
        book_id: str,
        records: Mapping[str, Any],
        *,
        timeout: float = 10.0,
        lifecycle: Lifecycle = AUDIOBOOK,
        system: System | None = None,
    ) -> ScopedState:
        """A handle on one book's records, which neither parses nor rewrites a large document.

        Args:
            path: the state file.
            book_id: the book.
            records: its records by section, as `records_of` gives them; nobody else changes them meanwhile.
            timeout: how long to wait for the lock, seconds.
            lifecycle: what the document means.
            system: the calls to the operating system; tests give their own.
        """
        from pipeline_common.scoped import ScopedState

        return ScopedState(path, book_id, records, timeout_s=timeout, lifecycle=lifecycle, system=system or System())

    def list_backups(self, limit: int = 10) -> list[Path]:
        """The backups, newest first, at most `limit`."""
        return [backup.path for backup in self._engine.backups.newest_first()[: max(0, limit)]]

    def restore_backup(self, path: str | os.PathLike[str]) -> bool:
        """Verify a backup and put its document in place, as a new revision; what is replaced is kept.

        Returns:
            True.

        Raises:
            StateReadError: the backup is missing or damaged; nothing was changed.
            StateError: the lock was not obtained, or the disk refused; nothing was changed.
        """
        self._engine.restore(Path(path))
        return True

    def restore(self, *, revision: int) -> None:
        """Put the document of an earlier revision in place, as a new revision; what is replaced is kept.

        Raises:
            StateReadError: that revision is not, or no longer, in the history; nothing was changed.
            StateError: the lock was not obtained, or the disk refused; nothing was changed.
        """
        self._engine.restore_revision(revision)

    def read_with_revision(self) -> tuple[Document, int]:
        """As `read`, with the number of that commit, from which `changes` goes on.

        Raises:
            StateReadError, StateValidationError: as `read`.
        """
        return self._engine.read_with_revision()

    def changes(self, since: int) -> Iterator[Change]:
        """The commits after a revision, in order, from the history that is kept.

        Args:
            since: a revision; the first change is the one after it.

        Raises:
            StateReadError: when it is iterated: the commit after that revision is no longer in the history.
        """
        return self._engine.history.changes(since)

    def subscribe(self, callback: Callable[[int], object]) -> Callable[[], None]:
        """Have a function called with the revision of each commit that is made with this handle.

        It is called after the commit, when this thread no longer holds the lock, so it may take its time, read, and
        commit itself; under trio, in the thread that has made the commit. Should it fail, that is logged and nothing
        else. `changes` says what a commit has changed; what others commit is not reported.

        Returns:
            A function that ends the subscription.
        """
        return self._engine.subscribers.add(callback)

    def checkpoint(self) -> bool:
        """Bring the file up to date with its journal now.

        Returns:
            Whether there was anything to do.

        Raises:
            StateError: the lock was not obtained, or the disk refused; every commit is in the journal.
        """
        return self._engine.checkpoint()

    def close(self) -> None:
        """Bring the file up to date with its journal, and let go of the open files. The next use opens them again.

        Raises:
            StateError: as `checkpoint`.
        """
        self._engine.close()

    def __enter__(self) -> PipelineState:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def recover(self) -> Path | None:
        """Restore the newest valid backup where the file is damaged; what the commands do when they start.

        Returns:
            The backup that was restored, or None where the file was in order.

        Raises:
            StateError: there is no way; the file is kept.
        """
        return self._engine.recover()

    def migrate(self) -> bool:
        """Commit a document of an earlier version in its present form, once, with a backup.

        Returns:
            Whether there was anything to do.
        """
        return self._engine.migrate()

    def reset(self) -> Path | None:
        """Move the file, its journals, its backups and its audit trail aside, deleting nothing.

        Returns:
            The folder where they lie now, or None where there was nothing.
        """
        return self._engine.reset()

    def get_transaction_history(self, limit: int = 50) -> list[dict[str, Any]]:
        """The audit trail's last lines, newest first, at most `limit`."""
        return [entry for _, entry in zip(range(limit), self._engine.audit.entries(), strict=False)]

    def audit_entries(self) -> Iterator[dict[str, Any]]:
        """The audit trail's lines, newest first, read as they are asked for."""
        return self._engine.audit.entries()

    def lock(self, timeout: float | None = None) -> AbstractContextManager[None]:
        """Hold the lock; this thread's own transactions inside use it.

        Args:
            timeout: how long to wait, seconds; None means as the constructor was told.

        Raises:
            StateLockError: somebody else held it all that time; the message names who.
        """
        return self._engine.lock(timeout)

    _file_lock = lock


def load_pipeline_json(path: str | os.PathLike[str], *, lifecycle: Lifecycle = AUDIOBOOK) -> Document:
    """Load a document the way the commands do: a damaged one is restored, an earlier version migrated.

    Args:
        path: the state file.
        lifecycle: what the document means.

    Returns:
        The document; ``{}`` where nothing was ever committed.

    Raises:
        StateCorruptionError: it is damaged and no valid backup is left.
        StateError: it cannot be read, or is missing although it has a history.
    """
    state = PipelineState(path, lifecycle=lifecycle)
    if not state.path.parent.is_dir():
        return {}
    try:
        document = state.read()
    except StateReadError:
        backup = state.recover()
        if backup:
            from logging import getLogger

            getLogger(__name__).warning(
                "The state file %s was damaged; the backup %s was put in its place. The damaged file is kept in %s.",
                state.path,
                backup,
                state.path.parent / ".pipeline" / "conflicts",
            )
        document = state.read()
    return state.read() if state.migrate() else document
