# SPDX-License-Identifier: MIT
"""The statuses of an audiobook: the one table of their names, meanings and transitions, and how many make one."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline_common import lifecycle
from pipeline_common.lifecycle import Status

PENDING = "pending"
RUNNING = "running"
SUCCESS = "success"
PARTIAL = "partial"
FAILED = "failed"
SKIPPED = "skipped"

TABLE: tuple[Status, ...] = (
    Status(PENDING, "not begun, or to be done again", (RUNNING, SUCCESS, PARTIAL, FAILED, SKIPPED)),
    Status(
        RUNNING,
        "an attempt has begun and has not ended",
        (SUCCESS, PARTIAL, FAILED, SKIPPED, PENDING),
        kind=lifecycle.WORKING,
    ),
    Status(SUCCESS, "done, and what it left is recorded", (RUNNING, PENDING), kind=lifecycle.DONE),
    Status(PARTIAL, "some of it is done", (RUNNING, PENDING, FAILED, SUCCESS), kind=lifecycle.FAILED),
    Status(
        FAILED,
        "the last attempt ended without a result; the record says why",
        (RUNNING, PENDING, SKIPPED),
        kind=lifecycle.FAILED,
    ),
    Status(SKIPPED, "there is nothing to do, as for a copy of another book", (RUNNING, PENDING), kind=lifecycle.PASSED),
)

STATUSES: tuple[str, ...] = tuple(status.name for status in TABLE)

SYNONYMS: Mapping[str, str] = {
    "partial_success": PARTIAL,
    "error": FAILED,
    "complete": SUCCESS,
    "completed": SUCCESS,
}
"""Names that the first version wrote, and what they are read as."""


def combined_status(counts: Mapping[str, int]) -> str:
    """The one status of several records.

    Args:
        counts: how many records have each status, as `Lifecycle.counted` gives it.

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
