"""The part of a batch in which books run, with all that it takes: guardians, the load of the machine, the view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from batch.launcher import GuardedLauncher
from batch.lifeline import Guardian
from batch.monitor import CpuMonitor
from batch.plan import PlannedBook
from batch.records import BatchRecords, BatchResult, Tally
from batch.run import Batch, run_batch
from batch.screen import Screen
from batch.surroundings import Surroundings
from batch.view import choose_view
from orchestrator.config import Config
from orchestrator.settings import Settings


def run_books(
    books: Sequence[PlannedBook],
    tally: Tally,
    config: Config,
    settings: Settings,
    records: BatchRecords,
    console: Screen,
    surroundings: Surroundings,
    guardians: Sequence[Guardian],
    on_ended: Callable[[str, str | None], None],
) -> BatchResult:
    """Run the books of a batch to its end.

    Args:
        books: those that need work, in order.
        tally: counts so far; books that need nothing are counted already.
        config: the configuration.
        settings: what the books' own processes need of it.
        records: writes the batch section.
        console: standard output.
        surroundings: what the batch has beside its configuration.
        guardians: those that have been started already.
        on_ended: is told of each book that is over, and why it failed if it did.

    Raises:
        StateError: the state cannot be used any more; every child is gone.
        OSError: the same of a folder of the pipeline.
    """

    def say_who(book: PlannedBook, holder: str) -> None:
        console.say(f"{book.name}: waiting for the process that works on this book ({holder})")

    settings = replace(settings, runner=surroundings.runner)
    monitor = CpuMonitor(config.cpu_threshold, config.throttle_delay)
    with (
        choose_view(console, len(books)) as view,
        GuardedLauncher(settings, say_who, records.commit, records.owe, guardians) as launcher,
    ):
        batch = Batch(
            books,
            tally,
            max_workers=config.max_workers,
            launcher=launcher,
            monitor=monitor,
            records=records,
            view=view,
            folder_of=settings.book_folder,
            on_ended=on_ended,
            warden=surroundings.warden,
        )
        result = run_batch(batch)
    monitor.sample()
    result.average_cpu_percent = monitor.average_percent
    return result
