"""The power fails at every step of a run, and nothing that was committed is lost, nor half of anything found.

`explorer` says how. The run has two handles taking turns, as two processes would, with and without backups, restores,
transactions that fail, that the disk refuses, and that are killed. Each mutant leaves out one thing that the engine
does for this, and must be caught.
"""

import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from explorer import EMPTY_DISK, Document, Expected, Explorer, Store, Story, Violation
from recording import Recording, RecordingSystem, run_until_killed

from pipeline_common import PipelineState, StateError, StateReadError
from pipeline_common.system import System, read_file

MAX_BACKUPS = 4
KEEP = 2
"""How many backups must be there. Fewer than are kept: a transaction that was cut may leave one more, and it counts."""

STAMPS = ("schema_version", "created_at", "last_updated")

# Newer Pythons warn of a fork in a process that has threads, such as the idle ones that other tests have left.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


class StateStore:
    """`PipelineState` as the explorer sees it: documents without their times, which no test can foretell."""

    def __init__(self, root: Path, system: System, *, backup_before_write: bool = True) -> None:
        path = root / "pipeline.json"
        self.state = PipelineState(
            path, max_backups=MAX_BACKUPS, backup_before_write=backup_before_write, system=system
        )

    def read(self) -> Document:
        return _without_stamps(self.state.read())

    def put(self, key: str, value: Any) -> None:
        with self.state.transaction(validate=False) as txn:
            txn.data[key] = value

    def backups(self) -> list[Document]:
        found = []
        for path in self.state.list_backups():
            with suppress(StateReadError):
                found.append(_without_stamps(self.state.backup_manager.verified(path)[0]))
        return found


def _without_stamps(document: Document) -> Document:
    return {key: value for key, value in document.items() if key not in STAMPS}


@contextmanager
def opened(root: Path, system: System) -> Iterator[Store]:
    store = StateStore(root, system)
    try:
        yield store
    finally:
        store.state.close()


class Run:
    """A run of two handles on one file, recorded."""

    def __init__(self, root: Path, chance: random.Random, system: type[RecordingSystem] = RecordingSystem) -> None:
        self.chance = chance
        self.recording = Recording(root)
        self.recording.begin_with(EMPTY_DISK)
        self.system = system(self.recording)
        self.handles = [StateStore(root, self.system), StateStore(root, system(self.recording))]
        self.plain = StateStore(root, self.system, backup_before_write=False)
        self.story = Story(self.recording, keep=KEEP)
        self.count = 0
        self.steps_of_a_commit = 0

    def close(self) -> None:
        """Let go of the files; what this writes is part of the run."""
        for handle in (*self.handles, self.plain):
            handle.state.close()

    def next(self) -> int:
        self.count += 1
        return self.count

    def commits(self, number: int = 1) -> None:
        """Commits with a backup, by the handles in turn."""
        for _ in range(number):
            before = len(self.recording.entries)
            self.story.put(self.handles[self.count % 2], f"key{self.count % 3}", self.next())
            self.steps_of_a_commit = len(self.recording.entries) - before - 2  # without the two marks

    def commits_without_backup(self) -> None:
        present, number = self.story.present(self.plain), self.next()
        with self.story.attempt(Expected({**present.document, "plain": number}, present.backups)):
            self.plain.put("plain", number)

    def rolls_back(self) -> None:
        with suppress(ZeroDivisionError), self.handles[0].state.transaction() as txn:
            txn.data["never"] = 1 // 0

    def backs_up_by_hand(self) -> None:
        present = self.story.present(self.handles[1])
        with self.story.attempt(present.followed_by(present.document, KEEP)):
            assert self.handles[1].state.backup_manager.create_backup()

    def restores(self) -> None:
        """The oldest backup, so that clearing away may not take it first."""
        present = self.story.present(self.handles[1])
        backup = self.handles[0].state.list_backups()[-1]
        document = _without_stamps(self.handles[0].state.backup_manager.verified(backup)[0])
        with self.story.attempt(present.followed_by(document, KEEP)):
            self.handles[1].state.restore_backup(backup)

    def is_refused(self, call: str, number: int) -> None:
        """The disk refuses a call of a commit: the other handle finds it made, or nothing of it, and goes on."""
        document = self.story.present(self.handles[1]).document
        self.system.refuse(call, number)
        try:
            self.story.put(self.handles[0], "refused", self.next())
        except StateError:
            assert self.handles[1].read() == document
        else:
            assert self.handles[1].read() == {**document, "refused": self.count}
        self.system.refuse(None)

    def is_killed(self, steps: int) -> None:
        """A process is killed in a commit; the handles go on beside what it left."""
        present, number = self.story.present(self.handles[0]), self.next()
        with self.story.cut(present.followed_by({**present.document, "killed": number}, KEEP)):
            run_until_killed(self.recording, steps, lambda: self.handles[0].put("killed", number))


def short_run(run: Run) -> None:
    """Everything once."""
    run.commits(MAX_BACKUPS + 2)
    run.rolls_back()
    run.commits_without_backup()
    run.restores()
    run.is_killed(run.chance.randrange(1, run.steps_of_a_commit))
    run.commits()
    run.is_refused("fsync", run.chance.randrange(1, 4))
    run.commits(2)
    run.backs_up_by_hand()
    run.commits()


def run_of_kills(run: Run) -> None:
    """A process killed after each step of a commit, and another that goes on."""
    run.commits(3)
    for steps in range(1, run.steps_of_a_commit):
        run.is_killed(steps)
        run.commits()
    run.restores()


def run_of_refusals(run: Run) -> None:
    """Each kind of call refused, the first time, the second, the third."""
    run.commits(3)
    for call in ("open", "write", "fsync", "link", "replace", "unlink"):
        for number in (1, 2, 3):
            run.is_refused(call, number)
            run.commits()


def run_from_nothing(run: Run) -> None:
    """The first commit, when there is no folder yet: refused, killed, and made."""
    run.is_refused("replace", 1)
    run.is_refused("fsync", 2)
    run.is_killed(run.chance.randrange(1, 6))
    run.commits()
    run.rolls_back()
    run.commits(3)


class WithoutLinks(RecordingSystem):
    """A file system that has no hard links, so that backups are copies."""

    def link(self, source: str, target: str) -> None:
        raise OSError(95, os.strerror(95))


RUNS: list[Callable[[Run], None]] = [short_run, run_of_kills, run_of_refusals, run_from_nothing]


def explore(
    scratch: Path, run: Callable[[Run], None], system: type[RecordingSystem], seed: int, **limits: int
) -> Explorer:
    told = Run(scratch / "recorded", random.Random(seed), system)
    run(told)
    told.close()
    explorer = Explorer(scratch, opened, whole_file="pipeline.json", keep=KEEP, seed=seed, **limits)
    explorer.explore(told.recording)
    explorer.report(f"{run.__name__}, {system.__name__}")
    return explorer


def test_the_power_may_fail_at_any_step(scratch: Path, crash_seed: int):
    explorer = explore(scratch, short_run, RecordingSystem, crash_seed, per_point=10, deeper=3)
    assert explorer.states > 700
    assert explorer.recoveries == 3


def test_the_power_may_fail_where_there_are_no_links(scratch: Path, crash_seed: int):
    explorer = explore(scratch, short_run, WithoutLinks, crash_seed, per_point=8, deeper=2)
    assert explorer.states > 500


@pytest.mark.long
@pytest.mark.parametrize("system", [RecordingSystem, WithoutLinks])
def test_the_power_may_fail_at_any_step_of_long_runs(scratch: Path, crash_seed: int, system: type[RecordingSystem]):
    explorers = [explore(scratch, run, system, crash_seed, per_point=80, deeper=25) for run in RUNS]
    states, distinct = (sum(numbers) for numbers in zip(*((e.states, e.distinct) for e in explorers), strict=True))
    sys.stdout.write(f"together: {states} states, {distinct} of them distinct\n")
    assert states > 50_000


class TemporaryNotSynced(RecordingSystem):
    def fsync(self, descriptor: int) -> None:
        if self.is_folder(descriptor):
            super().fsync(descriptor)


class FoldersNotSynced(RecordingSystem):
    def fsync(self, descriptor: int) -> None:
        if not self.is_folder(descriptor):
            super().fsync(descriptor)


class BackupsNotSynced(RecordingSystem):
    def fsync(self, descriptor: int) -> None:
        if self.name_of(descriptor) != ".pipeline/backups":
            super().fsync(descriptor)


class FolderOfBackupsNotSynced(RecordingSystem):
    """The names in it are durable, but not its own."""

    def fsync(self, descriptor: int) -> None:
        if self.name_of(descriptor) != ".pipeline":
            super().fsync(descriptor)


class SyncedAfterTheRename(TemporaryNotSynced):
    def replace(self, source: str, target: str) -> None:
        super().replace(source, target)
        descriptor = self.open(target, os.O_RDONLY)
        RecordingSystem.fsync(self, descriptor)
        self.close(descriptor)


class WrittenInPlace(RecordingSystem):
    def replace(self, source: str, target: str) -> None:
        data, _ = read_file(self, source, 1 << 20)
        descriptor = self.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self.write(descriptor, data)
        self.fsync(descriptor)
        self.close(descriptor)
        self.unlink(source)


class RemovedBeforeTheRename(RecordingSystem):
    def replace(self, source: str, target: str) -> None:
        with suppress(FileNotFoundError):
            self.unlink(target)
        super().replace(source, target)


class LinkedAfterTheRename(RecordingSystem):
    """The backup is the new file, not the old one."""

    backup: str | None = None

    def link(self, source: str, target: str) -> None:
        self.backup = target

    def replace(self, source: str, target: str) -> None:
        super().replace(source, target)
        if self.backup:
            super().link(target, self.backup)
            self.backup = None


MUTANTS = [
    TemporaryNotSynced,
    FoldersNotSynced,
    BackupsNotSynced,
    FolderOfBackupsNotSynced,
    SyncedAfterTheRename,
    WrittenInPlace,
    RemovedBeforeTheRename,
    LinkedAfterTheRename,
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_an_engine_that_leaves_a_step_out_is_caught(scratch: Path, crash_seed: int, mutant: type[RecordingSystem]):
    with pytest.raises(Violation):
        explore(scratch, lambda run: run.commits(5), mutant, crash_seed, per_point=60)
