# SPDX-License-Identifier: MIT
"""When the file is brought up to date with its journal: soon, at once when idle, and never so often that it costs.

A commit of a large document is one record of the journal. The file follows within a second or twenty times a
checkpoint's duration, whichever is longer: so checkpoints take a twentieth of the time at most. While commits keep
coming, the one that finds it due writes the checkpoint; when they cease, a thread does.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable

from pipeline_common.errors import StateError

LONGEST_LAG_S = 1.0
COST_FACTOR = 20
IDLE_S = 0.1
MOST_JOURNAL_BYTES = 4 << 20
"""A journal that is larger than this, and than the file, is due whatever the time."""


class Checkpoints:
    """The checkpoints of one handle.

    Args:
        write: writes one, under the lock; returns whether there was anything to do.
        journal_written_ns: when somebody has last written in the journal, whoever it was.
    """

    def __init__(self, write: Callable[[], bool], journal_written_ns: Callable[[], int]) -> None:
        self._write = write
        self._journal_written_ns = journal_written_ns
        self._cost_s = 0.0
        self._last = 0.0
        self._process = os.getpid()
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self._stop = threading.Event()

    def is_due(self, since_s: float, journal_bytes: int, file_bytes: int) -> bool:
        """Tell of a commit that is in the journal alone; where no checkpoint is due, a thread writes it in time.

        Args:
            since_s: since when there have been such commits, of other handles too, on the monotonic clock.
            journal_bytes: the size of the journal.
            file_bytes: the size of the file.

        Returns:
            Whether one is due now.
        """
        now = time.monotonic()
        if self._process != os.getpid():  # a forked child has no thread of its parent's
            self._process, self._thread = os.getpid(), None
            self._guard, self._stop = threading.Lock(), threading.Event()
        with self._guard:
            self._last = now
            if self._thread is None:
                self._stop.clear()
                thread = threading.Thread(target=self._when_idle, name="checkpoint", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # whoever has left its PID namespace for its children's can have no threads
                    return True
                self._thread = thread
                _to_finish.add(self)
        lag_s = max(LONGEST_LAG_S, COST_FACTOR * self._cost_s)
        return now - since_s >= lag_s or journal_bytes > max(MOST_JOURNAL_BYTES, file_bytes)

    def written(self, cost_s: float) -> None:
        """Tell of a checkpoint and of the seconds that it took."""
        self._cost_s = cost_s

    def stop(self) -> None:
        """End the thread; what is pending stays in the journal."""
        self._stop.set()
        thread = self._thread
        if thread is not None and self._process == os.getpid() and thread is not threading.current_thread():
            thread.join()
        self._thread = None

    def finish(self) -> None:
        """Write what is pending before the process ends."""
        if self._thread is not None and self._process == os.getpid():
            self.stop()
            self._write_quietly()

    def _when_idle(self) -> None:
        """Write a checkpoint once nobody commits any more; until then, those who commit do."""
        seen = -1
        while not self._stop.is_set():
            rest_s = self._last + IDLE_S - time.monotonic()
            written_ns = self._journal_written_ns()
            if rest_s > 0 or written_ns != seen:
                seen = written_ns
                self._stop.wait(max(rest_s, 0.0) or IDLE_S)
                continue
            begin = time.monotonic()
            self._write_quietly()
            self.written(time.monotonic() - begin)
            with self._guard:
                if self._last <= begin:
                    self._thread = None
                    return

    def _write_quietly(self) -> None:
        """Write a checkpoint; where that fails, the journal still has every commit, so a warning is enough."""
        try:
            self._write()
        except StateError as error:
            from logging import getLogger

            getLogger(__name__).warning("A checkpoint was put off: %s", error)


_to_finish: weakref.WeakSet[Checkpoints] = weakref.WeakSet()


@atexit.register
def _finish_all() -> None:
    for checkpoints in list(_to_finish):
        checkpoints.finish()
