"""What a phase prints: a file that nobody has to read, and that does not fill the disk.

A pipe would stop the phase as soon as nobody empties it, and a limit on the size of files would hit its artifacts, too.
So the watching process cuts the file back.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_QUIET_S, _HASTY_S = 0.05, 0.01
"""Between two looks, while little and while much is printed: at 2 GB/s, what is written in between is 100 and 20 MB."""
_HASTY_BYTES = 1 << 20


class AttemptLogs:
    """The logs of a book's attempts, one after the other; a log that nothing was printed to becomes the next one.

    Args:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._empty: Path | None = None

    def begin(self, name: str) -> Path:
        """The log of an attempt that begins; it may hold what an earlier attempt of that number has printed."""
        path = self._folder / name
        empty, self._empty = self._empty, None
        if empty and not os.path.lexists(path):
            with suppress(OSError):
                os.rename(empty, path)
        return path

    def end(self, path: Path) -> None:
        """The attempt is over."""
        with suppress(OSError):
            self._empty = None if os.lstat(path).st_size else path


class CappedLog:
    """A log that keeps its first half, and the newest of what comes after that.

    Args:
        path: the file; whoever else writes to it appends.
        limit_bytes: the largest that it is when the attempt has ended.

    Attributes:
        descriptor: by which whoever prints appends to it.
        pause_s: after how long it wants to be looked at again.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        # Held open, so that it can be cut even where a phase has removed its name.
        try:
            self.descriptor = os.open(path, flags, 0o644)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(path, flags, 0o644)
        self._limit_bytes = limit_bytes
        self._seen = os.fstat(self.descriptor).st_size
        self._left_out = 0
        self.pause_s = _HASTY_S

    def trim(self) -> None:
        """Cut it back where it is larger than its limit."""
        size = os.fstat(self.descriptor).st_size
        self.pause_s = _HASTY_S if size - self._seen > min(_HASTY_BYTES, self._limit_bytes // 4) else _QUIET_S
        if size > self._limit_bytes:
            kept = self._limit_bytes // 2
            os.ftruncate(self.descriptor, kept)
            self._left_out += size - kept
            size = kept
        self._seen = size

    def close(self) -> None:
        """Cut it back for the last time, once nobody writes to it any more; its last line says what was left out."""
        try:
            self.trim()
            if self._left_out:
                megabyte = 1 << 20
                text = (
                    f"\n[{self._left_out / megabyte:,.1f} MB of output were left out after the first "
                    f"{self._limit_bytes / 2 / megabyte:g} MB: limits.max_log_mb is {self._limit_bytes / megabyte:g}]\n"
                )
                with suppress(OSError):  # a full disk: the attempt itself may have succeeded
                    os.write(self.descriptor, text.encode())
        finally:
            os.close(self.descriptor)
