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
    """Print a table, without columns that are all empty; a pipe gets one line a row."""
    cells = [*zip(*([printable(cell) for cell in row] for row in rows), strict=True)]
    shown = [(name, column) for name, column in zip(columns, cells, strict=True) if any(column)]
    if not shown:
        return
    if sys.stdout.isatty():
        _print_folded(shown)
    else:
        _print_lines(shown)


def _print_folded(shown: Sequence[tuple[str, Sequence[str]]]) -> None:
    """The last column is folded where there is no room for all of it.

    Where it would have less than half the width, the other cells of a row stand below the first: ids and sentences in
    narrow columns can be neither read nor copied.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    *widths, last_width = (max(map(cell_len, (name, *column))) for name, column in shown)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, _ in shown:
        table.add_column(name, overflow="fold")
    for row in zip(*(column for _, column in shown), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    if console.width - sum(width + 2 for width in widths) >= min(last_width, console.width // 2):
        for column, width in zip(table.columns, widths, strict=False):  # all but the last, which takes the rest
            column.min_width = width
        console.print(table)
        return
    for first, *others in ([name for name, _ in shown], *zip(*(column for _, column in shown), strict=True)):
        console.print(Text(first, style="bold", overflow="fold"))
        console.print(Padding(Text(_filled(others, console.width - 2), overflow="fold"), (0, 0, 0, 2)))


def _filled(cells: Iterable[str], width: int) -> str:
    """Cells in lines of a width, each cell in one line where it fits."""
    from rich.cells import cell_len

    lines: list[str] = []
    for cell in filter(None, cells):
        if lines and cell_len(f"{lines[-1]}  {cell}") <= width:
            lines[-1] += f"  {cell}"
        else:
            lines.append(cell)
    return "\n".join(lines)


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
