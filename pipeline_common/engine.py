# SPDX-License-Identifier: MIT
"""The engine: how a committed document lies on the disk, and how the next one takes its place.

This engine rewrites the whole file at each commit. Nothing outside this module knows that: others ask for the last
commit, for a draft to change, and for a restore. What a document means is handed to it as a `Lifecycle`.

A commit is: write a temporary file, fsync it, link the old file as a backup, rename the temporary file over it, fsync
the folder. Whatever dies in between, the file is the whole old or the whole new document.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_common import advice
from pipeline_common.audit import COMMITS, LOCK_TIMEOUT, MIGRATE, RESTORE, AuditTrail
from pipeline_common.backups import Backups
from pipeline_common.codec import OWN_SECTION, DamagedError, Document, copied, decode, encode, plain
from pipeline_common.errors import (
    StateError,
    StateLockError,
    StateReadError,
    StateTransactionError,
    StateValidationError,
    StateWriteError,
)
from pipeline_common.files import StateFiles, now, time_name
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.locks import PathLock
from pipeline_common.system import System, make_durable_folder, read_file, sync_folder, write_whole


@dataclass(frozen=True, slots=True)
class _Stored:
    """A committed document: as the file has it, as it is read, and the bytes to go back to."""

    document: Document
    revision: int
    raw: bytes | None
    mode: int | None
    migrated: bool


class Draft:
    """The document of one transaction: a copy of the last commit, which becomes the next one or nothing.

    Attributes:
        data: the document, to be changed or replaced.
        revision: the revision of the last commit.
        committed: whether it has become the document on the disk.
    """

    def __init__(self, engine: Engine, stored: _Stored) -> None:
        self.data: Any = copied(stored.document)
        self.revision = stored.revision
        self.committed = False
        self.stored = stored
        self._engine = engine

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
        system: System,
    ) -> None:
        self.files = StateFiles(path)
        self.audit = AuditTrail(self.files.log, system)
        self.backups = Backups(
            self.files, keep=max_backups, limit_bytes=limit_bytes, system=system, audit=self.audit, hold=self.lock
        )
        self.lifecycle = lifecycle
        self._lock = PathLock.of(self.files.lock)
        self._backup_before_write = backup_before_write
        self._timeout_s = timeout_s
        self._limit_bytes = limit_bytes
        self._system = system

    @contextmanager
    def lock(self, timeout_s: float | None = None) -> Iterator[None]:
        """Hold the exclusive lock; the same thread may hold it again inside.

        Raises:
            StateLockError: somebody else held it all that time; the audit trail has a line about it.
        """
        if not self.files.folder.is_dir():
            try:
                self._system.make_folder(str(self.files.folder))
            except OSError as error:
                raise StateLockError(
                    f"The folder {self.files.folder} of the state file cannot be made: {error.strerror or error}. "
                    "Make its parent folder writable, or name another state file."
                ) from error
        taken = False
        try:
            with self._lock.hold(self._timeout_s if timeout_s is None else timeout_s, self._system):
                taken = True
                yield
        except StateLockError as error:
            timed_out = not taken and error.__cause__ is None
            if timed_out and self.files.folder.is_dir():
                self.audit.note(LOCK_TIMEOUT, success=False, revision=0, details={"error": str(error)})
            raise

    def read(self) -> Document:
        """The last commit, as plain values that belong to the caller; ``{}`` where nothing was ever committed.

        Raises:
            StateReadError: the file is damaged or unreadable, or is missing although it has a history.
            StateValidationError: its top level is no object.
        """
        return self._load().document

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
                raise StateTransactionError(
                    f"A transaction on {self.files.state} is already open in this thread. "
                    "Make the change in that one, or leave it first."
                )
            self._lock.busy = True
            try:
                yield Draft(self, self._load())
            finally:
                self._lock.busy = False

    def commit(self, draft: Draft, operation: str, details: Mapping[str, Any], *, validate: bool) -> int:
        """What `Draft.commit` does."""
        stored, document = draft.stored, draft.data
        if not self._lock.mine:
            raise StateTransactionError(
                f"The transaction on {self.files.state} was opened by another process or thread. "
                "A forked child opens its own."
            )
        if not isinstance(document, Mapping):
            raise StateValidationError(
                f"Schema validation failed: the document is a {type(document).__name__}, expected an object. "
                "Assign a dict to txn.data."
            )
        new: Document = plain(document)
        new.pop(OWN_SECTION, None)
        self.lifecycle.settle(stored.document, new)
        if validate:
            self.lifecycle.check(stored.document, new)
        at = now().isoformat()
        new["schema_version"] = self.lifecycle.schema_version
        new["created_at"] = stored.document.get("created_at") or new.get("created_at") or at
        new["last_updated"] = at
        backup = self._backup_before_write or stored.migrated
        try:
            revision = self._put(stored, new, backup=backup)
        except (OSError, StateError) as error:
            failure = error if isinstance(error, StateError) else advice.unwritable(self.files, error)
            self.audit.note(
                operation, success=False, revision=stored.revision, details={**details, "error": str(failure)}
            )
            raise StateTransactionError(f"The transaction was rolled back. {failure}") from failure
        draft.committed = True
        if stored.migrated and operation != MIGRATE:
            self.audit.note(MIGRATE, success=True, revision=revision, details=self._migration_details())
        self.audit.note(operation, success=True, revision=revision, details=details)
        self.backups.prune()
        return revision

    def migrate(self) -> bool:
        """Commit the document in its present form, where the file has an earlier one, with a backup.

        Returns:
            Whether there was anything to do.

        Raises:
            StateError: as `draft` and `Draft.commit`.
        """
        if not self._load().migrated:
            return False
        with self.draft() as draft:
            if draft.stored.migrated:  # otherwise another process was faster
                draft.commit(MIGRATE, self._migration_details(), validate=False)
                return True
        return False

    def restore(self, backup: Path) -> int:
        """Put the document of a backup in place, as a new revision.

        What is replaced is kept: a valid file as a backup, a damaged one under ``conflicts``.

        Returns:
            The new revision.

        Raises:
            StateReadError: the backup is missing or damaged; nothing was changed.
            StateLockError, StateTransactionError: as `draft`.
            StateWriteError: the disk refused; what was there is in place.
        """
        with self.lock():
            if self._lock.busy:
                raise StateTransactionError(
                    f"A transaction on {self.files.state} is open in this thread. Leave it before restoring a backup."
                )
            document, _ = self.backups.verified(backup)
            details = {"backup": str(backup)}
            try:
                kept, stored = self._set_aside_damaged()
                details |= {"kept": str(kept)} if kept else {}
                revision = self._put(stored, document, backup=stored.raw is not None)
            except OSError as error:
                failure = advice.unwritable(self.files, error)
                self.audit.note(RESTORE, success=False, revision=0, details={**details, "error": str(failure)})
                raise failure from error
            self.audit.note(RESTORE, success=True, revision=revision, details=details)
            self.backups.prune()
            return revision

    def recover(self) -> Path | None:
        """Restore the newest valid backup where the file is damaged.

        Returns:
            The backup that was restored, or None where the file was in order.

        Raises:
            StateCorruptionError: it is damaged and no valid backup is left.
            StateError: as `restore`, and where the file is missing although it has a history.
        """
        with self.lock():
            try:
                self._load()
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
            moves += [(b.path, folder / "backups" / b.path.name) for b in self.backups.newest_first()]
            moves = [(source, target) for source, target in moves if os.path.lexists(source)]
            if not moves:
                return None
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

    def _load(self) -> _Stored:
        try:
            raw, status = read_file(self._system, str(self.files.state), self._limit_bytes)
        except FileNotFoundError:
            lost = self._lost_history()
            if self.files.state.exists():  # the very first commit came between the two looks
                return self._load()
            if lost:
                raise lost from None
            return _Stored({}, 0, None, None, migrated=False)
        except OSError as error:
            raise advice.unreadable(self.files, error) from error
        try:
            document, revision = decode(raw)
        except DamagedError as error:
            raise advice.damaged(self.files, error, self.backups.newest_valid()) from error
        if not isinstance(document, dict):
            raise StateValidationError(
                f"Schema validation failed: {self.files.state} holds a {type(document).__name__}, expected an object. "
                f"Correct it by hand, or put a backup in its place: {advice.command(self.files, 'backups')}"
            )
        migrated = self.lifecycle.migrate(document, self.files.state)
        return _Stored(document, revision, raw, status.st_mode, migrated)

    def _put(self, stored: _Stored, document: Document, *, backup: bool) -> int:
        """Write, link, rename, fsync; on any failure the old file is in place."""
        state, temporary, system = str(self.files.state), str(self.files.temporary), self._system
        if stored.raw is not None:
            self.backups.drop_twin()
        # Backups count too: an older copy that was put in place by hand must not make new backups look old.
        revision = 1 + max([stored.revision, *(b.revision for b in self.backups.newest_first()[:1])])
        data = encode(document, revision)
        kept: Path | None = None
        written = False
        try:
            write_whole(system, temporary, data, mode=stored.mode)
            written = True
            if backup and stored.raw is not None:
                kept = self.backups.free_name()
                self._link_or_copy(stored, kept)
            system.replace(temporary, state)
            sync_folder(system, str(self.files.folder))
        except BaseException:
            if written and not os.path.lexists(temporary):  # asked of the disk: Ctrl-C comes between any two lines
                self._put_back(stored)
                kept = None  # after a power cut the new document may be there again: its backup stays
            for path in (temporary, kept):
                if path:
                    with suppress(OSError):
                        os.unlink(path)
            raise
        return revision

    def _link_or_copy(self, stored: _Stored, backup: Path) -> None:
        """Keep the old file under a backup's name; durable together with the rename that follows."""
        try:
            self._system.link(str(self.files.state), str(backup))
        except OSError:  # a file system without links
            write_whole(self._system, str(backup), stored.raw or b"", mode=stored.mode)
        sync_folder(self._system, str(backup.parent))

    def _put_back(self, stored: _Stored) -> None:
        """Undo a rename whose durability the disk would not promise."""
        state = str(self.files.state)
        if stored.raw is None:
            self._system.unlink(state)
        else:
            write_whole(self._system, str(self.files.temporary), stored.raw, mode=stored.mode)
            self._system.replace(str(self.files.temporary), state)

    def _set_aside_damaged(self) -> tuple[Path | None, _Stored]:
        """Copy a file that cannot be loaded to ``conflicts``, with a note of why; returns the copy and what it was."""
        try:
            return None, self._load()
        except StateError as error:
            if not self.files.state.exists():
                return None, _Stored({}, 0, None, None, migrated=False)
            raw, status = read_file(self._system, str(self.files.state), self._limit_bytes)
            make_durable_folder(self._system, str(self.files.conflicts), str(self.files.folder))
            kept = self.files.conflicts / f"{time_name(now())}_{self.files.state.name}"
            write_whole(self._system, str(kept), raw, mode=status.st_mode)
            write_whole(self._system, f"{kept}.why.txt", f"{error}\n".encode("utf-8", "backslashreplace"))
            sync_folder(self._system, str(self.files.conflicts))
            return kept, _Stored({}, 0, None, status.st_mode, migrated=False)

    def _lost_history(self) -> StateReadError | None:
        """The error about a missing file, or None where nothing was ever committed."""
        backup = self.backups.newest_valid()
        if backup or any(e.get("success") is True and e.get("operation") in COMMITS for e in self.audit.entries()):
            return advice.lost(self.files, backup)
        return None

    def _migration_details(self) -> dict[str, Any]:
        return {"to": self.lifecycle.schema_version}
