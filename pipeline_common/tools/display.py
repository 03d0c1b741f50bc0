# SPDX-License-Identifier: MIT
"""How things are shown: tables, sentences, JSON; dates, sizes and durations for people. Strangers' text is harmless."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pipeline_common.printable import printable

_UNITS = ("kB", "MB", "GB", "TB")


NOTHING_CHANGED = "Nothing was changed: this was a rehearsal."


def say(text: str) -> None:
    """Print a sentence."""
    print(printable(text))


def complain(text: str) -> None:
    """Print a sentence to standard error."""
    print(f"pipeline-state: {printable(text)}", file=sys.stderr)


def print_json(value: Any) -> None:
    """Print one JSON document in ASCII, which is harmless on every terminal."""
    print(json.dumps(value, indent=2, ensure_ascii=True, default=str))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, without columns that are all empty; a terminal folds long cells, a pipe gets one line a row."""
    cells = [*zip(*([printable(cell) for cell in row] for row in rows), strict=True)]
    shown = [(name, column) for name, column in zip(columns, cells, strict=True) if any(column)]
    if sys.stdout.isatty():
        _print_folded(shown)
    else:
        _print_lines(shown)


def _print_folded(shown: Sequence[tuple[str, Sequence[str]]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, _ in shown:
        table.add_column(name, overflow="fold")
    for row in zip(*(column for _, column in shown), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(table)


def _print_lines(shown: Sequence[tuple[str, Sequence[str]]]) -> None:
    """The same for a pipe, whose lines are as long as they have to be: a hundred times as fast as a layout."""
    from rich.cells import cell_len

    padded = []
    for name, column in shown:
        whole = [name, *column]
        widths = [len(cell) if cell.isascii() else cell_len(cell) for cell in whole]
        most = max(widths)
        padded.append([cell + " " * (most - width) for cell, width in zip(whole, widths, strict=True)])
    print("\n".join("  ".join(row).rstrip() for row in zip(*padded, strict=True)))


def moment(value: Any) -> str:
    """A time of the document in the local time zone, such as ``2026-01-31 14:05:07``; as it is where it is none."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    try:
        return f"{datetime.fromisoformat(value).astimezone():%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return value


def size(size_bytes: Any) -> str:
    """A number of bytes such as ``5.2 MB``."""
    if not isinstance(size_bytes, int):
        return ""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in _UNITS:
        value /= 1000
        if value < 999.95 or unit == _UNITS[-1]:
            break
    return f"{value:.1f} {unit}"


def duration(seconds: Any) -> str:
    """A duration such as ``8.4 s``, ``12 min 5 s`` or ``3 h 20 min``."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s"
    return f"{minutes // 60} h {minutes % 60} min"
