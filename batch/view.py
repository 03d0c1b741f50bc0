"""What a person sees of a running batch: a live view in a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from batch.launcher import Ended
from batch.plan import Fate, PlannedBook
from batch.progress import BookProgress
from orchestrator.exits import silence_output


class Screen(Console):
    """Standard output. The batch goes on where nobody reads it any more, as after ``| head``."""

    def on_broken_pipe(self) -> None:
        """Be silent from now on."""
        self.quiet = True
        silence_output()


class View(Protocol):
    """Follows the books of a batch."""

    def __enter__(self) -> View:
        """Begin to show."""
        ...

    def __exit__(self, *_exception: object) -> None:
        """Leave the screen as it should stay."""
        ...

    def started(self, book: PlannedBook) -> None:
        """A book's orchestrator starts."""
        ...

    def progress(self, book: PlannedBook, progress: BookProgress) -> None:
        """A running book has come so far."""
        ...

    def ended(self, book: PlannedBook, ended: Ended, duration_s: float) -> None:
        """A book's orchestrator has ended."""
        ...

    def machine(self, others_percent: float, *, throttled: bool) -> None:
        """The load that is not the batch's own, and whether it holds back the next start."""
        ...


class PlainView:
    """One line an event, for logs and pipes."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._ended = 0
        self._phases: dict[str, str] = {}
        self._throttled = False

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_exception: object) -> None:
        return None

    def started(self, book: PlannedBook) -> None:
        """A line for the start."""
        self._line(f"{book.name}: starts, {book.reason}")

    def progress(self, book: PlannedBook, progress: BookProgress) -> None:
        """A line for each new phase."""
        if progress.phase and self._phases.get(book.book_id) != progress.phase:
            self._phases[book.book_id] = progress.phase
            self._line(f"{book.name}: {progress.phase}")

    def ended(self, book: PlannedBook, ended: Ended, duration_s: float) -> None:
        """A line for the end, with the reason of a failure."""
        self._ended += 1
        self._line(f"[{self._ended}/{self._total}] {_ended_text(book, ended, duration_s)}")

    def machine(self, others_percent: float, *, throttled: bool) -> None:
        """A line when throttling begins or ends."""
        if throttled != self._throttled:
            self._throttled = throttled
            text = (
                f"others use {others_percent:.0f} % of the machine; the next book waits"
                if throttled
                else "the next book may start"
            )
            self._line(text)

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


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

    def ended(self, book: PlannedBook, ended: Ended, duration_s: float) -> None:
        """Take the book's line away and print how it ended."""
        self._ended += 1
        self._fractions.pop(book.book_id, None)
        task = self._books.pop(book.book_id, None)
        if task is not None:
            self._running.remove_task(task)
        self._whole.update(self._task, completed=self._ended)
        self._estimate()
        style = "red" if ended.exit_code else "green"
        self._console.print(_ended_text(book, ended, duration_s), style=style, markup=False, highlight=False)

    def machine(self, others_percent: float, *, throttled: bool) -> None:
        """Show the others' load while it holds back the next start."""
        text = f"[yellow]waiting: others use {others_percent:.0f} %" if throttled else ""
        self._whole.update(self._task, machine=text)

    def _estimate(self) -> None:
        done = self._ended + sum(self._fractions.values())
        elapsed_s = time.monotonic() - self._started_at
        if done < 0.05 or elapsed_s < 5:
            return
        left_s = elapsed_s * (self._total - done) / done
        self._whole.update(self._task, left=f"about {duration_text(left_s)} left")


def choose_view(console: Console, total: int) -> View:
    """The live view where the console is a terminal, otherwise plain lines."""
    return LiveView(console, total) if console.is_terminal else PlainView(console, total)


def duration_text(seconds: float) -> str:
    """Such as ``4.2 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def show_plan(console: Console, planned: Sequence[PlannedBook]) -> None:
    """Print what a batch would do with each book."""
    for book in planned:
        verb = {Fate.RUN: "run", Fate.DONE: "skip", Fate.DUPLICATE: "skip", Fate.LATER: "later", Fate.BLOCKED: "fail"}[
            book.fate
        ]
        console.print(f"{verb:<6}{book.name}: {book.reason}", markup=False, highlight=False, soft_wrap=True)


def show_summary(
    console: Console, summary: Mapping[str, Any], folders: Mapping[str, str], failures: Mapping[str, str]
) -> None:
    """Print the table that ends a batch.

    Args:
        console: where to.
        summary: the ``summary`` of the batch section.
        folders: a finished book's name to the folder of its audiobook.
        failures: a failed book's name to the reason.
    """
    table = Table(title="Batch", title_justify="left")
    table.add_column("Book", overflow="fold")
    table.add_column("Result")
    table.add_column("Where, or why not", overflow="fold")
    for name, folder in folders.items():
        table.add_row(escape(name), "[green]done", escape(folder))
    for name, reason in failures.items():
        table.add_row(escape(name), "[red]failed", escape(reason))
    if folders or failures:
        console.print(table)
    counts = (
        f"{summary['status']}: {summary['successful_files']} done, {summary['failed_files']} failed, "
        f"{summary['skipped_files']} skipped of {summary['total_files']} books "
        f"in {duration_text(summary['duration_sec'])}; "
        f"CPU {summary['avg_cpu_usage']:.0f} % on average"
    )
    console.print(counts, markup=False, highlight=False, soft_wrap=True)


def _ended_text(book: PlannedBook, ended: Ended, duration_s: float) -> str:
    if ended.exit_code == 0:
        return f"{book.name}: done in {duration_text(duration_s)}"
    return f"{book.name}: FAILED: {failure_text(ended)}"


def failure_text(ended: Ended) -> str:
    """The reason of a failure as the orchestrator said it, without the command's name before it."""
    last = (
        ended.error_tail.splitlines()[-1]
        if ended.error_tail
        else f"the orchestrator ended with exit code {ended.exit_code}"
    )
    return last.removeprefix("orchestrate-audiobook: ")
