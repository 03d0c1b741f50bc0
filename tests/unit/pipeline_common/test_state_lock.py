"""The lock: between threads, between processes, with other programs, across a fork, and when it is not obtained."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import filelock
import pytest

from pipeline_common import PipelineState, StateLockError, StateTransactionError, locks
from pipeline_common.locks import PathLock
from pipeline_common.system import System

# Newer Pythons warn of a fork in a process that has threads, such as the idle ones that other tests have left.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pipeline.json"


def increment(path: Path, times: int) -> None:
    state = PipelineState(path, timeout=30)
    for _ in range(times):
        with state.transaction() as txn:
            txn.data["count"] = txn.data.get("count", 0) + 1


def forked(work) -> int:
    """Run a function in a forked child; returns its process id. Nothing of the test runs on in the child."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_four_processes_lose_no_increment(path: Path):
    children = [forked(lambda: increment(path, 50)) for _ in range(4)]
    assert [exit_code(child) for child in children] == [0, 0, 0, 0]
    assert PipelineState(path).read()["count"] == 200
    assert json.loads(path.read_text())["_state"]["revision"] == 200
    assert len(PipelineState(path).get_transaction_history(1000)) == 200


def test_threads_queue_and_lose_no_increment(path: Path):
    threads = [threading.Thread(target=increment, args=(path, 20)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert PipelineState(path).read()["count"] == 80


def test_a_lock_that_another_thread_holds_is_a_timeout_after_the_time_given(path: Path):
    state = PipelineState(path, timeout=0.05)
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with state.lock():
            held.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        begin = time.monotonic()
        with pytest.raises(StateLockError, match=r"^Could not acquire lock after 0\.05s: .* another thread"):
            state.write({})
        assert 0.04 < time.monotonic() - begin < 5
        with pytest.raises(StateLockError, match=r"^Could not acquire lock after 0s"), state._file_lock(timeout=0):
            pass
    finally:
        leave.set()
        thread.join()
    newest = state.get_transaction_history(1)[0]
    assert (newest["operation"], newest["success"]) == ("lock_timeout", False)
    assert newest["details"]["error"].startswith("Could not acquire lock")


def test_the_error_names_the_process_that_holds_the_lock_its_command_and_since_when(path: Path):
    code = (
        "import sys; from pipeline_common import PipelineState\n"
        "with PipelineState(sys.argv[1]).lock():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StateLockError, match=rf"process {holder.pid} \(-c {path}\) since 20.*Wait until"):
            PipelineState(path, timeout=0).write({})
        holder.kill()
    PipelineState(path, timeout=1).write({"x": 1})


@pytest.mark.parametrize("note", [b"", b"[]", b"\xff", b'{"pid": "x"}', b'{"pid": 99999999999999999999}', b"{" * 5000])
def test_a_lock_file_with_anything_in_it_still_gives_an_error_in_words(path: Path, note: bytes):
    with filelock.FileLock(f"{path}.lock"):
        Path(f"{path}.lock").write_bytes(note)
        with pytest.raises(StateLockError, match="held by another process"):
            PipelineState(path, timeout=0).write({})


def test_it_is_the_lock_that_filelock_takes(path: Path):
    state = PipelineState(path, timeout=0)
    with filelock.FileLock(f"{path}.lock"), pytest.raises(StateLockError):
        state.write({})
    with state.lock(), pytest.raises(filelock.Timeout):
        filelock.FileLock(f"{path}.lock").acquire(timeout=0)
    state.write({})


def test_inside_the_lock_the_holders_own_transactions_use_it(path: Path):
    state = PipelineState(path, timeout=0)
    with state.lock():
        state.write({"x": 1})
        with state.lock(timeout=0), PipelineState(path, timeout=0).transaction() as txn:
            txn.data["x"] += 1
        state.backup_manager.create_backup()
        with pytest.raises(filelock.Timeout):
            filelock.FileLock(f"{path}.lock").acquire(timeout=0)
    filelock.FileLock(f"{path}.lock").acquire(timeout=0).lock.release()
    assert state.read()["x"] == 2


def test_a_forked_child_neither_releases_nor_inherits_the_lock(path: Path):
    state = PipelineState(path, timeout=0)
    with state.lock():

        def work() -> None:
            try:
                state.write({})
            except StateLockError:
                return
            raise AssertionError("the child had the lock")

        assert exit_code(forked(work)) == 0
        with pytest.raises(filelock.Timeout):
            filelock.FileLock(f"{path}.lock").acquire(timeout=0)


def test_a_lock_is_free_when_its_holder_has_left_even_while_a_child_forked_inside_lives(path: Path):
    state = PipelineState(path, timeout=0)
    reader, writer = os.pipe()
    with state.lock():
        child = forked(lambda: os.close(writer) or os.read(reader, 1))
    state.write({"x": 1})
    os.close(writer)
    os.close(reader)
    assert exit_code(child) == 0


def test_a_child_forked_inside_a_transaction_cannot_commit_it(path: Path):
    state = PipelineState(path, timeout=5)
    state.write({"x": 1})
    child = None
    try:
        with state.transaction() as txn:
            txn.data["x"] = 2
            child = os.fork()
            if child == 0:
                txn.data["x"] = 3
    except StateTransactionError as error:
        os._exit(0 if child == 0 and "forked child" in str(error) else 1)
    finally:
        if child == 0:
            os._exit(1)
    assert child is not None
    assert exit_code(child) == 0
    assert state.read()["x"] == 2
    assert [entry["operation"] for entry in state.get_transaction_history()] == ["transaction_commit", "write_commit"]


def test_a_lock_file_deleted_in_use_does_not_let_two_in_for_long(path: Path):
    state = PipelineState(path, timeout=5)
    state.write({"count": 0})
    Path(f"{path}.lock").unlink()
    children = [forked(lambda: increment(path, 10)) for _ in range(2)]
    assert [exit_code(child) for child in children] == [0, 0]
    assert state.read()["count"] == 20


def test_ctrl_c_while_waiting_leaves_nothing_held(path: Path, monkeypatch):
    state = PipelineState(path, timeout=5)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with filelock.FileLock(f"{path}.lock"):
        monkeypatch.setattr(locks.time, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            state.write({})
    monkeypatch.undo()
    state.write({"x": 1})
    assert state.read()["x"] == 1


def test_who_has_had_its_turn_lets_waiting_processes_go_first(path: Path, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr(locks.time, "sleep", pauses.append)
    system = System()
    # Two objects of one path are as strange to each other as two processes.
    mine, other = PathLock(Path(f"{path}.lock")), PathLock(Path(f"{path}.lock"))

    def pauses_after(visits: int) -> int:
        with mine.hold(1, system):
            for _ in range(visits):
                with pytest.raises(StateLockError, match="another thread of this process"), other.hold(0, system):
                    pass
        pauses.clear()
        with mine.hold(1, system):
            pass
        return len(pauses)

    monkeypatch.setattr(locks, "TURN_S", 60.0)
    mine._turn_began_s = time.monotonic()
    assert pauses_after(visits=2) == 0
    monkeypatch.setattr(locks, "TURN_S", 0.0)
    assert pauses_after(visits=0) == 0
    assert pauses_after(visits=2) == 1
    assert pauses_after(visits=0) == 0


def test_without_fcntl_filelock_is_the_lock(path: Path, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    state = PipelineState(path, timeout=0.02)
    state.write({"x": 1})
    with filelock.FileLock(f"{path}.lock"), pytest.raises(StateLockError, match=r"^Could not acquire lock after"):
        state.write({"x": 2})
    with state.lock(), pytest.raises(filelock.Timeout):
        filelock.FileLock(f"{path}.lock").acquire(timeout=0)
    assert state.read()["x"] == 1
