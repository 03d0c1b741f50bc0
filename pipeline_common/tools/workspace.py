# SPDX-License-Identifier: MIT
"""What a program that works on the books of a state tells these tools: who works, and whether its files are in order.

The program registers a function under `GROUP` in its ``pyproject.toml``; nothing here imports it by name. Without one,
the tools know the state alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from pipeline_common.errors import PipelineError
from pipeline_common.retention import Act
from pipeline_common.state import PipelineState
from pipeline_common.tools.remedies import Remedy

GROUP = "pipeline_common.workspaces"
"""The group of entry points. Each is a function ``(pipeline_json: Path | None, config: Path | None) -> Workspace``."""


ON, ON_DEMAND, OFF = "on", "on_demand", "off"
"""When a derived view is made: by every batch and command, by the command that needs it, never."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A live process that works on a book.

    Attributes:
        pid: its number; None where it is not known.
        since: since when, ISO 8601; None where it is not known.
    """

    pid: int | None = None
    since: str | None = None


class HeldError(PipelineError):
    """A live process works on the book; nothing was changed.

    Attributes:
        holder: which one.
    """

    def __init__(self, holder: Holder) -> None:
        super().__init__("a live process works on this book")
        self.holder = holder


class WorkspaceError(PipelineError):
    """The program that was registered cannot be loaded; the message says which."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be.

    Attributes:
        part: what was checked, such as ``backups``.
        what: what is wrong, and where.
        advice: what to do about it.
        book: the book that it is about, if it is about one.
        remedy: what puts it right; None where a person has to.
    """

    part: str
    what: str
    advice: str
    book: str | None = None
    remedy: Remedy | None = None

    def as_json(self) -> dict[str, str | None]:
        """What people and programs are told of it."""
        return {"part": self.part, "what": self.what, "advice": self.advice, "book": self.book}


class Workspace(Protocol):
    """Where the work on the books of one state is done.

    Attributes:
        pipeline_json: the state file.
        parts: what `check` looks at, such as ``("artifacts", "orphans")``.
    """

    @property
    def pipeline_json(self) -> Path:
        """The state file."""

    @property
    def parts(self) -> tuple[str, ...]:
        """What `check` looks at."""

    @property
    def views(self) -> Mapping[str, str]:
        """When each derived view is made: `ON`, `ON_DEMAND` or `OFF`, by its name."""

    def holder(self, book: str) -> Holder | None:
        """The live process that works on a book now, if there is one."""

    def holders(self) -> Mapping[str, Holder]:
        """All live processes that work on books now, by book."""

    def batches(self) -> Sequence[Holder]:
        """All live processes that work through a folder of books now, also while none of them is being worked on."""

    def hold(self, book: str) -> AbstractContextManager[None]:
        """Keep every worker away from a book while it is changed.

        Raises:
            HeldError: a live process works on it.
        """

    @property
    def folders(self) -> Sequence[Path]:
        """Where files of the books lie. Where one is not there, as when its disk is not, no file is called gone."""

    def check(self, document: Mapping[str, Any]) -> Iterator[Fault]:
        """What is wrong with the files of the books of a document; books that are being worked on are left out."""

    def complete(self, state: PipelineState, book: str) -> str:
        """Finish what was begun with a book's finished files, or give it up; the caller keeps every worker away.

        Returns:
            What was done.
        """

    def tidy(self, state: PipelineState, *, rehearse: bool) -> Iterator[Act]:
        """Compress and delete old files, as the program's configuration says.

        Args:
            state: the open state.
            rehearse: only tell.

        Yields:
            What was done, or would be.

        Raises:
            StateError: the state cannot be used.
            OSError: the disk refused.
        """


def open_workspace(pipeline_json: Path | None, config: Path | None, kind: str) -> Workspace | None:
    """The workspace of a state file, from whoever registered one.

    Args:
        pipeline_json: the state file; None where the program's configuration is to say it.
        config: that configuration; None where the program is to find it.
        kind: the name of the document's life cycle, under which the program is registered.

    Returns:
        None where nobody has registered one.

    Raises:
        WorkspaceError: the program cannot be loaded.
        ConfigError: its configuration is wrong.
    """
    for point in entry_points(group=GROUP, name=kind):
        try:
            opener = point.load()
        except (ImportError, AttributeError) as error:
            raise WorkspaceError(
                f"{point.value}, which knows the files of the books, cannot be loaded: {error}. "
                "Install audiobook-pipeline again."
            ) from error
        workspace: Workspace = opener(pipeline_json, config)
        return workspace
    return None
