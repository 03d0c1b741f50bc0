# SPDX-License-Identifier: MIT
"""Who is told of the commits of one handle: after each of them, and never while the lock is held."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

Callback = Callable[[int], object]
"""Is given the revision of a commit."""


class Subscribers:
    """Those of one handle."""

    def __init__(self) -> None:
        self._callbacks: list[Callback] = []
        self._untold: deque[int] = deque()
        self._telling = False

    def __bool__(self) -> bool:
        return bool(self._callbacks)

    def add(self, callback: Callback) -> Callable[[], None]:
        """Tell somebody of the commits from now on; returns what ends that."""
        self._callbacks.append(callback)

        def end() -> None:
            with suppress(ValueError):
                self._callbacks.remove(callback)

        return end

    def note(self, revision: int) -> None:
        """There is a commit, of which everybody is to be told once the lock is free."""
        if self._callbacks:
            self._untold.append(revision)

    @contextmanager
    def told_after(self, lock: AbstractContextManager[None], is_held: Callable[[], bool]) -> Iterator[None]:
        """Hold a lock, and afterwards tell of the commits that were made meanwhile.

        Args:
            lock: as it is held.
            is_held: whether the caller still holds it then, as it did before.
        """
        try:
            with lock:
                yield
        finally:
            if not is_held():
                self._tell()

    def _tell(self) -> None:
        if self._telling:  # a callback has made a commit: the loop below comes to it
            return
        self._telling = True
        try:
            while self._untold:
                revision = self._untold.popleft()
                for callback in list(self._callbacks):
                    try:
                        callback(revision)
                    except Exception:  # anybody's code; the commit stands, whatever becomes of it
                        from logging import getLogger

                        getLogger(__name__).exception("A subscriber failed at revision %d: %r", revision, callback)
        finally:
            self._telling = False
