"""How an attempt's process begins: a built-in phase in a fork of this one, a foreign program in the place of a fork."""

from __future__ import annotations

import fcntl
import gc
import importlib
import io
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO

from orchestrator.descendants import close_descriptors, die_with_parent, fork, name_process
from orchestrator.kernel import write_kernel_file
from orchestrator.settings import PhaseSettings, Requirement
from phases.contract import Failure, Plan, Result
from phases.files import write_text

_PAUSE_S = 0.005


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


class PhaseProcess:
    """A child of this process, which is waited for by its own number and no other.

    Attributes:
        pid: its number, which is that of its session and process group, too.
        exit_code: once it has ended; negative, the signal that ended it.

    Args:
        pid: its number.
        begins: the end of the pipe by which it is told to begin.
    """

    def __init__(self, pid: int, begins: int) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        self._begins = begins

    def begin(self) -> None:
        """Let it do its work, at the first call."""
        if self._begins >= 0:
            with suppress(BrokenPipeError):  # it has died already
                os.write(self._begins, b"\n")
            self.close()

    def close(self) -> None:
        """Let go of it; where it has not begun, it ends."""
        if self._begins >= 0:
            os.close(self._begins)
            self._begins = -1

    def ended(self) -> bool:
        """Whether it has ended; then it is reaped."""
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False where it does not come in time."""
        give_up_at = time.monotonic() + timeout_s
        while not self.ended():
            if time.monotonic() > give_up_at:
                return False
            time.sleep(_PAUSE_S)
        return True

    def signal(self, signum: int) -> None:
        """Send a signal to its whole process group, even where it has ended itself."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signum)
            return
        if self.exit_code is None:  # it has only just been forked and does not lead a group yet
            os.kill(self.pid, signum)


def start(
    program: Program, plan: Plan, paths: tuple[Path, Path], output: int, keep_open: Sequence[int], parent: int
) -> PhaseProcess:
    """Fork an attempt's process: in a session of its own, in its attempt folder, its output sent to the log.

    It makes itself ready and does nothing until it is told to `begin`.

    Args:
        program: what to run.
        plan: what it is given.
        paths: the files of the plan and of the result.
        output: the descriptor of the log, which receives all that it prints.
        keep_open: the descriptors that it inherits, such as the book's lock.
        parent: what ``os.getppid()`` gives in it; it dies with this process.
    """
    # Here rather than in the child: all attempts of a book then share what one of them imports.
    run_phase: Callable[[Path, Path], int] | None = (
        None if program.command else importlib.import_module(program.runner).run_phase
    )

    waits, begins = os.pipe()

    def child() -> int:
        die_with_parent(parent)
        os.setsid()
        _arrange(output, plan, (waits, *keep_open))
        name_process(plan.phase)
        if not os.read(waits, 1):  # it is not to begin at all
            return 1
        os.close(waits)
        if run_phase is None:
            _exec(program, plan, paths, keep_open)
        return run_phase(*paths)

    with warnings.catch_warnings():
        # Python 3.12 warns where the process has threads; the one that writes checkpoints has no part in a child.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return PhaseProcess(fork(child), begins)
        except BaseException:
            os.close(begins)
            raise
        finally:
            os.close(waits)


def _arrange(output: int, plan: Plan, keep_open: Sequence[int]) -> None:
    """Let go of all that was the parent's."""
    gc.freeze()  # what the parent has made is not looked at, nor ended, in this process
    logging.getLogger().handlers.clear()
    signal.set_wakeup_fd(-1)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((nowhere, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, place)
    with suppress(OSError):  # where memory runs out, this is to go and not what watches it
        write_kernel_file("/proc/self/oom_score_adj", "500")
    os.chdir(plan.attempt_dir)
    close_descriptors({0, 1, 2, *keep_open})
    sys.stdout = _text_output(1)
    sys.stderr = _text_output(2)


class _Log(io.FileIO):
    """Takes all that is printed; what the disk refuses, as when it is full, is lost and fails no book."""

    def write(self, data: Any) -> int:
        with suppress(OSError):
            return super().write(data)
        return len(data)


def _text_output(descriptor: int) -> TextIO:
    log = io.BufferedWriter(_Log(descriptor, "w", closefd=False))
    return io.TextIOWrapper(log, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _exec(program: Program, plan: Plan, paths: tuple[Path, Path], keep_open: Sequence[int]) -> NoReturn:
    """Become the program; where that fails, leave a result that says so."""
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)  # Python ignores both, and a program would, too
    for descriptor in keep_open:
        fcntl.fcntl(descriptor, fcntl.F_SETFD, 0)  # 0: not closed by exec
    for name in program.dropped:
        os.environ.pop(name, None)
    os.environ.update(plan.variables())
    command = [*(program.command or ()), *map(str, paths)]
    try:
        os.execvp(command[0], command)  # noqa: S606 - a list, never a shell
    except OSError as error:
        message = (
            f"The program of {plan.phase}, {command[0]}, cannot be started: {error.strerror}. "
            f"Correct phases.{plan.phase} in the configuration."
        )
        write_text(paths[1], Result(failure=Failure("command", message, permanent=True)).to_json(plan))
        os._exit(1)
