# SPDX-License-Identifier: MIT
"""The engine: transactions on the document of one path.

How a commit lies on the disk is the store's; what a document means is handed in as a `Lifecycle`. Others ask the engine
for the last commit, for a draft to change, and for an earlier revision.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline_common import advice
from pipeline_common.audit import COMMITS, LOCK_TIMEOUT, MIGRATE, RESTORE, AuditTrail
from pipeline_common.backups import Backups
from pipeline_common.checkpoints import Checkpoints
from pipeline_common.codec import OWN_SECTION, DamagedError, Document, plain
from pipeline_common.errors import (
    StateError,
    StateLockError,
    StateReadError,
    StateTransactionError,
    StateValidationError,
    StateWriteError,
)
from pipeline_common.files import StateFiles, now, time_name
from pipeline_common.history import History
from pipeline_common.journal import SET
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.locks import PathLock
from pipeline_common.reading import SMALL_BYTES, Source, take_snapshot
from pipeline_common.rules import Review
from pipeline_common.store import Store
from pipeline_common.subscribers import Subscribers
from pipeline_common.system import System, sync_folder, write_whole
from pipeline_common.tree import operations
from pipeline_common.view import View


class Draft:
    """The document of one transaction, which becomes the next commit or nothing.

    Attributes:
        data: the document, to be changed or replaced.
        revision: the revision of the last commit.
    """

    def __init__(self, engine: Engine, store: Store) -> None:
        self.data: Any = store.tracker.root
        self.revision = store.revision
        self._engine = engine
        self._store = store

    @property
    def committed(self) -> bool:
        """Whether it has become the document on the disk."""
        return self._store.revision != self.revision

    def commit(self, operation: str, details: Mapping[str, Any], *, validate: bool) -> int:
        """Make the draft the committed document.

        Args:
            operation: the audit trail's name for it.
            details: for the audit trail.
            validate: whether schema and status transitions are checked.

        Returns:
            The new revision; the document is on the disk.

        Raises:
            StateValidationError: it is no document, or breaks a rule; nothing was written.
            StateTransactionError: the disk refused; nothing was written.
        """
        return self._engine.commit(self, operation, details, validate=validate)


class Engine:
    """The document of one path.

    Attributes:
        files: where everything lies.
        backups: what can be restored.
        audit: what happened.
        subscribers: who is told of the commits.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        lifecycle: Lifecycle,
        max_backups: int,
        backup_before_write: bool,
        timeout_s: float,
        limit_bytes: int,
        checkpoint_always: bool,
        system: System,
    ) -> None:
        self.files = StateFiles(path)
        self.audit = AuditTrail(self.files.log, system)
        self.backups = Backups(
            self.files,
            keep=max_backups,
            limit_bytes=limit_bytes,
            system=system,
            audit=self.audit,
            hold=self.lock_current,
        )
        self.history = History(
            self.files, self.backups, keep=max_backups, system=system, lifecycle=lifecycle, limit_bytes=limit_bytes
        )
        self.lifecycle = lifecycle
        self._source = Source(self.files, system, lifecycle, limit_bytes, self.backups.newest_valid, self._lost_history)
        self._store = Store(self._source, self.backups, self.history)
        self._checkpoints = Checkpoints(self.checkpoint, self._journal_written_ns)
        self._lock = PathLock.of(self.files.lock)
        self._lock_file: object = None
        self.subscribers = Subscribers()
        self._backup_before_write = backup_before_write
        self._checkpoint_always = checkpoint_always
        self._timeout_s = timeout_s
        self._system = system
        self._prepared = False

    def lock(self, timeout_s: float | None = None) -> AbstractContextManager[None]:
        """Hold the exclusive lock; the same thread may hold it again inside.

        Raises:
            StateLockError: somebody else held it all that time; the audit trail has a line about it.
        """
        if self._lock_file is None:
            self._lock_file = self._lock.kept_open()
        held = self._lock.hold(self._timeout_s if timeout_s is None else timeout_s, self._system, self._note_timeout)
        return self.subscribers.told_after(held, lambda: self._lock.mine) if self.subscribers else held

    def _note_timeout(self, error: StateLockError) -> None:
        if self.files.folder.is_dir():
            self.audit.note(LOCK_TIMEOUT, success=False, revision=0, details={"error": str(error)})

    def read(self) -> Document:
        """The last commit, as plain values that belong to the caller; ``{}`` where nothing was ever committed.

        Raises:
            StateReadError: the file is damaged or unreadable, or is missing although it has a history.
            StateValidationError: its top level is no object.
        """
        return self.read_with_revision()[0]

    def read_with_revision(self) -> tuple[Document, int]:
        """As `read`, with the revision."""
        snapshot = take_snapshot(self._source, locked=False)
        revision = snapshot.records[-1].revision if snapshot.records else snapshot.revision
        return snapshot.plain(self.lifecycle), revision

    def view(self) -> View:
        """The last commit as it is in memory, to be looked at.

        Raises:
            StateLockError: the lock was not obtained.
            StateTransactionError: this thread is inside a transaction.
            StateReadError, StateValidationError: as `read`.
        """
        with self.lock():
            if self._lock.busy:
                raise advice.nested(self.files)
            self._refresh()
            return View(self._store.tracker.root, self.lifecycle, trusted=self._store.trusted)

    def glimpse(self) -> tuple[View, int]:
        """The last commit as it is on the disk, and its revision; without the lock, and of no use to a transaction.

        Raises:
            StateReadError, StateValidationError: as `read`.
        """
        snapshot = take_snapshot(self._source, locked=False)
        revision = snapshot.records[-1].revision if snapshot.records else snapshot.revision
        return View(snapshot.tree(self.lifecycle).root, self.lifecycle, trusted=snapshot.trusted), revision

    def prepare(self) -> None:
        """Import what the first commit takes, which others would have to wait for if it held the lock meanwhile."""
        if self._prepared:
            return
        self._prepared = True
        self.lifecycle.prepare()
        with suppress(OSError):
            if self.files.state.stat().st_size > SMALL_BYTES:
                import msgspec  # noqa: F401

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A draft of the next commit, under the lock.

        Raises:
            StateLockError: the lock was not obtained.
            StateTransactionError: this thread is inside a transaction already.
            StateReadError, StateValidationError: as `read`.
        """
        with self.lock():
            if self._lock.busy:
                raise advice.nested(self.files)
            self._lock.busy = True
            store = self._store
            try:
                self._refresh()
                tracker = store.tracker
                store.poisoned = True  # only a clean end takes that back
                try:
                    tracker.active = True
                    yield Draft(self, store)
                    store.poisoned = False
                except Exception:
                    # Not for Ctrl-C, which may have come anywhere: the disk is read again then.
                    if self._lock.mine:
                        tracker.roll_back()
                        store.poisoned = False
                    raise
                finally:
                    tracker.active = False
            finally:
                self._lock.busy = False

    def commit(self, draft: Draft, operation: str, details: Mapping[str, Any], *, validate: bool) -> int:
        """What `Draft.commit` does."""
        if not self._lock.mine:
            raise advice.other_process(self.files)
        if not isinstance(draft.data, Mapping):
            raise StateValidationError(
                f"Schema validation failed: the document is a {type(draft.data).__name__}, expected an object. "
                "Assign a dict to txn.data."
            )
        store = self._store
        migrated = store.migrated
        whole = None
        if draft.data is not store.tracker.root or not store.trusted:
            whole = self._whole(draft.data, validate=validate)
        else:
            self._changes(validate=validate)
        try:
            self._persist(whole)
        except (OSError, StateError) as error:
            failure = error if isinstance(error, StateError) else advice.unwritable(self.files, error)
            self.audit.note(
                operation, success=False, revision=draft.revision, details={**details, "error": str(failure)}
            )
            raise StateTransactionError(f"The transaction was rolled back. {failure}") from failure
        if migrated and operation != MIGRATE:
            self.audit.note(MIGRATE, success=True, revision=store.revision, details=self._migration_details())
        at = store.tracker.root["last_updated"]
        self.audit.note(operation, success=True, revision=store.revision, details=details, at=at)
        self.subscribers.note(store.revision)
        if not store.pending:
            self.backups.prune()
        elif self._checkpoints.is_due(store.pending_since_s, store.journal_bytes, store.size_bytes):
            try:
                self._write_checkpoint()
            except StateError as error:
                from logging import getLogger

                getLogger(__name__).warning("A checkpoint was put off: %s", error)
        return store.revision

    def _whole(self, data: Mapping[str, Any], *, validate: bool) -> Document:
        """A document that replaces the last commit, settled and checked as a whole."""
        new: Document = plain(data)
        store = self._store
        store.tracker.roll_back()  # parts of the last commit may have been changed on the way
        old = store.tracker.root
        new.pop(OWN_SECTION, None)
        self.lifecycle.settle(old, new)
        if validate:
            self.lifecycle.check(old, new)
        at = now().isoformat()
        new["schema_version"] = self.lifecycle.schema_version
        new["created_at"] = old.get("created_at") or new.get("created_at") or at
        new["last_updated"] = at
        return new

    def _changes(self, *, validate: bool) -> None:
        """Settle and check what has changed in the last commit, and nothing else."""
        tracker = self._store.tracker
        root = tracker.root
        if OWN_SECTION in root:
            del root[OWN_SECTION]
        tracker.seal()
        review = Review(self.lifecycle, tracker)
        review.settle()
        if validate:
            review.check()
        at = now().isoformat()
        tracker.derive(root, "last_updated", at)
        if root.get("schema_version") != self.lifecycle.schema_version:
            root["schema_version"] = self.lifecycle.schema_version
        if tracker.has_changed(("created_at",)) or "created_at" not in root:
            created = tracker.before().get(("created_at",))
            root["created_at"] = (created if isinstance(created, str) else "") or root.get("created_at") or at

    def _persist(self, whole: Document | None) -> None:
        """Commit by a record of the journal where the document is large, by a checkpoint otherwise."""
        store = self._store
        backup = self._backup_before_write or store.migrated
        if whole is not None:
            store.write(whole, [[SET, [], whole]], backup=backup)
            return
        changed = operations([change for change in store.tracker.changes() if change[0][0] != OWN_SECTION])
        changed.append([SET, ["last_updated"], store.tracker.root["last_updated"]])
        if store.journals and not self._checkpoint_always:
            store.append(changed)
        else:
            store.write(None, changed, backup=backup)

    def checkpoint(self) -> bool:
        """Bring the file up to date with its journal.

        Returns:
            Whether there was anything to do.

        Raises:
            StateError: the lock was not obtained, or the file cannot be read.
            StateWriteError: the disk refused; every commit is where it was.
        """
        with self.lock():
            if self._lock.busy:
                raise StateTransactionError(
                    f"A transaction on {self.files.state} is open in this thread. Leave it before writing a checkpoint."
                )
            store = self._store
            self._refresh()
            if not store.pending:
                return False
            if store.migrated:
                return self.migrate()  # the memory is of another version than the file and its journal
            store.poisoned = True
            self._write_checkpoint()
            store.poisoned = False
            return True

    def _journal_written_ns(self) -> int:
        try:
            return self._system.stat(str(self.files.journal)).st_mtime_ns
        except OSError:
            return 0

    def _refresh(self) -> None:
        """Take in what others have committed.

        Raises:
            StateReadError, StateValidationError: as `read`.
        """
        try:
            self._store.refresh()
        except OSError as error:
            raise advice.unreadable(self.files, error) from error

    def _write_checkpoint(self) -> None:
        begin = time.monotonic()
        try:
            self._store.checkpoint(backup=self._backup_before_write)
        except OSError as error:
            raise advice.unwritable(self.files, error) from error
        self._checkpoints.written(time.monotonic() - begin)
        self.backups.prune()

    def close(self) -> None:
        """Write a checkpoint where commits are in the journal alone, and let go of the files. The next use opens them.

        Raises:
            StateError: as `checkpoint`; every commit is in the journal.
        """
        self._checkpoints.stop()
        if self._store.pending:
            self.checkpoint()
        self._store.close()
        self._lock_file = None

    @contextmanager
    def lock_current(self) -> Iterator[None]:
        """Hold the lock, with the file brought up to date with its journal."""
        with self.lock():
            if not self._lock.busy and self.files.journal.exists():
                self.checkpoint()
            yield

    def migrate(self) -> bool:
        """Commit the document in its present form, where the file has an earlier one, with a backup.

        Returns:
            Whether there was anything to do.

        Raises:
            StateError: as `draft` and `Draft.commit`.
        """
        if not take_snapshot(self._source, locked=False).migrated:
            return False
        with self.draft() as draft:
            if self._store.migrated:  # otherwise another process was faster
                draft.commit(MIGRATE, self._migration_details(), validate=False)
                return True
        return False

    def restore(self, backup: Path) -> int:
        """Put the document of a backup in place, as a new revision.

        Where the file is damaged and this is the newest valid backup, the commits that followed it are made again, so
        that nothing is lost. What is replaced is kept: a valid file as a backup, a damaged one under ``conflicts``.

        Returns:
            The new revision.

        Raises:
            StateReadError: the backup is missing or damaged, or of a later version than this program knows; nothing
                was changed.
            StateLockError, StateTransactionError: as `draft`.
            StateWriteError: the disk refused; what was there is in place.
        """
        with self._restoring() as damage:
            document, _ = self.backups.verified(backup)
            details: dict[str, Any] = {"backup": str(backup)}
            damaged = damage is not None and isinstance(damage.__cause__, DamagedError)
            newest = self.backups.newest_valid() if damaged else None
            if newest and os.path.realpath(backup) == os.path.realpath(newest):
                with suppress(StateReadError):
                    revision = self.history.newest()
                    document, _ = self.history.document_at(revision)
                    details["replayed_to"] = revision
            return self._put_in_place(document, damage, details)

    def restore_revision(self, revision: int) -> int:
        """Put the document of an earlier revision in place, as a new revision; what is replaced is kept.

        Returns:
            The new revision.

        Raises:
            StateReadError: the history does not hold that revision; nothing was changed.
            StateLockError, StateTransactionError, StateWriteError: as `restore`.
        """
        with self._restoring() as damage:
            document, backup = self.history.document_at(revision)
            details: dict[str, Any] = {"restored_revision": revision}
            details |= {"backup": str(backup)} if backup else {}
            return self._put_in_place(document, damage, details)

    @contextmanager
    def _restoring(self) -> Iterator[StateError | None]:
        """Hold the lock for a restore; gives what is wrong with the present file, if anything is."""
        with self.lock():
            if self._lock.busy:
                raise StateTransactionError(
                    f"A transaction on {self.files.state} is open in this thread. Leave it before restoring a backup."
                )
            damage = None
            try:
                self._refresh()
            except StateError as error:
                damage = error
            yield damage

    def _put_in_place(self, document: Document, damage: StateError | None, details: dict[str, Any]) -> int:
        self.lifecycle.version_of(document, details.get("backup", self.files.state))
        store = self._store
        store.poisoned = True
        try:
            if damage:
                kept = store.set_aside_damaged(damage)
                details |= {"kept": str(kept)} if kept else {}
            store.write(document, [[SET, [], document]], backup=damage is None)
        except OSError as error:
            failure = advice.unwritable(self.files, error)
            self.audit.note(RESTORE, success=False, revision=0, details={**details, "error": str(failure)})
            raise failure from error
        store.poisoned = False
        self.subscribers.note(store.revision)
        self.audit.note(RESTORE, success=True, revision=store.revision, details=details)
        self.backups.prune()
        return store.revision

    def recover(self) -> Path | None:
        """Restore the newest valid backup where the file is damaged, and the commits that followed it.

        Returns:
            The backup that was restored, or None where the file was in order.

        Raises:
            StateCorruptionError: it is damaged and no valid backup is left.
            StateError: as `restore`, and where the file is missing although it has a history.
        """
        with self.lock():
            try:
                self._refresh()
            except StateReadError as error:
                backup = self.backups.newest_valid()
                if backup is None or not isinstance(error.__cause__, DamagedError):
                    raise
                self.restore(backup)
                return backup
        return None

    def reset(self) -> Path | None:
        """Move the file, its backups and its audit trail aside, deleting nothing.

        Returns:
            The folder under ``conflicts`` where they lie now, or None where there was nothing.

        Raises:
            StateLockError: the lock was not obtained.
            StateWriteError: the disk refused a step; what was moved already lies in that folder.
        """
        with self.lock():
            folder = self.files.conflicts / time_name(now())
            moves = [(self.files.state, folder / self.files.state.name), (self.files.log, folder / self.files.log.name)]
            moves += [(self.files.journal, folder / self.files.journal.name)]
            moves += [(path, folder / path.name) for path in self.audit.put_aside()]
            moves += [(b.path, folder / "backups" / b.path.name) for b in self.backups.newest_first()]
            moves += [(Path(path), folder / "segments" / Path(path).name) for _, path in self.history.segments()]
            moves = [(source, target) for source, target in moves if os.path.lexists(source)]
            if not moves:
                return None
            self._store.close()
            try:
                for source, target in moves:
                    self._system.make_folder(str(target.parent))
                    self._system.replace(str(source), str(target))
                note = f"{now().isoformat()}: set aside by `pipeline-state reset`. Move the files back to undo it.\n"
                write_whole(self._system, str(folder / "README.txt"), note.encode())
                sync_folder(self._system, str(self.files.folder))
            except OSError as error:
                raise StateWriteError(
                    f"The state could not be moved to {folder}: {error.strerror or error}. "
                    "Make the folder writable, or free some space, then run `pipeline-state reset` again."
                ) from error
            return folder

    def _lost_history(self) -> StateReadError | None:
        """The error about a missing file, or None where nothing was ever committed."""
        backup = self.backups.newest_valid()
        if backup or any(e.get("success") is True and e.get("operation") in COMMITS for e in self.audit.entries()):
            return advice.lost(self.files, backup)
        return None

    def _migration_details(self) -> dict[str, Any]:
        return {"to": self.lifecycle.schema_version}
