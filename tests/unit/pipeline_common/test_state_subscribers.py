"""``subscribe``: who is told of commits, when, and that nobody's failure is the commit's."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trio

from pipeline_common import PipelineState, StateLockError, StateTransactionError


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    return PipelineState(tmp_path / "pipeline.json")


def commit(state: PipelineState, value: object = 1) -> int:
    with state.transaction() as txn:
        txn.data["value"] = value
    return 0


def test_a_subscriber_is_told_of_each_commit_of_the_handle_and_of_no_other(state):
    told: list[int] = []
    end = state.subscribe(told.append)
    commit(state)
    state.write({"value": 2})
    state.restore(revision=1)
    commit(PipelineState(state.path))
    assert told == [1, 2, 3]
    with pytest.raises(ZeroDivisionError), state.transaction() as txn:
        txn.data["value"] = 1 / 0
    with pytest.raises(StateTransactionError), state.transaction() as txn, state.transaction():
        pass
    assert told == [1, 2, 3]
    end()
    end()
    commit(state, 9)
    assert told == [1, 2, 3]


def test_a_subscriber_is_called_when_the_commit_is_on_the_disk_and_the_lock_is_free(state):
    seen: list[object] = []

    def look(revision: int) -> None:
        command = (
            "import sys; from pipeline_common import PipelineState; state = PipelineState(sys.argv[1], timeout=0)\n"
            "with state.transaction() as txn: print(txn.data['value'], flush=True); txn.data['seen'] = True"
        )
        result = subprocess.run([sys.executable, "-c", command, state.path], capture_output=True, text=True, check=True)
        seen.append((revision, result.stdout.strip()))

    state.subscribe(look)
    commit(state, "new")
    assert seen == [(1, "new")]


def test_where_the_caller_holds_the_lock_itself_a_subscriber_waits_for_its_end(state):
    told: list[int] = []
    state.subscribe(told.append)
    with state.lock():
        commit(state, 1)
        commit(state, 2)
        assert told == []
    assert told == [1, 2]
    with pytest.raises(ZeroDivisionError), state.lock():
        1 / commit(state, 3)
    assert told == [1, 2, 3]


def test_a_subscriber_that_fails_is_logged_and_neither_the_commit_nor_the_others_notice(state, caplog):
    told: list[int] = []

    def fail(revision: int) -> None:
        raise OSError("no network")

    state.subscribe(fail)
    state.subscribe(told.append)
    commit(state)
    assert told == [1]
    assert state.read()["value"] == 1
    assert "no network" in caplog.text
    assert "A subscriber failed at revision 1" in caplog.text


def test_a_subscriber_may_commit_itself_and_is_told_of_that_too(state):
    told: list[int] = []

    def count(revision: int) -> None:
        told.append(revision)
        if revision < 4:
            commit(state, revision)

    state.subscribe(count)
    commit(state)
    assert told == [1, 2, 3, 4]


def test_a_lock_that_was_not_obtained_tells_nobody(state):
    told: list[int] = []
    state.subscribe(told.append)
    held, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with PipelineState(state.path).lock():
            held.set()
            enough.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    with pytest.raises(StateLockError), state.lock(timeout=0):
        pass
    enough.set()
    holder.join()
    assert told == []


async def test_under_trio_a_subscriber_is_told_as_well(state):
    told: list[int] = []
    state.subscribe(told.append)
    async with state.transaction() as txn:
        txn.data["value"] = 1
    with trio.fail_after(60):
        while not told:
            await trio.lowlevel.checkpoint()
    assert told == [1]
