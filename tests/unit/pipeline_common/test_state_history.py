"""What is kept of the past, and what is wrong with it."""

from pathlib import Path

import pytest

from pipeline_common import PipelineState


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    return PipelineState(tmp_path / "pipeline.json")


def commit(state: PipelineState, times: int) -> None:
    for number in range(times):
        with state.transaction() as txn:
            txn.data["x"] = number


def test_a_state_of_no_commit_or_one_has_a_history(state):
    assert list(state.changes(0)) == []
    commit(state, 1)
    assert [change.revision for change in state.changes(0)] == [1]
    state.restore(revision=1)
    assert state.read()["x"] == 0


def test_what_is_left_can_be_read_where_the_beginning_is_gone(state):
    commit(state, 4)
    _, first = state.history.segments()[0]
    Path(first).unlink()
    kept = [change.revision for change in state.history.kept()]
    assert kept[-1] == 4
    assert 1 not in kept


def test_a_damaged_earlier_journal_is_found_and_one_that_was_cut_short_is_not_damaged(state):
    commit(state, 5)
    assert list(state.history.damaged()) == []
    (_, cut), (_, zeros), (_, other), *_ = state.history.segments()
    content = Path(cut).read_bytes()
    Path(cut).write_bytes(content[:100])
    Path(zeros).write_bytes(b"\0" * 500)
    assert list(state.history.damaged()) == []
    Path(other).write_bytes(b"x" * len(content))
    assert [path for path, _ in state.history.damaged()] == [other]


def test_as_many_earlier_journals_are_kept_as_all_backups_need_and_hardly_more(tmp_path):
    state = PipelineState(tmp_path / "pipeline.json", max_backups=8)
    for revision in range(1, 31):
        commit(state, 1)
        assert len(state.history.segments()) <= 18
        assert revision < 17 or len(state.history.segments()) >= 16
    assert [change.revision for change in state.changes(14)] == list(range(15, 31))
