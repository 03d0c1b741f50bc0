"""What the measurements share: documents and updates from a seed, a folder on a real disk, and words for results."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import psutil

from pipeline_common.audiobook import CURRENT_SCHEMA_VERSION
from pipeline_common.phases import PHASES
from pipeline_common.statuses import RUNNING, SUCCESS

SMALL_DOCUMENT_BYTES = 256 << 10
"""Up to here each commit brings ``pipeline.json`` up to date and leaves a backup; the gates on commits begin above."""

LEAST_FLOOR_S = 100e-6
LARGEST_FLOOR_S = 1e-3
"""Outside of these a ratio to the floor says nothing: the disk does not really write, or hides all else."""

SECTIONS = tuple(phase.key for phase in PHASES)
_PHASE_NAMES = tuple(phase.name for phase in PHASES)
_AT = "2026-01-02T03:04:05.678901+00:00"


@dataclass(frozen=True, slots=True)
class Update:
    """One change of the document, as the orchestrator makes it: the record of one phase of one book."""

    section: str
    book_id: str
    record: dict[str, Any]

    @property
    def data(self) -> bytes:
        """The least that has to reach the disk: where, and what."""
        return json.dumps([self.section, self.book_id, self.record], separators=(",", ":")).encode()


class Updates:
    """An endless row of updates; each record alternates between running and success, as transitions demand.

    Args:
        books: the numbers of the books to choose from.
        seed: decides the document and the choices.
    """

    def __init__(self, books: Sequence[int], seed: int) -> None:
        self._books = books
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._runs: set[tuple[str, int]] = set()

    def __iter__(self) -> Iterator[Update]:
        for count in itertools.count(1):
            number, section = self._chance.choice(self._books), self._chance.choice(SECTIONS)
            self._runs ^= {(section, number)}
            record = phase_record(section, number, self._seed)
            record["status"] = RUNNING if (section, number) in self._runs else SUCCESS
            record["attempts"] = count
            yield Update(section, book_id(number, self._seed), record)


def book_id(number: int, seed: int) -> str:
    """The id of a book."""
    return f"the-collected-works-volume-{number:06d}-{_digest(number, 'id', seed)[:8]}"


def phase_record(section: str, number: int, seed: int) -> dict[str, Any]:
    """What one finished phase leaves in the document about one book, about 600 bytes."""
    digest = _digest(number, section, seed)
    name = _PHASE_NAMES[SECTIONS.index(section)]
    size_bytes = int(digest[:6], 16)
    return {
        "status": SUCCESS,
        "attempts": 1,
        "started_at": _AT,
        "finished_at": _AT,
        "duration_s": size_bytes / 1000,
        "fingerprint": digest,
        "artifacts": {
            f"{name}.jsonl": {
                "path": f"work/{book_id(number, seed)}/{name}.jsonl",
                "size_bytes": size_bytes,
                "mtime_ns": 1_700_000_000_000_000_000 + size_bytes,
                "sha256": _digest(number, f"{section} file", seed),
            }
        },
        "metrics": {"words": size_bytes % 100_000, "seconds": size_bytes / 1000},
        "errors": [],
    }


def book_record(number: int, seed: int) -> dict[str, Any]:
    """What the document says of a book whatever the phase."""
    digest = _digest(number, "source", seed)
    return {
        "source": {
            "path": f"input/the-collected-works-volume-{number:06d}.epub",
            "sha256": digest,
            "size_bytes": int(digest[:6], 16),
            "mtime_ns": 1_700_000_000_000_000_000,
        },
        "title": f"The Collected Works, Volume {number}: Lïves of the Ëngineers",
        "authors": ["Somebody Else"],
        "language": "en-GB",
        "retry_count": 0,
        "error_history": [],
    }


def records_of_book(number: int, seed: int) -> dict[str, Any]:
    """All records of one book, by section."""
    return {section: phase_record(section, number, seed) for section in SECTIONS} | {"books": book_record(number, seed)}


def records(books: int, seed: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """All records of a document: section, book id, record; section by section."""
    for section in SECTIONS:
        for number in range(books):
            yield section, book_id(number, seed), phase_record(section, number, seed)
    for number in range(books):
        yield "books", book_id(number, seed), book_record(number, seed)


def write_document(path: Path, books: int, seed: int) -> int:
    """Write a state file as the engine would, in little memory.

    Returns:
        Its size, bytes.
    """
    with path.open("wb") as file:
        head = {"_state": {"revision": 1}, "schema_version": CURRENT_SCHEMA_VERSION, "created_at": _AT}
        file.write(orjson.dumps({**head, "last_updated": _AT}, option=orjson.OPT_INDENT_2).removesuffix(b"\n}"))
        for section, rows in itertools.groupby(records(books, seed), key=lambda row: row[0]):
            if section == "books":
                file.write(b',\n  "books": {')
                _write_rows(file, rows, 4)
                file.write(b"\n  }")
            else:
                phase = {"status": SUCCESS, "counts": {SUCCESS: books}}
                lines = orjson.dumps(phase, option=orjson.OPT_INDENT_2).removesuffix(b"\n}").replace(b"\n", b"\n  ")
                file.write(b',\n  "%b": %b,\n    "files": {' % (section.encode(), lines))
                _write_rows(file, rows, 6)
                file.write(b"\n    }\n  }")
        file.write(b"\n}\n")
        return file.tell()


def _write_rows(file: Any, rows: Iterator[tuple[str, str, dict[str, Any]]], depth: int) -> None:
    margin = b"\n" + b" " * depth
    for index, (_, name, record) in enumerate(rows):
        lines = orjson.dumps(record, option=orjson.OPT_INDENT_2).replace(b"\n", margin)
        file.write(b'%b%b"%b": %b' % (b"," if index else b"", margin, name.encode(), lines))


def parser(description: str) -> argparse.ArgumentParser:
    """The options that all measurements have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    made.add_argument("--folder", type=Path, default=Path(), help="a folder on the disk to be measured")
    made.add_argument("--seed", type=int, default=1, help="decides the documents and the updates")
    return made


def whole_numbers(text: str) -> list[int]:
    """An option such as ``10,1000``.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    numbers = text.replace("_", "").split(",")
    if not all(number.strip().isdecimal() and int(number) for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers; give some such as 10,1000")
    return [int(number) for number in numbers]


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder that is removed at the end; says first which disk it is on."""
    with tempfile.TemporaryDirectory(prefix=".benchmark-", dir=parent) as name:
        folder = Path(name).resolve()
        python = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
        print(f"{python}, {os.cpu_count()} cores, {file_system(folder)} at {folder.parent}")
        yield folder


def file_system(folder: Path) -> str:
    """The type of the file system that a folder is on, such as ``ext4``."""
    mounted = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next((mounted[place] for place in [folder, *folder.parents] if place in mounted), "unknown file system")


def floor_out_of_range(floor_s: float) -> str:
    """What has to be said beside a verdict about a floor outside the range; empty inside it."""
    if floor_s < LEAST_FLOOR_S:
        return f"floor out of range: {duration(floor_s)} is under {duration(LEAST_FLOOR_S)}"
    if floor_s > LARGEST_FLOOR_S:
        return f"floor out of range: {duration(floor_s)} is over {duration(LARGEST_FLOOR_S)}"
    return ""


def verdict(*, holds: bool, said: str) -> bool:
    """Print a verdict, and give it back."""
    print(f"{'PASS' if holds else 'FAIL'}  {said}")
    return holds


def middle(values: Sequence[float]) -> float:
    """The median."""
    return float(median(values))


def duration(seconds: float) -> str:
    """A time as it is read."""
    if seconds < 0.01:
        return f"{seconds * 1e6:,.0f} µs"
    return f"{seconds * 1e3:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def size(count_bytes: float) -> str:
    """A number of bytes as it is read."""
    return f"{count_bytes / 1e6:,.1f} MB" if count_bytes >= 1e5 else f"{count_bytes / 1e3:,.1f} kB"


def _digest(number: int, what: str, seed: int) -> str:
    return sha256(f"{seed}/{number}/{what}".encode()).hexdigest()
