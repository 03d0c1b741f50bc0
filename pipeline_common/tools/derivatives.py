# SPDX-License-Identifier: MIT
"""``query``, ``reindex`` and ``export``: the state for other tools."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import IO, Any

from pipeline_common.derived.files import written
from pipeline_common.derived.query import Answer, DamagedDatabaseError, QueryError, ask
from pipeline_common.derived.rows import BookRow, book_row
from pipeline_common.derived.views import KINDS, SQLITE, Outcome, Views
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.tools.display import complain, print_json, print_table, say
from pipeline_common.tools.options import Commands, add_command, add_json, positive_int
from pipeline_common.tools.session import ExitCode, Session, UsageError
from pipeline_common.tools.workspace import OFF
from pipeline_common.view import View
from pipeline_common.wording import counted

MOST_ROWS = 1000
TIMEOUT_S = 30.0

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula, and runs it."""


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        "query",
        _query,
        about="ask the SQLite index a question in SQL, which only reads; it is brought up to date first",
        example="query 'SELECT stage, count(*) FROM books GROUP BY stage'",
    )
    parser.add_argument("sql", metavar="SQL", help="one SELECT; docs/views.md describes the tables")
    parser.add_argument(
        "--limit", type=positive_int, metavar="N", default=MOST_ROWS, help="at most N rows (default: %(default)s)"
    )
    parser.add_argument(
        "--timeout", type=_seconds, metavar="S", default=TIMEOUT_S, help="end it after S seconds (default: %(default)g)"
    )
    add_json(parser)
    parser = add_command(
        commands, "reindex", _reindex, about="make the derived views anew", example="reindex --view sqlite"
    )
    parser.add_argument(
        "--view",
        choices=KINDS,
        action="append",
        metavar="VIEW",
        help=f"only this one, may be repeated: {' '.join(KINDS)} (default: all that are not off)",
    )
    parser = add_command(
        commands,
        "export",
        _export,
        about="write all that the document says of the books, for other programs",
        example="export --format csv --output books.csv",
    )
    parser.add_argument("--format", choices=tuple(_WRITERS), default="json", help="default: %(default)s")
    parser.add_argument("--output", type=Path, metavar="F", help="a file (default: standard output)")


def _seconds(text: str) -> float:
    with suppress(ValueError):
        value = float(text)
        if 0 < value <= 86_400:
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")


def _query(session: Session, arguments: argparse.Namespace) -> int:
    if session.views.get(SQLITE) == OFF:
        raise UsageError("The SQLite index is off. Set `views: {sqlite: on_demand}` in the configuration to use it.")
    views = Views(session.state)
    try:
        answer, outcome = session.mended(lambda: _answer(views, arguments))
    except DamagedDatabaseError:
        complain(f"{views.path(SQLITE)} is damaged; it is made anew.")
        views.rebuild([SQLITE])
        answer, outcome = _answer(views, arguments)
    if arguments.json:
        made = {"made_anew": outcome.commits is None, "caught_up": outcome.commits or 0}
        rows = [[_plain(value) for value in row] for row in answer.rows]
        print_json({"revision": outcome.revision, **made, "columns": answer.columns, "rows": rows, "more": answer.more})
        return ExitCode.DONE
    if outcome.commits != 0:
        complain(f"The index {outcome}.")
    if answer.rows:
        print_table(answer.columns, ([_shown(value) for value in row] for row in answer.rows))
    else:
        say("No rows.")
    if answer.more:
        say(f"These are the first {arguments.limit:,} rows; --limit shows more.")
    return ExitCode.DONE


def _answer(views: Views, arguments: argparse.Namespace) -> tuple[Answer, Outcome]:
    try:
        with views.readable_database() as (path, outcome):
            return ask(path, arguments.sql, limit=arguments.limit, timeout_s=arguments.timeout), outcome
    except QueryError as error:
        raise UsageError(str(error)) from error


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _shown(value: Any) -> str:
    return "" if value is None else str(_plain(value))


def _reindex(session: Session, arguments: argparse.Namespace) -> int:
    wanted = arguments.view or [kind for kind in KINDS if session.views.get(kind) != OFF]
    off = [kind for kind in wanted if session.views.get(kind) == OFF]
    if off or not wanted:
        raise UsageError(
            f"The configuration has `views: {{{(off or KINDS)[0]}: off}}`. Set it to on_demand or on to have that view."
        )
    views = Views(session.state)
    for kind, outcome in session.mended(lambda: views.rebuild(dict.fromkeys(wanted))).items():
        say(f"{views.path(kind)} {outcome}.")
    return ExitCode.DONE


def _export(session: Session, arguments: argparse.Namespace) -> int:
    view, revision = session.mended(session.state.glimpse)
    write = _WRITERS[arguments.format]
    if arguments.output is None:
        write(sys.stdout, view, revision, session.state.lifecycle)
        return ExitCode.DONE
    own = session.state.files
    target = arguments.output.resolve()
    if target == own.state or own.log.parent in target.parents:
        raise UsageError(f"{arguments.output} belongs to the state itself. Name another file.")
    if not target.parent.is_dir() or target.is_dir():
        raise UsageError(f"{arguments.output} cannot be written: there is no such folder, or it is one. Name a file.")
    with written(target) as file:
        write(file, view, revision, session.state.lifecycle)
    say(f"Wrote {counted(len(view.names()), 'book')} of revision {revision} to {arguments.output}.")
    return ExitCode.DONE


def _entries(view: View, lifecycle: Lifecycle) -> Iterator[tuple[BookRow, Mapping[str, Any]]]:
    for name in view.names():
        records = view.records_of(name)
        yield book_row(name, records, lifecycle), records


def _whole(view: View, lifecycle: Lifecycle) -> Iterator[dict[str, Any]]:
    return ({**asdict(row), "records": records} for row, records in _entries(view, lifecycle))


def _write_json(file: IO[str], view: View, revision: int, lifecycle: Lifecycle) -> None:
    file.write(f'{{"revision": {revision}, "life_cycle": {json.dumps(lifecycle.name)}, "books": [')
    for number, book in enumerate(_whole(view, lifecycle)):
        file.write(("," if number else "") + "\n" + json.dumps(book))
    file.write("\n]}\n")


def _write_yaml(file: IO[str], view: View, revision: int, lifecycle: Lifecycle) -> None:
    from pipeline_common.derived.pages import as_yaml

    file.write(as_yaml({"revision": revision, "life_cycle": lifecycle.name}))
    file.write("books:\n")
    for book in _whole(view, lifecycle):
        file.write(as_yaml([book]))
    if not view.names():
        file.write("  []\n")


def _write_csv(file: IO[str], view: View, _: int, lifecycle: Lifecycle) -> None:
    names = [field.name for field in fields(BookRow)]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    rows: Iterable[Iterable[Any]] = ((getattr(row, name) for name in names) for row, _ in _entries(view, lifecycle))
    writer.writerow(names)
    for row in rows:
        writer.writerow(map(_cell, row))
        file.write(text.getvalue())
        text.seek(0)
        text.truncate()
    file.write(text.getvalue())


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


_WRITERS = {"json": _write_json, "csv": _write_csv, "yaml": _write_yaml}
