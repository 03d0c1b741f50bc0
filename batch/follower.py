"""The process that keeps the views of the state up to date while books are worked on: no commit waits for it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.config import Config

logger = logging.getLogger(__name__)

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import batch.follower as f; f.be_follower(*sys.argv[2:])"
)
"""What the interpreter is told; the places of modules as JSON, the batch's number, the state and the views follow."""

_GRACE_S = 2.0
"""What it was in the middle of when it was killed is made anew by the next, which may take a minute."""

_CHECKOUT = str(Path(__file__).parents[1])


class Follower:
    """A running follower.

    Args:
        path: the state file.
        kinds: the views that it keeps up to date.
    """

    def __init__(self, path: Path, kinds: Sequence[str]) -> None:
        paths = json.dumps([_CHECKOUT, *(place for place in sys.path if place)])
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, paths, str(os.getpid()), str(path), *kinds],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def finish(self) -> str:
        """Have it take in what was committed, and end; gives why the views are not up to date, if they are not."""
        with suppress(BrokenPipeError):
            _, told = self._process.communicate(b"\n")
            problem = told.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
            return problem or (f"it has ended with {self._process.returncode}" if self._process.returncode else "")
        return "it has ended early"

    def abandon(self) -> None:
        """End it as soon as it is not in the middle of something; where that takes long, at once."""
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        self._process.kill()
        self._process.wait()


@contextmanager
def following(config: Config, complain: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Keep those views up to date that the configuration turns on, to the last commit that is made meanwhile.

    Args:
        config: the configuration.
        complain: tells the user one line.

    Yields:
        What gives it up: the views stay behind, for the next one to bring them up to date.
    """
    kinds = config.views.kept_up_to_date()
    if not kinds:
        yield lambda: None
        return
    try:
        follower: Follower | None = Follower(config.pipeline_json, kinds)
    except OSError as error:
        complain(f"The views of the state are not kept up to date, as no process could be started: {error.strerror}.")
        follower = None

    def give_up() -> None:
        nonlocal follower
        if follower is not None:
            follower.abandon()
            follower = None

    try:
        yield give_up
        problem = follower.finish() if follower is not None else ""
        if problem:
            logger.warning("views are behind: %s", problem)
            complain(f"The views of the state are behind: {problem}. The next batch brings them up to date.")
        follower = None
    finally:
        give_up()


def be_follower(parent: str, path: str, *kinds: str) -> None:
    """What the process does.

    Args:
        parent: the batch's number, as text.
        path: the state file.
        kinds: the views that it keeps up to date.
    """
    from orchestrator.descendants import die_with_parent, name_process
    from pipeline_common.derived.following import follow

    die_with_parent(int(parent))
    name_process("batch-follower")
    problem = follow(Path(path), kinds, sys.stdin.fileno())
    if problem:
        sys.stderr.write(f"{problem}\n")
