# SPDX-License-Identifier: MIT
"""``retry`` and ``clear``: change the records of books that nobody works on, in one transaction."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.phases import PHASES, Phase
from pipeline_common.statuses import PENDING
from pipeline_common.tools.catalogue import FAILURES, Entry, section
from pipeline_common.tools.display import NOTHING_CHANGED, complain, say
from pipeline_common.tools.options import Commands, add_command, add_dry_run
from pipeline_common.tools.session import ExitCode, Session, resolve, told
from pipeline_common.tools.workspace import HeldError, Holder

RETRY = "retry"
CLEAR = "clear"

_FAILURE_FIELDS = ("error", "error_type", "failed_at", "first_failed_at", "retry_count", "retry_limit", "next_try_at")

Change = Callable[[Any, str], str]
"""Changes a book's records in a document; says what has become of it, or nothing where nothing was to be done."""


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        RETRY,
        _retry,
        about="make failed books eligible again, from the phase that failed",
        example="retry emma",
    )
    _add_books(parser)
    parser = add_command(
        commands,
        CLEAR,
        _clear,
        about="forget phases of books, so that they are done again",
        example="clear emma --from-phase 4",
    )
    _add_books(parser)
    parser.add_argument(
        "--from-phase",
        type=_phase,
        metavar="N",
        default=PHASES[0],
        help=f"forget this phase and all later ones, by number or name (default: {PHASES[0].number}, all of them)",
    )


def _add_books(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "ids", nargs="+", metavar="ID", help="a book_id or the beginning of one, a title, or a file's name"
    )
    add_dry_run(parser)


def _phase(text: str) -> Phase:
    for phase in PHASES:
        if text.lower() in (phase.number, f"{phase.number}.0", phase.key, phase.name):
            return phase
    known = ", ".join(f"{phase.number} ({phase.name})" for phase in PHASES)
    raise argparse.ArgumentTypeError(f"there is no phase {text!r}; the phases are {known}")


def _retry(session: Session, arguments: argparse.Namespace) -> int:
    return _change(session, arguments, RETRY, retried)


def _clear(session: Session, arguments: argparse.Namespace) -> int:
    first = PHASES.index(arguments.from_phase)
    return _change(session, arguments, CLEAR, lambda document, book: cleared(document, book, PHASES[first:]))


def retried(document: Any, book: str) -> str:
    """Make a failed book eligible again: what failed is pending, and its retries are counted from 0 again."""
    done = []
    for phase in PHASES:
        record = section(document, phase.key, "files").get(book)
        if isinstance(record, dict) and AUDIOBOOK.normal_status(record.get("status")) in FAILURES:
            record["status"] = PENDING
            done.append(f"phase {phase.number} ({phase.name})")
    forgot = _forget_failure(document, book)
    if done:
        return f"{' and '.join(done)} will be tried again"
    return "its last step will be tried again" if forgot else ""


def cleared(document: Any, book: str, phases: Sequence[Phase]) -> str:
    """Forget what these phases of a book have done, and its failures with them; files stay where they are."""
    forgotten = []
    for phase in phases:
        files = section(document, phase.key, "files")
        if book in files and isinstance(files, dict):
            del files[book]
            forgotten.append(phase.name)
    about = section(document, "books").get(book)
    if isinstance(about, dict):
        if about.pop("checkpoints", None) is not None:
            forgotten.append("checkpoints")
        promotion = about.get("promotion")
        if forgotten and isinstance(promotion, dict) and promotion.get("state") == "done":
            # As when a phase starts: what lies in the output folder stays, but it is no longer the newest word.
            promotion["state"] = "outdated"
    failed = any(
        AUDIOBOOK.normal_status(section(document, phase.key, "files", book).get("status")) in FAILURES
        for phase in PHASES
    )
    forgot_failure = not failed and _forget_failure(document, book)
    if forgotten:
        return f"forgotten: {', '.join(forgotten)}"
    return "forgotten: its failure" if forgot_failure else ""


def _forget_failure(document: Any, book: str) -> bool:
    """Take back that a book has failed; what failed stays in its history. Returns whether there was anything."""
    about = section(document, "books").get(book)
    if not isinstance(about, dict) or not any(field in about for field in _FAILURE_FIELDS):
        return False
    history = about.get("error_history")
    past = list(history) if isinstance(history, list) else []
    if about.get("error") and not any(section(entry).get("error") == about["error"] for entry in past):
        about["error_history"] = [*past, {"timestamp": about.get("failed_at"), "error": about["error"]}]
    for field in _FAILURE_FIELDS:
        about.pop(field, None)
    return True


def _change(session: Session, arguments: argparse.Namespace, operation: str, change: Change) -> int:
    # A rehearsal reports damage, and repairs nothing.
    document = session.state.read() if arguments.dry_run else session.document()
    entries, unknown = resolve(session.catalogue(document), arguments.ids)
    for name in unknown:
        say(f"not found: {name}")
    with ExitStack() as locks:
        holders = _rehearse(session, entries) if arguments.dry_run else _hold(session, entries, locks)
        free = [entry for entry in entries if entry.id not in holders]
        outcomes = [change(document, entry.id) for entry in free]
        if any(outcomes) and not arguments.dry_run:
            with session.state.transaction(operation=operation) as txn:
                # Somebody may have worked on them between the look and the locks.
                outcomes = [change(txn.data, entry.id) for entry in free]
    for entry, outcome in zip(free, outcomes, strict=True):
        say(f"{entry.name} ({entry.id}): {outcome or 'nothing to do'}")
    if arguments.dry_run:
        say(NOTHING_CHANGED)
    return _refused(entries, holders)


def _rehearse(session: Session, entries: Sequence[Entry]) -> dict[str, Holder]:
    """The books that a live process works on."""
    if session.workspace is None:
        return {}
    return {entry.id: holder for entry in entries if (holder := session.workspace.holder(entry.id))}


def _hold(session: Session, entries: Sequence[Entry], locks: ExitStack) -> dict[str, Holder]:
    """Keep every worker away from these books; gives those that a live process works on already."""
    holders = {}
    for entry in entries:
        try:
            if session.workspace:
                locks.enter_context(session.workspace.hold(entry.id))
        except HeldError as error:
            holders[entry.id] = error.holder
    return holders


def _refused(entries: Sequence[Entry], holders: Mapping[str, Holder]) -> int:
    for entry in entries:
        if entry.id in holders:
            complain(
                f"{entry.name} ({entry.id}) is being worked on by {told(holders[entry.id])}; it was left alone. "
                "Wait until that has ended, or stop it, then try again."
            )
    return ExitCode.STATE if holders else ExitCode.DONE
