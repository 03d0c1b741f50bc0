"""A phase that only writes its files, in the place of all the built-in ones; also a program of its own.

Standard library only, as it is forked into a book's process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

FILES = {
    "validation": ["source"],
    "extraction": ["book", "text"],  # later phases are given both
    "chunking": ["chunks"],
    "synthesis": ["timings"],
    "enhancement": ["ledger"],
}
"""What each phase leaves: one file, or as few as the phases after it are given."""

SIZE_BYTES = 1024


def write_durably(path: str | Path) -> None:
    """What a step consists of: a new file, and one fsync."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        os.write(descriptor, bytes(SIZE_BYTES))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def run_phase(plan_path: str | Path, result_path: str | Path) -> int:
    """Do what the plan says; returns the exit code."""
    plan = json.loads(Path(plan_path).read_text(encoding="utf-8"))
    names = FILES[plan["phase"]]
    for name in names:
        write_durably(f"{plan['attempt_dir']}/{name}")
    result = {
        **{key: plan[key] for key in ("version", "phase", "book_id", "attempt")},
        "status": "success",
        "artifacts": {name: name for name in names},
        "deliverables": {},
        "output_folder": None,
        "metrics": {},
        "book": {},
        "error": None,
    }
    Path(result_path).write_text(json.dumps(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(run_phase(*sys.argv[1:]))
