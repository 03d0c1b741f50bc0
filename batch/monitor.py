"""The load of the machine that is not this batch's own, so that the batch yields to the person at the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import trio

from orchestrator.descendants import descendants

_SAMPLE_INTERVAL_S = 0.5


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Counters of a moment, in seconds since some fixed point.

    Attributes:
        at_s: the clock.
        busy_s: time that all cores together were busy.
        own_s: time that this process and its descendants used.
        cores: how many cores there are.
    """

    at_s: float
    busy_s: float
    own_s: float
    cores: int


def read_cpu_times() -> CpuTimes:
    """The counters now. Descendants that have ended are counted through the parents that reaped them."""
    machine = psutil.cpu_times()
    idle = machine.idle + getattr(machine, "iowait", 0.0)
    busy = sum(machine) - idle - getattr(machine, "guest", 0.0) - getattr(machine, "guest_nice", 0.0)
    own = 0.0
    # Not psutil's children(), which looks at every process of the machine.
    for pid in (os.getpid(), *descendants(os.getpid())):
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            continue
        own += times.user + times.system + times.children_user + times.children_system
    return CpuTimes(time.monotonic(), busy, own, psutil.cpu_count() or 1)


class CpuMonitor:
    """Follows the load and holds back the next start while others need the machine.

    Args:
        threshold_percent: of the whole machine, used by others; above it, starts wait.
        delay_s: how long a start waits before it looks again.
        read: gives the counters.
    """

    def __init__(self, threshold_percent: float, delay_s: float, read: Callable[[], CpuTimes] = read_cpu_times) -> None:
        self._threshold = threshold_percent
        self._delay_s = delay_s
        self._read = read
        self._last = read()
        self._machine_percents: list[float] = []
        self.others_percent = 0.0
        self.throttled = False

    @property
    def average_percent(self) -> float:
        """The load of the whole machine, on average since the start; 0 before the first sample."""
        return sum(self._machine_percents) / len(self._machine_percents) if self._machine_percents else 0.0

    async def run(self) -> None:
        """Take samples until cancelled."""
        while True:
            await trio.sleep(_SAMPLE_INTERVAL_S)
            self.sample()

    def sample(self) -> None:
        """Take the counters once and bring the percentages up to date."""
        before, now = self._last, self._read()
        capacity_s = (now.at_s - before.at_s) * now.cores
        if capacity_s <= 0:
            return
        self._last = now
        busy_s = now.busy_s - before.busy_s
        # A process that ended unreaped takes its time along; the difference must not count as the others'.
        own_s = max(0.0, now.own_s - before.own_s)
        self._machine_percents.append(_percent(busy_s, capacity_s))
        self.others_percent = _percent(busy_s - own_s, capacity_s)

    async def wait_for_turn(self, books_running: Callable[[], int]) -> None:
        """Return at once while no book runs, otherwise as soon as others leave enough of the machine.

        Args:
            books_running: how many books run at the moment.
        """
        try:
            while books_running() > 0 and self.others_percent > self._threshold:
                self.throttled = True
                await trio.sleep(max(self._delay_s, _SAMPLE_INTERVAL_S))
        finally:
            self.throttled = False


def _percent(part_s: float, whole_s: float) -> float:
    return min(100.0, max(0.0, 100.0 * part_s / whole_s))
