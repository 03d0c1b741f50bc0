"""``batch-audiobook [INPUT_DIR]``: a folder of books, all at once or as many as the machine takes."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from batch.aftercare import look_after
from batch.alerts import Alerts, check
from batch.follower import following
from batch.plan import STARTED, Fate, PlannedBook, plan_batch
from batch.records import BatchRecords, BatchResult, Tally
from batch.screen import Screen, show_plan, show_summary
from batch.surroundings import Surroundings
from orchestrator.config import Config
from orchestrator.descendants import become_subreaper
from orchestrator.environments import equipped
from orchestrator.exits import INTERRUPTED_TEXT, ExitCode, UsageError, guarded
from orchestrator.folders import LOCKS
from orchestrator.interrupts import InterruptedRun
from orchestrator.library import Library, discover
from orchestrator.lock import RETRY_S, holder_of, open_lock, try_lock
from orchestrator.opening import look_at_state, open_state
from orchestrator.options import add_shared_options, configure, configure_logging, number_between, positive_int
from orchestrator.orphans import mark_run, sweep
from orchestrator.run import usable_cores
from orchestrator.settings import Settings
from orchestrator.sources import printable
from pipeline_common import StateError
from pipeline_common.books import book_id
from pipeline_common.wording import counted

logger = logging.getLogger(__name__)


def build_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        prog="batch-audiobook",
        description="Turn a folder of books into audiobooks, going on where the last run stopped.",
        epilog="Exit codes: 0 done, 1 at least one book failed, 2 wrong usage or configuration, 3 the state cannot "
        "be used or another batch works on the folder, 129/130/143 interrupted.",
    )
    parser.add_argument(
        "folder", type=Path, nargs="?", metavar="INPUT_DIR", help="the folder of books (default: input)"
    )
    parser.add_argument("--input-dir", type=Path, metavar="DIR", help="the same as INPUT_DIR")
    add_shared_options(parser)
    parser.add_argument("--max-workers", type=positive_int, metavar="N", help="at most N books at a time (default: 2)")
    parser.add_argument(
        "--batch-size", type=positive_int, metavar="N", help="at most N books that need work in this run"
    )
    parser.add_argument(
        "--cpu-threshold",
        type=partial(number_between, 1, 100),
        metavar="PERCENT",
        help="start no further book while others use more than this of the machine (default: 85)",
    )
    parser.add_argument(
        "--throttle-delay",
        type=partial(number_between, 0, 3600),
        metavar="S",
        help="seconds before a held-back start looks again",
    )
    parser.add_argument("--wait", action="store_true", help="where another batch works on the folder, wait for its end")
    parser.add_argument("--log-file", type=Path, metavar="FILE", help="the log (default: batch.log)")
    return parser


def main(argv: Sequence[str] | None = None, surroundings: Surroundings | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments; None takes the process's own.
        surroundings: what the batch has beside its configuration; None for nothing particular.

    Returns:
        The exit code.
    """
    args = build_parser().parse_args(argv)
    try:
        return guarded(lambda: _run(_configure(args), args, surroundings or Surroundings()), _complain)
    except InterruptedRun as interruption:
        _complain(INTERRUPTED_TEXT)
        return ExitCode.INTERRUPTED + interruption.signum


def _configure(args: argparse.Namespace) -> Config:
    if args.folder and args.input_dir and args.folder != args.input_dir:
        raise UsageError(f"Two input folders were given, {args.folder} and {args.input_dir}. Give one.")
    folder = args.folder or args.input_dir
    return configure(
        args,
        {
            "input_dir": folder.absolute() if folder else None,
            "max_workers": args.max_workers,
            "batch_size": args.batch_size,
            "cpu_threshold": args.cpu_threshold,
            "throttle_delay": args.throttle_delay,
            "log_file": args.log_file.absolute() if args.log_file else None,
        },
    )


def _run(config: Config, args: argparse.Namespace, surroundings: Surroundings) -> int:
    console = Screen()
    for warning in config.warnings():
        _complain(warning)
    library = _discover(config)
    folder = printable(str(config.input_dir))
    if not library.paths:
        console.say(f"No books in {folder}.{_passed_over(library)}")
        return ExitCode.DONE
    if args.dry_run:
        planned = plan_batch(library.paths, config, *look_at_state(config, map(Path, library.paths)))
        console.say(_found(planned, config) + _passed_over(library))
        show_plan(console, planned)
        if not any(book.fate in STARTED for book in planned):
            return ExitCode.DONE
        return _rehearsed(equipped(Settings.of(config), config))
    check(config)
    configure_logging(config, config.log_file)
    with _batch_lock(config, surroundings.warden, wait=args.wait) as waited:
        if waited:
            library = _discover(config)
        mark_run(config.work_dir)
        become_subreaper()
        ended = sweep(config.work_dir)
        if ended:
            logger.warning("ended %d processes of a run that was killed", ended)
        return _run_books(library, config, console, surroundings)


def _rehearsed(settings: Settings) -> int:
    """Say which voices there are not, before a book has come that far; returns the exit code of a rehearsal."""
    from orchestrator.hearing import voice_faults

    faults = voice_faults(settings)
    for fault in faults:
        _complain(fault)
    return ExitCode.USAGE if faults else ExitCode.DONE


def _run_books(library: Library, config: Config, console: Screen, surroundings: Surroundings) -> int:
    started = time.monotonic()
    state, view = open_state(config, _complain, map(Path, library.paths))
    # The follower comes before the guardians, of which one that vanishes has all other children ended, and after the
    # state is closed it takes in the last commit.
    with following(config, _complain) as leave_views, state:
        planned = plan_batch(library.paths, config, state, view)
        to_run = [book for book in planned if book.fate in STARTED]
        settings = equipped(Settings.of(config), config) if to_run else Settings.of(config)
        given_up = {book.name: book.reason for book in planned if book.fate is Fate.GIVEN_UP}
        tally = Tally(
            total=len(planned),
            failed=len(given_up),
            skipped=len(planned) - len(to_run) - len(given_up),
            errors=[f"{name}: {reason}" for name, reason in given_up.items()],
        )
        found = _found(planned, config)
        console.say(found + _passed_over(library))
        logger.info("batch starts: %s", found)
        _say_what_is_special(planned, console)
        records = BatchRecords(state, config.root)
        result = BatchResult(tally)
        if to_run:
            records.begin(planned)
        alerts = Alerts(config, records.failures_in_a_row or 0)
        if to_run:
            result = _run_those(to_run, tally, config, settings, records, console, surroundings, alerts)
            records.failures_in_a_row = alerts.in_a_row
        duration_s = time.monotonic() - started
        summary = records.end(tally, duration_s, result.average_cpu_percent, () if to_run else planned)
        show_summary(console, summary, _shown(result.folders, config), given_up | result.failures)
        logger.info("batch ends: %s", summary["status"])
        if to_run:
            alerts.batch_ended(summary, result.failures)
        look_after(config, state, _complain, idle=not to_run)
        for problem in alerts.close():
            _complain(problem)
        if result.signum is not None:
            leave_views()
    if result.signum is not None:
        _complain(INTERRUPTED_TEXT)
        return ExitCode.INTERRUPTED + result.signum
    return ExitCode.FAILED if tally.failed else ExitCode.DONE


def _say_what_is_special(planned: Sequence[PlannedBook], console: Screen) -> None:
    """A line for each book that is passed over though it is not done, or that takes something as given."""
    for book in planned:
        if book.fate is Fate.DUPLICATE:
            console.say(f"{book.name}: skipped, {book.reason}")
        elif book.fate is Fate.GIVEN_UP:
            console.say(f"{book.name}: passed over, {book.reason}")
        elif book.given and book.fate in STARTED:
            console.say(f"{book.name}: takes as given, {book.given}")


def _run_those(
    books: Sequence[PlannedBook],
    tally: Tally,
    config: Config,
    settings: Settings,
    records: BatchRecords,
    console: Screen,
    surroundings: Surroundings,
    alerts: Alerts,
) -> BatchResult:
    from batch.lifeline import Guardian

    guardians = [Guardian() for _ in range(min(len(books), config.max_workers, usable_cores()))]
    # Most of a batch's imports, while its guardians do theirs; a finished library needs none of them.
    from batch.session import run_books

    gc.freeze()
    gc.enable()
    return run_books(books, tally, config, settings, records, console, surroundings, guardians, alerts.book_ended)


def _discover(config: Config) -> Library:
    if not config.input_dir.is_dir():
        raise UsageError(
            f"The input folder {config.input_dir} does not exist or is no folder. "
            "Make it and put books into it, or name another."
        )
    return discover(config.input_dir, without=(config.output_dir, config.samples_dir, config.work_dir))


def _found(planned: Sequence[PlannedBook], config: Config) -> str:
    to_do = sum(book.fate in STARTED for book in planned)
    later = sum(book.fate is Fate.LATER for book in planned)
    left = f", {later:,} left for later runs" if later else ""
    return f"{counted(len(planned), 'book')} in {printable(str(config.input_dir))}, {to_do:,} to do{left}."


def _passed_over(library: Library) -> str:
    text = library.passed_over_text()
    return f" Passed over: {text}." if text else ""


def _shown(folders: Mapping[str, str | None], config: Config) -> dict[str, str]:
    return {
        name: printable(os.path.relpath(config.output_dir / folder)) if folder else "not all phases were asked for"
        for name, folder in folders.items()
    }


@contextmanager
def _batch_lock(config: Config, warden: int | None, *, wait: bool) -> Iterator[bool]:
    """One batch at a time on one folder.

    Yields:
        Whether another batch had to be waited for.

    Raises:
        StateError: another batch works on it, and this one was not told to wait.
        InterruptedRun: a signal was sent to the warden meanwhile.
    """
    descriptor = open_lock(config.work_dir / LOCKS / f"batch-{book_id(config.input_dir, config.root)}.lock")
    try:
        told = False
        held = try_lock(descriptor)
        if not held:
            time.sleep(RETRY_S)  # perhaps it was held for a moment, by somebody who asked who holds it
        while not (held or try_lock(descriptor)):
            who = f"Another batch works on {printable(str(config.input_dir))} already ({holder_of(descriptor)})."
            if not wait:
                raise StateError(f"{who} Wait for its end, with --wait, or stop it.")
            if not told:
                _complain(f"{who} Waiting for its end.")
                told = True
            _wait_a_moment(warden)
        yield told
    finally:
        os.close(descriptor)


def _wait_a_moment(warden: int | None) -> None:
    """Wait before a lock is tried again.

    Raises:
        InterruptedRun: a signal was sent to the warden, which passes it on by its descriptor, or it has been killed.
    """
    for readable in select.select([] if warden is None else [warden], [], [], RETRY_S)[0]:
        numbers = os.read(readable, 1)
        raise InterruptedRun(numbers[0] if numbers else signal.SIGTERM)


def _complain(text: str) -> None:
    print(f"batch-audiobook: {text}", file=sys.stderr, flush=True)
