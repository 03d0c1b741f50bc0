"""Files that a phase has left: checked, moved to where they belong, recorded, and later proven to be the same."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.sources import recorded_path, sha256_of
from phases.files import sync_file, sync_folder

Record = dict[str, Any]
"""``{"path", "size_bytes", "mtime_ns", "sha256"}`` with the path relative to the folder of the state file."""


class ArtifactError(Exception):
    """A phase named a file that it may not name or did not leave; the message says which."""


def take(attempt_dir: Path, named: Mapping[str, str], target: Path, root: Path) -> dict[str, Record]:
    """Move the files that a phase named out of its attempt folder into `target`, and record them.

    Args:
        attempt_dir: where the phase has written them.
        named: artifact name to path relative to `attempt_dir`.
        target: the folder that they move to, made where it is missing.
        root: the folder of the state file.

    Returns:
        Artifact name to its record.

    Raises:
        ArtifactError: a path leads out of the attempt folder, or is no regular file.
        OSError: moving failed; files moved so far stay where they are and are overwritten by the next attempt.
    """
    sources = {name: _checked(attempt_dir, name, relative) for name, relative in named.items()}
    if not sources:
        return {}
    target.mkdir(parents=True, exist_ok=True)
    records = {}
    for name, source in sources.items():
        digest = sha256_of(source)
        destination = target / source.name
        move(source, destination)
        records[name] = record_of(destination, root, digest)
    sync_folder(target)
    return records


def record_of(path: Path, root: Path, sha256: str) -> Record:
    """The record of a file whose hash is known."""
    facts = path.stat()
    return {
        "path": recorded_path(path, root),
        "size_bytes": facts.st_size,
        "mtime_ns": facts.st_mtime_ns,
        "sha256": sha256,
    }


def path_of(record: Mapping[str, Any], root: Path) -> Path:
    """Where a recorded file lies."""
    return root / str(record["path"])


def missing_or_changed(
    records: Mapping[str, Mapping[str, Any]], root: str | Path, *, verify: bool = False
) -> str | None:
    """Why these files are not what was recorded, such as ``text.jsonl is gone``; None where all are.

    Size and mtime are proof. Where only the mtime differs, as in a copy of the whole folder, the bytes are hashed.

    Args:
        records: their records by name.
        root: the folder of the state file.
        verify: take nothing but the bytes' hash for proof.
    """
    for record in records.values():
        path = str(record["path"])
        if path[:1] != "/":  # a finished library is nothing but this: no Path for each, nor `os.path.join`
            path = f"{root}/{path}"
        try:
            facts = os.stat(path)
        except OSError:
            return f"{os.path.basename(path)} is gone"
        if facts.st_size != record["size_bytes"] or (
            (verify or facts.st_mtime_ns != record["mtime_ns"]) and sha256_of(Path(path)) != record.get("sha256")
        ):
            return f"{os.path.basename(path)} was changed"
    return None


def move(source: Path, destination: Path) -> None:
    """Rename a file, or copy it durably where the destination is on another file system; mtime is kept."""
    try:
        source.replace(destination)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        temporary = destination.with_name(f".{destination.name}.{os.urandom(4).hex()}.tmp")
        try:
            shutil.copy2(source, temporary)
            sync_file(temporary)
            temporary.replace(destination)
        except BaseException:  # an interruption too: no half copy stays
            temporary.unlink(missing_ok=True)
            raise
        source.unlink()


def _checked(attempt_dir: Path, name: str, relative: str) -> Path:
    path = attempt_dir / relative
    if os.path.isabs(relative) or ".." in Path(relative).parts or not Path(relative).name:
        raise ArtifactError(f"artifact {name!r} is named {relative!r}, which leads out of the attempt folder")
    try:
        mode = path.lstat().st_mode
        inside = path.resolve().is_relative_to(attempt_dir.resolve())
    except OSError as error:
        raise ArtifactError(f"artifact {name!r} ({relative}) is missing: {error.strerror}") from error
    if not inside or not stat.S_ISREG(mode):
        raise ArtifactError(f"artifact {name!r} ({relative}) is no regular file of the attempt folder")
    return path
