"""Documents as the orchestrator writes them, for the tests of the commands that look at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline_common.phases import PHASES

EMPTY_TEXT = "The text is empty. Give another file."


def phase_records(statuses: Sequence[str], day: str = "2026-01-01") -> dict[str, dict[str, Any]]:
    """The records of a book's first phases, by phase, in order."""
    return {
        phase.key: {
            "status": status,
            "attempts": 1,
            "started_at": f"{day}T10:0{number}:00.000Z",
            "finished_at": f"{day}T10:0{number}:30.000Z",
            "duration_s": 30.0,
        }
        for number, (phase, status) in enumerate(zip(PHASES, statuses, strict=False))
    }


def book(title: str, *statuses: str, day: str = "2026-01-01", **facts: Any) -> dict[str, Any]:
    """A book's records by section, with the statuses of its first phases."""
    return {"books": {"title": title, **facts}, **phase_records(statuses, day)}


def complete(title: str, **facts: Any) -> dict[str, Any]:
    """A finished book."""
    return book(title, *["success"] * len(PHASES), promotion={"state": "done", "folder": title}, **facts)


def failed(title: str, **facts: Any) -> dict[str, Any]:
    """A book whose third phase has failed."""
    at = "2026-01-02T10:00:00.000Z"
    error = {"timestamp": at, "stage": "chunking", "error": EMPTY_TEXT, "traceback": None}
    failure = {"error": EMPTY_TEXT, "error_type": "empty", "failed_at": at, "first_failed_at": at, "retry_count": 2}
    return book(title, "success", "success", "failed", **failure, error_history=[error], **facts)


def document(books: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A document of these books, by id."""
    made: dict[str, Any] = {"books": {}, **{phase.key: {"files": {}} for phase in PHASES}}
    for name, records in books.items():
        for section, record in records.items():
            (made["books"] if section == "books" else made[section]["files"])[name] = record
    return made
