# SPDX-License-Identifier: MIT
"""``check``: whether the document, its history and its backups are sound, and what it says of the world is true.

What is particular to the books is the workspace's to check.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from pipeline_common.codec import DamagedError, Document
from pipeline_common.errors import StateError, StateReadError
from pipeline_common.lifecycle import WORKING
from pipeline_common.tools.catalogue import book_ids, section
from pipeline_common.tools.display import counted, print_json, say
from pipeline_common.tools.options import Commands, add_command, add_json
from pipeline_common.tools.session import ExitCode, Session
from pipeline_common.tools.workspace import Fault

PARTS = ("document", "journal", "backups", "claims")
"""What is checked here."""

MOST_FAULTS_TOLD = 100
"""Of each part, for people."""

_MOST_LOOKS = 5


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
        example="check",
    )
    add_json(parser)


def _check(session: Session, arguments: argparse.Namespace) -> int:
    findings = _settled(session)
    parts = (*PARTS[:-1], *(("claims", *session.workspace.parts) if session.workspace else ()))
    code = ExitCode.FAULTS if findings.faults else ExitCode.DONE
    if arguments.json:
        print_json(
            {
                "revision": findings.revision,
                "books": findings.books,
                "checked": list(parts),
                "faults": [asdict(fault) for fault in findings.faults],
            }
        )
        return code
    for part in parts:
        faults = [fault for fault in findings.faults if fault.part == part]
        say(f"{part + ':':<11} {counted(len(faults), 'fault') if faults else 'in order'}")
        for fault in faults[:MOST_FAULTS_TOLD]:
            about = f"{fault.book}: " if fault.book else ""
            say(f"  {about}{fault.what} {fault.advice}")
        if len(faults) > MOST_FAULTS_TOLD:
            say(f"  … and {len(faults) - MOST_FAULTS_TOLD:,} more; --json lists them all.")
    if session.workspace is None:
        say("The files of the books were not checked: no program that knows them is installed.")
    revision = "" if findings.revision is None else f", revision {findings.revision}, {counted(findings.books, 'book')}"
    faults_told = counted(len(findings.faults), "fault") if findings.faults else "everything is in order"
    say(f"{session.state.path}{revision}: {faults_told}.")
    return code


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
        advice = "Any command but this one restores it; the damaged file is kept."
        return Findings(None, 0, [Fault("document", str(error), advice), *_of_history(session), *_of_backups(session)])
    faults = [*_of_document(session, document), *_of_history(session), *_of_backups(session)]
    if session.workspace:
        faults += [*_of_claims(session, document), *session.workspace.check(document)]
    return Findings(revision, len(book_ids(document, session.lifecycle)), faults)


def _revision(session: Session) -> int | None:
    try:
        return session.state.read_with_revision()[1]
    except StateError:
        return None


def _of_document(session: Session, document: Document) -> Iterator[Fault]:
    try:
        session.lifecycle.validate(document)
    except StateError as error:
        yield Fault("document", str(error), "Or restore an earlier document: `pipeline-state history` lists them.")


def _of_history(session: Session) -> Iterator[Fault]:
    for path, reason in session.state.history.damaged():
        advice = "Earlier revisions that it holds cannot be restored; the document is not affected. Remove the file."
        yield Fault("journal", f"The earlier journal {path} is damaged: {reason}.", advice)


def _of_backups(session: Session) -> Iterator[Fault]:
    manager = session.state.backup_manager
    for backup in manager.newest_first():
        try:
            manager.verified(backup.path)
        except StateReadError as error:
            yield Fault("backups", str(error), "Or remove it.")


def _of_claims(session: Session, document: Document) -> Iterator[Fault]:
    """Phases that are recorded as running though nobody works on the book."""
    for phase in session.phases:
        for book, record in section(document, phase.key, "files").items():
            running = session.lifecycle.kind_of(section(record).get("status")) == WORKING
            if running and session.workspace and session.workspace.holder(book) is None:
                what = f"phase {phase.number} ({phase.name}) is recorded as running, but no process works on the book."
                yield Fault("claims", what, "It was interrupted; the next run of the book goes on with it.", book)
