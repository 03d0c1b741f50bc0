"""Whenever a book's process is killed: after its last commit, nobody comes to look for what it has left."""

import os
import signal
from pathlib import Path

import pytest
from stand_ins import Library

from orchestrator.descendants import fork
from orchestrator.inspection import inspect


def commits_of(library: Library, **changes: object) -> int:
    """Do the work on a book in peace; how many commits that takes."""
    revisions: list[int] = []
    library.run(on_commit=revisions.append, **changes)
    return len(revisions)


def die_after(library: Library, commits: int, **changes: object) -> None:
    """Do the work on a book in a process that is killed the moment it has made so many commits."""
    revisions: list[int] = []

    def count(revision: int) -> None:
        revisions.append(revision)
        if len(revisions) == commits:
            os.kill(os.getpid(), signal.SIGKILL)

    def work() -> int:
        library.run(on_commit=count, **changes)
        return 0

    _, status = os.waitpid(fork(work), 0)
    assert os.WIFSIGNALED(status)


def faults(library: Library) -> list[str]:
    return [fault.what for fault in inspect(library.document(), library.config, frozenset())]


@pytest.mark.parametrize(
    ("phases", "failing"),
    [("123", ""), ("12345", ""), ("12345", "chunking"), ("123", "validation")],
    ids=["some phases", "the whole book", "a failure", "a failure of the first"],
)
def test_nothing_is_left_of_a_book_whose_process_is_killed_right_after_its_last_commit(
    tmp_path: Path, phases: str, failing: str
) -> None:
    peaceful, killed = Library.plant(tmp_path / "peaceful"), Library.plant(tmp_path / "killed")
    for library in (peaceful, killed):
        if failing:
            library.behave(failing, "raise SystemExit(1)")
    last = commits_of(peaceful, phases_to_run=tuple(phases))
    die_after(killed, last, phases_to_run=tuple(phases))
    assert faults(killed) == []
    assert commits_of(killed, phases_to_run=tuple(phases)) == 0 or failing
    assert faults(killed) == []
