"""A commit is interrupted at every one of its steps: by kill -9, by a disk that refuses, by Ctrl-C.

The steps are the calls that the state module makes to the operating system, counted at its own seam.
"""

import errno
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import filelock
import pytest

import pipeline_common
from pipeline_common import PipelineState, StateError, StateTransactionError
from pipeline_common.system import System

CALLS = (
    "open",
    "close",
    "read",
    "write",
    "pread",
    "pwrite",
    "truncate",
    "stat",
    "fstat",
    "fsync",
    "sync_data",
    "chmod",
    "link",
    "replace",
    "unlink",
    "make_folder",
)

# Newer Pythons warn of a fork in a process that has threads, such as the idle ones that other tests have left.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class Interrupted(System):
    """Does something at the step with a given number; a write is cut in half first."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self.steps: list[str] = []
        self.at = at
        self.act = act

    def __getattribute__(self, name: str) -> Any:
        call = super().__getattribute__(name)
        if name not in CALLS:
            return call

        def step(*arguments: Any) -> Any:
            self.steps.append(name)
            if len(self.steps) == self.at:
                if name in ("write", "pwrite"):
                    call(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2], *arguments[2:])
                elif name == "close":  # what a refused close leaves behind is a closed descriptor
                    call(*arguments)
                self.act()
            return call(*arguments)

        return step


class Unsynced(System):
    """For what surrounds a commit under test: no power fails here, and waiting for the disk is slow."""

    def fsync(self, descriptor: int) -> None:
        pass

    def sync_data(self, descriptor: int) -> None:
        pass


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def prepare(path: Path, before: int) -> None:
    """So many commits of ``{"x": number}``, and as many backups as may be kept, so that the next commit prunes.

    They are made once beside the folder, and copied.
    """
    made = path.parent.parent / f"after {before}"
    if not made.exists():
        made.mkdir()
        for number in range(1, before + 1):
            with PipelineState(made / path.name, max_backups=2, system=Unsynced()) as state:
                state.write({"x": number}, validate=False)
    shutil.copytree(made, path.parent, dirs_exist_ok=True)


def commit(path: Path, number: int, system: System) -> None:
    # Closed each time: a lock file that is still open would make for a step less.
    with PipelineState(path, max_backups=2, system=system) as state, state.transaction(validate=False) as txn:
        txn.data["x"] = number


def steps_of_a_commit(path: Path, before: int) -> int:
    prepare(path, before)
    system = Interrupted(0, kill)
    commit(path, before + 1, system)
    assert {"open", "read", "write", "fsync", "replace", "link", "unlink"} - set(system.steps) <= (
        set() if before else {"link", "read"}
    )
    return len(system.steps)


def value(path: Path) -> int:
    return int(PipelineState(path).read().get("x", 0))


def check_all_in_order(path: Path, expected: set[int], context: str) -> None:
    """The document is one of those expected; the next commit works, leaves no rubbish, and can be undone."""
    found = value(path)
    assert found in expected, context
    if path.exists():
        assert set(json.loads(path.read_text())) >= {"_state", "x"}, context
    commit(path, 100, Unsynced())
    assert value(path) == 100, context
    assert not list(path.parent.glob(".*.tmp")), context
    assert path.stat().st_nlink == 1, context
    state = PipelineState(path, system=Unsynced())
    backups = state.list_backups()
    assert len(backups) <= 2, context
    if found:
        assert json.loads(backups[0].read_text())["x"] == found, context
        assert all(state.restore_backup(backup) for backup in reversed(backups)), context
        assert value(path) == found, context


@pytest.mark.parametrize("before", [0, 1, 5])
def test_killed_at_any_step_a_commit_is_whole_or_not_at_all(tmp_path: Path, before: int):
    steps = steps_of_a_commit(tmp_path / "counted" / "pipeline.json", before)
    seen = set()
    for at in range(1, steps + 1):
        path = tmp_path / str(at) / "pipeline.json"
        prepare(path, before)
        system = Interrupted(at, kill)
        child = os.fork()
        if child == 0:
            try:
                commit(path, before + 1, system)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        seen.add(value(path))
        check_all_in_order(path, {before, before + 1}, f"killed at step {at} of {steps}")
    assert seen == {before, before + 1}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("before", [0, 1, 5])
def test_a_disk_that_refuses_any_step_leaves_the_old_document_and_an_error_or_the_new_one(
    tmp_path: Path, before: int, code: int, caplog: pytest.LogCaptureFixture
):
    steps = steps_of_a_commit(tmp_path / "counted" / "pipeline.json", before)
    failures: list[str] = []
    borne: list[str] = []
    for at in range(1, steps + 1):
        path = tmp_path / str(at) / "pipeline.json"
        prepare(path, before)
        system = Interrupted(at, raising(OSError(code, os.strerror(code))))
        expected = before + 1
        try:
            commit(path, before + 1, system)
        except StateError as error:
            failures.append(str(error))
            expected = before
        else:
            if "replace" not in system.steps[: at - 1]:
                borne.append(system.steps[at - 1])
        context = f"{system.steps[at - 1]}, step {at} of {steps}"
        assert value(path) == expected, context
        check_all_in_order(path, {expected}, context)
    assert set(borne) <= {"link"}, borne  # a backup can be a copy; any other step before the rename is needed
    assert all(os.strerror(code) in failure for failure in failures)


@pytest.mark.parametrize("before", [0, 5])
def test_ctrl_c_at_any_step_leaves_a_whole_document_and_no_lock(tmp_path: Path, before: int):
    steps = steps_of_a_commit(tmp_path / "counted" / "pipeline.json", before)
    for at in range(1, steps + 1):
        path = tmp_path / str(at) / "pipeline.json"
        prepare(path, before)
        system = Interrupted(at, raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            commit(path, before + 1, system)
        with PipelineState(path).lock(timeout=0):
            pass
        # Before the rename nothing is committed; when Ctrl-C comes after it, and the folder is synced, all is.
        renamed = "replace" in system.steps[: at - 1]
        check_all_in_order(path, {before, before + 1} if renamed else {before}, f"step {at} of {steps}")


# A file that was open at that line is closed by the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.long)])
def test_ctrl_c_at_any_line_leaves_a_whole_document_and_no_lock(tmp_path: Path, stride: int):
    """Finer than the steps: raised before each line of the package that a transaction executes, or so many of them."""
    at, interrupted = 1 - stride, True
    while interrupted:
        at += stride
        path = tmp_path / str(at) / "pipeline.json"
        prepare(path, 2)
        interrupted = False
        with interrupted_at_line(at) as place:
            try:
                commit(path, 3, Unsynced())
            except KeyboardInterrupt:
                interrupted = True
        with filelock.FileLock(f"{path}.lock", timeout=0):
            pass
        check_all_in_order(path, {2, 3} if interrupted else {3}, f"line {at}: {place}")
    assert at > 300


@contextmanager
def interrupted_at_line(at: int) -> Iterator[list[str]]:
    """Raises KeyboardInterrupt before the package's line with that number; gives a list for where that was."""
    package = str(Path(pipeline_common.__file__).parent)
    place: list[str] = []
    count = 0
    before = sys.gettrace()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(package):
            return None
        if event == "line":
            count += 1
            if count == at:
                place.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")
                sys.settrace(before)
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        yield place
    finally:
        sys.settrace(before)


def test_what_was_taken_back_is_not_in_the_file_of_the_next_commit(tmp_path: Path):
    class Refusing(System):
        refuses = False

        def fsync(self, descriptor: int) -> None:
            if self.refuses:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().fsync(descriptor)

    system = Refusing()
    state = PipelineState(tmp_path / "pipeline.json", system=system)
    state.write({"phase1": {"files": {"a": {"status": "pending", "n": 1}}}})
    for number in (2, 3):
        with state.transaction() as txn:
            txn.data["phase1"]["files"]["a"]["n"] = number
    system.refuses = True
    with pytest.raises(StateTransactionError), state.transaction() as txn:
        txn.data["phase1"]["files"]["a"]["n"] = 99
    system.refuses = False
    with state.transaction() as txn:
        txn.data["x"] = 1
    assert json.loads(state.path.read_text())["phase1"]["files"]["a"]["n"] == 3


def test_short_writes_are_continued(tmp_path: Path):
    class Short(System):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            return super().write(descriptor, bytes(data)[:7])

    path = tmp_path / "pipeline.json"
    for number in (1, 2, 3):
        commit(path, number, Short())
    assert value(path) == 3
    assert len(PipelineState(path).get_transaction_history()) == 3


def test_a_rename_that_the_disk_does_not_promise_leaves_a_backup_of_the_old_document(tmp_path: Path):
    """The old content is put back, but after a power cut the new one may be there all the same."""

    class FolderRefused(System):
        renamed = False

        def replace(self, source: str, target: str) -> None:
            super().replace(source, target)
            self.renamed = True

        def fsync(self, descriptor: int) -> None:
            if self.renamed:
                self.renamed = False
                raise OSError(errno.EIO, os.strerror(errno.EIO))

    path = tmp_path / "pipeline.json"
    prepare(path, 2)
    with pytest.raises(StateError, match="rolled back"):
        commit(path, 3, FolderRefused())
    assert value(path) == 2
    assert [json.loads(backup.read_text())["x"] for backup in PipelineState(path).list_backups()] == [2, 1]


def test_the_order_of_the_steps_is_what_makes_a_commit_durable(tmp_path: Path):
    """Removing an fsync leaves every outcome above right, so the sequence itself is held here."""
    path = tmp_path / "pipeline.json"
    prepare(path, 2)
    trace: list[str] = []
    names: dict[int, str] = {}

    class Traced(System):
        def open(self, file: str, flags: int, mode: int = 0o666) -> int:
            descriptor = super().open(file, flags, mode)
            names[descriptor] = Path(file).name
            return descriptor

        def fsync(self, descriptor: int) -> None:
            trace.append(f"fsync {names[descriptor]}")
            super().fsync(descriptor)

        def link(self, source: str, target: str) -> None:
            trace.append(f"link {Path(source).name} to {Path(target).parent.name}")
            super().link(source, target)

        def replace(self, source: str, target: str) -> None:
            trace.append(f"rename {Path(source).name} to {Path(target).name}")
            super().replace(source, target)

    commit(path, 3, Traced())
    assert trace == [
        "fsync .pipeline.json.tmp",
        "fsync .pipeline",  # these two only in the first commit of a handle
        f"fsync {tmp_path.name}",
        "link pipeline.json to backups",
        "fsync backups",
        "rename .pipeline.json.tmp to pipeline.json",
        f"fsync {tmp_path.name}",
    ]


@pytest.mark.parametrize("rounds", [8, pytest.param(150, marks=pytest.mark.long)])
def test_a_storm_of_kills_loses_nothing_that_was_acknowledged(tmp_path: Path, crash_seed: int, rounds: int):
    """Three processes count up and are killed at random steps; what they said was committed is there."""
    seed, chance = crash_seed, random.Random(crash_seed)
    path = tmp_path / "pipeline.json"
    acknowledged: dict[str, int] = {}
    for _ in range(rounds):
        children = [(name, *counting_child(path, name, chance.randrange(1, 150))) for name in ("a", "b", "c")]
        for name, child, reader in children:
            with os.fdopen(reader, "rb") as pipe:
                numbers = pipe.read().split()
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert status == -signal.SIGKILL, f"seed {seed}: the child ended with {status}"
            acknowledged[name] = int(numbers[-1]) if numbers else acknowledged.get(name, 0)
        document = PipelineState(path).read()
        for name, number in acknowledged.items():
            assert document.get(name, 0) in (number, number + 1), f"seed {seed}"
            acknowledged[name] = document.get(name, 0)
    assert sum(acknowledged.values()) > 0, f"seed {seed}"
    sys.stdout.write(f"small document: {3 * rounds} kills, {sum(acknowledged.values())} commits, 0 acknowledged lost\n")


def counting_child(path: Path, name: str, die_at: int) -> tuple[int, int]:
    """Forks a process that counts up under a name and says so after each commit, until it is killed at a step."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            state = PipelineState(path, timeout=60, max_backups=3, system=Interrupted(die_at, kill))
            while True:
                with state.transaction(validate=False) as txn:
                    txn.data[name] = number = txn.data.get(name, 0) + 1
                os.write(writer, f"{number}\n".encode())
        finally:
            os._exit(1)
    os.close(writer)
    return child, reader
