# SPDX-License-Identifier: MIT
"""What lies in a folder, for house-keeping after each commit: listed again only where somebody else has changed it."""

from __future__ import annotations

import os
from pathlib import Path


class Listing:
    """Tells whether a folder is as its owner has left it.

    The clock of a file system ticks every few milliseconds, so that a change of another process in the tick of one's
    own is noticed at the next change only. Whoever must know lists the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._left_ns = -1

    def news(self) -> list[str] | None:
        """All names, where the folder is not as it was left; otherwise None. A missing folder is an empty one.

        Raises:
            OSError: it cannot be read.
        """
        try:
            if os.stat(self._folder).st_mtime_ns == self._left_ns:
                return None
            return os.listdir(self._folder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def left(self) -> None:
        """Remember the folder as it is now, with one's own changes."""
        try:
            self._left_ns = os.stat(self._folder).st_mtime_ns
        except OSError:
            self._left_ns = -1
