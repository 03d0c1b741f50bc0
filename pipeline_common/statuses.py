# SPDX-License-Identifier: MIT
"""The one table of statuses: their names, old synonyms and transitions, and how many make one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

PENDING = "pending"
RUNNING = "running"
SUCCESS = "success"
PARTIAL = "partial"
FAILED = "failed"
SKIPPED = "skipped"

TRANSITIONS: Mapping[str, tuple[str, ...]] = {
    PENDING: (RUNNING, SUCCESS, PARTIAL, FAILED, SKIPPED),
    RUNNING: (SUCCESS, PARTIAL, FAILED, SKIPPED, PENDING),
    SUCCESS: (RUNNING, PENDING),
    PARTIAL: (RUNNING, PENDING, FAILED, SUCCESS),
    FAILED: (RUNNING, PENDING, SKIPPED),
    SKIPPED: (RUNNING, PENDING),
}
"""What may follow a status, beside itself."""

STATUSES: tuple[str, ...] = tuple(TRANSITIONS)

SYNONYMS: Mapping[str, str] = {
    "partial_success": PARTIAL,
    "error": FAILED,
    "complete": SUCCESS,
    "completed": SUCCESS,
}
"""Names that the first version wrote, and what they are read as."""


def normal_status(value: Any) -> Any:
    """The present name of a status; missing (None) is pending; anything unknown is returned as it is."""
    if value is None:
        return PENDING
    return SYNONYMS.get(value, value) if isinstance(value, str) else value


def counted(statuses: Iterable[str]) -> dict[str, int]:
    """How often each status occurs, in the order of the table; those that do not occur are absent."""
    counts = dict.fromkeys(STATUSES, 0)
    for status in statuses:
        if status in counts:
            counts[status] += 1
    return {status: count for status, count in counts.items() if count}


def combined_status(counts: Mapping[str, int]) -> str:
    """The one status of several records.

    Args:
        counts: how many records have each status, as `counted` gives it.

    Returns:
        ``running`` while one runs; ``partial`` where some succeeded and others did not (or not yet); ``skipped`` only
        where all were skipped; ``pending`` where nothing was done at all.
    """
    if counts.get(RUNNING):
        return RUNNING
    if counts.get(PARTIAL) or (counts.get(SUCCESS) and (counts.get(PENDING) or counts.get(FAILED))):
        return PARTIAL
    for status in (PENDING, FAILED, SUCCESS, SKIPPED):
        if counts.get(status):
            return status
    return PENDING
