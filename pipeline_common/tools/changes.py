# SPDX-License-Identifier: MIT
"""``retry`` and ``clear``: change the records of books that nobody works on, in one transaction."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.lifecycle import FAILED, Lifecycle
from pipeline_common.phases import PHASES, Phase
from pipeline_common.tools.catalogue import Entry, section
from pipeline_common.tools.display import NOTHING_CHANGED, complain, say
from pipeline_common.tools.lifecycles import phases_of
from pipeline_common.tools.options import Commands, add_command, add_dry_run
from pipeline_common.tools.session import ExitCode, Session, UsageError, resolve, told
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
        metavar="N",
        help=f"forget this phase and all later ones, by number or name (default: {PHASES[0].number}, all of them)",
    )


def _add_books(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "ids", nargs="+", metavar="ID", help="a book_id or the beginning of one, a title, or a file's name"
    )
    add_dry_run(parser)


def _from_phase(phases: Sequence[Phase], text: str | None) -> Sequence[Phase]:
    """The phases from the one that somebody means; all of them where nobody says.

    Raises:
        UsageError: there is no such phase.
    """
    for index, phase in enumerate(phases):
        if text is None or text.lower() in (phase.number, f"{phase.number}.0", phase.key.lower(), phase.name.lower()):
            return phases[index:]
    known = ", ".join(f"{phase.number} ({phase.name})" for phase in phases)
    raise UsageError(f"There is no phase {text!r}; the phases are {known}.")


def _retry(session: Session, arguments: argparse.Namespace) -> int:
    return _change(session, arguments, RETRY, lambda document, book: retried(document, book, session.lifecycle))


def _clear(session: Session, arguments: argparse.Namespace) -> int:
    phases = _from_phase(session.phases, arguments.from_phase)
    return _change(session, arguments, CLEAR, lambda document, book: cleared(document, book, phases, session.lifecycle))


def retried(document: Any, book: str, lifecycle: Lifecycle = AUDIOBOOK) -> str:
    """Make a failed book eligible again: what failed is to be done, and its retries are counted from 0 again."""
    done = []
    for phase in phases_of(lifecycle):
        record = section(document, phase.key, "files").get(book)
        if isinstance(record, dict) and _has_failed(record, lifecycle):
            record["status"] = lifecycle.retried_as(record) if lifecycle.retried_as else lifecycle.initial
            done.append(f"phase {phase.number} ({phase.name})")
    forgot = _forget_failure(document, book, lifecycle)
    if done:
        return f"{' and '.join(done)} will be tried again"
    return "its last step will be tried again" if forgot else ""


def cleared(document: Any, book: str, phases: Sequence[Phase], lifecycle: Lifecycle = AUDIOBOOK) -> str:
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
    failed = any(_has_failed(section(document, key, "files", book), lifecycle) for key in lifecycle.phases)
    forgot_failure = not failed and _forget_failure(document, book, lifecycle)
    if forgotten:
        return f"forgotten: {', '.join(forgotten)}"
    return "forgotten: its failure" if forgot_failure else ""


def _has_failed(record: Mapping[str, Any], lifecycle: Lifecycle) -> bool:
    return lifecycle.kind_of(record.get("status")) == FAILED


def _forget_failure(document: Any, book: str, lifecycle: Lifecycle) -> bool:
    """Take back that a book has failed; what failed stays in its history. Returns whether there was anything."""
    places = (*((key, "files") for key in lifecycle.phases), *lifecycle.other_records)
    found = [_forget_failure_in(section(document, *place).get(book)) for place in places]
    return any(found)


def _forget_failure_in(about: Any) -> bool:
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
