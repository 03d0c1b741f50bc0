"""The most memory that this process has had; standard library only, as processes import it that are measured."""

import resource
import sys


def peak_memory_bytes() -> int:
    """The peak of the resident memory of this program, bytes."""
    try:
        # getrusage would count the process that started this one too, as it was before its fork became this program.
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM:"))
    except (OSError, StopIteration):  # no Linux
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak << 10
