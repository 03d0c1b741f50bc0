"""The processes below this one: how they are found, kept together, and ended, so that none outlives its work.

Linux offers most of it. A *subreaper* becomes the parent of whatever below it has lost its own, so nothing escapes by
a double fork or by ``setsid``. A child can ask to be killed when its parent dies. A *PID namespace* dies as a whole,
in the kernel, with its first process. Elsewhere a walk through the table of processes has to do.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import cache

from orchestrator.kernel import read_kernel_file, write_kernel_file

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36  # linux/prctl.h
_CLONE_NEWUSER, _CLONE_NEWPID = 0x10000000, 0x20000000  # linux/sched.h
_FIRST_PAUSE_S, _PAUSE_S = 0.0001, 0.001
_DEADLINE_S = 10.0


def become_subreaper() -> bool:
    """Take in every orphan below this process from now on; False where the system cannot."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Be killed when the parent dies; ends this process where it has died already.

    It is the *thread* that forked whose end counts, so a parent forks from its main thread.

    Args:
        parent: what ``os.getppid()`` gives while the parent lives; 0 where it is outside of this PID namespace.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def name_process(name: str) -> None:
    """Call this process `name`, at most 15 bytes, in lists of processes."""
    if _LINUX:
        _prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()))


def fork(child: Callable[[], int]) -> int:
    """Run `child` in a forked process, which ends with what it returns, or with 1 where it raises.

    Returns:
        The process's id.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody may read it any more
            stream.flush()  # otherwise the child would write it once more
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        status = child()
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run in the child, whatever has happened
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


def close_descriptors(keep: Collection[int]) -> None:
    """Close every descriptor but these, in a forked child that must hold on to nothing of its parent's."""
    for number in map(int, os.listdir("/dev/fd")):
        if number not in keep:
            with suppress(OSError):  # the one that listed them is closed already
                os.close(number)


def children(pid: int) -> list[int]:
    """The direct children of a process; empty where it is gone."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, read_kernel_file(f"/proc/{pid}/task/{thread}/children").split())
    except OSError:
        return found if _LINUX and not os.path.isdir(f"/proc/{pid}") else _listed_children(pid)
    return found


def descendants(pid: int) -> list[int]:
    """All processes below one, parents before their children."""
    found: list[int] = []
    for child in children(pid):
        found += (child, *descendants(child))
    return found


def kill(pids: Iterable[int]) -> None:
    """Kill processes; all are stopped first, so that none can start another meanwhile."""
    pids = list(pids)
    for signum in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signum)


def can_confine() -> bool:
    """Whether this process may make PID namespaces; it is tried out in a child."""

    def attempt() -> int:
        _unshare()
        return os.waitstatus_to_exitcode(os.waitpid(fork(lambda: 0), 0)[1])

    def quietly() -> int:
        try:
            return attempt()
        except OSError:
            return 1

    return _LINUX and os.waitpid(fork(quietly), 0)[1] == 0


class Descendants:
    """The processes that this one starts from now on, and all below them; those that it has already do not count."""

    def __init__(self) -> None:
        self._others = frozenset(children(os.getpid()))
        self._first: int | None = None

    def begin_with(self, first: Callable[[], int], *, confined: bool) -> int:
        """Start the process that starts all others; itself, it does not count.

        Args:
            first: what it does; it ends with what that returns.
            confined: whether it is the first process of a PID namespace, and everything in it dies with it. This
                process itself stays outside, so its own number means something to others. It must have one thread.

        Returns:
            The process's id.

        Raises:
            OSError: the system does not allow it; `can_confine` says so before.
        """
        if confined:
            _unshare()
        self._first = fork(first)
        return self._first

    def alive(self) -> list[int]:
        """The processes that live now, with what is below them."""
        mine = [child for child in children(os.getpid()) if child not in self._others and child != self._first]
        inside = descendants(self._first) if self._first else []
        return list(dict.fromkeys([*mine, *(pid for child in mine for pid in descendants(child)), *inside]))

    def end(self, keep: Collection[int] = (), deadline_s: float = _DEADLINE_S) -> bool:
        """Kill and reap all of them.

        Args:
            keep: children that live on with all that is below them.
            deadline_s: how long to go on; a process that waits for broken hardware cannot be killed.

        Returns:
            Whether none is left.
        """
        kept = self._others | {*keep} | ({self._first} if self._first else set())
        give_up_at = time.monotonic() + deadline_s
        pause_s = _FIRST_PAUSE_S
        while True:
            mine = [child for child in children(os.getpid()) if child not in kept]
            inside = descendants(self._first) if self._first else []
            if not mine and not inside:
                return True
            kill([*mine, *(pid for child in mine for pid in descendants(child)), *inside])
            if time.monotonic() > give_up_at:
                return False
            if sum(_reaped(child) for child in mine) == 0:  # each of them is to be tried
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_S)


def _reaped(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] != 0
    except ChildProcessError:  # somebody else has waited for it
        return False


def _unshare() -> None:
    """Have the children of this process from now on live in a new PID namespace.

    Raises:
        OSError: it is not allowed; where a user namespace was, but is of no use, this process is spoilt.
    """
    libc = _libc()
    if libc.unshare(_CLONE_NEWPID) == 0:
        return
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWPID):  # what somebody without privileges may do
        raise OSError(ctypes.get_errno(), "no PID namespace")
    write_kernel_file("/proc/self/setgroups", "deny")
    write_kernel_file("/proc/self/uid_map", f"{user} {user} 1")
    write_kernel_file("/proc/self/gid_map", f"{group} {group} 1")


def _prctl(option: int, value: int | ctypes.c_char_p) -> bool:
    return _LINUX and _libc().prctl(option, value, 0, 0, 0) == 0


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _listed_children(pid: int) -> list[int]:
    """The same from ``ps``, where there is no ``/proc`` or its kernel does not list children."""
    command = ("ps", "-A", "-o", "pid=,ppid=")
    listing = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = (line.split() for line in listing.splitlines())
    return [int(child) for child, parent in rows if int(parent) == pid and int(child) != os.getpid()]
