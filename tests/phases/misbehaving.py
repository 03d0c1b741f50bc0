"""A phase 3 that does with each book what the book's name says; run as a program, as any foreign phase is."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from phases.contract import Failure, Plan, Result
from phases.runner import run_phase

FOREVER_S = 600.0


def crash(_plan: Plan, _result: Path) -> None:
    """Die as by a bug in a library of its own."""
    os.kill(os.getpid(), signal.SIGSEGV)


def killed(_plan: Plan, _result: Path) -> None:
    """Die as by the hand of the kernel."""
    os.kill(os.getpid(), signal.SIGKILL)


def silent(_plan: Plan, _result: Path) -> None:
    """End without a word."""
    sys.exit(3)


def hang(_plan: Plan, _result: Path) -> None:
    """Do nothing, for good."""
    time.sleep(FOREVER_S)


def deaf(_plan: Plan, _result: Path) -> None:
    """Do nothing, for good, and take no hint."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(FOREVER_S)


def slow(plan: Plan, _result: Path) -> None:
    """Make progress without an end."""
    started = time.monotonic()
    while time.monotonic() - started < FOREVER_S:
        with plan.progress.open("a") as progress:
            progress.write(json.dumps({"phase": plan.phase, "done": 1, "total": 2}) + "\n")
        time.sleep(0.1)


def leak(plan: Plan, result: Path) -> None:
    """Take more and more memory, and really use it."""
    held = []
    started = time.monotonic()
    while time.monotonic() - started < FOREVER_S:
        held.append(b"x" * (8 << 20))
        with plan.progress.open("a") as progress:
            progress.write("{}\n")
        time.sleep(0.01)


def spew(plan: Plan, result: Path) -> None:
    """Print a great deal, and do its work all the same."""
    line = b"x" * 1023 + b"\n"
    for _ in range(32):
        sys.stdout.buffer.write(line * 1024)
    good(plan, result)


def no_json(_plan: Plan, result: Path) -> None:
    """Answer with something else."""
    result.write_text("all is well")


def huge(_plan: Plan, result: Path) -> None:
    """Answer with more than anybody wants to read."""
    with result.open("wb") as file:
        file.truncate(1 << 30)


def stranger(plan: Plan, result: Path) -> None:
    """Answer for another book."""
    data = json.loads(Result().to_json(plan))
    result.write_text(json.dumps({**data, "book_id": "another-00000000"}))


def partial(plan: Plan, result: Path) -> None:
    """Leave out a part of the answer."""
    data = json.loads(Result().to_json(plan))
    del data["artifacts"]
    result.write_text(json.dumps(data))


def outside(plan: Plan, result: Path) -> None:
    """Name a file that is none of its own."""
    result.write_text(Result(artifacts={"chunks": "../../../../../input/crash.txt"}).to_json(plan))


def lie(plan: Plan, result: Path) -> None:
    """Name a file that is not there."""
    result.write_text(Result(artifacts={"chunks": "chunks.jsonl"}).to_json(plan))


def fork(plan: Plan, result: Path) -> None:
    """Leave a process in the background, in a session of its own, and do its work."""
    if not os.fork():
        os.setsid()
        time.sleep(FOREVER_S)
        os._exit(0)
    good(plan, result)


def late(plan: Plan, result: Path) -> None:
    """Say that all is done, and go on writing into it."""
    good(plan, result)
    if not os.fork():
        os.setsid()
        while True:
            with (plan.attempt_dir / "chunks.jsonl").open("a") as file:
                file.write("{}\n")


def flaky(plan: Plan, result: Path) -> None:
    """Fail for a reason that passes, once."""
    if plan.attempt == 1:
        failure = Failure("busy", "The server is busy (503). Run again.", permanent=False)
        result.write_text(Result(failure=failure).to_json(plan))
        sys.exit(1)
    good(plan, result)


def hopeless(plan: Plan, result: Path) -> None:
    """Fail for a reason that does not pass."""
    failure = Failure("encrypted", "The book is encrypted. Give one that is not.", permanent=True)
    result.write_text(Result(failure=failure).to_json(plan))
    sys.exit(1)


def buggy(_plan: Plan, _result: Path) -> None:
    """Have a bug of its own, in Python."""
    raise LookupError("no such thing")


def good(plan: Plan, result: Path) -> None:
    """Do what phase 3 does."""
    if run_phase(Path(sys.argv[-2]), result):
        sys.exit(1)


BEHAVIOURS: dict[str, Callable[[Plan, Path], None]] = {
    behaviour.__name__: behaviour
    for behaviour in (
        *(crash, killed, silent, hang, deaf, slow, leak, spew, no_json, huge),
        *(stranger, partial, outside, lie, fork, late, flaky, hopeless, buggy),
    )
}

if __name__ == "__main__":
    given = Plan.from_json(Path(sys.argv[-2]).read_text())
    BEHAVIOURS.get(given.source.stem, good)(given, Path(sys.argv[-1]))
