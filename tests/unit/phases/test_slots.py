"""Core slots: who holds one, and where it then runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from phases.forks import run_in_forks
from phases.slots import core_slot, stay_on_core

CORES = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
SHOW = "import json, os; print(json.dumps(sorted(os.sched_getaffinity(0))))"


def where_a_program_of_a_worker_runs(slots: Path, cores: int) -> tuple[int, list[int]]:
    """The slot that a worker held, and the cores on which a program that it started may run."""

    def work(_task: int) -> bytes:
        with core_slot(slots, cores) as number:
            stay_on_core(number, cores)
            said = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, check=True).stdout
        return json.dumps([number, json.loads(said)]).encode()

    (answer,) = run_in_forks(work, [0], 1)
    number, found = json.loads(answer)
    return number, found


def test_two_holders_have_different_slots(tmp_path: Path) -> None:
    with core_slot(tmp_path, 2) as first, core_slot(tmp_path, 2) as second:
        assert {first, second} == {0, 1}
    with core_slot(tmp_path, 1) as alone:
        assert alone == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process can be kept on a core")
def test_an_encoder_runs_on_the_core_of_its_slot_alone(tmp_path: Path) -> None:
    number, found = where_a_program_of_a_worker_runs(tmp_path, CORES)
    assert found == [sorted(os.sched_getaffinity(0))[number]]
    assert len(os.sched_getaffinity(0)) == CORES  # whoever had the work done is as free as before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process can be kept on a core")
def test_where_slots_are_not_one_a_core_the_system_decides(tmp_path: Path) -> None:
    _number, found = where_a_program_of_a_worker_runs(tmp_path, CORES + 1)
    assert len(found) == CORES
