# SPDX-License-Identifier: MIT
"""Earlier journals: every commit since the oldest one kept, and the document of any revision among them.

A segment is the journal that led on from one checkpoint to the next, kept when the next was written. Together with the
backup of its checkpoint it gives every revision between the two.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline_common import advice
from pipeline_common.backups import LARGEST_TOTAL_BYTES, Backups
from pipeline_common.codec import Document
from pipeline_common.compressed import SUFFIX, read_kept
from pipeline_common.errors import StateReadError
from pipeline_common.files import StateFiles
from pipeline_common.journal import HEADER_BYTES, JournalDamagedError, Record, parse_header, scan
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.listing import Listing
from pipeline_common.reading import replay
from pipeline_common.system import System, make_durable_folder, sync_folder, write_all, write_whole
from pipeline_common.tracked import detached
from pipeline_common.tree import tree_of


@dataclass(frozen=True, slots=True)
class Change:
    """One commit.

    Attributes:
        revision: its number.
        at: when it was made, aware, UTC.
        operations: what it changed, in order: path and value, where ``None`` in the third place of a deletion is
            absent: ``("s", path, value)`` or ``("d", path)``. The empty path is the whole document. Counts and statuses
            of phases that follow from the records are not among them.
    """

    revision: int
    at: datetime
    operations: tuple[tuple[Any, ...], ...]


class History:
    """The segments of one state file.

    Args:
        files: where they lie.
        backups: the documents that they lead on from.
        keep: how many backups are kept; it is enough segments for them.
        system: the calls to use.
        lifecycle: what the document means.
        limit_bytes: a larger segment is refused.
    """

    def __init__(
        self,
        files: StateFiles,
        backups: Backups,
        *,
        keep: int,
        system: System,
        lifecycle: Lifecycle,
        limit_bytes: int,
    ) -> None:
        self._files = files
        self._backups = backups
        self._keep = keep
        self._system = system
        self._lifecycle = lifecycle
        self._limit_bytes = limit_bytes
        self._listing = Listing(files.segments)
        self._bases: dict[int, str] = {}  # the segments there are, as far as house-keeping knows
        self._folder_durable = False

    def archive(self, base: int, content: bytes, *, durable: bool) -> None:
        """Keep a journal that leads on from a revision.

        Args:
            base: that revision.
            content: header and records.
            durable: whether it is on the disk itself on return. Without, a power cut may lose it: for a journal whose
                one commit is in a checkpoint already.

        Raises:
            OSError: the disk refused.
        """
        path = str(self._files.segment(base))
        self._look()
        if not self._folder_durable and (durable or not self._files.segments.is_dir()):
            make_durable_folder(self._system, str(self._files.segments), str(self._files.folder))
            self._folder_durable = True
        if durable:
            write_whole(self._system, path, content)
            sync_folder(self._system, str(self._files.segments))
        else:
            descriptor = self._system.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            try:
                write_all(self._system, descriptor, content)
            finally:
                self._system.close(descriptor)
        self._bases[base] = path
        self._listing.left()

    def prune(self, added_bytes: int) -> None:
        """Remove the oldest segments beyond the number to keep and beyond 1 GiB together.

        Args:
            added_bytes: the size of the newest; a small one is no reason to add up all the others.
        """
        self._look()
        # Twice as many as backups: where somebody has edited the file, a checkpoint leaves two. Some at a time, as the
        # next fsync waits for what a removal frees.
        gone = len(self._bases) - 2 * self._keep
        large = added_bytes * len(self._bases) > LARGEST_TOTAL_BYTES // 64
        if gone <= self._keep // 4 and not large:
            return
        bases = sorted(self._bases)
        if large:
            total_bytes = 0
            for index, base in reversed(list(enumerate(bases))):
                with suppress(OSError):
                    total_bytes += self._system.stat(self._bases[base]).st_size
                if total_bytes > LARGEST_TOTAL_BYTES and index < len(bases) - 1:
                    gone = max(gone, index + 1)
                    break
        for base in bases[: max(0, gone)]:
            with suppress(OSError):
                self._system.unlink(self._bases[base])
                del self._bases[base]
        self._listing.left()

    def _look(self) -> None:
        """List the segments again, where somebody else has changed their folder."""
        names = self._listing.news()
        if names is not None:
            self._folder_durable &= self._files.segments.is_dir()
            self._bases = self._by_base(names)

    def segments(self) -> list[tuple[int, str]]:
        """The segments, oldest first: the revision that each leads on from, and its file."""
        try:
            names = os.listdir(self._files.segments)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(self._by_base(names).items())

    def _by_base(self, names: Iterable[str]) -> dict[int, str]:
        """The segments among names of files; of one that a crash has left compressed as well, the plain one."""
        found: dict[int, str] = {}
        for name in names:
            base = self._files.segment_base(name)
            if base is not None and not (base in found and name.endswith(SUFFIX)):
                found[base] = os.path.join(str(self._files.segments), name)
        return found

    def newest(self) -> int:
        """The highest revision that segments and journal know of; 0 where there are none."""
        logs = [str(self._files.journal), *(path for _, path in self.segments()[-1:])]
        found = [_known(log) for log in map(self._read, logs) if log]
        return max(found, default=0)

    def changes(self, since: int) -> Iterator[Change]:
        """The commits after a revision, in order.

        Raises:
            StateReadError: the commit after that revision is no longer in the history.
        """
        expected = since + 1
        for change in self.kept(since):
            whole = bool(change.operations) and not change.operations[0][1]
            if change.revision != expected and not whole:
                raise self._gone(since, expected)
            expected = change.revision + 1
            yield change

    def kept(self, since: int = 0) -> Iterator[Change]:
        """As `changes`, with whatever is still in the history: the oldest commits are gone, and others may be."""
        for record in self._records(since):
            done = tuple((kind, tuple(path), *value) for kind, path, *value in record.operations)
            yield Change(record.revision, datetime.fromtimestamp(record.time_s, UTC), done)

    def damaged(self) -> Iterator[tuple[str, str]]:
        """The segments that no crash has left so: the file, and what is wrong with it."""
        for _, path in self.segments():
            log = self._read(path)
            header = parse_header(log)
            try:
                if header is not None:
                    scan(log[HEADER_BYTES:], HEADER_BYTES, header.crc, header.base)
                elif len(log) >= HEADER_BYTES and log.strip(b"\0"):  # otherwise it was cut short before it was synced
                    yield path, "it does not begin as a journal does"
            except JournalDamagedError as error:
                yield path, str(error)

    def document_at(self, revision: int) -> tuple[Document, Path | None]:
        """The document of a revision, from the nearest backup at or before it and the commits in between.

        Returns:
            The document, and the backup that it was made from.

        Raises:
            StateReadError: history does not hold that revision, or no longer.
        """
        bases = {backup.revision: backup.path for backup in reversed(self._backups.newest_first())}
        unusable = ""
        try:
            bases.setdefault(self._backups.verified(self._files.state)[1], self._files.state)
        except StateReadError as error:
            unusable = f" {error}"
        records = {record.revision: record for record in self._records(0) if record.revision <= revision}
        chain: list[Record] = []
        for at in range(revision, -1, -1):
            if at in bases and at > 0:
                try:
                    document, _ = self._backups.verified(bases[at])
                    return self._replayed(document, chain), bases[at]
                except StateReadError as error:
                    unusable = f" {error}"
            if at == 0 and chain:  # every commit is there, from the first on
                return self._replayed({}, chain), None
            if at not in records:
                break
            chain.append(records[at])
            if records[at].operations and not records[at].operations[0][1]:
                return self._replayed({}, chain), None
        raise StateReadError(
            f"Revision {revision} of {self._files.state} is not in the history.{unusable} "
            f"The revisions of the backups are listed by: {advice.command(self._files, 'backups')}"
        )

    def _replayed(self, document: Document, newest_first: list[Record]) -> Document:
        # One of an earlier version stays as it was: it is migrated once it is in place.
        if self._lifecycle.is_present(document):
            self._lifecycle.normalise(document)
        tracker = replay(tree_of(document), newest_first[::-1], self._lifecycle)
        return detached(tracker.root)  # type: ignore[no-any-return]

    def _records(self, since: int) -> Iterator[Record]:
        """The records of all segments and the journal, oldest first."""
        log = self._read(str(self._files.journal))  # first: what leads up to it is archived before it begins
        segments = self.segments()
        for (base, path), (following, _) in zip(segments, [*segments[1:], (None, None)], strict=False):
            if following is not None and following <= since:
                continue
            yield from self._parsed(self._read(path), max(base, since))
        yield from self._parsed(log, since)

    def _parsed(self, log: bytes, since: int) -> Iterator[Record]:
        header = parse_header(log)
        if header is None:
            return
        try:
            found = scan(log[HEADER_BYTES:], HEADER_BYTES, header.crc, header.base).records
        except JournalDamagedError as error:
            found = error.records
        yield from (record for record in found if record.revision > since)

    def _read(self, path: str) -> bytes:
        try:
            return read_kept(self._system, path, self._limit_bytes)[0].rstrip(b"\0")  # allocated ahead
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise StateReadError(
                f"The journal {path} cannot be read: {error.strerror or error}. Make it readable, then try again."
            ) from error

    def _gone(self, since: int, expected: int) -> StateReadError:
        return StateReadError(
            f"The changes of {self._files.state} since revision {since} are not all in the history: revision "
            f"{expected} is gone. Read the whole document with state.read(), and go on from its revision."
        )


def _known(log: bytes) -> int:
    header = parse_header(log)
    if header is None:
        return 0
    with suppress(JournalDamagedError):
        records = scan(log[HEADER_BYTES:], HEADER_BYTES, header.crc, header.base).records
        return records[-1].revision if records else header.base
    return header.base
