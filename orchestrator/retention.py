"""Old files of a library, after the rules of its configuration: the state's own, the logs, the spoken chunks.

What proves that a book is done is never touched, so nothing that retention does makes a phase run again. The chunks of
a finished book are spoken again should it ever have to be.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.config import Config
from orchestrator.sections.care import KeptSection
from pipeline_common.books import COMPLETE, stage
from pipeline_common.files import now, time_name
from pipeline_common.lifecycle import sparse_document
from pipeline_common.retention import ROTATE, Act, Rule, StateRules, carry_out, due, tidy_state
from pipeline_common.state import PipelineState
from pipeline_common.tools.workspace import HeldError, Workspace

_MB = 1_000_000


def tidy(state: PipelineState, workspace: Workspace, config: Config, *, rehearse: bool = False) -> Iterator[Act]:
    """Do all that the rules ask for.

    Args:
        state: the open state.
        workspace: says who works on which book.
        config: the configuration, with absolute paths.
        rehearse: only tell.

    Yields:
        What was done, or would be.

    Raises:
        StateError: the state cannot be used.
        OSError: the disk refused.
    """
    retention, now_s = config.retention, time.time()
    compress_days = retention.compress_after_days
    rules = StateRules(
        backups=_rule(retention.backups, compress_days),
        segments=_rule(retention.segments, compress_days),
        transactions=_rule(retention.transactions, compress_days),
        rotate_bytes=retention.transactions.rotate_mb * _MB,
    )
    yield from tidy_state(state, rules, now_s, rehearse=rehearse)
    yield from _log_of_batches(config, rehearse=rehearse)
    logs = _Logs(workspace, config)
    for act in due(logs.files(), _rule(retention.logs, compress_days), now_s):
        if logs.is_free(act.path):
            if not rehearse:
                carry_out(act)
            yield act
    yield from _chunks(state, workspace, config, now_s, rehearse=rehearse)


def _rule(section: KeptSection, compress_days: float | None) -> Rule:
    return Rule(compress_days, section.days, None if section.mb is None else section.mb * _MB)


def _log_of_batches(config: Config, *, rehearse: bool) -> Iterator[Act]:
    """Put the log of batches aside where it is large; who has it open goes on with it to the end of its run."""
    log = config.log_file
    with suppress(FileNotFoundError):
        size_bytes = log.stat().st_size
        if size_bytes > config.retention.logs.rotate_mb * _MB:
            if not rehearse:
                log.replace(log.with_name(f"{log.stem}_{time_name(now())}{log.suffix}"))
            yield Act(ROTATE, log, size_bytes)


class _Logs:
    """What phases have printed, and earlier logs of batches."""

    def __init__(self, workspace: Workspace, config: Config) -> None:
        self._workspace = workspace
        self._config = config

    def files(self) -> Iterator[Path]:
        """All of them, compressed ones too."""
        log = self._config.log_file
        aside = f"{log.stem}_[0-9]*_[0-9]*_[0-9]*{log.suffix}"
        for pattern in (aside, f"{aside}.gz"):
            yield from log.parent.glob(pattern)
        for book in _folders(self._config.work_dir):
            yield from (Path(entry.path) for entry in _entries(book / "logs") if entry.is_file(follow_symlinks=False))

    def is_free(self, path: Path) -> bool:
        """Whether nobody is about to write to it."""
        folder = path.parent.parent
        return folder.parent != self._config.work_dir or self._workspace.holder(folder.name) is None


def _chunks(
    state: PipelineState, workspace: Workspace, config: Config, now_s: float, *, rehearse: bool
) -> Iterator[Act]:
    """The spoken chunks of finished books, the oldest first; of one that is being worked on, none."""
    rule = _rule(config.retention.work, None)
    if rule == Rule():
        return
    view, by_book = state.view(), dict[Path, list[Path]]()
    for book in _folders(config.work_dir):
        chunks = [Path(entry.path) for entry in _entries(book / "chunks") if entry.is_file(follow_symlinks=False)]
        if chunks and _is_complete(view.records_of(book.name), book.name, state):
            by_book[book] = chunks
    acts = due((chunk for chunks in by_book.values() for chunk in chunks), rule, now_s)
    gone = {act.path: act for act in acts}
    for book, chunks in by_book.items():
        of_book = [gone[chunk] for chunk in chunks if chunk in gone]
        with suppress(HeldError):
            yield from _removed(of_book, book, state, workspace) if of_book and not rehearse else of_book


def _removed(acts: list[Act], book: Path, state: PipelineState, workspace: Workspace) -> Iterator[Act]:
    with workspace.hold(book.name):
        if _is_complete(state.view().records_of(book.name), book.name, state):  # nobody has begun it again meanwhile
            for act in acts:
                carry_out(act)
                yield act


def _is_complete(records: Mapping[str, Any], book: str, state: PipelineState) -> bool:
    return stage(sparse_document(records, book, state.lifecycle), book) == COMPLETE


def _folders(work_dir: Path) -> Iterator[Path]:
    return (
        Path(entry.path)
        for entry in _entries(work_dir)
        if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
    )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
