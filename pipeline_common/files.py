# SPDX-License-Identifier: MIT
"""Where a state file and everything that belongs to it lie.

``pipeline.json`` alone has the bare names; what belongs to another state file in the same folder is led by its stem.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

DEFAULT_NAME = "pipeline.json"


class StateFiles:
    """The paths of one state file.

    Attributes:
        state: the file itself, absolute, symbolic links resolved: the work is done on the target.
        folder: where it lies.
        lock: held while it is changed; never deleted.
        temporary: what the next content is written to before it takes the name.
        backups: the folder of the backups.
        journal: what was committed since the file itself was last written.
        segments: the folder of earlier journals; each leads on from a backup.
        log: the audit trail.
        conflicts: the folder of what was replaced, damaged or set aside.
        database: the derived view for SQL.
        pages: the folder of the derived view with a file an entry.
        index: the derived view with a few words an entry.
        views_lock: held while a derived view is made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.state = Path(os.path.realpath(path))
        self.folder = self.state.parent
        self.lock = self.folder / f"{self.state.name}.lock"
        self.temporary = self.folder / f".{self.state.name}.tmp"
        own = self.folder / ".pipeline"
        self.backups = own / "backups"
        self.conflicts = own / "conflicts"
        name = self.state.name
        stem, suffix = (name[:-5], ".json.bak") if name.endswith(".json") else (name, ".bak")
        self.segments = own / "segments"
        prefix = "" if name == DEFAULT_NAME else f"{stem}."
        self._own, self._lead = own, prefix
        self.journal = own / f"{prefix}journal.jsonl"
        self.log = own / f"{prefix}transactions.log"
        self.database = own / f"{prefix}state.db"
        self.pages = own / f"{prefix}books"
        self.index = own / f"{prefix}index.json"
        self.views_lock = own / f"{prefix}views.lock"
        self._segment_form = f"{stem}_{{:012d}}.jsonl"
        self._segment_pattern = re.compile(rf"{re.escape(stem)}_(\d{{12}})\.jsonl(?:\.gz)?")
        self._backup_form = f"{stem}_{{}}{suffix}"
        self._backup_pattern = re.compile(rf"{re.escape(stem)}_\d{{8}}_\d{{6}}_\d{{6}}{re.escape(suffix)}(?:\.gz)?")

    def report(self, name: str) -> Path:
        """A file of the folder of reports."""
        return self._own / "reports" / f"{self._lead}{name}"

    def stamp(self, name: str) -> Path:
        """An empty file whose time says when something was last done."""
        return self._own / f"{self._lead}{name}.stamp"

    @property
    def alerts(self) -> Path:
        """The folder of the alerts that somebody has not been told of yet."""
        return self._own / f"{self._lead}alerts"

    def backup(self, at: datetime) -> Path:
        """The backup of that moment (aware, UTC)."""
        return self.backups / self._backup_form.format(time_name(at))

    def is_backup(self, name: str) -> bool:
        """Whether a file of the backups folder belongs to this state file, compressed or not."""
        return self._backup_pattern.fullmatch(name) is not None

    def segment(self, base: int) -> Path:
        """The earlier journal that leads on from a revision."""
        return self.segments / self._segment_form.format(base)

    def segment_base(self, name: str) -> int | None:
        """The revision that a file of the segments folder leads on from; None where it is not of this state file."""
        match = self._segment_pattern.fullmatch(name)
        return int(match[1]) if match else None


def now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(UTC)


def time_name(at: datetime) -> str:
    """A moment as part of a file's name: ``YYYYMMDD_HHMMSS_ffffff``."""
    return at.strftime("%Y%m%d_%H%M%S_%f")
