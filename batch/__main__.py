"""``batch-audiobook``: the warden first, because it can only be forked before there is anything heavy or threaded."""

from __future__ import annotations

import signal
import sys

from batch.warden import stand_by
from orchestrator.exits import INTERRUPTED_TEXT, ExitCode


def main() -> int:
    """Run the command; returns the exit code."""
    warden = stand_by()
    try:
        from batch.cli import main as command
        from batch.surroundings import Surroundings

        return command(surroundings=Surroundings(warden))
    except KeyboardInterrupt:  # while modules are imported
        print(f"batch-audiobook: {INTERRUPTED_TEXT}", file=sys.stderr)
        return ExitCode.INTERRUPTED + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
