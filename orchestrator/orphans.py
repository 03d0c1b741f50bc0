"""What processes of a run that was killed are called by, and how they are found and ended before others begin.

Every process that a run starts carries a mark in its environment that says who its run is. One whose run no longer
lives is an orphan. So is one that still holds a book's lock although the process that took it is gone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.descendants import kill
from orchestrator.folders import LOCKS
from pipeline_common import StateError

VARIABLE = "AUDIOBOOK_PIPELINE_RUN"

_PAUSE_S = 0.002
_DEADLINE_S = 10.0
_LINUX = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Run:
    """A batch, or one book by hand.

    Attributes:
        namespace: the PID namespace that `pid` is a number of; 0 where there are none.
        pid: the process that leads it.
        started: when that process started, since numbers are used again.
        work_dir: the work folder, with all links resolved.
    """

    namespace: int
    pid: int
    started: str
    work_dir: str

    @classmethod
    def own(cls, work_dir: Path) -> Run:
        """The run that this process leads."""
        return cls(_namespace(), os.getpid(), _started(os.getpid()) or "", os.path.realpath(work_dir))

    @classmethod
    def parse(cls, text: str) -> Run | None:
        """The run that `str` gave; None where it is something else."""
        try:
            namespace, pid, started, work_dir = text.split("|", 3)
            return cls(int(namespace), int(pid), started, work_dir)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.namespace}|{self.pid}|{self.started}|{self.work_dir}"

    def lives(self) -> bool:
        """Whether the process that leads it is still there."""
        return _started(self.pid) == self.started


def mark_run(work_dir: Path) -> None:
    """Have all processes that this one starts from now on say that they belong to its run."""
    os.environ[VARIABLE] = str(Run.own(work_dir))


def sweep(work_dir: Path) -> int:
    """End what runs that were killed have left in a work folder; returns when nothing of it lives.

    Returns:
        How many processes were ended.

    Raises:
        StateError: one cannot be ended; the message names it.
    """
    give_up_at = time.monotonic() + _DEADLINE_S
    ended: set[int] = set()
    while found := _orphans(work_dir):
        if time.monotonic() > give_up_at:
            numbers = ", ".join(map(str, sorted(found)))
            raise StateError(f"Processes of an earlier run cannot be ended: {numbers}. End them and run again.")
        ended |= found
        kill(found)
        time.sleep(_PAUSE_S)
    return len(ended)


def _orphans(work_dir: Path) -> set[int]:
    here, namespace = os.path.realpath(work_dir), _namespace()
    found = set()
    for pid, environment in _environments():
        run = Run.parse(_value(environment))
        if run and (run.work_dir, run.namespace) == (here, namespace) and not run.lives():
            found.add(pid)
    locks = os.path.join(here, LOCKS, "")
    for pid in _pids() if _LINUX else ():
        # Who waits for a lock has its file open, too, but has not taken it.
        if any(taker not in _takers(taker, locks) for taker in _takers(pid, locks)):
            found.add(pid)
    return found - {os.getpid()}


def _value(environment: bytes) -> str:
    prefix = f"{VARIABLE}=".encode()
    values = (entry[len(prefix) :] for entry in environment.split(b"\0") if entry.startswith(prefix))
    return os.fsdecode(next(values, b""))


def _environments() -> Iterator[tuple[int, bytes]]:
    """Every process whose environment this one may read."""
    if not _LINUX:
        import psutil

        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                yield process.pid, "\0".join(f"{k}={v}" for k, v in process.environ().items()).encode()
        return
    for pid in _pids():
        with suppress(OSError):
            yield pid, Path(f"/proc/{pid}/environ").read_bytes()


def _takers(pid: int, folder: str) -> set[int]:
    """Who has taken the locks in `folder` that a process holds, be it that it has taken or inherited them."""
    found = set()
    with suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{number}").startswith(folder):
                    rows = Path(f"/proc/{pid}/fdinfo/{number}").read_text(encoding="ascii").splitlines()
                    # Such as "lock: 1: FLOCK ADVISORY WRITE 4711 fe:00:1234 0 EOF".
                    found |= {int(row.split()[5]) for row in rows if row.startswith("lock:")}
    return found


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _namespace() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _started(pid: int) -> str | None:
    """When a process started, in the system's own words; None where it is gone."""
    if _LINUX:
        try:
            # The name, in brackets, may hold anything; of what follows, 0 is the state and 19 the start.
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return None
        return None if fields[0] in b"ZX" else fields[19].decode("ascii")
    command = ("ps", "-o", "lstart=", "-p", str(pid))
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or None
