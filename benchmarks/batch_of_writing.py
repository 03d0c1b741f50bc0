"""``batch-audiobook`` as it is, but for its phases, which only write files."""

from __future__ import annotations

import sys

from batch.warden import stand_by


def main() -> int:
    """Run the command; returns the exit code."""
    warden = stand_by()
    from batch.cli import main as command
    from batch.surroundings import Surroundings

    return command(surroundings=Surroundings(warden, "benchmarks.writing_phase"))


if __name__ == "__main__":
    sys.exit(main())
