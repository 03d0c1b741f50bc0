# SPDX-License-Identifier: MIT
"""Reads a state file together with its journal, with or without the lock, and says how the two fit.

A checkpoint counts, whoever wrote it: the person at the keyboard wins. The journal's records count where they lead on
from it. Nothing here writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeAlias

from pipeline_common import advice
from pipeline_common.codec import DamagedError, Document, decode
from pipeline_common.errors import StateReadError, StateValidationError
from pipeline_common.files import StateFiles
from pipeline_common.journal import (
    HEADER_BYTES,
    SET,
    Header,
    JournalDamagedError,
    Record,
    check_that_nothing_follows,
    parse_header,
    scan,
)
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.rules import Review
from pipeline_common.system import System, pread_all, read_file
from pipeline_common.tracked import Path, Tracker, detached
from pipeline_common.tree import apply, decode_own, sliced_tree, tree_of

SMALL_BYTES = 256 << 10
"""A document up to this size is written whole at each commit."""

_MOST_RETRIES = 1000

Operation: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document is read from, and what it must be.

    Attributes:
        files: where everything lies.
        system: the calls to use.
        lifecycle: what the document means.
        limit_bytes: a larger file is refused.
        newest_backup: the newest valid backup, for messages.
        lost_history: the error about a missing file, None where nothing was ever committed.
    """

    files: StateFiles
    system: System
    lifecycle: Lifecycle
    limit_bytes: int
    newest_backup: Callable[[], FilePath | None]
    lost_history: Callable[[], StateReadError | None]


@dataclass(slots=True)
class Snapshot:
    """A checkpoint, and what its journal adds to it.

    Attributes:
        where: the file.
        raw: its content; None where there is no file.
        status: what the system says of the file; None where there is none.
        document: the plain document of the file, None where it was read as slices.
        tracker: the tracked document of the file, None where it was read as a plain one.
        revision: of the file.
        header: the journal's, or None.
        records: those that lead on from the file.
        end: where the journal's last whole record ends.
        crc: of the journal's chain there.
        torn: whether something follows there that a crash has left.
        newest: the highest revision that file and journal know of.
        trusted: whether the engine itself wrote the file, as the journal's header says.
        superseded: whether the journal holds records that led on from another checkpoint than the file.
        migrated: whether the file is of an earlier schema version: `document` is as the file has it then, and the
            present form is made of it together with its records, which are of that version too.
    """

    where: FilePath
    raw: bytes | None
    status: os.stat_result | None
    document: Document | None
    tracker: Tracker | None
    revision: int
    header: Header | None
    records: list[Record] = field(default_factory=list)
    end: int = 0
    crc: int = 0
    torn: bool = False
    newest: int = 0
    trusted: bool = False
    superseded: bool = False
    migrated: bool = False

    def tree(self, lifecycle: Lifecycle) -> Tracker:
        """The tracked document with all records."""
        if self.migrated:
            return tree_of(self.plain(lifecycle))
        tracker = self.tracker or tree_of(self.document or {})
        return replay(tracker, self.records, lifecycle)

    def plain(self, lifecycle: Lifecycle) -> Document:
        """The plain document with all records; it belongs to the caller.

        Raises:
            StateReadError: a step from its version to the present one failed.
        """
        if self.migrated:
            return self._migrated(lifecycle)
        if self.document is not None and not self.records:
            return self.document
        if self.raw is not None and not self.records:
            with suppress(ValueError):
                return decode_own(self.raw)
        return detached(self.tree(lifecycle).root)  # type: ignore[no-any-return]

    def _migrated(self, lifecycle: Lifecycle) -> Document:
        document: Document = detached(replay(tree_of(self.document or {}), self.records, lifecycle).root)
        lifecycle.migrate(document, self.where)
        if self.records:
            lifecycle.settle({}, document)  # records say nothing of what is derived
        return document


def replay(tracker: Tracker, records: list[Record], lifecycle: Lifecycle) -> Tracker:
    """Make the changes of records that lead on from a document; returns the tracker of the outcome.

    Counts and derived statuses are kept up in a document of the present version; of an earlier one nobody knows how.
    """
    of_records: dict[Path, Operation] = {}
    for record in records:
        # Commits that have set records and nothing else may be made together, as counts follow from statuses alone: of
        # what is set at one path again and again, the last.
        if all(kind == SET and (len(path) > 2 or path == ["last_updated"]) for kind, path, *_ in record.operations):
            for operation in record.operations:
                path = tuple(operation[1])
                of_records.pop(path, None)  # what comes later is to stand later
                of_records[path] = operation
            continue
        _make(tracker, list(of_records.values()), lifecycle)
        of_records.clear()
        rest = record.operations
        if rest and not rest[0][1]:
            tracker = tree_of(rest[0][2])
            rest = rest[1:]
        _make(tracker, rest, lifecycle)
    _make(tracker, list(of_records.values()), lifecycle)
    return tracker


def _make(tracker: Tracker, operations: list[Operation], lifecycle: Lifecycle) -> None:
    tracker.active = True
    apply(tracker.root, operations)
    if lifecycle.is_present(tracker.root):
        Review(lifecycle, tracker).settle()
    tracker.clear()
    tracker.active = False


def take_snapshot(source: Source, *, locked: bool) -> Snapshot:
    """Read file and journal as they were at one moment.

    Args:
        source: what to read.
        locked: whether the caller holds the lock, so that nobody writes meanwhile.

    Raises:
        StateReadError: the file or its journal is damaged or unreadable, or the file is missing though it has a
            history.
        StateValidationError: the top level is no object.
    """
    for _ in range(_MOST_RETRIES):
        before = _journal(source, HEADER_BYTES)
        try:
            found: tuple[bytes, os.stat_result] | None = read_file(
                source.system, str(source.files.state), source.limit_bytes
            )
        except FileNotFoundError:
            found = None
        except OSError as error:
            raise advice.unreadable(source.files, error) from error
        log = _journal(source, None)
        if locked or before == log[:HEADER_BYTES] == _journal(source, HEADER_BYTES):
            break
    else:
        raise StateReadError(
            f"The state file {source.files.state} changes faster than it can be read. Try again, or take the lock "
            "first: `with state.lock(): state.read()`."
        )
    log = log.rstrip(b"\0")  # allocated ahead
    if found is None:
        return _without_a_file(source, log)
    return _fitted(source, *found, log)


def _journal(source: Source, size_bytes: int | None) -> bytes:
    """The journal's first bytes, or all of it; nothing where there is none."""
    system = source.system
    try:
        descriptor = system.open(str(source.files.journal), os.O_RDONLY)
        try:
            return system.pread(descriptor, size_bytes, 0) if size_bytes else pread_all(system, descriptor, 0)
        finally:
            system.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise advice.unreadable_journal(source.files, error) from error


def _without_a_file(source: Source, log: bytes) -> Snapshot:
    lost = source.lost_history()
    if source.files.state.exists():  # the very first commit came between the two looks
        return take_snapshot(source, locked=False)
    if lost:
        raise lost
    header = parse_header(log)
    if header is not None:
        raise advice.lost(source.files, None)
    return Snapshot(source.files.state, None, None, {}, None, 0, None, end=len(log), torn=bool(log), trusted=True)


def _fitted(source: Source, raw: bytes, status: os.stat_result, log: bytes) -> Snapshot:
    header = parse_header(log)
    ours = header is not None and (header.size_bytes, header.mtime_ns) == (status.st_size, status.st_mtime_ns)
    tracker = document = None
    revision = 0
    if ours and header is not None and len(raw) > SMALL_BYTES:
        revision = header.base
        tracker = sliced_tree(raw, source.lifecycle.records) if _revision_says(raw, revision) else None
    if tracker is None:
        document, revision = _decoded(source, raw)
    # What the engine itself wrote in the present version has the present names.
    known = document if document is not None else tracker.root  # type: ignore[union-attr]
    migrated = source.lifecycle.version_of(known, source.files.state) < source.lifecycle.schema_version
    if migrated and tracker is not None:
        document, tracker = detached(tracker.root), None
    elif document is not None and not migrated:
        source.lifecycle.normalise(document)
    trusted = ours and header is not None and header.base == revision and not migrated
    snapshot = Snapshot(
        source.files.state, raw, status, document, tracker, revision, header, trusted=trusted, migrated=migrated
    )
    snapshot.newest = revision
    try:
        _add_records(snapshot, log)
    except JournalDamagedError as error:
        raise advice.damaged_journal(source.files, error) from error
    return snapshot


def _revision_says(raw: bytes, revision: int) -> bool:
    return raw.startswith(b'{\n  "_state": {\n    "revision": %d\n  }' % revision)


def _decoded(source: Source, raw: bytes) -> tuple[Document, int]:
    try:
        document, revision = decode(raw)
    except DamagedError as error:
        raise advice.damaged(source.files, error, source.newest_backup()) from error
    if not isinstance(document, dict):
        raise StateValidationError(
            f"Schema validation failed: {source.files.state} holds a {type(document).__name__}, expected an object. "
            f"Correct it by hand, or put a backup in its place: {advice.command(source.files, 'backups')}"
        )
    return document, revision


def _add_records(snapshot: Snapshot, log: bytes) -> None:
    """Find which of the journal's records lead on from the checkpoint.

    Raises:
        JournalDamagedError: the journal is damaged in a way that no crash leaves behind.
    """
    header, revision = snapshot.header, snapshot.revision
    if header is None:
        check_that_nothing_follows(log, 0, 0, revision)
        snapshot.end, snapshot.torn = 0, bool(log)
        return
    older_copy = revision < header.base
    found = scan(log[HEADER_BYTES:], HEADER_BYTES, header.crc, header.base if older_copy else revision)
    snapshot.end, snapshot.crc, snapshot.torn = found.end, found.crc, found.torn
    snapshot.newest = max(revision, header.base, *(record.revision for record in found.records[-1:]))
    if older_copy:
        snapshot.superseded = bool(found.records)
    else:
        snapshot.records = found.records
