"""Folders that are made and removed: what a book's processes need of ``shutil``, which they import only to use it.

That module brings three libraries for archives, and each fork would have to carry them along.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LOCKS = ".locks"
"""The folder of the books' locks, in the work folder."""

OWNERS = ".owners"
"""The folder of what says to which book a folder belongs, in the output folder."""


def made_folder(folder: Path) -> None:
    """Make a folder where it is missing, which it seldom is."""
    if not os.path.isdir(folder):
        folder.mkdir(parents=True, exist_ok=True)


def fresh_folder(folder: Path) -> Path:
    """An empty folder at `folder`, whatever lay there before.

    Raises:
        OSError: what lay there cannot be removed, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        import shutil

        shutil.rmtree(folder)
        folder.mkdir(parents=True)
    return folder


class AttemptFolder:
    """The folder of one attempt after another: one that is empty again is renamed for the next, which costs far less.

    Args:
        parent: the folder in which each of them lies, by a name of its own, while it lasts.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._empty: Path | None = None

    def begin(self, name: str) -> Path:
        """A folder with nothing but an empty folder ``files`` in it.

        Raises:
            OSError: it cannot be made.
        """
        folder = self._parent / name
        empty, self._empty = self._empty, None
        if empty:
            os.rename(empty, folder)
        else:
            (fresh_folder(folder) / "files").mkdir()
        return folder

    def end(self, folder: Path, *, reusable: bool) -> None:
        """Empty it, as far as that is possible.

        Args:
            folder: what `begin` gave.
            reusable: whether another follows, and only code that is trusted was there; else it may be no folder any
                more.
        """
        with suppress(OSError):
            if reusable and not os.listdir(folder / "files"):
                self._empty = folder
                return
            _remove_empty(folder)  # the general way takes four times as long
        remove_tree(folder)

    def close(self) -> None:
        """Remove what is kept for a next attempt."""
        empty, self._empty = self._empty, None
        if empty:
            with suppress(OSError):
                _remove_empty(empty)


def _remove_empty(folder: Path) -> None:
    for emptied in (folder / "files", folder):
        os.rmdir(emptied)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as that is possible."""
    if os.path.lexists(folder):
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def free_bytes(folder: Path) -> int | None:
    """The room on the disk of a folder, bytes; None where that cannot be found out."""
    try:
        facts = os.statvfs(folder)
        return facts.f_bavail * facts.f_frsize
    except OSError:
        return None
