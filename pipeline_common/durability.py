# SPDX-License-Identifier: MIT
"""Appends to the journal, and up to where it is on the disk itself: one fsync for all who commit at the same time.

Who commits while others wait for the lock gives it back without an fsync, and goes on when one has covered its record:
that of somebody who has come later, or its own when it has the lock again. An fsync takes place under the lock alone,
and where it is refused, all that none had covered before is cut off, so that nobody goes on behind what may not be
there.

Up to where one has covered the journal is told in the lock file, for a generation of the journal and a start of the
machine. That is never synced: what a power cut leaves of it belongs to an earlier start, and counts for nothing.
"""

from __future__ import annotations

import errno
import os
import weakref
from contextlib import suppress

from pipeline_common.files import StateFiles
from pipeline_common.journal import HEADER_BYTES, MARK_BYTES, Header
from pipeline_common.locks import TOLD_BYTES, PathLock, pause
from pipeline_common.system import System, pwrite_all

PAUSE_S = 0.0005
"""How long others have, before who waits for an fsync takes the lock to make it."""


MOST_TRIES = 200
"""How often it is tried to find out what has become of a record, where the system will not tell."""


class Appended:
    """A record that is in the journal, and no fsync has covered it yet.

    Args:
        journal: the open journal; it is closed when nobody refers to this any more.
        header: its header.
        start: where the record's line begins.
        line: the line.

    Attributes:
        end: where the line ends.
        mark: how it begins, as no other does.
    """

    def __init__(self, journal: int, header: Header, start: int, line: bytes) -> None:
        self.journal = journal
        self.header = header
        self.start = start
        self.end = start + len(line)
        self.mark = line[:MARK_BYTES]
        weakref.finalize(self, os.close, journal).atexit = False


class Durability:
    """The end of the journal of one state file. Only `wait` is for those who do not hold the lock.

    Args:
        lock: the state file's.
        files: where the journal lies.
        system: the calls to use.
    """

    def __init__(self, lock: PathLock, files: StateFiles, system: System) -> None:
        self._lock = lock
        self._files = files
        self._system = system

    def known(self, header: Header) -> int | None:
        """Up to where an fsync has covered the journal; None where that is not known, and nobody waits for one."""
        boot, generation, end, *_ = [*self._lock.told()[:TOLD_BYTES].split(), b"", b"", b""]
        if not boot or (boot.decode("ascii", "replace"), generation.decode("ascii", "replace")) != (
            self._system.boot(),
            header.generation,
        ):
            return None
        return int(end) if end.isdigit() else None

    def tell(self, header: Header, end: int) -> None:
        """Say that an fsync has covered the journal up to there."""
        if boot := self._system.boot():
            with suppress(OSError):  # not known is as good, and slower
                self._lock.tell(f"{boot} {header.generation} {end:020d} ".encode("ascii"))

    def defers(self, durable: int | None) -> bool:
        """Whether a commit may leave its fsync to others; it is to `wait` without the lock then.

        Args:
            durable: up to where the journal is durable, as far as that is known.
        """
        return durable is not None and self._lock.awaited

    def append(self, journal: int, header: Header, line: bytes, end: int, *, defer: bool) -> Appended | None:
        """Write a line at the end of the journal.

        Args:
            journal: the open journal.
            header: its header.
            line: what to write.
            end: where the journal ends.
            defer: whether to leave the fsync to others.

        Returns:
            What to wait for; None where the line is on the disk itself, with all that stands before it.

        Raises:
            OSError: the disk refused; the line is taken back, as whether it is on the disk is unknown.
        """
        written = False
        appended = None
        try:
            if defer:
                appended = Appended(self._system.duplicate(journal), header, end, line)
            pwrite_all(self._system, journal, line, end)
            written = True
            if appended is None:
                self._system.fsync(journal)
        except BaseException as error:  # Ctrl-C too: who is told of an exception must not find the record later
            refused = written and isinstance(error, OSError)  # an fsync, which was to be for others as well
            self.cut(journal, header, self._covered(header, end) if refused else end)
            raise
        if appended is None:
            self.tell(header, end + len(line))
        return appended

    def cut(self, journal: int, header: Header, end: int) -> None:
        """Cut the journal; what is left is on the disk itself on return.

        Raises:
            OSError: the disk refused; all that no earlier fsync has covered is cut off.
        """
        covered = self._covered(header, end)
        self._system.truncate(journal, end)
        if self.known(header) is not None:
            self.tell(header, covered)
        try:
            self._system.fsync(journal)
        except OSError:
            if covered < end:
                self._system.truncate(journal, covered)
            raise

    def settle(self, journal: int, header: Header, end: int, since: int | None = None) -> None:
        """Have all that stands in the journal on the disk itself, where somebody waits for that.

        Args:
            journal: the open journal.
            header: its header.
            end: where it ends.
            since: where a record begins that is waited for; None where the caller knows of none.

        Raises:
            OSError: the disk refused; all that no earlier fsync has covered is cut off.
        """
        durable = self.known(header)
        if durable is None:
            durable = since
        if durable is None or durable >= end:
            return
        try:
            self._system.fsync(journal)
        except OSError:
            self.cut(journal, header, durable)
            raise
        self.tell(header, end)

    def wait(self, appended: Appended) -> None:
        """Return when a record is on the disk itself; without the lock, which others may need for that.

        However long somebody else holds the lock: what became of the record is not known before.

        Raises:
            OSError: the disk refused; the record is not in the journal any more.
            StateLockError: the lock file cannot be opened.
        """
        failures = 0
        while True:
            pause(PAUSE_S, PAUSE_S)
            if self._is_told(appended):
                return
            with self._lock.attempt(self._system) as mine:
                if not mine:
                    continue
                try:
                    end = self._end_behind(appended)
                except TakenBackError:
                    raise
                except OSError:  # which has nothing to do with what was written
                    failures += 1
                    if failures == MOST_TRIES:
                        raise
                    continue
                if end > appended.start:
                    self.settle(appended.journal, appended.header, end, since=appended.start)
                return

    def _covered(self, header: Header, end: int) -> int:
        durable = self.known(header)
        return end if durable is None else min(durable, end)

    def _is_told(self, appended: Appended) -> bool:
        """Whether others have said so. The record must still be there: if not, they have meant another in its place."""
        durable = self.known(appended.header)
        if durable is None or durable < appended.end:
            return False
        with suppress(OSError):
            return self._stands_in(appended.journal, appended)
        return False

    def _stands_in(self, journal: int, appended: Appended) -> bool:
        return self._system.pread(journal, MARK_BYTES, appended.start) == appended.mark

    def _end_behind(self, appended: Appended) -> int:
        """Where the last whole line ends behind a record; 0 where a checkpoint has come in between, which has it.

        Raises:
            OSError: the record is gone, or the system will not tell.
        """
        journal = appended.journal
        if self._system.pread(journal, HEADER_BYTES, 0) != appended.header.raw:
            self._find_in_history(appended)
            return 0
        if not self._stands_in(journal, appended):
            raise _taken_back()
        # A killed process may have left half a line.
        rest = self._system.pread(journal, self._system.fstat(journal).st_size - appended.end, appended.end)
        return appended.end + rest.rfind(b"\n") + 1

    def _find_in_history(self, appended: Appended) -> None:
        """Look for a record in the journal that a checkpoint has put aside."""
        with suppress(FileNotFoundError):
            segment = self._system.open(str(self._files.segment(appended.header.base)), os.O_RDONLY)
            try:
                if self._stands_in(segment, appended):
                    return
            finally:
                self._system.close(segment)
        raise _taken_back()


class TakenBackError(OSError):
    """A record is not in the journal any more."""


def _taken_back() -> TakenBackError:
    return TakenBackError(errno.EIO, "the disk has refused a commit that this one came after")
