"""Files that a phase has left: checked, moved to where they belong, recorded, and later proven to be the same.

A phase may be anybody's program: nothing that it says is taken for true before it has been looked at.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.folders import made_folder
from orchestrator.sources import recorded_path, sha256_of
from phases.catalogue import BUILT_IN, BuiltIn
from phases.contract import Result
from phases.files import sync_file, sync_folder

Record = dict[str, Any]
"""``{"path", "size_bytes", "mtime_ns", "sha256"}`` with the path relative to the folder of the state file."""


class ArtifactError(Exception):
    """A phase named a file that it may not name or did not leave; the message names the field of the result."""


def check_result(result: Result, built_in: BuiltIn, attempt_dir: Path) -> None:
    """Refuse a result that leaves out what later phases need, or that would overwrite what is not this phase's.

    Raises:
        ArtifactError: the message names the field.
    """
    for field, paths in (("artifacts", result.artifacts), ("deliverables", result.deliverables)):
        for name, path in paths.items():
            _checked(attempt_dir, f"{field}.{name}", path)
    for name, path in result.artifacts.items():
        if name not in built_in.outputs:
            known = ", ".join(built_in.outputs) or "none"
            raise ArtifactError(f"artifacts.{name} is nothing that {built_in.name} leaves; its artifacts are: {known}")
        if PurePosixPath(path).name.partition(".")[0] != name:
            raise ArtifactError(f"artifacts.{name} is {path!r}, expected a file that is called {name}, with any suffix")
    for name in needed_outputs(built_in):
        if name not in result.artifacts:
            raise ArtifactError(f"artifacts.{name} is missing, which later phases need")
    files = [PurePosixPath(path).name for path in result.deliverables.values()]
    for name, file in zip(result.deliverables, files, strict=True):
        if not built_in.delivers:
            raise ArtifactError(f"deliverables.{name} is given, but {built_in.name} has nothing for the listener")
        if file.startswith(".") or files.count(file) > 1:
            raise ArtifactError(f"deliverables.{name} is {file!r}; names are visible, and each is given once")
    folder = result.output_folder
    if folder is not None and (not folder or "\0" in folder or any(p.startswith((".", "/")) for p in _parts(folder))):
        raise ArtifactError(f"output_folder is {folder!r}, expected visible folders below the output folder")


def needed_outputs(built_in: BuiltIn) -> tuple[str, ...]:
    """The artifacts without which a later phase cannot begin."""
    return tuple(name for name in built_in.outputs if any(name in other.inputs for other in BUILT_IN.values()))


def _parts(path: str) -> tuple[str, ...]:
    return PurePosixPath(path).parts


def take(
    attempt_dir: Path, named: Mapping[str, str], target: Path, root: Path, field: str = "artifacts"
) -> dict[str, Record]:
    """Move the files that a phase named out of its attempt folder into `target`, and record them.

    Args:
        attempt_dir: where the phase has written them.
        named: artifact name to path relative to `attempt_dir`.
        target: the folder that they move to, made where it is missing.
        root: the folder of the state file.
        field: of the result that names them.

    Returns:
        Artifact name to its record.

    Raises:
        ArtifactError: a path leads out of the attempt folder, or is no regular file.
        OSError: moving failed; files moved so far stay where they are and are overwritten by the next attempt.
    """
    sources = {name: _checked(attempt_dir, f"{field}.{name}", relative) for name, relative in named.items()}
    if not sources:
        return {}
    made_folder(target)
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
            (verify or facts.st_mtime_ns != record["mtime_ns"]) and sha256_of(path) != record.get("sha256")
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
        import shutil

        try:
            shutil.copy2(source, temporary)
            sync_file(temporary)
            temporary.replace(destination)
        except BaseException:  # an interruption too: no half copy stays
            temporary.unlink(missing_ok=True)
            raise
        source.unlink()


def _checked(attempt_dir: Path, field: str, relative: str) -> Path:
    told = f"{field} is {relative!r}, which"
    parts = _parts(relative)
    if not parts or parts[0].startswith("/") or ".." in parts:
        raise ArtifactError(f"{told} leads out of the attempt folder")
    place, inside = str(attempt_dir), True
    try:
        mode = os.lstat(place).st_mode  # the folder itself may have been replaced by a link, too
        for part in parts:
            inside = inside and stat.S_ISDIR(mode)
            place = f"{place}/{part}"
            mode = os.lstat(place).st_mode
    except OSError as error:
        raise ArtifactError(f"{told} is missing: {error.strerror}") from error
    except ValueError as error:
        raise ArtifactError(f"{told} is no name of a file: {error}") from error
    if not inside or not stat.S_ISREG(mode):
        raise ArtifactError(f"{told} is no regular file of the attempt folder")
    return Path(place)
