"""The starter: forks the processes of a book's attempts, and is the first process of the book's PID namespace.

It does little else, so a fork of it is cheap: after a fork, both processes pay for each page that they write to. What
has lost its parent in the namespace becomes its child and is reaped. It ends with the book's process, and everything in
the namespace with it.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import io
import json
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO

from orchestrator.descendants import close_descriptors, die_with_parent, fork, name_process
from orchestrator.kernel import write_kernel_file
from phases.contract import Failure, Plan, Result

MOST_DESCRIPTORS = 8
"""That come with an order: the log, and what the attempt's process inherits, such as the book's lock."""

_READ_BYTES = 1 << 16
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Order:
    """What an attempt's process is to be.

    Attributes:
        number: by which it is told to begin, a byte.
        phase: the name of its phase.
        plan: the file from which its plan is read.
        result: the file into which its result goes.
        folder: its working folder.
        runner: the module whose ``run_phase(plan_path, result_path)`` runs a built-in phase.
        command: the program that takes the place of the built-in phase, and its arguments; None for the built-in one.
        dropped: variables that this program does not inherit.
    """

    number: int
    phase: str
    plan: str
    result: str
    folder: str
    runner: str
    command: Sequence[str] | None
    dropped: Sequence[str]

    def to_line(self) -> bytes:
        """The order as one line of JSON."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}).encode("ascii") + b"\n"


class StarterProcess:
    """The process itself.

    Args:
        orders: the socket on which orders come, and on which it answers with number and exit code of each process. A
            number in the place of an order is a signal for the process at hand and for its group. Its end is this
            process's end.
        begins: the pipe from which a process reads its number before it begins with its work.
        papers: the files that plans and results of built-in phases go through.
        confined: whether it is the first process of a PID namespace, with which everything in it ends.
    """

    def __init__(self, orders: socket.socket, begins: int, papers: Sequence[int], *, confined: bool) -> None:
        self._orders = orders
        self._begins = begins
        self._papers = papers
        self._confined = confined
        self._rest = b""
        self._given: list[int] = []
        self._pid = self._number = 0

    def run(self, book: int) -> NoReturn:
        """Do what is asked until the book's process ends.

        Args:
            book: what ``os.getppid()`` gives while that lives.
        """
        die_with_parent(book)
        name_process("book-starter")
        gc.freeze()  # what was made so far is not looked at, nor ended, in the attempts' processes
        logging.getLogger().handlers.clear()
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        close_descriptors({0, 1, 2, self._orders.fileno(), self._begins, *self._papers})
        with suppress(OSError):  # where memory runs out, an attempt is to go and not what watches it
            write_kernel_file("/proc/self/oom_score_adj", "500")
        sys.stdout, sys.stderr = _text_output(1), _text_output(2)
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # the book's process sees to them
        for signum in _ENDING:
            if signal.getsignal(signum) is not signal.SIG_IGN:
                signal.signal(signum, signal.SIG_DFL)
        self._wakes, wakes = os.pipe()
        for descriptor in (self._wakes, wakes):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)
        orders = self._orders.fileno()
        self._own = (orders, self._wakes, wakes)
        while True:
            ready = select.select([orders, self._wakes], [], [])[0]
            if self._wakes in ready:
                self._reap()
            if orders in ready:
                self._obey()

    def _reap(self) -> None:
        """Reap whoever has ended, orphans too; answer for the attempt's process."""
        os.read(self._wakes, _READ_BYTES)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == self._pid:
                    self._answer(os.waitstatus_to_exitcode(ended[1]))

    def _answer(self, exit_code: int) -> None:
        try:
            self._orders.send(b"%d %d\n" % (self._number, exit_code))
        except OSError:  # the book's process is gone
            os._exit(1)

    def _obey(self) -> None:
        text, given, *_ = socket.recv_fds(self._orders, _READ_BYTES, MOST_DESCRIPTORS)
        if not text:
            os._exit(0)
        self._given += given
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if isinstance(order, int):
                self._signal(order)
            else:
                self._start(Order(**order))

    def _signal(self, signum: int) -> None:
        try:
            os.killpg(self._pid, signum)
        except (ProcessLookupError, PermissionError):
            with suppress(ProcessLookupError):  # it has only just been forked and does not lead a group yet
                os.kill(self._pid, signum)

    def _start(self, order: Order) -> None:
        log, *inherited = self._given
        # Here rather than in the child: all attempts of a book then share what one of them imports.
        run_phase = None if order.command else importlib.import_module(order.runner).run_phase
        parent = os.getpid()

        def child() -> int:
            if not self._confined:
                die_with_parent(parent)
            os.setsid()
            self._arrange(order, log)
            # One that died before it has read its own number may have left that.
            while (number := os.read(self._begins, 1)) != bytes([order.number]):
                if not number:
                    return 1
            os.close(self._begins)
            if run_phase is None:
                _exec(order, inherited)
            return int(run_phase(Path(order.plan), Path(order.result)))

        self._number, self._pid = order.number, fork(child)
        for descriptor in self._given:
            os.close(descriptor)
        self._given = []

    def _arrange(self, order: Order, log: int) -> None:
        """Let go of all that is the starter's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        for descriptor in self._own:
            os.close(descriptor)
        for place in (1, 2):
            os.dup2(log, place)
        os.close(log)
        os.chdir(order.folder)
        name_process(order.phase)


class _Log(io.FileIO):
    """Takes all that is printed; what the disk refuses, as when it is full, is lost and fails no book."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            return super().write(data)
        return len(data)


def _text_output(descriptor: int) -> TextIO:
    log = io.BufferedWriter(_Log(descriptor, "w", closefd=False))
    return io.TextIOWrapper(log, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _exec(order: Order, inherited: Sequence[int]) -> NoReturn:
    """Become the program; where that fails, leave a result that says so."""
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)  # Python ignores both, and a program would, too
    for descriptor in inherited:
        fcntl.fcntl(descriptor, fcntl.F_SETFD, 0)  # 0: not closed by exec
    plan = Plan.from_json(Path(order.plan).read_text(encoding="utf-8"))
    for name in order.dropped:
        os.environ.pop(name, None)
    os.environ.update(plan.variables())
    command = [*(order.command or ()), order.plan, order.result]
    try:
        os.execvp(command[0], command)  # noqa: S606 - a list, never a shell
    except OSError as error:
        message = (
            f"The program of {plan.phase}, {command[0]}, cannot be started: {error.strerror}. "
            f"Correct phases.{plan.phase} in the configuration."
        )
        failure = Failure("command", message, permanent=True)
        Path(order.result).write_text(Result(failure=failure).to_json(plan), encoding="utf-8", errors="replace")
        os._exit(1)
