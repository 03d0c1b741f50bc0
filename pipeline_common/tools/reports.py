# SPDX-License-Identifier: MIT
"""Reports: of which period, in which form, under which name; and the summary that is written with each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline_common.files import StateFiles
from pipeline_common.state import PipelineState
from pipeline_common.tools.catalogue import HolderOf
from pipeline_common.tools.figures import BookFigures, Figures, Library
from pipeline_common.tools.runs import MOST_ENTRIES, runs_of
from pipeline_common.view import View

HTML, JSON, CSV = FORMATS = ("html", "json", "csv")
DAILY, WEEKLY, ALL = PERIODS = ("daily", "weekly", "all")
SUMMARY = "summary.json"

_TITLES: Mapping[str, str] = {DAILY: "The day", WEEKLY: "The week", ALL: "The library"}
_COLUMNS = (
    *("id", "title", "authors", "source", "stage", "status", "finished", "words", "audio_s", "work_s"),
    *("error_type", "error", "attempts"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Reporting:
    """The figures of a state, of any period.

    Args:
        state: the open state.
        document: its committed document, or a view of it.
        holder_of: who works on a book; None where nobody can say.
        at: the moment, aware, local time; None means now.

    Raises:
        StateError: the history cannot be read.
    """

    def __init__(
        self,
        state: PipelineState,
        document: Mapping[str, Any] | View,
        holder_of: HolderOf | None,
        at: datetime | None = None,
    ) -> None:
        self._at = at or datetime.now().astimezone()
        self._trail = state.get_transaction_history(MOST_ENTRIES)
        self._library = Library(document, holder_of, state.lifecycle)

    def figures(self, period: str) -> Figures:
        """The figures of one of `PERIODS`."""
        since = since_of(period, self._at)
        return self._library.figures(runs_of(self._trail, since), self._at, since)


def since_of(period: str, at: datetime) -> datetime | None:
    """When a period begins, local time: the present day, the present week (from Monday), or never."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == WEEKLY:
        return midnight - timedelta(days=at.weekday())
    return midnight if period == DAILY else None


def rendered(figures: Figures, form: str, period: str, place: Path) -> str:
    """A report as text.

    Args:
        figures: what it tells.
        form: one of `FORMATS`.
        period: one of `PERIODS`.
        place: the state file.
    """
    if form == JSON:
        return json.dumps(_everything(figures), indent=2, ensure_ascii=True) + "\n"
    if form == CSV:
        return _table(figures)
    from pipeline_common.tools.report_page import page

    begin = figures.since or figures.at
    of = {DAILY: f", {begin:%A}", WEEKLY: f", {begin:%G week %V}", ALL: ""}[period]
    return page(figures, f"{_TITLES[period]}{of}", place.name)


def write_report(figures: Figures, form: str, period: str, place: Path) -> Path:
    """Write a report and the summary into the folder of reports.

    Args:
        figures: what it tells.
        form: one of `FORMATS`.
        period: one of `PERIODS`.
        place: the state file.

    Returns:
        The report's file.

    Raises:
        OSError: the disk refused.
    """
    files = StateFiles(place)
    path = files.report(f"{_name(figures, period)}.{form}")
    put(path, rendered(figures, form, period, files.state))
    write_summary(figures, files.state)
    return path


def write_summary(figures: Figures, place: Path) -> None:
    """Write the summary alone.

    Raises:
        OSError: the disk refused.
    """
    put(StateFiles(place).report(SUMMARY), json.dumps(summary(figures), indent=2) + "\n")


def summary(figures: Figures) -> dict[str, Any]:
    """The few figures that other programs ask for."""
    expected = figures.estimated_completion
    return {
        "timestamp": figures.at.isoformat(timespec="seconds"),
        "total": figures.total,
        "progress": dict(figures.statuses),
        "completion_percentage": figures.completion_percentage,
        "estimated_completion": expected.isoformat(timespec="seconds") if expected else None,
    }


def put(path: Path, text: str, mode: int = 0o644) -> None:
    """Give a file a content, at once or not at all.

    Args:
        path: the file; its folder is made where it is missing.
        text: the content.
        mode: its permissions.

    Raises:
        OSError: the disk refused; the file is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
        temporary.replace(path)
    except BaseException:  # Ctrl-C too: whatever came between, the temporary file goes
        temporary.unlink(missing_ok=True)
        raise


def _name(figures: Figures, period: str) -> str:
    if period == WEEKLY:
        return f"weekly_report_{figures.since or figures.at:%G-W%V}"
    return f"{'daily' if period == DAILY else 'full'}_report_{figures.at:%Y-%m-%d}"


def _everything(figures: Figures) -> dict[str, Any]:
    return {
        **summary(figures),
        "since": figures.since.isoformat() if figures.since else None,
        "seconds_left": figures.seconds_left,
        "stages": dict(figures.stages),
        "audio_s": round(sum(book.audio_s for book in figures.finished), 3),
        "words": sum(book.words for book in figures.finished),
        "days": [
            {"day": day.day.isoformat(), "books": day.books, "audio_s": round(day.audio_s, 3)} for day in figures.days
        ],
        "phases": [
            {
                "name": phase.name,
                "books": phase.count,
                "attempts": phase.attempts,
                "total_s": round(phase.total_s, 3),
                "median_s": round(phase.median_s, 3),
                "longest_s": round(phase.longest_s, 3),
                "longest": phase.longest,
            }
            for phase in figures.phases
        ],
        "failures": [
            {"type": cause.type, "fix": cause.fix, "books": [_row(book) for book in cause.books]}
            for cause in figures.causes
        ],
        "finished": [_row(book) for book in figures.finished],
        "runs": [
            {
                "who": run.who,
                "pid": run.pid,
                "began": run.began.isoformat(),
                "ended": run.ended.isoformat(),
                "books": run.books,
                "commits": run.commits,
                "refused": run.refused,
            }
            for run in figures.runs
        ],
    }


def _table(figures: Figures) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for book in figures.books:
        writer.writerow(_cells(_row(book)))
    return text.getvalue()


def _cells(row: Mapping[str, Any]) -> Iterator[Any]:
    """A row for a spreadsheet, which would take some texts for formulas."""
    for value in row.values():
        yield f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _row(book: BookFigures) -> dict[str, Any]:
    entry = book.entry
    finished = book.finished.isoformat(timespec="seconds") if book.finished else ""
    values = (
        *(entry.id, entry.title, book.authors, entry.source, entry.stage, entry.status, finished),
        *(book.words, round(book.audio_s, 3), round(book.work_s, 3), entry.error_type, entry.error, entry.retry_count),
    )
    return dict(zip(_COLUMNS, values, strict=True))
