"""Core slots: one mechanism by which all processes of all books share the machine's cores.

A slot is a file that is locked with ``flock`` while a piece of work (a chunk, a segment) is done. The kernel frees it
when its holder dies. One book uses every core, two share them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def core_slot(folder: Path, cores: int) -> Iterator[None]:
    """Hold one of the `cores` slots in `folder`; waits until one is free.

    Args:
        folder: the folder of the slot files; made where it is missing.
        cores: how many slots there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = _take(folder, cores)
    try:
        yield
    finally:
        os.close(descriptor)


def _take(folder: Path, cores: int) -> int:
    # Start at a slot that differs from process to process, so that waiters spread evenly over the slots.
    order = [(os.getpid() + offset) % cores for offset in range(cores)]
    for index in order:
        descriptor = _open(folder, index)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return descriptor
    descriptor = _open(folder, order[0])
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except BaseException:  # an interruption while waiting too: nobody else knows the descriptor
        os.close(descriptor)
        raise
    return descriptor


def _open(folder: Path, index: int) -> int:
    return os.open(folder / f"cpu-{index}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
