# SPDX-License-Identifier: MIT
"""``prune``: forgets what is no longer true, or no longer wanted."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime

from pipeline_common.codec import Document
from pipeline_common.files import now
from pipeline_common.lifecycle import records_of
from pipeline_common.retention import told as told_of_files
from pipeline_common.stale import Stale
from pipeline_common.tools.catalogue import FAILURES, Entry, book_ids
from pipeline_common.tools.display import NOTHING_CHANGED, complain, moment, say
from pipeline_common.tools.moments import age
from pipeline_common.tools.options import Commands, add_command, add_dry_run
from pipeline_common.tools.repairs import Repair, find_stale, forget
from pipeline_common.tools.session import ExitCode, Session, told
from pipeline_common.tools.workspace import HeldError
from pipeline_common.wording import counted

PRUNE = "prune"

_ORPHANS = "orphans"
"""What the workspace calls files that belong to no book."""


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        PRUNE,
        _prune,
        about="forget entries whose files are gone, and compress or delete old files as the configuration says; with "
        "options, old failures and files that belong to no book, too",
        example="prune --failed-older-than 30d --orphans --dry-run",
    )
    parser.add_argument(
        "--stale-only",
        action="store_true",
        help="only forget what is no longer true of entries whose files are gone; old files are left as they are",
    )
    parser.add_argument(
        "--failed-older-than",
        type=age,
        metavar="AGE",
        help="forget books that failed for the last time before that, such as 30 or 30d (days), 12h, 2w",
    )
    parser.add_argument(
        "--orphans", action="store_true", help="move files that belong to no book to the folder of conflicts"
    )
    add_dry_run(parser)


def _prune(session: Session, arguments: argparse.Namespace) -> int:
    document = session.state.read() if arguments.dry_run else session.document()
    if arguments.orphans and not arguments.dry_run:
        session.refuse_while_at_work()
    pruning = _Pruning(session, rehearsal=arguments.dry_run)
    for stale in list(_stale(session, document)):
        pruning.take_back(stale)
    if arguments.failed_older_than is not None:
        for entry in list(_failed(session, document, now() - arguments.failed_older_than)):
            pruning.forget(entry)
    if arguments.orphans:
        pruning.set_aside_orphans()
    if not arguments.stale_only:
        pruning.tidy()
    if not pruning.done and not pruning.refused:
        say("There is nothing to prune.")
    if arguments.dry_run:
        say(NOTHING_CHANGED)
    return ExitCode.STATE if pruning.refused else ExitCode.DONE


def _stale(session: Session, document: Document) -> Iterator[Stale]:
    for name in book_ids(document, session.lifecycle):
        stale = find_stale(name, records_of(document, name, session.lifecycle), session)
        if stale:
            yield stale


def _failed(session: Session, document: Document, before: datetime) -> Iterator[Entry]:
    for entry in session.catalogue(document).entries:
        try:
            at = datetime.fromisoformat(entry.at).astimezone()
        except (ValueError, OverflowError):
            continue  # nobody knows when that was
        if entry.status in FAILURES and at < before:
            yield entry


class _Pruning:
    """What one call does, or would do.

    Args:
        session: whose state it is.
        rehearsal: whether nothing is to be changed.

    Attributes:
        done: how many entries and files were pruned.
        refused: how many books were left alone, because a live process works on them.
    """

    def __init__(self, session: Session, *, rehearsal: bool) -> None:
        self.done = self.refused = 0
        self._session = session
        self._rehearsal = rehearsal
        self._repair = Repair(session, PRUNE)

    def take_back(self, stale: Stale) -> None:
        """Forget what is no longer true of a stale entry."""
        with self._alone_with(stale.name) as alone:
            if alone:
                outcome = "it would be forgotten from there on" if self._rehearsal else self._repair.take_back(stale)
                say(f"{stale.name}: {stale.missing} is gone, which it must have while it is {stale.stage}; {outcome}.")

    def forget(self, entry: Entry) -> None:
        """Forget a book that has failed."""
        with self._alone_with(entry.id) as alone:
            if alone:
                if not self._rehearsal:
                    with self._session.state.transaction(operation=PRUNE, validate=False) as txn:
                        forget(txn.data, entry.id, self._session)
                outcome = "would be forgotten" if self._rehearsal else "forgotten"
                say(f"{entry.name} ({entry.id}): {outcome}; it failed at {moment(entry.at)}.")

    def set_aside_orphans(self) -> None:
        """Move what belongs to no book out of the way, and remove what attempts have left."""
        workspace = self._session.workspace
        if workspace is None:
            complain("The files of the books were not looked at: no program that knows them is installed.")
            return
        orphans = [fault for fault in workspace.check(self._session.state.read()) if fault.part == _ORPHANS]
        self.done += len(orphans)
        for fault in orphans:
            outcome = "it would be put out of the way" if self._rehearsal else self._repair.mend(fault)
            say(f"{fault.what.rstrip('.')}: {outcome}.")
        if orphans and self._repair.aside.exists():
            say(f"{counted(len(orphans), 'finding')}; remove {self._repair.aside} to free the space.")

    def tidy(self) -> None:
        """Compress and delete old files, after the rules of the configuration."""
        workspace = self._session.workspace
        acts = list(workspace.tidy(self._session.state, rehearse=self._rehearsal)) if workspace else []
        self.done += len(acts)
        if acts:
            say(f"Old files: {told_of_files(acts)}.")

    @contextmanager
    def _alone_with(self, book: str) -> Iterator[bool]:
        """Keep every worker away from a book; where one works on it, says so, and gives no."""
        workspace = self._session.workspace
        try:
            with workspace.hold(book) if workspace and not self._rehearsal else nullcontext():
                holder = workspace.holder(book) if workspace and self._rehearsal else None
                if holder:
                    raise HeldError(holder)
                self.done += 1
                yield True
        except HeldError as error:
            self.refused += 1
            complain(f"{book} is being worked on by {told(error.holder)}; it was left alone.")
            yield False
