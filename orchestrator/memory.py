"""How much memory a book's processes take: held down by a control group where one can be made, watched everywhere.

The kernel kills what exceeds a control group's limit at that very moment. Where no group can be made, the sizes of the
processes are added up a few times a second, which a sudden burst may outrun.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.kernel import read_kernel_file, write_kernel_file

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "audiobook-"
_UNKNOWN = -1
DEFAULT_SHARE = 0.75
"""Of the machine's memory: what one attempt may take where nothing else is set."""


def machine_bytes() -> int:
    """The memory of the machine, bytes; 0 where that cannot be found out."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0


def available_bytes() -> int | None:
    """The memory that could be had without swapping, bytes; None where the system does not tell (proc(5), meminfo)."""
    try:
        for line in read_kernel_file("/proc/meminfo").splitlines():
            if line.startswith(b"MemAvailable:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return None


def used_bytes(pids: Iterable[int]) -> int:
    """The memory that processes take together, swapped out or not, bytes; what they share counts once."""
    return sum(map(_proportional_bytes, pids))


def exceeding_bytes(pids: Iterable[int], limit_bytes: int) -> int | None:
    """The memory that processes take together, where that is more than a limit; None where it is not."""
    processes = list(pids)
    # What each has by itself is known at once; to part what they share, the kernel walks through all their pages.
    if sum(map(_resident_bytes, processes)) <= limit_bytes:
        return None
    used = used_bytes(processes)
    return used if used > limit_bytes else None


class MemoryGroup:
    """A control group (version 2, or 1) of this process and of all that it starts from now on.

    Args:
        folder: the group.
        former: the group that this process was in.
        limit_name: the file that holds the limit.
        events_name: the file that counts what the kernel has killed.
    """

    def __init__(self, folder: Path, former: Path, limit_name: str, events_name: str) -> None:
        self._folder = folder
        self._former = former
        self._limit = folder / limit_name
        self._events = folder / events_name
        self._limit_bytes: int | None = _UNKNOWN

    def limit(self, size_bytes: int | None) -> None:
        """Set the limit, as far as the kernel takes it; the watch is there for the rest."""
        if size_bytes != self._limit_bytes:
            with suppress(OSError):
                write_kernel_file(self._limit, "-1" if size_bytes is None else str(size_bytes))
                self._limit_bytes = size_bytes

    def kills(self) -> int:
        """How many processes the kernel has killed so far because the limit was reached."""
        with suppress(OSError, ValueError):
            for line in read_kernel_file(self._events).splitlines():
                name, _, value = line.partition(b" ")
                if name == b"oom_kill":
                    return int(value)
        return 0

    def leave(self) -> None:
        """Go back to where this process was, and remove the group, in which nothing else lives."""
        with suppress(OSError):
            _enter(self._former)
            self._folder.rmdir()


@contextmanager
def memory_group() -> Iterator[MemoryGroup | None]:
    """Be in a control group of one's own meanwhile; None where the system does not allow it."""
    group = _made_group()
    try:
        yield group
    finally:
        if group:
            group.leave()


def _made_group() -> MemoryGroup | None:
    for parent, former, limit_name, events_name in _places():
        with suppress(OSError):
            for left in parent.glob(f"{_PREFIX}*"):  # of a run that was killed; one that is in use cannot be removed
                with suppress(OSError):
                    left.rmdir()
            folder = parent / f"{_PREFIX}{os.getpid()}-{os.urandom(4).hex()}"
            folder.mkdir()
            try:
                if os.access(folder / limit_name, os.W_OK):
                    _enter(folder)
                    return MemoryGroup(folder, former, limit_name, events_name)
            except OSError:
                pass  # somebody else's groups; another place may do
            folder.rmdir()
    return None


def _places() -> Iterator[tuple[Path, Path, str, str]]:
    """Where a group could be made: the parent, this process's own group, and the names of its files."""
    try:
        own = read_kernel_file("/proc/self/cgroup").decode("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in own:
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            folder = _ROOT / "memory" / path.lstrip("/")
            yield folder, folder, "memory.limit_in_bytes", "memory.oom_control"
        elif not controllers:
            for root in (_ROOT, _ROOT / "unified"):
                folder = root / path.lstrip("/")
                # Below a group that has processes of its own, version 2 allows no limits; beside it, it may.
                for parent in (folder, folder.parent):
                    if _gives_out_memory(parent):
                        yield parent, folder, "memory.max", "memory.events"


def _gives_out_memory(folder: Path) -> bool:
    try:
        return b"memory" in read_kernel_file(folder / "cgroup.subtree_control").split()
    except OSError:
        return False


def _enter(folder: Path) -> None:
    write_kernel_file(folder / "cgroup.procs", "0")


def _proportional_bytes(pid: int) -> int:
    try:
        lines = read_kernel_file(f"/proc/{pid}/smaps_rollup").splitlines()
        sizes = [line.split() for line in lines if line.startswith((b"Pss:", b"SwapPss:"))]
        return sum(int(size[1]) for size in sizes) << 10
    except (OSError, ValueError):  # it has ended, or belongs to somebody else
        return 0


def _resident_bytes(pid: int) -> int:
    """What a process has in memory and swapped out, shared or not: at least its proportional share."""
    try:
        lines = read_kernel_file(f"/proc/{pid}/status").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith((b"VmRSS:", b"VmSwap:"))) << 10
    except (OSError, ValueError):
        return 0
