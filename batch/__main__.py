"""``batch-audiobook``: the warden first, because it can only be forked before there is anything heavy or threaded."""

from __future__ import annotations

import gc
import signal
import sys
from typing import NoReturn

from batch.warden import stand_by
from orchestrator.exits import INTERRUPTED_TEXT, ExitCode, leave


def main(runner: str | None = None) -> NoReturn:
    """Run the command, and end with its exit code.

    Args:
        runner: the module that runs the phases; None for the built-in ones. Measurements have their own.
    """
    warden = stand_by()
    gc.disable()  # most of what follows are imports, of which nothing is garbage
    try:
        from batch.cli import main as command
        from batch.surroundings import Surroundings

        code = command(surroundings=Surroundings(warden, runner) if runner else Surroundings(warden))
    except KeyboardInterrupt:  # while modules are imported
        print(f"batch-audiobook: {INTERRUPTED_TEXT}", file=sys.stderr)
        code = ExitCode.INTERRUPTED + signal.SIGINT
    leave(code)


if __name__ == "__main__":
    main()
