"""`async with state.transaction()`: the event loop goes on, tasks queue, and a cancellation leaves all or nothing."""

import asyncio
import errno
import gc
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import filelock
import pytest
import trio
import trio.testing

from pipeline_common import (
    InvalidStatusTransitionError,
    PipelineState,
    StateLockError,
    StateTransactionError,
    StateValidationError,
    StateWriteError,
)
from pipeline_common.system import System

PATIENCE_S = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    PipelineState(tmp_path / "pipeline.json").write({"x": 0})
    return tmp_path / "pipeline.json"


class Gate:
    """A place where a thread stops until it is let through; a trio task can wait until it is there."""

    def __init__(self) -> None:
        self.reached = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._opened = threading.Event()

    def arrive(self) -> None:
        self._token.run_sync_soon(self.reached.set)

    def pass_through(self) -> None:
        self.arrive()
        assert self._opened.wait(PATIENCE_S), "nobody opened the gate: the event loop was stopped"

    def open(self) -> None:
        self._opened.set()


class Stopping(System):
    """Stops at the first fsync, which is then refused or not."""

    def __init__(self, gate: Gate, refuse: bool = False) -> None:
        self.gate = gate
        self.refuse = refuse

    def fsync(self, descriptor: int) -> None:
        self.gate.pass_through()
        if self.refuse:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().fsync(descriptor)


class Knocking(System):
    """Says when somebody tries to take the lock."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def lock(self, descriptor: int) -> None:
        self.gate.arrive()
        super().lock(descriptor)


async def at_rest(path: Path) -> dict[str, Any]:
    """The document once every thread has left; the lock is free then, for other programs too."""

    def wait_and_read() -> dict[str, Any]:
        with PipelineState(path, timeout=PATIENCE_S).lock():
            pass
        with filelock.FileLock(f"{path}.lock", timeout=0):
            return PipelineState(path).read()

    return await trio.to_thread.run_sync(wait_and_read)


def operations(path: Path) -> list[tuple[str, bool]]:
    """The audit trail, oldest first, without the fixture's write."""
    history = PipelineState(path).get_transaction_history()
    return [(entry["operation"], entry["success"]) for entry in reversed(history)][1:]


async def test_it_commits_as_a_plain_with_does(path: Path):
    state = PipelineState(path)
    async with state.transaction(operation="counting") as txn:
        txn.data["x"] += 1
    assert state.read()["x"] == 1
    newest = state.get_transaction_history(1)[0]
    assert (newest["operation"], newest["revision"], newest["details"]) == (
        "transaction_commit",
        2,
        {"operation": "counting"},
    )
    with pytest.raises(StateTransactionError, match="outside its `with` block"):
        _ = txn.data


async def test_an_exception_in_the_body_rolls_back_and_propagates_unchanged(path: Path):
    error = LookupError("mine")

    async def fail() -> None:
        async with PipelineState(path).transaction() as txn:
            txn.data["x"] = 1
            raise error

    with pytest.raises(LookupError) as caught:
        await fail()
    assert caught.value is error
    assert (await at_rest(path))["x"] == 0
    assert operations(path) == [("transaction_rollback", False)]


async def test_validation_and_misuse_are_the_same_errors(path: Path):
    state = PipelineState(path)
    with pytest.raises(StateValidationError, match="Schema validation failed"):
        async with state.transaction() as txn:
            txn.data["phase1"] = "not a dict"
    state.write({"phase1": {"status": "skipped"}}, validate=False)
    with pytest.raises(InvalidStatusTransitionError, match="skipped → success"):
        async with state.transaction() as txn:
            txn.data["phase1"]["status"] = "success"
    scope = state.transaction()
    async with scope:
        pass
    with pytest.raises(StateTransactionError, match="used once"):
        async with scope:
            pass


async def test_seed_data_and_validate_work_alike(path: Path):
    async with PipelineState(path).transaction(validate=False, seed_data={"phase1": 5}):
        pass
    assert PipelineState(path).read()["phase1"] == 5


async def test_a_read_inside_gives_the_last_commit(path: Path):
    state = PipelineState(path)
    async with state.transaction() as txn:
        txn.data["x"] = 1
        assert state.read()["x"] == 0
        assert PipelineState(path).read()["x"] == 0


async def test_a_transaction_inside_one_of_the_same_task_is_an_error_and_no_deadlock(path: Path):
    state = PipelineState(path, timeout=PATIENCE_S)
    async with state.transaction() as txn:
        txn.data["x"] = 1
        with pytest.raises(StateTransactionError, match="already open in this thread"):
            async with PipelineState(path).transaction():
                pass
        with pytest.raises(StateTransactionError, match="already open in this thread"), state.transaction():
            pass
        with state.lock(timeout=0):
            pass
    with state.transaction(), pytest.raises(StateTransactionError, match="already open in this thread"):
        async with state.transaction():
            pass
    assert (await at_rest(path))["x"] == 1


async def test_another_task_waits_and_no_increment_is_lost(path: Path):
    async def increment() -> None:
        state = PipelineState(path, timeout=PATIENCE_S)
        for _ in range(5):
            async with state.transaction() as txn:
                number = txn.data["x"]
                await trio.testing.wait_all_tasks_blocked()
                txn.data["x"] = number + 1

    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(increment)
    assert (await at_rest(path))["x"] == 20


async def test_a_child_task_started_inside_a_transaction_waits_for_its_end(path: Path):
    state = PipelineState(path)

    async def follow() -> None:
        async with state.transaction() as txn:
            txn.data["x"] = txn.data["x"] * 10 + 2

    async with trio.open_nursery() as nursery, state.transaction() as txn:
        nursery.start_soon(follow)
        await trio.testing.wait_all_tasks_blocked()
        txn.data["x"] = 1
    assert state.read()["x"] == 12


async def test_a_plain_with_of_another_task_is_an_error_as_its_waiting_would_stop_the_loop_for_ever(path: Path):
    state = PipelineState(path, timeout=PATIENCE_S)

    async def interfere() -> None:
        with pytest.raises(StateTransactionError, match="Under trio, use `async with"):
            state.write({"x": 2})

    async with state.transaction() as txn, trio.open_nursery() as nursery:
        txn.data["x"] = 1
        nursery.start_soon(interfere)
    assert (await at_rest(path))["x"] == 1


async def test_inside_the_lock_the_holders_own_transactions_use_it_and_other_tasks_wait(path: Path):
    state = PipelineState(path, timeout=PATIENCE_S)

    async def follow() -> None:
        async with state.transaction() as txn:
            txn.data["x"] = txn.data["x"] * 10 + 3

    async with trio.open_nursery() as nursery:
        with state.lock():
            nursery.start_soon(follow)
            for number in (1, 2):
                async with state.transaction() as txn:
                    txn.data["x"] = txn.data["x"] * 10 + number
                await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(filelock.Timeout):
                filelock.FileLock(f"{path}.lock").acquire(timeout=0)
            assert state.read()["x"] == 12
    assert (await at_rest(path))["x"] == 123


async def test_threads_and_tasks_lose_no_increment(path: Path):
    def in_thread() -> None:
        state = PipelineState(path, timeout=PATIENCE_S)
        for _ in range(10):
            with state.transaction() as txn:
                txn.data["x"] += 1

    async def in_task() -> None:
        state = PipelineState(path, timeout=PATIENCE_S)
        for _ in range(10):
            async with state.transaction() as txn:
                txn.data["x"] += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(in_task)
        nursery.start_soon(in_task)
        nursery.start_soon(trio.to_thread.run_sync, in_thread)
    assert (await at_rest(path))["x"] == 30


async def test_the_event_loop_goes_on_while_a_commit_waits_for_the_disk(path: Path):
    gate = Gate()

    async def commit() -> None:
        async with PipelineState(path, system=Stopping(gate)).transaction() as txn:
            txn.data["x"] = 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(commit)
        await gate.reached.wait()
        assert PipelineState(path).read()["x"] == 0
        gate.open()
    assert (await at_rest(path))["x"] == 1


async def test_the_event_loop_goes_on_while_a_transaction_waits_for_the_lock(path: Path):
    gate = Gate()

    async def commit() -> None:
        async with PipelineState(path, timeout=PATIENCE_S, system=Knocking(gate)).transaction() as txn:
            txn.data["x"] = 1

    async with trio.open_nursery() as nursery:
        with filelock.FileLock(f"{path}.lock"):
            nursery.start_soon(commit)
            await gate.reached.wait()
            assert PipelineState(path).read()["x"] == 0
    assert (await at_rest(path))["x"] == 1


async def test_a_lock_that_is_not_obtained_in_time_is_the_same_error(path: Path):
    with (
        filelock.FileLock(f"{path}.lock"),
        pytest.raises(StateLockError, match=r"^Could not acquire lock after 0\.01s"),
    ):
        async with PipelineState(path, timeout=0.01).transaction():
            pass
    assert operations(path) == [("lock_timeout", False)]


async def test_cancelled_while_waiting_for_the_lock_it_goes_at_once_and_leaves_nothing(path: Path):
    gate = Gate()

    async def commit() -> None:
        async with PipelineState(path, timeout=PATIENCE_S, system=Knocking(gate)).transaction() as txn:
            txn.data["x"] = 1

    with filelock.FileLock(f"{path}.lock"):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(commit)
            await gate.reached.wait()
            nursery.cancel_scope.cancel()
        # Here the task is gone, although the lock is still held by somebody else.
    assert (await at_rest(path))["x"] == 0
    assert operations(path) == []


async def test_cancelled_before_it_starts_it_does_nothing(path: Path):
    with trio.CancelScope() as scope:
        scope.cancel()
        async with PipelineState(path).transaction() as txn:
            txn.data["x"] = 1
    assert scope.cancelled_caught
    assert operations(path) == []


async def test_cancelled_in_the_body_it_rolls_back(path: Path):
    with trio.CancelScope() as scope:
        async with PipelineState(path).transaction() as txn:
            txn.data["x"] = 1
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert (await at_rest(path))["x"] == 0
    assert operations(path) == [("transaction_rollback", False)]


@pytest.mark.parametrize("refuse", [False, True])
async def test_cancelled_during_the_fsync_it_ends_when_the_outcome_is_known(path: Path, refuse: bool):
    gate = Gate()
    ended = trio.Event()
    caught: list[BaseException] = []

    async def commit() -> None:
        try:
            async with PipelineState(path, system=Stopping(gate, refuse)).transaction() as txn:
                txn.data["x"] = 1
        except StateTransactionError as error:
            caught.append(error)
        finally:
            ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(commit)
        await gate.reached.wait()
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()
            assert not ended.is_set()
            gate.open()
            await ended.wait()
            # Whoever comes after the block knows what came of it.
            assert PipelineState(path).read()["x"] == (0 if refuse else 1)
    assert [type(error.__cause__) for error in caught] == ([StateWriteError] if refuse else [])
    assert (await at_rest(path))["x"] == (0 if refuse else 1)


async def test_ctrl_c_between_the_lock_and_the_body_leaves_no_lock(path: Path):
    scope = PipelineState(path).transaction()
    txn = await scope.__aenter__()
    txn.data["x"] = 1
    del scope
    gc.collect()
    assert (await at_rest(path))["x"] == 0
    assert operations(path) == [("transaction_rollback", False)]


def test_ctrl_c_during_the_fsync_comes_out_when_the_commit_is_known(path: Path):
    ended = subprocess.run([sys.executable, "-c", CTRL_C_DURING_FSYNC, str(path)], capture_output=True, text=True)
    assert ended.stdout == "interrupted, and x is 1\n", ended.stderr
    with filelock.FileLock(f"{path}.lock", timeout=0):
        assert operations(path) == [("transaction_commit", True)]


CTRL_C_DURING_FSYNC = """
import os, signal, sys, trio
from pipeline_common import PipelineState
from pipeline_common.system import System

class Interrupting(System):
    def fsync(self, descriptor):
        if not sent:
            sent.append(True)
            os.kill(os.getpid(), signal.SIGINT)
            trio.from_thread.run_sync(lambda: None, trio_token=token)  # by now the loop has seen it
        super().fsync(descriptor)

async def commit():
    global token
    token = trio.lowlevel.current_trio_token()
    async with PipelineState(sys.argv[1], system=Interrupting()).transaction() as txn:
        txn.data["x"] = 1
    await trio.sleep_forever()

sent = []
try:
    trio.run(commit)
except KeyboardInterrupt:
    print("interrupted, and x is", PipelineState(sys.argv[1]).read()["x"])
"""


def test_under_asyncio_the_error_says_what_to_use(path: Path):
    async def commit() -> None:
        async with PipelineState(path).transaction():
            pass

    with pytest.raises(StateTransactionError, match=r"works under trio.*or use `with state\.transaction"):
        asyncio.run(commit())
