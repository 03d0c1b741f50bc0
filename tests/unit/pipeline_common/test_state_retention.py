"""Retention of a state's own files: compressed ones are listed, verified and restored; what recovery needs stays."""

import gzip
import itertools
import os
import time
from pathlib import Path

import pytest

from pipeline_common import PipelineState, StateReadError, load_pipeline_json
from pipeline_common.compressed import compress, packed, read_kept, unpacked
from pipeline_common.retention import COMPRESS, DELETE, ROTATE, Act, Rule, StateRules, due, tidy_state
from pipeline_common.system import System

DAY_S = 86400
REVISIONS = 12


@pytest.fixture(params=["small", "large"])
def state(tmp_path: Path, request: pytest.FixtureRequest) -> PipelineState:
    """A state of twelve commits, a day apart, the last of them now."""
    state = PipelineState(tmp_path / "pipeline.json", checkpoint="always")
    pad = {"pad": "." * 300_000} if request.param == "large" else {}
    for number in range(1, REVISIONS + 1):
        state.write({"number": number, **pad})
    state.backup_manager.create_backup()
    backups = sorted((state.path.parent / ".pipeline/backups").iterdir(), reverse=True)
    segments = sorted((state.path.parent / ".pipeline/segments").iterdir(), reverse=True)
    for paths in (backups, segments):
        for age, path in enumerate(paths):
            os.utime(path, (time.time() - age * DAY_S,) * 2)
    return state


def tidied(state: PipelineState, rules: StateRules, *, rehearse: bool = False) -> list[Act]:
    return list(tidy_state(state, rules, time.time(), rehearse=rehearse))


OLD = StateRules(backups=Rule(compress_days=4.5), segments=Rule(compress_days=4.5))


def test_compressed_backups_and_journals_are_listed_verified_and_restored(state: PipelineState) -> None:
    before = [(backup.revision, state.backup_manager.verified(backup.path)) for backup in backups(state)]
    acts = tidied(state, OLD)
    assert {act.kind for act in acts} == {COMPRESS}
    assert len(acts) >= 10
    assert [(backup.revision, state.backup_manager.verified(backup.path)) for backup in backups(state)] == before
    assert tidied(state, OLD) == []
    assert list(state.history.damaged()) == []
    assert [change.revision for change in state.changes(0)] == list(range(1, REVISIONS + 1))
    for revision in (1, 2, 5, REVISIONS - 1):
        state.restore(revision=revision)
        assert state.read()["number"] == revision
    packed_backup = next(backup.path for backup in backups(state) if backup.path.suffix == ".gz")
    state.restore_backup(packed_backup)
    assert state.read()["number"] < 8


def backups(state: PipelineState) -> list:  # type: ignore[type-arg]
    return state.backup_manager.newest_first()


def test_all_goes_on_as_before_with_other_handles_and_the_number_of_backups_is_kept(state: PipelineState) -> None:
    other = PipelineState(state.path, max_backups=5, checkpoint="always")
    other.read()
    tidied(state, OLD)
    for number in range(100, 106):
        other.write({"number": number})
        assert len(backups(other)) <= 5
        state.write({"number": number + 50})
    assert load_pipeline_json(state.path)["number"] == 155
    assert not [b for b in backups(state) if b.path.suffix == ".gz"]


def test_no_backup_is_read_where_none_is_old_enough(state: PipelineState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(state.backup_manager), "verified", lambda *_: pytest.fail("a backup was read"))
    young = StateRules(backups=Rule(compress_days=30.0, days=60.0, size_bytes=1 << 40))
    assert tidied(state, young) == []


def test_by_default_nothing_is_deleted_and_a_rehearsal_changes_nothing(state: PipelineState) -> None:
    files = sorted(path for path in state.path.parent.rglob("*"))
    assert tidied(state, StateRules()) == []
    acts = tidied(state, OLD, rehearse=True)
    assert acts
    assert sorted(path for path in state.path.parent.rglob("*")) == files
    assert tidied(state, OLD) == acts


@pytest.mark.parametrize("rule", [Rule(days=0), Rule(size_bytes=0), Rule(0, 0, 0)])
def test_what_the_next_recovery_needs_is_never_deleted(state: PipelineState, rule: Rule) -> None:
    tidied(state, StateRules(rule, rule, rule))
    assert len(backups(state)) == 1
    state.write({"number": 13})
    state.write({"number": 14})
    state.close()
    tidied(state, StateRules(rule, rule, rule))
    state.path.write_text("{")
    assert load_pipeline_json(state.path)["number"] == 14


def test_of_files_the_oldest_go_by_age_and_by_size(tmp_path: Path) -> None:
    now_s = time.time()
    for age in range(6):
        path = tmp_path / f"file{age}"
        path.write_bytes(b"x" * 100)
        os.utime(path, (now_s - age * DAY_S - 60,) * 2)
    paths = [*tmp_path.iterdir(), tmp_path / "gone"]

    def names(rule: Rule) -> list[tuple[str, str]]:
        return [(act.kind, act.path.name) for act in due(paths, rule, now_s)]

    assert names(Rule()) == []
    assert names(Rule(days=4)) == [(DELETE, "file5"), (DELETE, "file4")]
    assert names(Rule(size_bytes=250)) == [(DELETE, f"file{age}") for age in (5, 4, 3, 2)]
    assert names(Rule(compress_days=3, days=4)) == [(DELETE, "file5"), (DELETE, "file4"), (COMPRESS, "file3")]


def test_the_audit_trail_is_put_aside_compressed_and_read_through(state: PipelineState) -> None:
    before = state.get_transaction_history(1000)
    rules = StateRules(transactions=Rule(compress_days=0), rotate_bytes=100)
    acts = tidied(state, rules)
    assert [act.kind for act in acts] == [ROTATE, COMPRESS]
    assert state.get_transaction_history(1000) == before
    state.write({"number": 13})
    assert state.get_transaction_history(1000)[1:] == before
    tidied(state, rules)
    assert len(list((state.path.parent / ".pipeline").glob("transactions_*.log.gz"))) == 2
    assert [entry["revision"] for entry in state.get_transaction_history(3)] == [13, 12, 12]
    folder = state.reset()
    assert folder is not None
    assert len(list(folder.glob("transactions_*.log.gz"))) == 2
    assert state.read() == {}
    assert state.get_transaction_history(10) == []


def test_a_damaged_compressed_backup_is_one_that_cannot_be_read(state: PipelineState) -> None:
    tidied(state, OLD)
    path = next(backup.path for backup in backups(state) if backup.path.suffix == ".gz")
    whole = path.read_bytes()
    for content in (whole[:40], b"", b"\x1f\x8b" + b"x" * 50, whole[:-20] + b"y" * 20, packed(b"{" * 100)):
        path.write_bytes(content)
        with pytest.raises(StateReadError, match="backup"):
            state.backup_manager.verified(path)
        assert path in [backup.path for backup in backups(state)]


def test_a_file_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(packed(b"\0" * 5_000_000))
    with pytest.raises(OSError, match="more than the limit of 1000000 bytes"):
        read_kept(System(), str(bomb), 1_000_000)


class Crash(BaseException):
    """The power is gone."""


class Failing(System):
    """Ends at one step."""

    def __init__(self, step: int) -> None:
        self._steps = itertools.count()
        self._last = step

    def _count(self) -> None:
        if next(self._steps) == self._last:
            raise Crash

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self._count()
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._count()
        super().fsync(descriptor)

    def replace(self, source: str, target: str) -> None:
        self._count()
        super().replace(source, target)

    def unlink(self, path: str) -> None:
        self._count()
        super().unlink(path)


@pytest.mark.parametrize("step", range(7))
def test_a_crash_at_any_step_leaves_one_or_both_and_the_next_time_ends_well(tmp_path: Path, step: int) -> None:
    path, target = tmp_path / "old.log", tmp_path / "old.log.gz"
    target.write_bytes(packed(b"earlier\n"))
    path.write_bytes(b"later\n")
    crashed = False
    try:
        compress(Failing(step), path, 1 << 20)
    except Crash:
        crashed = True
    assert crashed == (step < 6)
    assert path.exists() or gzip.decompress(target.read_bytes()) == b"earlier\nlater\n"
    if path.exists():
        compress(System(), path, 1 << 20)
    assert unpacked(target.read_bytes(), 1 << 20) == b"earlier\nlater\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["old.log.gz"]


def test_time_and_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "old.log"
    path.write_bytes(b"x" * 1000)
    path.chmod(0o640)
    os.utime(path, (1_000_000, 1_000_000))
    assert compress(System(), path, 1 << 20) > 900
    status = (tmp_path / "old.log.gz").stat()
    assert (status.st_mtime, status.st_mode & 0o777) == (1_000_000, 0o640)
