"""Durable files: what these functions have written is on the disk, complete, or not there at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """Write `parts`, one after the other, to `path`: temporary file, fsync, rename.

    The name itself is durable once its folder is synced, which who writes many files does once, at the end.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # Ctrl-C too: whatever came between, the temporary file goes
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`: temporary file, fsync, rename, fsync of the folder."""
    write_parts(path, (data,))
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text as `write_bytes` does; lone surrogates, as of a file name that is no UTF-8, become ``?``."""
    write_bytes(path, text.encode("utf-8", "replace"))


def write_json(path: Path, document: Any) -> None:
    """Write an indented JSON document as `write_bytes` does."""
    write_text(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_lines(path: Path, rows: Iterable[Any]) -> int:
    """Write one JSON value a line, streaming, then fsync.

    Returns:
        The number of rows written.
    """
    count = 0
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(", ", ": ")) + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return count


def read_lines(path: Path) -> Iterator[Any]:
    """The JSON values of a file that holds one a line, streaming."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def read_json(path: Path) -> Any:
    """The JSON document in `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def sync_file(path: Path) -> None:
    """Fsync a file that another library has written."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Fsync a folder, so that the names in it are durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
