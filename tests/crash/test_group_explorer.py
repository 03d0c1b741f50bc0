"""The power fails where several commits share one fsync: each is appended while the one before it waits for that.

They are made by three handles in one process, each from within the wait of the one before it, as three processes would.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

import pytest
import test_crash_explorer
from disk_model import SyncFile
from explorer import Expected, Violation
from recording import RecordingSystem, run_until_killed
from test_crash_explorer import Run, explore

from pipeline_common import StateError, checkpoints, durability, locks, scoped, store
from pipeline_common.durability import Durability

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

Around = Callable[[int], AbstractContextManager[object]]

ARRIVALS: list[Callable[[], None]] = []
"""What happens while the next commit waits."""

COMMITS = 3


@pytest.fixture(autouse=True)
def _everything_is_large_and_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (store, scoped):
        monkeypatch.setattr(module, "SMALL_BYTES", 0)
    monkeypatch.setattr(test_crash_explorer, "KEEP", 0)
    # On a slow machine its steps would come between those of the run, and between a process and its fork.
    monkeypatch.setattr(checkpoints.Checkpoints, "_when_idle", lambda _: None)
    monkeypatch.setattr(locks._Flock, "awaited", lambda _: True)
    monkeypatch.setattr(durability, "pause", lambda *_: ARRIVALS.pop()() if ARRIVALS else None)
    ARRIVALS.clear()


def put_together(run: Run, number: int, around: Around) -> None:
    """Three commits before one fsync; `around` is entered for each, with its number."""
    stores = [run.handles[0], run.handles[1], run.plain]

    def put(index: int) -> None:
        if index + 1 < COMMITS:
            ARRIVALS.append(lambda: put(index + 1))
        with around(index):
            stores[index].put(f"together {index}", number)

    put(0)
    assert not ARRIVALS


def outcomes(run: Run) -> tuple[list[Expected], int]:
    """What is there after none of the three, the first, …, all."""
    found, number = [run.story.present(run.handles[0])], run.next()
    for index in range(COMMITS):
        found.append(Expected({**found[-1].document, f"together {index}": number}))
    return found, number


def commit_together(run: Run) -> None:
    """The last to come has the disk write all of them, and the first returns last."""
    found, number = outcomes(run)
    put_together(run, number, lambda index: returning(run, found, index))


def be_refused_together(run: Run) -> None:
    """The one fsync is refused."""
    found, number = outcomes(run)
    run.system.refuse("fsync")
    put_together(run, number, lambda index: returning(run, found, index))
    run.system.refuse(None)


@contextmanager
def returning(run: Run, found: list[Expected], index: int) -> Iterator[None]:
    """Around one of the commits; where it returns, it must be there."""
    with suppress(StateError), run.story.cut(found[index + 1]):
        yield
        run.story.acknowledged(*found[index + 1 :])


def be_killed_together(run: Run, steps: int) -> None:
    found, number = outcomes(run)
    with ExitStack() as stack:
        for expected in found[1:]:
            stack.enter_context(run.story.cut(expected))
        run_until_killed(run.recording, steps, lambda: put_together(run, number, lambda _: nullcontext()))


def commit_over_a_checkpoint(run: Run) -> None:
    """Another handle writes a checkpoint while a commit waits."""
    found, number = outcomes(run)
    ARRIVALS.append(lambda: run.handles[1].state._engine.checkpoint() and None)
    with run.story.attempt(found[1]):
        run.handles[0].put("together 0", number)


def group_run(run: Run) -> None:
    run.commits(3)
    commit_together(run)
    commit_over_a_checkpoint(run)
    run.commits(1)
    commit_together(run)
    be_refused_together(run)
    commit_together(run)
    be_killed_together(run, run.chance.randrange(1, 9))
    commit_together(run)
    run.restores()
    run.commits(2)
    commit_together(run)


def group_run_of_kills(run: Run) -> None:
    """Killed after each step of three commits that share an fsync."""
    run.commits(2)
    for steps in range(1, 9):
        be_killed_together(run, steps)
        commit_together(run)
        be_refused_together(run)


def test_the_power_may_fail_at_any_step_of_commits_that_share_an_fsync(scratch: Path, crash_seed: int):
    explorer = explore(scratch, group_run, RecordingSystem, crash_seed, per_point=20, deeper=4)
    assert explorer.states > 1000


@pytest.mark.long
def test_the_power_may_fail_at_any_step_of_long_runs_of_commits_that_share_an_fsync(scratch: Path, crash_seed: int):
    for run in (group_run, group_run_of_kills):
        explorer = explore(scratch, run, RecordingSystem, crash_seed, per_point=100, deeper=20)
        assert explorer.states > 5000


def acknowledge_before_the_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Durability, "_is_told", lambda *_: True)


def leave_what_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a later fsync, which has nothing left to write, acknowledges what an earlier one has not written."""
    monkeypatch.setattr(Durability, "cut", lambda *_: None)


def cut_one_record_only(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Durability.cut
    monkeypatch.setattr(
        Durability, "cut", lambda self, journal, header, end: cut(self, journal, header, _last_start(journal))
    )


def _last_start(journal: int) -> int:
    return os.pread(journal, 1 << 20, 0).rstrip().rfind(b"\n") + 1


@pytest.mark.parametrize(
    "mutate",
    [
        acknowledge_before_the_fsync,
        leave_what_was_refused,
        cut_one_record_only,
    ],
)
def test_an_engine_that_shares_an_fsync_wrongly_is_caught(
    scratch: Path, crash_seed: int, mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
):
    def run(told: Run) -> None:
        told.commits(3)
        commit_together(told)
        be_refused_together(told)

    mutate(monkeypatch)
    with pytest.raises(Violation):
        explore(scratch, run, RecordingSystem, crash_seed, per_point=60)


def test_where_the_one_fsync_is_refused_none_of_the_commits_is_there_and_each_is_told(scratch: Path):
    run = Run(scratch / "refused", random.Random(0))
    run.commits(3)
    commit_together(run)
    before = run.handles[0].read()
    refusals: list[int] = []

    @contextmanager
    def refused(index: int) -> Iterator[None]:
        with pytest.raises(StateError, match="rolled back"):
            yield
        refusals.append(index)

    run.system.refuse("fsync")
    put_together(run, run.next(), refused)
    run.system.refuse(None)
    assert refusals == [2, 1, 0]
    assert [handle.read() for handle in run.handles] == [before, before]
    put_together(run, run.next(), lambda _: nullcontext())
    assert [handle.read()["together 2"] for handle in run.handles] == [run.count, run.count]
    run.close()


def test_commits_that_come_while_others_wait_share_one_fsync(scratch: Path):
    run = Run(scratch / "shared", random.Random(0))
    run.commits(3)
    begin = len(run.recording.entries)
    commit_together(run)
    steps = [step for step in run.recording.entries[begin:] if isinstance(step, SyncFile)]
    assert len(steps) == 1
    run.close()
