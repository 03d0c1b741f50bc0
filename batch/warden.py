"""The warden: a thin process above the batch that catches what is left when batch and guardian are killed together.

It is what the user has started. It forks the batch before that has a thread, passes on the signals that the batch would
not get by itself, and ends as the batch does, once nothing below lives.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from orchestrator.descendants import Descendants, become_subreaper, name_process
from orchestrator.interrupts import SAME_SIGNAL_S

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FROM_THE_KERNEL = 128  # SI_KERNEL of asm-generic/siginfo.h: a terminal has sent it, to the batch as well


def stand_by() -> int | None:
    """Fork; the parent becomes the warden and never returns.

    Returns:
        In the child, a descriptor from which come, byte by byte, the numbers of signals that were sent to the warden;
        its end is the warden's. None where the system has no subreapers, so that a warden could catch nothing.
    """
    if not become_subreaper():
        return None
    below = Descendants()
    reader, writer = os.pipe()
    watched = {signum for signum in _PASSED_ON if signal.getsignal(signum) is not signal.SIG_IGN}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched | {signal.SIGCHLD})
    batch = os.fork()
    if batch == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, watched | {signal.SIGCHLD})
        os.close(writer)
        return reader
    name_process("batch-warden")
    os.close(reader)
    code = _accompany(batch, writer, watched)
    below.end()
    os._exit(code)


def _accompany(batch: int, writer: int, watched: set[signal.Signals]) -> int:
    """Pass signals on to the batch until it ends; returns the exit code."""
    passed_on_at: float | None = None
    code: int | None = None
    while True:
        pid, status = os.waitpid(batch, os.WNOHANG)
        if pid:
            ended = os.waitstatus_to_exitcode(status)
            return code or (ended if ended >= 0 else 128 - ended)
        news = signal.sigwaitinfo(watched | {signal.SIGCHLD})
        # A terminal that is closed tells the leader of its session alone, which the warden may be.
        if news.si_signo != signal.SIGHUP and (news.si_signo not in watched or news.si_code == _FROM_THE_KERNEL):
            continue
        now = time.monotonic()
        if passed_on_at is None:
            passed_on_at = now
            with suppress(BrokenPipeError):  # the batch is just ending
                os.write(writer, bytes([news.si_signo]))
        elif now - passed_on_at > SAME_SIGNAL_S:  # the second one, at once
            code = 128 + news.si_signo
            os.kill(batch, signal.SIGKILL)
