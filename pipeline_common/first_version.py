# SPDX-License-Identifier: MIT
"""Records of the first version, which are named after files, go to the books that they are about.

Which name is which book only the caller knows, who has looked into the input folder, and whether a book is done its
audiobook on the disk says. So this is no step of `pipeline_common.migration`, which the engine makes by itself at every
load, but done by whoever opens the state with that knowledge, to documents of any version.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.books import REQUIRED_PHASES
from pipeline_common.codec import Document, copied
from pipeline_common.phases import PHASES
from pipeline_common.statuses import SUCCESS

FINAL_PHASE = REQUIRED_PHASES[-1]


def take_over(document: Document, book_ids_by_name: Mapping[str, str], folder: Path) -> Document:
    """Move the records of the first version to the books that they are about.

    A book whose required phases all say success and whose final artifact exists counts as done: it gets a record of
    each phase and a promotion that is done, marked ``"migrated": true``. Of any other the records go, so that it starts
    at phase 1. Records of names that are not in the mapping stay as they are, and so does everything else; a second
    call changes nothing.

    Args:
        document: as `PipelineState.read` gives it; it is not changed.
        book_ids_by_name: book_id by file name, by stem, and by whatever else the first version may have called a book;
            the Unicode form (NFC or NFD) does not matter.
        folder: the folder of the state file, where relative paths of artifacts begin.

    Returns:
        The new document, to be committed with ``validate=False`` (records go, whatever their status) where it differs.
    """
    new: Document = copied(document)
    names_by_book: dict[str, list[str]] = {}
    books = {unicodedata.normalize("NFC", name): book for name, book in book_ids_by_name.items()}
    for name in _names(document):
        book = books.get(unicodedata.normalize("NFC", name))
        if book and book != name:
            names_by_book.setdefault(book, []).append(name)
    for book, names in names_by_book.items():
        _move(document, new, book, names, folder)
    if any(new.get("file_id") in names for names in names_by_book.values()):
        del new["file_id"]
    return new


def _move(old: Document, new: Document, book: str, names: list[str], folder: Path) -> None:
    artifact = _final_artifact(old, names, folder)
    done = artifact is not None and all(_status(old, key, names) == SUCCESS for key in REQUIRED_PHASES)
    for phase in PHASES:
        section = new.get(phase.key)
        if not isinstance(section, dict):
            continue
        files = section.get("files")
        files = files if isinstance(files, dict) else {}
        record = _record(files, names)
        for name in names:
            files.pop(name, None)
        if done and _status(old, phase.key, names) == SUCCESS:
            files[book] = {**record, "status": SUCCESS, "migrated": True}
            if phase.key == FINAL_PHASE and artifact:
                files[book].setdefault("deliverables", {})["output"] = artifact
            section["files"] = files
        elif not files:
            # What the phase said was about this book alone.
            section.pop("status", None)
            section["files"] = files
    if done:
        books = new.setdefault("books", {})
        books[book] = {**books.get(book, {}), "promotion": {"state": "done", "migrated": True}}


def _names(document: Document) -> list[str]:
    """What the first version calls books here, each once."""
    names: dict[str, None] = {}
    for phase in PHASES:
        section = document.get(phase.key)
        files = section.get("files") if isinstance(section, dict) else None
        if isinstance(files, dict):
            names.update(dict.fromkeys(files))
    if isinstance(document.get("file_id"), str):
        names[document["file_id"]] = None
    return list(names)


def _record(files: Any, names: list[str]) -> dict[str, Any]:
    for name in names:
        record = files.get(name) if isinstance(files, dict) else None
        if isinstance(record, dict):
            return record
    return {}


def _status(document: Document, key: str, names: list[str]) -> Any:
    """The record's own status, or the phase's where the record has none."""
    section = document.get(key)
    if not isinstance(section, dict):
        return None
    files = section.get("files")
    record = _record(files, names)
    # A phase's status speaks for a book only where the phase knows this book, or no book by name.
    if "status" not in record and files and not any(name in files for name in names):
        return None
    return AUDIOBOOK.normal_status(record.get("status", section.get("status")))


def _final_artifact(document: Document, names: list[str], folder: Path) -> dict[str, Any] | None:
    section = document.get(FINAL_PHASE)
    files = section.get("files") if isinstance(section, dict) else None
    record = _record(files, names)
    for field in ("output", "output_path", "path", "audiobook_path"):
        value = record.get(field)
        if isinstance(value, str) and "\0" not in value:
            path = folder / value
            if path.is_file() and path.stat().st_size:
                status = path.stat()
                return {"path": value, "size_bytes": status.st_size, "mtime_ns": status.st_mtime_ns}
    return None
