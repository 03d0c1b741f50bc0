"""``python -m benchmarks.dispatch``: what a phase costs beside its work, against others who run many small steps."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.common import duration, floor_out_of_range, middle, parser, scratch, size, verdict
from benchmarks.dispatchers import (
    PHASES,
    Dispatcher,
    Doit,
    Luigi,
    Make,
    Parallel,
    Project,
    ProjectExec,
    Snakemake,
    Xargs,
    environment,
)
from benchmarks.finished_library import make_finished_library
from benchmarks.process_trees import DispatchError, Memory, peak_memory, wall_s
from benchmarks.writing_phase import SIZE_BYTES

MOST_OVERHEAD_S = 5e-3
MOST_GROWTH = 1.25
MOST_OF_LUIGI = 1.5
MOST_OF_FLOOR = 2.0
MOST_MEMORY_BYTES = 60_000_000
"""Of the batch's process, beside twice the bytes of the document."""

_LIBRARY = "library"

_READ_ALL = """
import os, sys, time
import orjson
began = time.perf_counter()
with open("pipeline.json", "rb") as file:
    document = orjson.loads(file.read())
os.listdir(sys.argv[1])
for section in document.values():
    if isinstance(section, dict) and "files" in section:
        for record in section["files"].values():
            for artifact in record.get("artifacts", {}).values():
                os.stat(artifact["path"])
print(time.perf_counter() - began)
"""
"""What nobody who looks at a finished library can do without."""


@dataclass
class Measured:
    """What one contestant took, a number a round.

    Attributes:
        first_s: with everything to do.
        again_s: with nothing to do.
        memory: of a run of its own, with everything to do.
    """

    first_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)
    memory: Memory = field(default_factory=lambda: Memory(0, 0))


@dataclass
class Large:
    """The same of this project, beside the records of many finished books.

    Attributes:
        first_s: new books, in another folder.
        again_s: the finished books, with nothing to do.
        floor_s: parse of the document, listing of the folder, and one stat for each artifact.
        memory: of a run with new books.
        document_bytes: the size of the document.
        fsync_s: what the disk took for the bytes of one step, in the same rounds.
    """

    first_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)
    floor_s: list[float] = field(default_factory=list)
    memory: Memory = field(default_factory=lambda: Memory(0, 0))
    document_bytes: int = 0
    fsync_s: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables and verdicts; returns 0 where all gates hold, otherwise 1."""
    options = parser("The cost of a phase beside its work, and of looking at a finished library.")
    options.add_argument("--books", type=int, default=60, help="number of books with work to do, five phases each")
    options.add_argument("--finished", type=int, default=10_000, help="number of finished books, in the large state")
    options.add_argument("--rounds", type=int, default=5, help="runs of each, of which the median counts")
    given = options.parse_args(arguments)
    with scratch(given.folder) as folder:
        try:
            found, large = measure(folder, given.books, given.finished, given.rounds, given.seed)
        except DispatchError as error:
            print(f"FAIL  {error}")
            return 1
    steps = given.books * len(PHASES)
    print_table(found, large, steps, given.finished)
    fsync_s = middle(large.fsync_s)
    print(f"  one fsync{'':31}{duration(fsync_s):>10}  {floor_out_of_range(fsync_s)}\n")
    return 0 if all([*verdicts(found, steps), *large_verdicts(found, large, steps, given.finished)]) else 1


def contestants() -> list[Dispatcher]:
    """Those that can take part; says loudly who cannot."""
    every = (Xargs(), Make(), Parallel(), Doit(), Luigi(), Snakemake(), Project(), ProjectExec())
    for one in every:
        if missing := one.missing():
            print(f"NOT MEASURED  {one.name}: not installed: {missing}")
    return [one for one in every if not one.missing()]


def measure(folder: Path, books: int, finished: int, rounds: int, seed: int) -> tuple[dict[str, Measured], Large]:
    """All of them, taking turns in an order that changes from round to round.

    Raises:
        DispatchError: one of them failed, or has not done the work.
    """
    taking_part = contestants()
    found = {one.name: Measured() for one in taking_part}
    large, state = Large(), folder / "large"
    state.mkdir()
    make_finished_library(state, _LIBRARY, finished)
    library = Project(_LIBRARY)
    wall_s(library.command(), state, environment())  # the first look records that they are skipped
    chance = random.Random(seed)  # noqa: S311 - no secret
    for turn in range(rounds):
        for one in chance.sample(taking_part, len(taking_part)):
            first_s, again_s = run_twice(one, folder / f"{turn}-{taking_part.index(one)}", books)
            found[one.name].first_s.append(first_s)
            found[one.name].again_s.append(again_s)
        large.first_s.append(add_books(state, f"added-{turn}", books))
        large.again_s.append(wall_s(library.command(), state, environment()))
        large.floor_s.append(read_all(state))
        large.fsync_s += fsyncs(folder / f"fsync-{turn}")
    for one in taking_part:
        place = prepared(one, folder / f"memory-{taking_part.index(one)}", books)
        found[one.name].memory = peak_memory(one.command(), place, environment())
    added = Project("added-for-memory")
    added.prepare(state, books)
    large.memory = peak_memory(added.command(), state, environment())
    large.document_bytes = (state / "pipeline.json").stat().st_size
    return found, large


def prepared(one: Dispatcher, folder: Path, books: int) -> Path:
    """A folder with the work of a contestant."""
    folder.mkdir()
    one.prepare(folder, books)
    os.sync()  # what was written to prepare is not part of anybody's fsync
    gc.collect()
    return folder


def run_twice(one: Dispatcher, folder: Path, books: int) -> tuple[float, float]:
    """Do the work, check that it is done, and do it again: the times of both.

    Raises:
        DispatchError: it failed, or has not done the work.
    """
    prepared(one, folder, books)
    first_s = wall_s(one.command(), folder, environment())
    lost = [path for path in one.expected(folder, books) if not path.exists()]
    if lost:
        raise DispatchError(f"{one.name} has ended well, but {len(lost)} files are missing, such as {lost[0]}")
    return first_s, wall_s(one.command(), folder, environment())


def add_books(state: Path, name: str, books: int) -> float:
    """Have new books done in a folder of their own, beside the finished ones; the time that it takes."""
    added = Project(name)
    added.prepare(state, books)
    os.sync()
    return wall_s(added.command(), state, environment())


def read_all(state: Path) -> float:
    """The floor of a look at a finished library, in a process of its own."""
    command = [sys.executable, "-c", _READ_ALL, _LIBRARY]
    return float(subprocess.run(command, cwd=state, stdout=subprocess.PIPE, check=True).stdout)


def fsyncs(path: Path, count: int = 50) -> list[float]:
    """How long one fsync after another takes."""
    taken_s = []
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            file.write(bytes(SIZE_BYTES))
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken_s.append(time.perf_counter() - began)
    return taken_s


def overhead_s(found: dict[str, Measured], first_s: Sequence[float], steps: int) -> float:
    """What a step takes more than one of xargs does."""
    return (middle(first_s) - middle(found[Xargs.name].first_s)) / steps


def print_table(found: dict[str, Measured], large: Large, steps: int, finished: int) -> None:
    """One line a contestant."""
    print(f"\n{steps} steps, 2 workers; medians{'all':>23}{'a step over xargs':>20}{'again':>10}{'memory':>12}")
    rows = [(name, one.first_s, one.again_s, one.memory) for name, one in found.items()]
    rows.append((f"this project, {finished:,} books done", large.first_s, large.again_s, large.memory))
    for name, first_s, again_s, memory in rows:
        over_ms = f"{overhead_s(found, first_s, steps) * 1e3:.2f} ms"
        # xargs knows nothing of what is done and does all of it again.
        again = "–" if name in (Xargs.name,) else duration(middle(again_s))
        print(f"  {name:40}{duration(middle(first_s)):>10}{over_ms:>20}{again:>10}{size(memory.tree_bytes):>12}")
    print(f"  parse, list and stat of {finished:,} books{'':38}{duration(middle(large.floor_s)):>10}")


def verdicts(found: dict[str, Measured], steps: int) -> list[bool]:
    """The gates beside others."""
    ours = found[Project.name]
    over_s, again_s = overhead_s(found, ours.first_s, steps), middle(ours.again_s)
    said = f"a phase takes {over_s * 1e3:.2f} ms over xargs (gate {MOST_OVERHEAD_S * 1e3:g} ms)"
    held = [verdict(holds=over_s <= MOST_OVERHEAD_S, said=said)]
    for name, most in ((Snakemake.name, 1.0), (Luigi.name, MOST_OF_LUIGI)):
        if name not in found:
            print(f"NOT MEASURED  nothing to do, beside {name}: it is not installed")
            continue
        ratio = again_s / middle(found[name].again_s)
        said = f"with nothing to do it takes {ratio:.2f}x of {name} (gate {most:g}x)"
        held.append(verdict(holds=ratio <= most, said=said))
    return held


def large_verdicts(found: dict[str, Measured], large: Large, steps: int, finished: int) -> list[bool]:
    """The gates on a large state."""
    ours = found[Project.name]
    small_s, large_s = overhead_s(found, ours.first_s, steps), overhead_s(found, large.first_s, steps)
    growth, ratio = large_s / small_s, middle(large.again_s) / middle(large.floor_s)
    most_bytes = MOST_MEMORY_BYTES + 2 * large.document_bytes
    memory = large.memory.process_bytes
    beside = f"beside {finished:,} finished books"
    return [
        verdict(
            holds=large_s <= MOST_GROWTH * small_s,
            said=f"{beside} a phase takes {large_s * 1e3:.2f} ms over xargs, {growth:.2f}x (gate {MOST_GROWTH}x)",
        ),
        verdict(
            holds=ratio <= MOST_OF_FLOOR,
            said=f"{finished:,} books with nothing to do take {ratio:.2f}x of parse, list and stat "
            f"(gate {MOST_OF_FLOOR:g}x)",
        ),
        verdict(
            holds=memory <= most_bytes,
            said=f"{beside} the batch's process has {size(memory)} "
            f"(gate 60 MB and twice the document, {size(most_bytes)})",
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
