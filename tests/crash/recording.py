"""The calls of a run to the operating system, done on real files and recorded for the disk model."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from disk_model import FOLDER, Image, Name, SyncData, SyncFile, SyncFolder, Truncate, Unlink, Write

from pipeline_common.system import System


@dataclass
class Recording:
    """The steps of a run below a folder, in their order; several handles, and forked processes, can share it.

    Attributes:
        root: the folder.
        entries: the steps, with whatever marks others have put between them.
        names: what is there now: number by path, relative to the folder.
        last_file: the highest number so far.
    """

    root: Path
    entries: list[Any] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    last_file: int = FOLDER
    _long: int = -1
    _then: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.root = Path(os.path.realpath(self.root))  # as the engine names its files

    def begin_with(self, image: Image) -> None:
        """Start on a disk that holds this."""
        image.write_to(self.root)
        self.names = dict(image.names)
        self.last_file = max([FOLDER, *image.names.values()])

    def add(self, entry: Any) -> None:
        """Note a step that has been done."""
        if isinstance(entry, Name):
            if entry.source is not None:
                self.names.pop(entry.source, None)
            self.names[entry.path] = entry.file
        elif isinstance(entry, Unlink):
            self.names.pop(entry.path, None)
        self.entries.append(entry)
        if len(self.entries) == self._long:
            self._then()

    def when_long(self, entries: int, act: Callable[[], None]) -> None:
        """Do something as soon as there are so many entries."""
        self._long, self._then = entries, act

    def create(self, path: str) -> int:
        """Note a new file; returns its number."""
        self.last_file += 1
        self.add(Name(path, self.last_file))
        return self.last_file

    def notice_removed(self) -> None:
        """Note the names that were removed past the seam, as clearing up after a failure does."""
        for path in [path for path in self.names if not os.path.lexists(self.root / path)]:
            self.add(Unlink(path))

    def relative(self, path: str) -> str:
        """A path as the steps name it; the folder itself is the empty string."""
        return "" if path == str(self.root) else os.path.relpath(path, self.root)


class InPlaceSystem(System):
    """`System` with the calls of a store that writes in the middle of a file."""

    def pread(self, descriptor: int, size_bytes: int, offset: int) -> bytes:
        return os.pread(descriptor, size_bytes, offset)

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        return os.pwrite(descriptor, data, offset)

    def truncate(self, descriptor: int, size_bytes: int) -> None:
        os.ftruncate(descriptor, size_bytes)


class Unsynced(InPlaceSystem):
    """For what surrounds the crash under test: no power fails here, and waiting for the disk is slow."""

    def fsync(self, descriptor: int) -> None:
        pass

    def sync_data(self, descriptor: int) -> None:
        pass


class RecordingSystem(InPlaceSystem):
    """Does what `System` does and records it; an fsync is recorded only, as here nothing is ever lost.

    Args:
        recording: where to.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._files: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self._refusal: tuple[str, int] | None = None

    def refuse(self, call: str | None, number: int = 1) -> None:
        """Let the disk refuse a call of that name, the first or a later one from now on; None lets it work again."""
        self._refusal = (call, number) if call else None

    def name_of(self, descriptor: int) -> str:
        """By which name it was opened, relative to the folder of the recording."""
        return self._names[descriptor]

    def is_folder(self, descriptor: int) -> bool:
        """Whether it is a folder that was opened."""
        return self._files[descriptor] == FOLDER

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        self._perhaps_refuse("open")
        existed = os.path.lexists(path)
        descriptor = super().open(path, flags, mode)
        name = self.recording.relative(path)
        self._names[descriptor] = name
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self._files[descriptor] = FOLDER
            return descriptor
        self._files[descriptor] = file = self.recording.names[name] if existed else self.recording.create(name)
        if existed and flags & os.O_TRUNC:
            self.recording.add(Truncate(file, 0, os.fstat(descriptor).st_mtime_ns))
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        appending = _is_appending(descriptor)
        offset = os.fstat(descriptor).st_size if appending else os.lseek(descriptor, 0, os.SEEK_CUR)
        try:
            self._perhaps_refuse("write")
        except OSError:  # a full disk takes a part
            half = super().write(descriptor, bytes(data)[: len(data) // 2])
            self._note_write(descriptor, offset, bytes(data)[:half])
            raise
        size = super().write(descriptor, data)
        self._note_write(descriptor, offset, bytes(data)[:size])
        return size

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        try:
            self._perhaps_refuse("pwrite")
        except OSError:
            half = super().pwrite(descriptor, bytes(data)[: len(data) // 2], offset)
            self._note_write(descriptor, offset, bytes(data)[:half])
            raise
        size = super().pwrite(descriptor, data, offset)
        self._note_write(descriptor, offset, bytes(data)[:size])
        return size

    def truncate(self, descriptor: int, size_bytes: int) -> None:
        self._perhaps_refuse("truncate")
        super().truncate(descriptor, size_bytes)
        self.recording.add(Truncate(self._files[descriptor], size_bytes, os.fstat(descriptor).st_mtime_ns))

    def fsync(self, descriptor: int) -> None:
        folder = self.is_folder(descriptor)
        try:
            self._perhaps_refuse("fsync")
        except OSError:
            if not folder:
                self.recording.add(SyncFile(self._files[descriptor], refused=True))
            raise
        self.recording.add(SyncFolder(self.name_of(descriptor)) if folder else SyncFile(self._files[descriptor]))

    def sync_data(self, descriptor: int) -> None:
        file = self._files[descriptor]
        try:
            self._perhaps_refuse("sync_data")
        except OSError:
            self.recording.add(SyncFile(file, refused=True))
            raise
        self.recording.add(SyncData(file))

    def link(self, source: str, target: str) -> None:
        self._perhaps_refuse("link")
        super().link(source, target)
        recording = self.recording
        recording.add(Name(recording.relative(target), recording.names[recording.relative(source)]))

    def replace(self, source: str, target: str) -> None:
        self._perhaps_refuse("replace")
        super().replace(source, target)
        old, new = self.recording.relative(source), self.recording.relative(target)
        if self.recording.names[old] == FOLDER:
            raise NotImplementedError(f"the model renames files only, and {old} is a folder")
        self.recording.add(Name(new, self.recording.names[old], source=old))

    def unlink(self, path: str) -> None:
        self._perhaps_refuse("unlink")
        super().unlink(path)
        self.recording.add(Unlink(self.recording.relative(path)))

    def make_folder(self, path: str) -> None:
        missing = []
        while not os.path.isdir(path):
            missing.append(path)
            path = os.path.dirname(path)
        for folder in reversed(missing):
            super().make_folder(folder)
            self.recording.add(Name(self.recording.relative(folder), FOLDER))

    def _note_write(self, descriptor: int, offset: int, data: bytes) -> None:
        self.recording.add(Write(self._files[descriptor], offset, data, os.fstat(descriptor).st_mtime_ns))

    def _perhaps_refuse(self, call: str) -> None:
        if self._refusal and self._refusal[0] == call:
            self._refusal = (call, self._refusal[1] - 1)
            if self._refusal[1] == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))


def _is_appending(descriptor: int) -> bool:
    import fcntl

    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)


def run_until_killed(recording: Recording, steps: int, work: Callable[[], object]) -> None:
    """Do something in a forked process that is killed after so many steps, or when it is done.

    Its steps are recorded here, too.

    Raises:
        ChildProcessError: it failed before.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            recording.when_long(len(recording.entries) + steps, lambda: _hand_over(recording, writer))
            work()
            _hand_over(recording, writer)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told:
        raise ChildProcessError(f"the forked process failed before its step {steps}")
    recording.entries, recording.names, recording.last_file = pickle.loads(told)


def _hand_over(recording: Recording, writer: int) -> None:
    with os.fdopen(writer, "wb") as pipe:
        pickle.dump((recording.entries, recording.names, recording.last_file), pipe)
    os.kill(os.getpid(), signal.SIGKILL)
