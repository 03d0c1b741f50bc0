"""Signals as values: a handler only notes them, and whoever waits is woken and decides."""

from __future__ import annotations

import os
import select
import signal
import time
from types import FrameType, TracebackType

from orchestrator.exits import leave_terminal

_WATCHED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

SAME_SIGNAL_S = 0.3
"""What comes sooner after a signal is the same one again: sent to a process and to its whole group, for instance."""


def watched_signals() -> list[signal.Signals]:
    """The signals that end a run; one that is ignored, as by ``nohup``, stays ignored."""
    return [signum for signum in _WATCHED if signal.getsignal(signum) is not signal.SIG_IGN]


class InterruptedRun(Exception):  # noqa: N818 - not an error: somebody asked for the end
    """The run was asked to end by a signal; all finished work is kept.

    Attributes:
        signum: the signal's number; the exit code is 128 + this.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(signum).name}")
        self.signum = signum


class Interrupts:
    """Notes SIGINT, SIGTERM and SIGHUP while it is entered, except those that were ignored before.

    A second signal ends this process at once; its children die with it.

    Attributes:
        received: the first signal's number; None until one comes.
        wake_fd: becomes readable when a signal has come.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._received_at = 0.0
        self.wake_fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
        os.set_blocking(self._write_fd, False)

    def check(self) -> None:
        """Raise where a signal has come.

        Raises:
            InterruptedRun: at a moment that the caller has chosen, so nothing is left half done.
        """
        if self.received is not None:
            raise InterruptedRun(self.received)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until a signal comes.

        Raises:
            InterruptedRun: one has come.
        """
        end_at = time.monotonic() + seconds
        self.check()
        while (rest_s := end_at - time.monotonic()) > 0:
            select.select([self.wake_fd], [], [], rest_s)
            self.check()

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received, self._received_at = signum, now
            if signum == signal.SIGHUP:
                leave_terminal()
        elif now - self._received_at > SAME_SIGNAL_S:
            os._exit(128 + signum)

    def __enter__(self) -> Interrupts:
        self._before = {number: signal.signal(number, self._note) for number in watched_signals()}
        self._wakeup_before = signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.wake_fd)
        os.close(self._write_fd)
