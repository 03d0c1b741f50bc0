"""``examples/episodes``: every status, every limit, its views, and a process that is killed at its work."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import episodes
import pytest
import yaml
from episodes import EPISODES, begin, discover, fail, finish, incomplete_by_stage, next_for_processing

from pipeline_common import InvalidStatusTransitionError, PipelineState

EP = "ep-12"
ALL = tuple(EPISODES.transitions)
NEXT = {
    "discovered": {"downloading", "skipped"},
    "downloading": {"downloaded", "failed"},
    "downloaded": {"converting", "skipped"},
    "converting": {"converted", "failed"},
    "converted": {"uploading", "skipped"},
    "uploading": {"uploaded", "failed"},
    "uploaded": {"scheduled"},
    "scheduled": {"published"},
    "published": set(),
    "failed": {"downloading", "converting", "uploading", "skipped"},
    "skipped": set(),
}
LIMITS = {"downloading": 3, "converting": 2, "uploading": 3}


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    return episodes.open_state(tmp_path / "episodes.json")


def known(state: PipelineState, status: str, **facts: object) -> None:
    record = {"status": status, "title": "The Tide", "date": "2026-03-01", **facts}
    state.write({"episodes": {"files": {EP: record}}}, validate=False)


def status_of(state: PipelineState) -> str:
    return str(state.read()["episodes"]["files"][EP]["status"])


@pytest.mark.parametrize("before", ALL)
@pytest.mark.parametrize("after", ALL)
def test_an_episode_goes_the_ways_of_the_table_and_no_others(state: PipelineState, before: str, after: str) -> None:
    known(state, before)

    def go() -> None:
        with state.transaction() as txn:
            txn.data["episodes"]["files"][EP]["status"] = after

    if after == before or after in NEXT[before]:
        go()
        assert status_of(state) == after
    else:
        with pytest.raises(InvalidStatusTransitionError, match=f"{before} → {after} at episodes.files.{EP}"):
            go()
        assert status_of(state) == before


def test_an_episode_is_brought_from_the_feed_to_the_listeners(state: PipelineState) -> None:
    assert next_for_processing(state) is None
    assert discover(state, EP, title="The Tide", date="2026-03-01")
    assert not discover(state, EP, title="Another", date="2027-01-01")
    for stage, result in (("downloading", "downloaded"), ("converting", "converted"), ("uploading", "uploaded")):
        assert next_for_processing(state) == EP
        assert begin(state, EP) == stage
        assert incomplete_by_stage(state) == {stage: [EP]}
        assert next_for_processing(state) is None
        assert finish(state, EP, size_bytes=1) == result
    episodes.schedule(state, EP, "2026-04-01T06:00:00Z")
    episodes.publish(state, EP)
    assert incomplete_by_stage(state) == {}
    assert state.read()["episodes"]["files"][EP]["title"] == "The Tide"


@pytest.mark.parametrize(("stage", "limit"), LIMITS.items())
def test_a_stage_is_attempted_as_often_as_it_may_and_no_more_until_somebody_asks(
    state: PipelineState, stage: str, limit: int
) -> None:
    before = next(status for status, after in NEXT.items() if stage in after)
    known(state, before)
    for attempt in range(1, limit + 1):
        assert begin(state, EP) == stage
        assert fail(state, EP, f"no luck {attempt}") is (attempt < limit)
        assert next_for_processing(state) == (EP if attempt < limit else None)
    with pytest.raises(episodes.AttemptsExhaustedError, match=f"{stage} {limit} times.*pipeline-state retry {EP}"):
        begin(state, EP)
    record = state.read()["episodes"]["files"][EP]
    assert [error["error"] for error in record["error_history"]] == [f"no luck {n}" for n in range(1, limit + 1)]
    assert {error["stage"] for error in record["error_history"]} == {stage}


def test_a_stage_that_was_broken_off_counts_too(state: PipelineState) -> None:
    known(state, "downloaded")
    assert [begin(state, EP), begin(state, EP)] == ["converting"] * 2
    with pytest.raises(episodes.AttemptsExhaustedError, match="converting 2 times"):
        begin(state, EP)
    finish(state, EP)
    assert begin(state, EP) == "uploading"


@pytest.mark.parametrize("status", sorted(set(ALL) - set(LIMITS)))
def test_nobody_ends_what_nobody_has_begun(state: PipelineState, status: str) -> None:
    known(state, status)
    for end in (lambda: finish(state, EP), lambda: fail(state, EP, "no")):
        with pytest.raises(InvalidStatusTransitionError, match=f"{EP} is {status}"):
            end()
    with pytest.raises(KeyError, match="no episode 'other'"):
        begin(state, "other")


@pytest.mark.parametrize("status", ALL)
def test_only_what_waits_or_has_failed_can_be_skipped(state: PipelineState, status: str) -> None:
    known(state, status)
    if status in ("discovered", "downloaded", "converted", "failed", "skipped"):
        episodes.skip(state, EP, "a repeat")
        assert status_of(state) == "skipped"
    else:
        with pytest.raises(InvalidStatusTransitionError):
            episodes.skip(state, EP, "a repeat")


def test_the_furthest_and_of_these_the_oldest_comes_next(state: PipelineState) -> None:
    for name, status, date in (
        ("new", "discovered", "2020-01-01"),
        ("late", "converted", "2026-02-01"),
        ("early", "converted", "2026-01-01"),
        ("at work", "uploading", "2019-01-01"),
        ("over", "published", "2018-01-01"),
    ):
        with state.transaction(validate=False) as txn:
            files = txn.data.setdefault("episodes", {}).setdefault("files", {})
            files[name] = {"status": status, "date": date}
    assert next_for_processing(state) == "early"
    assert incomplete_by_stage(state) == {
        "discovered": ["new"],
        "converted": ["early", "late"],
        "uploading": ["at work"],
    }


def test_each_episode_has_a_file_under_its_year_and_nothing_leads_out_of_the_folder(
    state: PipelineState, tmp_path: Path
) -> None:
    dates = {"ep 1": "2025-12-31", "../../etc/passwd": "2026-01-01", "..": "2026-01-02", "no date": "soon"}
    for name, date in dates.items():
        discover(state, name, title="Ebb: “and” flow", date=date)
    folder = tmp_path / "episodes"
    written = episodes.write_files(state, folder)
    assert sorted(str(path.relative_to(folder)) for path in written) == [
        "2025/ep 1.yaml",
        "2026/%2E%2E%2F%2E%2E%2Fetc%2Fpasswd.yaml",
        "2026/%2E%2E.yaml",
        "unknown/no date.yaml",
    ]
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(written)
    assert yaml.safe_load(written[0].read_text())["title"] == "Ebb: “and” flow"
    before = written[0].stat().st_mtime_ns
    (folder / "2025/gone.yaml").touch()
    assert episodes.orphaned_files(state, folder) == [folder / "2025/gone.yaml"]
    episodes.write_files(state, folder)
    assert written[0].stat().st_mtime_ns == before


def test_the_tables_say_how_things_are_and_how_they_came_about(state: PipelineState, tmp_path: Path) -> None:
    discover(state, EP, title="The Tide", date="2026-03-01")
    begin(state, EP)
    fail(state, EP, "no network")
    begin(state, EP)
    finish(state, EP)
    path = tmp_path / "episodes.db"
    for _ in range(2):
        episodes.write_database(state, path)
    with closing(sqlite3.connect(path)) as database:
        states = database.execute("SELECT episode, title, status, retry_count, error FROM episode_states").fetchall()
        log = database.execute("SELECT episode, status, error FROM processing_log ORDER BY revision").fetchall()
    assert states == [(EP, "The Tide", "downloaded", 0, None)]
    assert [status for _, status, _ in log] == ["discovered", "downloading", "failed", "downloading", "downloaded"]
    assert log[2] == (EP, "failed", "no network")


WORKER = """
import itertools, episodes
state = episodes.open_state("episodes.json")
for number in itertools.count():
    episodes.discover(state, f"ep-{number}", title="x", date="2026-01-01")
    episodes.begin(state, f"ep-{number}")
    episodes.finish(state, f"ep-{number}")
    print(number, flush=True)
"""


def test_what_was_acknowledged_before_kill_9_is_there_and_the_work_goes_on(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        told = [worker.stdout.readline() for _ in range(12)]
        worker.send_signal(signal.SIGKILL)
        told += worker.stdout.read().splitlines(keepends=True)
    done = [int(line) for line in told if line.endswith("\n")]
    state = episodes.open_state(tmp_path / "episodes.json")
    files = state.read(validate=True)["episodes"]["files"]
    assert [files[f"ep-{number}"]["status"] for number in done] == ["downloaded"] * len(done)
    for name, record in files.items():
        if record["status"] != "downloaded":
            assert begin(state, name) == "downloading"
            assert finish(state, name) == "downloaded"
    assert begin(state, "ep-0") == "converting"
