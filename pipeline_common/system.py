# SPDX-License-Identifier: MIT
"""The calls to the operating system through which a state file is read and written.

Everything that can fail, or be interrupted by a power cut, passes through one object, so that a test can count, fail
or end the process at any of these steps.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_BLOCK_BYTES = 1 << 24
_ALWAYS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class System:
    """The steps, each one call."""

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        """Open a file, not to be inherited by other programs; returns the descriptor."""
        return os.open(path, flags | _ALWAYS, mode)

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        os.close(descriptor)

    def read(self, descriptor: int, size_bytes: int) -> bytes:
        """Read up to so many bytes."""
        return os.read(descriptor, size_bytes)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write; returns how many bytes were taken, which may be fewer than given."""
        return os.write(descriptor, data)

    def pread(self, descriptor: int, size_bytes: int, offset: int) -> bytes:
        """Read up to so many bytes from a place in the file, whatever was read before."""
        return os.pread(descriptor, size_bytes, offset)

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        """Write at a place in the file; returns how many bytes were taken, which may be fewer than given."""
        return os.pwrite(descriptor, data, offset)

    def truncate(self, descriptor: int, size_bytes: int) -> None:
        """Cut an open file to a size, or fill it up with zeros."""
        os.ftruncate(descriptor, size_bytes)

    def stat(self, path: str) -> os.stat_result:
        """What the system knows of a file."""
        return os.stat(path)

    def fstat(self, descriptor: int) -> os.stat_result:
        """What the system knows of an open file."""
        return os.fstat(descriptor)

    def fsync(self, descriptor: int) -> None:
        """Return when what was written is on the disk itself."""
        if sys.platform == "darwin":  # there, fsync leaves the data in the disk's own cache
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fsync(descriptor)

    def sync_data(self, descriptor: int) -> None:
        """Return when what was written over other bytes is on the disk itself; size and times need not be."""
        if hasattr(os, "fdatasync") and sys.platform != "darwin":
            os.fdatasync(descriptor)
        else:
            self.fsync(descriptor)

    def lock(self, descriptor: int) -> None:
        """Take the exclusive ``flock`` of an open file; a BlockingIOError where somebody else has it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def chmod(self, descriptor: int, mode: int) -> None:
        """Set the permissions of an open file."""
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)

    def link(self, source: str, target: str) -> None:
        """Give a file a second name."""
        os.link(source, target)

    def replace(self, source: str, target: str) -> None:
        """Rename, over whatever has that name."""
        os.replace(source, target)

    def unlink(self, path: str) -> None:
        """Remove a name."""
        os.unlink(path)

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it, where they are missing."""
        os.makedirs(path, exist_ok=True)


def read_file(system: System, path: str, limit_bytes: int) -> tuple[bytes, os.stat_result]:
    """The content of a regular file.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger than `limit_bytes`.
    """
    # O_NONBLOCK: opening a pipe would otherwise wait for ever for somebody to write.
    descriptor = system.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        status = system.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError("it is a folder")
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no regular file")
        if status.st_size > limit_bytes:
            raise OSError(f"it has {status.st_size} bytes, more than the limit of {limit_bytes}")
        parts: list[bytes] = []
        while part := system.read(descriptor, max(status.st_size, 65536)):
            parts.append(part)
        return b"".join(parts), status
    finally:
        system.close(descriptor)


def write_whole(system: System, path: str, data: bytes | Iterable[bytes], *, mode: int | None = None) -> None:
    """Write a new file and fsync it. What had that name is removed; a failure leaves no file.

    Args:
        system: the calls to use.
        path: where; the folder exists.
        data: the content, whole or in blocks.
        mode: permissions, or None for those that new files have.
    """
    _remove(system.unlink, path)
    descriptor = system.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        try:
            if mode is not None:
                system.chmod(descriptor, stat.S_IMODE(mode))
            for block in [data] if isinstance(data, bytes) else data:
                write_all(system, descriptor, block)
            system.fsync(descriptor)
        finally:
            system.close(descriptor)
    except BaseException:  # Ctrl-C too: a half file is never taken for a whole one
        _remove(os.unlink, path)
        raise


def write_all(system: System, descriptor: int, data: bytes) -> None:
    """Write all of `data`, in as many calls as it takes."""
    taken = system.write(descriptor, data)
    while taken < len(data):
        taken += system.write(descriptor, memoryview(data)[taken:])


def pwrite_all(system: System, descriptor: int, data: bytes, offset: int) -> None:
    """Write all of `data` at a place in the file, in as many calls as it takes."""
    taken = system.pwrite(descriptor, data, offset)
    while taken < len(data):
        taken += system.pwrite(descriptor, memoryview(data)[taken:], offset + taken)


def pread_all(system: System, descriptor: int, offset: int) -> bytes:
    """The rest of an open file from a place on, in as many calls as it takes."""
    parts: list[bytes] = []
    while part := system.pread(descriptor, _BLOCK_BYTES, offset):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def sync_folder(system: System, path: str) -> None:
    """Make the names in a folder durable; where folders cannot be opened (Windows), there is nothing to do."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = system.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        system.fsync(descriptor)
    finally:
        system.close(descriptor)


def make_durable_folder(system: System, path: str, root: str) -> None:
    """Make a folder below `root`, and make the names on the way to it durable, whoever made them.

    Without that a power cut may take a folder away, together with the files in it that were synced.
    """
    system.make_folder(path)
    while path != root:
        path = os.path.dirname(path)
        sync_folder(system, path)


def _remove(unlink: Callable[[str], None], path: str) -> None:
    with suppress(FileNotFoundError):
        unlink(path)
