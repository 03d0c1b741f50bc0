# SPDX-License-Identifier: MIT
"""Puts a new content in the place of the state file: written, made durable, and the old one kept, before the rename."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline_common.backups import Backups
from pipeline_common.reading import Source
from pipeline_common.system import read_file, sync_folder, write_whole
from pipeline_common.tree import Buffer, in_blocks


def replace_file(
    source: Source,
    backups: Backups | None,
    pieces: Sequence[Buffer],
    *,
    status: os.stat_result | None,
    old: bytes | None,
) -> None:
    """Write, link, rename, fsync; on any failure the old file is in place.

    Args:
        source: which file.
        backups: where the old one is kept; None keeps none.
        pieces: the new content.
        status: of the old file; None where there is none.
        old: its content; None where its journal has all that is new, so that there would be nothing to undo.

    Raises:
        OSError: the disk refused.
    """
    files, system = source.files, source.system
    state, temporary = str(files.state), str(files.temporary)
    kept: Path | None = None
    written = False
    try:
        write_whole(system, temporary, in_blocks(pieces), mode=status.st_mode if status else None)
        written = True
        if backups is not None and status is not None:
            kept = backups.free_name()
            _link_or_copy(source, kept, status.st_mode, old)
        system.replace(temporary, state)
        sync_folder(system, str(files.folder))
    except BaseException:
        if written and not os.path.lexists(temporary):  # asked of the disk: Ctrl-C comes between any two lines
            _put_back(source, status, old)
            kept = None  # after a power cut the new document may be there again: its backup stays
        for path in (temporary, kept):
            if path:
                with suppress(OSError):
                    os.unlink(path)
        raise
    if backups is not None and kept is not None:
        backups.added(kept)


def _link_or_copy(source: Source, backup: Path, mode: int, old: bytes | None) -> None:
    """Keep the old file under a backup's name; durable together with the rename that follows."""
    system, state = source.system, str(source.files.state)
    try:
        system.link(state, str(backup))
    except OSError:  # a file system without links
        content = read_file(system, state, source.limit_bytes)[0] if old is None else old
        write_whole(system, str(backup), content, mode=mode)
    sync_folder(system, str(backup.parent))


def _put_back(source: Source, status: os.stat_result | None, old: bytes | None) -> None:
    """Undo a rename whose durability the disk would not promise.

    Where the journal has all of it, there is nothing to undo: the new file and the old one with its records are the
    same document.
    """
    system, state = source.system, str(source.files.state)
    if status is None:
        system.unlink(state)
    elif old is not None:
        write_whole(system, str(source.files.temporary), old, mode=status.st_mode)
        system.replace(str(source.files.temporary), state)
