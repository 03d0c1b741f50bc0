# SPDX-License-Identifier: MIT
"""``backups``, ``restore`` and ``reset``: what the state was, and how it becomes that again."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipeline_common.audit import RESTORE
from pipeline_common.backups import Backup, Backups
from pipeline_common.errors import StateReadError
from pipeline_common.files import StateFiles
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.tools.catalogue import book_ids, section, text_of
from pipeline_common.tools.display import NOTHING_CHANGED, moment, print_json, print_table, say, size
from pipeline_common.tools.moments import past_moment
from pipeline_common.tools.options import Commands, add_command, add_dry_run, add_json, positive_int
from pipeline_common.tools.session import ExitCode, Session
from pipeline_common.wording import counted


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(commands, "backups", _backups, about="list the backups, newest first", example="backups")
    add_json(parser)
    parser = add_command(
        commands,
        "restore",
        _restore,
        about="put an earlier document in place; what it replaces is kept",
        example="restore --revision 41",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--backup", metavar="FILE", help="a path, or a name from the list of backups")
    which.add_argument(
        "--revision", metavar="N", type=positive_int, help="the document as it was after the commit of that number"
    )
    which.add_argument(
        "--at",
        metavar="T",
        type=past_moment,
        help="the document as it was at that moment, such as 2026-01-31T14:05 or 2h",
    )
    add_dry_run(parser)
    parser = add_command(
        commands,
        "reset",
        _reset,
        about="start afresh: move the state file and all that belongs to it aside, deleting nothing",
        example="reset --dry-run",
    )
    add_dry_run(parser)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A backup as it is listed; one that is damaged has no date and no books."""

    revision: int
    path: str
    size_bytes: int
    readable: bool
    last_updated: str = ""
    books: int = 0


def _backups(session: Session, arguments: argparse.Namespace) -> int:
    manager = session.state.backup_manager
    found = [_listed(manager, backup, session.lifecycle) for backup in manager.newest_first()]
    if arguments.json:
        print_json({"folder": str(manager.folder), "backups": [asdict(backup) for backup in found]})
    elif found:
        say(f"Backups of {session.state.path}, newest first, in {manager.folder}:")
        print_table(("Revision", "Of", "Size", "Readable", "Books", "Backup"), map(_row_of_backup, found))
    else:
        say(f"There are no backups of {session.state.path}.")
    return ExitCode.DONE


def _listed(manager: Backups, backup: Backup, lifecycle: Lifecycle) -> _Listed:
    try:
        document, _ = manager.verified(backup.path)
    except StateReadError:
        return _Listed(backup.revision, str(backup.path), backup.size_bytes, readable=False)
    return _Listed(
        backup.revision,
        str(backup.path),
        backup.size_bytes,
        readable=True,
        last_updated=text_of(document.get("last_updated")),
        books=len(book_ids(document, lifecycle)),
    )


def _row_of_backup(backup: _Listed) -> tuple[str, ...]:
    readable, books = ("yes", str(backup.books)) if backup.readable else ("damaged", "")
    at, size_told = moment(backup.last_updated), size(backup.size_bytes)
    return (str(backup.revision), at, size_told, readable, books, Path(backup.path).name)


def _restore(session: Session, arguments: argparse.Namespace) -> int:
    state, revision = session.state, arguments.revision
    if arguments.at:
        revision, present = _revision_at(session, arguments.at)
        if revision == present:
            say(f"Revision {revision} was the document then, and is the document now: nothing to do.")
            return ExitCode.DONE
    backup = None if revision else _backup_path(session, arguments.backup)
    if arguments.dry_run:
        return _rehearse_restore(session, backup, revision)
    session.refuse_while_at_work()
    existed = state.path.exists()
    if backup:
        state.restore_backup(backup)
        say(f"Restored {state.path} from {backup}.")
    else:
        state.restore(revision=revision)
        say(f"Restored {state.path} to revision {revision}.")
    noted = next((entry for entry in state.get_transaction_history() if entry.get("operation") == RESTORE), {})
    kept = section(noted, "details").get("kept")
    if kept:
        say(f"The damaged file is kept as {kept}.")
    elif existed:
        say("What it replaced is the newest backup now.")
    return ExitCode.DONE


def _revision_at(session: Session, at: datetime) -> tuple[int, int]:
    """The revision of the last commit up to a moment, and that of the present document; 0 where it is damaged.

    Raises:
        StateReadError: the history does not go back so far.
    """
    found = oldest = None
    for change in session.state.history.kept():
        oldest = oldest or change
        if change.at <= at:
            found = change
    if found is None:
        told = f"It begins with revision {oldest.revision} of {moment(oldest.at.isoformat())}. " if oldest else ""
        raise StateReadError(
            f"The history of {session.state.path} does not go back to {moment(at.isoformat())}. {told}"
            "Nothing was changed. `pipeline-state backups` lists what else can be restored."
        )
    try:
        return found.revision, session.state.read_with_revision()[1]
    except StateReadError:
        return found.revision, 0


def _rehearse_restore(session: Session, backup: Path | None, revision: int) -> int:
    if backup:
        document, revision = session.state.backup_manager.verified(backup)
    else:
        document, _ = session.state.history.document_at(revision)
    session.refuse_while_at_work()
    at = moment(document.get("last_updated"))
    of = f"revision {revision} of {at}" if at else f"revision {revision}"
    books = counted(len(book_ids(document, session.lifecycle)), "book")
    say(f"{of}, with {books}, would be put in the place of {session.state.path}.")
    say(NOTHING_CHANGED)
    return ExitCode.DONE


def _backup_path(session: Session, name: str) -> Path:
    path = Path(name)
    return session.state.backup_manager.folder / name if not path.exists() and path.name == name else path


def _reset(session: Session, arguments: argparse.Namespace) -> int:
    state = session.state
    session.refuse_while_at_work()
    if arguments.dry_run:
        there = _belongings(session)
        say(
            f"Would be moved to a folder of their own in {StateFiles(state.path).conflicts}: {', '.join(there)}."
            if there
            else f"There is no state at {state.path}: nothing to reset."
        )
        say(NOTHING_CHANGED)
        return ExitCode.DONE
    folder = state.reset()
    if folder is None:
        say(f"There is no state at {state.path}: nothing to reset.")
    else:
        say(f"Moved {state.path.name}, its backups and its log to {folder}; nothing was deleted.")
    return ExitCode.DONE


def _belongings(session: Session) -> list[str]:
    """What belongs to the state and is there."""
    files = StateFiles(session.state.path)
    there = [path.name for path in (files.state, files.journal, files.log) if path.exists()]
    backups, segments = len(session.state.backup_manager.newest_first()), len(session.state.history.segments())
    return there + [
        counted(number, noun) for number, noun in ((backups, "backup"), (segments, "earlier journal")) if number
    ]
