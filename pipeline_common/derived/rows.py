# SPDX-License-Identifier: MIT
"""What the views say of one entry (a book, say), from its records; and which records a commit has changed.

The documents of any life cycle have entries: the names below its paths of records. A document may hold anything that
JSON can be: what is not as expected counts as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_common.history import Change
from pipeline_common.lifecycle import Lifecycle

LARGEST_INTEGER = (1 << 63) - 1

TIMES = ("started_at", "finished_at", "failed_at", "completed_at", "processed_at", "updated_at", "at")
"""The fields of a record that say when something happened."""


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """The record of one phase of an entry.

    Attributes:
        phase: the section of the document.
        status: by its present name.
        attempts: how many were begun.
        started_at: ISO 8601.
        finished_at: ISO 8601.
        duration_s: seconds.
        error: the message of its last error.
    """

    phase: str
    status: str
    attempts: int | None
    started_at: str | None
    finished_at: str | None
    duration_s: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class BookRow:
    """One entry.

    Attributes:
        id: its name.
        title: what people call it.
        source: the path of its file, as it is recorded.
        stage: how far it has come, as its life cycle says.
        phase: the last phase that has a record.
        status: of that record.
        updated_at: the newest time in its records, ISO 8601.
        error: why it last failed.
        error_type: a stable word for that.
        retry_count: failed attempts that count against the limit.
    """

    id: str
    title: str | None
    source: str | None
    stage: str
    phase: str | None
    status: str
    updated_at: str | None
    error: str | None
    error_type: str | None
    retry_count: int


def book_row(name: str, records: Mapping[str, Any], lifecycle: Lifecycle) -> BookRow:
    """What is said of an entry as a whole.

    Args:
        name: the entry's.
        records: its records by section.
        lifecycle: what they mean.
    """
    # Records of no phase say more of the whole than those of a phase; the last word is that of the furthest phase.
    others = [record for key, record in records.items() if key not in lifecycle.phases and isinstance(record, dict)]
    phases = [key for key in lifecycle.phases if isinstance(records.get(key), dict)]
    every = [*others, *(records[key] for key in reversed(phases))]
    sources = (_first_text([_object(record, "source") for record in every], "path"), _first_text(every, "source_path"))
    return BookRow(
        id=text(name),
        title=_first_text(every, "title"),
        source=sources[0] or sources[1],
        stage=text(lifecycle.stage_of(records)),
        phase=phases[-1] if phases else None,
        status=_status(records[phases[-1]] if phases else {}, lifecycle),
        updated_at=_newest(every),
        error=_first_text(every, "error"),
        error_type=_first_text(every, "error_type"),
        retry_count=next((count for record in every if (count := _integer(record.get("retry_count")))), 0),
    )


def phase_rows(records: Mapping[str, Any], lifecycle: Lifecycle) -> Iterator[PhaseRow]:
    """The phases of an entry that have a record, in order."""
    for key in lifecycle.phases:
        record = records.get(key)
        if not isinstance(record, dict):
            continue
        duration_s = record.get("duration_s")
        errors = record.get("errors")
        last = errors[-1] if isinstance(errors, list) and errors else None
        yield PhaseRow(
            phase=key,
            status=_status(record, lifecycle),
            attempts=_integer(record.get("attempts")),
            started_at=_text_of(record.get("started_at")),
            finished_at=_text_of(record.get("finished_at")),
            duration_s=duration_s if isinstance(duration_s, float) else _integer(duration_s),
            error=_text_of(last.get("message")) if isinstance(last, dict) else _text_of(record.get("error")),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What one operation of a commit has done to records.

    Attributes:
        section: where.
        name: whose record; None where all records of the section were replaced.
        path: where in the record; empty where it was replaced or removed as a whole.
        removed: whether something was removed.
        value: what was set; where all records were replaced, these by name.
    """

    section: str
    name: str | None
    path: tuple[Any, ...]
    removed: bool
    value: Any


def steps_of(change: Change, lifecycle: Lifecycle) -> Iterator[Step]:
    """What a commit has done to records, in order."""
    for operation in change.operations:
        path, removed = tuple(operation[1]), len(operation) < 3
        value = None if removed else operation[2]
        for place in lifecycle.records:
            depth = len(place)
            if len(path) > depth and path[:depth] == place:
                yield Step(place[0], str(path[depth]), path[depth + 1 :], removed, value)
            elif place[: len(path)] == path:
                inner = value
                for key in place[len(path) :]:
                    inner = inner.get(key) if isinstance(inner, dict) else None
                yield Step(place[0], None, (), removed=False, value=inner if isinstance(inner, dict) else {})


def changed(record: Any, step: Step) -> Any:
    """A record after a step that named it; None where it is gone. The record that is given may be changed in place."""
    if not step.path:
        return None if step.removed else step.value
    record = record if isinstance(record, dict) else {}
    node = record
    for key in step.path[:-1]:
        inner = node.get(key)
        if not isinstance(inner, dict):
            inner = node[key] = {}
        node = inner
    if step.removed:
        node.pop(step.path[-1], None)
    else:
        node[step.path[-1]] = step.value
    return record


def settled(record: Any, section: str, lifecycle: Lifecycle) -> Any:
    """A record whose status has its present name, in place."""
    if section in lifecycle.sections and isinstance(record, dict) and "status" in record:
        record["status"] = lifecycle.normal_status(record["status"])
    return record


def text(value: str) -> str:
    """A text that any database takes: lone surrogates are written as escapes."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def _status(record: Mapping[str, Any], lifecycle: Lifecycle) -> str:
    status = lifecycle.normal_status(record.get("status"))
    return text(status) if isinstance(status, str) else ""


def _newest(records: list[dict[str, Any]]) -> str | None:
    times = (_text_of(record.get(key)) for record in records for key in TIMES)
    return max((time for time in times if time), default=None)


def _first_text(records: list[Any], key: str) -> str | None:
    return next((found for record in records if (found := _text_of(record.get(key)))), None)


def _object(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _text_of(value: Any) -> str | None:
    return text(value) if isinstance(value, str) and value else None


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER else None
