"""`pipeline-state` as it is installed, unchanged, on documents of other life cycles: those of ``examples/``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import episodes
import pytest
import releases
from commands import run

from pipeline_common import PipelineState

EXAMPLES = Path(__file__).parents[2] / "examples"


def some_releases(path: Path) -> PipelineState:
    state = releases.open_state(path)
    releases.checkpoint_stage(state, "B00TIDE", "STAGED", staging_dir="staging/tide", title="Tidewater <b>Notes</b>")
    releases.checkpoint_stage(state, "B00DONE", "STAGED", staging_dir="staging/done", title="Done")
    for stage in ("METADATA_FETCHED", "TORRENT_CREATED"):
        releases.checkpoint_stage(state, "B00DONE", stage, torrent_path="done.torrent")
    releases.mark_processed(state, "B00DONE")
    releases.mark_failed(state, "B00LOST", "the tracker does not answer", "network")
    return state


def some_episodes(path: Path) -> PipelineState:
    state = episodes.open_state(path)
    for name, title in (("ep-1", "Tidewater <b>Notes</b>"), ("ep-2", "Done"), ("ep-3", "Lost")):
        episodes.discover(state, name, title=title, date="2026-01-01")
    for _ in range(3):
        episodes.begin(state, "ep-2")
        episodes.finish(state, "ep-2")
    episodes.schedule(state, "ep-2", "2026-02-01")
    episodes.publish(state, "ep-2")
    for _ in range(3):
        episodes.begin(state, "ep-3")
        episodes.fail(state, "ep-3", "the tracker does not answer")
    return state


KINDS = {
    "releases:RELEASES": (some_releases, "B00TIDE", "B00DONE", "B00LOST", {"STAGED": 1, "COMPLETE": 1}, "processed"),
    "episodes:EPISODES": (some_episodes, "ep-1", "ep-2", "ep-3", {"discovered": 1, "published": 1}, "episodes"),
}


@pytest.mark.parametrize("lifecycle", KINDS)
def test_every_command_works_on_it_unchanged(tmp_path: Path, lifecycle: str) -> None:
    make: Callable[[Path], PipelineState]
    make, waiting, done, failed, stages, section = KINDS[lifecycle]
    path = tmp_path / "things.json"
    state = make(path)
    (tmp_path / "staging/tide").mkdir(parents=True)  # what a staged release must have
    before = state.read()

    def command(*arguments: str) -> str:
        result = run(
            "pipeline-state",
            *("--lifecycle", lifecycle, "--pipeline-json", path.name, *arguments),
            cwd=tmp_path,
            env={"PYTHONPATH": str(EXAMPLES)},
        )
        assert (result.returncode, result.stderr) == (0, ""), arguments
        return result.stdout

    listed = json.loads(command("list", "--json"))
    assert listed["total"] == 3
    assert stages.items() <= listed["stages"].items()
    assert {book["id"]: book["status"] for book in listed["books"]} == {
        waiting: "pending",
        done: "success",
        failed: "failed",
    }
    stage = next(iter(stages))
    assert [book["id"] for book in json.loads(command("list", "--stage", stage.title(), "--json"))["books"]] == [
        waiting
    ]
    assert "Tidewater <b>Notes</b>" in command("list")
    shown = json.loads(command("show", failed, "--json"))
    assert shown["error"] == "the tracker does not answer"
    assert shown["records"].keys() >= {section}
    assert waiting in command("next")
    assert done not in command("next")
    assert failed in command("list", "--failed")
    assert "tried again" in command("retry", failed)
    assert f"forgotten: {section}" in command("clear", waiting, "--dry-run")
    assert f"forgotten: {section}" in command("clear", waiting)
    assert json.loads(command("list", "--json"))["total"] == 2
    operations = [event["operation"] for event in json.loads(command("history", "--json"))["events"]]
    assert operations[:2] == ["clear", "retry"]
    assert waiting in command("history")
    assert stage in command("history", "--book", waiting)
    assert json.loads(command("backups", "--json"))["backups"][0]["readable"]
    revision = state.read_with_revision()[1] - 2
    command("restore", "--revision", str(revision))
    assert state.read()[section] == before[section]
    assert "everything is in order" in command("check")
    counted = f"SELECT count(*) AS number FROM books WHERE stage = '{stage}'"
    command("reindex")
    assert json.loads(command("query", counted, "--json"))["rows"] == [[1]]
    assert {book["id"] for book in json.loads(command("export"))["books"]} == {waiting, done, failed}
    assert (tmp_path / ".pipeline/things.books" / f"{waiting}.yaml").exists()
    assert waiting in command("history", "--since", "1d")
    report = json.loads(command("report", "--format", "json", "--output", "-"))
    assert (report["total"], report["completion_percentage"]) == (3, 33.3)
    assert [book["id"] for cause in report["failures"] for book in cause["books"]] == [failed]
    assert "<td>Done</td>" in command("report", "--output", "-")
    name = lifecycle.partition(":")[0]
    assert f'pipeline_books{{lifecycle="{name}",status="success"}} 1\n' in command("metrics")
    (tmp_path / "staging/tide").rmdir()
    if lifecycle.startswith("releases"):
        assert f"{waiting}: " in command("prune", "--stale-only")
    else:
        assert "nothing to prune" in command("prune")
    assert "everything is in order" in command("check", "--repair")
    assert "nothing to do" in command("restore", "--at", "0s")
    assert "Would be moved" in command("reset", "--dry-run")
    command("reset")
    assert json.loads(command("list", "--json"))["total"] == 0


def test_an_installed_life_cycle_goes_by_its_name(tmp_path: Path) -> None:
    some_releases(tmp_path / "releases.json")
    package = tmp_path / "site/releases_example-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: releases-example\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[pipeline_common.lifecycles]\nreleases = releases:RELEASES\n")
    environment = {"PYTHONPATH": f"{EXAMPLES}:{tmp_path / 'site'}"}
    options = ("--lifecycle", "releases", "--pipeline-json", "releases.json")
    result = run("pipeline-state", "list", *options, cwd=tmp_path, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert "1 STAGED" in result.stdout
    for name, said in (("photos", "Installed are: audiobook, releases"), ("releases:ASIN", "cannot be loaded")):
        result = run("pipeline-state", "--lifecycle", name, "list", cwd=tmp_path, env=environment)
        assert result.returncode == 2
        assert said in result.stderr
