"""What the process of one book pays for all the others: ``python -m benchmarks.state_scoped``.

A new process opens the scoped handle, commits twelve times and closes, beside 1,000 and beside 100,000 books. And a new
process loads the whole document of 10,000 books, beside one that only parses the same file with orjson.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.common import (
    Updates,
    book_id,
    duration,
    middle,
    parser,
    records_of_book,
    scratch,
    size,
    verdict,
    whole_numbers,
)
from benchmarks.new_process import COMMITS
from benchmarks.stores import State

MOST_GROWTH = 1.5
MOST_OF_PARSE = 1.5

Cost = Mapping[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables and verdicts; returns 0 where all gates hold, otherwise 1."""
    options = parser("CPU and memory of a book's process, and of loading the whole document.")
    options.add_argument("--sizes", type=whole_numbers, default=[1000, 100_000], help="numbers of books, scoped")
    options.add_argument("--load-books", type=int, default=10_000, help="number of books, loaded whole")
    options.add_argument("--samples", type=int, default=9, help="processes of each kind")
    given = options.parse_args(arguments)
    with scratch(given.folder) as folder:
        scoped_holds = measure_scoped(folder, given.sizes, given.samples, given.seed)
        load_holds = measure_load(folder, given.load_books, given.samples, given.seed)
    return 0 if scoped_holds and load_holds else 1


def measure_scoped(folder: Path, sizes: Sequence[int], samples: int, seed: int) -> bool:
    """The process of one book at each size, taking turns; whether its gate holds."""
    paths = {books: prepared(folder, books, seed) for books in sizes}
    name = book_id(0, seed)
    records = records_of_book(0, seed)
    costs: dict[int, list[Cost]] = {books: [] for books in sizes}
    for _ in range(samples):
        for books, path in paths.items():
            costs[books].append(run("scoped", path, name, json.dumps(records)))
    print(f"\nA new process opens the scoped handle, commits {COMMITS} times, closes")
    for books, found in costs.items():
        print_costs(f"{books:,} books", found)
    holds = True
    for what, said in (("cpu_s", "CPU time"), ("peak_bytes", "memory")):
        medians = [middle([cost[what] for cost in found]) for found in costs.values()]
        growth = max(medians) / min(medians)
        holds &= verdict(holds=growth <= MOST_GROWTH, said=f"{said} differs by {growth:.2f}x (gate {MOST_GROWTH}x)")
    return holds


def measure_load(folder: Path, books: int, samples: int, seed: int) -> bool:
    """A full handle's load against orjson's parse, taking turns; whether its gate holds."""
    path = prepared(folder, books, seed)
    costs: dict[str, list[Cost]] = {"load": [], "parse": []}
    for _ in range(samples):
        for what, found in costs.items():
            found.append(run(what, path, book_id(books - 1, seed)))
    print(f"\nA new process loads {books:,} books, {size(path.stat().st_size)}")
    print_costs("a full handle", costs["load"])
    print_costs("orjson's parse", costs["parse"])
    load_s, parse_s = (middle([cost["cpu_s"] for cost in found]) for found in costs.values())
    ratio = load_s / parse_s
    return verdict(holds=ratio <= MOST_OF_PARSE, said=f"a load takes {ratio:.2f}x the parse (gate {MOST_OF_PARSE}x)")


def prepared(folder: Path, books: int, seed: int) -> Path:
    """A state file of that size, as the engine itself leaves it."""
    place = folder / f"{books}-{len(list(folder.iterdir()))}"
    place.mkdir()
    State.prepare(place, books, seed)
    state = State(place)
    state.commit(next(iter(Updates(range(books), seed))))
    state.close()
    return place / "pipeline.json"


def run(what: str, path: Path, book: str, records: str = "") -> Cost:
    """Start a process and wait for what it says.

    Raises:
        subprocess.CalledProcessError: it failed; its error output has been passed on.
    """
    command = [sys.executable, "-m", "benchmarks.new_process", what, str(path), book]
    # From the checkout, as this package is not installed.
    checkout = Path(__file__).parents[1]
    ended = subprocess.run(command, input=records, stdout=subprocess.PIPE, text=True, check=True, cwd=checkout)
    cost: Cost = json.loads(ended.stdout)
    return cost


def print_costs(name: str, costs: Sequence[Cost]) -> None:
    """One line of medians."""
    cpu_s, wall_s, peak = (middle([cost[what] for cost in costs]) for what in ("cpu_s", "wall_s", "peak_bytes"))
    print(f"  {name:24}{duration(cpu_s):>12} CPU{duration(wall_s):>12}{size(peak):>12}")


if __name__ == "__main__":
    sys.exit(main())
