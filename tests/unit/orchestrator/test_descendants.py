"""What keeps the processes below one together, where it takes luck to see it go wrong."""

import os
import select
import signal
from contextlib import suppress

import pytest

from orchestrator import descendants
from orchestrator.descendants import can_confine, fork
from orchestrator.spawning import Starter

DEADLINE_S = 20


@pytest.mark.skipif(not can_confine(), reason="the system allows no PID namespaces here")
def test_a_namespace_ends_although_its_maker_was_killed_before_its_first_process_could_ask_for_that() -> None:
    asks, may_ask = os.pipe()
    told, tells = os.pipe()

    def make() -> int:
        prctl = descendants._prctl

        def late(*how: int) -> bool:
            os.read(asks, 1)
            return prctl(*how)

        descendants._prctl = late  # type: ignore[assignment]
        os.write(tells, str(Starter(confined=True)._pid).encode())
        signal.pause()
        return 0

    maker = fork(make)
    first = int(os.read(told, 20))
    ends = os.pidfd_open(first)
    try:
        os.kill(maker, signal.SIGKILL)
        os.waitpid(maker, 0)
        os.write(may_ask, b"...")
        assert select.select([ends], [], [], DEADLINE_S)[0]
    finally:
        with suppress(ProcessLookupError):
            os.kill(first, signal.SIGKILL)
        for descriptor in (asks, may_ask, told, tells, ends):
            os.close(descriptor)
