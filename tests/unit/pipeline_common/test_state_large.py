"""Documents above 256 KiB: commits are records of the journal, and the file follows."""

import json
import logging
import os
import random
import shutil
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline_common import (
    InvalidStatusTransitionError,
    PipelineState,
    StateReadError,
    StateTransactionError,
    StateValidationError,
    load_pipeline_json,
)
from pipeline_common import checkpoints as checkpoints_module
from pipeline_common.system import System

# Newer Pythons warn of a fork in a process that has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

PAD = "." * 300_000


@pytest.fixture(autouse=True)
def no_checkpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "IDLE_S", 3600.0)
    monkeypatch.setattr(checkpoints_module, "LONGEST_LAG_S", 3600.0)


def books(count: int) -> dict:
    records = {f"book-{n}": {"status": "success", "metrics": {"words": n}} for n in range(count)}
    return {"pad": PAD, "phase1": {"files": records}, "books": {name: {"title": name} for name in records}}


@pytest.fixture
def state(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(books(5))
    yield state
    state._engine._checkpoints.stop()


def test_where_a_process_can_have_no_threads_the_file_follows_at_once(
    state: PipelineState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    for number in (7, 8):
        commit(state, number)
        written = json.loads((Path(state.path)).read_text(encoding="utf-8"))
        assert written["_state"]["revision"] == state.read_with_revision()[1]


def commit(state: PipelineState, number: int) -> None:
    with state.transaction() as txn:
        txn.data["x"] = number
        txn.data["phase1"]["files"]["book-1"]["metrics"]["words"] = number


def stored(state: PipelineState) -> dict:
    return json.loads(state.path.read_text())


def journal(state: PipelineState) -> Path:
    return state.path.parent / ".pipeline" / "journal.jsonl"


def lines(state: PipelineState) -> int:
    return records(state).count(b"\n") - 1


def records(state: PipelineState) -> bytes:
    """Header and records, without what is allocated ahead."""
    return journal(state).read_bytes().rstrip(b"\0")


def test_a_commit_is_one_record_over_zeros_and_one_fdatasync_and_the_file_stays(tmp_path: Path):
    steps: list[str] = []

    class Traced(System):
        def fsync(self, descriptor: int) -> None:
            steps.append("fsync")
            super().fsync(descriptor)

        def sync_data(self, descriptor: int) -> None:
            steps.append("fdatasync")
            super().sync_data(descriptor)

        def replace(self, source: str, target: str) -> None:
            steps.append("rename")
            super().replace(source, target)

    state = PipelineState(tmp_path / "pipeline.json", system=Traced())
    state.write(books(3))
    commit(state, 1)
    before, allocated_bytes = state.path.read_bytes(), journal(state).stat().st_size
    steps.clear()
    commit(state, 2)
    assert steps == ["fdatasync"]
    assert state.path.read_bytes() == before
    assert journal(state).stat().st_size == allocated_bytes
    assert state.read()["x"] == 2
    assert PipelineState(state.path).read()["x"] == 2
    state.close()
    assert stored(state)["x"] == 2
    assert stored(state)["_state"] == {"revision": 3}


def test_a_checkpoint_brings_the_file_up_to_date_leaves_a_backup_and_an_indented_file(state: PipelineState):
    for number in range(3):
        commit(state, number)
    assert lines(state) == 3
    assert state.checkpoint() is True
    assert state.checkpoint() is False
    assert lines(state) == 0
    assert stored(state)["x"] == 2
    assert len(state.list_backups()) == 1
    document = stored(state)
    assert state.path.read_text() == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    commit(state, 9)
    assert state.read()["phase1"]["files"]["book-1"]["metrics"] == {"words": 9}
    assert state.read()["phase1"]["counts"] == {"success": 5}


@pytest.mark.parametrize("seed", range(4))
def test_a_checkpoint_writes_what_the_document_holds_whoever_read_changed_or_took_back_what(state, seed: int):
    """What has not changed is written as it was read, so that nothing of what has may be missed."""
    chance = random.Random(seed)
    handles = [state, PipelineState(state.path)]
    expected = books(5)

    def reopen() -> None:
        handles[chance.randrange(2)] = PipelineState(state.path)

    def look() -> None:
        with chance.choice(handles).transaction() as txn:
            assert txn.data["phase1"]["files"]["book-1"]["status"] == "success"

    def change() -> None:
        name, number, kind = f"book-{chance.randrange(8)}", chance.randrange(100), chance.randrange(3)
        with chance.choice(handles).transaction() as txn:
            for document in (txn.data, expected):
                if kind == 0:
                    document["books"].pop(name, None)
                elif kind == 1:
                    document["books"][name] = {"title": f"{number}"}
                else:
                    document["phase1"]["files"]["book-1"]["metrics"]["words"] = number

    def take_back() -> None:
        with suppress(KeyError), chance.choice(handles).transaction() as txn:
            txn.data["books"]["book-0"] = {"title": "taken back"}
            txn.data["phase1"]["files"] = {}
            raise KeyError

    for _ in range(60):
        chance.choice([reopen, look, change, change, take_back])()
        if chance.random() < 0.4:
            chance.choice(handles)._engine.checkpoint()
            written = stored(state)
            assert written["books"] == expected["books"], f"seed {seed}"
            assert written["phase1"]["files"] == expected["phase1"]["files"], f"seed {seed}"
            assert state.path.read_text() == json.dumps(written, indent=2, ensure_ascii=False) + "\n"


def test_with_checkpoint_always_the_file_is_current_at_each_commit(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json", checkpoint="always")
    state.write(books(3))
    for number in range(3):
        commit(state, number)
        assert stored(state)["x"] == number
    assert len(state.list_backups()) == 3


def test_the_file_follows_by_itself_once_commits_cease(state: PipelineState, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checkpoints_module, "IDLE_S", 0.0)
    commit(state, 1)
    thread = state._engine._checkpoints._thread
    if thread:
        thread.join()
    assert stored(state)["x"] == 1


def test_the_file_follows_while_commits_go_on(state: PipelineState, monkeypatch: pytest.MonkeyPatch):
    commit(state, 1)
    assert stored(state).get("x") is None
    monkeypatch.setattr(checkpoints_module, "LONGEST_LAG_S", 0.0)
    commit(state, 2)
    assert stored(state)["x"] == 2


def test_a_checkpoint_that_fails_does_not_fail_the_commit_before_it(tmp_path: Path, caplog, monkeypatch):
    class Full(System):
        full = False

        def replace(self, source: str, target: str) -> None:
            if self.full:
                raise OSError(28, "No space left on device")
            super().replace(source, target)

    system = Full()
    state = PipelineState(tmp_path / "pipeline.json", system=system)
    state.write(books(3))
    commit(state, 1)
    system.full = True
    monkeypatch.setattr(checkpoints_module, "LONGEST_LAG_S", 0.0)
    commit(state, 2)
    assert "A checkpoint was put off" in caplog.text
    assert PipelineState(state.path).read()["x"] == 2
    system.full = False
    commit(state, 3)
    assert stored(state)["x"] == 3
    state.close()


def test_counts_and_statuses_are_kept_up_from_what_changes(state: PipelineState):
    with state.transaction() as txn:
        txn.data["phase1"]["files"]["book-0"]["status"] = "running"
        txn.data["phase1"]["files"]["new"] = {"status": "completed"}
        del txn.data["phase1"]["files"]["book-2"]
        txn.data.setdefault("phase2", {}).setdefault("files", {})["book-0"] = {"status": "failed"}
    document = state.read()
    assert document["phase1"]["counts"] == {"running": 1, "success": 4}
    assert document["phase1"]["status"] == "running"
    assert document["phase1"]["files"]["new"]["status"] == "success"
    assert (document["phase2"]["counts"], document["phase2"]["status"]) == ({"failed": 1}, "failed")
    with state.transaction() as txn:
        txn.data["phase2"]["files"].clear()
    assert {key: state.read()["phase2"].get(key) for key in ("status", "counts")} == {
        "status": "pending",
        "counts": None,
    }
    state.checkpoint()
    assert stored(state)["phase1"]["counts"] == {"running": 1, "success": 4}


def test_only_what_changes_is_checked_and_it_is_checked(state: PipelineState):
    with pytest.raises(InvalidStatusTransitionError, match=r"phase1\.files\.book-3"), state.transaction() as txn:
        txn.data["phase1"]["files"]["book-3"]["status"] = "failed"
    with pytest.raises(StateValidationError, match=r"books\.book-3\.authors"), state.transaction() as txn:
        txn.data["books"]["book-3"]["authors"] = "Jane Austen"
    with pytest.raises(StateValidationError, match=r"phase1: expected an object"), state.transaction() as txn:
        txn.data["phase1"] = "not a dict"
    with pytest.raises(StateValidationError, match=r"a\.b\[0\]"), state.transaction(validate=False) as txn:
        txn.data["a"] = {"b": [{1, 2}]}
    assert lines(state) == 0
    commit(state, 1)
    assert lines(state) == 1


def test_read_inside_a_transaction_gives_the_last_commit(state: PipelineState):
    commit(state, 1)
    with state.transaction() as txn:
        txn.data["x"] = 2
        txn.data["phase1"]["files"].pop("book-1")
        assert state.read()["x"] == 1
        assert "book-1" in state.read()["phase1"]["files"]
    assert state.read()["x"] == 2


def test_two_handles_take_in_each_others_commits_across_checkpoints(state: PipelineState):
    other = PipelineState(state.path)
    for number in range(1, 30):
        with (state, other)[number % 2].transaction() as txn:
            assert txn.data.get("x", 1) == max(1, number - 1)
            txn.data["x"] = number
        if number % 7 == 0:
            (other, state)[number % 2].checkpoint()
    assert state.read()["x"] == other.read()["x"] == 29
    assert stored(state)["_state"]["revision"] == 29
    other._engine._checkpoints.stop()


def test_a_journal_that_is_deleted_while_it_is_open_is_written_down(state: PipelineState):
    commit(state, 1)
    commit(state, 2)
    journal(state).unlink()
    commit(state, 3)
    assert PipelineState(state.path).read()["x"] == 3
    assert state.read()["phase1"]["files"]["book-1"]["metrics"] == {"words": 3}


@pytest.mark.parametrize("pending", [0, 3])
def test_an_older_copy_put_in_place_counts_and_what_it_replaced_is_kept(state: PipelineState, pending: int, caplog):
    commit(state, 1)
    state.checkpoint()
    commit(state, 2)
    state.checkpoint()
    for number in range(pending):
        commit(state, 100 + number)
    oldest = state.list_backups()[-1]
    shutil.copy(oldest, state.path)
    assert "x" not in state.read()
    with state.transaction() as txn:
        assert "x" not in txn.data
        txn.data["y"] = 1
    assert stored(state)["y"] == 1
    if pending:
        conflicts = state.path.parent / ".pipeline" / "conflicts"
        note = next(conflicts.glob("*journal.jsonl.why.txt")).read_text()
        assert f"restore --revision {3 + pending}" in note
        assert note.strip() in caplog.text
        state.restore(revision=3 + pending)
        assert state.read()["x"] == 100 + pending - 1
    fresh = PipelineState(state.path)
    commit(fresh, 7)
    assert fresh.read()["x"] == 7
    fresh._engine._checkpoints.stop()


@pytest.mark.parametrize("pending", [0, 3])
@pytest.mark.parametrize("in_place", [True, False])
def test_an_edit_of_the_present_file_is_adopted_and_pending_commits_made_again(
    state: PipelineState, pending: int, in_place: bool
):
    for number in range(1, pending + 1):
        commit(state, number)
    document = stored(state)
    document["mine"] = "edited"
    document["phase1"]["files"]["book-1"]["metrics"]["words"] = 77
    if in_place:
        state.path.write_text(json.dumps(document, indent=2))
    else:
        other = state.path.with_suffix(".new")
        other.write_text(json.dumps(document, indent=2))
        other.replace(state.path)
    assert state.read()["mine"] == "edited"
    assert state.read()["phase1"]["files"]["book-1"]["metrics"]["words"] == (pending or 77)
    assert state.read().get("x") == (pending or None)
    commit(state, 50)
    assert (state.read()["mine"], state.read()["x"]) == ("edited", 50)
    assert stored(state)["_state"]["revision"] == 2 + pending


@pytest.mark.parametrize("pending", [0, 3])
def test_a_deleted_file_is_an_error_and_every_commit_can_be_brought_back(state: PipelineState, pending: int):
    commit(state, 1)
    state.checkpoint()
    for number in range(pending):
        commit(state, 100 + number)
    state.path.unlink()
    for call in (state.read, lambda: commit(state, 5), state.checkpoint):
        with pytest.raises(StateReadError, match=r"missing, although it has a history.*restore.*reset"):
            call()
    state.restore(revision=2 + pending)
    assert state.read()["x"] == (100 + pending - 1 if pending else 1)


def test_an_in_place_edit_does_not_reach_a_backup(state: PipelineState):
    commit(state, 1)
    state.checkpoint()
    backup = state.list_backups()[0].read_bytes()
    with state.path.open("r+b") as file:
        file.write(b"garbage")
    assert state.list_backups()[0].read_bytes() == backup
    assert os.stat(state.path).st_nlink == 1


def test_any_earlier_revision_can_be_restored_exactly(state: PipelineState):
    documents = {1: state.read()}
    for number in range(2, 20):
        commit(state, number)
        documents[number] = state.read()
        if number % 4 == 0:
            state.checkpoint()
    for revision, document in documents.items():
        state.restore(revision=revision)
        assert state.read() == document
    with pytest.raises(StateReadError, match=r"Revision 999 .* is not in the history"):
        state.restore(revision=999)
    assert PipelineState(state.path).read() == documents[19]


def test_changes_are_told_in_order_from_any_revision_on(state: PipelineState):
    for number in range(2, 12):
        commit(state, number)
        if number % 4 == 0:
            state.checkpoint()
    everything = list(state.changes(since=0))
    assert [change.revision for change in everything] == list(range(1, 12))
    assert everything[0].operations[0][:2] == ("s", ())
    assert ("s", ("x",), 11) in everything[-1].operations
    assert ("s", ("phase1", "files", "book-1", "metrics", "words"), 11) in everything[-1].operations
    assert [change.revision for change in state.changes(since=7)] == [8, 9, 10, 11]
    assert list(state.changes(since=11)) == []
    assert all(a.at <= b.at for a, b in pairwise(everything))
    assert state.read_with_revision()[1] == 11


def test_changes_that_are_no_longer_kept_are_an_error(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json", max_backups=2)
    state.write({"x": 0})
    for number in range(1, 8):
        with state.transaction() as txn:
            txn.data["x"] = number
    assert [change.revision for change in state.changes(since=4)] == [5, 6, 7, 8]
    with pytest.raises(StateReadError, match="since revision 1 are not all in the history"):
        list(state.changes(since=1))


def test_small_documents_keep_their_changes_too_whoever_makes_them(tmp_path: Path):
    one, two = PipelineState(tmp_path / "pipeline.json"), PipelineState(tmp_path / "pipeline.json")
    one.write({"x": 0})
    for number in range(1, 6):
        with (one, two)[number % 2].transaction() as txn:
            txn.data["x"] = number
    told = [{op[1]: op[2] for op in change.operations} for change in one.changes(since=1)]
    assert [change[("x",)] for change in told] == [1, 2, 3, 4, 5]


def test_a_corrupt_file_with_backup_segment_and_journal_loses_nothing(state: PipelineState, caplog):
    for number in range(2, 8):
        commit(state, number)
        if number in (3, 5):
            state.checkpoint()
    before = state.read()
    state.path.write_bytes(state.path.read_bytes()[:-5000])
    with pytest.raises(StateReadError, match=r"^Corrupted state file.*restore --backup"):
        state.read()
    assert load_pipeline_json(state.path) == before
    assert "was damaged" in caplog.text
    fresh = PipelineState(state.path)
    commit(fresh, 50)
    assert fresh.read()["x"] == 50
    fresh.close()


def test_corruption_in_the_middle_of_the_journal_is_an_error_and_the_file_is_kept(state: PipelineState):
    for number in range(2, 8):
        commit(state, number)
    log = bytearray(records(state))
    log[len(log) // 2] ^= 1
    journal(state).write_bytes(log)
    fresh = PipelineState(state.path)
    for call in (fresh.read, lambda: commit(fresh, 9), lambda: load_pipeline_json(state.path)):
        with pytest.raises(StateReadError, match=r"^Corrupted state file: the journal .* is damaged.*reset"):
            call()
    assert journal(state).read_bytes() == bytes(log)
    fresh.restore(revision=3)
    assert fresh.read()["x"] == 3
    conflicts = state.path.parent / ".pipeline" / "conflicts"
    assert next(conflicts.glob("*_journal.jsonl")).read_bytes() == bytes(log)


def test_a_torn_tail_is_cut_off_by_the_next_writer_and_never_by_a_reader(state: PipelineState):
    commit(state, 1)
    commit(state, 2)
    log = records(state)
    journal(state).write_bytes(log[:-7])
    fresh = PipelineState(state.path)
    assert fresh.read()["x"] == 1
    assert journal(state).read_bytes() == log[:-7]
    commit(fresh, 3)
    assert lines(fresh) == 2
    assert PipelineState(state.path).read()["x"] == 3
    fresh._engine._checkpoints.stop()


def test_without_links_backups_are_copies(tmp_path: Path):
    class NoLinks(System):
        def link(self, source: str, target: str) -> None:
            raise PermissionError("no links here")

    state = PipelineState(tmp_path / "pipeline.json", system=NoLinks())
    state.write(books(3))
    commit(state, 1)
    state.checkpoint()
    assert "x" not in json.loads(state.list_backups()[0].read_text())
    state.close()


def test_two_large_state_files_in_one_folder_keep_apart(tmp_path: Path):
    one, two = PipelineState(tmp_path / "pipeline.json"), PipelineState(tmp_path / "pipeline_old.json")
    for number, state in enumerate((one, two, one, two)):
        if number < 2:
            state.write(books(2))
        commit(state, number)
    one.checkpoint()
    assert (stored(one)["x"], stored(two).get("x")) == (2, None)
    assert two.read()["x"] == 3
    assert (tmp_path / ".pipeline" / "pipeline_old.journal.jsonl").exists()
    one.reset()
    assert two.read()["x"] == 3
    two.close()


def test_reset_sets_the_journal_aside_too(state: PipelineState):
    commit(state, 1)
    folder = state.reset()
    assert folder is not None
    assert (folder / "journal.jsonl").exists()
    assert state.read() == {}
    state.write({"x": 3})
    assert state.read()["x"] == 3
    assert stored(state)["_state"]["revision"] == 1


def test_lone_surrogates_in_a_large_document_survive(state: PipelineState):
    with state.transaction() as txn:
        txn.data["books"]["book-1"]["title"] = "caf\udce9.txt"
    state.checkpoint()
    assert PipelineState(state.path).read()["books"]["book-1"]["title"] == "caf\udce9.txt"
    fresh = PipelineState(state.path)
    commit(fresh, 1)
    fresh.checkpoint()
    assert fresh.read()["books"]["book-1"]["title"] == "caf\udce9.txt"


def test_a_document_that_grows_and_shrinks_across_the_limit_stays_right(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json")
    for number in range(12):
        with state.transaction() as txn:
            txn.data["x"] = number
            txn.data["pad"] = PAD if number % 4 in (1, 2) else ""
        assert PipelineState(state.path).read()["x"] == number
    state.close()
    assert stored(state)["x"] == 11


def test_a_part_of_the_document_kept_beyond_its_transaction_cannot_change_it(state: PipelineState):
    with state.transaction() as txn:
        record = txn.data["phase1"]["files"]["book-1"]
    with pytest.raises(StateTransactionError, match="outside its transaction"):
        record["status"] = "failed"
    state.checkpoint()
    with pytest.raises(StateTransactionError, match="outside its transaction"):
        record["metrics"]["words"] = 3
    logging.getLogger(__name__).debug("nothing changed")
    assert state.read()["phase1"]["files"]["book-1"]["status"] == "success"


def test_a_process_that_ends_leaves_the_file_up_to_date(state: PipelineState):
    code = (
        "import sys; from pipeline_common import PipelineState\n"
        "with PipelineState(sys.argv[1]).transaction() as txn: txn.data['x'] = 5"
    )
    subprocess.run([sys.executable, "-c", code, str(state.path)], check=True)
    assert stored(state)["x"] == 5


def test_a_forked_child_may_use_the_handle_and_both_go_on(state: PipelineState):
    commit(state, 1)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            commit(state, 2)
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with state.transaction() as txn:
        assert txn.data["x"] == 2
        txn.data["x"] = 3
    assert PipelineState(state.path).read()["x"] == 3
