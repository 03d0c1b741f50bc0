"""What the derived views cost, and what they give: ``python -m benchmarks.views``.

Commits with views that are kept up to date beside them, and without; all views made anew; the list of a large state
beside the load of its document; and questions in SQL.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from batch.follower import Follower
from benchmarks.common import (
    Update,
    Updates,
    book_id,
    duration,
    floor_out_of_range,
    middle,
    parser,
    scratch,
    size,
    verdict,
    whole_numbers,
)
from benchmarks.dispatch import fsyncs
from benchmarks.state_scoped import Cost, prepared, print_costs, run
from benchmarks.stores import State
from pipeline_common import PipelineState
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.derived.database import Database
from pipeline_common.derived.position import position
from pipeline_common.derived.views import KINDS, SQLITE, Views
from pipeline_common.files import StateFiles

MOST_OF_COMMIT = 1.05
MOST_OF_LOAD = 1.5
MOST_QUERY_S = 50e-3

PARTS = ("commits", "reindex", "look")
"""What can be measured by itself."""

QUERIES = {
    "books by stage": "SELECT stage, count(*) FROM books GROUP BY stage",
    "one book": "SELECT * FROM books WHERE id = '{book}'",
    "the slowest phases": "SELECT book, duration_s FROM phases WHERE phase = 'phase4'"
    " ORDER BY duration_s DESC LIMIT 10",
    "words of books": "SELECT book, record ->> '$.metrics.words' FROM records WHERE section = 'phase2'",
    "what happened to a book": "SELECT revision, at, section, status FROM events WHERE book = '{book}'",
}
"""What people ask, after ``docs/pipeline-state.md``."""


_AT_WORK = 100
"""Books whose records are changed; a batch changes those of a few at a time."""

_BURST = 100
"""Commits between two looks at the clock."""


@dataclass(slots=True)
class Commits:
    """The commits of one kind, over all pairs.

    Attributes:
        samples_s: what each took, seconds.
        of_pairs: how many there were in each pair.
        left: of these, how many were not in the SQLite index when the last was made.
        ending_s: what it took to bring all views up to date then.
        cpu_s: what the follower had used by then.
    """

    samples_s: list[float] = field(default_factory=list)
    of_pairs: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    ending_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables and verdicts; returns 0 where all gates hold, otherwise 1."""
    options = parser("What views of the state cost a commit, to make anew, and to ask.")
    options.add_argument("--parts", type=_parts, default=list(PARTS), help=f"some of {','.join(PARTS)}")
    options.add_argument("--books", type=int, default=10_000, help="number of books beside which commits are made")
    options.add_argument("--pairs", type=int, default=10, help="of commits with views, and commits without")
    options.add_argument("--commits", type=int, default=1000, help="at least so many of each, in each pair")
    options.add_argument(
        "--seconds", type=float, default=6.0, help="at least so long, in which a follower looks thrice"
    )
    options.add_argument("--sizes", type=whole_numbers, default=[10_000, 100_000], help="numbers of books, made anew")
    options.add_argument("--samples", type=int, default=5, help="of each list, load and question")
    given = options.parse_args(arguments)
    holds = True
    with scratch(given.folder) as folder:
        if "commits" in given.parts:
            holds &= measure_commits(folder, given)
        sizes = given.sizes if set(given.parts) - {"commits"} else ()
        paths = {books: prepared(folder, books, given.seed) for books in sizes}
        if "reindex" in given.parts:
            measure_reindex(paths)
        if "look" in given.parts:
            holds &= measure_look(max(given.sizes), paths[max(given.sizes)], given.samples, given.seed)
    return 0 if holds else 1


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if not set(parts) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of parts; give some of {','.join(PARTS)}")
    return parts


def measure_commits(folder: Path, given: argparse.Namespace) -> bool:
    """Pairs of commits with and without a follower of all views, in an order that changes; whether the gate holds."""
    path = prepared(folder, given.books, given.seed)
    Views(PipelineState(path)).rebuild(KINDS)
    updates = iter(Updates(range(min(given.books, _AT_WORK)), given.seed))
    chance = random.Random(given.seed)  # noqa: S311 - no secret
    found = {False: Commits(), True: Commits()}
    state = State(path.parent)
    state.commit(next(updates))
    for _ in range(given.pairs):
        for with_views in chance.sample((False, True), 2):
            os.sync()
            _half(state, updates, found[with_views], given, path if with_views else None)
    state.close()
    fsync_s = middle(fsyncs(path.parent / "fsync"))
    print(f"\nCommits beside {given.books:,} books, {given.pairs} pairs; all three views are followed\n")
    for with_views, commits in found.items():
        _print_commits("with views" if with_views else "without", commits)
    print(f"  one fsync {duration(fsync_s):>18}  {floor_out_of_range(fsync_s)}\n")
    without_s, with_s = (middle(commits.samples_s) for commits in found.values())
    ratio = with_s / without_s
    said = f"with views the median commit takes {ratio:.3f}x (gate {MOST_OF_COMMIT}x)"
    return verdict(holds=ratio <= MOST_OF_COMMIT, said=said)


def _half(
    state: State, updates: Iterator[Update], found: Commits, given: argparse.Namespace, followed: Path | None
) -> None:
    """One half of a pair: commits as fast as they can be made.

    Raises:
        RuntimeError: the follower has not taken in all of them at the end.
    """
    follower = Follower(followed, KINDS) if followed else None
    begin, count = time.perf_counter(), 0
    while count < given.commits or time.perf_counter() - begin < given.seconds:
        for update in itertools.islice(updates, _BURST):
            began = time.perf_counter()
            state.commit(update)
            found.samples_s.append(time.perf_counter() - began)
        count += _BURST
    found.of_pairs.append(count)
    if follower is not None and followed is not None:
        used = psutil.Process(follower.pid).cpu_times()
        found.cpu_s.append(used.user + used.system)
        behind, began = _behind(followed), time.perf_counter()
        problem = follower.finish()
        if problem or _behind(followed):
            raise RuntimeError(f"the views have not been brought up to date: {problem or 'they are behind'}")
        found.left.append(behind)
        found.ending_s.append(time.perf_counter() - began)


def _behind(path: Path) -> int:
    """How many commits are not in the SQLite index."""
    files = StateFiles(path)
    made = Database(files.database, AUDIOBOOK).position()
    return position(files).revision - (made.revision if made else 0)


def _print_commits(name: str, found: Commits) -> None:
    slow_s = sorted(found.samples_s)[len(found.samples_s) * 9 // 10]
    counts = f"{min(found.of_pairs):,} to {max(found.of_pairs):,} in a half"
    print(f"  {name:12}{duration(middle(found.samples_s)):>10}{duration(slow_s):>10} 90 %   {counts}")
    if found.left:
        left, ending_s, cpu_s = middle(found.left), middle(found.ending_s), middle(found.cpu_s)
        print(f"{'':14}the follower used {duration(cpu_s)} of CPU time in a half; what it then had to take in,")
        print(f"{'':14}{left:,.0f} commits, took {duration(ending_s)}")


def measure_reindex(paths: Mapping[int, Path]) -> None:
    """Each view made anew by a process of its own."""
    print("\nA new process makes a view anew\n")
    for books, path in paths.items():
        for kind in KINDS:
            cost = run("command", path, json.dumps(["reindex", "--view", kind]))
            rate = books / cost["wall_s"]
            print(
                f"  {books:>9,} books  {kind:8}{duration(cost['wall_s']):>10}{rate:>10,.0f} a second"
                f"{size(cost['peak_bytes']):>14} memory{size(_bytes_of(Views(PipelineState(path)).path(kind))):>14}"
            )


def _bytes_of(path: Path) -> int:
    """The size of a file, or of all files of a folder."""
    if path.is_dir():
        return sum(entry.stat().st_size for entry in os.scandir(path))
    return path.stat().st_size


def measure_look(books: int, path: Path, samples: int, seed: int) -> bool:
    """The list beside the load, taking turns, and questions to an index that is up to date; whether the gates hold."""
    costs: dict[str, list[Cost]] = {"load": [], "list": []}
    for _ in range(samples):
        costs["load"].append(run("read", path, ""))
        costs["list"].append(run("command", path, '["list"]'))
    print(f"\n{books:,} books, {size(path.stat().st_size)}; start-up is left out\n")
    for name, found in costs.items():
        print_costs(name, found)
    load_s, list_s = (middle([cost["wall_s"] for cost in found]) for found in costs.values())
    ratio = list_s / load_s
    holds = verdict(holds=ratio <= MOST_OF_LOAD, said=f"a list takes {ratio:.2f}x the load (gate {MOST_OF_LOAD}x)")
    Views(PipelineState(path)).catch_up([SQLITE])
    slowest_s = 0.0
    print()
    for name, sql in QUERIES.items():
        words = json.dumps(["query", sql.format(book=book_id(books // 2, seed))])
        found = [run("command", path, words) for _ in range(samples)]
        print_costs(name, found)
        slowest_s = max(slowest_s, middle([cost["wall_s"] for cost in found]))
    said = f"the slowest question takes {duration(slowest_s)} (gate {duration(MOST_QUERY_S)})"
    return verdict(holds=slowest_s <= MOST_QUERY_S, said=said) and holds


if __name__ == "__main__":
    sys.exit(main())
