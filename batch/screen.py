"""What a batch says on standard output: lines, the plan and the summary."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from batch.plan import Fate, PlannedBook
from batch.records import Ended
from orchestrator.exits import silence_output
from pipeline_common.wording import counted

if TYPE_CHECKING:
    from rich.console import Console


_VERBS = {
    Fate.RUN: "run",
    Fate.DONE: "skip",
    Fate.DUPLICATE: "skip",
    Fate.LATER: "later",
    Fate.BLOCKED: "fail",
    Fate.GIVEN_UP: "skip",
}


class Screen:
    """Standard output. The batch goes on where nobody reads it any more, as after ``| head``.

    Rich is imported where something is shown with it, and not for plain lines.
    """

    @property
    def is_terminal(self) -> bool:
        """Whether a person sees it at once."""
        return sys.stdout.isatty()

    @cached_property
    def console(self) -> Console:
        """The same for Rich; from then on, lines go through it too, so that what it keeps in place stays there."""
        from rich.console import Console

        class Quiet(Console):
            def on_broken_pipe(self) -> None:
                self.quiet = True
                silence_output()

        return Quiet()

    def say(self, text: str) -> None:
        """Print one line as it is."""
        if "console" in vars(self):
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)
            return
        try:
            print(text, flush=True)
        except BrokenPipeError:
            silence_output()


def duration_text(seconds: float) -> str:
    """Such as ``4.2 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def show_plan(console: Screen, planned: Sequence[PlannedBook]) -> None:
    """Print what a batch would do with each book."""
    for book in planned:
        verb = _VERBS[book.fate]
        given = f"; taken as given: {book.given}" if book.given else ""
        console.say(f"{verb:<6}{book.name}: {book.reason}{given}")


def show_summary(
    console: Screen, summary: Mapping[str, Any], folders: Mapping[str, str], failures: Mapping[str, str]
) -> None:
    """Print the table that ends a batch, of plain text where it is not for a terminal, and the counts.

    Args:
        console: where to.
        summary: the ``summary`` of the batch section.
        folders: a finished book's name to the folder of its audiobook.
        failures: a failed book's name to the reason.
    """
    rows = [(name, "done", folder) for name, folder in folders.items()]
    rows += [(name, "failed", reason) for name, reason in failures.items()]
    if rows and console.is_terminal:
        _show_table(console, rows)
    elif rows:
        width = max(len(name) for name, _, _ in rows)
        for name, result, text in (("Book", "Result", "Where, or why not"), *rows):
            console.say(f"{name:{width}}  {result:6}  {text}")
    ended = summary["successful_files"] + summary["failed_files"] + summary["skipped_files"]
    unfinished = summary["total_files"] - ended  # of a batch that was interrupted
    counts = (
        f"{summary['status']}: {summary['successful_files']} done, {summary['failed_files']} failed, "
        f"{summary['skipped_files']} skipped{f', {unfinished} unfinished' if unfinished else ''} "
        f"of {counted(summary['total_files'], 'book')} "
        f"in {duration_text(summary['duration_sec'])}; "
        f"CPU {summary['avg_cpu_usage']:.0f} % on average"
    )
    console.say(counts)


def _show_table(console: Screen, rows: Sequence[tuple[str, str, str]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Batch", title_justify="left")
    table.add_column("Book", overflow="fold")
    table.add_column("Result")
    table.add_column("Where, or why not", overflow="fold")
    for name, result, text in rows:
        table.add_row(escape(name), f"[{'green' if result == 'done' else 'red'}]{result}", escape(text))
    console.console.print(table)


def failure_text(ended: Ended) -> str:
    """The reason of a failure as the orchestrator said it, without the command's name before it."""
    last = (
        ended.error_tail.splitlines()[-1]
        if ended.error_tail
        else f"the orchestrator ended with exit code {ended.exit_code}"
    )
    return last.removeprefix("orchestrate-audiobook: ")
