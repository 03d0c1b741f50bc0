"""Work in forked children: order, failures, and that none is left behind."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import psutil
import pytest

from phases.contract import PermanentError, TransientError
from phases.forks import ChildDiedError, run_in_forks


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert list(run_in_forks(lambda number: b"%d" % number, range(50), 4)) == [b"%d" % number for number in range(50)]


def test_large_results_arrive_whole() -> None:
    (result,) = run_in_forks(lambda size: bytes(size), [3_000_000], 2)
    assert result == bytes(3_000_000)


def test_every_task_has_a_process_of_its_own() -> None:
    pids = set(run_in_forks(lambda _: str(os.getpid()).encode(), range(5), 1))
    assert len(pids) == 5
    assert str(os.getpid()).encode() not in pids


@pytest.mark.parametrize("kind", [PermanentError, TransientError])
def test_a_phase_error_is_raised_as_it_was(kind: type[PermanentError]) -> None:
    def fail(_: int) -> bytes:
        raise kind("The chunk is odd.", error_type="odd")

    with pytest.raises(kind, match="The chunk is odd") as caught:
        list(run_in_forks(fail, [1], 2))
    assert caught.value.error_type == "odd"


def test_a_full_disk_is_raised_with_its_number_and_file() -> None:
    def fail(_: int) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")

    with pytest.raises(OSError, match="No space") as caught:
        list(run_in_forks(fail, [1], 2))
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/somewhere")


def test_any_other_error_names_itself(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(_: int) -> bytes:
        raise ZeroDivisionError("by nothing")

    with pytest.raises(RuntimeError, match="ZeroDivisionError: by nothing"):
        list(run_in_forks(fail, [1], 2))
    assert "Traceback" in capfd.readouterr().err


def test_a_crash_names_its_task() -> None:
    def crash(task: str) -> bytes:
        if task == "bad":
            os.kill(os.getpid(), signal.SIGKILL)
        return b""

    with pytest.raises(ChildDiedError, match="SIGKILL") as caught:
        list(run_in_forks(crash, ["good", "bad", "good"], 2))
    assert caught.value.task == "bad"


def test_where_deaths_have_an_answer_the_others_go_on() -> None:
    def crash(task: str) -> bytes:
        if task == "bad":
            os.kill(os.getpid(), signal.SIGKILL)
        return task.encode()

    tasks = ["one", "bad", "two", "bad"]
    answers = list(run_in_forks(crash, tasks, 2, on_death=lambda death: f"{death.task}: {death.reason}".encode()))
    assert answers == [b"one", b"bad: killed by SIGKILL", b"two", b"bad: killed by SIGKILL"]


def test_no_child_is_left_when_the_work_is_given_up(tmp_path: Path) -> None:
    def wait(number: int) -> bytes:
        if number:
            (tmp_path / str(os.getpid())).touch()
            signal.pause()
        return b""

    before = set(psutil.Process().children())
    results = run_in_forks(wait, range(3), 3)
    next(results)
    results.close()
    for child in tmp_path.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(child.name), 0)
    assert set(psutil.Process().children()) <= before
