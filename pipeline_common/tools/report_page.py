# SPDX-License-Identifier: MIT
"""A report as one HTML file: no script, nothing from elsewhere, and everything that is anybody's text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from pipeline_common.printable import printable
from pipeline_common.statuses import FAILED, PARTIAL, PENDING, RUNNING, SKIPPED, SUCCESS
from pipeline_common.tools.catalogue import INTERRUPTED
from pipeline_common.tools.display import duration
from pipeline_common.tools.figures import BookFigures, Cause, Day, Figures
from pipeline_common.tools.report_style import STYLE
from pipeline_common.wording import counted

MOST_BOOKS = 100
"""In a table of books; the figures count all of them."""
MOST_FAILED = 25
"""Of one cause."""
MOST_RUNS = 40
MOST_BARS = 62
"""In the chart of what was finished; of a longer period each is for several days."""

_STATUSES: Mapping[str, tuple[str, str]] = {
    SUCCESS: ("done", "done"),
    SKIPPED: ("skip", "skipped, such as copies"),
    RUNNING: ("work", "being worked on"),
    INTERRUPTED: ("work", "interrupted"),
    PENDING: ("open", "waiting"),
    PARTIAL: ("bad", "done in part"),
    FAILED: ("bad", "failed"),
}
"""A colour and words for each status."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(figures: Figures, title: str, place: str) -> str:
    """The whole file.

    Args:
        figures: what it tells.
        title: what it is called.
        place: the state file.
    """
    parts = (
        _tiles(figures),
        _progress(figures),
        _causes(figures.causes),
        _phases(figures),
        _finished(figures),
        _runs(figures),
    )
    period = f"Since {_day(figures.since)}" if figures.since else "All time"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<header>\n<h1>{_text(title)}</h1>\n<p class="soft">{period}, as of {_moment(figures.at)}</p>\n</header>\n'
        + "\n".join(parts)
        + f"\n<footer>Made from <code>{_text(place)}</code>. Times are local, {_text(figures.at.tzname() or '')}. "
        "<code>pipeline-state report --help</code> says how to make another.</footer>\n</main>\n</body>\n</html>\n"
    )


def _tiles(figures: Figures) -> str:
    failed = sum(len(cause.books) for cause in figures.causes)
    tiles = [
        (
            "Done",
            f"{figures.over:,} of {figures.total:,}",
            f"{figures.completion_percentage:g} % of the books",
        )
    ]
    hours = sum(book.audio_s for book in figures.books if book.finished)
    if hours:
        of_period = sum(book.audio_s for book in figures.finished)
        tiles.append(("Audio", _hours(hours), f"{_hours(of_period)} in this period" if figures.since else "finished"))
    words = sum(book.words for book in figures.finished)
    days = len(figures.days)
    rate = f"{len(figures.finished) / days:.1f} a day" if days > 1 else f"{words:,} words" if words else ""
    tiles.append(("Finished in this period" if figures.since else "Books a day", *_rate(figures, rate)))
    tiles.append(("Failed", f"{failed:,}", counted(len(figures.causes), "cause") if failed else "nothing to mend"))
    expected = figures.estimated_completion
    if expected:
        soon = expected.date() == figures.at.date()
        value, note = (_clock(expected), "today") if soon else (_day(expected), _clock(expected))
        tiles.append(("All done by", value, f"{note}, at the present speed"))
    elif figures.over + failed < figures.total:
        tiles.append(("All done by", "–", "the speed is not known yet"))
    rows = "".join(
        f'<div class="tile"><dt>{name}</dt><dd>{value}<small>{note}</small></dd></div>\n' for name, value, note in tiles
    )
    return f'<dl class="tiles">\n{rows}</dl>'


def _rate(figures: Figures, rate: str) -> tuple[str, str]:
    count = len(figures.finished)
    if figures.since:
        return f"{count:,}", rate
    return f"{count / len(figures.days):.1f}", f"on {counted(len(figures.days), 'day')}"


def _progress(figures: Figures) -> str:
    shown = {status: figures.statuses[status] for status in _STATUSES if status in figures.statuses}
    rows = (
        (_key(_STATUSES[status][0]) + _STATUSES[status][1], _n(count), _n(_percent(count, figures.total)))
        for status, count in shown.items()
    )
    stages = ((_text(stage), _n(count), _n(_percent(count, figures.total))) for stage, count in figures.stages.items())
    bar = _stacked([(count, *_STATUSES[status]) for status, count in shown.items()])
    return (
        "<h2>How far it is</h2>\n"
        f'<div class="card">{bar}</div>\n<div class="pair">\n'
        f'<div class="card">{_table(("Status", "Books#", "#"), rows)}</div>\n'
        f'<div class="card">{_table(("Stage", "Books#", "#"), stages)}</div>\n</div>\n{_chart(figures.days)}'
    )


def _stacked(parts: Sequence[tuple[int, str, str]]) -> str:
    total = sum(count for count, _, _ in parts) or 1
    bars, x = [], 0.0
    for count, colour, name in parts:
        width = 1000 * count / total
        bars.append(
            f'<rect class="{colour}" x="{x:.1f}" width="{max(width - 2, 1):.1f}" height="26" rx="3">'
            f"<title>{count:,} {name}</title></rect>"
        )
        x += width
    told = ", ".join(f"{count:,} {name}" for count, _, name in parts) or "no books"
    return (
        f'<svg viewBox="0 0 1000 26" role="img" aria-label="{told}" preserveAspectRatio="none" style="height:26px">'
        f"{''.join(bars)}</svg>"
    )


def _chart(days: Sequence[Day]) -> str:
    """Books by day; of one day there is no chart."""
    width_days = -(-len(days) // MOST_BARS)
    shown = [_together(days[first : first + width_days]) for first in range(0, len(days), width_days)]
    most = max(day.books for day in shown)
    if len(shown) < 2 or not most:
        return ""
    step = 1000 / len(shown)
    bars, labels = [], []
    every = -(-len(shown) // 10)
    for number, day in enumerate(shown):
        height = 120 * day.books / most
        x, width = number * step + step * 0.12, step * 0.76
        told = f"{day.day.isoformat()}: {counted(day.books, 'book')}, {_hours(day.audio_s)}"
        bars.append(
            f'<rect class="{"accent" if day.books else "rest"}" x="{x:.1f}" y="{138 - max(height, 1.5):.1f}" '
            f'width="{width:.1f}" height="{max(height, 1.5):.1f}" rx="2"><title>{told}</title></rect>'
        )
        if day.books and len(shown) <= 31:
            bars.append(f'<text x="{x + width / 2:.1f}" y="{132 - height:.1f}" text-anchor="middle">{day.books}</text>')
        if number % every == 0:
            labels.append(f'<text x="{x + width / 2:.1f}" y="155" text-anchor="middle">{day.day:%d %b}</text>')
    return (
        f"<h2>Finished {'each day' if width_days == 1 else f'every {width_days} days'}</h2>\n"
        f'<figure class="card"><svg viewBox="0 0 1000 160" role="img" aria-label="Books finished, at most '
        f'{most:,}"><line class="axis" x1="0" x2="1000" y1="138" y2="138"/>{"".join(bars)}{"".join(labels)}</svg>'
        "</figure>"
    )


def _together(days: Sequence[Day]) -> Day:
    return Day(days[0].day, sum(day.books for day in days), sum(day.audio_s for day in days))


def _causes(causes: Sequence[Cause]) -> str:
    if not causes:
        return '<h2>What failed, and what to do</h2>\n<div class="card good">Nothing has failed.</div>'
    return "<h2>What failed, and what to do</h2>\n" + "\n".join(_cause(cause) for cause in causes)


def _cause(cause: Cause) -> str:
    rows = (
        (_named(book), _text(book.entry.error), _when(book.entry.at), _n(_attempts(book)))
        for book in cause.books[:MOST_FAILED]
    )
    more = len(cause.books) - MOST_FAILED
    return (
        f'<section class="card cause"><h3>{_text(cause.type)}: {counted(len(cause.books), "book")}</h3>\n'
        f'<p class="fix">{_text(cause.fix)}</p>\n'
        f"{_table(('Book', 'Why', 'When', 'Attempts#'), rows)}"
        + (f'<p class="soft small">… and {more:,} more.</p>' if more > 0 else "")
        + "</section>"
    )


def _attempts(book: BookFigures) -> str:
    entry = book.entry
    return f"{entry.retry_count:,} of {entry.retry_limit:,}" if entry.retry_count and entry.retry_limit else ""


def _phases(figures: Figures) -> str:
    if not figures.phases:
        return ""
    total = sum(phase.total_s for phase in figures.phases) or 1
    rows = (
        (
            f"{_text(phase.name)}{_share(phase.total_s / total)}",
            _n(duration(phase.total_s)),
            _n(duration(phase.median_s)),
            _n(duration(phase.longest_s)),
            _text(phase.longest),
            _n(f"{phase.count:,}"),
            _n(f"{phase.attempts:,}"),
        )
        for phase in figures.phases
    )
    columns = ("Phase", "Altogether#", "Usual#", "Longest#", "Longest book", "Books#", "Attempts#")
    return f'<h2>Where the time went</h2>\n<div class="card">{_table(columns, rows)}</div>'


def _share(share: float) -> str:
    return (
        '<svg viewBox="0 0 160 6" style="width:10rem;height:6px;margin-top:.3rem" aria-hidden="true">'
        f'<rect class="rest" width="160" height="6" rx="3"/><rect class="accent" width="{160 * share:.1f}" height="6" '
        'rx="3"/></svg>'
    )


def _finished(figures: Figures) -> str:
    if not figures.finished:
        return ""
    shown = figures.finished[:MOST_BOOKS]
    rows = (
        (
            _named(book),
            _n(duration(book.audio_s) if book.audio_s else ""),
            _n(f"{book.words:,}" if book.words else ""),
            _n(duration(book.work_s) if book.work_s else ""),
            _when(book.finished),
        )
        for book in shown
    )
    more = len(figures.finished) - len(shown)
    note = f'<p class="soft small">These are the last of {len(figures.finished):,}.</p>' if more else ""
    columns = ("Book", "Length#", "Words#", "Work#", "Finished")
    return f'<h2>Finished</h2>\n<div class="card">{_table(columns, rows)}{note}</div>'


def _runs(figures: Figures) -> str:
    if not figures.runs:
        return ""
    rows = (
        (
            _when(run.began),
            _text(run.who),
            _n(duration((run.ended - run.began).total_seconds())),
            _n(f"{run.books:,}" if run.books else ""),
            _n(f"{run.commits:,}"),
            _n(f"{run.refused:,}" if run.refused else ""),
            _n(str(run.pid or "")),
        )
        for run in figures.runs[:MOST_RUNS]
    )
    columns = ("Began", "Who", "For#", "Books#", "Commits#", "Refused#", "Process#")
    more = len(figures.runs) - MOST_RUNS
    note = f'<p class="soft small">… and {more:,} earlier ones.</p>' if more > 0 else ""
    return f'<h2>Who ran when</h2>\n<div class="card">{_table(columns, rows)}{note}</div>'


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column whose name ends in ``#`` holds numbers. Cells are HTML already."""
    right = [name.endswith("#") for name in columns]
    head = "".join(
        f"<th{' class=n' if number else ''}>{name.rstrip('#')}</th>"
        for name, number in zip(columns, right, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(cell if cell.startswith('<td') else f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>'


def _named(book: BookFigures) -> str:
    by = f'<br><span class="by">{_text(book.authors)}</span>' if book.authors else ""
    return f"{_text(book.entry.name)}{by}"


def _n(text: str | int) -> str:
    told = f"{text:,}" if isinstance(text, int) else text
    return f'<td class="n">{_text(told)}</td>'


def _when(value: datetime | str | None) -> str:
    if isinstance(value, str):
        from pipeline_common.tools.runs import moment_of

        value = moment_of(value)
    return f'<td class="when">{_moment(value) if value else ""}</td>'


def _key(colour: str) -> str:
    return f'<span class="key {colour}"></span>'


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else ""


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} h"


def _moment(at: datetime) -> str:
    return f"{_day(at)}, {_clock(at)}"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _clock(at: datetime) -> str:
    return f"{at:%H:%M}"


def _text(value: str) -> str:
    """Anybody's text, harmless in HTML, in text and in attributes."""
    return escape(printable(value))
