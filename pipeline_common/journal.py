# SPDX-License-Identifier: MIT
"""The journal: a redo log of the commits since the last checkpoint, one valid JSON line each.

A header of fixed length, ``["crc8", {"v":1,"gen":…,"base":…,"size":…,"mtime_ns":…}]``, then a line a commit,
``["crc8", {"q":revision,"t":time,"o":[["s",path,value],["d",path]]}]``. Each CRC-32 goes on from that of the line
before it, and the first from the header's, whose generation is random: bytes of an earlier journal never pass for later
ones (as SQLite salts the frames of its write-ahead log).
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from pipeline_common.system import System, pwrite_all

HEADER_BYTES = 192
VERSION = 1
SET = "s"
DELETE = "d"

_PREFIX_BYTES = 12  # ["xxxxxxxx",
_SUFFIX = b"]\n"
_HEX = re.compile(rb"[0-9a-f]{8}")
_LINE_END = re.compile(rb"\n")
_BEGIN = re.compile(rb'\["[0-9a-f]{8}",\{"q":')
_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class JournalDamagedError(ValueError):
    """A line that no crash can have left; the message is the reason, without the file's name.

    Attributes:
        records: the whole ones before it.
    """

    def __init__(self, message: str, records: list[Record] | None = None) -> None:
        super().__init__(message)
        self.records = records or []


@dataclass(frozen=True, slots=True)
class Header:
    """The first line.

    Attributes:
        generation: random, another one after each checkpoint.
        base: the revision of the checkpoint that the records lead on from.
        size_bytes: the size of that checkpoint.
        mtime_ns: its time of modification.
        raw: the line itself.
        crc: where the chain begins.
    """

    generation: str
    base: int
    size_bytes: int
    mtime_ns: int
    raw: bytes
    crc: int


class Record(NamedTuple):
    """One commit.

    Attributes:
        revision: its number.
        time_s: when it was made, seconds since 1970.
        operations: ``["s", path, value]`` or ``["d", path]`` each; the empty path is the whole document.
        start: where its line begins in the file.
        end: where it ends.
        crc: of the chain, up to and with it.
    """

    revision: int
    time_s: float
    operations: list[list[Any]]
    start: int
    end: int
    crc: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a stretch of a journal holds.

    Attributes:
        records: the whole ones, in order.
        end: where the last whole one ends.
        crc: of the chain up to there.
        torn: whether something follows that a crash has left unfinished.
    """

    records: list[Record]
    end: int
    crc: int
    torn: bool


def make_header(base: int, size_bytes: int, mtime_ns: int) -> Header:
    """The header of a fresh journal that leads on from a checkpoint."""
    generation = os.urandom(8).hex()
    content = {"v": VERSION, "gen": generation, "base": base, "size": size_bytes, "mtime_ns": mtime_ns}
    body = _COMPACT.encode(content).encode("ascii")
    crc = zlib.crc32(body)
    raw = (b'["%08x",' % crc + body + b"]").ljust(HEADER_BYTES - 1) + b"\n"
    return Header(generation, base, size_bytes, mtime_ns, raw, crc)


def parse_header(raw: bytes) -> Header | None:
    """The header at the beginning of `raw`, or None where there is no whole one."""
    return _parsed_header(raw[:HEADER_BYTES])


@lru_cache(maxsize=4)
def _parsed_header(raw: bytes) -> Header | None:
    if len(raw) < HEADER_BYTES or raw[-1:] != b"\n":
        return None
    body = raw[_PREFIX_BYTES:].rstrip().removesuffix(b"]")
    crc = zlib.crc32(body)
    if raw != (b'["%08x",' % crc + body + b"]").ljust(HEADER_BYTES - 1) + b"\n":
        return None
    try:
        content = json.loads(body)
        if content["v"] != VERSION:
            return None
        return Header(content["gen"], content["base"], content["size"], content["mtime_ns"], raw, crc)
    except (ValueError, KeyError, TypeError):
        return None


def compact(value: Any) -> bytes:
    """Plain JSON as a line of the journal has it, as the standard library writes it."""
    return _COMPACT.encode(value).encode("ascii")


def encode_record(
    revision: int,
    time_s: float,
    operations: Sequence[Sequence[Any]],
    crc: int,
    encode: Callable[[Any], bytes] = compact,
) -> tuple[bytes, int]:
    """One line.

    Args:
        revision: the number of the commit.
        time_s: when it was made, seconds since 1970.
        operations: plain JSON values.
        crc: of the chain so far.
        encode: writes plain JSON without a line feed.

    Returns:
        The line, and the CRC of the chain with it.
    """
    body = encode({"q": revision, "t": round(time_s, 6), "o": operations})
    crc = zlib.crc32(body, crc)
    return b'["%08x",' % crc + body + _SUFFIX, crc


def append(system: System, descriptor: int, line: bytes, end: int) -> None:
    """Write a line at the end of a journal; it is on the disk itself on return.

    Raises:
        OSError: the disk refused; the line is taken back, as whether it is on the disk is unknown.
    """
    try:
        pwrite_all(system, descriptor, line, end)
        system.fsync(descriptor)
    except BaseException:  # Ctrl-C too: who is told of an exception must not find the record later
        system.truncate(descriptor, end)
        system.fsync(descriptor)
        raise


def scan(data: bytes, offset: int, crc: int, after: int, decode: Callable[[bytes], Any] = json.loads) -> Scan:
    """Read the records in a stretch of a journal.

    Args:
        data: the stretch, from `offset` to the end of the file.
        offset: where it begins in the file.
        crc: of the chain up to there.
        after: the revision known so far; records up to it are passed over, the next must be the one after it.
        decode: reads JSON; a ValueError means that it is none.

    Raises:
        JournalDamagedError: a record is damaged though a later one is whole, or a revision is missing.
    """
    records: list[Record] = []
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        content, next_crc = _parsed(data[at : end + 1], crc, decode)
        if content is None:
            break
        revision = content["q"]
        if revision > after:
            if revision != after + 1:
                raise JournalDamagedError(f"revision {after + 1} is missing before revision {revision}", records)
            records.append(Record(revision, content["t"], content["o"], offset + at, offset + end + 1, next_crc))
            after = revision
        at, crc = end + 1, next_crc
    if at < len(data):
        try:
            check_that_nothing_follows(data[at:], offset + at, crc, after)
        except JournalDamagedError as error:
            error.records = records
            raise
    return Scan(records, offset + at, crc, torn=at < len(data))


def last_record(tail: bytes) -> tuple[int, int] | None:
    """Revision and CRC of the last line of a stretch, checked against the line before it.

    Args:
        tail: the end of a journal, at least two whole lines of it, the header counted.

    Returns:
        None where the stretch does not end in a whole record, or is too short to tell.
    """
    end = len(tail)
    start = tail.rfind(b"\n", 0, end - 1) + 1
    if not start or not tail.endswith(b"\n"):
        return None
    before = tail.rfind(b"\n", 0, start - 1) + 1
    if before == 0 and start > HEADER_BYTES:  # the line before is cut off at its beginning
        return None
    try:
        content, crc = _parsed(tail[start:], int(tail[before + 2 : before + 10], 16))
    except ValueError:
        return None
    return None if content is None else (content["q"], crc)


def _parsed(line: bytes, crc: int, decode: Callable[[bytes], Any] = json.loads) -> tuple[dict[str, Any] | None, int]:
    """The content of a line and the CRC with it; no content where it is no whole record that follows that chain."""
    body = line[_PREFIX_BYTES : -len(_SUFFIX)]
    crc = zlib.crc32(body, crc)
    if line[:_PREFIX_BYTES] != b'["%08x",' % crc or not line.endswith(_SUFFIX):
        return None, crc
    try:
        content = decode(body)
    except (ValueError, RecursionError):
        return None, crc
    if not isinstance(content, dict) or not isinstance(content.get("q"), int) or not isinstance(content.get("o"), list):
        return None, crc
    return content, crc


def check_that_nothing_follows(rest: bytes, offset: int, crc: int, after: int) -> None:
    """Tell a torn tail from corruption.

    There is one fsync a commit, so a crash tears the last record at most. A whole one behind a bad one is no work of a
    crash, except for those of an earlier journal, which are not newer than the checkpoint.

    Args:
        rest: what follows the last whole record; or a whole journal whose header is bad.
        offset: where it begins in the file.
        crc: of the chain up to there.
        after: the revision known so far.

    Raises:
        JournalDamagedError: a whole record follows.
    """
    starts = {0, *(match.end() for match in _LINE_END.finditer(rest)), *(m.start() for m in _BEGIN.finditer(rest))}
    chain = [crc]  # of the line before: as it says, and as it is computed; one flipped bit spares one of them
    for start in sorted(starts):
        line = rest[start : rest.find(b"\n", start) + 1]
        for before in chain:
            content, _ = _parsed(line, before)
            if start and content is not None and content["q"] > after:
                raise JournalDamagedError(
                    f"the record of revision {after + 1} at byte {offset} is damaged, although later ones are whole"
                )
        body = line[_PREFIX_BYTES:].rstrip()[:-1]
        said = [int(line[2:10], 16)] if _HEX.fullmatch(line[2:10]) else []
        chain = said + [zlib.crc32(body, before) for before in chain[:2]]
