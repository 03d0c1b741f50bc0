"""Eight processes that all want to commit: ``python -m benchmarks.state_contention``.

Each changes the records of one book of its own, as fast as it may. The stores take turns, several rounds long.
"""

from __future__ import annotations

import itertools
import multiprocessing
import sys
import time
from collections.abc import Sequence
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.common import Updates, parser, scratch, verdict
from benchmarks.stores import Lmdb, Sqlite, State, Store

LEAST_SHARE_OF_MEAN = 0.25

STORES: tuple[type[Store], ...] = (State, Sqlite, Lmdb)

_CONTEXT = multiprocessing.get_context("spawn")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables and verdicts; returns 0 where all gates hold, otherwise 1."""
    options = parser("Transactions per second of several processes that contend, and each one's share.")
    options.add_argument("--processes", type=int, default=8, help="that contend")
    options.add_argument("--books", type=int, default=1000, help="in the document")
    options.add_argument("--seconds", type=float, default=4.0, help="of one round")
    options.add_argument("--rounds", type=int, default=3, help="of each store, taking turns")
    given = options.parse_args(arguments)
    commits: dict[type[Store], list[int]] = {store: [0] * given.processes for store in STORES}
    with scratch(given.folder) as folder:
        for turn in range(given.rounds):
            for store in STORES:
                place = folder / f"{store.__name__}-{turn}"
                place.mkdir()
                store.prepare(place, max(given.books, given.processes), given.seed)
                found = contend(store, place, given.processes, given.seconds, given.seed)
                commits[store] = [sum(pair) for pair in zip(commits[store], found, strict=True)]
    whole_s = given.seconds * given.rounds
    print(f"\n{given.processes} processes, {given.books:,} books, {whole_s:g} s each")
    print(f"  {'':24}{'total tx/s':>12}{'least':>10}{'most':>10}   share of the mean of each process")
    for store, counts in commits.items():
        mean = sum(counts) / len(counts)
        shares = " ".join(f"{count / mean if mean else 0:.2f}" for count in sorted(counts))
        per_second = [count / whole_s for count in (sum(counts), min(counts), max(counts))]
        print(f"  {store.name:24}{per_second[0]:>12,.1f}{per_second[1]:>10,.1f}{per_second[2]:>10,.1f}   {shares}")
    return 0 if judge(commits) else 1


def contend(store: type[Store], folder: Path, processes: int, seconds: float, seed: int) -> list[int]:
    """One round.

    Returns:
        How many commits each process made.

    Raises:
        RuntimeError: a process died, or a commit was lost.
    """
    barrier = _CONTEXT.Barrier(processes)
    counts: SimpleQueue[tuple[int, int]] = _CONTEXT.SimpleQueue()
    running = [
        _CONTEXT.Process(target=work, args=(store, folder, number, seconds, seed, barrier, counts), daemon=True)
        for number in range(processes)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join()
        if process.exitcode:
            raise RuntimeError(f"{store.name}: a process ended with exit code {process.exitcode}")
    found = dict(counts.get() for _ in running)
    handle = store(folder)
    for number, count in found.items():
        for last in itertools.islice(Updates([number], seed), max(0, count - 1), count):
            if handle.attempts(last) != count:
                raise RuntimeError(f"{store.name}: the last of {count} commits of process {number} is not there")
    handle.close()
    return [found[number] for number in range(processes)]


def work(
    store: type[Store],
    folder: Path,
    number: int,
    seconds: float,
    seed: int,
    barrier: Barrier,
    counts: SimpleQueue[tuple[int, int]],
) -> None:
    """One process: opens, waits for all others, then commits until the time is over."""
    handle = store(folder)
    updates = iter(Updates([number], seed))
    barrier.wait()
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        handle.commit(next(updates))
        count += 1
    barrier.wait()  # or the work of closing would fall into the time of others
    handle.close()
    counts.put((number, count))


def judge(commits: dict[type[Store], list[int]]) -> bool:
    """The gates: at least SQLite's total, and nobody starves."""
    ours, others = commits[State], commits[Sqlite]
    quick = verdict(
        holds=sum(ours) >= sum(others),
        said=f"{sum(ours) / max(1, sum(others)):.2f} times the transactions of SQLite in the same run (gate 1)",
    )
    share = min(ours) * len(ours) / max(1, sum(ours))
    fair = verdict(
        holds=share >= LEAST_SHARE_OF_MEAN,
        said=f"the process that came last made {share:.2f} of the mean (gate {LEAST_SHARE_OF_MEAN})",
    )
    return quick and fair


if __name__ == "__main__":
    sys.exit(main())
