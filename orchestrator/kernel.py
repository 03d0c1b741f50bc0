"""Small files of the kernel, below ``/proc`` and ``/sys``: read and written whole, without the layers of ``open``.

A phase begins and ends with a dozen of them, and each layer costs more than the file itself.
"""

from __future__ import annotations

import os
from pathlib import Path

_BLOCK_BYTES = 1 << 16


def read_kernel_file(path: str | Path) -> bytes:
    """All that a file says.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        blocks = []
        while block := os.read(descriptor, _BLOCK_BYTES):
            blocks.append(block)
        return b"".join(blocks)
    finally:
        os.close(descriptor)


def write_kernel_file(path: str | Path, text: str) -> None:
    """Tell the kernel something, in one call.

    Raises:
        OSError: there is no such file, or the kernel refuses it.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)
