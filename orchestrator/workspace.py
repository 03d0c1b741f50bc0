"""What `pipeline-state` asks of the orchestrator: who works on a state's books, and whether their files are in order.

Registered as an entry point of the group ``pipeline_common.workspaces``.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from orchestrator.config import DEFAULT_CONFIG, Config, load_config
from orchestrator.inspection import PARTS, inspect
from orchestrator.lock import book_lock_path, open_lock, try_lock
from orchestrator.promotion import PromotionError, abandon_promotion, complete_promotion
from orchestrator.records import BookRecords
from orchestrator.retention import tidy
from orchestrator.settings import Settings
from pipeline_common import PipelineState
from pipeline_common.retention import Act
from pipeline_common.tools.workspace import Fault, HeldError, Holder

_BUSY = (errno.EWOULDBLOCK, errno.EACCES, errno.EPERM)
"""Somebody holds it, or it belongs to another user, so that nobody can tell."""


_LONGEST_NAME_BYTES = 255


def open_workspace(pipeline_json: Path | None, config: Path | None) -> AudiobookWorkspace:
    """The workspace of a state file.

    Args:
        pipeline_json: the state file; None takes the one that the configuration names.
        config: the configuration; None takes ``config.yaml`` beside the state file (or in the current folder, where
            that is None too) if there is one, else the defaults.

    Raises:
        ConfigError: the configuration cannot be read or is wrong.
    """
    if config is not None:
        found = load_config(config)
    else:
        folder = pipeline_json.absolute().parent if pipeline_json else Path.cwd()
        beside = folder / DEFAULT_CONFIG
        found = load_config(beside) if os.path.lexists(beside) else Config().resolved(folder)
    if pipeline_json:
        found = found.model_copy(update={"pipeline_json": pipeline_json.absolute()})
    return AudiobookWorkspace(found)


class AudiobookWorkspace:
    """The work and output folders of one configuration.

    Args:
        config: the configuration, with absolute paths.
    """

    parts = PARTS

    def __init__(self, config: Config) -> None:
        self._config = config
        self._locks = config.work_dir / ".locks"

    @property
    def pipeline_json(self) -> Path:
        """The state file."""
        return self._config.pipeline_json

    @property
    def views(self) -> Mapping[str, str]:
        """When each derived view is made, by its name."""
        return self._config.views.model_dump(by_alias=True)

    def holder(self, book: str) -> Holder | None:
        """The live process that works on a book now, if there is one."""
        if not _names_a_file(book):
            return None
        try:
            descriptor = os.open(self._locks / book, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            return Holder() if error.errno in _BUSY else None
        try:
            # Shared, so that those who only ask do not take each other for workers.
            return None if _locked(descriptor, fcntl.LOCK_SH) else _noted(descriptor)
        finally:
            os.close(descriptor)

    def holders(self) -> Mapping[str, Holder]:
        """All live processes that work on books now, by book."""
        try:
            names = [entry.name for entry in os.scandir(self._locks) if entry.is_file() and entry.name[-5:] != ".lock"]
        except OSError:
            return {}
        return {name: holder for name in names if (holder := self.holder(name))}

    def batches(self) -> Sequence[Holder]:
        """All live processes that work through a folder of books now, also while none of them is being worked on."""
        try:
            names = sorted(entry.name for entry in os.scandir(self._locks) if entry.name[-5:] == ".lock")
        except OSError:
            return ()
        return tuple(holder for name in names if (holder := self.holder(name)))

    @contextmanager
    def hold(self, book: str) -> Iterator[None]:
        """Keep every worker away from a book while it is changed.

        Raises:
            HeldError: a live process works on it.
            OSError: the folder of locks cannot be used.
        """
        if not _names_a_file(book):  # no worker can lock what is no name of a file
            yield
            return
        descriptor = open_lock(book_lock_path(self._config.work_dir, book))
        try:
            if not try_lock(descriptor):
                raise HeldError(_noted(descriptor))
            yield
        finally:
            os.close(descriptor)

    def check(self, document: Mapping[str, Any]) -> Iterator[Fault]:
        """What is wrong with the files of the books of a document; books that are being worked on are left out."""
        return inspect(document, self._config, frozenset(self.holders()))

    @property
    def folders(self) -> Sequence[Path]:
        """Where files of the books lie."""
        return (self._config.input_dir, self._config.work_dir, self._config.output_dir)

    def complete(self, state: PipelineState, book: str) -> str:
        """Finish the move of a book's finished files to the output folder, or give it up; its lock is held."""
        records = BookRecords(state, book)
        try:
            moved = complete_promotion(records, Settings.of(self._config))
        except PromotionError:
            abandon_promotion(records)
            return "given up; what is missing is made again"
        return "completed" if moved else ""

    def tidy(self, state: PipelineState, *, rehearse: bool = False) -> Iterator[Act]:
        """Compress and delete old files, as the configuration says."""
        return tidy(state, self, self._config, rehearse=rehearse)


def _names_a_file(book: str) -> bool:
    """Whether a lock can have this name; an id from a document may be anything."""
    try:
        encoded = os.fsencode(book)
    except UnicodeEncodeError:
        return False
    return book not in ("", ".", "..") and not set(encoded) & set(b"/\0") and len(encoded) <= _LONGEST_NAME_BYTES


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _BUSY:
            raise
        return False
    return True


def _noted(descriptor: int) -> Holder:
    with suppress(ValueError, TypeError, AttributeError):
        note = json.loads(os.pread(descriptor, 1000, 0))
        pid, since = note.get("pid"), note.get("since")
        return Holder(pid if isinstance(pid, int) else None, since if isinstance(since, str) else None)
    return Holder()
