# SPDX-License-Identifier: MIT
"""Files of views: written beside, then renamed, so that nobody reads half of one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import IO
from urllib.parse import quote

LONGEST_NAME_BYTES = 200

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")


def put(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all. It can be made again, so a power cut may take it.

    Raises:
        OSError: the disk refused; what was there is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:  # Ctrl-C too: whatever came between, the temporary file goes
        with suppress(OSError):
            temporary.unlink()
        raise


@contextmanager
def written(path: Path) -> Iterator[IO[str]]:
    """A text file that takes its name when it is whole, and is on the disk then.

    Raises:
        OSError: the disk refused; what was there is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def file_name(name: str, suffix: str) -> str:
    """The name of an entry's file: that of the entry where it may be one, otherwise with ``%2F`` and the like.

    Every entry has another one, and none leads out of its folder.
    """
    plain = _PLAIN.fullmatch(name) is not None
    encoded = name if plain else quote(name.encode("utf-8", "surrogatepass"), safe="").replace(".", "%2E")
    if len(encoded) > LONGEST_NAME_BYTES:
        encoded = f"{encoded[: LONGEST_NAME_BYTES - 70]}%-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return f"{encoded}{suffix}"
