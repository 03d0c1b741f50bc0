"""``pipeline-state prune``: what it forgets, what it moves aside, and what it leaves alone."""

import os
from pathlib import Path
from typing import Any

import pytest
from documents import book, complete, document, failed

from orchestrator.lock import book_lock_path, open_lock, try_lock
from pipeline_common import PipelineState
from pipeline_common.cli import main

EMMA, NIGHT, LOST = "emma-11111111", "night-22222222", "lost-33333333"


def left(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return str(path)


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    """A finished book, one that is spoken, and one that failed; all their files are there."""
    for name in ("emma", "night", "lost"):
        left(tmp_path / "input" / f"{name}.epub")
    emma = complete("Emma", source={"path": "input/emma.epub"})
    emma["phase5"]["deliverables"] = {"m4b": {"path": "output/Emma.m4b"}}
    emma["phase2"]["artifacts"] = {"text": {"path": f"work/{EMMA}/text.jsonl"}}
    left(tmp_path / "output/Emma.m4b")
    night = book("Night", *["success"] * 4, source={"path": "input/night.epub"})
    for key, name in (("phase2", "text"), ("phase4", "timings")):
        left(tmp_path / "work" / NIGHT / f"{name}.jsonl")
        night[key]["artifacts"] = {name: {"path": f"work/{NIGHT}/{name}.jsonl"}}
    left(tmp_path / "work" / NIGHT / "chunks/a.wav")
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document({EMMA: emma, NIGHT: night, LOST: failed("Lost", source={"path": "input/lost.epub"})}))
    return state


def prune(state: PipelineState, capsys: Any, *options: str, code: int = 0) -> str:
    assert main(["--pipeline-json", str(state.path), "prune", *options]) == code
    out, err = capsys.readouterr()
    return out + err


def stage(state: PipelineState, name: str) -> str | None:
    records = state.records_of(name)
    return state.lifecycle.stage_of(records) if records else None


def test_where_all_files_are_there_nothing_is_pruned_also_of_a_finished_book_whose_work_was_cleaned(state, capsys):
    before = state.path.read_bytes()
    assert prune(state, capsys) == "There is nothing to prune.\n"
    assert state.path.read_bytes() == before


def test_a_spoken_book_without_its_chunks_is_spoken_again(state, capsys):
    os.unlink(state.path.parent / "work" / NIGHT / "chunks/a.wav")
    assert "it is at CHUNKED again." in prune(state, capsys)
    assert stage(state, NIGHT) == "CHUNKED"
    assert prune(state, capsys) == "There is nothing to prune.\n"


def test_a_finished_book_goes_back_as_far_as_its_files_do(state, capsys):
    os.unlink(state.path.parent / "output/Emma.m4b")
    assert f"{EMMA}: " in prune(state, capsys, "--stale-only")
    assert stage(state, EMMA) == "VALIDATED"


def test_an_unfinished_book_whose_own_file_is_gone_is_forgotten_and_can_be_brought_back(state, capsys):
    os.unlink(state.path.parent / "input/night.epub")
    assert "there is nothing left to go on with" in prune(state, capsys)
    assert stage(state, NIGHT) is None
    state.restore(revision=1)
    assert stage(state, NIGHT) == "SYNTHESIZED"


def test_a_book_that_no_batch_has_come_to_is_forgotten_once_its_file_is_gone(state, capsys):
    with state.transaction() as txn:
        files = {f"{name}-44444444": {"source_path": f"input/{name}.epub"} for name in ("later", "gone")}
        txn.data["batch"] = {"files": files}
    left(state.path.parent / "input/later.epub")
    assert "input/gone.epub is gone" in prune(state, capsys)
    assert list(state.read()["batch"]["files"]) == ["later-44444444"]


def test_an_audiobook_whose_own_file_is_gone_goes_on_being_known(state, capsys):
    with state.transaction() as txn:
        txn.data["phase5"]["files"][EMMA]["status"] = "pending"
        txn.data["books"][EMMA]["promotion"] = {"state": "outdated", "files": {"m4b": {"path": "output/Emma.m4b"}}}
        del txn.data["phase2"]["files"][EMMA]["artifacts"]
    os.unlink(state.path.parent / "input/emma.epub")
    assert prune(state, capsys) == "There is nothing to prune.\n"


@pytest.mark.parametrize(("age", "gone"), [("1", True), ("1d", True), ("100w", False), ("99999d", False)])
def test_old_failures_are_forgotten_and_younger_ones_stay(state, capsys, age, gone):
    with state.transaction() as txn:
        for phase in ("phase1", "phase2", "phase3"):
            txn.data[phase]["files"][LOST]["finished_at"] = "2026-01-02T10:00:00Z"
    assert ("forgotten; it failed at" in prune(state, capsys, "--failed-older-than", age)) == gone
    assert (stage(state, LOST) is None) == gone
    assert stage(state, NIGHT) == "SYNTHESIZED"


@pytest.mark.parametrize("text", ["", "d", "-3", "old", "3y", "9" * 20])
def test_what_is_no_age_is_wrong_usage(state, capsys, text):
    with pytest.raises(SystemExit) as caught:
        main(["--pipeline-json", str(state.path), "prune", f"--failed-older-than={text}"])
    assert caught.value.code == 2
    assert "is no age; give one such as 30" in capsys.readouterr().err


def test_orphans_are_moved_out_of_the_way_and_not_deleted(state, capsys):
    root = state.path.parent
    left(root / "work/stranger-00000000/text.jsonl")
    left(root / "output/Nobody/Nothing.mp3")
    assert "There is nothing to prune" in prune(state, capsys)
    told = prune(state, capsys, "--orphans")
    (aside,) = (root / ".pipeline/conflicts").glob("*_prune")
    assert f"remove {aside} to free the space" in told
    assert {str(path.relative_to(aside)) for path in aside.rglob("*") if path.is_file()} == {
        "work/stranger-00000000/text.jsonl",
        "output/Nobody/Nothing.mp3",
        "why.txt",
    }


def test_a_rehearsal_changes_nothing(state, capsys):
    os.unlink(state.path.parent / "input/night.epub")
    left(state.path.parent / "work/stranger-00000000/text.jsonl")
    before = {path: path.read_bytes() for path in state.path.parent.rglob("*") if path.is_file()}
    told = prune(state, capsys, "--failed-older-than", "1", "--orphans", "--dry-run")
    assert [part in told for part in (NIGHT, LOST, "stranger-00000000", "Nothing was changed")] == [True] * 4
    after = {path: path.read_bytes() for path in state.path.parent.rglob("*") if path.is_file()}
    assert {path: after.get(path) for path in before} == before


def test_old_files_are_tidied_up_as_the_configuration_says_but_not_where_only_stale_entries_are_wanted(state, capsys):
    (state.path.parent / "config.yaml").write_text("retention: {compress_after_days: 7}\n")
    with state.transaction() as txn:  # the first write makes no backup
        txn.data["books"][EMMA]["note"] = "1"
    with state.transaction() as txn:
        txn.data["books"][EMMA]["note"] = "2"
    old = state.list_backups()[-1]
    os.utime(old, (1e9, 1e9))
    packed = old.with_name(f"{old.name}.gz")
    assert prune(state, capsys, "--stale-only") == "There is nothing to prune.\n"
    assert prune(state, capsys, "--dry-run").startswith("Old files: 1 file of 0.0 MB compressed.\nNothing was changed")
    assert old.exists()
    assert prune(state, capsys) == "Old files: 1 file of 0.0 MB compressed.\n"
    assert packed.exists()
    assert not old.exists()
    assert packed in state.list_backups()
    assert main(["--pipeline-json", str(state.path), "restore", "--backup", packed.name, "--dry-run"]) == 0


def test_a_book_that_is_being_worked_on_is_left_alone(state, capsys):
    os.unlink(state.path.parent / "input/night.epub")
    descriptor = open_lock(book_lock_path(state.path.parent / "work", NIGHT))
    assert try_lock(descriptor)
    assert "it was left alone" in prune(state, capsys, code=3)
    assert "nothing was changed" in prune(state, capsys, "--orphans", code=3)
    os.close(descriptor)
    assert stage(state, NIGHT) == "SYNTHESIZED"


def test_where_the_folder_of_books_is_not_there_nobody_knows_what_is_gone(state, capsys):
    (state.path.parent / "input").rename(state.path.parent / "unmounted")
    assert prune(state, capsys) == "There is nothing to prune.\n"


def test_a_damaged_state_is_only_reported_by_a_rehearsal(state, capsys):
    state.write(state.read())
    state.path.write_text("{")
    assert "Corrupted state file" in prune(state, capsys, "--dry-run", code=3)
    assert state.path.read_text() == "{"
    assert "was damaged; the backup" in prune(state, capsys)
