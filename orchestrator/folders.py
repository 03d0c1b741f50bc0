"""Folders that are made and removed: what a book's processes need of ``shutil``, which they import only to use it.

That module brings three libraries for archives, and each fork would have to carry them along.
"""

from __future__ import annotations

import os
from pathlib import Path


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
