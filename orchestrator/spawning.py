"""How an attempt's process begins: a built-in phase in a fork of the starter, a foreign program in the place of one."""

from __future__ import annotations

import os
import select
import signal
import socket
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from orchestrator.descendants import Descendants
from orchestrator.settings import PhaseSettings, Requirement
from orchestrator.starter import Order, StarterProcess
from phases.contract import Plan

_ANSWERS_BYTES = 1 << 10


@dataclass(frozen=True, slots=True)
class Program:
    """What an attempt runs; the paths of its plan and of its result are added.

    Attributes:
        command: a foreign program and its arguments; None for the built-in phase.
        runner: the module whose ``run_phase(plan_path, result_path)`` runs a built-in phase.
        dropped: variables that a foreign program does not inherit.
        requirements: what must be there for a foreign program to start.
    """

    command: Sequence[str] | None
    runner: str
    dropped: Sequence[str] = ()
    requirements: Sequence[Requirement] = ()

    @classmethod
    def of(cls, phase: PhaseSettings, runner: str) -> Program:
        """The program of a phase."""
        return cls(phase.command, runner, phase.dropped, phase.requirements)

    def fault(self) -> str | None:
        """Why it cannot start, and what to do; None where all that it needs is there."""
        return next((fault for requirement in self.requirements if (fault := requirement.fault())), None)


class Paper:
    """A file in memory that a fork can open by its path: a plan or a result costs no file on the disk.

    Attributes:
        descriptor: holds it.
        path: by which this process's forks open it.
    """

    def __init__(self, name: str) -> None:
        if hasattr(os, "memfd_create"):
            self.descriptor = os.memfd_create(name)
        else:
            import tempfile  # which has much that is of no use to the forks

            with tempfile.TemporaryFile() as file:
                self.descriptor = os.dup(file.fileno())
        self.path = Path(f"/dev/fd/{self.descriptor}")

    def write(self, text: bytes) -> None:
        """Have it hold this and nothing else."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text, 0)

    def read(self) -> bytes:
        """What it holds.

        Raises:
            FileNotFoundError: nothing.
        """
        size_bytes = os.fstat(self.descriptor).st_size
        if not size_bytes:
            raise FileNotFoundError(self.path)
        return os.pread(self.descriptor, size_bytes, 0)


class Starter:
    """The process that forks those of attempts, one at a time; it ends when this is left.

    Args:
        confined: whether to put all of them into a PID namespace; this process must have one thread.

    Attributes:
        below: the processes below this one, but for the starter.
        plan: through which a built-in phase is given its plan.
        result: through which it gives back its result.

    Raises:
        OSError: the system does not allow that; `can_confine` says so before.
    """

    def __init__(self, *, confined: bool = False) -> None:
        self.below = Descendants()
        self.plan, self.result = Paper("plan"), Paper("result")
        self._orders, theirs = socket.socketpair()
        begins, self._begins = os.pipe()
        self._number = 0

        def run() -> int:
            papers = (self.plan.descriptor, self.result.descriptor)
            StarterProcess(theirs, begins, papers, confined=confined).run(book)

        book = 0 if confined else os.getpid()  # what is in a PID namespace sees nothing outside of it
        with theirs, warnings.catch_warnings():
            # Python 3.12 warns where the process has threads; the one that writes checkpoints has no part in a child.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = self.below.begin_with(run, confined=confined)
        os.close(begins)

    def start(self, program: Program, plan: Plan, paths: tuple[Path, Path], descriptors: Sequence[int]) -> PhaseProcess:
        """Have an attempt's process forked: in a session of its own, in its attempt folder, its output sent to the log.

        It makes itself ready and does nothing until it is told to `begin`.

        Args:
            program: what to run.
            plan: what it is given.
            paths: the files of the plan and of the result.
            descriptors: the log, which receives all that it prints, and what it inherits, such as the book's lock.
        """
        self._number = self._number % 255 + 1
        folder = str(plan.attempt_dir)
        plan_path, result_path = map(str, paths)
        order = Order(
            self._number, plan.phase, plan_path, result_path, folder, program.runner, program.command, program.dropped
        )
        with suppress(BrokenPipeError, ConnectionResetError):  # it has been killed, which its process tells
            line = order.to_line()
            sent = socket.send_fds(self._orders, [line], list(descriptors))
            self._orders.sendall(line[sent:])
        return PhaseProcess(self._orders, self._begins, self._number)

    def close(self) -> None:
        """Have the starter end, and with it what is below it."""
        self._orders.close()
        os.close(self._begins)
        os.waitpid(self._pid, 0)
        for paper in (self.plan, self.result):
            os.close(paper.descriptor)

    def __enter__(self) -> Starter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class PhaseProcess:
    """An attempt's process, a child of the starter.

    Attributes:
        exit_code: once it has ended; negative, the signal that ended it.

    Args:
        orders: the socket to the starter, which says when it has ended.
        begins: the pipe by which it is told to begin.
        number: what it is told then.
    """

    def __init__(self, orders: socket.socket, begins: int, number: int) -> None:
        self.exit_code: int | None = None
        self._orders = orders
        self._begins = begins
        self._number = number

    def begin(self) -> None:
        """Let it do its work."""
        with suppress(BrokenPipeError):  # the starter has been killed, and it with that
            os.write(self._begins, bytes([self._number]))

    def wait(self, timeout_s: float, wake_fd: int | None = None) -> bool:
        """Wait for its end; False where it does not come in time, or where `wake_fd` can be read before."""
        if self.exit_code is None:
            orders = self._orders.fileno()
            waited = [orders] if wake_fd is None else [orders, wake_fd]
            if orders in select.select(waited, [], [], timeout_s)[0]:
                try:
                    words = self._orders.recv(_ANSWERS_BYTES).split()
                except ConnectionResetError:
                    words = []
                if not words:  # the starter was killed, and this process with it
                    self.exit_code = -signal.SIGKILL
                for number, exit_code in zip(words[::2], words[1::2], strict=True):
                    if int(number) == self._number:
                        self.exit_code = int(exit_code)
        return self.exit_code is not None

    def signal(self, signum: int) -> None:
        """Send a signal to its whole process group, even where it has ended itself."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._orders.send(b"%d\n" % signum)
