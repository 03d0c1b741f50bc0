# SPDX-License-Identifier: MIT
"""Whether a file that is held open still has its name, asked at each commit."""

from __future__ import annotations

import time

from pipeline_common.system import System

SETTLED_NS = 100_000_000
"""So long after a change no other one can have the same time; the clocks of file systems tick every 10 ms at least."""


class Names:
    """Tells whether the names in a folder may have changed, so that a file that is held open may have lost its own.

    The file itself is not asked: one whose times somebody has looked at is given finer ones at its next write, which
    have to be written as well, and a commit takes half as long again.

    Args:
        folder: where the file lies.
        system: the calls to use.
    """

    def __init__(self, folder: str, system: System) -> None:
        self._folder = folder
        self._system = system
        self._known = self._found = (0, 0, 0)

    def may_have_changed(self) -> bool:
        """Whether they may since `confirm`.

        Raises:
            OSError: there is no such folder.
        """
        status = self._system.stat(self._folder)
        self._found = status.st_ino, status.st_mtime_ns, status.st_ctime_ns
        # A clock that is too coarse would show two changes as one.
        return self._found != self._known or abs(time.time_ns() - status.st_ctime_ns) < SETTLED_NS

    def confirm(self) -> None:
        """The file has been looked at since they were asked for, and has its name."""
        self._known = self._found
