"""``python -m benchmarks.throughput``: how fast books become files, beside the shell and beside the bare coders."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av

from benchmarks.common import middle, parser, scratch, verdict
from benchmarks.makers import Floor, Maker, Project, Shell
from benchmarks.process_trees import DispatchError, Time, time_of
from benchmarks.prose import book

BOOKS = 4
LEAST_SPEED_UP = 3.0
MOST_OF_FLOOR = 1.35
MOST_OF_FLOOR_UNVERIFIED = 1.2


@dataclass
class Measured:
    """What one contestant took, a row a round.

    Attributes:
        maker: who.
        times: of each round.
        verification_s: the part of its CPU time in which it decoded and measured its files.
        audio_s: the length of its mp3 files.
    """

    maker: Maker
    times: list[Time] = field(default_factory=list)
    verification_s: list[float] = field(default_factory=list)
    audio_s: float = 0.0

    @property
    def wall_s(self) -> float:
        """The median."""
        return middle([time.wall_s for time in self.times])

    @property
    def cpu_s(self) -> float:
        """The median."""
        return middle([time.cpu_s for time in self.times])

    @property
    def unverified_cpu_s(self) -> float:
        """The median without verification."""
        pairs = zip(self.times, self.verification_s, strict=True)
        return middle([time.cpu_s - verification_s for time, verification_s in pairs])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table and verdicts; returns 0 where all gates hold, otherwise 1."""
    options = parser("How fast books become mastered mp3 and m4b, beside the shell and beside the bare coders.")
    options.add_argument("--words", type=int, default=24_000, help="in all four books, at least")
    options.add_argument("--rounds", type=int, default=3, help="runs of the floor and of this project; medians count")
    options.add_argument("--shell-rounds", type=int, default=1, help="runs of the shell, which takes minutes; 0: none")
    given = options.parse_args(arguments)
    texts = {f"Book {number + 1}": book(-(-given.words // BOOKS), given.seed + number) for number in range(BOOKS)}
    words = sum(len(text.split()) for text in texts.values())
    with scratch(given.folder) as folder:
        print(f"{BOOKS} books, {words:,} words")
        try:
            shell, floor, project = measure(folder, texts, given.rounds, given.shell_rounds, given.seed)
        except DispatchError as error:
            print(f"FAIL  {error}")
            return 1
    print_table([one for one in (shell, floor, project) if one.times], words)
    return 0 if all(verdicts(shell, floor, project)) else 1


def measure(
    folder: Path, texts: Mapping[str, str], rounds: int, shell_rounds: int, seed: int
) -> tuple[Measured, Measured, Measured]:
    """The shell, the floor, and this project; the latter two take turns in an order that changes.

    Raises:
        DispatchError: one of them failed, or has not made all files.
    """
    shell, floor, project = (Measured(maker()) for maker in (Shell, Floor, Project))
    chance = random.Random(seed)  # noqa: S311 - no secret
    for turn in range(max(rounds, shell_rounds)):
        taking_part = [one for one in (floor, project) if turn < rounds] + [shell] * (turn < shell_rounds)
        for one in chance.sample(taking_part, len(taking_part)):
            run(one, folder / f"{turn} {one.maker.name}", texts)
    return shell, floor, project


def run(one: Measured, folder: Path, texts: Mapping[str, str]) -> None:
    """Have all books made in a new folder, check that they are there, and note what it took.

    Raises:
        DispatchError: it failed, or has not made all files.
    """
    folder.mkdir()
    one.maker.prepare(folder, texts)
    os.sync()
    one.times.append(time_of(one.maker.command(), folder, os.environ))
    files = one.maker.files(folder)
    if len(files) != 2 * len(texts):
        raise DispatchError(f"{one.maker.name} has ended well, but has made {[path.name for path in files]}")
    if isinstance(one.maker, Project):
        one.verification_s.append(one.maker.verification_cpu_s(folder))
    one.audio_s = sum(map(duration_s, (path for path in files if path.suffix == ".mp3")))
    shutil.rmtree(folder)


def duration_s(path: Path) -> float:
    """How long a file is, by its frames: one that only an encoder has written does not say it."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return sum(1152 for packet in container.demux(stream) if packet.size) / stream.rate


def print_table(found: Sequence[Measured], words: int) -> None:
    """What each of them is, and what it took."""
    for one in found:
        print(f"{one.maker.name}: {one.maker.about()}")
    print(
        f"\nmedians{'':9}{'runs':>6}{'wall s':>9}{'words/s':>9}{'CPU s':>9}{'CPU s, verified apart':>23}{'audio h':>9}"
    )
    for one in found:
        apart = f"{one.unverified_cpu_s:.1f} + {middle(one.verification_s):.1f}" if one.verification_s else ""
        print(
            f"  {one.maker.name:14}{len(one.times):>6}{one.wall_s:>9.1f}{words / one.wall_s:>9.0f}{one.cpu_s:>9.1f}"
            f"{apart:>23}{one.audio_s / 3600:>9.2f}"
        )
    print()


def verdicts(shell: Measured, floor: Measured, project: Measured) -> list[bool]:
    """The gates; what was not measured is said and does not hold."""
    held = []
    if shell.times and project.times:
        speed_up = shell.wall_s / project.wall_s
        held.append(
            verdict(
                holds=speed_up >= LEAST_SPEED_UP,
                said=f"{speed_up:.2f}x the speed of the shell (gate {LEAST_SPEED_UP:g}x)",
            )
        )
    else:
        print("NOT MEASURED  the speed of the shell")
        held.append(False)
    if not floor.times:
        print("NOT MEASURED  the floor")
        return [*held, False]
    for said, cpu_s, most in (
        ("with verification", project.cpu_s, MOST_OF_FLOOR),
        ("without verification", project.unverified_cpu_s, MOST_OF_FLOOR_UNVERIFIED),
    ):
        ratio = cpu_s / floor.cpu_s
        held.append(
            verdict(holds=ratio <= most, said=f"{said} {ratio:.3f}x the CPU time of the floor (gate {most:g}x)")
        )
    return held


if __name__ == "__main__":
    sys.exit(main())
