"""Eight processes that all want to commit: ``python -m benchmarks.state_contention``.

Each changes the records of one book of its own, as fast as it may. The stores take turns, several rounds long; the
floor, one process that does nothing but write and fsync, takes its turn too.
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

from benchmarks.common import Updates, duration, floor_out_of_range, middle, parser, scratch, verdict
from benchmarks.stores import MOST_PROCESSES, Floor, Lmdb, Scoped, Sqlite, State, Store

LEAST_SHARE_OF_MEAN = 0.25

STORES: tuple[type[Store], ...] = (State, Scoped, Sqlite, Lmdb)
OURS: tuple[type[Store], ...] = (State, Scoped)

FLOOR_SAMPLES = 200

FIRST_COMMITS = 1
"""How many each process makes before the time begins."""

_CONTEXT = multiprocessing.get_context("spawn")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables and verdicts; returns 0 where all gates hold, otherwise 1."""
    options = parser("Transactions per second of several processes that contend, and each one's share.")
    options.add_argument("--processes", type=int, default=8, help="that contend")
    options.add_argument("--books", type=int, default=1000, help="in the document")
    options.add_argument("--seconds", type=float, default=4.0, help="of one round")
    options.add_argument("--rounds", type=int, default=3, help="of each store, taking turns")
    given = options.parse_args(arguments)
    if not 1 <= given.processes <= MOST_PROCESSES:
        options.error(f"--processes is {given.processes}; give 1 to {MOST_PROCESSES}")
    floor_s: list[float] = []
    commits: dict[type[Store], list[int]] = {store: [0] * given.processes for store in STORES}
    with scratch(given.folder) as folder:
        for turn in range(given.rounds):
            floor_s += measure_floor(folder, given.seed)
            for store in STORES:
                place = folder / f"{store.__name__}-{turn}"
                place.mkdir()
                store.prepare(place, max(given.books, given.processes), given.seed)
                found = contend(store, place, given.processes, given.seconds, given.seed)
                commits[store] = [sum(pair) for pair in zip(commits[store], found, strict=True)]
    whole_s = given.seconds * given.rounds
    print(f"\n{given.processes} processes, {given.books:,} books, {whole_s:g} s each")
    print(f"  {Floor.name}, one process: {duration(middle(floor_s))}")
    print(f"  {'':24}{'total tx/s':>12}{'least':>10}{'most':>10}   share of the mean of each process")
    for store, counts in commits.items():
        mean = sum(counts) / len(counts)
        shares = " ".join(f"{count / mean if mean else 0:.2f}" for count in sorted(counts))
        per_second = [count / whole_s for count in (sum(counts), min(counts), max(counts))]
        print(f"  {store.name:24}{per_second[0]:>12,.1f}{per_second[1]:>10,.1f}{per_second[2]:>10,.1f}   {shares}")
    return 0 if judge(commits, middle(floor_s)) else 1


def measure_floor(folder: Path, seed: int) -> list[float]:
    """How long one process alone takes for each of its updates, seconds."""
    floor = Floor(folder)
    taken_s = []
    for update in itertools.islice(Updates([0], seed), FLOOR_SAMPLES):
        begin = time.perf_counter()
        floor.commit(update)
        taken_s.append(time.perf_counter() - begin)
    floor.close()
    return taken_s


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
    handle = store.whole(folder)
    for number, count in found.items():
        for last in itertools.islice(Updates([number], seed), max(0, count - 1), count):
            if handle.attempts(last) != count:
                raise RuntimeError(f"{store.name}: the last of {count} commits of process {number} is not there")
    handle.close()
    return [found[number] - FIRST_COMMITS for number in range(processes)]


def work(
    store: type[Store],
    folder: Path,
    number: int,
    seconds: float,
    seed: int,
    barrier: Barrier,
    counts: SimpleQueue[tuple[int, int]],
) -> None:
    """One process: opens, makes a first commit, waits for all others, then commits until the time is over."""
    handle = store(folder, number)
    updates = iter(Updates([number], seed))
    handle.commit(next(updates))  # what a handle does once, of whatever store, is no part of contending
    barrier.wait()
    end = time.monotonic() + seconds
    count = FIRST_COMMITS
    while time.monotonic() < end:
        handle.commit(next(updates))
        count += 1
    barrier.wait()  # or the work of closing would fall into the time of others
    handle.close()
    counts.put((number, count))


def judge(commits: dict[type[Store], list[int]], floor_s: float) -> bool:
    """The gates, of full handles and of scoped ones: at least SQLite's total, and nobody starves."""
    unusual = floor_out_of_range(floor_s)
    holds = True
    for store in OURS:
        ours, others = commits[store], commits[Sqlite]
        times = sum(ours) / max(1, sum(others))
        gate = f"gate 1; {unusual}" if unusual else "gate 1"
        holds &= verdict(
            holds=sum(ours) >= sum(others),
            said=f"{store.name}: {times:.2f} times the transactions of SQLite in the same run ({gate})",
        )
        share = min(ours) * len(ours) / max(1, sum(ours))
        holds &= verdict(
            holds=share >= LEAST_SHARE_OF_MEAN,
            said=f"{store.name}: the process that came last made {share:.2f} of the mean (gate {LEAST_SHARE_OF_MEAN})",
        )
    return holds


if __name__ == "__main__":
    sys.exit(main())
