# SPDX-License-Identifier: MIT
"""``check``: whether the document, its history and its backups are sound, and what it says of the world is true.

What is particular to the books is the workspace's to check.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline_common.codec import DamagedError, Document
from pipeline_common.errors import StateError, StateReadError
from pipeline_common.lifecycle import WORKING, records_of
from pipeline_common.tools.catalogue import book_ids, section
from pipeline_common.tools.display import NOTHING_CHANGED, print_json, say
from pipeline_common.tools.options import Commands, add_command, add_dry_run, add_json
from pipeline_common.tools.remedies import Correct, Redo, Reindex, Release, Restore, SetAside, TakeBack
from pipeline_common.tools.repairs import Repair, find_stale, restored
from pipeline_common.tools.session import ExitCode, Session
from pipeline_common.tools.workspace import OFF, Fault
from pipeline_common.wording import counted

PARTS = ("document", "journal", "backups", "claims", "stale", "views")
"""What is checked here."""

MOST_FAULTS_TOLD = 100
"""Of each part, for people."""

_MOST_LOOKS = 5
_MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check has found.

    Attributes:
        revision: of the document that was checked; None where it cannot be read.
        books: how many it has.
        faults: what is wrong.
    """

    revision: int | None
    books: int
    faults: list[Fault]


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        "check",
        _check,
        about="check the document, its journal and backups, the files of the books, and who claims to work on them",
        example="check --repair --dry-run",
    )
    parser.add_argument(
        "--repair", action="store_true", help="put right what is wrong; files are moved aside, not lost"
    )
    add_dry_run(parser)
    add_json(parser)


def _check(session: Session, arguments: argparse.Namespace) -> int:
    if arguments.repair and not arguments.dry_run:
        session.refuse_while_at_work()
        done = _repair(session)
    else:
        done = []
    findings = _settled(session)
    parts = [part for part in PARTS if session.workspace or part != "claims"]
    parts[parts.index("stale") : parts.index("stale")] = session.workspace.parts if session.workspace else ()
    code = ExitCode.FAULTS if findings.faults else ExitCode.DONE
    if arguments.json:
        about = {"revision": findings.revision, "books": findings.books, "checked": parts}
        repaired = [{**fault.as_json(), "done": what} for fault, what in done]
        faults = [fault.as_json() for fault in findings.faults]
        print_json({**about, "faults": faults, **({"repaired": repaired} if arguments.repair else {})})
        return code
    for fault, what in done:
        say(f"repaired: {_of(fault)}{fault.what} → {what}.")
    for part in parts:
        _say_part(part, [fault for fault in findings.faults if fault.part == part], arguments)
    if session.workspace is None:
        say("The files of the books were not checked: no program that knows them is installed.")
    if arguments.repair and arguments.dry_run:
        say(NOTHING_CHANGED)
    revision = "" if findings.revision is None else f", revision {findings.revision}, {counted(findings.books, 'book')}"
    if not findings.faults and not session.state.path.exists():
        say(f"There is no state at {session.state.path} yet, so there is nothing to check.")
        return code
    faults_told = counted(len(findings.faults), "fault") if findings.faults else "everything is in order"
    say(f"{session.state.path}{revision}: {faults_told}.")
    return code


def _say_part(part: str, faults: Sequence[Fault], arguments: argparse.Namespace) -> None:
    say(f"{part + ':':<11} {counted(len(faults), 'fault') if faults else 'in order'}")
    for fault in faults[:MOST_FAULTS_TOLD]:
        rehearsed = type(fault.remedy).__doc__ if arguments.repair and fault.remedy else None
        say(f"  {_of(fault)}{fault.what} {f'It would be repaired: {rehearsed}' if rehearsed else fault.advice}")
    if len(faults) > MOST_FAULTS_TOLD:
        say(f"  … and {len(faults) - MOST_FAULTS_TOLD:,} more; --json lists them all.")


def _of(fault: Fault) -> str:
    return f"{fault.book}: " if fault.book else ""


def _repair(session: Session) -> list[tuple[Fault, str]]:
    """Put right what can be, until nothing is left of that; gives what was done.

    One repair may bring another fault to light: a finished book without its audiobook needs what led to it again.
    """
    done: list[tuple[Fault, str]] = []
    repair = Repair(session)
    tried: set[Fault] = set()
    for _ in range(_MOST_ROUNDS):
        faults = [fault for fault in _faults_to_repair(session) if fault.remedy and fault not in tried]
        if not faults:
            break
        tried.update(faults)
        for fault in _each_once(faults):
            outcome = repair.mend(fault)
            if outcome:
                done.append((fault, outcome))
    return done


def _faults_to_repair(session: Session) -> list[Fault]:
    try:
        return _look(session).faults
    except StateReadError as error:
        if not isinstance(error.__cause__, DamagedError):
            raise
        restored(session)
        return _look(session).faults


def _each_once(faults: Iterable[Fault]) -> Iterator[Fault]:
    """Of all that a book has to do again, the first phase: that clears the others."""
    redone: set[str | None] = set()
    for fault in faults:
        if isinstance(fault.remedy, Redo):
            if fault.book in redone:
                continue
            redone.add(fault.book)
        yield fault


def _settled(session: Session) -> Findings:
    """The findings of a look during which nobody has changed the state, or else of the last one."""
    for _ in range(_MOST_LOOKS):
        findings = _look(session)
        if not findings.faults or findings.revision is None or _revision(session) == findings.revision:
            break
    return findings


def _look(session: Session) -> Findings:
    try:
        document, revision = session.state.read_with_revision()
    except StateReadError as error:
        if not (isinstance(error.__cause__, DamagedError) and session.state.backup_manager.newest_valid()):
            raise
        advice = "Any command but this one restores it, as `check --repair` does; the damaged file is kept."
        damage = Fault("document", str(error), advice, remedy=Restore())
        return Findings(None, 0, [damage, *_of_history(session), *_of_backups(session)])
    faults = [*_of_document(session, document), *_of_history(session), *_of_backups(session)]
    if session.workspace:
        faults += [*_of_claims(session, document), *session.workspace.check(document)]
    known = frozenset(fault.book for fault in faults if fault.part not in ("claims", "orphans"))
    faults += [*_of_entries(session, document, known), *_of_views(session)]
    return Findings(revision, len(book_ids(document, session.lifecycle)), faults)


def _of_entries(session: Session, document: Document, known: frozenset[str | None]) -> Iterator[Fault]:
    """Entries without the files that they must have at their stage, but for those whose faults are known."""
    busy = session.workspace.holders() if session.workspace else {}
    for name in book_ids(document, session.lifecycle):
        if name in known or name in busy:
            continue
        stale = find_stale(name, records_of(document, name, session.lifecycle), session)
        if stale:
            what = f"{stale.missing} is gone, which it must have while it is {stale.stage}."
            advice = "Put it back, or have `pipeline-state prune` forget what is no longer true."
            yield Fault("stale", what, advice, name, TakeBack(stale))


def _of_views(session: Session) -> Iterator[Fault]:
    """Derived views that are there and do not say what the document says."""
    from pipeline_common.derived.views import KINDS, Views

    views = Views(session.state)
    for kind, what in views.faults(kind for kind in KINDS if session.views.get(kind) != OFF):
        advice = f"Nothing relies on it. `pipeline-state reindex --view {kind}` makes it anew."
        yield Fault("views", f"{views.path(kind)}: {what}.", advice, remedy=Reindex(kind))


def _revision(session: Session) -> int | None:
    try:
        return session.state.read_with_revision()[1]
    except StateError:
        return None


def _of_document(session: Session, document: Document) -> Iterator[Fault]:
    try:
        session.lifecycle.validate(document)
    except StateError as error:
        advice = "Or restore an earlier document: `pipeline-state history` lists them."
        yield Fault("document", str(error), advice, remedy=Correct())


def _of_history(session: Session) -> Iterator[Fault]:
    for path, reason in session.state.history.damaged():
        advice = "Earlier revisions that it holds cannot be restored; the document is not affected. Remove the file."
        yield Fault("journal", f"The earlier journal {path} is damaged: {reason}.", advice, remedy=SetAside((path,)))


def _of_backups(session: Session) -> Iterator[Fault]:
    manager = session.state.backup_manager
    for backup in manager.newest_first():
        try:
            manager.verified(backup.path)
        except StateReadError as error:
            yield Fault("backups", str(error), "Or remove it.", remedy=SetAside((str(backup.path),)))


def _of_claims(session: Session, document: Document) -> Iterator[Fault]:
    """Phases that are recorded as running though nobody works on the book."""
    for phase in session.phases:
        for book, record in section(document, phase.key, "files").items():
            running = session.lifecycle.kind_of(section(record).get("status")) == WORKING
            if running and session.workspace and session.workspace.holder(book) is None:
                what = f"phase {phase.number} ({phase.name}) is recorded as running, but no process works on the book."
                yield Fault(
                    "claims",
                    what,
                    "It was interrupted; the next run of the book goes on with it.",
                    book,
                    Release(phase.key),
                )
