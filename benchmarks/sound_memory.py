"""``python -m benchmarks.sound_memory``: what a book takes of memory, from its text to all its files, by its length."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import av

from benchmarks.common import parser, scratch, size, verdict, whole_numbers
from benchmarks.makers import Project
from benchmarks.process_trees import DispatchError, Memory, peak_memory
from benchmarks.prose import book

MOST_BYTES = 300_000_000
MOST_GROWTH = 1.25
_WORDS_AN_HOUR = 10_700
_INTERVAL_S = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table and verdicts; returns 0 where all gates hold, otherwise 1."""
    options = parser("Memory of one book from its text to mp3, m4b, subtitles and EPUB, by the length of its sound.")
    options.add_argument(
        "--minutes", type=whole_numbers, default=[60, 180, 720], help="of sound, about; such as 60,720"
    )
    given = options.parse_args(arguments)
    peaks: list[int] = []
    with scratch(given.folder) as folder:
        print(f"\n{'audio h':>9}{'tree (PSS)':>14}{'largest process (RSS)':>24}")
        for minutes in given.minutes:
            try:
                hours, memory = measure(folder / str(minutes), minutes, given.seed)
            except DispatchError as error:
                print(f"FAIL  {error}")
                return 1
            print(f"{hours:>9.2f}{size(memory.tree_bytes):>14}{size(memory.process_bytes):>24}", flush=True)
            peaks.append(memory.tree_bytes)
    print()
    growth = max(peaks) / min(peaks)
    return int(
        not all(
            [
                verdict(holds=max(peaks) < MOST_BYTES, said=f"at most {size(max(peaks))} (gate {size(MOST_BYTES)})"),
                verdict(
                    holds=growth <= MOST_GROWTH,
                    said=f"the longest and the shortest book are {growth:.2f}x apart (gate {MOST_GROWTH}x)",
                ),
            ]
        )
    )


def measure(folder: Path, minutes: int, seed: int) -> tuple[float, Memory]:
    """The hours of sound and the memory of a book, made by the installed command with its defaults.

    Raises:
        DispatchError: it failed.
    """
    (folder / "input").mkdir(parents=True)
    (folder / "input" / "Long.txt").write_text(book(minutes * _WORDS_AN_HOUR // 60, seed), encoding="utf-8")
    memory = peak_memory(Project().command(), folder, os.environ, _INTERVAL_S)
    (path,) = (folder / "output").rglob("*.m4b")
    with av.open(str(path)) as container:
        hours = (container.duration or 0) / av.time_base / 3600
    shutil.rmtree(folder)
    return hours, memory


if __name__ == "__main__":
    sys.exit(main())
