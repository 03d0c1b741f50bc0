"""Run one phase: ``python -m phases PLAN RESULT``."""

from __future__ import annotations

import sys
from pathlib import Path

from phases.runner import run_phase

if __name__ == "__main__":
    plan_path, result_path = sys.argv[1:]
    sys.exit(run_phase(Path(plan_path), Path(result_path)))
