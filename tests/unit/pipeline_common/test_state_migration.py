"""Documents of the first version: read, migrated once with a backup, and moved to the books that they are about."""

import copy
import json
from pathlib import Path

import pytest

from pipeline_common import CURRENT_SCHEMA_VERSION, PipelineState, load_pipeline_json
from pipeline_common.books import stage
from pipeline_common.first_version import take_over
from pipeline_common.migration import to_version_2

BOOK = "book-12345678"
NAMES = {"book.pdf": BOOK, "book": BOOK, "other.epub": "other-87654321", "other": "other-87654321"}


@pytest.fixture
def first_version(tmp_path: Path) -> dict:
    (tmp_path / "audiobook.mp3").write_bytes(b"mp3")
    done = {phase: {"status": "complete", "files": {"book.pdf": {"hash": phase}}} for phase in ("phase1", "phase2")}
    done |= {phase: {"status": "success", "files": {"book": {"status": "completed"}}} for phase in ("phase3", "phase4")}
    done["phase5"] = {"status": "success", "files": {"book.pdf": {"output": "audiobook.mp3"}}}
    return {"file_id": "book", **done, "batch": {"files": {"book": {"phases_completed": [1, 2]}}}, "mine": 1}


def test_a_document_of_the_first_version_is_read_with_todays_statuses_and_without_its_batch(
    tmp_path: Path, first_version: dict
):
    path = tmp_path / "pipeline.json"
    path.write_text(json.dumps(first_version))
    for phase in ("phase1", "phase2"):
        first_version[phase]["status"] = "success"
    for phase in ("phase3", "phase4"):
        first_version[phase]["files"]["book"]["status"] = "success"
    del first_version["batch"]
    assert PipelineState(path).read() == first_version
    assert PipelineState(path).read(validate=True) == first_version


def test_loading_migrates_once_with_a_backup_and_a_line_in_the_log(tmp_path: Path, first_version: dict):
    path = tmp_path / "pipeline.json"
    original = json.dumps(first_version)
    path.write_text(original)
    state = PipelineState(path)
    first = load_pipeline_json(path)
    assert first["schema_version"] == CURRENT_SCHEMA_VERSION
    assert [backup.read_text() for backup in state.list_backups()] == [original]
    assert [entry["operation"] for entry in state.get_transaction_history()] == ["migrate"]
    assert load_pipeline_json(path) == first
    assert len(state.get_transaction_history()) == 1


EARLIER = [
    # version of the document, the document, what stands in the file after the first commit
    (1, {}, {}),
    (1, {"file_id": "book", "mine": [1]}, {"file_id": "book", "mine": [1]}),
    (
        1,
        {"phase1": {"status": "complete", "files": {"book.pdf": {"hash": "x"}}}},
        {"phase1": {"status": "success", "files": {"book.pdf": {"hash": "x"}}}},
    ),
    (
        1,
        {"phase2": {"files": {"book": {"status": "error"}}}, "batch": {"files": {"book": {"phases_completed": [1]}}}},
        {"phase2": {"status": "failed", "counts": {"failed": 1}, "files": {"book": {"status": "failed"}}}},
    ),
    (1, {"batch": {"files": {"book": {"status": "error"}}}}, {"batch": {"files": {"book": {"status": "failed"}}}}),
    (1, {"batch": "text", "phase1": []}, {"batch": "text", "phase1": []}),
]


@pytest.mark.parametrize(("version", "document", "present"), EARLIER)
def test_a_document_of_every_earlier_version_is_brought_to_the_present_one_once(
    tmp_path: Path, version: int, document: dict, present: dict
):
    path = tmp_path / "pipeline.json"
    path.write_text(json.dumps(document))
    state = PipelineState(path)
    assert state.migrate()
    migrated = state.read()
    assert migrated.pop("schema_version") == CURRENT_SCHEMA_VERSION
    assert {key: value for key, value in migrated.items() if key not in ("created_at", "last_updated")} == present
    assert not state.migrate()
    assert [json.loads(backup.read_text()) for backup in state.list_backups()] == [document]


def test_there_is_a_document_of_every_earlier_version_among_them():
    assert {version for version, _, _ in EARLIER} == set(range(1, CURRENT_SCHEMA_VERSION))


@pytest.mark.parametrize(("version", "document", "present"), EARLIER)
def test_each_step_changes_nothing_where_it_has_been_made(version: int, document: dict, present: dict):
    once = copy.deepcopy(document)
    to_version_2(once)
    twice = copy.deepcopy(once)
    to_version_2(twice)
    assert twice == once


def test_a_transaction_on_a_first_version_migrates_with_it_and_always_keeps_a_backup(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    path.write_text('{"phase1": {"status": "error"}}')
    state = PipelineState(path, backup_before_write=False)
    with state.transaction() as txn:
        txn.data["phase1"]["status"] = "running"
    assert [entry["operation"] for entry in state.get_transaction_history()] == ["transaction_commit", "migrate"]
    assert len(state.list_backups()) == 1
    state.write({})
    assert len(state.list_backups()) == 1


def test_a_book_whose_phases_all_say_success_and_whose_audiobook_exists_is_done(tmp_path: Path, first_version: dict):
    new = take_over(first_version, NAMES, tmp_path)
    assert stage(new, BOOK) == "COMPLETE"
    assert new["phase1"]["files"] == {BOOK: {"hash": "phase1", "status": "success", "migrated": True}}
    output = new["phase5"]["files"][BOOK]["deliverables"]["output"]
    assert (output["path"], output["size_bytes"]) == ("audiobook.mp3", 3)
    assert new["mine"] == 1
    assert "file_id" not in new
    assert first_version["file_id"] == "book"


def test_migrating_again_changes_nothing(tmp_path: Path, first_version: dict):
    new = take_over(first_version, NAMES, tmp_path)
    assert take_over(new, NAMES, tmp_path) == new


@pytest.mark.parametrize("missing", ["audiobook", "phase3", "status of phase 2"])
def test_any_other_book_starts_at_phase_1(tmp_path: Path, first_version: dict, missing: str):
    if missing == "audiobook":
        (tmp_path / "audiobook.mp3").unlink()
    elif missing == "phase3":
        del first_version["phase3"]
    else:
        first_version["phase2"]["status"] = "partial_success"
    new = take_over(first_version, NAMES, tmp_path)
    assert stage(new, BOOK) == "DISCOVERED"
    assert BOOK not in new.get("books", {})
    assert all(not new[key].get("files") and "status" not in new[key] for key in ("phase1", "phase4", "phase5"))


def test_two_books_in_one_document_are_told_apart_and_unknown_names_stay(tmp_path: Path, first_version: dict):
    first_version["phase1"]["files"]["other.epub"] = {"status": "success"}
    first_version["phase1"]["files"]["gone.txt"] = {"status": "failed"}
    new = take_over(first_version, NAMES, tmp_path)
    assert set(new["phase1"]["files"]) == {BOOK, "gone.txt"}
    assert stage(new, BOOK) == "COMPLETE"
    assert stage(new, "other-87654321") == "DISCOVERED"
    assert take_over(new, NAMES, tmp_path) == new


def test_the_unicode_form_of_a_name_does_not_matter(tmp_path: Path):
    composed, decomposed = "\u00c9mile.pdf", "E\u0301mile.pdf"
    document = {"phase1": {"files": {decomposed: {"status": "success"}}}}
    assert take_over(document, {composed: BOOK}, tmp_path)["phase1"]["files"] == {}


def test_a_migrated_document_can_be_committed_and_its_phases_are_derived(tmp_path: Path, first_version: dict):
    path = tmp_path / "pipeline.json"
    path.write_text(json.dumps(first_version))
    load_pipeline_json(path)
    state = PipelineState(path)
    with state.transaction(validate=False, operation="migrate") as txn:
        txn.data = take_over(txn.data, NAMES, tmp_path)
    document = state.read(validate=True)
    assert document["phase5"]["counts"] == {"success": 1}
    assert stage(document, BOOK) == "COMPLETE"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"file_id": 3, "phase1": "text", "batch": []},
        {"phase1": {"files": []}, "phase5": {"files": {"book": "x"}}, "file_id": "book"},
        {"file_id": "book", "phase5": {"files": {"book": {"output": "\0"}}}, "books": {}},
        {"phase1": {"status": "success", "files": {"book": {"output": 3}}}, "batch": {"files": {"book": 1}}},
    ],
)
def test_documents_of_any_shape_are_borne(tmp_path: Path, document: dict):
    new = take_over(document, NAMES, tmp_path)
    assert take_over(new, NAMES, tmp_path) == new
