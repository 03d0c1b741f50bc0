# SPDX-License-Identifier: MIT
"""Who worked on a state, and when: the audit trail by process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pipeline_common.audit import TRANSACTION_COMMIT
from pipeline_common.tools.catalogue import section, text_of

MOST_ENTRIES = 100_000
"""Of the audit trail, the newest."""

_LONGEST_PAUSE = timedelta(hours=12)
"""After that, a process of the same number is another one."""

_MOST_OPERATIONS = 3


@dataclass(slots=True)
class Run:
    """What one process did.

    Attributes:
        pid: its number; 0 where that is not known.
        began: its first commit, aware, local time.
        ended: its last.
        commits: how many it made.
        refused: how many of its commits and locks were refused.
        operations: what they were, and how often.
    """

    pid: int
    began: datetime
    ended: datetime
    commits: int = 0
    refused: int = 0
    operations: Counter[str] = field(default_factory=Counter)

    @property
    def who(self) -> str:
        """What kind of process it was: a batch, a book by itself, or the operations of a command."""
        if any(name.startswith("batch_") for name in self.operations):
            return "batch"
        if any(name.startswith(("phase_", "promotion_")) for name in self.operations):
            return "a book by itself"
        return ", ".join(name.replace("_", " ") for name, _ in self.operations.most_common(_MOST_OPERATIONS))

    @property
    def books(self) -> int:
        """How many books it has finished."""
        return self.operations["promotion_done"]


def runs_of(entries: Iterable[Mapping[str, Any]], since: datetime | None) -> list[Run]:
    """The runs of an audit trail, newest first.

    Args:
        entries: its lines, newest first.
        since: lines from before that moment are left out; None for none.
    """
    found: list[Run] = []
    open_runs: dict[int, Run] = {}
    for entry in entries:
        at, pid = moment_of(entry.get("timestamp")), entry.get("pid")
        if at is None or (since is not None and at < since):
            continue
        pid = pid if isinstance(pid, int) else 0
        run = open_runs.get(pid)
        if run is None or run.began - at > _LONGEST_PAUSE:
            run = open_runs[pid] = Run(pid, at, at)
            found.append(run)
        _note(run, entry, at)
        if run.operations["batch_start"]:  # what comes before it is another one's, of the same number
            del open_runs[pid]
    return sorted(found, key=lambda run: run.began, reverse=True)


def _note(run: Run, entry: Mapping[str, Any], at: datetime) -> None:
    operation = text_of(entry.get("operation"))
    run.began = at
    if entry.get("success") is False:
        run.refused += 1
    else:
        run.commits += 1
    run.operations[text_of(section(entry, "details").get("operation")) or _told(operation)] += 1


def _told(operation: str) -> str:
    return "commit" if operation in ("", TRANSACTION_COMMIT) else operation


def moment_of(value: Any) -> datetime | None:
    """A time of the document, aware, local time; None where it is none."""
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone() if found.tzinfo else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
