# SPDX-License-Identifier: MIT
"""The document on the disk and in memory, for the holder of the lock: refreshed, appended to, checkpointed.

The memory is distrusted from the moment a transaction begins until it has ended well (`poisoned`): whatever goes wrong
in between, the disk is read again.
"""

from __future__ import annotations

import json
import os
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipeline_common import journal_file
from pipeline_common.backups import Backups
from pipeline_common.codec import Document, encode
from pipeline_common.files import now, time_name
from pipeline_common.history import History
from pipeline_common.journal import (
    HEADER_BYTES,
    Header,
    JournalDamagedError,
    Record,
    encode_record,
    make_header,
    parse_header,
    scan,
)
from pipeline_common.names import Names
from pipeline_common.reading import SMALL_BYTES, Snapshot, Source, replay, take_snapshot
from pipeline_common.replacing import replace_file
from pipeline_common.system import make_durable_folder, read_file, sync_folder, write_whole
from pipeline_common.tree import (
    Buffer,
    Texts,
    decode_line,
    encode_line,
    encode_tree,
    is_sliced,
    sliced_tree,
    tree_of,
)


class Store:
    """One handle's view of the disk. Every method needs the lock.

    Args:
        source: what to read.
        backups: where checkpoints that are replaced go.
        history: where journals that are replaced go.

    Attributes:
        tracker: the last commit.
        revision: its number.
        trusted: whether the engine itself wrote all of it, so that only changes need to be checked.
        migrated: whether the file is of an earlier schema version.
        poisoned: whether the memory is not to be relied on.
        pending: how many commits are in the journal alone.
        pending_since_s: since when there are any, on the monotonic clock.
    """

    def __init__(self, source: Source, backups: Backups, history: History) -> None:
        self._source = source
        self._files = source.files
        self._system = source.system
        self._name, self._journal_name = str(source.files.state), str(source.files.journal)
        self._backups = backups
        self._history = history
        self.poisoned = True
        self._texts = Texts()
        self.tracker = tree_of({})
        self.revision = 0
        self.trusted = self.migrated = False
        self.pending = 0
        self.pending_since_s = 0.0
        self._newest = 0
        self._status: os.stat_result | None = None
        self._raw: bytes | None = None
        self._header: Header | None = None
        self._journal = -1
        self._journal_file = (0, 0)
        self._names = Names(str(source.files.journal.parent), source.system)
        self._close_journal: Callable[[], object] = _nothing
        self._end = self._crc = self._last = 0
        self._durable_bytes = 0  # of the journal's size, as far as this handle has made it so
        self._folders_synced = False

    def close(self) -> None:
        """Let go of the journal; the next use opens it again."""
        self.poisoned = True
        self._journal = -1
        self._close_journal()

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self._status is not None

    @property
    def journal_bytes(self) -> int:
        """How much of the journal is header and records."""
        return self._end

    @property
    def size_bytes(self) -> int:
        """The size of the file; 0 where there is none."""
        return self._status.st_size if self._status else 0

    @property
    def journals(self) -> bool:
        """Whether a commit may be a record of the journal: the checkpoint is large, and is the one it leads on from."""
        return self.trusted and self._header is not None and self._header.size_bytes > SMALL_BYTES

    def refresh(self) -> None:
        """Take in what others have committed; costs nothing where nobody has.

        Raises:
            StateError: as `take_snapshot`.
        """
        if not self.poisoned and self._is_current():
            return
        self._load()

    def append(self, operations: Sequence[Sequence[Any]]) -> None:
        """Commit by one record of the journal; the tracker's changes are accepted.

        Raises:
            OSError: the disk refused; nothing is committed.
        """
        line, crc = encode_record(self.revision + 1, time.time(), operations, self._crc, encode_line)
        if not self._folders_synced:
            sync_folder(self._system, str(self._files.journal.parent))
            sync_folder(self._system, str(self._files.folder))
            self._folders_synced = True
        self._durable_bytes = journal_file.append(self._system, self._journal, line, self._end, self._durable_bytes)
        self.revision += 1
        self._newest = self.revision
        self._count(1)
        self._last, self._end, self._crc = self._end, self._end + len(line), crc
        self._texts.forget(self.tracker.paths(), self._source.lifecycle.records)
        self.tracker.clear()

    def write(self, document: Document | None, operations: Sequence[Sequence[Any]], *, backup: bool) -> None:
        """Commit by a checkpoint.

        Args:
            document: the new document; None for the tracker's, whose changes are accepted.
            operations: the commit, for the history.
            backup: whether the file before it is kept as a backup.

        Raises:
            OSError: the disk refused; nothing is committed.
        """
        revision = 1 + (self._newest if self.trusted else self._highest())
        begin = self._header if self._header and self.trusted else make_header(revision - 1, 0, 0)
        crc = self._crc if begin is self._header else begin.crc
        line, _ = encode_record(revision, time.time(), operations, crc)
        try:
            pieces = self._encoded(revision) if document is None else [encode(document, revision)]
            # A file that is about to be replaced is kept, to be put back where the disk refuses the last step.
            if self._raw is None and self._status is not None:
                self._raw = read_file(self._system, str(self._files.state), self._source.limit_bytes)[0]
            self._put(pieces, backup=backup)
        except BaseException:
            self._texts = Texts()  # they may be of changes that are taken back
            raise
        self.revision = self._newest = revision
        self._accept(document, pieces)
        self._conclude(begin, line)

    def checkpoint(self, *, backup: bool) -> None:
        """Bring the file up to date with the journal.

        Raises:
            OSError: the disk refused; every commit is where it was.
        """
        pieces = self._encoded(self.revision)
        self._raw = None
        self._put(pieces, backup=backup)
        self._accept(None, pieces)
        if self._header is not None:
            self._conclude(self._header, b"")

    def set_aside_damaged(self, reason: Exception) -> Path | None:
        """Keep a file or journal that cannot be loaded under ``conflicts``, with a note of why.

        The memory is that of an empty document then, to be written over.

        Returns:
            The copy of the file; None where there is none.

        Raises:
            OSError: the disk refused.
        """
        kept = None
        self._forget()
        if self._files.state.exists():
            raw, self._status = read_file(self._system, str(self._files.state), self._source.limit_bytes)
            kept = self._keep(self._files.state.name, raw, self._status.st_mode, str(reason))
        if self._files.journal.exists():
            raw, status = read_file(self._system, str(self._files.journal), self._source.limit_bytes)
            raw = raw.rstrip(b"\0")
            self._keep(self._files.journal.name, raw, status.st_mode, str(reason))
            header = parse_header(raw)
            if header is not None and len(raw) > HEADER_BYTES:
                self._history.archive(header.base, raw, durable=True)
            self._open_journal(os.O_RDWR)
        return kept

    # -- reading ------------------------------------------------------------------------------------------------------

    def _is_current(self) -> bool:
        """Whether the memory is that of the disk, after taking in what stands in the journal beyond it."""
        try:
            status = self._system.stat(self._name)
        except OSError:
            return False
        if self._status is None:
            return False
        if _identity(status) != _identity(self._status):
            return self._follows(status)
        if self._raw is not None and status.st_size <= SMALL_BYTES:
            # Small enough to look: the clock of the file system may be too coarse to tell two writes apart.
            raw, _ = read_file(self._system, str(self._files.state), self._source.limit_bytes)
            if raw != self._raw:
                return False
        if self._header is None or self._journal < 0:
            return False
        try:
            if self._names.may_have_changed():
                log = self._system.stat(self._journal_name)
                if (log.st_ino, log.st_dev) != self._journal_file:
                    return False
                self._names.confirm()
        except FileNotFoundError:
            return self._is_rescued()
        if self._system.pread(self._journal, HEADER_BYTES, 0) != self._header.raw:
            return False
        return self._takes_in_the_tail()

    def _follows(self, status: os.stat_result) -> bool:
        """Take in the checkpoints that others have written, by way of the journals that led up to them.

        Args:
            status: of the file as it is now.

        Returns:
            Whether the memory is that of the disk now.
        """
        if self._header is None or self._journal < 0 or not self._has_journal():
            return False
        header = parse_header(self._system.pread(self._journal, HEADER_BYTES, 0))
        if header is None or not _leads_on_from(header, status):
            return False
        self.poisoned = True
        begin: Header | None = self._header
        while self.revision < header.base:
            base = self._header.base if begin else self.revision
            try:
                log, _ = read_file(self._system, str(self._files.segment(base)), self._source.limit_bytes)
            except OSError:
                return False
            segment = parse_header(log)
            if segment is None or (begin and segment.raw != begin.raw):
                return False
            if not begin:
                self._end, self._crc = HEADER_BYTES, segment.crc
            before, begin = self.revision, None
            if not self._takes_in(log[self._end :]) or self.revision == before:
                return False
        if self.revision != header.base or not self._is_what_the_file_says(status):
            return False
        self._status, self._header = status, header
        self._end, self._crc, self._last, self.pending = HEADER_BYTES, header.crc, 0, 0
        self._durable_bytes = 0
        self.poisoned = False
        return self._takes_in_the_tail()

    def _is_what_the_file_says(self, status: os.stat_result) -> bool:
        """Whether a small file holds what is in the memory; a large one is as its journal's header says."""
        self._raw = None
        if status.st_size <= SMALL_BYTES:
            self._raw, read = read_file(self._system, self._name, self._source.limit_bytes)
            return _identity(read) == _identity(status) and self._raw == b"".join(self._encoded(self.revision))
        return True

    def _has_journal(self) -> bool:
        """Whether the open journal is still the one of that name."""
        try:
            named = self._system.stat(str(self._files.journal))
        except FileNotFoundError:
            return False
        return os.path.samestat(self._system.fstat(self._journal), named)

    def _takes_in_the_tail(self) -> bool:
        tail = journal_file.news(self._system, self._journal, self._last, self._end, self._crc)
        if tail:
            self.poisoned = True
            self.poisoned = not self._takes_in(tail)
            return not self.poisoned
        return tail is not None

    def _takes_in(self, tail: bytes) -> bool:
        """Make the changes of what stands in a journal behind what is known of it; the memory is poisoned meanwhile."""
        try:
            decode = json.loads if self._raw is not None else decode_line  # a small document is not worth an import
            found = scan(tail, self._end, self._crc, self.revision, decode)
        except JournalDamagedError:
            return False  # the load says what is wrong
        if found.torn or self.migrated:  # the memory is of another version than what stands there
            return False
        self._forget_texts_of(found.records)
        self.tracker = replay(self.tracker, found.records, self._source.lifecycle)
        if not self._source.lifecycle.is_present(self.tracker.root):
            return False  # a program of another version has made a commit
        if found.records:
            self.revision = self._newest = found.records[-1].revision
            self._last = found.records[-1].start
            self._count(len(found.records))
        self._end, self._crc = found.end, found.crc
        return True

    def _forget_texts_of(self, records: Sequence[Record]) -> None:
        changed = [tuple(path) for record in records for _, path, *_ in record.operations]
        self._texts.forget(changed, self._source.lifecycle.records)

    def _count(self, records: int) -> None:
        """Note commits that are in the journal alone."""
        if records and not self.pending:
            self.pending_since_s = time.monotonic()
        self.pending += records

    def _is_rescued(self) -> bool:
        """Write down what a journal held that somebody has deleted while it was open."""
        if not self._takes_in_the_tail() or not self.pending:
            return False
        if self._header is not None:
            self._history.archive(self._header.base, self._header.raw + self._records(), durable=True)
        self._put(self._encoded(self.revision), backup=False)
        self.close()
        self._status = self._system.stat(str(self._files.state))
        self._begin_journal(self.revision)
        return True

    def _load(self) -> None:
        self._forget()
        snapshot = take_snapshot(self._source, locked=True)
        if snapshot.superseded:
            self._keep_superseded(snapshot)
            snapshot = take_snapshot(self._source, locked=True)
        if self._files.journal.exists():
            self._open_journal(os.O_RDWR)
        if snapshot.torn and snapshot.header is not None:
            journal_file.cut(self._system, self._journal, snapshot.end)
        self._status = snapshot.status
        if snapshot.raw is not None and len(snapshot.raw) <= SMALL_BYTES:
            self._raw = snapshot.raw
        self.tracker = snapshot.tree(self._source.lifecycle)
        records = snapshot.records
        self._texts.learn(self.tracker.root, self._source.lifecycle.records)
        self._forget_texts_of(records)
        self.revision = records[-1].revision if records else snapshot.revision
        self._newest = max(snapshot.newest, self.revision)
        self._last = records[-1].start if records else 0
        self._count(len(records))
        self.trusted, self.migrated = snapshot.trusted, snapshot.migrated
        self._header, self._end, self._crc = snapshot.header, snapshot.end, snapshot.crc
        self.poisoned = False

    def _forget(self) -> None:
        self.close()
        self._texts = Texts()
        self.tracker = tree_of({})
        self.revision = self._newest = self.pending = 0
        self.trusted = self.migrated = False
        self._status = self._raw = self._header = None
        self._end = self._crc = self._last = self._durable_bytes = 0

    def _keep_superseded(self, snapshot: Snapshot) -> None:
        """Keep what the journal held beyond an older copy that somebody has put in place.

        Raises:
            OSError: the disk refused.
        """
        from logging import getLogger

        from pipeline_common import advice

        header = snapshot.header
        if header is None:
            return
        log, status = read_file(self._system, str(self._files.journal), self._source.limit_bytes)
        log = log[: snapshot.end]
        command = f"{advice.command(self._files, 'restore')} --revision {snapshot.newest}"
        reason = (
            f"{self._files.state} was replaced by revision {snapshot.revision}, which counts from now on. This journal "
            f"leads from revision {header.base} to {snapshot.newest}. To bring that one back: {command}"
        )
        self._history.archive(header.base, log, durable=True)
        kept = self._keep(self._files.journal.name, log, status.st_mode, reason)
        self._open_journal(os.O_RDWR)
        self._write_header(make_header(snapshot.newest, 0, 0))
        self._system.fsync(self._journal)
        getLogger(__name__).warning("%s It is kept as %s.", reason, kept)

    def _keep(self, name: str, raw: bytes, mode: int, reason: str) -> Path:
        make_durable_folder(self._system, str(self._files.conflicts), str(self._files.folder))
        kept = self._files.conflicts / f"{time_name(now())}_{name}"
        write_whole(self._system, str(kept), raw, mode=mode)
        write_whole(self._system, f"{kept}.why.txt", f"{reason}\n".encode("utf-8", "backslashreplace"))
        sync_folder(self._system, str(self._files.conflicts))
        return kept

    # -- writing ------------------------------------------------------------------------------------------------------

    def _put(self, pieces: Sequence[Buffer], *, backup: bool) -> None:
        """Write the file anew; on any failure the old one is in place."""
        if self._status is not None:
            self._backups.drop_twin()
        replace_file(self._source, self._backups if backup else None, pieces, status=self._status, old=self._raw)

    def _accept(self, document: Document | None, pieces: Sequence[Buffer]) -> None:
        """Make what was written the memory; the records of a large document become slices of it."""
        self._status = None  # unknown makes the next use look at the disk, whose commit is made
        with suppress(OSError):
            self._status = self._system.stat(self._name)
        is_small = sum(map(len, pieces)) <= SMALL_BYTES
        self._raw = b"".join(pieces) if is_small else None
        self.migrated = False
        self.tracker.clear()
        records = self._source.lifecycle.records
        if document is None and (is_small or is_sliced(self.tracker.root, records)):
            return
        sliced = None if is_small else sliced_tree(b"".join(pieces), records)
        if sliced is not None:
            self.tracker = sliced
            self._texts.learn(sliced.root, records)
        elif document is not None:
            self.tracker = tree_of(document)

    def _conclude(self, begin: Header, line: bytes) -> None:
        """Archive the journal that the checkpoint has overtaken, and begin the next.

        The commit is made already, so that a disk that refuses here is a warning, and the memory stays poisoned.

        Args:
            begin: the header of what is archived.
            line: the record of the commit that this checkpoint is; none where it only follows the journal.
        """
        try:
            records = b""
            if self._header is not None and self._end > HEADER_BYTES:
                # Acknowledged from the journal alone, so they must not be lost when it begins anew.
                records = self._records()
                if begin is not self._header:
                    self._history.archive(self._header.base, self._header.raw + records, durable=True)
                    records = b""
            self._history.archive(begin.base, begin.raw + records + line, durable=bool(records))
            self._begin_journal(self.revision)
            self._history.prune(len(records) + len(line))
        except OSError as error:
            from logging import getLogger

            self._status = None  # what is on the disk is to be read again
            getLogger(__name__).warning("The journal %s could not be begun anew: %s", self._files.journal, error)

    def _begin_journal(self, base: int) -> None:
        if self._status is None:
            return
        if self._journal < 0:
            self._open_journal(os.O_RDWR | os.O_CREAT)
        self._write_header(make_header(base, self._status.st_size, self._status.st_mtime_ns))
        self.pending = 0
        self.trusted = True

    def _write_header(self, header: Header) -> None:
        if not journal_file.begin(self._system, self._journal, header, self._end):
            self._durable_bytes = 0
        self._header, self._end, self._crc, self._last = header, HEADER_BYTES, header.crc, 0

    def _records(self) -> bytes:
        """What the journal holds behind its header."""
        return journal_file.read_up_to(self._system, self._journal, self._end)

    def _open_journal(self, flags: int) -> None:
        self._journal = -1
        self._close_journal()
        if flags & os.O_CREAT:
            self._system.make_folder(str(self._files.journal.parent))
        self._journal = self._system.open(str(self._files.journal), flags)
        # No __del__: what it raises, Ctrl-C included, is lost.
        closing = weakref.finalize(self, os.close, self._journal)
        closing.atexit = False  # the last checkpoint is written then
        self._close_journal = closing
        log = self._system.fstat(self._journal)
        self._journal_file = log.st_ino, log.st_dev
        self._folders_synced = False
        self._end = self._durable_bytes = 0

    def _encoded(self, revision: int) -> list[Buffer]:
        records = self._source.lifecycle.records
        self._texts.forget(self.tracker.paths(), records)
        return encode_tree(self.tracker.root, revision, records, self._texts)

    def _highest(self) -> int:
        """The highest revision ever given, as far as anything tells; an older copy put in place is no way back."""
        backups = [backup.revision for backup in self._backups.newest_first()[:1]]
        return max(self.revision, self._newest, self._history.newest(), *backups, 0)


def _nothing() -> None:
    """There is no journal to close."""


def _leads_on_from(header: Header, status: os.stat_result) -> bool:
    return (header.size_bytes, header.mtime_ns) == (status.st_size, status.st_mtime_ns)


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size, status.st_ctime_ns
