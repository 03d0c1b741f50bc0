"""The power fails at every step of a run whose commits go to the journal, as those of large documents do.

The size from which they do is set to nothing, so that a disk state is written in no time. Backups are made at
checkpoints only, so which are there is not looked at here.
"""

import os
from pathlib import Path

import pytest
import test_crash_explorer
from explorer import Violation
from recording import RecordingSystem
from test_crash_explorer import RemovedBeforeTheRename, Run, WrittenInPlace, explore

from pipeline_common import checkpoints, journal, journal_file, scoped, store

JOURNAL = ".pipeline/journal.jsonl"

# Newer Pythons warn of a fork in a process that has threads, such as the idle ones that other tests have left.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (store, scoped):
        monkeypatch.setattr(module, "SMALL_BYTES", 0)
    monkeypatch.setattr(journal_file, "STEP_BYTES", 300)  # two or three commits
    monkeypatch.setattr(test_crash_explorer, "KEEP", 0)
    # On a slow machine its steps would come between those of the run, and between a process and its fork.
    monkeypatch.setattr(checkpoints.Checkpoints, "_when_idle", lambda _: None)
    monkeypatch.setattr(test_crash_explorer, "MAX_BACKUPS", 6)


def journal_run(run: Run) -> None:
    """Commits to the journal, checkpoints between them, transactions that fail, are refused and are killed."""
    first, second = (handle.state for handle in run.handles)
    run.commits(3)
    first._engine.checkpoint()
    run.commits(3)
    second._engine.checkpoint()
    run.rolls_back()
    run.commits_without_backup()
    run.is_killed(run.chance.randrange(1, 4))
    run.commits(2)
    run.is_refused("pwrite", 1)
    run.is_refused("fsync", 1)
    run.commits(2)
    run.is_refused("sync_data", 1)
    run.is_refused("fsync", 1)
    run.commits(2)
    first._engine.checkpoint()
    run.restores()
    run.commits(2)


def journal_run_of_growth(run: Run) -> None:
    """Processes killed when they have written, one of them where the journal has grown, and others that go on."""
    for _ in range(6):  # with steps between them that are no multiple of what the journal grows by
        run.is_killed(1)
        run.commits(5)


def journal_run_of_kills(run: Run) -> None:
    """A process killed after each step of a commit, and another that goes on."""
    run.commits(3)
    run.handles[0].state._engine.checkpoint()
    run.commits(2)
    for steps in range(1, run.steps_of_a_commit + 3):
        run.is_killed(steps)
        run.commits()


def test_the_power_may_fail_at_any_step_of_commits_to_the_journal(scratch: Path, crash_seed: int):
    explorer = explore(scratch, journal_run, RecordingSystem, crash_seed, per_point=8, deeper=2)
    assert explorer.states > 400


@pytest.mark.long
def test_the_power_may_fail_at_any_step_of_long_runs_on_the_journal(scratch: Path, crash_seed: int):
    for run in (journal_run, journal_run_of_kills, journal_run_of_growth):
        explorer = explore(scratch, run, RecordingSystem, crash_seed, per_point=150, deeper=40)
        assert explorer.states > 5000


class JournalNotSynced(RecordingSystem):
    def fsync(self, descriptor: int) -> None:
        if self.name_of(descriptor) != JOURNAL:
            super().fsync(descriptor)


class OverwrittenNotSynced(RecordingSystem):
    def sync_data(self, descriptor: int) -> None:
        pass


class SizeNotSynced(RecordingSystem):
    """The journal grows, and what makes it so is an fdatasync."""

    def fsync(self, descriptor: int) -> None:
        if self.name_of(descriptor) == JOURNAL:
            self.sync_data(descriptor)
        else:
            super().fsync(descriptor)


class CheckpointNotSynced(RecordingSystem):
    def fsync(self, descriptor: int) -> None:
        if self.name_of(descriptor) != ".pipeline.json.tmp":
            super().fsync(descriptor)


class FolderNotSynced(RecordingSystem):
    def fsync(self, descriptor: int) -> None:
        if self.name_of(descriptor) != "":
            super().fsync(descriptor)


@pytest.mark.parametrize(
    "mutant",
    [
        JournalNotSynced,
        OverwrittenNotSynced,
        SizeNotSynced,
        CheckpointNotSynced,
        FolderNotSynced,
        WrittenInPlace,
        RemovedBeforeTheRename,
    ],
)
def test_a_journal_that_leaves_a_step_out_is_caught(scratch: Path, crash_seed: int, mutant: type[RecordingSystem]):
    # What a mutant leaves may be so wrong that the next process of the run itself fails on it.
    with pytest.raises((Violation, ChildProcessError)):
        explore(scratch, journal_run, mutant, crash_seed, per_point=40)


@pytest.mark.long
def test_a_size_that_a_killed_process_has_left_unsynced_is_not_relied_on(
    scratch: Path, crash_seed: int, monkeypatch: pytest.MonkeyPatch
):
    append = journal_file.append
    monkeypatch.setattr(journal_file, "STEP_BYTES", 1000)
    monkeypatch.setattr(  # the mutant takes the size that it sees for durable
        journal_file, "append", lambda system, log, line, end, _: append(system, log, line, end, os.fstat(log).st_size)
    )
    with pytest.raises(Violation):
        explore(scratch, journal_run_of_growth, RecordingSystem, crash_seed, per_point=20)


def test_a_journal_without_a_checksum_is_caught(scratch: Path, crash_seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journal.zlib, "crc32", lambda *_: 0)
    for more in range(5):  # whether a torn line is still JSON is chance
        (scratch / str(more)).mkdir()
        try:
            explore(scratch / str(more), journal_run, RecordingSystem, crash_seed + more, per_point=60)
        except (Violation, ChildProcessError):
            return
    pytest.fail("no crash has shown that the checksum is missing")
