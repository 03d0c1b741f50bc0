"""A look at all records: each as it was committed, none kept in memory, and whether the engine wrote them is known."""

import json
from pathlib import Path

import pytest

from pipeline_common import PipelineState, StateTransactionError
from pipeline_common.tracked import RecordMap


@pytest.fixture(params=["small", "large"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> PipelineState:
    padding = "x" * (300_000 if request.param == "large" else 1)
    files = {f"book-{n}": {"status": "success", "attempts": n} for n in range(3)}
    books = {"book-0": {"title": padding}, "book-1": {"title": "\ud800"}, "book-2": {"title": "Zwei"}}
    state = PipelineState(tmp_path / "pipeline.json")
    state.write({"phase1": {"files": files}, "books": books}, validate=False)
    return PipelineState(state.path)


def test_the_records_of_a_book_are_those_of_the_last_commit(state: PipelineState) -> None:
    with PipelineState(state.path).transaction() as txn:
        txn.data["phase1"]["files"]["book-2"] = {"status": "running"}
    view = state.view()
    for book in ("book-0", "book-1", "book-2", "no book"):
        assert view.records_of(book) == state.records_of(book)
    assert view.plain() == state.read()


def test_what_was_looked_at_of_a_large_document_is_not_kept(state: PipelineState) -> None:
    view = state.view()
    view.records_of("book-2")
    holder = view.document["books"]
    if isinstance(holder, RecordMap):
        assert all(holder.is_slice(value) for _, value in holder.closed())


def test_a_document_that_somebody_has_edited_is_not_trusted(state: PipelineState) -> None:
    assert state.view().trusted
    document = json.loads(state.path.read_text())
    document["books"]["book-2"]["title"] = "Two"
    state.path.write_text(json.dumps(document))
    view = state.view()
    assert not view.trusted
    assert view.records_of("book-2")["books"] == {"title": "Two"}


def test_there_is_none_inside_a_transaction(state: PipelineState) -> None:
    with state.transaction(), pytest.raises(StateTransactionError):
        state.view()


def test_a_state_without_a_file_is_empty(tmp_path: Path) -> None:
    view = PipelineState(tmp_path / "pipeline.json").view()
    assert (view.plain(), view.trusted) == ({}, True)
