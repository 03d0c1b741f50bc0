"""How an orchestrator is started for one book."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import trio

from batch.plan import PlannedBook

_GRACE_S = 10.0
"""How long an orchestrator may take to end after SIGTERM; it ends its own phase within five seconds."""

_TAIL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Ended:
    """How an orchestrator ended.

    Attributes:
        exit_code: its exit code; negative, the signal that ended it.
        error_tail: the last 500 characters of its error output.
    """

    exit_code: int
    error_tail: str


class Launcher(Protocol):
    """Starts one orchestrator and waits for its end; cancelling ends it, and returns once it is gone."""

    async def launch(self, book: PlannedBook) -> Ended:
        """Work on `book` until the orchestrator ends."""
        ...


class SubprocessLauncher:
    """Starts ``python -m orchestrator`` with its output sent to files.

    Args:
        options: options for every orchestrator.
        work_dir: the work folder; logs go to the book's folder below it.
    """

    def __init__(self, options: Sequence[str], work_dir: Path) -> None:
        self._options = list(options)
        self._work_dir = work_dir

    async def launch(self, book: PlannedBook) -> Ended:
        """Work on `book` in a process and session of its own."""
        logs = self._work_dir / book.book_id / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-P", "-m", "orchestrator", *self._options, "--", str(book.path)]
        errors_path = logs / "orchestrator.err"
        with (logs / "orchestrator.out").open("wb") as output, errors_path.open("wb") as errors:
            process = await trio.run_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                check=False,
                deliver_cancel=_end,
                start_new_session=True,
            )
        return Ended(process.returncode, _tail(errors_path))


async def _end(process: trio.Process) -> None:
    """Ask the orchestrator to end; it keeps what is done and takes its phase with it."""
    process.send_signal(signal.SIGTERM)
    await trio.sleep(_GRACE_S)
    process.kill()


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 4 * _TAIL_CHARACTERS))
        return file.read().decode("utf-8", "replace").strip()[-_TAIL_CHARACTERS:]
