# SPDX-License-Identifier: MIT
"""What old files become: compressed after a time, then deleted by age or size. Of a state's own files it is done here.

Nothing is deleted unless a rule says so, and never what the next recovery would need: the newest valid backup, and the
earlier journals that lead on from it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pipeline_common.audit import AuditTrail
from pipeline_common.compressed import SUFFIX, compress
from pipeline_common.files import StateFiles
from pipeline_common.state import PipelineState
from pipeline_common.system import System

COMPRESS, DELETE, ROTATE = "compress", "delete", "rotate"

_DAY_S = 86400.0
_LARGEST_BYTES = 4 << 30
_SYSTEM = System()


@dataclass(frozen=True, slots=True)
class Rule:
    """How long files of one kind are kept; None never ends.

    Attributes:
        compress_days: compressed once they are older.
        days: deleted once they are older.
        size_bytes: of more than that together, the oldest are deleted.
    """

    compress_days: float | None = None
    days: float | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class StateRules:
    """Those of the files of a state.

    Attributes:
        backups: of backups.
        segments: of earlier journals.
        transactions: of what was rotated away of the audit trail.
        rotate_bytes: a larger audit trail is put aside.
    """

    backups: Rule = Rule()
    segments: Rule = Rule()
    transactions: Rule = Rule()
    rotate_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What becomes of one file.

    Attributes:
        kind: `COMPRESS`, `DELETE` or `ROTATE`.
        path: the file.
        size_bytes: its size before.
    """

    kind: str
    path: Path
    size_bytes: int


def due(files: Iterable[Path], rule: Rule, now_s: float) -> list[Act]:
    """What is to become of files of one kind; those that are gone meanwhile are passed over.

    Args:
        files: of which nobody needs any.
        rule: the rule.
        now_s: the present moment, seconds since 1970.
    """
    found = []
    for path in files:
        with suppress(OSError):
            status = os.lstat(path)
            found.append((status.st_mtime, str(path), status.st_size))
    total_bytes = sum(size_bytes for _, _, size_bytes in found)
    acts = []
    for mtime_s, name, size_bytes in sorted(found):
        path, age_days = Path(name), (now_s - mtime_s) / _DAY_S
        too_old = rule.days is not None and age_days > rule.days
        if too_old or (rule.size_bytes is not None and total_bytes > rule.size_bytes):
            acts.append(Act(DELETE, path, size_bytes))
            total_bytes -= size_bytes
        elif rule.compress_days is not None and age_days > rule.compress_days and path.suffix != SUFFIX:
            acts.append(Act(COMPRESS, path, size_bytes))
    return acts


def carry_out(act: Act) -> None:
    """Do it.

    Raises:
        OSError: the disk refused, and the file is as it was; of one that is gone meanwhile nothing is said.
    """
    with suppress(FileNotFoundError):
        if act.kind == COMPRESS:
            compress(_SYSTEM, act.path, _LARGEST_BYTES)
        elif act.kind == DELETE:
            act.path.unlink()


def told(acts: Sequence[Act]) -> str:
    """What was done in a few words; empty where that is nothing."""
    parts = []
    for kind, done in ((COMPRESS, "compressed"), (DELETE, "deleted"), (ROTATE, "put aside")):
        of_kind = [act for act in acts if act.kind == kind]
        if of_kind:
            size_mb = sum(act.size_bytes for act in of_kind) / 1e6
            parts.append(f"{len(of_kind)} file{'' if len(of_kind) == 1 else 's'} of {size_mb:.1f} MB {done}")
    return ", ".join(parts)


def tidy_state(state: PipelineState, rules: StateRules, now_s: float, *, rehearse: bool) -> Iterator[Act]:
    """Rotate, compress and delete what belongs to a state, one file at a time under its lock.

    Args:
        state: the open state.
        rules: the rules.
        now_s: the present moment, seconds since 1970.
        rehearse: only tell.

    Yields:
        What was done, or would be.

    Raises:
        StateError: the lock was not obtained, or the folder of backups cannot be read.
        OSError: the disk refused.
    """
    yield from _rotated(state, rules.rotate_bytes, rehearse=rehearse)
    trail = AuditTrail(StateFiles(state.path).log, _SYSTEM)
    kinds = [(trail.put_aside(), rules.transactions)]
    backups = [backup.path for backup in state.backup_manager.newest_first()]
    segments = [Path(path) for _, path in state.history.segments()]
    # Which of them are needed takes reading a backup of the whole document, so that comes last.
    if due(backups, rules.backups, now_s) or due(segments, rules.segments, now_s):
        spare_backups, spare_segments = _spare(state)
        kinds += [(spare_backups, rules.backups), (spare_segments, rules.segments)]
    for spare, rule in kinds:
        for act in due(spare, rule, now_s):
            if not rehearse:
                with state.lock():
                    carry_out(act)
            yield act


def _rotated(state: PipelineState, limit_bytes: int | None, *, rehearse: bool) -> Iterator[Act]:
    files = StateFiles(state.path)
    with suppress(FileNotFoundError):
        size_bytes = files.log.stat().st_size
        if limit_bytes is not None and size_bytes > limit_bytes:
            if not rehearse:
                with state.lock():
                    AuditTrail(files.log, _SYSTEM).rotate()
            yield Act(ROTATE, files.log, size_bytes)


def _spare(state: PipelineState) -> tuple[list[Path], list[Path]]:
    """The backups that are older than the newest valid one, and the segments that do not lead on from that."""
    backups = state.backup_manager.newest_first()
    newest = state.backup_manager.newest_valid()
    index = next((index for index, backup in enumerate(backups) if backup.path == newest), len(backups))
    revision = backups[index].revision if index < len(backups) else 0
    segments = state.history.segments()
    spare = [Path(path) for (_, path), (following, _) in pairwise(segments) if following <= revision]
    return [backup.path for backup in backups[index + 1 :]], spare
