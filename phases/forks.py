"""Pieces of work in forked children: one child a piece, started from a warm parent, results in order.

A child starts from the same state whatever ran before it, so its result depends on its piece alone; it gives all its
memory back at its end; and where it crashes, one piece is lost and the parent knows which. The parent must have no
thread of its own that does work. On Linux a child dies with its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from phases.contract import PermanentError, PhaseError, TransientError

Task = TypeVar("Task")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_DONE, _PHASE_ERROR, _OS_ERROR, _BUG = (bytes([kind]) for kind in range(4))


class ChildDiedError(Exception):
    """A child ended without an answer.

    Attributes:
        task: the piece of work that it was doing.
        reason: such as ``killed by SIGSEGV``.
    """

    def __init__(self, task: object, reason: str) -> None:
        super().__init__(f"a worker process was {reason}")
        self.task = task
        self.reason = reason


@dataclass(slots=True)
class _Child:
    pid: int
    descriptor: int
    index: int
    answer: bytearray = field(default_factory=bytearray)


def run_in_forks(
    function: Callable[[Task], bytes],
    tasks: Iterable[Task],
    workers: int,
    *,
    on_death: Callable[[ChildDiedError], bytes] | None = None,
) -> Iterator[bytes]:
    """Run `function` on each task in a child of its own, at most `workers` at a time.

    Args:
        function: runs in the child; what it returns is handed back, what it raises is raised here.
        tasks: read as workers become free.
        workers: how many children there are at the same time, at most.
        on_death: gives what stands in the place of the answer of a child that died; None raises.

    Yields:
        What `function` returned, in the order of the tasks.

    Raises:
        PhaseError, OSError: as `function` raised it.
        RuntimeError: any other exception of `function`; its traceback is on the error output.
        ChildDiedError: a child was killed or crashed, and there is no `on_death`.

    No child is left running, whatever is raised.
    """
    pending = enumerate(tasks)
    started: deque[Task] = deque()  # tasks that are not handed back yet, in order
    running: dict[int, _Child] = {}
    answers: dict[int, bytes] = {}
    poll = select.poll()
    next_index = 0
    try:
        exhausted = False
        while True:
            while not exhausted and len(running) < workers:
                item = next(pending, None)
                if item is None:
                    exhausted = True
                    break
                child = _start(function, *item)
                started.append(item[1])
                running[child.descriptor] = child
                poll.register(child.descriptor, select.POLLIN | select.POLLHUP)
            while next_index in answers:
                yield _opened(answers.pop(next_index), started.popleft())
                next_index += 1
            if not running and exhausted:
                return
            for descriptor, _event in poll.poll():
                child = running[descriptor]
                block = os.read(descriptor, 1 << 16)
                child.answer += block
                if not block:
                    poll.unregister(descriptor)
                    del running[descriptor]
                    try:
                        answers[child.index] = _ended(child, started[child.index - next_index])
                    except ChildDiedError as death:
                        if on_death is None:
                            raise
                        answers[child.index] = _DONE + on_death(death)
    finally:
        for child in running.values():
            os.kill(child.pid, signal.SIGKILL)
            os.close(child.descriptor)
            os.waitpid(child.pid, 0)


def _start(function: Callable[[Task], bytes], index: int, task: Task) -> _Child:
    read_end, write_end = os.pipe()
    parent = os.getpid()
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    with warnings.catch_warnings():
        # Python 3.12 warns where the process has threads. Those of a numerical library are idle, and it restarts them.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        os.close(write_end)
        return _Child(pid, read_end, index)
    status = 1
    try:
        if library is not None:
            library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:  # else the parent died before the line above took effect
            _send(write_end, _answer(function, task))
            status = 0
    finally:
        os._exit(status)


def _answer(function: Callable[[Task], bytes], task: Task) -> bytes:
    try:
        return _DONE + function(task)
    except PhaseError as error:
        return _PHASE_ERROR + json.dumps([error.permanent, str(error), error.error_type]).encode()
    except OSError as error:
        return _OS_ERROR + json.dumps([error.errno, error.strerror, _name(error.filename)]).encode()
    except BaseException as error:  # noqa: BLE001 - a child has nowhere to raise to; the parent raises in its place
        traceback.print_exc(file=sys.stderr)
        return _BUG + json.dumps([f"{type(error).__name__}: {error}"]).encode()


def _name(filename: object) -> str | None:
    return os.fsdecode(filename) if isinstance(filename, (str, bytes)) else None


def _send(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _ended(child: _Child, task: object) -> bytes:
    os.close(child.descriptor)
    _pid, status = os.waitpid(child.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        raise ChildDiedError(task, f"killed by {signal.Signals(-code).name}")
    if code or not child.answer:
        raise ChildDiedError(task, f"ended with exit code {code}")
    return bytes(child.answer)


def _opened(answer: bytes, task: object) -> bytes:
    kind, payload = answer[:1], answer[1:]
    if kind == _DONE:
        return payload
    facts = json.loads(payload)
    if kind == _PHASE_ERROR:
        permanent, message, error_type = facts
        raise (PermanentError if permanent else TransientError)(message, error_type=error_type)
    if kind == _OS_ERROR:
        number, reason, name = facts
        raise OSError(number, reason, name) if number else OSError(reason)
    raise RuntimeError(f"{facts[0]} (in a worker process, at {str(task)[:200]})")
