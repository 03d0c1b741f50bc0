"""The ``batch`` section of the document: one summary, and one entry a book."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch.plan import STARTED, Fate, PlannedBook, has_entry, passed_over_entry
from orchestrator.records import seconds_until, utc_now
from orchestrator.served import Operations, apply, make
from orchestrator.sources import recorded_path
from pipeline_common import PipelineState
from pipeline_common.journal import SET
from pipeline_common.phases import PHASES
from pipeline_common.statuses import FAILED, PARTIAL, PENDING, RUNNING, SKIPPED, SUCCESS


@dataclass(frozen=True, slots=True)
class Ended:
    """How a book's orchestrator ended.

    Attributes:
        exit_code: its exit code, 128 and the signal's number where one ended it.
        error_tail: the last 500 characters of its error output.
    """

    exit_code: int
    error_tail: str


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What the document says of a book once its orchestrator has ended.

    Attributes:
        folder: where it lies below the output folder; None where it has none.
        next_try_s: in how many seconds it is to be tried again; None where it is not.
        failures: how many attempts of the phase that failed count against the limit.
        limit: how many may.
    """

    folder: str | None = None
    next_try_s: float | None = None
    failures: int = 0
    limit: int = 0


@dataclass(slots=True)
class Tally:
    """How many books ended how, in this batch.

    Attributes:
        total: books found.
        successful: books that this batch finished.
        failed: books that failed.
        skipped: books that needed nothing, duplicates, and books left for a later run.
        errors: one line a failed book.
    """

    total: int = 0
    successful: int = 0
    failed: int = 0
    skipped: int = 0
    errors: list[str] = field(default_factory=list)

    def status(self) -> str:
        """The one status of the batch: nothing to do is ``skipped``, and some failures are ``partial``."""
        if self.failed:
            return PARTIAL if self.successful or self.skipped else FAILED
        if self.successful + self.skipped < self.total:
            return PARTIAL
        return SUCCESS if self.successful else SKIPPED


@dataclass(slots=True)
class BatchResult:
    """How a batch ended.

    Attributes:
        tally: how many books ended how.
        folders: a finished book's name to its folder below the output folder; None where it has none.
        failures: a failed book's name to the reason.
        signum: the signal that ended the batch, if one did.
        average_cpu_percent: the load of the whole machine while books ran.
    """

    tally: Tally
    folders: dict[str, str | None] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    signum: int | None = None
    average_cpu_percent: float = 0.0


class BatchRecords:
    """Writes the ``batch`` section, one short transaction at a time.

    That a book starts, or is done, hurts nobody where it is lost: the next batch sees it by the book's own records. So
    it waits a moment for a commit that somebody needs, and goes with that.

    Args:
        state: the open state.
        root: the folder of the state file.
    """

    def __init__(self, state: PipelineState, config_root: Any) -> None:
        self._state = state
        self._root = config_root
        self.started_at = utc_now()
        self.failures_in_a_row: int | None = None
        """With no success after them, earlier batches among them; None where this one has not begun."""
        self._tries: dict[str, Any] = {}
        self._entries: dict[str, dict[str, Any]] = {}
        self._owed: dict[str, dict[str, Any]] = {}
        self._begun: Operations = []

    def begin(self, planned: Iterable[PlannedBook]) -> None:
        """Record that a batch starts, and at once everything about books that it will not run."""
        planned = list(planned)
        with self._state.transaction(operation="batch_start") as txn:
            section = txn.data.setdefault("batch", {})
            in_a_row = self.failures_in_a_row = _in_a_row(section)
            running = {"status": RUNNING, "total_files": len(planned), "started_at": self.started_at}
            section["summary"] = running | ({"failures_in_a_row": in_a_row} if in_a_row else {})
            self._pass_over(txn.data, planned)

    def book_started(self, book: PlannedBook) -> dict[str, Any]:
        """Record, with the next commit, that a book's orchestrator starts.

        Returns:
            The book's records by section.
        """
        entry: dict[str, Any] = {
            "status": RUNNING,
            "source_path": recorded_path(Path(book.path), self._root),
            "started_at": utc_now(),
            "was_skipped": False,
            "errors": [],
            **dict.fromkeys(("error_message", "exit_code", "completed_at", "duration_sec")),
        }
        self._entries[book.book_id] = self._owed[book.book_id] = entry
        records: dict[str, Any] = copy.deepcopy(self._state.view().records_of(book.book_id))
        self._tries[book.book_id] = records.get("books", {}).get("next_try_at")
        return records

    def commit(self, changed: Operations, operation: str) -> None:
        """Make a commit of a book's process.

        Raises:
            StateError: it was refused; nothing was written.
        """
        owed: Operations = [[SET, ["batch", "files", name], entry] for name, entry in self._owed.items()]
        make(self._state, [*owed, *self._begun, *changed], operation)
        self._forget_owed()

    def owe(self, changed: Operations) -> None:
        """Make changes of a book's process with the next commit."""
        self._begun += changed

    def _forget_owed(self) -> None:
        self._owed.clear()
        self._begun.clear()

    def settle(self) -> None:
        """Record what still waits for a commit.

        Raises:
            StateError: it was refused; nothing was written.
        """
        if self._owed or self._begun:
            self.commit([], "batch_books")

    def book_ended(self, book: PlannedBook, ended: Ended, duration_s: float) -> Aftermath:
        """Record how a book's orchestrator ended.

        Returns:
            What has become of the book.
        """
        failed = ended.exit_code != 0
        self._owed[book.book_id] = {
            **self._entries.pop(book.book_id),
            "status": FAILED if failed else SUCCESS,
            "exit_code": ended.exit_code,
            "error_message": f"Orchestrator failed with exit code {ended.exit_code}" if failed else None,
            "errors": [ended.error_tail] if failed and ended.error_tail else [],
            "completed_at": utc_now(),
            "duration_sec": round(duration_s, 3),
        }
        if failed:
            self._rescue(book, "batch_book_end")
        about = self._state.view().records_of(book.book_id).get("books", {})
        next_try_at = about.get("next_try_at") if failed else None
        if next_try_at == self._tries.pop(book.book_id):  # its process has died before it could say anything
            next_try_at = None
        return Aftermath(
            folder=about.get("promotion", {}).get("folder"),
            next_try_s=None if next_try_at is None else seconds_until(next_try_at),
            failures=about.get("retry_count", 0),
            limit=about.get("retry_limit", 0),
        )

    def book_interrupted(self, book: PlannedBook) -> None:
        """Record that a book was broken off; the next batch goes on with it."""
        self._owed[book.book_id] = {
            **self._entries.pop(book.book_id),
            "status": PENDING,
            "completed_at": utc_now(),
        }
        self._rescue(book, "batch_book_interrupted")

    def _rescue(self, book: PlannedBook, operation: str) -> None:
        """Take back the claim of an attempt that was killed; whoever calls this holds the book's lock."""
        with self._state.transaction(operation=operation) as txn:
            self._pay(txn.data)
            for phase in PHASES:
                record = txn.data.get(phase.key, {}).get("files", {}).get(book.book_id)
                if record and record.get("status") == RUNNING:
                    record["status"] = PENDING
        self._forget_owed()

    def _pay(self, document: dict[str, Any]) -> None:
        document.setdefault("batch", {}).setdefault("files", {}).update(self._owed)
        apply(document, self._begun)

    def end(
        self, tally: Tally, duration_s: float, average_cpu_percent: float, passed_over: Iterable[PlannedBook] = ()
    ) -> dict[str, Any]:
        """Record the summary, and return it.

        Args:
            tally: how many books ended how.
            duration_s: how long the batch took.
            average_cpu_percent: the load of the machine meanwhile.
            passed_over: the books of a batch that had nothing to do, and so has not begun.
        """
        summary = {
            "status": tally.status(),
            "total_files": tally.total,
            "successful_files": tally.successful,
            "failed_files": tally.failed,
            "skipped_files": tally.skipped,
            "duration_sec": round(duration_s, 3),
            "avg_cpu_usage": round(average_cpu_percent, 1),
            "errors": tally.errors,
            "started_at": self.started_at,
            "completed_at": utc_now(),
        }
        with self._state.transaction(operation="batch_end") as txn:
            section = txn.data.setdefault("batch", {})
            in_a_row = _in_a_row(section) if self.failures_in_a_row is None else self.failures_in_a_row
            section["summary"] = summary | ({"failures_in_a_row": in_a_row} if in_a_row else {})
            self._pay(txn.data)
            self._pass_over(txn.data, passed_over)
        self._forget_owed()
        return summary

    def _pass_over(self, document: dict[str, Any], books: Iterable[PlannedBook]) -> None:
        """Record everything about books that this batch will not run."""
        files = document["batch"].setdefault("files", {})
        for book in books:
            if book.fate in STARTED or book.noted:
                continue
            path = book.source.path if book.source else recorded_path(Path(book.path), self._root)
            entry = passed_over_entry(book.fate, book.reason, path)
            if not has_entry(files.get(book.book_id), entry):
                files[book.book_id] = entry
            if book.fate is Fate.DUPLICATE:
                _mark_duplicate(document, book)
            elif book.fate is Fate.DONE:
                _refresh_source(document, book)


def _in_a_row(section: Mapping[str, Any]) -> int:
    summary = section.get("summary")
    found = summary.get("failures_in_a_row") if isinstance(summary, Mapping) else None
    return found if isinstance(found, int) else 0


def _refresh_source(document: dict[str, Any], book: PlannedBook) -> None:
    """Record newer facts of the same bytes, so that the next batch does not read them again."""
    record = document.get("books", {}).get(book.book_id)
    if record is not None and book.source is not None and record.get("source") != book.source.as_record():
        record["source"] = book.source.as_record()


def _mark_duplicate(document: dict[str, Any], book: PlannedBook) -> None:
    """A duplicate's first phase is skipped, and its record says in favour of which book."""
    files = document.setdefault(PHASES[0].key, {}).setdefault("files", {})
    known: Mapping[str, Any] = files.get(book.book_id, {})
    if known.get("status", PENDING) in (PENDING, FAILED):
        files[book.book_id] = {
            "status": SKIPPED,
            "errors": [{"type": "duplicate", "message": book.reason, "at": utc_now()}],
        }
    if book.source is not None:
        document.setdefault("books", {}).setdefault(book.book_id, {})["source"] = book.source.as_record()
