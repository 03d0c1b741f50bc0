"""Core slots: one mechanism by which all processes of all books share the machine's cores.

A slot is a file that is locked with ``flock`` while a piece of work (a chunk, a segment) is done. The kernel frees it
when its holder dies. One book uses every core, two share them.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def core_slot(folder: Path, cores: int) -> Iterator[int]:
    """Hold one of the `cores` slots in `folder`; waits until one is free.

    Args:
        folder: the folder of the slot files; made where it is missing.
        cores: how many slots there are.

    Yields:
        The number of the slot, from 0 on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number, descriptor = _take(folder, cores)
    try:
        yield number
    finally:
        os.close(descriptor)


def stay_on_core(number: int, cores: int) -> None:
    """Have this process, and whatever it starts, run on the core of a slot, to its end; for a process with one task.

    A program whose threads hand each other small pieces, as ffmpeg's do, then wakes no other core for each of them,
    which takes a third of the system's time. Where there are not as many slots as cores, or it is forbidden, the
    system decides.

    Args:
        number: of the slot.
        cores: how many slots there are.
    """
    if sys.platform == "linux":
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) == cores:
            with suppress(OSError):
                os.sched_setaffinity(0, {usable[number]})


def _take(folder: Path, cores: int) -> tuple[int, int]:
    # Start at a slot that differs from process to process, so that waiters spread evenly over the slots.
    order = [(os.getpid() + offset) % cores for offset in range(cores)]
    for index in order:
        descriptor = _open(folder, index)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return index, descriptor
    descriptor = _open(folder, order[0])
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except BaseException:  # an interruption while waiting too: nobody else knows the descriptor
        os.close(descriptor)
        raise
    return order[0], descriptor


def _open(folder: Path, index: int) -> int:
    return os.open(folder / f"cpu-{index}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
