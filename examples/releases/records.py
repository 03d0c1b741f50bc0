"""The records of releases, by ASIN: what is written as the work goes on, and what is asked before it is done again.

Each function is one transaction or one look. What a commit must hold is the life cycle's to check.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline_common import PipelineState
from pipeline_common.stale import Stale, stale_of
from releases.lifecycle import COMPLETE, RELEASES, STATUSES

_ORDER = tuple(status.name for status in STATUSES)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a release has come.

    Attributes:
        stage: its status.
        at: when it got there, ISO 8601; empty where nobody has noted it.
    """

    stage: str
    at: str


def open_state(path: str | os.PathLike[str]) -> PipelineState:
    """The state of a folder of releases; a document of the first version is brought to the present one.

    Raises:
        StateError: it cannot be used.
    """
    state = PipelineState(path, lifecycle=RELEASES)
    state.migrate()
    return state


def checkpoint_stage(state: PipelineState, asin: str, stage: str, **facts: Any) -> None:
    """Record that a release has reached a stage, with what belongs to it.

    Args:
        state: the state.
        asin: the release.
        stage: the status that it has now.
        facts: fields of its record, such as ``staging_dir``, ``torrent_path``, ``infohash`` or ``title``.

    Raises:
        InvalidStatusTransitionError: it may not follow the status before.
        StateValidationError: a path that the stage requires is missing.
    """
    with state.transaction(operation="checkpoint") as txn:
        _reach(txn.data, asin, stage, facts)


def get_checkpoint(state: PipelineState, asin: str) -> Checkpoint | None:
    """How far a release has come; None where it is not known."""
    record = _record(state, asin)
    if record is None:
        return None
    stage = _stage(record)
    noted = _mapping(record.get("checkpoints")).get(stage)
    return Checkpoint(stage, noted if isinstance(noted, str) else "")


def get_infohash(state: PipelineState, asin: str) -> str | None:
    """The infohash of a release's torrent; None where there is none."""
    infohash = (_record(state, asin) or {}).get("infohash")
    return infohash if isinstance(infohash, str) and infohash else None


def should_skip_stage(state: PipelineState, asin: str, stage: str) -> bool:
    """Whether a release has reached a stage already, and all that it needs now is still there."""
    record = _record(state, asin)
    if record is None or _ORDER.index(_stage(record)) < _ORDER.index(stage):
        return False
    return stale_of(asin, {"processed": record}, RELEASES, state.path.parent) is None


def mark_processed(state: PipelineState, asin: str, **facts: Any) -> None:
    """Record that a release is done; that it failed before is forgotten.

    Raises:
        InvalidStatusTransitionError: it has not come that far.
    """
    with state.transaction(operation="processed") as txn:
        _reach(txn.data, asin, COMPLETE, facts)
        txn.data["failed"].pop(asin, None)


def mark_failed(state: PipelineState, asin: str, error: str, error_type: str = "unknown") -> int:
    """Record that a release has failed; it stays at the stage that it had reached.

    Returns:
        How often it has failed.
    """
    now = _now()
    with state.transaction(operation="failed") as txn:
        _files(txn.data).setdefault(asin, {"asin": asin, "checkpoints": {}})
        record = txn.data["failed"].setdefault(asin, {})
        count = record.get("retry_count")
        record["retry_count"] = (count if isinstance(count, int) else 0) + 1
        record.setdefault("first_failed_at", now)
        record.update(failed_at=now, error=error, error_type=error_type)
        return int(record["retry_count"])


def find_stale_entries(state: PipelineState) -> list[Stale]:
    """The releases whose files are not there, though their status needs them; COMPLETE ones need none."""
    files = _mapping(_mapping(state.read().get("processed")).get("files"))
    found = (stale_of(asin, {"processed": record}, RELEASES, state.path.parent) for asin, record in files.items())
    return [stale for stale in found if stale]


def _reach(document: Any, asin: str, stage: str, facts: Mapping[str, Any]) -> None:
    record = _files(document).setdefault(asin, {"asin": asin})
    if not isinstance(record.get("checkpoints"), Mapping):
        record["checkpoints"] = {}
    now = _now()
    record["checkpoints"][stage] = now
    record.update(facts, status=stage, updated_at=now)


def _files(document: Any) -> Any:
    """The records, in a document that may still be empty."""
    document.setdefault("failed", {})
    return document.setdefault("processed", {}).setdefault("files", {})


def _record(state: PipelineState, asin: str) -> Mapping[str, Any] | None:
    record = state.records_of(asin).get("processed")
    return record if isinstance(record, Mapping) else None


def _stage(record: Mapping[str, Any]) -> str:
    status = RELEASES.normal_status(record.get("status"))
    return str(status) if status in _ORDER else RELEASES.initial


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
