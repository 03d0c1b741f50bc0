"""The live view of a running batch, in a terminal."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from batch.plan import PlannedBook
from batch.progress import BookProgress
from batch.records import Aftermath, Ended
from batch.screen import duration_text
from batch.view import ended_text, waiting_text


class LiveView:
    """A line a running book and one for the whole, redrawn in place."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._books: dict[str, TaskID] = {}
        self._fractions: dict[str, float] = {}
        self._ended = 0
        self._started_at = time.monotonic()
        self._running = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[phase]}"),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._whole = Progress(
            TextColumn("[bold]{task.completed:.0f} of {task.total:.0f} books"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.fields[machine]}"),
            console=console,
        )
        self._task = self._whole.add_task("", total=total, left="", machine="")
        grid = Table.grid()
        grid.add_row(self._whole)
        grid.add_row(self._running)
        self._live = Live(grid, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> LiveView:
        self._live.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._live.__exit__(*exception)

    def started(self, book: PlannedBook) -> None:
        """A new line for the book."""
        name = book.name if len(book.name) <= 36 else f"{book.name[:35]}…"
        self._books[book.book_id] = self._running.add_task(escape(name), total=None, phase="starts")

    def progress(self, book: PlannedBook, progress: BookProgress) -> None:
        """Bring the book's line and the estimate up to date."""
        task = self._books.get(book.book_id)
        if task is None or not progress.phase:
            return
        self._running.update(task, phase=progress.phase, completed=progress.done, total=progress.total or None)
        self._fractions[book.book_id] = progress.fraction
        self._estimate()

    def waits(self, book: PlannedBook, ended: Ended, aftermath: Aftermath) -> None:
        """Take the book's line away and print when it comes back."""
        self._remove(book)
        self._console.print(waiting_text(book, ended, aftermath), style="yellow", markup=False, highlight=False)

    def ended(self, book: PlannedBook, ended: Ended, duration_s: float, aftermath: Aftermath) -> None:
        """Take the book's line away and print how it ended."""
        self._ended += 1
        self._remove(book)
        self._whole.update(self._task, completed=self._ended)
        self._estimate()
        style = "red" if ended.exit_code else "green"
        self._console.print(ended_text(book, ended, duration_s, aftermath), style=style, markup=False, highlight=False)

    def machine(self, others_percent: float, *, throttled: bool) -> None:
        """Show the others' load while it holds back the next start."""
        text = f"[yellow]waiting: others use {others_percent:.0f} %" if throttled else ""
        self._whole.update(self._task, machine=text)

    def _remove(self, book: PlannedBook) -> None:
        self._fractions.pop(book.book_id, None)
        task = self._books.pop(book.book_id, None)
        if task is not None:
            self._running.remove_task(task)

    def _estimate(self) -> None:
        done = self._ended + sum(self._fractions.values())
        elapsed_s = time.monotonic() - self._started_at
        if done < 0.05 or elapsed_s < 5:
            return
        left_s = elapsed_s * (self._total - done) / done
        # An estimate to a tenth of a second would pretend to know more than it does.
        left = f"{left_s:.0f} s" if left_s < 59.5 else duration_text(left_s)
        self._whole.update(self._task, left=f"about {left} left")
