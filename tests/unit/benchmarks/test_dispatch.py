"""The benchmark of dispatch: contestants do the work, a made library counts as done, what is missing is said."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import dispatch
from benchmarks.dispatchers import Make, Project, ProjectExec, Xargs, environment
from benchmarks.finished_library import make_finished_library
from benchmarks.process_trees import DispatchError, peak_memory, wall_s


@pytest.mark.parametrize("dispatcher", [Xargs(), Make(), Project(), ProjectExec()], ids=lambda one: one.name)
def test_contestants_do_all_of_the_work(tmp_path: Path, dispatcher):
    dispatch.run_twice(dispatcher, tmp_path / "work", 2)
    assert all(path.stat().st_size == 1024 for path in dispatcher.expected(tmp_path / "work", 2))


def test_a_made_library_counts_as_done(tmp_path: Path):
    make_finished_library(tmp_path, "library", 3)
    command = Project("library").command()
    ended = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
    assert ", 0 to do." in ended.stdout
    checked = subprocess.run(
        [sys.executable, "-m", "pipeline_common", "check", "--json"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout
    assert json.loads((tmp_path / "pipeline.json").read_text())["phase5"]["counts"] == {"success": 3}


def test_a_contestant_that_fails_or_leaves_nothing_ends_the_measurement(tmp_path: Path):
    with pytest.raises(DispatchError, match="exit code 3 and said:\nwhy"):
        wall_s([sys.executable, "-c", "import sys; print('why'); sys.exit(3)"], tmp_path, environment())

    class Idle(Make):
        def command(self) -> list[str]:
            return ["true"]

    with pytest.raises(DispatchError, match="10 files are missing"):
        dispatch.run_twice(Idle(), tmp_path / "idle", 2)


def test_memory_is_that_of_the_whole_tree(tmp_path: Path):
    child = "x = b'x' * 30_000_000; input()"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}], stdin=subprocess.PIPE)"
    script = f"{parent}; x = b'x' * 30_000_000; import threading; threading.Event().wait(1)"
    memory = peak_memory([sys.executable, "-c", script], tmp_path, environment())
    assert memory.tree_bytes > 60_000_000 > memory.process_bytes > 30_000_000


def test_it_prints_a_verdict_for_each_gate_and_leaves_nothing(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(dispatch.Luigi, "missing", classmethod(lambda _: "luigi"))
    for slow in (dispatch.Parallel, dispatch.Doit, dispatch.Snakemake, dispatch.ProjectExec):
        monkeypatch.setattr(slow, "missing", classmethod(lambda _: "it"))
    code = dispatch.main(["--folder", str(tmp_path), "--books", "2", "--finished", "3", "--rounds", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith(("PASS", "FAIL")) for line in lines) == 4
    assert code == any(line.startswith("FAIL") for line in lines)
    assert "NOT MEASURED  Luigi: not installed: luigi" in lines
    assert list(tmp_path.iterdir()) == []
