"""The guardian: has one book after another done by a process below it, and leaves nothing of a book alive.

It is a program of its own (``python -I -S``), with one thread and the standard library, so that it starts quickly, can
fork safely and has nothing of the batch's but the *lifeline*: a socket by which it is given a book and answers with an
exit code. The end of the lifeline, by whatever the batch died of, means: kill everything.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import logging
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

import pipeline_common.scoped  # noqa: F401 - once here, rather than once in each book's process
from orchestrator.book import BookPlan, run_book
from orchestrator.descendants import Descendants, become_subreaper, can_confine, die_with_parent, fork, name_process
from orchestrator.memory import MemoryGroup, memory_group
from orchestrator.spawning import Starter

GIVEN = 5
"""The descriptors that come with a book: its plan, its lock, where its output and its errors go, who commits for it."""

_KILLED = 128 + signal.SIGKILL
_POLL_MS = 50


def guard(descriptor: int) -> NoReturn:
    """Do what the lifeline says until it ends."""
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)  # the batch takes care of what a dead guardian leaves
    become_subreaper()
    name_process("book-guardian")
    confined = can_confine()
    # For its books, whose standard error has the same number.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    gc.freeze()
    lifeline = socket.socket(fileno=descriptor)
    # One for all of its books, of which there is one at a time: to enter one takes the kernel longer than a phase.
    with memory_group() as group, suppress(BrokenPipeError, ConnectionResetError):  # the batch is gone
        while True:
            order, given, *_ = socket.recv_fds(lifeline, 1, GIVEN)
            if not order:
                break
            lifeline.send(bytes([_guard_book(lifeline, given, group, confined=confined)]))
    os._exit(0)


def _guard_book(lifeline: socket.socket, given: list[int], group: MemoryGroup | None, *, confined: bool) -> int:
    """Have one book done; returns the exit code once nothing of it lives."""
    me = os.getpid()
    below = Descendants()
    told, *given = given
    with os.fdopen(told, encoding="ascii") as file:
        plan = BookPlan.from_json(file.read())
    importlib.import_module(plan.settings.runner)  # once here, as the state above
    pid = fork(lambda: _orchestrate(me, lifeline, plan, given, group, confined=confined))
    for descriptor in given:
        os.close(descriptor)
    code = _KILLED
    while not _ended(lifeline):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            break
        _wait(lifeline, pid)
    if not below.end():
        print("batch-audiobook: processes of a book cannot be ended; look for them and end them", file=sys.stderr)
    return code if code >= 0 else 128 - code


def _wait(lifeline: socket.socket, pid: int) -> None:
    """Return when the lifeline or the process has ended, or a little later."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    if not hasattr(os, "pidfd_open"):
        poll.poll(_POLL_MS)
        return
    process = os.pidfd_open(pid)
    try:
        poll.register(process, select.POLLIN)
        poll.poll()
    finally:
        os.close(process)


def _ended(lifeline: socket.socket) -> bool:
    """Whether the batch is gone or wants an end; while a book is being done, it says nothing else."""
    return bool(select.select([lifeline], [], [], 0)[0])


def _orchestrate(
    guardian: int,
    lifeline: socket.socket,
    plan: BookPlan,
    given: list[int],
    group: MemoryGroup | None,
    *,
    confined: bool,
) -> int:
    """The process of one book."""
    die_with_parent(guardian)
    os.setsid()
    become_subreaper()
    name_process("book")
    lifeline.close()
    lock, output, errors, batch = given
    for descriptor, place in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (errors, 2)):
        os.dup2(descriptor, place)
        os.close(descriptor)
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    with Starter(confined=confined) as starter:
        return run_book(plan, lock, socket.socket(fileno=batch), starter, group)
