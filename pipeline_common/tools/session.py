# SPDX-License-Identifier: MIT
"""One call of ``pipeline-state``: the open state, who works on its books, and what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.codec import Document
from pipeline_common.errors import PipelineError, StateLockError, StateReadError
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.phases import Phase
from pipeline_common.state import PipelineState
from pipeline_common.tools.catalogue import Catalogue, Entry
from pipeline_common.tools.display import complain, moment
from pipeline_common.tools.lifecycles import phases_of
from pipeline_common.tools.records import RecordCatalogue
from pipeline_common.tools.workspace import Holder, Workspace
from pipeline_common.wording import counted

MOST_CHOICES_TOLD = 5

T = TypeVar("T")


class ExitCode(IntEnum):
    """What the command ends with."""

    DONE = 0
    FAULTS = 1
    USAGE = 2
    STATE = 3
    INTERRUPTED = 130


class UsageError(PipelineError):
    """The command or a folder is wrong; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Session:
    """What every command is given.

    Attributes:
        state: the open state.
        workspace: who works on its books, and where; None where nobody can say.
    """

    state: PipelineState
    workspace: Workspace | None

    @property
    def lifecycle(self) -> Lifecycle:
        """What the document means."""
        return self.state.lifecycle

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of a book, in order."""
        return phases_of(self.lifecycle)

    def document(self) -> Document:
        """The committed document; a damaged file is restored first, and that is said.

        Raises:
            StateError: the state cannot be used.
        """
        return self.mended(self.state.read)

    def mended(self, look: Callable[[], T]) -> T:
        """What a look at the state gives; a damaged file is restored first, and that is said.

        Raises:
            StateError: the state cannot be used.
        """
        try:
            return look()
        except StateReadError:
            self._mend()
            return look()

    def _mend(self) -> None:
        backup = self.state.recover()
        if backup:
            complain(
                f"The state file {self.state.path} was damaged; the backup {backup} was put in its place. "
                f"The damaged file is kept in {self.state.path.parent / '.pipeline' / 'conflicts'}."
            )

    @property
    def views(self) -> Mapping[str, str]:
        """When each derived view is made, by its name; one that is not named is made on demand."""
        return self.workspace.views if self.workspace else {}

    def catalogue(self, document: Document) -> Catalogue:
        """The books of a document, with what their workers say."""
        holder_of = self.workspace.holder if self.workspace else None
        if self.lifecycle is AUDIOBOOK:
            return Catalogue(document, holder_of)
        return RecordCatalogue(document, holder_of, self.lifecycle)

    def refuse_while_at_work(self) -> None:
        """For what concerns all books: what a worker has in memory would be written over it.

        Raises:
            StateLockError: a live process works on a book, or through a folder of books.
        """
        if self.workspace is None:
            return
        for batch in self.workspace.batches():
            raise StateLockError(
                f"A batch is running, {told(batch)}; nothing was changed. Wait until that has ended, or stop it, then "
                "try again."
            )
        holders = self.workspace.holders()
        for book, holder in sorted(holders.items()):
            more = f" (and {counted(len(holders) - 1, 'other book')})" if len(holders) > 1 else ""
            raise StateLockError(
                f"{book} is being worked on by {told(holder)}{more}; nothing was changed. "
                "Wait until that has ended, or stop it, then try again."
            )


def resolve(catalogue: Catalogue, names: Iterable[str]) -> tuple[list[Entry], list[str]]:
    """The books that somebody has named, each once, and the names that no book has.

    Raises:
        UsageError: a name may mean several books.
    """
    entries: dict[str, Entry] = {}
    unknown = []
    for name in names:
        found = catalogue.find(name)
        if len(found) > 1:
            choices = ", ".join(entry.id for entry in found[:MOST_CHOICES_TOLD])
            more = f" and {len(found) - MOST_CHOICES_TOLD} more" if len(found) > MOST_CHOICES_TOLD else ""
            raise UsageError(
                f"{name!r} may mean several books: {choices}{more}. Nothing was changed. Name one of them."
            )
        if found:
            entries[found[0].id] = found[0]
        else:
            unknown.append(name)
    return list(entries.values()), unknown


def told(holder: Holder) -> str:
    """A holder in words, such as ``process 4711 since 2026-01-01 12:00:00``."""
    who = f"process {holder.pid}" if holder.pid is not None else "another process"
    return f"{who} since {moment(holder.since)}" if holder.since else who
