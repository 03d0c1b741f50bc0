"""A handle on one book: what it may write, that it reads nothing, and that it goes together with full handles."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_common import InvalidStatusTransitionError, PipelineState, StateLockError, StateTransactionError
from pipeline_common import checkpoints as checkpoints_module
from pipeline_common.system import System

PAD = "." * 300_000
BOOK = "book-1"


@pytest.fixture(autouse=True)
def no_checkpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "IDLE_S", 3600.0)
    monkeypatch.setattr(checkpoints_module, "LONGEST_LAG_S", 3600.0)


@pytest.fixture(params=["large", "small"])
def state(tmp_path: Path, request: pytest.FixtureRequest):
    state = PipelineState(tmp_path / "pipeline.json")
    files = {f"book-{n}": {"status": "pending"} for n in range(3)}
    document = {"phase1": {"files": files}, "books": {BOOK: {"title": "Emma"}}}
    state.write(document | ({"pad": PAD} if request.param == "large" else {}))
    yield state
    state._engine._checkpoints.stop()


def scoped(state: PipelineState, **options):
    return PipelineState.scoped(state.path, BOOK, state.records_of(BOOK), **options)


def test_its_commits_are_in_the_document_and_in_the_counts(state: PipelineState):
    book = scoped(state)
    with book.transaction(operation="phase_start") as txn:
        txn.data["phase1"]["files"][BOOK] = {"status": "running"}
        txn.data.setdefault("phase2", {}).setdefault("files", {})[BOOK] = {"status": "failed"}
        txn.data["books"][BOOK]["retry_count"] = 1
    with book.transaction() as txn:
        txn.data["phase1"]["files"][BOOK]["status"] = "completed"
        del txn.data["phase2"]["files"][BOOK]
    for reader in (state, PipelineState(state.path)):
        document = reader.read()
        assert document["phase1"]["counts"] == {"pending": 2, "success": 1}
        assert document["phase1"]["status"] == "partial"
        assert document["books"][BOOK] == {"title": "Emma", "retry_count": 1}
        assert document["phase2"] == {"files": {}, "status": "pending"}
    assert book.records() == {"phase1": {"status": "success"}, "books": {"title": "Emma", "retry_count": 1}}
    assert state.records_of(BOOK) == book.records()
    history = state.get_transaction_history()
    assert [entry["revision"] for entry in history] == [3, 2, 1]
    assert history[1]["details"] == {"operation": "phase_start"}


def test_it_goes_beside_full_handles_that_commit_and_checkpoint(state: PipelineState):
    book = scoped(state)
    for number in range(1, 20):
        with book.transaction() as txn:
            txn.data["books"][BOOK]["n"] = number
        with state.transaction() as txn:
            assert txn.data["books"][BOOK]["n"] == number
            txn.data["x"] = number
        if number % 5 == 0:
            state.checkpoint()
    assert PipelineState(state.path).read()["books"][BOOK]["n"] == 19
    assert state.read_with_revision()[1] == 39
    assert [change.revision for change in state.changes(since=1)] == list(range(2, 40))


def test_it_may_write_below_its_own_book_only(state: PipelineState):
    book = scoped(state)
    for change in (
        lambda data: data["books"].update({"book-2": {}}),
        lambda data: data.update(x=1),
        lambda data: data["phase1"].update(status="failed"),
        lambda data: data.pop("phase1"),
    ):
        message = "A handle on book-1 alone has changed"
        with pytest.raises(StateTransactionError, match=message), book.transaction() as txn:
            change(txn.data)
    with pytest.raises(StateTransactionError, match="the whole document"), book.transaction() as txn:
        txn.data = {}
    assert state.read_with_revision()[1] == 1
    assert book.records() == state.records_of(BOOK)


def test_transitions_are_checked_and_an_exception_rolls_back(state: PipelineState):
    book = scoped(state)
    with book.transaction() as txn:
        txn.data["phase1"]["files"][BOOK]["status"] = "success"
    message = r"success → failed at phase1\.files\.book-1"
    with pytest.raises(InvalidStatusTransitionError, match=message), book.transaction() as txn:
        txn.data["phase1"]["files"][BOOK]["status"] = "failed"
    with pytest.raises(ZeroDivisionError), book.transaction() as txn:
        txn.data["books"][BOOK]["title"] = str(1 // 0)
    assert book.records() == state.records_of(BOOK)
    with book.transaction(validate=False) as txn:
        txn.data["phase1"]["files"][BOOK]["status"] = "failed"
    assert state.read()["phase1"]["counts"] == {"pending": 2, "failed": 1}


def test_a_transaction_inside_another_of_the_thread_is_an_error(state: PipelineState):
    book = scoped(state, timeout=0)
    with state.transaction(), pytest.raises(StateTransactionError, match="already open"), book.transaction():
        pass
    with book.transaction(), pytest.raises(StateTransactionError, match="already open"):
        state.write({})
    import filelock

    with filelock.FileLock(f"{state.path}.lock"), pytest.raises(StateLockError), book.transaction():
        pass


def test_an_edit_by_hand_is_adopted_and_the_commit_is_made_on_it(state: PipelineState):
    book = scoped(state)
    document = json.loads(state.path.read_text())
    document["mine"] = 1
    state.path.write_text(json.dumps(document))
    with book.transaction() as txn:
        txn.data["books"][BOOK]["n"] = 1
    assert (state.read()["mine"], state.read()["books"][BOOK]["n"]) == (1, 1)


def test_a_torn_tail_is_cut_off(state: PipelineState):
    book = scoped(state)
    for number in (1, 2):
        with book.transaction() as txn:
            txn.data["books"][BOOK]["n"] = number
    journal = state.path.parent / ".pipeline" / "journal.jsonl"
    end = len(journal.read_bytes().rstrip(b"\0"))
    with journal.open("r+b") as file:
        file.seek(end)
        file.write(b'["00000000",{"q":4')
    with scoped(state).transaction() as txn:
        txn.data["books"][BOOK]["n"] = 3
    assert PipelineState(state.path).read()["books"][BOOK]["n"] == 3


def test_a_refused_write_is_taken_back(tmp_path: Path):
    class Full(System):
        def fsync(self, descriptor: int) -> None:
            raise OSError(28, "No space left on device")

    state = PipelineState(tmp_path / "pipeline.json")
    state.write({"pad": PAD})
    book = PipelineState.scoped(state.path, BOOK, {}, system=Full())
    with pytest.raises(OSError, match="No space"):
        book._system.fsync(0)
    with pytest.raises(StateTransactionError, match="No space left"), book.transaction() as txn:
        txn.data["books"][BOOK] = {"n": 1}
    assert book.records() == {}


def test_a_new_process_imports_the_standard_library_alone_and_reads_no_document(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json")
    state.write({"pad": PAD})
    code = """
import sys
from pipeline_common import PipelineState
from pipeline_common.system import System
class Watched(System):
    def open(self, path, flags, mode=0o666):
        assert not path.endswith("pipeline.json"), path
        return super().open(path, flags, mode)
book = PipelineState.scoped(sys.argv[1], "b", {"books": {"title": "Emma"}}, system=Watched())
for number in range(12):
    with book.transaction() as txn:
        txn.data["books"]["b"]["n"] = number
print(*{name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names))
"""
    command = [sys.executable, "-S", "-c", code, str(state.path)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert set(done.stdout.split()) <= {"pipeline_common", "__main__"}
    assert state.read()["books"]["b"]["n"] == 11
    assert state.read_with_revision()[1] == 13
