"""One book, from its file to the output folder: decides, runs, verifies, moves and commits, phase by phase."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.artifacts import ArtifactError, Record, check_result, path_of, take
from orchestrator.attempt import run_attempt
from orchestrator.beside import merged
from orchestrator.decisions import Decision, MissingInputError, decide, fingerprint, inputs_of, taken_as_given
from orchestrator.folders import AttemptFolder, remove_tree
from orchestrator.interrupts import InterruptedRun, Interrupts
from orchestrator.lock import book_lock
from orchestrator.logs import AttemptLogs
from orchestrator.memory import MemoryGroup
from orchestrator.preflight import shortage
from orchestrator.promotion import (
    PromotionError,
    abandon_promotion,
    complete_promotion,
    is_in_place,
    promote,
    staging_folder,
)
from orchestrator.records import PROMOTION, Beginning, BookRecords, BookState, handed_on, seconds_until
from orchestrator.settings import Settings
from orchestrator.sources import Source, examine, printable
from orchestrator.spawning import Program, Starter
from phases.catalogue import BUILT_IN
from phases.contract import Failure, Plan, Result
from pipeline_common.phases import PHASES, Phase
from pipeline_common.statuses import RUNNING, SKIPPED, SUCCESS

logger = logging.getLogger(__name__)

_LAST_PHASES = ("enhancement", "subtitles")
_MISSING_CHUNK = "missing_chunk"
_INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one book ended.

    Attributes:
        folder: where its audiobook lies; None where this run did not come so far.
        phase: the phase that failed, if one did.
        failure: why, if it did.
        next_try_s: in how many seconds it is to be tried again; None where it is not.
    """

    folder: Path | None = None
    phase: Phase | None = None
    failure: Failure | None = None
    next_try_s: float | None = None


@dataclass(frozen=True)
class Job:
    """One book and what it takes to work on it.

    Attributes:
        book_id: the book.
        path: its file, absolute.
        settings: what the work depends on.
        state: the open state.
        say: tells the user one line.
        starter: forks the processes of attempts, of which nothing is left after each phase.
        group: holds down the memory of this process and of all below it; None where there is none.
    """

    book_id: str
    path: Path
    settings: Settings
    state: BookState
    say: Callable[[str], None]
    starter: Starter
    group: MemoryGroup | None = None

    @cached_property
    def folder(self) -> Path:
        """The folder of what the book's phases leave."""
        return self.settings.book_folder(self.book_id)

    @cached_property
    def speech(self) -> Path:
        """The folder whose ``chunks/`` holds what is spoken of the book."""
        return self.settings.speech_folder(self.book_id)


def orchestrate(job: Job, interrupts: Interrupts) -> Outcome:
    """Do the work on a book as soon as no other process is at it, as `work` does, and try again what failed."""

    def say_who(holder: str) -> None:
        job.say(f"waiting for the process that works on this book ({holder})")

    with book_lock(job.settings.work_dir, job.book_id, say_who, interrupts) as lock:
        BookRecords(job.state, job.book_id).count_anew()
        while True:
            outcome = work(job, lock, interrupts)
            if outcome.failure is None or outcome.next_try_s is None:
                return outcome
            job.say(f"{outcome.failure.message} Trying again in {outcome.next_try_s:.0f} s.")
            interrupts.wait(outcome.next_try_s)
            job = replace(job, settings=job.settings.going_on())


def work(job: Job, lock: int, interrupts: Interrupts) -> Outcome:
    """Run the selected phases of one book, in order, each only where it is not proven to be done.

    Every result is committed before the next phase starts.

    Args:
        job: the book.
        lock: the descriptor by which its lock is held; its processes inherit it.
        interrupts: watched while waiting; a signal ends the phase at hand and keeps all finished work.

    Returns:
        How it ended; a failure is recorded, and is a value.

    Raises:
        InterruptedRun: a signal came.
        StateError: the state cannot be used.
        OSError: a folder of the pipeline itself cannot be used.
    """
    # What a killed run has left; no process of it lives, because it would hold the lock.
    remove_tree(job.folder / "attempts")
    for name in _names(job.speech / "chunks"):
        if name.startswith(".") and name.endswith(".tmp"):  # of an attempt that was killed; nobody works there now
            (job.speech / "chunks" / name).unlink()
    (job.folder / "progress.jsonl").unlink(missing_ok=True)
    records = BookRecords(job.state, job.book_id)
    _complete_earlier_promotion(job, records)
    try:
        source = examine(job.path, job.settings.root, records.book.get("source"), verify=job.settings.verify)
    except OSError as error:
        return _unreadable(job, records, error)
    try:
        decisions = decide(records, job.settings, source, job.settings.phases())
    except MissingInputError as error:
        return Outcome(failure=Failure("missing_input", str(error), permanent=True))
    for phase, what in taken_as_given(records, job.settings, source, decisions):
        job.say(f"{phase.number} {phase.name}: taken as given: {what}")
    _release_stale_claim(records, decisions)
    if not any(decision.runs for decision in decisions):
        records.refresh_source(source)
    folders, logs = AttemptFolder(job.folder / "attempts"), AttemptLogs(job.folder / "logs")
    try:
        return _run_phases(_Attempts(job, records, source, lock, interrupts, folders, logs), decisions)
    finally:
        folders.close()


@dataclass(frozen=True, slots=True)
class _Attempts:
    """What every attempt of this run of a book has in common."""

    job: Job
    records: BookRecords
    source: Source
    lock: int
    interrupts: Interrupts
    folders: AttemptFolder
    logs: AttemptLogs


@dataclass(frozen=True, slots=True)
class _Left:
    """What a successful attempt has left, verified and moved: records by name."""

    artifacts: dict[str, Record]
    deliverables: dict[str, Record]

    @property
    def to_read(self) -> dict[str, Record]:
        """What of it later phases may read."""
        return self.artifacts | handed_on(self.deliverables)


def _run_phases(attempts: _Attempts, decisions: Sequence[Decision]) -> Outcome:
    respoken = False
    begun: Phase | None = None
    queue = list(decisions)
    while queue:
        decision = queue.pop(0)
        if not decision.runs:
            attempts.job.say(f"{decision.phase.number} {decision.phase.name}: {decision.reason}")
            continue
        lacking = _shortage(attempts, decision, is_first=begun is None)
        if lacking:
            return lacking
        if decision.phase is not begun:
            attempts.interrupts.check()
            attempts.records.start(_beginning(attempts, decision.phase, attempts.records.artifacts()))
        following = next((other.phase for other in queue if other.runs), None)
        synthesis = next((other.phase for other in decisions if other.phase.name == "synthesis"), None)
        can_respeak = synthesis is not None and not respoken
        failure = _run_phase(attempts, decision, following, can_respeak=can_respeak)
        if failure is None:
            begun = following
            continue
        if synthesis is None or not can_respeak or failure.error_type != _MISSING_CHUNK:
            return _failed(attempts.records, decision.phase, failure)
        # Only who reads the audio can tell that a file of the right size is damaged; synthesis speaks it again.
        respoken = True
        queue = [Decision(synthesis, runs=True, reason="a chunk is damaged"), decision, *queue]
    return _finish(attempts, decisions)


def _failed(records: BookRecords, phase: Phase, failure: Failure) -> Outcome:
    next_try_at = records.book.get("next_try_at")
    return Outcome(phase=phase, failure=failure, next_try_s=None if next_try_at is None else seconds_until(next_try_at))


def _beginning(attempts: _Attempts, phase: Phase, artifacts: Mapping[str, Mapping[str, Any]]) -> Beginning:
    """What is recorded of an attempt when it begins, given the artifacts of earlier phases."""
    return Beginning(phase, fingerprint(phase, attempts.job.settings, attempts.source, artifacts), attempts.source)


def _run_phase(
    attempts: _Attempts, decision: Decision, following: Phase | None, *, can_respeak: bool
) -> Failure | None:
    """Make the attempt that has been recorded as begun; its success is recorded with the following one's beginning.

    Args:
        attempts: what all attempts of this run have in common.
        decision: the phase, and why it runs.
        following: the phase that runs next, if one does.
        can_respeak: whether a damaged chunk is spoken again at once, which does not count as a failure.
    """
    job, records, phase = attempts.job, attempts.records, decision.phase
    job.say(f"{phase.number} {phase.name}: {decision.reason}")
    started = time.monotonic()
    proceeds = False
    attempt = records.phase(phase)["attempts"]
    program = Program.of(job.settings.by_phase[phase.name], job.settings.runner)
    name = f"{phase.name}-{attempt}"
    log = attempts.logs.begin(f"{name}.log")
    folder: Path | None = None
    chunks_before = frozenset[str]()
    try:
        attempts.interrupts.check()
        if phase.name == "synthesis":
            if not (job.settings.resume_enabled or job.settings.is_sample):
                _remove(job.speech / "chunks", records)
            chunks_before = _chunks(job)
        if phase.name == "enhancement":
            _remove(staging_folder(job.settings, job.book_id), records)
        folder = attempts.folders.begin(name)
        result = run_attempt(
            _plan(attempts, phase, attempt, folder),
            program=program,
            folder=folder,
            log=log,
            limits=job.settings.by_phase[phase.name].limits,
            interrupts=attempts.interrupts,
            starter=job.starter,
            group=job.group,
            keep_open=(attempts.lock,),
            confirm=records.confirm,
        )
        left = _with_suspects(result.failure, phase, job.settings) or _take(attempts, phase, result, folder)
        proceeds = following is not None and not isinstance(left, Failure)
    except InterruptedRun:
        records.release(phase)
        raise
    except OSError as error:
        records.release(phase)
        error.filename = error.filename or str(folder or job.folder)  # a write that fails does not say in which file
        raise
    finally:
        attempts.logs.end(log)
        if folder:
            # Before it is recorded how the attempt has ended: nobody may come to look for what is left after that.
            attempts.folders.end(folder, reusable=program.command is None and proceeds)
    duration_s = time.monotonic() - started
    if isinstance(left, Failure):
        in_vain = phase.name != "synthesis" or _chunks(job) <= chunks_before
        counts = in_vain and not (can_respeak and left.error_type == _MISSING_CHUNK)
        records.fail(phase, left, duration_s, job.settings.by_phase[phase.name].retries, counts=counts)
        logger.error("%s: %s failed: %s", job.book_id, phase.name, left.message)
        return left
    then = _beginning(attempts, following, records.artifacts() | left.to_read) if following else None
    records.succeed(phase, result, left.artifacts, left.deliverables, duration_s, then)
    job.say(f"{phase.number} {phase.name}: done in {duration_s:.1f} s{_numbers(result.metrics)}")
    return None


def _remove(folder: Path, records: BookRecords) -> None:
    """Remove what an earlier attempt has left, once it is committed that this one begins."""
    if folder.exists():
        records.confirm_all()
        remove_tree(folder)


def _with_suspects(failure: Failure | None, phase: Phase, settings: Settings) -> Failure | None:
    """A built-in phase that stumbles over what another program has left says so: it relies on the agreed form."""
    if failure is None or failure.error_type != _INTERNAL:
        return failure
    read = {*BUILT_IN[phase.name].inputs, *BUILT_IN[phase.name].optional_inputs}
    makers = [name for name, own in settings.by_phase.items() if own.command and read & set(BUILT_IN[name].outputs)]
    if not makers:
        return failure
    programs = " and ".join(f"phases.{name}" for name in makers)
    advice = f"What it reads comes from {programs} of the configuration: compare that with docs/book-folder.md first."
    return replace(failure, message=f"{failure.message} {advice}")


def _chunks(job: Job) -> frozenset[str]:
    """The chunks that are complete; an attempt that has left a new one has not been in vain."""
    names = _names(job.speech / "chunks")
    return frozenset(name for name in names if not name.startswith(".") and not name.endswith(".json"))


def _names(folder: Path) -> list[str]:
    """What is in a folder; nothing where it is missing."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _shortage(attempts: _Attempts, decision: Decision, *, is_first: bool) -> Outcome | None:
    """How the book ends where there is no room for the phase; None where there is."""
    job, records, phase = attempts.job, attempts.records, decision.phase
    failure = shortage(phase, records, job.settings, attempts.interrupts, job.say, is_first=is_first)
    if failure is None:
        return None
    attempts.folders.close()
    records.refuse(phase, failure, job.settings.by_phase[phase.name].retries)
    logger.error("%s: %s", job.book_id, failure.message)
    return _failed(records, phase, failure)


def _plan(attempts: _Attempts, phase: Phase, attempt: int, folder: Path) -> Plan:
    job, records = attempts.job, attempts.records
    artifacts = records.artifacts()
    return Plan(
        phase=phase.name,
        book_id=job.book_id,
        attempt=attempt,
        source=job.path,
        book_dir=job.speech,
        attempt_dir=folder / "files",
        inputs={name: path_of(artifacts[name], job.settings.root) for name in inputs_of(phase, artifacts)},
        settings=merged(job.settings.by_phase[phase.name].values, attempts.source.beside.get(phase.name)),
        slots_dir=job.settings.work_dir / ".slots",
        cores=usable_cores(),
        progress=job.folder / "progress.jsonl",
    )


def usable_cores() -> int:
    """How many cores this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _take(attempts: _Attempts, phase: Phase, result: Result, folder: Path) -> _Left | Failure:
    """Verify and move what the phase left; the failure where it is not what the phase said."""
    job = attempts.job
    attempt_dir, root = folder / "files", job.settings.root
    try:
        check_result(result, BUILT_IN[phase.name], attempt_dir)
        staging = staging_folder(job.settings, job.book_id)
        return _Left(
            take(attempt_dir, result.artifacts, job.folder, root),
            take(attempt_dir, result.deliverables, staging, root, "deliverables"),
        )
    except ArtifactError as error:
        return Failure("bad_result", f"{phase.name} gave no usable result: {error}.", permanent=False)
    except OSError as error:
        where = _where(error, job.folder)
        message = f"What {phase.name} left could not be moved ({where}): {error.strerror}. Mend that and run again."
        return Failure("disk", message, permanent=False)


def _finish(attempts: _Attempts, decisions: Sequence[Decision]) -> Outcome:
    """Promote where the last phase of the book is done and its files are not yet in place."""
    job, records = attempts.job, attempts.records
    if decisions[-1].phase.name not in _LAST_PHASES or not records.deliverables():
        return Outcome()
    if is_in_place(records, job.settings):
        return Outcome(folder=job.settings.output_dir / str(records.book["promotion"].get("folder", "")))
    try:
        folder = promote(records, job.settings, attempts.source)
    except PromotionError as error:
        failure = Failure(PROMOTION, str(error), permanent=False)
    except OSError as error:
        where = _where(error, job.settings.output_dir)
        message = f"The audiobook cannot be put into place ({where}): {error.strerror}. Mend that and run again."
        failure = Failure("disk", message, permanent=False)
    else:
        job.say(f"finished: {folder}")
        return Outcome(folder=folder)
    last = decisions[-1].phase
    records.fail_promotion(failure, job.settings.by_phase[last.name].retries)
    logger.error("%s: %s", job.book_id, failure.message)
    return _failed(records, last, failure)


def _where(error: OSError, otherwise: Path) -> str:
    """The file, or the two files, of an error; a write that fails does not say in which file."""
    names = [printable(str(name)) for name in (error.filename, error.filename2) if name]
    return " to ".join(names) or str(otherwise)


def _release_stale_claim(records: BookRecords, decisions: Sequence[Decision]) -> None:
    """A phase that is recorded as running was killed, as the lock was free; one that runs now is claimed anew."""
    first = next((PHASES.index(decision.phase) for decision in decisions if decision.runs), len(PHASES))
    for phase in PHASES[:first]:
        if records.phase(phase).get("status") == RUNNING:
            records.release(phase)


def _complete_earlier_promotion(job: Job, records: BookRecords) -> None:
    try:
        if complete_promotion(records, job.settings):
            job.say("completed an interrupted promotion")
    except PromotionError as error:
        logger.warning("%s: %s", job.book_id, error)
        abandon_promotion(records)


def _unreadable(job: Job, records: BookRecords, error: OSError) -> Outcome:
    message = (
        f"{printable(job.path.name)} cannot be read: {error.strerror}. Check that the file exists and may be read."
    )
    failure = Failure("missing", message, permanent=True)
    first = job.settings.phases()[0]
    if records.phase(first).get("status") not in (SUCCESS, SKIPPED):
        records.fail(first, failure, 0.0, job.settings.by_phase[first.name].retries)
    return Outcome(phase=first, failure=failure)


def _numbers(metrics: Mapping[str, Any]) -> str:
    shown = [
        f"{value:,} {name.removeprefix('size_').replace('_', ' ')}"
        for name, value in metrics.items()
        if isinstance(value, int) and not isinstance(value, bool)
    ]
    return f" ({', '.join(shown[:3])})" if shown else ""
