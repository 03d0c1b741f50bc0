# SPDX-License-Identifier: MIT
"""The figures of a document at a moment: how far it is, how fast, what failed and why, and who worked on it when."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.statuses import FAILED, PARTIAL, PENDING, SKIPPED, SUCCESS
from pipeline_common.tools.catalogue import Catalogue, Entry, HolderOf, number_of, section, text_of
from pipeline_common.tools.lifecycles import phases_of
from pipeline_common.tools.records import RecordCatalogue
from pipeline_common.tools.runs import Run, moment_of
from pipeline_common.view import View

MOST_MEASURED = 500
"""Speed is that of the books that were done last."""

_OVER = (SUCCESS, SKIPPED)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


@dataclass(frozen=True, slots=True)
class BookFigures:
    """One book.

    Attributes:
        entry: what the catalogue says of it.
        authors: as the book has them, in one line.
        finished: when it was done; None where it is not.
        words: how many it has; 0 where that is not known.
        audio_s: how long its audiobook is, seconds; 0 where there is none.
        work_s: what its phases have taken, seconds.
    """

    entry: Entry
    authors: str
    finished: datetime | None
    words: int
    audio_s: float
    work_s: float


@dataclass(frozen=True, slots=True)
class PhaseFigures:
    """One phase of all books.

    Attributes:
        name: of the phase.
        count: how many books have been through it.
        attempts: how many attempts that took.
        total_s: what it has taken altogether, seconds.
        median_s: what it takes of a book.
        longest_s: the most that it has taken.
        longest: of which book.
    """

    name: str
    count: int
    attempts: int
    total_s: float
    median_s: float
    longest_s: float
    longest: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Failures for one reason.

    Attributes:
        type: a stable word for it.
        fix: what to do, a sentence.
        books: those that failed, newest first.
    """

    type: str
    fix: str
    books: tuple[BookFigures, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """What was done on one day.

    Attributes:
        day: which one, local time.
        books: how many were finished.
        audio_s: how long they are together, seconds.
    """

    day: date
    books: int
    audio_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it.

    Attributes:
        at: the moment, aware, local time.
        since: the beginning of the period; None means that it has none.
        statuses: how many books have each status.
        stages: how many are at each stage.
        books: each book.
        finished: those that were done in the period, newest first.
        days: of the period, in order; at least one.
        phases: of the period, the slowest first.
        causes: of all failures that stand, the commonest first.
        runs: of the period, newest first.
        seconds_left: what is left takes, at the speed of late and without a pause; None where that is not known.
    """

    at: datetime
    since: datetime | None
    statuses: Mapping[str, int]
    stages: Mapping[str, int]
    books: Sequence[BookFigures]
    finished: Sequence[BookFigures]
    days: Sequence[Day]
    phases: Sequence[PhaseFigures]
    causes: Sequence[Cause]
    runs: Sequence[Run]
    seconds_left: float | None

    @property
    def total(self) -> int:
        """How many books there are, those that the present batch has not come to among them."""
        return sum(self.statuses.values())

    @property
    def over(self) -> int:
        """How many of them have nothing left to be done."""
        return sum(self.statuses.get(status, 0) for status in _OVER)

    @property
    def completion_percentage(self) -> float:
        """How many of a hundred have nothing left to be done."""
        return round(100 * self.over / self.total, 1) if self.total else 100.0

    @property
    def estimated_completion(self) -> datetime | None:
        """When the last book would be done; None where that is not known, or nothing is left."""
        if not self.seconds_left:
            return None
        try:
            return self.at + timedelta(seconds=self.seconds_left)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class _Passage:
    """One book's way through one phase.

    Attributes:
        began: when the newest attempt began, as it is recorded; empty where it is not.
        ended: when it ended.
        attempts: how many there were.
        taken_s: what it took.
    """

    began: str
    ended: str
    attempts: int
    taken_s: float


class Library:
    """All that figures are made from; looked at once, for any number of periods.

    Args:
        document: as `PipelineState.read` gives it, or a view of it, of which one book at a time is decoded.
        holder_of: who works on a book; None where nobody can say.
        lifecycle: what it means.
    """

    def __init__(self, document: Mapping[str, Any] | View, holder_of: HolderOf | None, lifecycle: Lifecycle) -> None:
        view = document if isinstance(document, View) else View(document, lifecycle)
        self._lifecycle = lifecycle
        self._books: list[BookFigures] = []
        self._passages: dict[str, tuple[_Passage, ...]] = {}
        catalogue = (
            Catalogue(view, holder_of, look=self._look)
            if lifecycle is AUDIOBOOK
            else RecordCatalogue(view, holder_of, lifecycle, self._look)
        )
        # A batch says how many books it has found, and of each what becomes of it once it has come to it.
        found = section(view.document, "batch", "summary").get("total_files")
        unseen = max(0, number_of(found) - len(catalogue.entries))
        self._statuses = catalogue.statuses()
        if unseen:
            self._statuses = {**self._statuses, PENDING: self._statuses.get(PENDING, 0) + unseen}
        self._stages = catalogue.stages()
        self._causes = _causes(self._books)
        self._seconds_left = _seconds_left(self._books, self._passages, unseen)

    def _look(self, entry: Entry, records: Mapping[str, Any]) -> None:
        """Keep what figures are made from; a book's records are let go of, as there may be many."""
        of_phases = [section(records, key) for key in self._lifecycle.phases]
        passages = self._passages[entry.id] = tuple(map(_passage, of_phases))
        self._books.append(_book(entry, section(records, "books"), of_phases, passages))

    def figures(self, runs: Iterable[Run], at: datetime, since: datetime | None) -> Figures:
        """The figures of a period.

        Args:
            runs: who worked on the document, newest first.
            at: the present moment, aware, local time.
            since: the beginning of the period; None for all time.
        """
        finished = [book for book in self._books if book.finished and (since is None or book.finished >= since)]
        finished.sort(key=lambda book: (book.finished, book.entry.id), reverse=True)
        phases = _phases(self._books, self._passages, self._lifecycle, since)
        return Figures(
            at=at,
            since=since,
            statuses=self._statuses,
            stages=self._stages,
            books=self._books,
            finished=finished,
            days=_days(finished, at, since),
            phases=sorted(phases, key=lambda phase: -phase.total_s),
            causes=self._causes,
            runs=list(runs),
            seconds_left=self._seconds_left,
        )


def _book(
    entry: Entry, about: Mapping[str, Any], of_phases: Sequence[Mapping[str, Any]], passages: Sequence[_Passage]
) -> BookFigures:
    authors = about.get("authors")
    done = entry.status == SUCCESS
    metrics = [measured for record in reversed(of_phases) if (measured := section(record, "metrics"))]
    return BookFigures(
        entry=entry,
        authors=", ".join(text_of(author) for author in authors) if isinstance(authors, list) else "",
        finished=moment_of(section(about, "promotion").get("finished_at") or entry.at) if done else None,
        words=int(_metric(metrics, "words")),
        audio_s=_metric(metrics, "duration_s") or _metric(metrics, "audio_s"),
        work_s=sum(passage.taken_s for passage in passages),
    )


def _passage(record: Mapping[str, Any]) -> _Passage:
    return _Passage(
        began=text_of(record.get("started_at")),
        ended=text_of(record.get("finished_at")),
        attempts=number_of(record.get("attempts")),
        taken_s=_number(record.get("duration_s")),
    )


def _metric(metrics: Sequence[Mapping[str, Any]], name: str) -> float:
    """A metric of the last phase that has it; 0 where none has."""
    values = (_number(measured.get(name)) for measured in metrics)
    return next((value for value in values if value), 0.0)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and 0 <= value < 1e15 else 0.0


def _days(finished: Sequence[BookFigures], at: datetime, since: datetime | None) -> list[Day]:
    by_day: dict[date, list[BookFigures]] = defaultdict(list)
    for book in finished:
        if book.finished and book.finished <= at:
            by_day[book.finished.date()].append(book)
    today = at.date()
    first = since.date() if since else min(by_day, default=today)
    days = (first + timedelta(days=number) for number in range((today - first).days + 1))
    return [Day(day, len(by_day[day]), sum(book.audio_s for book in by_day[day])) for day in days]


def _phases(
    books: Sequence[BookFigures],
    passages: Mapping[str, Sequence[_Passage]],
    lifecycle: Lifecycle,
    since: datetime | None,
) -> Iterator[PhaseFigures]:
    # A time begins with its day, in whatever zone: what was two days before is not looked at more closely.
    begin = (since - timedelta(days=2)).date().isoformat() if since else ""
    for place, phase in enumerate(phases_of(lifecycle)):
        attempts, times = 0, []
        for book in books:
            passage = passages[book.entry.id][place]
            if passage.ended < begin:
                continue
            ended = moment_of(passage.ended)
            if ended and (since is None or ended >= since):
                attempts += passage.attempts
                times.append((passage.taken_s, book.entry.id, book.entry.name))
        if times:
            longest_s, _, longest = max(times)
            total_s, median_s = sum(time_s for time_s, *_ in times), _median([time_s for time_s, *_ in times])
            yield PhaseFigures(phase.name, len(times), attempts, total_s, median_s, longest_s, longest)


def _median(values: Sequence[float]) -> float:
    # `statistics` would cost the start of every command.
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _causes(books: Sequence[BookFigures]) -> list[Cause]:
    by_type: dict[str, list[BookFigures]] = defaultdict(list)
    for book in books:
        if book.entry.status in (FAILED, PARTIAL):
            by_type[book.entry.error_type or "unknown"].append(book)
    causes = []
    for kind, failed in by_type.items():
        failed.sort(key=lambda book: (book.entry.at, book.entry.id), reverse=True)
        [(fix, _)] = Counter(_advice(book.entry.error) for book in failed).most_common(1)
        causes.append(Cause(kind, fix, tuple(failed)))
    return sorted(causes, key=lambda cause: (-len(cause.books), cause.type))


def _advice(error: str) -> str:
    """What to do: an error's last sentence says it, where there is more than one."""
    sentences = _SENTENCE_END.split(error.strip())
    return sentences[-1] if len(sentences) > 1 else "Look at its error, mend the cause, and run again."


def _seconds_left(
    books: Sequence[BookFigures], passages: Mapping[str, Sequence[_Passage]], unseen: int
) -> float | None:
    """What is left, in words (of a book that nobody has read yet, as many as of others), by words a second of late."""
    left = [book for book in books if book.entry.status not in _OVER and not book.entry.given_up]
    done = sorted((book for book in books if book.finished), key=lambda book: str(book.finished))[-MOST_MEASURED:]
    if not left and not unseen:
        return 0.0
    seconds = _covered(_intervals(passage for book in done for passage in passages[book.entry.id]))
    known = [book.words for book in books if book.words]
    usual = sum(known) / len(known) if known else 1.0
    work_done = sum(book.words or usual for book in done)
    if not seconds or not work_done:
        return None
    return (sum(book.words or usual for book in left) + unseen * usual) * seconds / work_done


def _intervals(passages: Iterable[_Passage]) -> Iterator[tuple[float, float]]:
    for passage in passages:
        began, ended = moment_of(passage.began), moment_of(passage.ended)
        if began and ended and began < ended:
            yield began.timestamp(), ended.timestamp()


def _covered(intervals: Iterable[tuple[float, float]]) -> float:
    """How many seconds are in at least one interval."""
    covered, end = 0.0, float("-inf")
    for began, ended in sorted(intervals):
        covered += max(0.0, ended - max(began, end))
        end = max(end, ended)
    return covered
