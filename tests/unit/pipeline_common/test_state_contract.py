"""The published Python interface, line by line."""

import json
import os
from pathlib import Path

import pytest

import pipeline_common
from pipeline_common import (
    CURRENT_SCHEMA_VERSION,
    InvalidStatusTransitionError,
    PipelineState,
    StateError,
    StateTransactionError,
    StateValidationError,
    load_pipeline_json,
)


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    return PipelineState(tmp_path / "pipeline.json")


def content(document: dict) -> dict:
    """A document without what the engine sets."""
    return {k: v for k, v in document.items() if k not in ("schema_version", "created_at", "last_updated")}


def change_and_raise(state: PipelineState, error: BaseException, operation: str = "transaction") -> None:
    with state.transaction(operation=operation) as txn:
        txn.data["x"] = 2
        raise error


def operations(state: PipelineState) -> list[str]:
    return [entry["operation"] for entry in state.get_transaction_history()]


def test_every_published_name_is_there():
    names = (
        "PipelineState StateTransaction StateError StateLockError StateReadError StateWriteError StateValidationError "
        "StateTransactionError StateCorruptionError InvalidStatusTransitionError load_pipeline_json "
        "CURRENT_SCHEMA_VERSION"
    )
    assert set(names.split()) <= set(pipeline_common.__all__)
    assert issubclass(InvalidStatusTransitionError, StateValidationError)


def test_the_quick_start_works_on_an_empty_folder(state: PipelineState):
    state.write({"phase1": {"status": "pending"}}, validate=False)
    with state.transaction() as txn:
        txn.data["phase1"]["status"] = "success"
        txn.data["phase1"]["metrics"] = {"duration": 42.0}
    with state.transaction() as txn:
        txn.data["phase1"] = {"status": "success", "files": {"book.pdf": {"hash": "abc123"}}, "metrics": {"words": 7}}
    message = "^Schema validation failed: phase1: expected an object"
    with pytest.raises(StateValidationError, match=message), state.transaction() as txn:
        txn.data["phase1"] = "not a dict"
    assert content(state.read()) == {
        "phase1": {"status": "success", "files": {"book.pdf": {"hash": "abc123"}}, "metrics": {"words": 7}}
    }


def test_a_folder_without_a_file_and_without_a_history_reads_as_empty(state: PipelineState):
    assert state.read() == {}
    assert load_pipeline_json(state.path) == {}
    assert load_pipeline_json(state.path.parent / "not there" / "pipeline.json") == {}


def test_a_missing_folder_is_made_at_the_first_commit(tmp_path: Path):
    state = PipelineState(tmp_path / "a" / "b" / "pipeline.json")
    state.write({"x": 1})
    assert content(state.read()) == {"x": 1}


def test_each_commit_sets_schema_version_and_times_and_keeps_created_at(state: PipelineState):
    state.write({"x": 1})
    first = state.read()
    state.write({"x": 2})
    second = state.read()
    assert first["schema_version"] == CURRENT_SCHEMA_VERSION
    assert second["created_at"] == first["created_at"]
    assert second["last_updated"] > first["last_updated"]


def test_the_revision_grows_by_one_a_commit_and_never_shows_in_a_document(state: PipelineState):
    for number in range(1, 4):
        with state.transaction() as txn:
            assert "_state" not in txn.data
            txn.data["_state"] = {"revision": 99}
        assert json.loads(state.path.read_text())["_state"] == {"revision": number}
    assert "_state" not in state.read()


def test_an_exception_in_the_body_rolls_back_and_propagates_unchanged(state: PipelineState):
    state.write({"x": 1})
    error = RuntimeError("out of paper")
    with pytest.raises(RuntimeError) as caught:
        change_and_raise(state, error, operation="printing")
    assert caught.value is error
    assert content(state.read()) == {"x": 1}
    newest = state.get_transaction_history(1)[0]
    assert (newest["operation"], newest["success"], newest["revision"]) == ("transaction_rollback", False, 1)
    assert newest["details"] == {"error": "out of paper", "error_type": "RuntimeError", "operation": "printing"}


def test_ctrl_c_in_the_body_rolls_back_and_releases_the_lock(state: PipelineState):
    state.write({"x": 1})
    with pytest.raises(KeyboardInterrupt):
        change_and_raise(state, KeyboardInterrupt())
    with state.lock(timeout=0):
        assert content(state.read()) == {"x": 1}


def test_read_inside_a_transaction_gives_the_last_commit(state: PipelineState):
    state.write({"x": 1})
    with state.transaction() as txn:
        txn.data["x"] = 2
        assert content(state.read()) == {"x": 1}
    assert content(state.read()) == {"x": 2}


def test_what_is_read_belongs_to_the_caller(state: PipelineState):
    state.write({"x": {"y": [1]}})
    document = state.read()
    document["x"]["y"].append(2)
    assert content(state.read()) == {"x": {"y": [1]}}


def test_a_value_assigned_in_a_transaction_is_the_callers_until_commit_and_detached_afterwards(state: PipelineState):
    record = {"a": 1}
    with state.transaction() as txn:
        txn.data["x"] = record
        record["b"] = 2
        nested = dict(txn.data)["x"]
        nested["c"] = 3
    record["d"] = 4
    assert content(state.read()) == {"x": {"a": 1, "b": 2, "c": 3}}


def test_data_may_be_replaced_as_a_whole(state: PipelineState):
    state.write({"x": 1})
    with state.transaction() as txn:
        txn.data = {"y": 2}
    assert content(state.read()) == {"y": 2}


def test_seed_data_replaces_everything_and_is_not_changed_by_the_body(state: PipelineState):
    state.write({"x": 1})
    seed = {"phase1": {"status": "pending"}}
    with state.transaction(validate=False, seed_data=seed):
        pass
    assert content(state.read()) == seed
    with state.transaction(seed_data=seed) as txn:
        txn.data["phase1"]["status"] = "running"
    assert seed == {"phase1": {"status": "pending"}}


def test_validate_none_checks_and_false_skips_schema_and_transitions(state: PipelineState):
    bad = {"phase1": "not a dict"}
    with pytest.raises(StateValidationError, match=r"^Schema validation failed"):
        state.write(bad)
    assert not state.path.exists()
    state.write(bad, validate=False)
    state.write({"phase1": {"status": "success"}}, validate=False)
    message = "^Invalid status transition: success → failed at phase1"
    with pytest.raises(InvalidStatusTransitionError, match=message), state.transaction(validate=None) as txn:
        txn.data["phase1"]["status"] = "failed"
    with state.transaction(validate=False) as txn:
        txn.data["phase1"]["status"] = "failed"
    assert state.read()["phase1"]["status"] == "failed"


def test_read_checks_the_schema_where_it_is_told_to(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    PipelineState(path).write({"books": [1]}, validate=False)
    assert content(PipelineState(path).read()) == {"books": [1]}
    assert content(PipelineState(path, validate_on_read=True).read(validate=False)) == {"books": [1]}
    for read in (lambda: PipelineState(path, True).read(), lambda: PipelineState(path).read(validate=True)):
        with pytest.raises(StateValidationError, match=r"^Schema validation failed: books"):
            read()


@pytest.mark.parametrize("document", [[1], "text", 3, None])
def test_a_document_whose_top_level_is_no_object_is_refused(state: PipelineState, document):
    state.write({"x": 1})
    with pytest.raises(StateValidationError, match=r"^Schema validation failed"):
        state.write(document)
    with pytest.raises(StateValidationError), state.transaction(validate=False) as txn:
        txn.data = document
    assert content(state.read()) == {"x": 1}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, Path("x"), {1: "a"}, b"x"])
def test_what_json_cannot_hold_is_refused_with_its_path(state: PipelineState, value):
    with pytest.raises(StateValidationError, match=r"^Schema validation failed: a\.b\[0\]"):
        state.write({"a": {"b": [value]}}, validate=False)


def test_a_document_that_contains_itself_is_refused(state: PipelineState):
    document: dict = {}
    document["again"] = document
    with pytest.raises(StateValidationError, match="contains itself"):
        state.write(document)


def test_lone_surrogates_survive(state: PipelineState):
    state.write({"name": "caf\udce9.txt", "title": "Émile"})
    assert content(state.read()) == {"name": "caf\udce9.txt", "title": "Émile"}


def test_text_is_written_readably(state: PipelineState):
    state.write({"title": "Émile ou de l’éducation"})
    text = state.path.read_text(encoding="utf-8")
    assert '\n  "title": "Émile ou de l’éducation"' in text
    assert text.endswith("}\n")


def test_further_fields_are_kept_anywhere(state: PipelineState):
    document = {
        "mine": [1, {"a": None}],
        "phase1": {"status": "success", "mine": 1, "files": {"b": {"status": "success", "mine": {"x": 1}}}},
        "books": {"b": {"mine": True, "source": {"mine": 1}}},
        "batch": {"mine": 1, "summary": {"mine": 1}, "files": {"b": {"mine": 1}}},
    }
    state.write(document)
    after = content(state.read())
    del after["phase1"]["counts"]
    assert after == document


def test_a_transaction_inside_another_of_the_thread_is_an_error_that_says_so(state: PipelineState):
    with state.transaction() as txn:
        txn.data["x"] = 1
        for other in (state, PipelineState(state.path)):
            with pytest.raises(StateTransactionError, match="already open in this thread"), other.transaction():
                pass
        with pytest.raises(StateTransactionError, match="already open in this thread"):
            state.write({})
        with pytest.raises(StateTransactionError, match="is open in this thread"):
            state.restore_backup("any")
    assert content(state.read()) == {"x": 1}


def test_a_transaction_is_used_once_and_only_inside_its_block(state: PipelineState):
    transaction = state.transaction()
    with transaction as txn:
        assert isinstance(txn, pipeline_common.StateTransaction)
    with pytest.raises(StateTransactionError, match="outside its `with` block"):
        txn.data = {}
    with pytest.raises(StateTransactionError, match="outside its `with` block"):
        txn.data["x"] = 1
    with pytest.raises(StateTransactionError, match="used once"), transaction:
        pass


def test_the_audit_trail_names_each_operation_newest_first(state: PipelineState):
    state.write({"x": 1})
    with state.transaction() as txn:
        txn.data["x"] = 2
    with state.transaction(operation="phase_result") as txn:
        txn.data["x"] = 3
    assert state.backup_manager.create_backup()
    state.restore_backup(state.list_backups()[-1])
    assert operations(state) == ["restore", "backup", "transaction_commit", "transaction_commit", "write_commit"]
    history = state.get_transaction_history()
    assert set(history[0]) == {"timestamp", "operation", "success", "pid", "revision", "details"}
    assert [entry["revision"] for entry in history] == [4, 3, 3, 2, 1]
    assert all(entry["success"] is True and entry["pid"] == os.getpid() for entry in history)
    assert history[2]["details"] == {"operation": "phase_result"}
    assert len(state.get_transaction_history(limit=2)) == 2
    log = state.path.parent / ".pipeline" / "transactions.log"
    assert len([json.loads(line) for line in log.read_text().splitlines()]) == 5


def test_a_torn_line_of_the_audit_trail_is_passed_over(state: PipelineState):
    state.write({"x": 1})
    log = state.path.parent / ".pipeline" / "transactions.log"
    with log.open("a") as file:
        file.write('{"timestamp": "20')
    state.write({"x": 2})
    assert operations(state) == ["write_commit", "write_commit"]


def test_a_failed_validation_is_noted_as_a_rollback(state: PipelineState):
    with pytest.raises(StateValidationError):
        state.write({"phase1": 1})
    newest = state.get_transaction_history(1)[0]
    assert (newest["operation"], newest["success"]) == ("transaction_rollback", False)
    assert newest["details"]["error"].startswith("Schema validation failed")


def test_a_long_audit_trail_is_read_from_its_end(state: PipelineState):
    state.write({"x": 1})
    log = state.path.parent / ".pipeline" / "transactions.log"
    with log.open("a") as file:
        file.writelines(json.dumps({"number": number, "pad": "é" * 50}) + "\n" for number in range(3000))
    assert [entry["number"] for entry in state.get_transaction_history(3)] == [2999, 2998, 2997]
    assert len(state.get_transaction_history(5000)) == 3001


@pytest.mark.parametrize("arguments", [{"max_backups": -1}, {"checkpoint": "never"}])
def test_arguments_out_of_range_are_refused(tmp_path: Path, arguments):
    with pytest.raises(ValueError, match="give"):
        PipelineState(tmp_path / "pipeline.json", **arguments)


def test_every_error_has_one_root():
    errors = [getattr(pipeline_common, name) for name in pipeline_common.__all__ if name.endswith("Error")]
    assert all(issubclass(error, pipeline_common.PipelineError) for error in errors)
    assert all(issubclass(error, StateError) for error in errors if error.__name__.startswith("State"))
