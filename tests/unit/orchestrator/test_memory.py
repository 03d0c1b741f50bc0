import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.memory import available_bytes, machine_bytes, memory_group, used_bytes

MIB = 1 << 20
HOLDS = "import sys; held = b'x' * (int(sys.argv[1]) << 20); print(len(held), flush=True); sys.stdin.read()"


@contextmanager
def holding(megabytes: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDS, str(megabytes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_memory_of_processes_is_what_they_really_hold() -> None:
    with holding(64) as one, holding(64) as other:
        assert 128 * MIB < used_bytes([one.pid, other.pid]) < 256 * MIB
        assert 64 * MIB < used_bytes([one.pid]) < 128 * MIB
    assert used_bytes([one.pid]) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_machine_has_more_than_is_available() -> None:
    available = available_bytes()
    assert available is not None
    assert 0 < available < machine_bytes()


def test_a_group_ends_what_exceeds_its_limit_and_leaves_nothing_behind() -> None:
    before = Path("/proc/self/cgroup").read_text() if sys.platform == "linux" else ""
    with memory_group() as group:
        if group is None:
            pytest.skip("no control group can be made here, so memory is watched instead")
        inside = Path("/proc/self/cgroup").read_text()
        assert inside != before
        group.limit(64 * MIB)  # what this process has had before is not counted
        kills = group.kills()
        with holding(256) as process:
            assert process.wait(60) == -signal.SIGKILL
        assert group.kills() > kills
        group.limit(None)
    assert Path("/proc/self/cgroup").read_text() == before
    (name,) = {word for line in inside.splitlines() for word in line.split("/") if word.startswith("audiobook-")}
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{name}"))
