"""How often each rule leaves out text in a folder of books, and what: for a person to read through.

``python -m benchmarks.rules FOLDER`` counts; ``--show footnote`` prints what these rules leave out, so that each firing
can be judged: all of it, or of more than ``--most`` a sample that its seed chooses. What is found belongs into the
table of ``docs/what-is-read.md``, with the date; ``--check docs/what-is-read.md`` says where that is out of date.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
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


def judged(page: str) -> dict[str, int]:
    """How often each rule has fired when the table of a page was written."""
    rows = re.findall(r"^\| `([\w-]+)` \|(?:[^|]*\|){3} (\d+|never) \|", page, re.MULTILINE)
    return {rule: 0 if seen == "never" else int(seen) for rule, seen in rows}


def sample(found: Sequence[Firing], most: int, seed: int) -> Sequence[Firing]:
    """These firings, or as many of them as a person reads, in order."""
    if len(found) <= most:
        return found
    chosen = sorted(random.Random(seed).sample(range(len(found)), most))  # noqa: S311 -- no secret
    return [found[number] for number in chosen]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the counts, and what rules have left out; 1 where a page says otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", nargs="+", choices=RULES, default=[], metavar="RULE")
    parser.add_argument("--most", type=int, default=60, metavar="N", help="firings to show of a rule")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the sample where there are more")
    parser.add_argument("--check", type=Path, metavar="PAGE", help="compare with the table of this page")
    args = parser.parse_args(argv)
    fired: dict[str, list[Firing]] = {rule: [] for rule in RULES}
    books: dict[str, set[str]] = {rule: set() for rule in RULES}
    read = refused = 0
    for path in sorted(each for each in args.folder.rglob("*") if each.is_file()):
        try:
            found = list(firings(path))
        except PermanentError:
            refused += 1
            continue
        read += 1
        for firing in found:
            fired[firing.rule].append(firing)
            books[firing.rule].add(str(path))
    for rule in args.show:
        shown = sample(fired[rule], args.most, args.seed)
        print(f"{rule}: {len(shown)} of {len(fired[rule])}" + (f", seed {args.seed}" if shown != fired[rule] else ""))
        for firing in shown:
            print(f"{rule} | {firing.book} | {firing.source} | {firing.text!r}")
    print(f"{read} books read, {refused} files refused")
    said = judged(args.check.read_text(encoding="utf-8")) if args.check else {}
    wrong = 0
    for rule, found in fired.items():
        other = f"; the page says {said.get(rule)}" if args.check and said.get(rule) != len(found) else ""
        wrong += bool(other)
        print(f"{rule:<20}{len(found):>6} times in {len(books[rule])} books{other}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
