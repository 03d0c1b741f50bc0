"""One book as a batch has it done: from a plan of plain data, in a process that knows nothing of all the other books.

Standard library only, because this process must be cheap to start.
"""

from __future__ import annotations

import errno
import json
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.exits import INTERRUPTED_TEXT, ExitCode, guarded, silence_output
from orchestrator.interrupts import InterruptedRun, Interrupts
from orchestrator.memory import MemoryGroup
from orchestrator.run import Job, Outcome, work
from orchestrator.served import ServedState
from orchestrator.settings import Settings
from orchestrator.sources import printable
from orchestrator.spawning import Starter


@dataclass(frozen=True, slots=True)
class BookPlan:
    """All that a book's process is told.

    Attributes:
        book_id: the book.
        path: its file, absolute.
        settings: what the work depends on.
        records: the book's records by section, as the document has them while its lock is held.
    """

    book_id: str
    path: Path
    settings: Settings
    records: Mapping[str, Any]

    def to_json(self) -> str:
        """The plan as JSON text."""
        return json.dumps(
            {
                "book_id": self.book_id,
                "path": str(self.path),
                "settings": self.settings.as_json(),
                "records": self.records,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> BookPlan:
        """The plan that `to_json` gave."""
        data = json.loads(text)
        return cls(data["book_id"], Path(data["path"]), Settings.from_json(data["settings"]), data["records"])


def run_book(plan: BookPlan, lock: int, batch: socket.socket, starter: Starter, group: MemoryGroup | None) -> int:
    """Do the work on a book.

    Args:
        plan: the plan.
        lock: the descriptor by which the book's lock is held.
        batch: the socket to the batch that makes its commits.
        starter: forks the processes of attempts.
        group: holds down the memory of this process and of all below it; None where there is none.

    Returns:
        The exit code, as of the command.
    """
    return guarded(lambda: _run(plan, lock, batch, starter, group), complain)


def _run(plan: BookPlan, lock: int, batch: socket.socket, starter: Starter, group: MemoryGroup | None) -> int:
    state = ServedState(plan.settings.pipeline_json, plan.book_id, plan.records, batch)
    with Interrupts() as interrupts:
        try:
            outcome = work(Job(plan.book_id, plan.path, plan.settings, state, say, starter, group), lock, interrupts)
        except InterruptedRun as interruption:
            return tell_interruption(plan.path, interruption)
    return tell(plan.path, outcome)


def tell(path: Path, outcome: Outcome) -> int:
    """Tell the user how a book ended; returns the exit code."""
    if outcome.failure:
        name, message = printable(path.name), outcome.failure.message
        complain(message if name in message else f"{name}: {message}")
        return ExitCode.FAILED
    return ExitCode.DONE


def tell_interruption(path: Path, interruption: InterruptedRun) -> int:
    """Tell the user that a signal has ended the work; returns the exit code."""
    complain(f"{printable(path.name)}: {INTERRUPTED_TEXT}")
    return ExitCode.INTERRUPTED + interruption.signum


def say(text: str) -> None:
    """Tell the user one line."""
    try:
        print(printable(text), flush=True)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):  # nobody reads it any more, or the terminal is gone
            raise
        silence_output()


def complain(text: str) -> None:
    """Tell the user one line about what is wrong."""
    print(f"orchestrate-audiobook: {text}", file=sys.stderr, flush=True)
