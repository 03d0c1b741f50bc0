# SPDX-License-Identifier: MIT
"""The books of a document as people ask for them: by id, title or file, with stage, status and the newest event.

A document may be anything that JSON can be: what is not as expected counts as missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.books import BOOK_FAILED, BOOK_SKIPPED, COMPLETE, REQUIRED_PHASES, STAGES, stage_of
from pipeline_common.derived.rows import TIMES
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.phases import PHASES
from pipeline_common.statuses import FAILED, PARTIAL, PENDING, RUNNING, SKIPPED, STATUSES, SUCCESS
from pipeline_common.tools.workspace import Holder
from pipeline_common.view import View

INTERRUPTED = "interrupted"
"""Recorded as running, though nobody works on it."""

BOOK_STATUSES: tuple[str, ...] = (*STATUSES, INTERRUPTED)
"""The statuses that a book can be shown with."""

FAILURES = (FAILED, PARTIAL)
DONE = (SUCCESS, SKIPPED)

HolderOf = Callable[[str], Holder | None]
"""Gives the live process that works on a book."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One book of a document.

    Attributes:
        id: its book_id.
        title: as the book has it; empty where it is not known.
        source: the path of its file as it is recorded; empty where it is not known.
        stage: how far it is, one of `STAGES`.
        status: one of `BOOK_STATUSES`.
        next_phase: the stored key of the first phase that is not done; empty where there is none.
        at: the newest time in its records; empty where there is none.
        error: why it last failed; empty where it has not.
        error_type: a stable word for that.
        retry_count: failed attempts that count against the limit.
        retry_limit: how many may fail; 0 where that is not known.
        next_try_at: when a batch tries it again; empty where it does not by itself.
    """

    id: str
    title: str
    source: str
    stage: str
    status: str
    next_phase: str
    at: str
    error: str
    error_type: str
    retry_count: int
    retry_limit: int
    next_try_at: str

    @property
    def given_up(self) -> bool:
        """Whether it has failed, and no batch tries it again by itself."""
        return self.status in FAILURES and bool(self.retry_limit) and not self.next_try_at

    @property
    def name(self) -> str:
        """What people call it."""
        return self.title or PurePosixPath(self.source).name or self.id


class Catalogue:
    """All books of a document.

    Args:
        document: as `PipelineState.read` gives it, or a view of it, of which one book at a time is decoded.
        holder_of: who works on a book; None where nobody can say, and then what is recorded as running is shown so.
        lifecycle: what the document means.
        look: is shown each book's entry and records while they are at hand.

    Attributes:
        entries: one for each book.
        stage_names: all stages that a book may be at, in order.
    """

    stage_names: tuple[str, ...] = STAGES

    def __init__(
        self,
        document: Mapping[str, Any] | View,
        holder_of: HolderOf | None,
        lifecycle: Lifecycle = AUDIOBOOK,
        look: Callable[[Entry, Mapping[str, Any]], None] = lambda _entry, _records: None,
    ) -> None:
        self._holder_of = holder_of
        self._lifecycle = lifecycle
        self.entries: list[Entry] = []
        view = document if isinstance(document, View) else View(document, lifecycle)
        for book in view.names():
            of_book = view.records_of(book)
            entry = self._entry(book, of_book)
            self.entries.append(entry)
            look(entry, of_book)

    def find(self, text: str) -> list[Entry]:
        """The books that somebody may mean, who names one.

        Args:
            text: a book_id, a title, the name or path of its file, or the beginning of a book_id.

        Returns:
            None where there is no such book, several where the text is ambiguous.
        """
        if not text:
            return []
        return (
            [entry for entry in self.entries if entry.id == text]
            or [entry for entry in self.entries if _is_called(entry, text)]
            or [entry for entry in self.entries if entry.id.startswith(text)]
        )

    def statuses(self) -> dict[str, int]:
        """How many books have each status; those that do not occur are absent."""
        return _in_order(BOOK_STATUSES, Counter(entry.status for entry in self.entries))

    def stages(self) -> dict[str, int]:
        """How many books are at each stage; those that do not occur are absent."""
        return _in_order(self.stage_names, Counter(entry.stage for entry in self.entries))

    def _entry(self, book: str, of_book: Mapping[str, Any]) -> Entry:
        """The entry of a book.

        Args:
            book: its book_id.
            of_book: its records by section.
        """
        records = [section(of_book.get(phase.key)) for phase in PHASES]
        statuses = [AUDIOBOOK.normal_status(record.get("status")) for record in records]
        about, batch = section(of_book.get("books")), section(of_book.get("batch"))
        book_stage = stage_of(of_book)
        return Entry(
            id=book,
            title=text_of(about.get("title")),
            source=text_of(section(about, "source").get("path")) or text_of(batch.get("source_path")),
            stage=book_stage,
            status=self._status(book, book_stage, statuses, about, records),
            next_phase=_next_phase(book_stage, statuses),
            at=newest((*records, about, section(about, "promotion"), batch)),
            error=text_of(about.get("error")),
            error_type=text_of(about.get("error_type")),
            retry_count=number_of(about.get("retry_count")),
            retry_limit=number_of(about.get("retry_limit")),
            next_try_at=text_of(about.get("next_try_at")),
        )

    def _status(
        self,
        book: str,
        book_stage: str,
        statuses: Sequence[Any],
        about: Mapping[str, Any],
        records: Sequence[Mapping[str, Any]],
    ) -> str:
        if RUNNING in statuses:
            return RUNNING if self._holder_of is None or self._holder_of(book) else INTERRUPTED
        if book_stage == BOOK_FAILED:
            return FAILED if FAILED in statuses else PARTIAL
        if book_stage == BOOK_SKIPPED:
            return SKIPPED
        if book_stage == COMPLETE:
            return SUCCESS
        return FAILED if _failed_to_finish(statuses, about, records) else PENDING


def book_ids(document: Mapping[str, Any], lifecycle: Lifecycle = AUDIOBOOK) -> list[str]:
    """All books that a document has records of, each once."""
    return list(dict.fromkeys(book for place in lifecycle.records for book in section(document, *place)))


def section(node: Any, *keys: str) -> Mapping[str, Any]:
    """The object below these keys; empty where there is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def text_of(value: Any) -> str:
    """A value that should be text; empty where it is none."""
    return value if isinstance(value, str) else ""


def number_of(value: Any) -> int:
    """A value that should be a whole number; 0 where it is none."""
    return value if isinstance(value, int) else 0


def natural_order(entry: Entry) -> list[tuple[int, int, str]]:
    """A sort key: by the path of the file, numbers by their value."""
    parts = re.split(r"([0-9]{1,18})", (entry.source or entry.id).casefold())
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]


def _is_called(entry: Entry, text: str) -> bool:
    path = PurePosixPath(entry.source)
    return text.casefold() == entry.title.casefold() or (
        bool(entry.source) and text in (entry.source, path.name, path.stem)
    )


def _next_phase(book_stage: str, statuses: Sequence[Any]) -> str:
    if book_stage in (COMPLETE, BOOK_SKIPPED):
        return ""
    open_phases = (phase.key for phase, status in zip(PHASES, statuses, strict=True) if status not in DONE)
    return next(open_phases, "")


def _failed_to_finish(statuses: Sequence[Any], about: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every phase is done, but the files could not be put into place afterwards."""
    done = all(status in DONE for phase, status in zip(PHASES, statuses, strict=True) if phase.key in REQUIRED_PHASES)
    last_phase = max((text_of(record.get("finished_at")) for record in records), default="")
    return done and bool(about.get("error")) and text_of(about.get("failed_at")) >= last_phase


def newest(records: Iterable[Mapping[str, Any]]) -> str:
    """The newest time in records; empty where there is none."""
    found = ""
    for record in records:  # of 100,000 books these are millions of looks
        for key in TIMES:
            at = record.get(key)
            if isinstance(at, str) and at > found:
                found = at
    return found


def _in_order(order: Sequence[str], counts: Mapping[str, int]) -> dict[str, int]:
    return {name: counts[name] for name in order if name in counts}
