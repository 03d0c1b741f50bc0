"""What the crash tests share."""

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def crash_seed(request: pytest.FixtureRequest) -> int:
    """The seed of every choice, printed: another each time in long tests, the same in quick ones.

    ``CRASH_SEED`` in the environment sets it, and so repeats a run.
    """
    by_chance = random.SystemRandom().randrange(1 << 32) if request.node.get_closest_marker("long") else 1
    seed = int(os.environ.get("CRASH_SEED") or by_chance)
    sys.stdout.write(f"\nCRASH_SEED={seed}\n")
    return seed


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is such a thing: thousands of disks are written to it."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="crash_", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)
