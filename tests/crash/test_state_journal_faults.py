"""A commit of a large document, a checkpoint, and a scoped commit, interrupted at every step and every line."""

import errno
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest
from test_state_faults import Interrupted, Unsynced, interrupted_at_line, kill, raising

from pipeline_common import PipelineState, StateError, journal_file
from pipeline_common import checkpoints as checkpoints_module
from pipeline_common.system import System

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

PAD = "." * 270_000
PENDING = 3


@pytest.fixture(autouse=True)
def no_checkpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "LONGEST_LAG_S", 3600.0)
    monkeypatch.setattr(journal_file, "STEP_BYTES", 1 << 10)
    # A thread that waited would keep its handle, and so its descriptors, of which there are many here.
    monkeypatch.setattr(checkpoints_module.Checkpoints, "_when_idle", lambda _: None)


@pytest.fixture(params=[0, PENDING], ids=["none pending", "some pending"])
def prepared(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "prepared"
    state = opened(folder / "pipeline.json", Unsynced())
    state.write({"pad": PAD, "x": 0, "books": {"b": {"n": 0}}})
    for number in range(1, 4):
        add(state)
        if number < 3:
            state.checkpoint()
    if not request.param:
        state.checkpoint()
    return folder


def opened(path: Path, system: System) -> PipelineState:
    return PipelineState(path, max_backups=2, system=system)


def add(state: PipelineState) -> None:
    with state.transaction(validate=False) as txn:
        txn.data["x"] += 1


def one_commit(path: Path, system: System) -> None:
    add(opened(path, system))


def two_commits(path: Path, system: System) -> None:
    state = opened(path, system)
    add(state)
    add(state)


def checkpoint(path: Path, system: System) -> None:
    opened(path, system).checkpoint()


def commit_and_checkpoint(path: Path, system: System) -> None:
    state = opened(path, system)
    add(state)
    state.checkpoint()


def scoped_commit(path: Path, system: System) -> None:
    state = PipelineState.scoped(path, "b", {"books": {"n": 0}}, system=system)
    with state.transaction() as txn:
        txn.data["books"]["b"]["n"] = 1


def restore(path: Path, system: System) -> None:
    opened(path, system).restore(revision=2)


ACTIONS = [one_commit, two_commits, checkpoint, commit_and_checkpoint, scoped_commit, restore]
# What may be read afterwards: x, and n of the book.
OUTCOMES = {
    one_commit: {(3, 0), (4, 0)},
    two_commits: {(3, 0), (4, 0), (5, 0)},
    checkpoint: {(3, 0)},
    commit_and_checkpoint: {(3, 0), (4, 0)},
    scoped_commit: {(3, 0), (3, 1)},
    restore: {(3, 0), (1, 0)},
}

Action = Callable[[Path, System], None]


def value(path: Path) -> tuple[int, int]:
    document = opened(path, Unsynced()).read()
    return document["x"], document["books"]["b"]["n"]


def check_all_in_order(path: Path, expected: set[tuple[int, int]], context: str) -> tuple[int, int]:
    found = value(path)
    assert found in expected, f"{context}: {found}"
    revision = opened(path, Unsynced()).read_with_revision()[1]
    one_commit(path, Unsynced())
    assert value(path) == (found[0] + 1, found[1]), context
    commit_and_checkpoint(path, Unsynced())
    assert value(path) == (found[0] + 2, found[1]), context
    state = opened(path, Unsynced())
    assert not list(path.parent.glob(".*.tmp")), context
    assert path.stat().st_nlink == 1, context
    state.restore(revision=revision)
    assert value(path) == found, context
    return found


def each_step(prepared: Path, action: Action):
    """Gives a fresh copy of the folder for each step of an action, and the number of the step."""
    counted = shutil.copytree(prepared, prepared.parent / "counted")
    system = Interrupted(0, kill)
    action(counted / "pipeline.json", system)
    for at in range(1, len(system.steps) + 1):
        folder = shutil.copytree(prepared, prepared.parent / "case")
        yield folder / "pipeline.json", at, system.steps[at - 1]
        shutil.rmtree(folder)


def long(*actions: Action) -> list:
    return [pytest.param(action, marks=pytest.mark.long) for action in actions]


@pytest.mark.parametrize(
    "action", [one_commit, scoped_commit, *long(two_commits, checkpoint, commit_and_checkpoint, restore)]
)
def test_killed_at_any_step_it_is_whole_or_not_at_all(prepared: Path, action: Action):
    seen = set()
    for path, at, step in each_step(prepared, action):
        system = Interrupted(at, kill)
        child = os.fork()
        if child == 0:
            try:
                action(path, system)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        seen.add(check_all_in_order(path, OUTCOMES[action], f"killed at {step}, step {at}"))
    assert seen == OUTCOMES[action]


@pytest.mark.parametrize("code", [errno.ENOSPC, *(pytest.param(c, marks=pytest.mark.long) for c in (5, errno.EINTR))])
@pytest.mark.parametrize("action", [one_commit, scoped_commit, *long(checkpoint, restore)])
def test_a_disk_that_refuses_any_step_once_leaves_an_error_and_the_old_or_no_error_and_the_new(
    prepared: Path, action: Action, code: int, caplog: pytest.LogCaptureFixture
):
    before, after = (3, 0), max(OUTCOMES[action] - {(3, 0)}, default=(3, 0))
    for path, at, step in each_step(prepared, action):
        system = Interrupted(at, raising(OSError(code, os.strerror(code))))
        expected, said = after, os.strerror(code)
        try:
            action(path, system)
        except StateError as error:
            expected, said = before, str(error)
        assert os.strerror(code) in said, f"{step}, step {at}"
        check_all_in_order(path, {expected}, f"{step} refused, step {at}")


@pytest.mark.parametrize("action", long(one_commit, checkpoint, scoped_commit))
def test_ctrl_c_at_any_step_leaves_a_whole_document_and_no_lock(prepared: Path, action: Action):
    for path, at, step in each_step(prepared, action):
        system = Interrupted(at, raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            action(path, system)
        with PipelineState(path).lock(timeout=0):
            pass
        check_all_in_order(path, OUTCOMES[action], f"Ctrl-C at {step}, step {at}")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("action", "stride"), [(one_commit, 17), *(pytest.param(a, 1, marks=pytest.mark.long) for a in ACTIONS[:5])]
)
def test_ctrl_c_at_any_line_leaves_a_whole_document_and_no_lock(prepared: Path, action: Action, stride: int):
    """Every line in the long version, every so many in the quick one."""
    at, interrupted = 1 - stride, True
    while interrupted:
        at += stride
        path = shutil.copytree(prepared, prepared.parent / str(at)) / "pipeline.json"
        interrupted = False
        with interrupted_at_line(at) as place:
            try:
                action(path, Unsynced())
            except KeyboardInterrupt:
                interrupted = True
        with filelock.FileLock(f"{path}.lock", timeout=0):
            pass
        check_all_in_order(path, OUTCOMES[action], f"line {at}: {place}")
        shutil.rmtree(path.parent)
    assert at > 150


def test_a_handle_goes_on_after_ctrl_c_and_after_a_refusal(prepared: Path):
    path = prepared / "pipeline.json"
    for error in (KeyboardInterrupt(), OSError(errno.EIO, "Input/output error")):
        system = Interrupted(10**9, raising(error))
        state = opened(path, system)
        add(state)
        for ahead in range(1, 15):
            system.at = len(system.steps) + ahead
            before = value(path)[0]
            try:
                add(state)
            except (KeyboardInterrupt, StateError):
                pass
            finally:
                system.at = 10**9
            assert value(path)[0] in (before, before + 1)
            before = value(path)[0]
            add(state)
            assert value(path)[0] == before + 1, f"{error!r}, {ahead} steps ahead"


def test_short_writes_are_continued(prepared: Path):
    class Short(System):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            return super().write(descriptor, bytes(data)[:40_000])

        def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
            return super().pwrite(descriptor, bytes(data)[:7], offset)

        def fsync(self, descriptor: int) -> None:
            pass

        def sync_data(self, descriptor: int) -> None:
            pass

    path = prepared / "pipeline.json"
    commit_and_checkpoint(path, Short())
    scoped_commit(path, Short())
    assert value(path) == (4, 1)


@pytest.mark.parametrize("rounds", [8, pytest.param(150, marks=pytest.mark.long)])
def test_a_storm_of_kills_on_a_large_document_loses_nothing_that_was_acknowledged(
    tmp_path: Path, crash_seed: int, rounds: int
):
    """A full handle that checkpoints and two scoped ones count up and are killed at random steps."""
    seed, chance = crash_seed, random.Random(crash_seed)
    path = tmp_path / "pipeline.json"
    PipelineState(path).write({"pad": PAD, "books": {name: {"n": 0} for name in "abc"}})
    acknowledged = dict.fromkeys("abc", 0)
    for _ in range(rounds):
        known = PipelineState(path).read()["books"]
        children = [(name, *counting(path, name, known[name]["n"], chance.randrange(20, 300))) for name in "abc"]
        for name, child, reader in children:
            with os.fdopen(reader, "rb") as pipe:
                numbers = pipe.read().split()
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert status == -signal.SIGKILL, f"seed {seed}: the child ended with {status}"
            acknowledged[name] = int(numbers[-1]) if numbers else acknowledged[name]
        document = PipelineState(path).read()
        for name, number in acknowledged.items():
            assert document["books"][name]["n"] in (number, number + 1), f"seed {seed}"
            acknowledged[name] = document["books"][name]["n"]
    assert sum(acknowledged.values()) > 0, f"seed {seed}"
    sys.stdout.write(f"large document: {3 * rounds} kills, {sum(acknowledged.values())} commits, 0 acknowledged lost\n")


def counting(path: Path, name: str, number: int, die_at: int) -> tuple[int, int]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            system = Interrupted(die_at, kill)
            full = PipelineState(path, timeout=60, max_backups=3, system=system) if name == "a" else None
            state = full or PipelineState.scoped(path, name, {"books": {"n": number}}, timeout=60, system=system)
            while True:
                number += 1
                with state.transaction(validate=False) as txn:
                    txn.data["books"][name]["n"] = number
                os.write(writer, f"{number}\n".encode())
                if full and number % 5 == 0:
                    full.checkpoint()
        finally:
            os._exit(1)
    os.close(writer)
    return child, reader
