"""Progress of a phase: one JSON line to a file that the batch reads; also the sign that the phase is alive."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType

_INTERVAL_S = 0.2


class Progress:
    """Counts finished pieces and reports at most five times a second.

    Args:
        path: the file that lines ``{"phase", "done", "total"}`` are appended to.
        phase: the phase's name.
        total: how many pieces there are in all.
    """

    def __init__(self, path: Path, phase: str, total: int) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._phase = phase
        self._total = total
        self._done = 0
        self._reported_at = float("-inf")
        self._report()

    def advance(self, pieces: int = 1) -> None:
        """Count `pieces` more as finished."""
        self._done += pieces
        if time.monotonic() - self._reported_at >= _INTERVAL_S or self._done >= self._total:
            self._report()

    def _report(self) -> None:
        self._reported_at = time.monotonic()
        self._file.write(json.dumps({"phase": self._phase, "done": self._done, "total": self._total}) + "\n")

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
