"""Which phases of a book must run, and why: a pure reading of its records and of the files that they name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.artifacts import missing_or_changed, path_of
from orchestrator.records import BookRecords
from orchestrator.settings import Settings
from orchestrator.sources import Source
from phases.catalogue import BUILT_IN
from pipeline_common.phases import PHASES, Phase
from pipeline_common.statuses import FAILED, PENDING, RUNNING, SUCCESS


class MissingInputError(Exception):
    """A phase was asked for alone, and what it needs from earlier phases is not there; the message names it."""


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=True)

_MAKERS = {name: phase for phase in PHASES for name in BUILT_IN[phase.name].outputs}
"""Which phase leaves an artifact."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to one phase.

    Attributes:
        phase: the phase.
        runs: whether it runs; otherwise what it left is proven and kept.
        reason: a few words for a person.
    """

    phase: Phase
    runs: bool
    reason: str


def fingerprint(phase: Phase, settings: Settings, source: Source, artifacts: Mapping[str, Mapping[str, Any]]) -> str:
    """The hash of all that a phase's result depends on.

    Args:
        phase: the phase.
        settings: only the phase's own count.
        source: the book's file.
        artifacts: records of the artifacts of earlier phases; only the hashes of those that the phase reads count.
    """
    built_in, own = BUILT_IN[phase.name], settings.by_phase[phase.name]
    names = [*built_in.inputs, *(name for name in built_in.optional_inputs if name in artifacts)]
    facts = {
        **own.identity,
        "settings": own.values,
        "source": source.sha256 if built_in.reads_source else None,
        "inputs": {name: artifacts.get(name, {}).get("sha256") for name in names},
    }
    return hashlib.sha256(_CANONICAL.encode(facts).encode()).hexdigest()


def decide(records: BookRecords, settings: Settings, source: Source, selected: Sequence[Phase]) -> list[Decision]:
    """What happens to each selected phase, in order.

    A phase is skipped only where it is proven: recorded as a success, with the same fingerprint, and everything that it
    left still there with the recorded size and mtime. Once one phase runs, every later one does.

    Args:
        records: the book's records.
        settings: the settings.
        source: the facts of the book's file as it is now.
        selected: the phases asked for.

    Raises:
        MissingInputError: a phase that was not asked for has not left what a selected one needs.
    """
    if settings.resume_enabled and _done_by_first_version(records, settings):
        return [Decision(phase, runs=False, reason="done by the first version") for phase in selected]
    decisions: list[Decision] = []
    artifacts = records.artifacts()
    first: Phase | None = None
    for phase in PHASES:
        if phase not in selected:
            continue
        if first is not None:
            decisions.append(Decision(phase, runs=True, reason=f"{first.name} runs before it"))
            continue
        _require_given(phase, artifacts, settings, selected)
        reason = reason_to_run(phase, records, settings, source, artifacts)
        if reason:
            first = phase
        decisions.append(Decision(phase, runs=bool(reason), reason=reason or "done"))
    return _with_lost_chunks(decisions, records, settings)


def reason_to_run(
    phase: Phase,
    records: BookRecords,
    settings: Settings,
    source: Source,
    artifacts: Mapping[str, Mapping[str, Any]],
) -> str | None:
    """Why a phase must run, given that all earlier ones are proven; None where it is proven itself."""
    record = records.phase(phase)
    status = record.get("status", PENDING)
    if not settings.resume_enabled:
        return "resume is off"
    if status != SUCCESS:
        return {
            PENDING: "not done yet",
            RUNNING: "it was interrupted",
            FAILED: "it failed before",
        }.get(status, f"it is recorded as {status}")
    if record.get("fingerprint") != fingerprint(phase, settings, source, artifacts):
        return _what_changed(phase, records, source)
    root = settings.root
    return missing_or_changed(record.get("artifacts", {}), root) or missing_or_changed(
        record.get("deliverables", {}), root
    )


def _done_by_first_version(records: BookRecords, settings: Settings) -> bool:
    """Records that were taken over have no fingerprints; what proves them is the audiobook itself."""
    promotion = records.book.get("promotion", {})
    return bool(
        promotion.get("migrated")
        and promotion.get("state") == "done"
        and not missing_or_changed(records.deliverables(), settings.root)
    )


def _what_changed(phase: Phase, records: BookRecords, source: Source) -> str:
    if phase.name == "validation" and records.book.get("source", {}).get("sha256") != source.sha256:
        return "the book's file has changed"
    return "its settings, its inputs or the program have changed"


def _require_given(
    phase: Phase, artifacts: Mapping[str, Mapping[str, Any]], settings: Settings, selected: Sequence[Phase]
) -> None:
    """Whatever `phase` needs from phases that were not asked for must be there."""
    for name in BUILT_IN[phase.name].inputs:
        maker = _MAKERS[name]
        if maker in selected:
            continue
        lost = (
            missing_or_changed({name: artifacts[name]}, settings.root)
            if name in artifacts
            else "it has not been made yet"
        )
        if lost:
            raise MissingInputError(
                f"{phase.name} needs {name!r} of phase {maker.number} ({maker.name}), but {lost}. "
                f"Run phase {maker.number} too."
            )


def _with_lost_chunks(decisions: list[Decision], records: BookRecords, settings: Settings) -> list[Decision]:
    """Where 5 is about to run and 4 is not, the chunks that `timings` names must be there; otherwise 4 runs too."""
    by_name = {decision.phase.name: decision for decision in decisions}
    synthesis = by_name.get("synthesis")
    enhancement = by_name.get("enhancement")
    if not synthesis or synthesis.runs or not enhancement or not enhancement.runs:
        return decisions
    timings = records.artifacts().get("timings")
    try:
        lost = first_lost_chunk(path_of(timings, settings.root)) if timings else "timings"
    except (ValueError, TypeError, KeyError):  # of a phase from elsewhere, which may have written anything
        lost = str(timings.get("path")) if timings else None
    if lost is None:
        return decisions
    rerun = Decision(synthesis.phase, runs=True, reason=f"chunk {lost} is gone or damaged")
    return [rerun if decision is synthesis else decision for decision in decisions]


def first_lost_chunk(timings: Path) -> str | None:
    """The name of the first chunk file that is missing or not of the size that `timings` says; None where all are."""
    chunks = timings.parent / "chunks"
    with timings.open(encoding="utf-8") as rows:
        for line in rows:
            row = json.loads(line)
            path = chunks / f"{row['audio_id']}.wav"
            try:
                size_bytes = path.stat().st_size
            except OSError:
                return path.name
            if size_bytes != row["size_bytes"]:
                return path.name
    return None
