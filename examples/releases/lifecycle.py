"""What a document of releases means: one value, and the step from its first version."""

from __future__ import annotations

from typing import Any

from pipeline_common import Lifecycle, Status

DISCOVERED = "DISCOVERED"
STAGED = "STAGED"
METADATA_FETCHED = "METADATA_FETCHED"
TORRENT_CREATED = "TORRENT_CREATED"
UPLOADED = "UPLOADED"
COMPLETE = "COMPLETE"

STATUSES = (
    Status(DISCOVERED, "found in the library", (STAGED,)),
    Status(STAGED, "its files are linked into a staging folder", (METADATA_FETCHED,), ("staging_dir",)),
    Status(METADATA_FETCHED, "its metadata is there", (TORRENT_CREATED,), ("staging_dir",)),
    Status(TORRENT_CREATED, "its torrent is there", (UPLOADED, COMPLETE), ("staging_dir", "torrent_path")),
    Status(UPLOADED, "the tracker has it", (COMPLETE,), ("torrent_path",)),
    Status(COMPLETE, "done; its files may be gone", (), kind="done"),
)
"""The order is the order of the work."""


def to_version_2(document: dict[str, Any]) -> None:
    """The records of `processed` lie below `files`, each with a status that it can prove.

    The first version had them by ASIN in `processed` itself, in any shape, mostly without a status: who was there was
    done. One that names a stage without the paths that belong to it begins anew.
    """
    processed = document.setdefault("processed", {})
    if not isinstance(processed, dict):
        processed = document["processed"] = {}
    if not isinstance(processed.get("files"), dict):
        document["processed"] = {"files": {asin: _present(asin, entry) for asin, entry in processed.items()}}
    failed = document.get("failed")
    document["failed"] = {
        asin: _present_failure(entry) for asin, entry in (failed.items() if isinstance(failed, dict) else ())
    }
    document.pop("version", None)


def _present(asin: str, entry: Any) -> dict[str, Any]:
    record = dict(entry) if isinstance(entry, dict) else {}
    checkpoints = record.get("checkpoints")
    record["checkpoints"] = dict(checkpoints) if isinstance(checkpoints, dict) else {}
    status = str(record.get("status") or COMPLETE).upper()
    row = next((row for row in STATUSES if row.name == status), STATUSES[0])
    proven = all(record.get(path) for path in row.required)
    return {"asin": asin, **record, "status": row.name if proven else DISCOVERED}


def _present_failure(entry: Any) -> dict[str, Any]:
    record = dict(entry) if isinstance(entry, dict) else {"error": str(entry or "unknown")}
    count = record.pop("attempts", record.get("retry_count"))
    record["retry_count"] = count if isinstance(count, int) else 1
    record.setdefault("error", "unknown")
    record.setdefault("error_type", "unknown")
    if record.get("failed_at"):
        record.setdefault("first_failed_at", record["failed_at"])
    return record


RELEASES = Lifecycle(
    name="releases",
    statuses=STATUSES,
    phases=("processed",),
    synonyms={row.name.lower(): row.name for row in STATUSES},
    other_records=(("failed",),),
    described_in="examples/releases/README.md",
    migrations=(to_version_2,),
    required_paths={row.name: tuple(f"processed.{path}" for path in row.required) for row in STATUSES if row.required},
)


def validate_transition(before: str | None, after: str) -> None:
    """Check that a release may go from one status to another.

    Raises:
        InvalidStatusTransitionError: it may not; the message says what may follow.
    """
    RELEASES.check_transition("processed", before, after)
