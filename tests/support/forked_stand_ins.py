"""Runs a library's stand-in phases as the built-in ones are run, in a fork, which costs less than a program each."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def run_phase(plan_path: Path, result_path: Path) -> int:
    """Run the script of the library in whose folder this process works."""
    script = next(path for folder in Path.cwd().parents if (path := folder / "fake_phases.py").exists())
    sys.argv = [str(script), str(plan_path), str(result_path)]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    return 0
