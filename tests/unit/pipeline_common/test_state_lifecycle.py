"""What the document means: statuses, transitions, and what is derived from the records."""

import json
from pathlib import Path
from typing import get_args

import pytest

from pipeline_common import InvalidStatusTransitionError, PipelineState, StateValidationError, models
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.phases import PHASES
from pipeline_common.statuses import STATUSES, SYNONYMS

PUBLISHED = """
pending → running, success, partial, failed, skipped · running → success, partial, failed, skipped, pending ·
success → running, pending · partial → running, pending, failed, success · failed → running, pending, skipped ·
skipped → running, pending
"""


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    return PipelineState(tmp_path / "pipeline.json")


def test_the_table_is_the_published_one():
    rows = (row.split("→") for row in PUBLISHED.replace("\n", " ").split("·"))
    assert {a.strip(): tuple(name.strip() for name in b.split(",")) for a, b in rows} == dict(AUDIOBOOK.transitions)


def test_the_models_spell_the_statuses_of_the_table_and_the_phases_of_theirs():
    assert set(get_args(models.Status)) == set(get_args(models.BatchStatus)) == set(STATUSES)
    assert {phase.key for phase in PHASES} <= set(models.PipelineDocument.model_fields)


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_a_transition_is_allowed_exactly_where_the_table_says_so(state: PipelineState, before: str, after: str):
    """For the phase's own status, and for a record's."""
    file = {"files": {"emma-0": {"status": before}}}
    state.write({"phase1": {"status": before}, "phase2": file}, validate=False)
    allowed = before == after or after in AUDIOBOOK.transitions[before]
    for change in (("phase1",), ("phase2", "files", "emma-0")):
        place = ".".join(change)

        def commit(change: tuple[str, ...] = change) -> None:
            with state.transaction() as txn:
                record = txn.data
                for key in change:
                    record = record[key]
                record["status"] = after

        if allowed:
            commit()
        else:
            message = f"^Invalid status transition: {before} → {after} at {place}. From {before} it may become"
            with pytest.raises(InvalidStatusTransitionError, match=message):
                commit()


def test_missing_counts_as_pending(state: PipelineState):
    state.write({"phase1": {"files": {"a": {}}}, "phase2": {"status": "failed"}}, validate=False)
    with state.transaction() as txn:
        txn.data["phase1"]["files"]["a"]["status"] = "partial"
        del txn.data["phase2"]
    with state.transaction() as txn:
        txn.data["phase3"] = {"status": "success"}
        txn.data["phase1"]["files"]["b"] = {"status": "skipped"}


@pytest.mark.parametrize(("old", "new"), SYNONYMS.items())
def test_old_names_of_statuses_are_read_as_todays_and_written_so(state: PipelineState, old: str, new: str):
    document = {
        "phase1": {"status": old},
        "phase2": {"files": {"a": {"status": old}}},
        "batch": {"summary": {"status": old}, "files": {"a": {"status": old}}},
    }
    state.path.write_text(json.dumps(document))
    read = state.read()
    assert read == json.loads(json.dumps(document).replace(old, new))
    with state.transaction() as txn:
        txn.data["phase3"] = {"status": old}
    after = state.read()
    assert after["phase3"]["status"] == new
    assert f'"{old}"' not in state.path.read_text()


def test_an_unknown_status_is_refused_and_normalising_leaves_it(state: PipelineState):
    assert AUDIOBOOK.normal_status("done-ish") == "done-ish"
    assert AUDIOBOOK.normal_status(None) == "pending"
    assert AUDIOBOOK.normal_status(3) == 3
    with pytest.raises(StateValidationError, match=r"phase1\.status: Input should be 'pending'.*found 'done-ish'"):
        state.write({"phase1": {"status": "done-ish"}})


DERIVED = [
    ("success", "success success"),
    ("success", "success skipped"),
    ("skipped", "skipped skipped"),
    ("running", "failed running success"),
    ("running", "pending running"),
    ("partial", "failed success"),
    ("partial", "failed success skipped"),
    ("failed", "failed failed"),
    ("failed", "failed skipped"),
    ("pending", "pending pending"),
    ("pending", "pending failed"),
    ("pending", "pending skipped"),
    ("partial", "pending success"),
    ("partial", "partial success"),
    ("partial", "partial"),
    ("pending", ""),
]


@pytest.mark.parametrize(("expected", "statuses"), DERIVED)
def test_the_status_of_many_follows_from_how_many_have_each(expected: str, statuses: str):
    assert AUDIOBOOK.combined_status(AUDIOBOOK.counted(statuses.split())) == expected


def test_counts_and_status_of_a_phase_are_derived_from_its_records_at_commit(state: PipelineState):
    files = {"a": {"status": "success"}, "b": {"status": "failed"}, "c": {}}
    state.write({"phase2": {"status": "success", "files": files}})
    assert state.read()["phase2"]["counts"] == {"pending": 1, "success": 1, "failed": 1}
    assert state.read()["phase2"]["status"] == "partial"
    with state.transaction() as txn:
        del txn.data["phase2"]["files"]["c"]
        txn.data["phase2"]["files"]["a"]["status"] = "running"
    assert state.read()["phase2"]["status"] == "running"


def test_a_derived_status_may_become_any_other(state: PipelineState):
    state.write({"phase2": {"files": {"a": {"status": "success"}}}})
    with state.transaction() as txn:
        txn.data["phase2"]["files"] = {"b": {"status": "failed"}}
    assert state.read()["phase2"]["status"] == "failed"
    with state.transaction() as txn:
        txn.data["phase2"]["files"] = {"c": {"status": "success"}}
    assert state.read()["phase2"]["status"] == "success"


def test_a_phase_whose_records_have_no_status_keeps_what_its_caller_wrote(state: PipelineState):
    state.write({"phase1": {"status": "success", "files": {"a": {"hash": "x"}}}, "phase2": {"status": "skipped"}})
    assert state.read()["phase1"]["status"] == "success"
    assert "counts" not in state.read()["phase1"]
    assert state.read()["phase2"] == {"status": "skipped"}


def test_a_derived_status_goes_with_the_records_that_it_came_from(state: PipelineState):
    state.write({"phase2": {"files": {"a": {"status": "success"}}}})
    with state.transaction() as txn:
        del txn.data["phase2"]["files"]["a"]
    assert state.read()["phase2"] == {"status": "pending", "files": {}}


def test_several_faults_are_told_at_once_each_with_its_place(state: PipelineState):
    document = {
        "phase1": {"files": {"a": {"attempts": "two", "artifacts": {"text": {"size_bytes": -1}}}}},
        "books": {"a": {"authors": "Jane Austen"}},
        "batch": {"summary": {"total_files": 1.5}},
    }
    with pytest.raises(StateValidationError) as caught:
        state.write(document)
    for place in (
        "phase1.files.a.attempts: ",
        "phase1.files.a.artifacts.text.size_bytes: ",
        "books.a.authors: ",
        "batch.summary.total_files: ",
    ):
        assert place in str(caught.value)


def test_a_full_record_of_the_present_version_fits_the_schema(state: PipelineState):
    time = "2026-01-01T00:00:00+00:00"
    artifact = {"path": "work/a/book.json", "size_bytes": 3, "mtime_ns": 1, "sha256": "0" * 64}
    record = {
        "status": "success",
        "attempts": 1,
        "started_at": time,
        "finished_at": time,
        "duration_s": 1,
        "fingerprint": "f",
        "artifacts": {"book": artifact},
        "deliverables": {"m4b": artifact},
        "metrics": {"words": 3},
        "errors": [{"type": "encrypted", "message": "…", "at": time}],
    }
    source = {"path": "a.txt", "sha256": "0" * 64, "size_bytes": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": 1}
    book = {
        "source": source,
        "title": "Emma",
        "authors": ["Jane Austen"],
        "language": "en",
        "retry_count": 0,
        "first_failed_at": time,
        "failed_at": time,
        "error": "…",
        "error_type": "empty",
        "error_history": [{"timestamp": time, "stage": "CHUNKED", "error": "…", "traceback": None}],
        "output_folder": "Jane Austen/Emma",
        "promotion": {"state": "done"},
    }
    summary = {
        "status": "partial",
        "total_files": 2,
        "successful_files": 1,
        "failed_files": 1,
        "skipped_files": 0,
        "duration_sec": 1.5,
        "avg_cpu_usage": 50.0,
        "errors": ["…"],
        "started_at": time,
        "completed_at": time,
    }
    file = {
        "status": "failed",
        "error_message": "Orchestrator failed with exit code 1",
        "errors": ["…"],
        "exit_code": 1,
        "source_path": "a.txt",
        "started_at": time,
        "completed_at": time,
        "duration_sec": 1.0,
        "was_skipped": False,
    }
    phases = {phase.key: {"files": {"a": record}, "metrics": {}} for phase in PHASES}
    state.write({**phases, "books": {"a": book}, "batch": {"summary": summary, "files": {"a": file}}})
    state.read(validate=True)
