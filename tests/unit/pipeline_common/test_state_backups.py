"""Backups: when they are made, how they are ordered, what is removed, and how one is brought back."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from pipeline_common import PipelineState, StateCorruptionError, StateReadError, load_pipeline_json
from pipeline_common import backups as backups_module
from pipeline_common.system import System


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    return PipelineState(tmp_path / "pipeline.json")


def numbers(state: PipelineState) -> list[int]:
    """What each backup holds, newest first."""
    return [json.loads(path.read_text())["x"] for path in state.list_backups(limit=100)]


def fill(state: PipelineState, count: int) -> None:
    for number in range(1, count + 1):
        state.write({"x": number})


def test_the_first_write_makes_no_backup_and_each_further_one_keeps_the_document_before_it(state: PipelineState):
    state.write({"x": 1})
    assert state.list_backups() == []
    state.write({"x": 2})
    state.write({"x": 3})
    assert numbers(state) == [2, 1]
    pattern = r"pipeline_\d{8}_\d{6}_\d{6}\.json\.bak"
    assert all(re.fullmatch(pattern, path.name) for path in state.list_backups())
    assert state.list_backups()[0].parent == state.path.parent / ".pipeline" / "backups"


def test_backups_can_be_switched_off(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json", backup_before_write=False)
    fill(state, 3)
    assert state.list_backups() == []


def test_list_backups_gives_at_most_the_limit(state: PipelineState):
    fill(state, 14)
    assert len(state.list_backups()) == 10
    assert len(state.list_backups(limit=3)) == 3
    assert state.list_backups(limit=0) == []


def test_only_the_newest_are_kept(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json", max_backups=3)
    fill(state, 7)
    assert numbers(state) == [6, 5, 4]


def test_backups_together_stay_below_the_limit_but_the_newest_is_kept(state: PipelineState, monkeypatch):
    monkeypatch.setattr(backups_module, "LARGEST_TOTAL_BYTES", 1500)
    for number in range(1, 7):
        state.write({"x": number, "pad": "." * 500})
    assert numbers(state) == [5, 4]
    monkeypatch.setattr(backups_module, "LARGEST_TOTAL_BYTES", 10)
    state.write({"x": 7})
    assert numbers(state) == [6]


def test_the_newest_backup_is_that_of_the_highest_revision_whatever_its_name_says(state: PipelineState):
    fill(state, 3)
    newest = state.list_backups()[0]
    newest.rename(newest.with_name("pipeline_19990101_000000_000000.json.bak"))
    assert numbers(state) == [2, 1]


def test_an_older_copy_put_in_place_by_hand_counts_and_new_backups_are_still_the_newest(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json", max_backups=3)
    fill(state, 6)
    shutil.copy(state.list_backups()[-1], state.path)
    assert state.read()["x"] == 3
    state.write({"x": 10})
    state.write({"x": 11})
    assert numbers(state)[0] == 10


def test_the_live_file_has_one_name_so_that_an_editor_cannot_reach_a_backup(state: PipelineState):
    fill(state, 3)
    assert os.stat(state.path).st_nlink == 1
    assert all(os.stat(path).st_nlink == 1 for path in state.list_backups())


def test_a_second_name_that_a_crash_has_left_is_removed(state: PipelineState):
    fill(state, 2)
    twin = state.path.parent / ".pipeline" / "backups" / "pipeline_20300101_000000_000000.json.bak"
    os.link(state.path, twin)
    state.write({"x": 3})
    assert not twin.exists()
    assert numbers(state) == [2, 1]


def test_a_file_system_without_links_gets_copies(tmp_path: Path):
    class NoLinks(System):
        def link(self, source: str, target: str) -> None:
            raise PermissionError("no links here")

    state = PipelineState(tmp_path / "pipeline.json", system=NoLinks())
    fill(state, 3)
    assert numbers(state) == [2, 1]


def test_a_backup_by_hand_is_a_copy_and_none_without_a_file(state: PipelineState):
    assert state.backup_manager.create_backup() is None
    state.write({"x": 1})
    backup = state.backup_manager.create_backup()
    assert backup is not None
    assert backup.read_bytes() == state.path.read_bytes()
    assert not os.path.samefile(backup, state.path)


def test_restoring_brings_the_document_back_exactly_as_a_new_revision_and_keeps_what_it_replaced(state: PipelineState):
    state.write({"x": 1})
    first = state.read()
    state.write({"x": 2})
    state.write({"x": 3})
    assert state.restore_backup(state.list_backups()[-1]) is True
    assert state.read() == first
    assert numbers(state) == [3, 2, 1]
    assert json.loads(state.path.read_text())["_state"]["revision"] == 4


@pytest.mark.parametrize("content", [None, b"", b'{"x": ', b"[1]"])
def test_a_backup_is_verified_before_it_is_restored(state: PipelineState, tmp_path: Path, content):
    state.write({"x": 1})
    backup = tmp_path / "mine.bak"
    if content is not None:
        backup.write_bytes(content)
    before = state.path.read_bytes()
    with pytest.raises(StateReadError, match=r"mine\.bak.*Choose another one"):
        state.restore_backup(backup)
    assert state.path.read_bytes() == before


def test_a_damaged_file_is_an_error_that_names_the_newest_valid_backup_and_the_command(state: PipelineState):
    fill(state, 3)
    newest, older = state.list_backups()
    newest.write_text("{")
    state.path.write_text('{"x": ')
    for call in (state.read, state.transaction().__enter__, lambda: state.write({})):
        with pytest.raises(StateReadError) as caught:
            call()
        message = str(caught.value)
        assert message.startswith(f"Corrupted state file: {state.path}: line 1")
        assert f"pipeline-state --pipeline-json {state.path} restore --backup {older}" in message
    assert state.path.read_text() == '{"x": '


def test_loading_restores_the_newest_valid_backup_and_what_followed_keeps_the_damaged_file_says_so_and_logs_it(
    state: PipelineState, caplog: pytest.LogCaptureFixture
):
    fill(state, 3)
    state.path.write_text('{"x": ')
    assert load_pipeline_json(state.path)["x"] == 3
    assert state.read()["x"] == 3
    conflicts = state.path.parent / ".pipeline" / "conflicts"
    kept = next(conflicts.glob("*_pipeline.json"))
    assert kept.read_text() == '{"x": '
    assert "Corrupted" in kept.with_name(kept.name + ".why.txt").read_text()
    assert "was damaged" in caplog.text
    newest = state.get_transaction_history(1)[0]
    assert (newest["operation"], newest["details"]["kept"]) == ("restore", str(kept))


def test_a_damaged_file_without_a_valid_backup_is_corruption_with_the_ways_out(state: PipelineState):
    state.path.write_text('{"x": ')
    for call in (state.read, lambda: load_pipeline_json(state.path)):
        with pytest.raises(StateCorruptionError, match=r"^Corrupted state file: .*by hand.*restore.*reset"):
            call()
    assert state.path.read_text() == '{"x": '


def test_a_missing_file_with_backups_is_never_a_fresh_start(state: PipelineState):
    fill(state, 2)
    backup = state.list_backups()[0]
    state.path.unlink()
    for call in (state.read, lambda: state.write({}), lambda: load_pipeline_json(state.path), state.recover):
        with pytest.raises(StateReadError, match=r"missing, although it has a history.*restore --backup .* reset"):
            call()
    assert not state.path.exists()
    assert state.restore_backup(backup)
    assert state.read()["x"] == 1


def test_a_missing_file_with_an_audit_trail_alone_is_no_fresh_start_either(state: PipelineState):
    state.write({"x": 1})
    state.path.unlink()
    with pytest.raises(StateReadError, match="No valid backup is left"):
        state.read()


def test_a_first_transaction_that_was_rolled_back_is_no_history(state: PipelineState):
    with pytest.raises(RuntimeError), state.transaction():
        raise RuntimeError
    assert state.read() == {}


def test_reset_moves_everything_aside_and_a_fresh_start_follows(state: PipelineState):
    fill(state, 3)
    folder = state.reset()
    assert folder is not None
    assert folder.parent == state.path.parent / ".pipeline" / "conflicts"
    assert json.loads((folder / "pipeline.json").read_text())["x"] == 3
    assert len(list((folder / "backups").iterdir())) == 2
    assert (folder / "transactions.log").exists()
    assert state.read() == {}
    assert state.reset() is None


def test_two_state_files_in_one_folder_keep_apart(tmp_path: Path):
    one, two = PipelineState(tmp_path / "pipeline.json"), PipelineState(tmp_path / "pipeline_old.json")
    fill(one, 3)
    fill(two, 2)
    assert (len(one.list_backups()), len(two.list_backups())) == (2, 1)
    assert two.list_backups()[0].name.startswith("pipeline_old_2")
    assert (tmp_path / ".pipeline" / "pipeline_old.transactions.log").exists()
    assert (tmp_path / "pipeline_old.json.lock").exists()
    assert (len(one.get_transaction_history()), len(two.get_transaction_history())) == (3, 2)
    one.reset()
    assert two.read()["x"] == 2
    assert len(two.list_backups()) == 1


def test_backups_are_told_by_the_whole_of_their_names(state: PipelineState):
    fill(state, 2)
    folder = state.list_backups()[0].parent
    for name in (
        "pipeline_notes.json.bak",
        "pipeline_20260101_000000_000000.json.bak.tmp",
        "xpipeline_20260101_000000_000000.json.bak",
    ):
        (folder / name).write_text("{}")
    assert numbers(state) == [1]
