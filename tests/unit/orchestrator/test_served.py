"""Commits of a book that its batch makes: they are in the document when the transaction returns, or nothing is."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orchestrator.served import Operations, ServedState, make, serve
from pipeline_common import PipelineState, StateError


@contextmanager
def batch(state: PipelineState) -> Iterator[socket.socket]:
    """A batch that makes commits; gives the book's end."""
    ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM)
    ended = threading.Event()
    owed: Operations = []

    def commit(changed: Operations, operation: str) -> None:
        if operation == "end":
            ended.set()
            return
        make(state, [*owed, *changed], operation)
        owed.clear()

    def work() -> None:
        while not ended.is_set():
            serve(ours, commit, owed.extend)

    thread = threading.Thread(target=work)
    thread.start()
    with ours, theirs:
        yield theirs
        theirs.send(json.dumps(["end", [], False]).encode())
        thread.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    state = PipelineState(tmp_path / "pipeline.json")
    books = {name: {"title": name} for name in ("a", "b")}
    state.write({"phase1": {"files": {"a": {"status": "running"}}}, "books": books}, validate=False)
    return state.path


def test_what_a_book_has_changed_is_in_the_document_when_its_transaction_returns(path: Path) -> None:
    state = PipelineState(path)
    with batch(state) as end:
        book = ServedState(path, "a", state.records_of("a"), end)
        with book.transaction(operation="phase_success") as txn:
            txn.data["phase1"]["files"]["a"] = {"status": "success"}
            txn.data["books"]["a"] = {"title": "A"}
        document = PipelineState(path).read()
        with book.transaction(operation="phase_start") as txn:
            txn.data["phase1"]["files"].pop("a")
    assert document["phase1"] == {"status": "success", "counts": {"success": 1}, "files": {"a": {"status": "success"}}}
    assert document["books"] == {"a": {"title": "A"}, "b": {"title": "b"}}
    assert book.read()["phase1"]["files"] == PipelineState(path).read()["phase1"]["files"] == {}


def test_a_commit_that_the_rules_forbid_is_refused_in_the_books_process_and_changes_nothing(path: Path) -> None:
    state = PipelineState(path)
    with batch(state) as end:
        book = ServedState(path, "a", state.records_of("a"), end)
        with book.transaction(operation="phase_success") as txn:
            txn.data["phase1"]["files"]["a"] = {"status": "success"}
        with pytest.raises(StateError, match="Invalid status transition"), book.transaction(operation="x") as txn:
            txn.data["phase1"]["files"]["a"] = {"status": "failed"}
    assert book.read()["phase1"]["files"]["a"] == {"status": "success"}
    assert PipelineState(path).read()["phase1"]["files"]["a"] == {"status": "success"}


def test_an_exception_in_the_block_changes_nothing(path: Path) -> None:
    state = PipelineState(path)
    with batch(state) as end:
        book = ServedState(path, "a", state.records_of("a"), end)
        with suppress(ZeroDivisionError), book.transaction(operation="x") as txn:
            txn.data["books"]["a"] = {}
            raise ZeroDivisionError
    assert book.read()["books"]["a"] == PipelineState(path).read()["books"]["a"] == {"title": "a"}


@pytest.mark.parametrize("gone", [True, False], ids=["the batch is gone", "it is too large for a message"])
def test_what_the_batch_cannot_take_the_books_process_commits_itself(path: Path, gone: bool) -> None:
    ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM)
    with ours, theirs:
        if gone:
            ours.close()
        book = ServedState(path, "a", PipelineState(path).records_of("a"), theirs)
        title = "A" * (1 if gone else 1_000_000)
        with book.transaction(operation="x") as txn:
            txn.data["books"]["a"] = {"title": title}
    assert PipelineState(path).read()["books"] == {"a": {"title": title}, "b": {"title": "b"}}


def test_a_commit_that_is_only_asked_for_is_made_before_the_next_one(path: Path) -> None:
    state = PipelineState(path)
    with batch(state) as end:
        book = ServedState(path, "a", state.records_of("a"), end)
        with book.transaction_ahead(operation="phase_success") as txn:
            txn.data["phase1"]["files"]["a"] = {"status": "success"}
        assert book.read()["phase1"]["files"]["a"] == {"status": "success"}
        with book.transaction(operation="x") as txn:
            txn.data["books"]["a"] = {"title": "A"}
        document = PipelineState(path).read()
    assert document["phase1"]["files"]["a"] == {"status": "success"}
    assert document["books"]["a"] == {"title": "A"}


def test_a_commit_that_is_only_asked_for_is_refused_when_it_is_waited_for(path: Path) -> None:
    state = PipelineState(path)
    with batch(state) as end:
        book = ServedState(path, "a", state.records_of("a"), end)
        with book.transaction_ahead(operation="x") as txn:
            txn.data["phase1"]["files"]["a"] = {"status": "nonsense"}
        with pytest.raises(StateError):
            book.confirm()
        book.confirm()
    assert book.read()["phase1"]["files"]["a"] == PipelineState(path).read()["phase1"]["files"]["a"]
    assert book.read()["phase1"]["files"]["a"] == {"status": "running"}


def test_what_is_recorded_in_passing_is_committed_with_the_next_transaction_or_when_that_is_asked_for(
    path: Path,
) -> None:
    state = PipelineState(path)
    with batch(state) as end:
        book = ServedState(path, "a", state.records_of("a"), end)
        with book.transaction_in_passing(operation="phase_start") as txn:
            txn.data["books"]["a"] = {"title": "Begun"}
        book.confirm()
        before = PipelineState(path).read()
        with book.transaction(operation="phase_success") as txn:
            txn.data["phase1"]["files"]["a"] = {"status": "success"}
        together = PipelineState(path).read()
        with book.transaction_in_passing(operation="phase_start") as txn:
            txn.data["books"]["a"] = {"title": "Again"}
        book.confirm_all()
        asked = PipelineState(path).read()
    assert before["books"]["a"] == {"title": "a"}
    assert together["books"]["a"] == {"title": "Begun"}
    assert together["phase1"]["files"]["a"] == {"status": "success"}
    assert asked["books"]["a"] == {"title": "Again"}


def test_what_was_recorded_in_passing_is_not_lost_where_the_batch_cannot_take_what_follows(path: Path) -> None:
    ours, theirs = socket.socketpair(type=socket.SOCK_DGRAM)
    with ours, theirs:
        book = ServedState(path, "a", PipelineState(path).records_of("a"), theirs)
        with book.transaction_in_passing(operation="phase_start") as txn:
            txn.data["phase1"]["files"]["a"] = {"status": "success"}
        ours.close()
        with book.transaction(operation="x") as txn:
            txn.data["books"]["a"] = {"title": "A"}
    document = PipelineState(path).read()
    assert document["phase1"]["files"]["a"] == {"status": "success"}
    assert document["books"]["a"] == {"title": "A"}
