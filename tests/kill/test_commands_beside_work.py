"""`pipeline-state` beside a batch or a book that is being worked on: says who is at work, and changes nothing there."""

import fcntl
import json
import os
import time
from pathlib import Path

import pytest
from books import write_txt
from commands import run
from trees import DEADLINE_S, Tree

from orchestrator.workspace import open_workspace
from pipeline_common import PipelineState
from pipeline_common.books import book_id

PROGRAMS = ["validation", "extraction", "chunking"]
REPLACING = [("restore", "--revision", "1"), ("reset",), ("reset", "--dry-run")]
CHANGING = [("clear", "Night.txt"), ("retry", "Night.txt"), ("clear", "Night.txt", "--dry-run"), *REPLACING]


def let_it_end(tree: Tree, process) -> None:  # type: ignore[no-untyped-def]
    tree.open_gate()
    output, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, output


@pytest.mark.parametrize("by_hand", [False, True], ids=["batch", "by hand"])
def test_nothing_of_a_book_that_is_being_worked_on_is_changed_and_who_works_is_said(
    tmp_path: Path, *, by_hand: bool
) -> None:
    tree = Tree.plant(tmp_path, foreign=PROGRAMS if by_hand else [])
    tree.close_gate()
    process = tree.by_hand() if by_hand else tree.start()
    at_work = process.pid if by_hand else tree.hanging()["batch"]
    if by_hand:
        tree.began()
    before = PipelineState(tmp_path / "pipeline.json").read()
    for command in CHANGING:
        refused = run("pipeline-state", *command, cwd=tmp_path)
        assert refused.returncode == 3, command
        assert f"process {at_work} since 20" in refused.stderr
        assert "Wait until that has ended, or stop it" in refused.stderr
    assert PipelineState(tmp_path / "pipeline.json").read() == before
    let_it_end(tree, process)
    assert run("pipeline-state", "clear", "Night.txt", "--from-phase", "3", cwd=tmp_path).returncode == 0
    assert run("pipeline-state", "restore", "--revision", "1", cwd=tmp_path).returncode == 0
    assert run("pipeline-state", "reset", cwd=tmp_path).returncode == 0


def test_other_books_may_be_cleared_beside_a_batch_and_it_does_not_take_that_back(tmp_path: Path) -> None:
    tree = Tree.plant(tmp_path)
    day = write_txt(tmp_path / "input" / "Day.txt", "Day", "B. Writer", [("Chapter 1", ["It was a bright day."])])
    tree.close_gate()
    batch = tree.start("--max-workers", "2")
    tree.began()
    phase3 = wait_for_success(tmp_path, "phase3", book_id(day, tmp_path))
    cleared = run("pipeline-state", "clear", "Day.txt", "--from-phase", "3", cwd=tmp_path)
    assert cleared.returncode == 0, cleared.stderr
    let_it_end(tree, batch)
    files = PipelineState(tmp_path / "pipeline.json").read()["phase3"]["files"]
    assert phase3 not in files.values()
    assert len(files) == 1


def wait_for_success(root: Path, phase: str, book: str) -> dict:  # type: ignore[type-arg]
    """Wait until nobody works on a book whose phase has succeeded; the record."""
    give_up_at = time.monotonic() + DEADLINE_S
    workspace = open_workspace(root / "pipeline.json", None)
    while True:
        record = PipelineState(root / "pipeline.json").read().get(phase, {}).get("files", {}).get(book, {})
        if record.get("status") == "success" and workspace.holder(book) is None:
            return dict(record)
        assert time.monotonic() < give_up_at, record
        os.sched_yield()


def wait_for_the_batch(root: Path) -> int:
    """Wait until a batch has noted in its lock who it is; its process."""
    give_up_at = time.monotonic() + DEADLINE_S
    while not (notes := [path.read_text() for path in root.glob("work/.locks/batch-*.lock")]) or notes[0][-1:] != "}":
        assert time.monotonic() < give_up_at
        os.sched_yield()
    return int(json.loads(notes[0])["pid"])


@pytest.mark.parametrize("command", REPLACING, ids=" ".join)
def test_the_whole_state_is_not_replaced_under_a_batch_that_has_no_book_at_hand_yet(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    tree = Tree.plant(tmp_path)
    (tmp_path / "hang").unlink()
    PipelineState(tmp_path / "pipeline.json").write({"books": {}})
    before = (tmp_path / "pipeline.json").read_bytes()
    with (tmp_path / "pipeline.json.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the batch plans, and waits for the state to say so
        batch = tree.start()
        at_work = wait_for_the_batch(tmp_path)
        refused = run("pipeline-state", *command, cwd=tmp_path)
        assert refused.returncode == 3
        assert f"A batch is running, process {at_work} since 20" in refused.stderr
        assert at_work in tree.living()
        assert (tmp_path / "pipeline.json").read_bytes() == before
    output, _ = batch.communicate(timeout=DEADLINE_S)
    assert batch.returncode == 0, output
