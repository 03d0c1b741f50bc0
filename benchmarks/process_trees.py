"""What a command and all processes below it take, while they run."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.descendants import descendants

_INTERVAL_S = 0.01


class DispatchError(Exception):
    """A command failed, or has not done the work; the message says which and what it printed."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a tree of processes.

    Attributes:
        tree_bytes: the most that all of them had together, shared pages divided among those who share them (PSS).
        process_bytes: the most that one of them had, shared pages counted in full (RSS).
    """

    tree_bytes: int
    process_bytes: int


@dataclass(frozen=True, slots=True)
class Time:
    """What a command took.

    Attributes:
        wall_s: on the clock.
        cpu_s: of the processor, with all processes below it.
    """

    wall_s: float
    cpu_s: float


def time_of(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Time:
    """What a command takes.

    Raises:
        DispatchError: it failed.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = _start(command, folder, environment, output.fileno())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        taken_s = time.perf_counter() - started
        _check(command, process.returncode, output.fileno())
    return Time(taken_s, usage.ru_utime + usage.ru_stime)


def wall_s(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    """How long a command takes.

    Raises:
        DispatchError: it failed.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = _start(command, folder, environment, output.fileno())
        process.wait()
        taken_s = time.perf_counter() - started
        _check(command, process.returncode, output.fileno())
    return taken_s


def peak_memory(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], interval_s: float = _INTERVAL_S
) -> Memory:
    """What a command takes; looking costs time, so it is not the run of which the time counts.

    Args:
        command: what is run.
        folder: where.
        environment: with what.
        interval_s: between two looks.

    Raises:
        DispatchError: it failed.
    """
    tree = process_peak = 0
    with tempfile.TemporaryFile() as output:
        process = _start(command, folder, environment, output.fileno())
        while True:
            pids = [process.pid, *descendants(process.pid)]
            tree = max(tree, sum(_kib(pid, "smaps_rollup", "Pss:") for pid in pids) << 10)
            process_peak = max(process_peak, *(_kib(pid, "status", "VmHWM:") << 10 for pid in pids))
            try:
                process.wait(interval_s)
                break
            except subprocess.TimeoutExpired:
                continue
        _check(command, process.returncode, output.fileno())
    return Memory(tree, process_peak)


def _start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], output: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )


def _check(command: Sequence[str], code: int, output: int) -> None:
    if code:
        said = os.pread(output, 1 << 16, 0).decode(errors="replace")[-2000:]
        raise DispatchError(f"{' '.join(command[:3])} … ended with exit code {code} and said:\n{said}")


def _kib(pid: int, file: str, field: str) -> int:
    """A number of kB of ``/proc``; 0 for a process that is gone."""
    try:
        with open(f"/proc/{pid}/{file}", encoding="ascii") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0)
    except OSError:
        return 0
