# SPDX-License-Identifier: MIT
"""The promises of the state, proved on the spot: ``python -m pipeline_common.demo``.

Each promise gets a folder of its own below a temporary one, and one line: what was tried and how it went.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkContext, SpawnContext
from pathlib import Path
from typing import Any

from pipeline_common import (
    InvalidStatusTransitionError,
    PipelineState,
    StateError,
    StateReadError,
    StateValidationError,
)
from pipeline_common.statuses import SKIPPED, SUCCESS
from pipeline_common.system import System

PATIENCE_S = 60.0
LARGE_TEXT = "Call me Ishmael. " * 20_000
"""About 340 kB: more than what is written as a whole at each commit."""

LITTLE_BYTES = 100_000

# Starting Python for each of the many processes that are killed would take long.
_CONTEXT: ForkContext | SpawnContext = (
    multiprocessing.get_context("fork") if hasattr(os, "fork") else multiprocessing.get_context("spawn")
)


class BrokenPromiseError(Exception):
    """What was promised is not so; the message says what was found."""


class _Interrupted(Exception):  # noqa: N818 - the demo's own accident, not an error of the program
    pass


def main(argv: Sequence[str] | None = None) -> int:
    """Prove all promises.

    Args:
        argv: the arguments, of which ``--help`` is the only one; None takes the process's own.

    Returns:
        0 where all hold, otherwise 1.
    """
    argparse.ArgumentParser(
        prog="python -m pipeline_common.demo",
        description="Prove on the spot what the pipeline state promises, in a temporary folder; this takes seconds.",
        epilog="Exit codes: 0 all promises hold, 1 one is broken, 2 wrong usage.",
    ).parse_args(argv)
    broken = 0
    with tempfile.TemporaryDirectory(prefix="pipeline-demo-") as name:
        print(f"What the pipeline state promises, tried in {name}")
        for promise, prove in PROMISES.items():
            folder = Path(name) / promise.replace(" ", "-")
            folder.mkdir()
            try:
                word, said = "ok", prove(folder / "pipeline.json")
            except (BrokenPromiseError, StateError, OSError, ValueError) as error:
                word, said = "BROKEN", f"{type(error).__name__}: {error}"
                broken += 1
            print(f"  {word:7} {promise:15} {said}", flush=True)
    held = len(PROMISES) - broken
    print(f"All {held} promises hold." if not broken else f"{broken} of {len(PROMISES)} promises are broken.")
    return 1 if broken else 0


def atomicity(path: Path) -> str:
    """Whoever reads the file beside commits sees a whole one."""
    commits = 40
    state = PipelineState(path, timeout=PATIENCE_S)
    state.write({"left": 0, "right": 0})

    def commit() -> None:
        for number in range(1, commits + 1):
            with state.transaction() as txn:
                txn.data["left"] = number
                txn.data["right"] = number

    writer = threading.Thread(target=commit)
    writer.start()
    reads = 0
    while writer.is_alive() or not reads:
        document = json.loads(path.read_bytes())
        reads += 1
        _expect(document["left"] == document["right"], f"a reader saw {document['left']} and {document['right']}")
    writer.join()
    _expect(state.read()["left"] == commits, f"the last commit is {state.read()['left']} and not {commits}")
    return f"beside {commits} commits of two values, {reads} reads of the file saw both or none change"


def rollback(path: Path) -> str:
    """An exception in the body leaves the document as it was, and comes out unchanged."""
    state = PipelineState(path)
    state.write({"books": {"moby": {"title": "Moby Dick", "authors": ["Melville"]}}})
    before = path.read_bytes()
    accident = _Interrupted("the power of love")
    try:
        with state.transaction() as txn:
            txn.data["books"]["moby"]["authors"].append("Somebody Else")
            del txn.data["books"]["moby"]["title"]
            txn.data["more"] = True
            raise accident
    except _Interrupted as error:
        _expect(error is accident, "another exception came out")
    _expect(path.read_bytes() == before, "the file has changed")
    _expect(state.read()["books"]["moby"]["title"] == "Moby Dick", "the document has changed")
    return "an exception after three changes came out unchanged, and the file is the same byte for byte"


def backups(path: Path) -> str:
    """Every commit leaves what was before as a backup, and each can be restored."""
    state = PipelineState(path)
    documents: list[dict[str, Any]] = []
    for number in range(1, 6):
        state.write({"chapter": number})
        documents.append(state.read())
    found = state.list_backups()
    _expect(len(found) == 4, f"5 commits left {len(found)} backups")
    for backup, document in zip(found, reversed(documents[:-1]), strict=True):
        state.restore_backup(backup)
        _expect(state.read() == document, f"{backup.name} brought back something else")
    state.restore_backup(state.list_backups()[0])
    _expect(state.read()["chapter"] == 2, "a restore cannot be undone")
    return "5 commits left 4 backups; each brought its document back, and the last restore was undone"


def concurrency(path: Path) -> str:
    """Processes and threads take their turn."""
    processes, threads, times = 3, 2, 10
    PipelineState(path).write({"count": 0})
    working = [_CONTEXT.Process(target=_count_up, args=(path, times)) for _ in range(processes)]
    for process in working:
        process.start()
    waiting = [threading.Thread(target=_count_up, args=(path, times)) for _ in range(threads)]
    for thread in waiting:
        thread.start()
    for one in (*working, *waiting):
        one.join()
    count, expected = PipelineState(path).read()["count"], (processes + threads) * times
    _expect(count == expected, f"{expected} increments made {count}")
    return f"{processes} processes and {threads} threads counted to {count} together; no increment was lost"


def _count_up(path: Path, times: int) -> None:
    state = PipelineState(path, timeout=PATIENCE_S)
    for _ in range(times):
        with state.transaction() as txn:
            txn.data["count"] += 1


def validation(path: Path) -> str:
    """What breaks the schema or the order of statuses is refused, and nothing is written."""
    state = PipelineState(path)
    state.write({"phase1": {"status": SKIPPED}})
    before = path.read_bytes()
    _expect_refusal(state, {"phase1": "not an object"}, StateValidationError)
    _expect_refusal(state, {"phase1": {"status": "nearly"}}, StateValidationError)
    _expect_refusal(state, {"phase1": {"status": SUCCESS}}, InvalidStatusTransitionError)
    _expect_refusal(state, {"phase2": {"metrics": {"loudness": float("nan")}}}, StateValidationError)
    _expect(path.read_bytes() == before, "the file has changed")
    return "a wrong type, an unknown status, skipped → success and NaN were refused; nothing was written"


def _expect_refusal(state: PipelineState, changes: dict[str, Any], refusal: type[StateError]) -> None:
    try:
        with state.transaction() as txn:
            txn.data |= changes
    except refusal:
        return
    raise BrokenPromiseError(f"{changes} was committed")


def crash_recovery(path: Path) -> str:
    """A process that is killed in the middle of a commit leaves all of it or nothing."""
    outcomes = {"old": 0, "new": 0}
    for name, ballast in (("small", ""), ("large", LARGE_TEXT)):
        step = 0
        while _commit_in_a_process_killed_at(step, path.parent / f"{name}-{step}" / path.name, ballast, outcomes):
            step += 1
        _expect(step > 0, "no process was killed")
    kills = sum(outcomes.values())
    return (
        f"{kills} kills, one before each step of a commit: {outcomes['old']} left the old document, "
        f"{outcomes['new']} the new one; all take the next commit"
    )


def _commit_in_a_process_killed_at(step: int, path: Path, ballast: str, outcomes: dict[str, int]) -> bool:
    """Commit in a child; whether it was killed, which it is not where its commit has fewer steps."""
    # The file is brought up to date at once, so that nothing of this process is at work here while others are killed.
    state = PipelineState(path, timeout=PATIENCE_S, checkpoint="always")
    state.write({"x": 1, "ballast": ballast})
    child = _CONTEXT.Process(target=_commit_and_die, args=(path, step))
    child.start()
    child.join()
    killed = child.exitcode != 0
    json.loads(path.read_bytes())
    document = state.read()
    _expect(document["x"] in ((1, 2) if killed else (2,)), f"the document says {document['x']}")
    _expect(document["ballast"] == ballast, "the document is not whole")
    with state.transaction() as txn:
        txn.data["x"] += 10
    _expect(PipelineState(path).read()["x"] == document["x"] + 10, "the next commit was lost")
    if killed:
        outcomes["old" if document["x"] == 1 else "new"] += 1
    return bool(killed)


def _commit_and_die(path: Path, step: int) -> None:
    with PipelineState(path, system=_Killing(step)).transaction() as txn:
        txn.data["x"] = 2


class _Killing(System):
    """Kills its own process just before the call to the operating system with a given number, counted from 0."""

    def __init__(self, step: int) -> None:
        self._steps_left = step

    def __getattribute__(self, name: str) -> Any:
        if hasattr(System, name) and not name.startswith("_"):
            if self._steps_left == 0:
                os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
            self._steps_left -= 1
        return super().__getattribute__(name)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Take little at a time, so that there are calls to be killed between."""
        return super().write(descriptor, data[:LITTLE_BYTES])


def repair(path: Path) -> str:
    """A damaged file is noticed, kept, and replaced by the newest backup."""
    state = PipelineState(path)
    for number in range(1, 4):
        state.write({"x": number})
    damaged = path.read_bytes()[:-20]
    path.write_bytes(damaged)
    try:
        PipelineState(path).read()
    except StateReadError as error:
        _expect("pipeline-state" in str(error), f"the error names no command: {error}")
    else:
        raise BrokenPromiseError("a damaged file was read")
    _expect(state.recover() is not None, "no backup was found")
    _expect(state.read()["x"] in (2, 3), f"the document says {state.read()['x']}")
    kept = [file for file in (path.parent / ".pipeline" / "conflicts").rglob("*") if file.is_file()]
    _expect(any(file.read_bytes() == damaged for file in kept), "the damaged file was not kept")
    return "a file cut short was refused, with the command that helps; a backup took its place, and it is kept"


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - what is expected
    if not holds:
        raise BrokenPromiseError(otherwise)


PROMISES: dict[str, Callable[[Path], str]] = {
    "atomicity": atomicity,
    "rollback": rollback,
    "backups": backups,
    "concurrency": concurrency,
    "validation": validation,
    "crash recovery": crash_recovery,
    "repair": repair,
}


if __name__ == "__main__":
    sys.exit(main())
