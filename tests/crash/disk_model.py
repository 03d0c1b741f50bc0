"""A disk that loses power: what may be left of a run's calls to the operating system.

The model promises no more than POSIX does. What was written to a file is certain after the fsync of that file, what
happened to the names in a folder (create, link, rename, unlink) after the fsync of that folder. Before, any part of it
may be there in any combination, and the last write may be torn, zeroed, or show what lay in those blocks earlier.
An fdatasync makes certain what was written over bytes that were certainly there, and neither that a file has grown or
been cut, nor what was written beyond that place: less than POSIX and Linux promise, on the safe side.
Two things are taken for granted: a rename happens as a whole or not at all, and it is certain with the folder of its
new name. A file's time is that of its last write; permissions are not modelled.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, TypeVar

FOLDER = 0
"""The number of every folder; files count from 1, whatever inode numbers the real file system uses again."""

MOST_NAMES_IN_ALL_COMBINATIONS = 6
MOST_WRITES_IN_ALL_COMBINATIONS = 4
MOST_CONTENTS = 80
MOST_NAMINGS = 80


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes written into a file at an offset."""

    file: int
    offset: int
    data: bytes
    mtime_ns: int = 0

    def __repr__(self) -> str:
        return f"Write(file={self.file}, offset={self.offset}, {len(self.data)} bytes: {self.data[:40]!r})"


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file cut, or extended by zeros, to a size."""

    file: int
    size_bytes: int
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class SyncFile:
    """The fsync of a file; one that the disk refused promises nothing, nor does a later one for what came before."""

    file: int
    refused: bool = False


@dataclass(frozen=True, slots=True)
class SyncData:
    """The fdatasync of a file."""

    file: int


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """The fsync of a folder that succeeded."""

    path: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name given to a file or folder: created, linked or, with the name that it had, renamed."""

    path: str
    file: int
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Unlink:
    """A name removed."""

    path: str


Data: TypeAlias = Write | Truncate
Naming: TypeAlias = Name | Unlink
Step: TypeAlias = Data | Naming | SyncFile | SyncData | SyncFolder
T = TypeVar("T")


@dataclass(frozen=True)
class Image:
    """What is on a disk.

    Attributes:
        names: number of the file by its name below the root, relative to it.
        contents: by number; folders have none.
        times: when it was last written, nanoseconds since 1970, by number, where that is known.
    """

    names: dict[str, int]
    contents: dict[int, bytes]
    times: dict[int, int]

    def digest(self) -> bytes:
        """The same for two disks of the same names, links and contents."""
        first_names: dict[int, str] = {}
        digest = hashlib.blake2b(digest_size=16)
        for path, file in sorted(self.names.items()):
            content = self.contents.get(file, b"")
            head = f"{path}\0{file != FOLDER and first_names.setdefault(file, path)}\0{len(content)}\0"
            digest.update(head.encode() + content)
        return digest.digest()

    def write_to(self, root: Path) -> None:
        """Make a folder that is this disk, in place of whatever has its name."""
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        first_names: dict[int, Path] = {}
        for path, file in sorted(self.names.items()):
            if file == FOLDER:
                (root / path).mkdir()
            elif file in first_names:
                os.link(first_names[file], root / path)
            else:
                (root / path).write_bytes(self.contents[file])
                first_names[file] = root / path
                if mtime_ns := self.times.get(file):
                    os.utime(root / path, ns=(mtime_ns, mtime_ns))

    def __str__(self) -> str:
        lines = []
        for path, file in sorted(self.names.items()):
            content = self.contents.get(file, b"")
            lines.append(f"  {path}/" if file == FOLDER else f"  {path}: file {file}, {len(content)} bytes")
            if file != FOLDER:
                lines[-1] += f", {content[:60]!r} … {content[-30:]!r}"
        return "\n".join(lines) or "  (empty)"


class Disk:
    """What is certainly on the disk, and what has been asked of it since and may be there or not.

    Args:
        image: what it holds to begin with.
        chance: decides where there are too many possibilities to try them all.
    """

    def __init__(self, image: Image, chance: random.Random) -> None:
        self._chance = chance
        self._names = dict(image.names)
        self._times = dict(image.times)
        self._namings: list[Naming] = []
        # More than one content is possible after an fsync that was refused: nothing later makes that certain.
        self._contents: dict[int, list[bytes]] = {file: [content] for file, content in image.contents.items()}
        self._written: dict[int, list[Data]] = {}
        self._earlier: dict[int, list[bytes]] = {}

    def apply(self, step: Step) -> None:
        """Ask the next step of the disk."""
        match step:
            case Write() | Truncate():
                self._written.setdefault(step.file, []).append(step)
                self._times[step.file] = step.mtime_ns
                if isinstance(step, Write):
                    self._earlier[step.file] = [*self._earlier.get(step.file, [])[-1:], step.data]
            case SyncFile(refused=True):
                self._contents[step.file] = self._possible(step.file)
                self._written.pop(step.file, None)
            case SyncFile():
                written = self._written.pop(step.file, [])
                self._contents[step.file] = [written_to(base, written) for base in self._contents[step.file]]
            case SyncData():
                self._sync_data(step.file)
            case SyncFolder():
                self._sync_folder(step.path)
            case Name() | Unlink():
                self._namings.append(step)
                if isinstance(step, Name) and step.file != FOLDER:
                    self._contents.setdefault(step.file, [b""])

    def images(self, limit: int) -> Iterator[Image]:
        """What a crash now may leave: all of it, or `limit` samples where that is more."""
        chance, times = self._chance, dict(self._times)
        namings = {}
        for kept in parts(self._namings, MOST_NAMES_IN_ALL_COMBINATIONS, chance):
            names = _reachable(_named(self._names, kept))
            namings[tuple(sorted(names.items()))] = names
        namings_to_try = list(namings.values())[:MOST_NAMINGS]
        files = {file for names in namings_to_try for file in names.values()} - {FOLDER}
        possible = {file: self._possible(file) for file in sorted(files)}
        totals = [_product(len(possible[file]) for file in set(names.values()) - {FOLDER}) for names in namings_to_try]
        if sum(totals) <= limit:
            for names in namings_to_try:
                files_here = sorted(set(names.values()) - {FOLDER})
                for contents in itertools.product(*(possible[file] for file in files_here)):
                    yield Image(names, dict(zip(files_here, contents, strict=True)), times)
            return
        for number in range(limit):
            # First every naming with all that was written, then samples: half of them with one file that differs.
            names = namings_to_try[number] if number < len(namings_to_try) else chance.choice(namings_to_try)
            files_here = sorted(set(names.values()) - {FOLDER})
            contents_now = {file: possible[file][0] for file in files_here}
            if number >= len(namings_to_try) and files_here:
                undecided = [file for file in files_here if len(possible[file]) > 1] or files_here
                differing = undecided if chance.random() < 0.5 else [chance.choice(undecided)]
                contents_now |= {file: chance.choice(possible[file]) for file in differing}
            yield Image(names, contents_now, times)

    def _sync_data(self, file: int) -> None:
        certain_bytes = min(len(content) for content in self._contents[file])
        inside: list[Data] = []
        rest: list[Data] = []
        for step in self._written.pop(file, []):
            if isinstance(step, Truncate):
                certain_bytes = min(certain_bytes, step.size_bytes)
                rest.append(step)
                continue
            cut = max(0, certain_bytes - step.offset)
            if cut:
                inside.append(replace(step, data=step.data[:cut]))
            if cut < len(step.data):
                rest.append(replace(step, offset=step.offset + cut, data=step.data[cut:]))
        self._contents[file] = [written_to(base, inside) for base in self._contents[file]]
        if rest:
            self._written[file] = rest

    def _sync_folder(self, path: str) -> None:
        rest: list[Naming] = []
        for naming in self._namings:
            if os.path.dirname(naming.path) != path:
                rest.append(naming)
                continue
            if isinstance(naming, Name) and naming.source is not None:  # it makes what happened to the old name moot
                rest = [other for other in rest if other.path != naming.source]
            self._names = _named(self._names, [naming])
        self._namings = rest

    def _possible(self, file: int) -> list[bytes]:
        """What the file may hold; first that with all that was written."""
        written, chance = self._written.get(file, []), self._chance
        found: dict[bytes, None] = {}
        for base in self._contents[file]:
            for kept in parts(written, MOST_WRITES_IN_ALL_COMBINATIONS, chance):
                found[written_to(base, kept)] = None
            if written and isinstance(written[-1], Write):
                stale = self._earlier[file][0] if len(self._earlier[file]) > 1 else b""
                for torn in tears(written[-1], stale, chance):
                    found[written_to(base, [*written[:-1], torn])] = None
                    found[written_to(base, [torn])] = None
        first, *others = found
        return [first, *(chance.sample(others, MOST_CONTENTS) if len(others) > MOST_CONTENTS else others)]


def written_to(content: bytes, steps: Sequence[Data]) -> bytes:
    """A file's content after some steps; what was skipped over is zero."""
    for step in steps:
        if isinstance(step, Truncate):
            content = content[: step.size_bytes].ljust(step.size_bytes, b"\0")
        else:
            end = step.offset + len(step.data)
            content = content[: step.offset].ljust(step.offset, b"\0") + step.data + content[end:]
    return content


def tears(write: Write, stale: bytes, chance: random.Random) -> Iterator[Write]:
    """What may have become of one write that nothing has made certain.

    Args:
        write: the write.
        stale: what was written to that file before it, and may still lie in the same blocks.
        chance: decides where it tears, beside the places that are always tried.
    """
    data, size = write.data, len(write.data)
    old = stale[:size].ljust(size, b"\0")
    for cut in sorted({1, size // 2, size * 3 // 4, size - 1, chance.randrange(size + 1)} & set(range(size))):
        rest = size - cut
        for torn in (
            data[:cut],  # the end is missing
            data[:cut] + b"\0" * rest,  # the size is there, the end is not
            b"\0" * cut + data[cut:],  # the second block came first
            data[:cut] + old[cut:],
            old[:cut] + data[cut:],
        ):
            yield Write(write.file, write.offset, torn)
    yield Write(write.file, write.offset, b"\0" * size)
    yield Write(write.file, write.offset, chance.randbytes(size))
    yield Write(write.file, write.offset, old)


def parts(steps: Sequence[T], most: int, chance: random.Random) -> list[list[T]]:
    """Selections of steps in their order, all of them first: every one up to `most` steps, otherwise a choice."""
    if len(steps) <= most:
        masks = itertools.product((True, False), repeat=len(steps))
        return [list(itertools.compress(steps, mask)) for mask in masks]
    beginnings = [list(steps[:end]) for end in range(len(steps), -1, -1)]
    without_one = [[*steps[:at], *steps[at + 1 :]] for at in range(len(steps))]
    samples = [[step for step in steps if chance.random() < 0.5] for _ in range(2**most // 2)]
    return beginnings + without_one + samples


def _named(names: dict[str, int], namings: Sequence[Naming]) -> dict[str, int]:
    names = dict(names)
    for naming in namings:
        if isinstance(naming, Unlink):
            names.pop(naming.path, None)
        else:
            if naming.source is not None:
                names.pop(naming.source, None)
            names[naming.path] = naming.file
    return names


def _reachable(names: dict[str, int]) -> dict[str, int]:
    """Without what lies in a folder that is not there."""
    found: dict[str, int] = {}
    for path in sorted(names):  # a folder comes before what lies in it
        parent = os.path.dirname(path)
        if not parent or found.get(parent) == FOLDER:
            found[path] = names[path]
    return found


def _product(numbers: Iterator[int]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result
