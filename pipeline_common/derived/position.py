# SPDX-License-Identifier: MIT
"""Which commit a state is at, and which one a view was made of; known without reading the document."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from pipeline_common.files import StateFiles
from pipeline_common.journal import HEADER_BYTES, JournalDamagedError, parse_header, scan


@dataclass(frozen=True, slots=True)
class Position:
    """A commit, as far as it can be told from another one with the same number.

    Attributes:
        revision: its number; 0 where nothing was ever committed.
        generation: of the journal; empty where there is none.
        size_bytes: of the state file.
        mtime_ns: of the state file.
        trusted: whether the engine itself wrote that file, so that journals lead from commit to commit. A file that was
            edited or replaced by hand is only ever the same as itself.
        at_s: when the commit was made, seconds since 1970; None where that is not known.
    """

    revision: int
    generation: str = ""
    size_bytes: int = 0
    mtime_ns: int = 0
    trusted: bool = False
    at_s: float | None = None

    def is_same_as(self, other: Position) -> bool:
        """Whether nothing has happened between the two; without a journal, that is as the file was."""
        if self.generation and self.revision != other.revision:
            return False
        return (self.generation, self.size_bytes, self.mtime_ns, self.trusted) == (
            other.generation,
            other.size_bytes,
            other.mtime_ns,
            other.trusted,
        )

    def as_record(self) -> dict[str, Any]:
        """Plain values, for `from_record`."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Any) -> Position | None:
        """What `as_record` gave; None where it is anything else."""
        try:
            found = cls(**record)
        except TypeError:
            return None
        numbers = (found.revision, found.size_bytes, found.mtime_ns)
        return found if all(isinstance(number, int) for number in numbers) else None


def position(files: StateFiles) -> Position:
    """Where a state is now.

    Raises:
        OSError: the file or its journal cannot be read.
    """
    try:
        log = files.journal.read_bytes().rstrip(b"\0")  # allocated ahead
    except (FileNotFoundError, NotADirectoryError):
        log = b""
    try:
        status = os.stat(files.state)
    except FileNotFoundError:
        return Position(0)
    header = parse_header(log)
    if header is None:
        return Position(0, "", status.st_size, status.st_mtime_ns)
    trusted = (header.size_bytes, header.mtime_ns) == (status.st_size, status.st_mtime_ns)
    try:
        records = scan(log[HEADER_BYTES:], HEADER_BYTES, header.crc, header.base).records
    except JournalDamagedError:
        records, trusted = [], False
    last = records[-1] if records else None
    return Position(
        last.revision if last else header.base,
        header.generation,
        status.st_size,
        status.st_mtime_ns,
        trusted,
        last.time_s if last else None,
    )
