"""What was measured on a book's files, as its user is told at the end: the table that phase 5 has left, cut to fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

TABLE = "measurements.txt"
_MOST_LINES = 40
_FAILED, _WHOLE = "  FAIL ", "all  "


def table_version(folder: Path) -> int:
    """Differs once phase 5 has measured again; 0 where there is no table.

    Args:
        folder: of the book, below the work folder.
    """
    try:
        return (folder / TABLE).stat().st_mtime_ns
    except OSError:
        return 0


def told(folder: Path) -> Iterator[str]:
    """The lines of the table; of a long one those of whole files, those that have failed, and where the rest is."""
    path = folder / TABLE
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) <= _MOST_LINES:
        yield from lines
        return
    shown = [line for line in lines if _FAILED in line or line.startswith(_WHOLE)]
    yield lines[0]
    yield from shown[:_MOST_LINES]
    yield f"{len(lines) - len(shown[:_MOST_LINES])} more lines in {path}"
