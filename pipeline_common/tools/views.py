# SPDX-License-Identifier: MIT
"""``list``, ``show`` and ``next``: what the document says of the books."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pipeline_common.books import STAGES
from pipeline_common.lifecycle import WORKING, records_of
from pipeline_common.statuses import PENDING, SUCCESS
from pipeline_common.tools.catalogue import (
    BOOK_STATUSES,
    FAILURES,
    INTERRUPTED,
    Catalogue,
    Entry,
    natural_order,
    section,
    text_of,
)
from pipeline_common.tools.display import duration, moment, print_json, print_table, say, size
from pipeline_common.tools.options import Commands, add_command, add_json, positive_int
from pipeline_common.tools.session import ExitCode, Session, UsageError, resolve, told
from pipeline_common.wording import counted

MOST_LISTED = 20
MOST_NEXT = 10

_TO_DO = (INTERRUPTED, PENDING, *FAILURES)
"""The statuses of books that are to be worked on, in the order in which they are offered."""


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands, "list", _list, about="count the books and list the most recent ones", example="list --failed"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--failed", action="store_true", help="only books that failed")
    which.add_argument("--processed", action="store_true", help="only books that are done")
    which.add_argument(
        "--status",
        choices=BOOK_STATUSES,
        type=str.lower,
        metavar="STATUS",
        help=f"only books of this status: {' '.join(BOOK_STATUSES)}",
    )
    _add_stage(which)
    _add_limit(parser, MOST_LISTED)
    add_json(parser)
    parser = add_command(commands, "show", _show, about="show all that is known of one book", example="show emma")
    parser.add_argument("id", metavar="ID", help="a book_id or the beginning of one, a title, or a file's name")
    add_json(parser)
    parser = add_command(
        commands, "next", _next, about="list the books that have work left, in order", example="next --stage CHUNKED"
    )
    _add_stage(parser)
    _add_limit(parser, MOST_NEXT)
    add_json(parser)


def _add_stage(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--stage",
        metavar="STAGE",
        help=f"only books at this stage: {' '.join(STAGES)}; of another life cycle, one of its statuses",
    )


def _add_limit(parser: argparse.ArgumentParser, default: int) -> None:
    parser.add_argument(
        "--limit", type=positive_int, metavar="N", default=default, help="at most N books (default: %(default)s)"
    )


def _list(session: Session, arguments: argparse.Namespace) -> int:
    catalogue = session.catalogue(session.document())
    arguments.stage = _stage(catalogue, arguments.stage)
    found = sorted(
        (entry for entry in catalogue.entries if _is_wanted(entry, arguments)),
        key=lambda entry: (entry.at, entry.id),
        reverse=True,
    )
    shown = found[: arguments.limit]
    if arguments.json:
        counts = {"total": len(catalogue.entries), "statuses": catalogue.statuses(), "stages": catalogue.stages()}
        print_json({**counts, "found": len(found), "books": [asdict(entry) for entry in shown]})
        return ExitCode.DONE
    say(f"{counted(len(catalogue.entries), 'book')} in {session.state.path}")
    if not session.state.path.exists():
        say("There is no such file yet: nothing has been done here, or another one has to be named.")
    if catalogue.entries:
        say(f"  by status: {_told(catalogue.statuses())}")
        say(f"  by stage:  {_told(catalogue.stages())}")
    if len(found) < len(catalogue.entries):
        say(f"{len(found):,} of them were asked for:" if found else "None of them is of that kind.")
    if shown:
        if arguments.failed:
            print_table(("Book", "ID", "When", "Failed", "Next try", "Error"), (_failed_row(entry) for entry in shown))
        else:
            print_table(("Book", "Stage", "Status", "When", "ID", "Error"), (_row(entry) for entry in shown))
        _say_how_many(len(shown), len(found), "the most recent")
    return ExitCode.DONE


def _stage(catalogue: Catalogue, typed: str | None) -> str | None:
    """The stage that somebody means, in any case.

    Raises:
        UsageError: there is no such stage.
    """
    if typed is None:
        return None
    for stage in catalogue.stage_names:
        if stage.casefold() == typed.casefold():
            return stage
    raise UsageError(f"There is no stage {typed!r}. The stages are: {', '.join(catalogue.stage_names)}.")


def _is_wanted(entry: Entry, arguments: argparse.Namespace) -> bool:
    if arguments.failed:
        return entry.status in FAILURES
    if arguments.processed:
        return entry.status == SUCCESS
    if arguments.status:
        return bool(entry.status == arguments.status)
    return arguments.stage in (None, entry.stage)


def _row(entry: Entry) -> tuple[str, ...]:
    error = entry.error if entry.status in FAILURES else ""
    return (entry.name, entry.stage, entry.status, moment(entry.at), entry.id, error)


def _failed_row(entry: Entry) -> tuple[str, ...]:
    return (entry.name, entry.id, moment(entry.at), _attempts(entry), _next_try(entry), entry.error)


def _attempts(entry: Entry) -> str:
    """Such as ``attempt 2 of 3``; empty where nobody has counted."""
    if not entry.retry_count:
        return ""
    if entry.retry_limit:
        return f"attempt {entry.retry_count} of {entry.retry_limit}"
    return counted(entry.retry_count, "attempt")


def _next_try(entry: Entry) -> str:
    """When a batch tries a failed book again, or the command that makes it do so."""
    if entry.given_up:
        return f"after: pipeline-state retry {entry.id}"
    return moment(entry.next_try_at)


def _next(session: Session, arguments: argparse.Namespace) -> int:
    catalogue = session.catalogue(session.document())
    arguments.stage = _stage(catalogue, arguments.stage)
    found = [
        entry
        for entry in catalogue.entries
        if entry.status in _TO_DO and not entry.given_up and arguments.stage in (None, entry.stage)
    ]
    found.sort(key=lambda entry: (_TO_DO.index(entry.status), natural_order(entry)))
    shown = found[: arguments.limit]
    if arguments.json:
        print_json({"found": len(found), "books": [asdict(entry) for entry in shown]})
    elif not shown:
        say("No book has work left." if arguments.stage is None else f"No book at {arguments.stage} has work left.")
    else:
        rows = ((entry.name, _next_step(session, entry), _why(entry), entry.stage, entry.id) for entry in shown)
        print_table(("Book", "Next phase", "Why", "Stage", "ID"), rows)
        _say_how_many(len(shown), len(found), "the first")
    return ExitCode.DONE


def _next_step(session: Session, entry: Entry) -> str:
    for phase in session.phases:
        if phase.key == entry.next_phase:
            return f"{phase.number} {phase.name}"
    return "putting its files into place"


def _why(entry: Entry) -> str:
    if entry.status in FAILURES:
        return f"it failed ({_attempts(entry)})" if entry.retry_count else "it failed"
    return "it was interrupted" if entry.status == INTERRUPTED else "not done yet"


def _show(session: Session, arguments: argparse.Namespace) -> int:
    document = session.document()
    entries, unknown = resolve(session.catalogue(document), [arguments.id])
    if unknown:
        if arguments.json:
            print_json({"id": arguments.id, "found": False})
        else:
            say(f"not found: {arguments.id}")
        return ExitCode.DONE
    [entry] = entries
    records = records_of(document, entry.id, session.lifecycle)
    if arguments.json:
        print_json({"found": True, **asdict(entry), "records": records})
        return ExitCode.DONE
    holder = session.workspace.holder(entry.id) if session.workspace else None
    facts = dict(_facts(entry, section(records, "books")))
    if holder:
        facts["worked on by"] = told(holder)
    for name, value in facts.items():
        say(f"{name + ':':<14}{value}")
    _show_phases(session, entry, records)
    _show_files(session, records)
    for place in session.lifecycle.records:
        _show_errors(section(records, place[0]))
    return ExitCode.DONE


def _facts(entry: Entry, book: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "book", entry.id
    authors = book.get("authors")
    facts = {
        "title": entry.title,
        "authors": ", ".join(text_of(author) for author in authors) if isinstance(authors, list) else "",
        "language": text_of(book.get("language")),
        "source": " ".join((entry.source, _in_brackets(size(section(book, "source").get("size_bytes"))))).strip(),
        "stage": entry.stage,
        "status": entry.status,
        "last event": moment(entry.at),
        "output": text_of(section(book, "promotion").get("folder")),
        "promotion": text_of(section(book, "promotion").get("state")),
        "failed": _attempts(entry),
        "next try": _next_try(entry),
        "error": entry.error,
    }
    yield from ((name, value) for name, value in facts.items() if value)


def _show_phases(session: Session, entry: Entry, records: Mapping[str, Any]) -> None:
    rows = []
    for phase in session.phases:
        record = section(records, phase.key)
        status = session.lifecycle.normal_status(record.get("status"))
        shown = (
            INTERRUPTED if session.lifecycle.kind_of(status) == WORKING and entry.status == INTERRUPTED else str(status)
        )
        attempts = record.get("attempts")
        took = duration(record.get("duration_s"))
        started = moment(record.get("started_at"))
        rows.append((phase.number, phase.name, shown, "" if attempts is None else str(attempts), started, took))
    say("")
    print_table(("Phase", "", "Status", "Attempts", "Started", "Took"), rows)


def _show_files(session: Session, records: Mapping[str, Any]) -> None:
    rows = []
    for phase in session.phases:
        for kind in ("artifacts", "deliverables"):
            for name, record in section(records, phase.key, kind).items():
                path = text_of(section(record).get("path"))
                rows.append((name, phase.name, size(section(record).get("size_bytes")), path))
    if rows:
        say("")
        print_table(("File", "Of", "Size", "Path"), rows)


def _show_errors(book: Mapping[str, Any]) -> None:
    history = book.get("error_history")
    past = [section(error) for error in history] if isinstance(history, list) else []
    if past:
        say("")
        rows = ((moment(e.get("timestamp")), text_of(e.get("stage")), text_of(e.get("error"))) for e in past)
        print_table(("When", "Stage", "Error"), rows)


def _in_brackets(text: str) -> str:
    return f"({text})" if text else ""


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _say_how_many(shown: int, found: int, which: str) -> None:
    if shown < found:
        say(f"These are {which} {shown:,} of {found:,}; --limit shows more.")
