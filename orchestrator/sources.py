"""What identifies a book's file: its bytes' hash, taken again only where the file's facts say that it may differ."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.beside import settings_beside
from pipeline_common.printable import printable as printable

_BLOCK_BYTES = 1 << 20
_LEAST_BLOCK_BYTES = 1 << 12


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, 64 hex digits, reading 1 MiB at a time."""
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # Most files of a book are small: no memory is asked for that they do not fill.
        block_bytes = min(_BLOCK_BYTES, max(_LEAST_BLOCK_BYTES, os.fstat(descriptor).st_size + 1))
        while block := os.read(descriptor, block_bytes):
            digest.update(block)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def recorded_path(path: Path, root: Path) -> str:
    """How `path` is written into the document: relative to the folder of the state file, absolute outside it."""
    absolute, inside = os.path.abspath(path), os.path.join(root, "")
    # As it is named first, so that a folder that is a link to another disk may move with it.
    if absolute.startswith(inside):
        text = absolute[len(inside) :]
    else:
        real, base = Path(os.path.realpath(path.parent)) / path.name, Path(os.path.realpath(root))
        text = str(real.relative_to(base) if real.is_relative_to(base) else absolute)
    # JSON holds no lone surrogates; a name that is not valid UTF-8 is kept in a readable, escaped form.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(slots=True)  # frozen but for its cost: there is one for each book of a library
class Source:
    """The facts of a book's file.

    Attributes:
        path: as recorded.
        sha256: of its bytes.
        size_bytes: its size.
        mtime_ns: when its bytes changed.
        ctime_ns: when its entry changed.
        inode: its number in the file system.
        beside: settings that only this book has, by the name of the phase that reads them.
    """

    path: str
    sha256: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    beside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """The form that the document keeps: the facts of the file itself."""
        return {
            "path": self.path,
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "mtime_ns": self.mtime_ns,
            "ctime_ns": self.ctime_ns,
            "inode": self.inode,
        }


def examine(
    path: str | Path,
    root: Path,
    recorded: Mapping[str, Any] | None,
    *,
    verify: bool = False,
    listed: Set[str] | None = None,
) -> Source:
    """The facts of a book's file; its bytes are read only where size, mtime, ctime or inode differ from the record.

    Args:
        path: the file.
        root: the folder of the state file.
        recorded: the ``source`` of the book's record, if there is one.
        verify: read the bytes in any case.
        listed: the names in the file's folder that may lie beside a book, where somebody has just listed it.

    Raises:
        OSError: the file is gone or cannot be read.
    """
    facts = os.stat(path)
    known = {} if verify else recorded or {}
    same = (
        known.get("size_bytes") == facts.st_size
        and known.get("mtime_ns") == facts.st_mtime_ns
        and known.get("ctime_ns") == facts.st_ctime_ns
        and known.get("inode") == facts.st_ino
    )
    sha256, recorded_as = known.get("sha256"), known.get("path")
    return Source(
        # A file that was renamed has another ctime.
        path=recorded_as if same and isinstance(recorded_as, str) else recorded_path(Path(path), root),
        sha256=str(sha256) if same and sha256 else sha256_of(path),
        size_bytes=facts.st_size,
        mtime_ns=facts.st_mtime_ns,
        ctime_ns=facts.st_ctime_ns,
        inode=facts.st_ino,
        beside=settings_beside(path, listed),
    )
