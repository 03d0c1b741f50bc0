"""``examples/releases``: every status, every function, earlier documents, and a process that is killed at its work."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import releases
from releases import RELEASES, checkpoint_stage, find_stale_entries, get_checkpoint, mark_failed, mark_processed

from pipeline_common import InvalidStatusTransitionError, PipelineState, StateValidationError

ASIN = "B00TIDE"
ALL = tuple(RELEASES.transitions)
NEXT = {
    "DISCOVERED": {"STAGED"},
    "STAGED": {"METADATA_FETCHED"},
    "METADATA_FETCHED": {"TORRENT_CREATED"},
    "TORRENT_CREATED": {"UPLOADED", "COMPLETE"},
    "UPLOADED": {"COMPLETE"},
    "COMPLETE": set(),
}
PATHS = {"staging_dir": "staging/tide", "torrent_path": "tide.torrent"}


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    (tmp_path / "staging/tide").mkdir(parents=True)
    (tmp_path / "tide.torrent").touch()
    return releases.open_state(tmp_path / "releases.json")


@pytest.mark.parametrize("before", ALL)
@pytest.mark.parametrize("after", ALL)
def test_a_release_goes_the_ways_of_the_table_and_no_others(state: PipelineState, before: str, after: str) -> None:
    state.write({"processed": {"files": {ASIN: {"status": before, **PATHS}}}}, validate=False)
    if after == before or after in NEXT[before]:
        releases.validate_transition(before, after)
        checkpoint_stage(state, ASIN, after)
        assert state.read()["processed"]["counts"] == {after: 1}
    else:
        with pytest.raises(InvalidStatusTransitionError, match=f"{before} → {after}"):
            releases.validate_transition(before, after)
        with pytest.raises(InvalidStatusTransitionError, match=f"{before} → {after} at processed.files.{ASIN}"):
            checkpoint_stage(state, ASIN, after)
        assert state.read()["processed"]["counts"] == {before: 1}


@pytest.mark.parametrize(
    ("stage", "missing"),
    [
        ("STAGED", "staging_dir"),
        ("METADATA_FETCHED", "staging_dir"),
        ("TORRENT_CREATED", "staging_dir"),
        ("TORRENT_CREATED", "torrent_path"),
        ("UPLOADED", "torrent_path"),
    ],
)
def test_a_stage_is_not_reached_without_the_paths_that_belong_to_it(
    state: PipelineState, stage: str, missing: str
) -> None:
    before = ALL[ALL.index(stage) - 1]
    record = {"status": before, **PATHS, missing: None}
    state.write({"processed": {"files": {ASIN: record}}}, validate=False)
    with pytest.raises(StateValidationError, match=rf"processed\.files\.{ASIN}\.{missing} is missing"):
        checkpoint_stage(state, ASIN, stage)


def test_a_release_on_its_way_can_be_asked_for_and_is_not_done_twice(state: PipelineState) -> None:
    assert get_checkpoint(state, ASIN) is None
    assert releases.get_infohash(state, ASIN) is None
    assert not releases.should_skip_stage(state, ASIN, "DISCOVERED")
    checkpoint_stage(state, ASIN, "STAGED", staging_dir="staging/tide", title="Tidewater Notes")
    checkpoint_stage(state, ASIN, "METADATA_FETCHED")
    checkpoint_stage(state, ASIN, "TORRENT_CREATED", torrent_path="tide.torrent", infohash="c0ffee")
    found = get_checkpoint(state, ASIN)
    assert found is not None
    assert found.stage == "TORRENT_CREATED"
    assert found.at > state.read()["created_at"][:10]
    assert releases.get_infohash(state, ASIN) == "c0ffee"
    skipped = [stage for stage in ALL if releases.should_skip_stage(state, ASIN, stage)]
    assert skipped == ["DISCOVERED", "STAGED", "METADATA_FETCHED", "TORRENT_CREATED"]
    mark_processed(state, ASIN)
    assert list(state.read()["processed"]["files"][ASIN]["checkpoints"]) == [*skipped[1:], "COMPLETE"]


def test_failures_are_counted_and_forgotten_once_the_release_is_done(state: PipelineState) -> None:
    assert mark_failed(state, ASIN, "the tracker does not answer", "network") == 1
    first = state.read()["failed"][ASIN]
    assert mark_failed(state, ASIN, "the tracker is gone", "network") == 2
    record = state.read()["failed"][ASIN]
    assert (record["retry_count"], record["error"], record["error_type"]) == (2, "the tracker is gone", "network")
    assert record["first_failed_at"] == first["first_failed_at"] <= record["failed_at"]
    found = get_checkpoint(state, ASIN)
    assert found is not None
    assert found.stage == "DISCOVERED"
    state.write({"processed": {"files": {ASIN: {"status": "UPLOADED", **PATHS}}}, "failed": {ASIN: record}}, False)
    mark_processed(state, ASIN)
    assert state.read()["failed"] == {}


def test_stale_is_what_lacks_what_its_own_status_needs(state: PipelineState) -> None:
    for stage in ALL[:-1]:
        checkpoint_stage(state, ASIN, stage, **PATHS)
        assert find_stale_entries(state) == []
        (state.path.parent / "staging/tide").rename(state.path.parent / "elsewhere")
        needs_it = stage in ("STAGED", "METADATA_FETCHED", "TORRENT_CREATED")
        stale = [(entry.name, entry.stage, entry.missing) for entry in find_stale_entries(state)]
        assert stale == ([(ASIN, stage, str(state.path.parent / "staging/tide"))] if needs_it else [])
        assert releases.should_skip_stage(state, ASIN, stage) is not needs_it
        (state.path.parent / "elsewhere").rename(state.path.parent / "staging/tide")
    mark_processed(state, ASIN)
    (state.path.parent / "tide.torrent").unlink()
    assert find_stale_entries(state) == []


FIRST = {
    "version": 1,
    "processed": {
        "B01": {"title": "Done", "infohash": "abc", "processed_at": "2024-01-01T00:00:00Z"},
        "B02": {"status": "staged", "staging_dir": "staging/two", "checkpoints": {"STAGED": "2024-01-02T00:00:00Z"}},
        "B03": {"status": "torrent_created", "staging_dir": "staging/three"},
        "B04": None,
        "B05": "2024",
        "B06": {"status": "nothing that is known", "checkpoints": [1]},
    },
    "failed": {
        "B07": {"error": "no metadata", "failed_at": "2024-01-03T00:00:00Z", "attempts": 4},
        "B08": None,
    },
    "library": "kept",
}


def test_a_document_of_the_first_version_is_taken_over_with_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "releases.json"
    path.write_text(json.dumps(FIRST))
    state = releases.open_state(path)
    document = state.read(validate=True)
    files = document["processed"]["files"]
    assert {asin: record["status"] for asin, record in files.items()} == {
        "B01": "COMPLETE",
        "B02": "STAGED",
        "B03": "DISCOVERED",  # its torrent is not known
        "B04": "COMPLETE",
        "B05": "COMPLETE",
        "B06": "DISCOVERED",
    }
    assert files["B01"]["infohash"] == "abc"
    assert document["failed"]["B07"] == {
        "error": "no metadata",
        "failed_at": "2024-01-03T00:00:00Z",
        "first_failed_at": "2024-01-03T00:00:00Z",
        "error_type": "unknown",
        "retry_count": 4,
    }
    assert document["schema_version"] == 2
    assert document["library"] == "kept"
    assert "version" not in document
    [backup] = state.list_backups()
    assert json.loads(backup.read_text())["processed"] == FIRST["processed"]
    assert releases.open_state(path).read() == document


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"processed": None, "failed": []},
        {"processed": {"files": {ASIN: None, "b": 3, "c": {"status": []}, "d": {"status": "STAGED"}}}},
        {"processed": {"files": {ASIN: {"checkpoints": 3, "infohash": 7}}}, "failed": {ASIN: 1}},
        {"version": 1, "processed": {ASIN: {"status": {}, "checkpoints": {"STAGED": 3}}}, "failed": {"x": []}},
    ],
)
def test_entries_of_any_shape_are_read_without_a_crash(tmp_path: Path, document: dict) -> None:  # type: ignore[type-arg]
    path = tmp_path / "releases.json"
    path.write_text(json.dumps(document))
    state = releases.open_state(path)
    for asin in (ASIN, "b", "c", "d", "unknown"):
        get_checkpoint(state, asin)
        releases.get_infohash(state, asin)
        releases.should_skip_stage(state, asin, "STAGED")
    find_stale_entries(state)


WORKER = """
import itertools, releases
state = releases.open_state("releases.json")
for number in itertools.count():
    asin = f"B{number:05}"
    releases.checkpoint_stage(state, asin, "STAGED", staging_dir="staging")
    print(asin, "STAGED", flush=True)
    releases.checkpoint_stage(state, asin, "METADATA_FETCHED")
    print(asin, "METADATA_FETCHED", flush=True)
"""


def test_what_was_acknowledged_before_kill_9_is_there_and_the_work_goes_on(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        told = [worker.stdout.readline().split() for _ in range(25)]
        worker.send_signal(signal.SIGKILL)
        told += [line.split() for line in worker.stdout.read().splitlines()]
    reached = dict(row for row in told if len(row) == 2)
    state = releases.open_state(tmp_path / "releases.json")
    files = state.read(validate=True)["processed"]["files"]
    for asin, stage in reached.items():
        assert ALL.index(files[asin]["status"]) >= ALL.index(stage)
    assert len(files) - len(reached) <= 1
    last = max(files)
    checkpoint_stage(state, last, "METADATA_FETCHED")
    assert state.read()["processed"]["files"][last]["status"] == "METADATA_FETCHED"
