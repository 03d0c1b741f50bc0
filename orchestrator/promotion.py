"""Deliverables come into the output folder together: the list is committed, each file renamed, the book marked done.

An interrupted promotion is completed by whoever comes next, from the committed list alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Any

from orchestrator.artifacts import missing_or_changed, move, path_of
from orchestrator.beside import merged
from orchestrator.folders import OWNERS, remove_tree
from orchestrator.layout import DEFAULT_LAYOUT, folder_of
from orchestrator.records import BookRecords, utc_now
from orchestrator.settings import Settings
from orchestrator.sources import Source, recorded_path
from phases.files import sync_folder


class PromotionError(Exception):
    """The finished files cannot be put into place; the message says which and why. Older files are untouched."""


def staging_folder(settings: Settings, book_id: str) -> Path:
    """Where a book's deliverables wait, on the file system of the output folder."""
    return settings.output_dir / ".staging" / book_id


def is_in_place(records: BookRecords, settings: Settings) -> bool:
    """Whether all of a book's deliverables lie in their folder below the output folder of the settings.

    What was put into place before there were layouts stays where it is until somebody wants another one.
    """
    promotion = records.book.get("promotion", {})
    if promotion.get("state") != "done":
        return False
    if promotion.get("layout", DEFAULT_LAYOUT) != settings.layout and not _has_own_folder(records):
        return False
    target = os.path.normpath(settings.output_dir / str(promotion.get("folder", "")))
    paths = (path_of(record, settings.root) for record in records.deliverables().values())
    return bool(promotion.get("migrated")) or all(os.path.normpath(path.parent) == target for path in paths)


def promote(records: BookRecords, settings: Settings, source: Source) -> Path:
    """Put all recorded deliverables of a book into its folder below the output folder, and mark the book done.

    Args:
        records: the book's records.
        settings: the settings.
        source: the facts of the book's file, with what lies beside it.

    Returns:
        The folder.

    Raises:
        PromotionError: a deliverable is not what was recorded.
        OSError: a rename failed; what was committed is completed next time.
    """
    deliverables = records.deliverables()
    # By their bytes: from here on nobody decodes them again, and the older files go.
    lost = missing_or_changed(deliverables, settings.root, verify=True)
    if lost:
        # A damaged file may look untouched by its size and mtime, which is all that the next run looks at.
        remove_tree(staging_folder(settings, records.book_id))
        raise PromotionError(f"The audiobook cannot be put into place: {lost}. Run again; phase 5 will be redone.")
    folder = _claim(settings.output_dir, _wanted_folder(records, settings, source), records.book_id)
    target = settings.output_dir / folder
    files = {}
    for name, record in deliverables.items():
        destination = target / PurePosixPath(str(record["path"])).name
        files[name] = {**record, "from": record["path"], "path": recorded_path(destination, settings.root)}
    earlier = records.book.get("promotion", {})
    previous = [record["path"] for record in earlier.get("files", {}).values()] + list(earlier.get("previous", []))
    wanted = {record["path"] for record in files.values()}
    records.begin_promotion(
        {
            "state": "promoting",
            "folder": folder,
            "layout": settings.layout,
            "started_at": utc_now(),
            "files": files,
            # Samples of several voices stay beside each other, to be compared.
            "previous": [] if settings.is_sample else sorted(set(previous) - wanted),
        }
    )
    complete_promotion(records, settings)
    return target


def _has_own_folder(records: BookRecords) -> bool:
    """Whether a program in the place of a phase has said where the book goes, whatever the layout."""
    return bool(records.book.get("output_folder"))


def _wanted_folder(records: BookRecords, settings: Settings, source: Source) -> str:
    if _has_own_folder(records):
        return str(records.book["output_folder"])
    facts: dict[str, Any] = {name: records.book.get(name) for name in ("title", "authors", "language")}
    document = records.artifacts().get("book")
    if document:
        try:
            read = json.loads(path_of(document, settings.root).read_text(encoding="utf-8"))
            facts |= read if isinstance(read, dict) else {}
        except (OSError, ValueError, RecursionError):  # another program's, which may have any form
            pass
    voice = merged(settings.by_phase["synthesis"].values, source.beside.get("synthesis"))
    narrator = settings.by_phase["enhancement"].values.get("narrator")
    named = None if voice.get("voice_is_default") else voice.get("voice")
    return folder_of(settings.layout, facts, narrator=narrator, voice=named)


def complete_promotion(records: BookRecords, settings: Settings) -> bool:
    """Finish a promotion whose list has been committed.

    Returns:
        True where every file is in place now, False where there was nothing to complete.

    Raises:
        PromotionError: a file of the list is neither where it was nor where it should be.
    """
    promotion = records.book.get("promotion", {})
    if promotion.get("state") != "promoting":
        return False
    files: dict[str, dict[str, Any]] = promotion["files"]
    placed = {}
    for name, record in files.items():
        _place(record, settings.root)
        placed[name] = {key: record[key] for key in ("path", "size_bytes", "mtime_ns", "sha256")}
    for folder in {path_of(record, settings.root).parent for record in files.values()}:
        sync_folder(folder)
    _remove_previous(
        promotion.get("previous", []), {_real(path_of(record, settings.root)) for record in files.values()}, settings
    )
    remove_tree(staging_folder(settings, records.book_id))
    records.finish_promotion(placed)
    return True


def abandon_promotion(records: BookRecords) -> None:
    """Give up a promotion that cannot be completed; its phases are redone, and what was in place is remembered."""
    promotion = records.book["promotion"]
    previous = [record["path"] for record in promotion["files"].values()] + list(promotion.get("previous", []))
    records.begin_promotion(
        {"state": "abandoned", "folder": promotion["folder"], "files": {}, "previous": sorted(set(previous))}
    )


def _place(record: dict[str, Any], root: Path) -> None:
    destination = path_of(record, root)
    source = root / str(record["from"])
    if source != destination and source.exists():
        destination.parent.mkdir(parents=True, exist_ok=True)
        move(source, destination)
        sync_folder(source.parent)
    lost = missing_or_changed({"": record}, root)
    if lost:
        raise PromotionError(f"The audiobook cannot be put into place: {lost}. Run again; phase 5 will be redone.")


def _remove_previous(paths: list[str], kept: set[Path], settings: Settings) -> None:
    """Remove what an earlier version of this book left under other names, and folders that are empty then."""
    output = Path(os.path.realpath(settings.output_dir))
    for recorded in paths:
        path = _real(settings.root / recorded)
        if path in kept:
            continue  # the output folder has another name now
        if output not in path.parents or path.is_dir():
            continue  # a document from elsewhere names nothing to delete outside the output folder
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == output:
                break
            try:
                folder.rmdir()
            except OSError:
                break


def _real(path: Path) -> Path:
    """One name for a file, whatever links lead to its folder."""
    return Path(os.path.realpath(path.parent)) / path.name


def _claim(output: Path, folder: str, book_id: str) -> str:
    """Take a folder's name for a book, atomically and for good; a name that another book has gets the book's hash."""
    name = "/".join(part for part in PurePosixPath(folder).parts if part not in ("/", "..", "."))
    for candidate in (name, f"{name} [{book_id[-8:]}]"):
        if _owner(output, candidate, book_id) == book_id:
            return candidate
    raise PromotionError(
        f"The folder {name!r} belongs to another book, and so does its second name. Remove one of them."
    )


def _owner(output: Path, folder: str, book_id: str) -> str:
    """The book that owns a folder's name: `book_id` itself where it was free."""
    owners = output / OWNERS
    owners.mkdir(parents=True, exist_ok=True)
    # Names that some file systems take for the same are the same here.
    key = unicodedata.normalize("NFC", folder).casefold()
    claim = owners / hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
    descriptor = os.open(claim, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "r+", encoding="utf-8", errors="replace") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # two books with one title may come at the same moment
        first = file.readline()
        if first.endswith("\n"):
            return first[:-1]
        file.seek(0)  # new, or a crash cut the claim short: nobody has it
        file.truncate()
        file.write(f"{book_id}\n{folder}\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(owners)
    return book_id
