# SPDX-License-Identifier: MIT
"""The journal as a file: allocated ahead, so that a commit overwrites zeros and the disk has nothing to do but write.

What follows the last record is zeros up to the end of the file, which a record, being JSON, never holds. Bytes that are
overwritten are durable with `System.sync_data`; a file that grows takes a whole fsync. Who writes here holds the lock.
"""

from __future__ import annotations

from pipeline_common.journal import HEADER_BYTES, Header
from pipeline_common.system import System, pwrite_all

STEP_BYTES = 1 << 20
"""The file grows by so much at a time; one that is longer when a journal is begun anew is cut."""

_BLOCK_BYTES = 64 << 10


def append(system: System, journal: int, line: bytes, end: int, durable_bytes: int) -> int:
    """Write a line at the end of the records; it is on the disk itself on return.

    Args:
        system: the calls to use.
        journal: the open file.
        line: what to write.
        end: where the records end.
        durable_bytes: the size of the file as far as an fsync of the caller's has covered it.

    Returns:
        `durable_bytes` from now on.

    Raises:
        OSError: the disk refused; the line is taken back, as whether it is on the disk is unknown.
    """
    reached, size_bytes, sync = end + len(line), durable_bytes, system.sync_data
    try:
        if reached > durable_bytes:
            size_bytes, sync = system.fstat(journal).st_size, system.fsync
        if reached > size_bytes:
            size_bytes = -(-reached // STEP_BYTES) * STEP_BYTES
            line = line.ljust(size_bytes - end, b"\0")
        pwrite_all(system, journal, line, end)
        sync(journal)
    except BaseException:  # Ctrl-C too: who is told of an exception must not find the record later
        cut(system, journal, end)
        raise
    return size_bytes


def cut(system: System, journal: int, end: int) -> None:
    """Put zeros in the place of what follows the records; that is on the disk itself on return.

    The file stays as long: how much of that is durable, others know already.

    Raises:
        OSError: the disk refused.
    """
    rest_bytes = system.fstat(journal).st_size - end
    if rest_bytes > 0:
        pwrite_all(system, journal, bytes(rest_bytes), end)
    system.fsync(journal)


def begin(system: System, journal: int, header: Header, end: int) -> bool:
    """Begin the journal anew. That need not be durable: no record of the one before counts behind another header.

    Args:
        system: the calls to use.
        journal: the open file.
        header: the new one.
        end: where the records end so far; 0 where that is not known.

    Returns:
        Whether the file is as long as before.

    Raises:
        OSError: the disk refused.
    """
    # The header first: a reader that sees less than there was sees another header too, and looks again.
    pwrite_all(system, journal, header.raw, 0)
    if HEADER_BYTES <= end <= STEP_BYTES:
        if end > HEADER_BYTES:
            pwrite_all(system, journal, bytes(end - HEADER_BYTES), HEADER_BYTES)
        return True
    if system.fstat(journal).st_size > HEADER_BYTES:
        system.truncate(journal, HEADER_BYTES)
    return False


def read_up_to(system: System, journal: int, end: int) -> bytes:
    """The records, from behind the header up to an offset.

    Raises:
        OSError: the file ends before.
    """
    parts = []
    at = HEADER_BYTES
    while at < end:
        part = system.pread(journal, end - at, at)
        if not part:
            raise OSError(f"it ends at byte {at} instead of {end}")
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def news(system: System, journal: int, last: int, end: int, crc: int) -> bytes | None:
    """What others have written behind the records that the caller knows.

    Args:
        system: the calls to use.
        journal: the open file.
        last: where the last record begins that the caller knows; 0 where it knows of none.
        end: where the records end that it knows.
        crc: of the chain there.

    Returns:
        None where that last record does not stand there any more.
    """
    begin = last or end
    known = system.pread(journal, end + 1 - begin, begin)
    if len(known) < end - begin or (last and not known.startswith(b'["%08x",' % crc)):
        return None
    return b"" if known[end - begin :] in (b"", b"\0") else read_on(system, journal, end)


def read_on(system: System, journal: int, offset: int) -> bytes:
    """What stands from an offset on up to the next zero."""
    parts: list[bytes] = []
    while part := system.pread(journal, _BLOCK_BYTES, offset):
        stop = part.find(b"\0")
        if stop >= 0:
            parts.append(part[:stop])
            break
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def likely_end(system: System, journal: int) -> int:
    """Where the zeros begin, found by halves; not to be relied on where a crash has left something else among them."""
    low, high = HEADER_BYTES, system.fstat(journal).st_size
    while low < high:
        middle = (low + high) // 2
        if system.pread(journal, 1, middle) in (b"\0", b""):
            high = middle
        else:
            low = middle + 1
    return low
