# SPDX-License-Identifier: MIT
"""The backups of a state file: made, listed in the order of their revisions, verified and pruned."""

from __future__ import annotations

import os
import re
import stat
from bisect import insort
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipeline_common.audit import BACKUP, AuditTrail
from pipeline_common.codec import DamagedError, decode
from pipeline_common.compressed import SUFFIX, head_of, read_kept
from pipeline_common.errors import StateReadError, StateWriteError
from pipeline_common.files import StateFiles, now
from pipeline_common.listing import Listing
from pipeline_common.system import System, make_durable_folder, read_file, sync_folder, write_whole

LARGEST_TOTAL_BYTES = 1 << 30
"""The backups of a state file together; the newest is kept even if it alone is larger."""

# What `codec.encode` begins with: the revision is found without reading the whole file.
_HEAD = re.compile(rb'\{\s*"_state": \{\s*"revision": (\d{1,18})\s*\}')
_HEAD_BYTES = 128


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup.

    Attributes:
        path: the file.
        revision: which revision of the document it holds; 0 where it holds none, or is damaged.
        size_bytes: its size.
    """

    path: Path
    revision: int
    size_bytes: int


class Backups:
    """The backups of one state file."""

    def __init__(
        self,
        files: StateFiles,
        *,
        keep: int,
        limit_bytes: int,
        system: System,
        audit: AuditTrail,
        hold: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._files = files
        self._keep = keep
        self._limit_bytes = limit_bytes
        self._system = system
        self._audit = audit
        self._hold = hold
        self._known: dict[tuple[str, int, int, int], Backup] = {}
        self._folder_durable = False
        self._listing = Listing(files.backups)
        self._kept: list[Backup] = []  # the oldest first, as far as house-keeping knows

    @property
    def folder(self) -> Path:
        """Where they lie; it may not exist yet."""
        return self._files.backups

    def create_backup(self) -> Path | None:
        """Make a backup of the file as it is now, by hand.

        Returns:
            The backup, or None where there is no file yet.

        Raises:
            StateLockError: the lock was not obtained.
            StateReadError: the file is damaged, so that a copy would be no backup.
            StateWriteError: the disk refused; no backup was made.
        """
        with self._hold():
            if not self._files.state.exists():
                return None
            _, revision = self.verified(self._files.state)
            path = self.free_name()
            try:
                raw, status = read_file(self._system, str(self._files.state), self._limit_bytes)
                write_whole(self._system, str(path), raw, mode=status.st_mode)
                sync_folder(self._system, str(path.parent))
                self.added(path)
            except OSError as error:
                raise StateWriteError(
                    f"The backup {path} could not be written: {error.strerror or error}. "
                    "Free some space, or make the folder writable, then try again."
                ) from error
            self._audit.note(BACKUP, success=True, revision=revision, details={"backup": str(path)})
            self.prune()
            return path

    def newest_first(self) -> list[Backup]:
        """All backups; the newest is the one of the highest revision, whatever its name says."""
        found: dict[tuple[str, int, int, int], Backup] = {}
        try:
            entries = list(os.scandir(self._files.backups))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StateReadError(
                f"The folder of backups {self._files.backups} cannot be read: {error.strerror or error}. "
                "Make it readable, then try again."
            ) from error
        names = {entry.name for entry in entries}
        for entry in entries:
            if not self._files.is_backup(entry.name) or entry.name.removesuffix(SUFFIX) in names - {entry.name}:
                continue
            status = entry.stat(follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                continue
            key = (entry.name, status.st_ino, status.st_mtime_ns, status.st_size)
            known = self._known.get(key)
            if known is None:
                path = Path(entry.path)
                known = Backup(path, self._revision(path), status.st_size)
            found[key] = known
        self._known = found
        return sorted(found.values(), key=_age, reverse=True)

    def verified(self, path: Path) -> tuple[dict[str, Any], int]:
        """The document and revision in a backup.

        Raises:
            StateReadError: it cannot be read or holds no document; the message says why.
        """
        try:
            raw, _ = read_kept(self._system, str(path), self._limit_bytes)
            document, revision = decode(raw)
        except OSError as error:
            raise StateReadError(f"The backup {path} cannot be read: {error.strerror or error}. {_ANOTHER}") from error
        except DamagedError as error:
            raise StateReadError(f"The backup {path} is damaged: {error}. {_ANOTHER}") from error
        if not isinstance(document, dict):
            raise StateReadError(f"The backup {path} holds no object but a {type(document).__name__}. {_ANOTHER}")
        return document, revision

    def newest_valid(self) -> Path | None:
        """The newest backup that can be restored."""
        for backup in self.newest_first():
            try:
                self.verified(backup.path)
            except StateReadError:
                continue
            return backup.path
        return None

    def free_name(self) -> Path:
        """The path of a backup made now, in a folder that exists.

        Raises:
            StateWriteError: the folder cannot be made.
        """
        try:
            self._look()
            # Once a handle, as the process that made the folder may have been killed before it was durable.
            if not self._folder_durable:
                make_durable_folder(self._system, str(self._files.backups), str(self._files.folder))
                self._folder_durable = True
        except OSError as error:
            raise StateWriteError(
                f"The folder of backups {self._files.backups} cannot be made: {error.strerror or error}. "
                "Make its parent folder writable, then try again."
            ) from error
        at = now()
        while (path := self._files.backup(at)).exists():
            at += timedelta(microseconds=1)
        return path

    def added(self, path: Path) -> None:
        """Tell of a backup that has been made under a free name."""
        insort(self._kept, Backup(path, self._revision(path), os.stat(path).st_size), key=_age)
        self._listing.left()

    def prune(self) -> None:
        """Remove the oldest beyond the number to keep and beyond 1 GiB together.

        A backup that cannot be removed is no reason to fail what was committed before it: a warning is logged.
        """
        try:
            self._look()
            total_bytes = sum(backup.size_bytes for backup in self._kept)
            if len(self._kept) <= self._keep and total_bytes <= LARGEST_TOTAL_BYTES:
                return
            while len(self._kept) > self._keep or (len(self._kept) > 1 and total_bytes > LARGEST_TOTAL_BYTES):
                self._system.unlink(str(self._kept[0].path))
                total_bytes -= self._kept.pop(0).size_bytes
            self._listing.left()
        except (OSError, StateReadError) as error:
            from logging import getLogger

            getLogger(__name__).warning("Old backups in %s could not be removed: %s", self._files.backups, error)

    def _look(self) -> None:
        """List the backups again, where somebody else has changed their folder."""
        if self._listing.news() is not None:
            self._folder_durable &= self._files.backups.is_dir()
            self._kept = self.newest_first()[::-1]

    def drop_twin(self) -> None:
        """Remove a backup that is the live file itself under a second name.

        A crash between the link and the rename of a commit leaves one; an editor that writes in place would change
        both. The commit never came about, so the backup is of no use.
        """
        live = os.stat(self._files.state)
        if live.st_nlink > 1:
            for backup in self.newest_first():
                if os.path.samestat(live, os.lstat(backup.path)):
                    self._system.unlink(str(backup.path))

    def _revision(self, path: Path) -> int:
        try:
            head = _HEAD.match(head_of(path, _HEAD_BYTES))
            return int(head[1]) if head else self.verified(path)[1]
        except (OSError, StateReadError):
            return 0


def _age(backup: Backup) -> tuple[int, str]:
    """What orders backups, the oldest first."""
    return backup.revision, backup.path.name


_ANOTHER = "Choose another one: `pipeline-state backups` lists them."
