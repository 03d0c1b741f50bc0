"""One book's records: every change is one short transaction, and the view follows what was committed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Protocol

from orchestrator.limits import RetryRules
from orchestrator.served import ServedState
from orchestrator.sources import Source
from phases.catalogue import HANDED_ON
from phases.contract import Failure, Result
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.lifecycle import records_of
from pipeline_common.phases import PHASES, Phase
from pipeline_common.statuses import FAILED, PENDING, RUNNING, SUCCESS

_PHASE_KEYS = tuple(phase.key for phase in PHASES)

HISTORY_LENGTH = 20
"""How many errors of a book are kept."""

_OF_THE_LAST_FAILURE = ("retry_count", "retry_limit", "next_try_at")
_OF_FAILURES = ("error", "error_type", "failed_at", "first_failed_at", *_OF_THE_LAST_FAILURE)


PROMOTION = "promotion"
"""What the history calls the move of finished files to the output folder, which is no phase."""


def utc_now(later_s: float = 0.0) -> str:
    """The time, or that in so many seconds, as the document writes it."""
    at = datetime.now(UTC) + timedelta(seconds=later_s)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_until(at: Any) -> float:
    """How long it is until a time that `utc_now` wrote; 0 where that is over, or was written by somebody else."""
    try:
        return max(0.0, (datetime.fromisoformat(at) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


@dataclass(frozen=True, slots=True)
class Beginning:
    """An attempt that begins.

    Attributes:
        phase: its phase.
        fingerprint: of all that its result depends on.
        source: the book's file as it is now.
    """

    phase: Phase
    fingerprint: str
    source: Source


class _Transaction(Protocol):
    data: Any


class BookState(Protocol):
    """What is needed of a state: the whole, or a handle on one book's records."""

    def read(self) -> Mapping[str, Any]:
        """The last committed document, or as much of it as there is at hand."""
        ...

    def transaction(self, *, operation: str) -> AbstractContextManager[_Transaction]:
        """Change it; leaving the block commits."""
        ...


class _Haste(Enum):
    """When a commit that a batch makes has to be there."""

    AT_ONCE = "before anything else is done"
    AHEAD = "when it is confirmed"
    IN_PASSING = "with the next one, or a moment later"


class BookRecords:
    """What the document says of one book.

    Only the holder of the book's lock changes these records, so the view that was read once stays true.

    Args:
        state: the open state.
        book_id: the book.
        committed: its records by section where the caller has just read them; None reads them.
    """

    def __init__(self, state: BookState, book_id: str, committed: Mapping[str, Any] | None = None) -> None:
        self._state = state
        self.book_id = book_id
        records = records_of(state.read(), book_id, AUDIOBOOK) if committed is None else committed
        # Changes are made to copies.
        self.book: dict[str, Any] = records.get("books", {})
        self._phases: dict[str, dict[str, Any]] = {
            key: records[key] for key in _PHASE_KEYS if isinstance(records.get(key), dict)
        }

    def phase(self, phase: Phase) -> dict[str, Any]:
        """The record of one phase; empty where there is none."""
        return self._phases.get(phase.key, {})

    def artifacts(self) -> dict[str, dict[str, Any]]:
        """The recorded artifacts of all phases that have succeeded, by name, with what else phases read."""
        return self._left("artifacts") | handed_on(self._left("deliverables"))

    def deliverables(self) -> dict[str, dict[str, Any]]:
        """The recorded deliverables of all phases that have succeeded, by name."""
        return self._left("deliverables")

    def _left(self, kind: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for record in self._phases.values():
            if kind in record and record.get("status") == SUCCESS:
                found.update(record[kind])
        return found

    def start(self, beginning: Beginning) -> None:
        """Record that an attempt begins; the records of its phase and of all later ones are cleared with it.

        It may begin after `confirm`. Where the last attempt has not failed, a batch may commit this a moment later: who
        takes over then decides the same again.
        """
        status = self.phase(beginning.phase).get("status", PENDING)
        haste = _Haste.IN_PASSING if status in (PENDING, RUNNING) else _Haste.AHEAD
        with self._changing("phase_start", haste) as (records, book):
            _begin(records, book, beginning)

    def succeed(
        self,
        phase: Phase,
        result: Result,
        artifacts: Mapping[str, Any],
        deliverables: Mapping[str, Any],
        duration_s: float,
        following: Beginning | None = None,
    ) -> None:
        """Record what a successful attempt has left, and in the same transaction that the following one begins.

        That one may begin after `confirm`.
        """
        haste = _Haste.AT_ONCE if following is None else _Haste.AHEAD
        with self._changing("phase_success", haste) as (records, book):
            record = records[phase.key]
            record.update(
                status=SUCCESS,
                finished_at=utc_now(),
                duration_s=round(duration_s, 3),
                artifacts=dict(artifacts),
                metrics=dict(result.metrics),
            )
            if deliverables:
                record["deliverables"] = dict(deliverables)
            for key in _OF_THE_LAST_FAILURE:
                book.pop(key, None)
            book.update({key: value for key, value in result.book.items() if key in ("title", "authors", "language")})
            if result.output_folder is not None:
                book["output_folder"] = result.output_folder
            if following:
                _begin(records, book, following)

    def fail(
        self, phase: Phase, failure: Failure, duration_s: float, rules: RetryRules, *, counts: bool = True
    ) -> None:
        """Record why an attempt has failed, and when there will be another; the book's record tells the whole story.

        Args:
            phase: its phase.
            failure: why.
            duration_s: how long it took.
            rules: how often, and after how long, it is tried again.
            counts: whether it counts against the limit.
        """
        now = utc_now()
        with self._changing("phase_failure") as (records, book):
            records.setdefault(phase.key, {}).update(
                status=FAILED,
                finished_at=now,
                duration_s=round(duration_s, 3),
                errors=[
                    {
                        "type": failure.error_type,
                        "message": failure.message,
                        "permanent": failure.permanent,
                        "at": now,
                    }
                ],
            )
            _note_failure(book, phase.name, failure, now, rules, counts=counts)

    def refuse(self, phase: Phase, failure: Failure, rules: RetryRules) -> None:
        """Record why a phase was not even begun; one that has succeeded before keeps its success."""
        if self.phase(phase).get("status") != SUCCESS:
            self.fail(phase, failure, 0.0, rules)
            return
        with self._changing("phase_refusal") as (_records, book):
            _note_failure(book, phase.name, failure, utc_now(), rules, counts=True)

    def fail_promotion(self, failure: Failure, rules: RetryRules) -> None:
        """Record why finished files are not in place; the phases that made them keep their success."""
        with self._changing("promotion_failure") as (_records, book):
            _note_failure(book, PROMOTION, failure, utc_now(), rules, counts=True)

    def count_anew(self) -> None:
        """Forget how many attempts have failed, because somebody has asked for this very book."""
        if any(key in self.book for key in _OF_THE_LAST_FAILURE):
            with self._changing("retry") as (_records, book):
                for key in _OF_THE_LAST_FAILURE:
                    book.pop(key, None)

    def release(self, phase: Phase) -> None:
        """Record that an attempt was broken off from outside: the claim ends, and nothing counts as failed."""
        with self._changing("phase_release") as (records, _book):
            records[phase.key].update(status=PENDING)

    def refresh_source(self, source: Source) -> None:
        """Record newer facts of the same bytes, so that they are not read again next time."""
        if self.book.get("source") != source.as_record():
            with self._changing("source") as (_records, book):
                book["source"] = source.as_record()

    def begin_promotion(self, promotion: Mapping[str, Any]) -> None:
        """Record the list of files that are about to be renamed into place."""
        with self._changing("promotion_start") as (_records, book):
            book["promotion"] = dict(promotion)

    def finish_promotion(self, placed: Mapping[str, Mapping[str, Any]]) -> None:
        """Record that every file is in place, which completes the book.

        Args:
            placed: deliverable name to the record of the file where it now lies.
        """
        with self._changing("promotion_done") as (records, book):
            for record in records.values():
                for name in record.get("deliverables", {}):
                    if name in placed:
                        record["deliverables"][name] = dict(placed[name])
            book["promotion"] = {**book["promotion"], "state": "done", "finished_at": utc_now()}
            for key in _OF_FAILURES:
                book.pop(key, None)

    def confirm(self) -> None:
        """Return once every result that was recorded is committed, so that the next attempt may begin.

        Raises:
            StateError: it was refused; the book's process has nothing more to do.
        """
        if isinstance(self._state, ServedState):
            self._state.confirm()

    def confirm_all(self) -> None:
        """Return once all that was recorded is committed, so that what an earlier attempt has left may be removed.

        Raises:
            StateError: it was refused; the book's process has nothing more to do.
        """
        if isinstance(self._state, ServedState):
            self._state.confirm_all()

    @contextmanager
    def _changing(
        self, operation: str, haste: _Haste = _Haste.AT_ONCE
    ) -> Iterator[tuple[dict[str, dict[str, Any]], dict[str, Any]]]:
        """Copies of this book's records to change; written in one transaction, and adopted once it is committed.

        Args:
            operation: what the audit trail calls it.
            haste: whether to adopt them as soon as a batch has been asked for the commit.
        """
        records = copy.deepcopy(self._phases)
        book = copy.deepcopy(self.book)
        yield records, book
        state = self._state
        transaction = state.transaction
        if isinstance(state, ServedState) and haste is not _Haste.AT_ONCE:
            transaction = state.transaction_ahead if haste is _Haste.AHEAD else state.transaction_in_passing
        with transaction(operation=operation) as txn:
            for phase in PHASES:
                files = txn.data.setdefault(phase.key, {}).setdefault("files", {})
                if phase.key in records:
                    files[self.book_id] = records[phase.key]
                else:
                    files.pop(self.book_id, None)
            txn.data.setdefault("books", {})[self.book_id] = book
        self._phases = records
        self.book = book


def handed_on(deliverables: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Those of some deliverables that later phases may read."""
    return {name: record for name, record in deliverables.items() if name in HANDED_ON}


def _begin(records: dict[str, dict[str, Any]], book: dict[str, Any], beginning: Beginning) -> None:
    phase = beginning.phase
    known = records.get(phase.key, {})
    attempt = int(known.get("attempts", 0)) + 1
    if known.get("fingerprint") != beginning.fingerprint:  # what failed then was something else
        book.pop("retry_count", None)
    book.pop("next_try_at", None)
    for later in PHASES[PHASES.index(phase) + 1 :]:
        records.pop(later.key, None)
    if phase is not PHASES[-1]:  # whoever makes the audiobook says anew where it goes, or leaves that to the layout
        book.pop("output_folder", None)
    records[phase.key] = {
        "status": RUNNING,
        "attempts": attempt,
        "started_at": utc_now(),
        "fingerprint": beginning.fingerprint,
    }
    book["source"] = beginning.source.as_record()
    if book.get("promotion", {}).get("state") == "done":
        # What lies in the output folder stays there, but it is no longer this book's newest word.
        book["promotion"]["state"] = "outdated"


def _note_failure(
    book: dict[str, Any], stage: str, failure: Failure, now: str, rules: RetryRules, *, counts: bool
) -> None:
    book["error"] = failure.message
    book["error_type"] = failure.error_type
    book["failed_at"] = now
    book.setdefault("first_failed_at", now)
    failures = int(book.get("retry_count", 0)) + counts
    book["retry_count"], book["retry_limit"] = failures, rules.limit
    if failure.permanent or failures >= rules.limit:
        book.pop("next_try_at", None)
    else:
        book["next_try_at"] = utc_now(rules.pause_s(max(1, failures)))
    entry = {"timestamp": now, "stage": stage, "error": failure.message, "traceback": failure.traceback}
    book["error_history"] = [*book.get("error_history", []), entry][-HISTORY_LENGTH:]
