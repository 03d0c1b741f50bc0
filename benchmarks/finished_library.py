"""A library of which every book is done, made without doing it: files, and the records that a batch would leave."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.dispatchers import write_books, write_config
from benchmarks.writing_phase import FILES, SIZE_BYTES
from orchestrator.artifacts import record_of
from orchestrator.config import load_config
from orchestrator.decisions import fingerprint
from orchestrator.library import discover
from orchestrator.settings import Settings
from orchestrator.sources import examine
from pipeline_common import PipelineState
from pipeline_common.books import book_id
from pipeline_common.phases import PHASES
from pipeline_common.statuses import SUCCESS

_AT = "2026-01-02T03:04:05.678Z"


def make_finished_library(folder: Path, input_dir: str, books: int) -> None:
    """Fill an empty folder.

    Args:
        folder: of the configuration and of the state.
        input_dir: the folder of the books, below it.
        books: how many.
    """
    write_books(folder / input_dir, books)
    write_config(folder)
    settings = Settings.of(load_config(folder / "config.yaml"))
    document: dict[str, Any] = {
        phase.key: {"status": SUCCESS, "counts": {SUCCESS: books}, "files": {}} for phase in settings.phases()
    }
    document["books"] = {}
    for path in discover(folder / input_dir).books:
        name = book_id(path, folder)
        records, book = _finished_book(name, path, settings)
        for key, record in records.items():
            document[key]["files"][name] = record
        document["books"][name] = book
    state = PipelineState(settings.pipeline_json)
    state.write(document, validate=False)
    state.close()


def _finished_book(name: str, path: Path, settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """The artifacts of a book, and its records: those of the phases by section, and its own."""
    place = settings.work_dir / name
    place.mkdir(parents=True)
    source = examine(path, settings.root, None)
    digest = sha256(bytes(SIZE_BYTES)).hexdigest()
    artifacts: dict[str, dict[str, Any]] = {}
    records: dict[str, Any] = {}
    for phase in PHASES:
        if phase not in settings.phases():
            continue
        made = {}
        for artifact in FILES[phase.name]:
            (place / artifact).write_bytes(bytes(SIZE_BYTES))
            made[artifact] = record_of(place / artifact, settings.root, digest)
        records[phase.key] = {
            "status": SUCCESS,
            "attempts": 1,
            "started_at": _AT,
            "fingerprint": fingerprint(phase, settings, source, artifacts),
            "finished_at": _AT,
            "duration_s": 0.003,
            "artifacts": made,
            "metrics": {},
        }
        artifacts |= made
    return records, {"source": source.as_record()}
