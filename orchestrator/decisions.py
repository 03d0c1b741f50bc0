"""Which phases of a book must run, and why: a pure reading of its records and of the files that they name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any

from orchestrator.artifacts import missing_or_changed, path_of
from orchestrator.beside import merged
from orchestrator.records import PROMOTION, BookRecords
from orchestrator.settings import Settings
from orchestrator.sources import Source
from phases.catalogue import BUILT_IN
from pipeline_common.phases import PHASES, Phase
from pipeline_common.statuses import FAILED, PENDING, RUNNING, SUCCESS


class MissingInputError(Exception):
    """A phase was asked for alone, and what it needs from earlier phases is not there; the message names it."""


_INPUTS = {name: sorted({*phase.inputs, *phase.optional_inputs}) for name, phase in BUILT_IN.items()}
"""What a phase reads where it is there, in the order of a canonical text."""

_MAKERS = {name: phase for phase in PHASES for name in (*BUILT_IN[phase.name].outputs, *BUILT_IN[phase.name].handed_on)}
"""Which phase leaves what others read."""


_EARLIER = {name: frozenset(_MAKERS[artifact].name for artifact in names) for name, names in _INPUTS.items()}
"""From which phases a phase reads."""

_NO_FAULT_OF_THE_BOOK = frozenset({"command", "environment"})
"""Kinds of failures of programs that could not start: somebody may have mended that, which no record tells."""


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


_DONE = {phase.name: Decision(phase, runs=False, reason="done") for phase in PHASES}


def fingerprint(phase: Phase, settings: Settings, source: Source, artifacts: Mapping[str, Mapping[str, Any]]) -> str:
    """The hash of all that a phase's result depends on.

    Args:
        phase: the phase.
        settings: only the phase's own count.
        source: the book's file.
        artifacts: records of the artifacts of earlier phases; only the hashes of those that the phase reads count.
    """
    built_in, own = BUILT_IN[phase.name], settings.by_phase[phase.name]
    beside = source.beside.get(phase.name)
    if beside:
        own = replace(own, values=merged(own.values, beside))
    head, middle, tail = own.canonical
    inputs = ""
    for name in _INPUTS[phase.name]:  # a finished library is nothing but this: no list for each, nor calls
        record = artifacts.get(name)
        sha256 = record.get("sha256") if record else None
        if type(sha256) is str:
            inputs += f', "{name}": {encode_basestring_ascii(sha256)}'
        elif record is not None or name in built_in.inputs:
            inputs += f', "{name}": {json.dumps(sha256, sort_keys=True)}'
    of_source = encode_basestring_ascii(source.sha256) if built_in.reads_source else "null"
    return hashlib.sha256(f"{head}{{{inputs[2:]}}}{middle}{of_source}{tail}".encode()).hexdigest()


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
    asked = {phase.name for phase in selected}
    for phase in PHASES:
        if phase.name not in asked:
            continue
        if not _EARLIER[phase.name] <= asked:
            _require_given(phase, artifacts, settings, asked)
        if first is not None:
            decisions.append(Decision(phase, runs=True, reason=f"{first.name} runs before it"))
            continue
        reason = reason_to_run(phase, records, settings, source, artifacts)
        if reason:
            first = phase
        decisions.append(Decision(phase, runs=True, reason=reason) if reason else _DONE[phase.name])
    return _with_lost_chunks(decisions, records, settings) if first else decisions


def taken_as_given(
    records: BookRecords, settings: Settings, source: Source, decisions: Sequence[Decision]
) -> list[tuple[Phase, str]]:
    """What the phases that run need of phases that were not asked for: of each which files, when made, whether stale.

    Args:
        records: the book's records.
        settings: the settings.
        source: the facts of the book's file as it is now.
        decisions: what happens to the selected phases.
    """
    selected = {decision.phase for decision in decisions}
    artifacts = records.artifacts()
    needed = dict.fromkeys(
        name
        for decision in decisions
        if decision.runs
        for name in inputs_of(decision.phase, artifacts)
        if _MAKERS[name] not in selected
    )
    given = []
    for maker in PHASES:
        names = [name for name in needed if _MAKERS[name] is maker]
        if names:
            made = str(records.phase(maker).get("finished_at", "unknown when"))[:19].replace("T", " ")
            stale = reason_to_run(maker, records, replace(settings, resume_enabled=True), source, artifacts)
            would = f"; that phase would run again: {stale}" if stale else ""
            given.append((maker, f"{', '.join(names)} (made {made} UTC{would})"))
    return given


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
    lost = missing_or_changed(record.get("artifacts", {}), settings.folder, verify=settings.verify)
    if lost is None and "deliverables" in record:
        lost = missing_or_changed(record["deliverables"], settings.folder, verify=settings.verify)
    return lost


def given_up(records: BookRecords, settings: Settings, source: Source, decisions: Sequence[Decision]) -> str | None:
    """Why a book is not tried again by itself; None where it is, or has nothing left to do.

    It is given up where what failed would fail again, or has failed as often as it may, and nothing that it depends on
    has changed since.

    Args:
        records: the book's records.
        settings: the settings.
        source: the facts of the book's file as it is now.
        decisions: what would happen to the selected phases.
    """
    book = records.book
    if "next_try_at" in book or "retry_count" not in book or not settings.resume_enabled:
        return None
    first = next((decision.phase for decision in decisions if decision.runs), None)
    if first is None:
        history = book.get("error_history") or [{}]
        if history[-1].get("stage") != PROMOTION:
            return None
        phase, permanent = decisions[-1].phase, False
    else:
        record = records.phase(first)
        same = record.get("fingerprint") == fingerprint(first, settings, source, records.artifacts())
        if record.get("status") != FAILED or not same:
            return None
        errors = record.get("errors", ())
        if any(error.get("type") in _NO_FAULT_OF_THE_BOOK for error in errors):
            return None
        phase, permanent = first, any(error.get("permanent") for error in errors)
    failures, limit = int(book["retry_count"]), settings.by_phase[phase.name].retries.limit
    if not permanent and failures < limit:
        return None
    how = "it would fail again" if permanent else f"{failures} of {limit} attempts have failed"
    return f"{how}: {book.get('error')}"


def _done_by_first_version(records: BookRecords, settings: Settings) -> bool:
    """Records that were taken over have no fingerprints; what proves them is the audiobook itself."""
    promotion = records.book.get("promotion", {})
    return bool(
        promotion.get("migrated")
        and promotion.get("state") == "done"
        and not missing_or_changed(records.deliverables(), settings.root)
    )


def _what_changed(phase: Phase, records: BookRecords, source: Source) -> str:
    if BUILT_IN[phase.name].reads_source and records.book.get("source", {}).get("sha256") != source.sha256:
        return "the book's file has changed"
    return "its settings, its inputs or the program have changed"


def _require_given(
    phase: Phase, artifacts: Mapping[str, Mapping[str, Any]], settings: Settings, asked: Set[str]
) -> None:
    """Whatever `phase` needs from phases that were not asked for must be there."""
    for name in inputs_of(phase, artifacts):
        maker = _MAKERS[name]
        if maker.name in asked:
            continue
        lost = (
            missing_or_changed({name: artifacts[name]}, settings.root, verify=settings.verify)
            if name in artifacts
            else "it has not been made yet"
        )
        if lost:
            raise MissingInputError(
                f"{phase.name} needs {name!r} of phase {maker.number} ({maker.name}), but {lost}. "
                f"Run phase {maker.number} too."
            )


def inputs_of(phase: Phase, artifacts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names of the artifacts that a phase is given, where these are all that there are."""
    required = BUILT_IN[phase.name].inputs
    return [name for name in _INPUTS[phase.name] if name in artifacts or name in required]


def _with_lost_chunks(decisions: list[Decision], records: BookRecords, settings: Settings) -> list[Decision]:
    """Where 5 is about to run and 4 is not, the chunks that `timings` names must be there; otherwise 4 runs too."""
    by_name = {decision.phase.name: decision for decision in decisions}
    synthesis = by_name.get("synthesis")
    enhancement = by_name.get("enhancement")
    if (synthesis and synthesis.runs) or not enhancement or not enhancement.runs:
        return decisions
    timings = records.artifacts().get("timings")
    try:
        chunks = settings.speech_folder(records.book_id) / "chunks"
        lost = first_lost_chunk(path_of(timings, settings.root), chunks) if timings else "timings"
    except (ValueError, TypeError, KeyError):  # of a phase from elsewhere, which may have written anything
        lost = str(timings.get("path")) if timings else None
    if lost is None:
        return decisions
    if synthesis is None:
        maker = _MAKERS["timings"]
        raise MissingInputError(
            f"enhancement needs the spoken chunks of phase {maker.number} ({maker.name}), but {lost} is gone or "
            f"damaged. Run phase {maker.number} too."
        )
    rerun = Decision(synthesis.phase, runs=True, reason=f"chunk {lost} is gone or damaged")
    return [rerun if decision is synthesis else decision for decision in decisions]


def first_lost_chunk(timings: Path, chunks: Path) -> str | None:
    """The name of the first file in `chunks` that is missing or not of the size that `timings` says; None for none."""
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
