"""How often each rule leaves out text in a folder of books, and what: for a person to read through.

``python -m benchmarks.rules FOLDER`` counts; ``--show footnote`` prints all that these rules leave out, so that each
firing can be judged. What is found belongs into the table of ``docs/what-is-read.md``, with the date.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from phases import extraction, validation
from phases.contract import PermanentError, Plan
from phases.rules import RULES


@dataclass(frozen=True, slots=True)
class Firing:
    """A piece of text that a rule has left out; `source` says where in the book it stood."""

    rule: str
    book: str
    source: str
    text: str


def firings(path: Path) -> Iterator[Firing]:
    """What is left out of a book with the defaults.

    Raises:
        PermanentError: it is no book, or cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="rules-") as name:
        folder = Path(name)
        progress = folder / "progress"

        def plan(phase: str, inputs: dict[str, Path]) -> Plan:
            return Plan(phase, "book", 1, path, folder, folder, inputs, {}, folder, 1, progress)

        validation.run(plan("validation", {}))
        extraction.run(plan("extraction", {"source": folder / "source.json"}))
        with open(folder / "text.jsonl", encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                if row["omit"] is not None:
                    yield Firing(row["omit"]["rule"], path.name, row["source"], row["text"])


def main(argv: Sequence[str] | None = None) -> int:
    """Print the counts, or what rules have left out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", nargs="+", choices=RULES, default=[], metavar="RULE")
    args = parser.parse_args(argv)
    counts: Counter[str] = Counter()
    books: dict[str, set[str]] = {}
    read = refused = 0
    for path in sorted(each for each in args.folder.rglob("*") if each.is_file()):
        try:
            found = list(firings(path))
        except PermanentError:
            refused += 1
            continue
        read += 1
        for firing in found:
            counts[firing.rule] += 1
            books.setdefault(firing.rule, set()).add(str(path))
            if firing.rule in args.show:
                print(f"{firing.rule} | {firing.book} | {firing.source} | {firing.text!r}")
    print(f"{read} books read, {refused} files refused")
    for rule in RULES:
        print(f"{rule:<20}{counts[rule]:>6} times in {len(books.get(rule, ()))} books")
    return 0


if __name__ == "__main__":
    sys.exit(main())
