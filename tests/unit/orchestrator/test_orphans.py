import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator import descendants, orphans
from orchestrator.orphans import VARIABLE, Run, sweep


def sleeper(mark: Run) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"], env={**os.environ, VARIABLE: str(mark)})


def test_processes_of_a_run_whose_leader_is_gone_are_ended_and_those_of_others_are_not(tmp_path: Path) -> None:
    own = Run.own(tmp_path)
    with subprocess.Popen(["true"]) as leader:
        pass
    gone = replace(own, pid=leader.pid)
    running = [sleeper(own), sleeper(replace(gone, work_dir="/elsewhere")), sleeper(replace(gone, namespace=1))]
    orphan, of_a_number_used_again = sleeper(gone), sleeper(replace(own, started="before"))
    assert sweep(tmp_path) == 2
    assert orphan.wait() == of_a_number_used_again.wait() == -9
    for process in running:
        assert process.poll() is None
        process.kill()
        process.wait()


def test_a_mark_passes_through_text_whatever_the_folder_is_called(tmp_path: Path) -> None:
    own = Run.own(tmp_path / "a|b\nc")
    assert Run.parse(str(own)) == own
    assert own.lives()
    assert Run.parse("nonsense") is None


def test_without_proc_marks_are_found_and_children_listed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = sleeper(Run.own(tmp_path))
    assert child.pid in descendants.children(os.getpid())
    assert child.pid in descendants._listed_children(os.getpid())
    monkeypatch.setattr(orphans, "_LINUX", False)
    marks = {pid: orphans._value(environment) for pid, environment in orphans._environments()}
    assert Run.parse(marks[child.pid]) is not None
    assert Run.own(tmp_path).lives()
    child.kill()
    child.wait()


def test_all_below_a_process_are_ended_and_those_it_had_before_are_not() -> None:
    program = """
import subprocess, sys
from orchestrator.descendants import Descendants, become_subreaper
become_subreaper()
before = subprocess.Popen(["sleep", "600"])
below = Descendants()
subprocess.run(["sh", "-c", "setsid sleep 600 & sleep 600 &"])
subprocess.Popen(["sleep", "600"])
assert below.end()
assert before.poll() is None
before.kill()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
