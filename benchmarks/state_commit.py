"""What one durable update costs, at 10 and at 100,000 books: ``python -m benchmarks.state_commit``.

All stores take turns in one loop, each in a process of its own, so that a busy machine is busy for all of them and the
memory of one is no burden to another.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.common import (
    SMALL_DOCUMENT_BYTES,
    Updates,
    duration,
    floor_out_of_range,
    middle,
    parser,
    scratch,
    size,
    verdict,
    whole_numbers,
)
from benchmarks.memory import peak_memory_bytes
from benchmarks.stores import FirstSpecification, Floor, Lmdb, Scoped, Sqlite, State, Store

MOST_OVER_FLOOR = 1.5
MOST_OVER_FLOOR_S = 150e-6
MOST_SPREAD = 1.25
SPREAD_FROM_BOOKS = 1000
MOST_OF_FIRST_SPECIFICATION = 0.6

BURST = 5
"""Commits in one turn. Before the first of them the process has slept, and the caches hold what others have used."""

SLOW_S = 0.03
"""A store whose commit takes longer rewrites the whole file, and is measured less often."""

STORES: tuple[type[Store], ...] = (
    Floor,
    State,
    Scoped,
    Sqlite,
    Lmdb,
    FirstSpecification,
)


@dataclass(slots=True)
class Turns:
    """One store in the loop: its process, and what was measured there."""

    store: type[Store]
    connection: Connection
    process: multiprocessing.process.BaseProcess
    slow: bool = False
    lost: bool = False
    peak_bytes: int = 0
    samples_s: list[float] = field(default_factory=list)

    def take(self, commits: int) -> list[float]:
        """Let it commit so many times; how long each took, seconds. A process that has died takes no more turns."""
        try:
            self.connection.send(commits)
            return list(self.connection.recv())
        except (EOFError, OSError):
            self.lost = True
            return []

    def end(self) -> None:
        """Close the store and end its process."""
        try:
            self.connection.send(0)
            self.peak_bytes = int(self.connection.recv())
        except (EOFError, OSError):
            self.lost = True
        self.process.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables and verdicts; returns 0 where all gates hold, otherwise 1."""
    options = parser("What one durable update costs, against a floor and against others.")
    options.add_argument("--sizes", type=whole_numbers, default=[10, 1000, 10_000, 100_000], help="numbers of books")
    options.add_argument("--samples", type=int, default=200, help="of each store")
    options.add_argument("--slow-samples", type=int, default=5, help="of those that rewrite the whole file")
    given = options.parse_args(arguments)
    medians: dict[int, dict[type[Store], float]] = {}
    holds = True
    with scratch(given.folder) as folder:
        for books in given.sizes:
            place = folder / str(books)
            place.mkdir()
            with taking_turns(place, books, given.seed) as all_turns:
                document_bytes = (place / State.__name__ / "pipeline.json").stat().st_size
                measure(all_turns, given.samples, given.slow_samples)
            medians[books] = {turns.store: middle(turns.samples_s) for turns in all_turns if turns.samples_s}
            print_table(books, document_bytes, all_turns)
            holds &= judge(medians[books], document_bytes)
    return 0 if judge_spread(medians) and holds else 1


@contextmanager
def taking_turns(folder: Path, books: int, seed: int) -> Iterator[list[Turns]]:
    """Prepare every store and start its process; end them all afterwards."""
    context = multiprocessing.get_context("spawn")
    started: list[Turns] = []
    try:
        for store in STORES:
            place = folder / store.__name__
            place.mkdir()
            store.prepare(place, books, seed)
            here, there = context.Pipe()
            process = context.Process(target=serve, args=(there, store, place, books, seed), daemon=True)
            process.start()
            there.close()
            started.append(Turns(store, here, process))
        os.sync()  # or writing the documents would go on during the measurement
        yield started
    finally:
        for turns in started:
            turns.end()


def serve(connection: Connection, store: type[Store], folder: Path, books: int, seed: int) -> None:
    """The process of one store: commits whenever it is asked for some; at the end the peak of memory, bytes."""
    updates = iter(Updates(range(1 if store.of_one_book else books), seed))
    handle = store(folder)
    while commits := connection.recv():
        taken_s = []
        for update in itertools.islice(updates, commits):
            begin = time.perf_counter()
            handle.commit(update)
            taken_s.append(time.perf_counter() - begin)
        connection.send(taken_s)
    handle.close()
    connection.send(peak_memory_bytes())


def measure(all_turns: Sequence[Turns], samples: int, slow_samples: int) -> None:
    """The loop: some commits of each store, again and again, in changing order; those that are slow join in evenly."""
    chance = random.Random(samples)  # noqa: S311 - no secret
    for turns in all_turns:
        turns.take(1)  # the first one opens files and loads the document
        turns.slow = min(turns.take(3), default=0.0) > SLOW_S
    os.sync()
    rounds = -(-samples // BURST)
    every = max(1, rounds // slow_samples)
    for count in range(rounds):
        for turns in chance.sample(all_turns, len(all_turns)):
            if turns.lost or (turns.slow and count % every):
                continue
            turns.samples_s += turns.take(1 if turns.slow else BURST)
            if turns.store.leaves_unsynced:
                os.sync()  # its unsynced copies would be written during the next one's fsync


def print_table(books: int, document_bytes: int, all_turns: Sequence[Turns]) -> None:
    """One line a store."""
    print(f"\n{books:,} books, a document of {size(document_bytes)}")
    print(f"  {'':24}{'median':>12}{'90 %':>12}{'of floor':>14}{'over floor':>12}{'samples':>9}{'memory':>12}")
    floor_s = middle(all_turns[0].samples_s)
    for turns in all_turns:
        if not turns.samples_s:
            print(f"  {turns.store.name:24}its process died; is there enough memory?")
            continue
        at = middle(turns.samples_s)
        late = sorted(turns.samples_s)[int(len(turns.samples_s) * 0.9)]
        print(
            f"  {turns.store.name:24}{duration(at):>12}{duration(late):>12}{at / floor_s:>13,.2f}x"
            f"{duration(at - floor_s):>12}{len(turns.samples_s):>9}{size(turns.peak_bytes):>12}"
        )


def judge(medians: Mapping[type[Store], float], document_bytes: int) -> bool:
    """The gates of one size."""
    if State not in medians:
        return verdict(holds=False, said="this engine did not survive")
    state_s, floor_s = medians[State], medians[Floor]
    if document_bytes <= SMALL_DOCUMENT_BYTES:
        if FirstSpecification not in medians:
            return verdict(holds=False, said="there is nothing to compare with")
        share = state_s / medians[FirstSpecification]
        return verdict(
            holds=share <= MOST_OF_FIRST_SPECIFICATION,
            said=f"a commit with its backup takes {share:.2f} of the first specification's time "
            f"(gate {MOST_OF_FIRST_SPECIFICATION})",
        )
    unusual = floor_out_of_range(floor_s)
    if unusual:
        return verdict(
            holds=state_s - floor_s <= MOST_OVER_FLOOR_S,
            said=f"a commit takes {duration(state_s - floor_s)} more than the floor "
            f"(gate {duration(MOST_OVER_FLOOR_S)}; {unusual})",
        )
    return verdict(
        holds=state_s <= floor_s * MOST_OVER_FLOOR,
        said=f"a commit takes {state_s / floor_s:.2f}x the floor (gate {MOST_OVER_FLOOR}x)",
    )


def judge_spread(medians: Mapping[int, Mapping[type[Store], float]]) -> bool:
    """The gate over all sizes from 1,000 books on: a commit costs the same, as a ratio to the floor."""
    ratios = {
        books: found[State] / found[Floor]
        for books, found in medians.items()
        if books >= SPREAD_FROM_BOOKS and State in found
    }
    if len(ratios) < 2:
        return True
    spread = max(ratios.values()) / min(ratios.values())
    told = ", ".join(f"{ratio:.2f}x at {books:,}" for books, ratio in ratios.items())
    print()
    return verdict(
        holds=spread <= MOST_SPREAD, said=f"commits differ by {spread:.2f}x ({told} books; gate {MOST_SPREAD}x)"
    )


if __name__ == "__main__":
    sys.exit(main())
