"""What lies beside a book's file and changes what is made of it: its sheet, and the records of Calibre.

Standard library only until there is a sheet to read, because it is looked for at every book.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.sheet import Sheet

SHEET_SUFFIX = ".book.yaml"
_OPF_SUFFIX = ".opf"
_SHEET_ERROR = "sheet_error"
_CALIBRE = "metadata.opf"
_CALIBRE_COVER = "cover.jpg"
_BOOK_FACTS = ("title", "subtitle", "series", "series_index", "publisher", "year", "isbn", "description", "language")


def settings_beside(path: str | Path, listed: Set[str] | None = None) -> dict[str, dict[str, Any]]:
    """The settings that only this book has, by the name of the phase that reads them; {} where nothing lies beside it.

    A sheet that is wrong is a setting, too: validation refuses the book with what is wrong, until the sheet is changed.

    Args:
        path: the book's file, absolute.
        listed: the names in its folder that `may_lie_beside` a book, where somebody has just listed it; None looks for
            each file.
    """
    if listed is not None and (not listed or listed.isdisjoint(_names_beside(path))):
        return {}
    path = Path(path)
    found: dict[str, dict[str, Any]] = {}
    extraction: dict[str, Any] = {}
    opf = _opf(path)
    if opf:
        extraction["opf"] = opf
    sheet = path.with_name(path.name + SHEET_SUFFIX)
    if os.path.lexists(sheet):
        try:
            _read_sheet(path, sheet, found, extraction)
        except _SheetError as error:
            return {"validation": {_SHEET_ERROR: str(error)}}
    if extraction:
        found["extraction"] = extraction
    return found


def fault_beside(settings: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Why validation will refuse a book, given what `settings_beside` has found; None where it will not."""
    fault = settings.get("validation", {}).get(_SHEET_ERROR)
    return None if fault is None else str(fault)


def may_lie_beside(name: str) -> bool:
    """Whether a file of this name may be about a book beside it."""
    return name.endswith((SHEET_SUFFIX, _OPF_SUFFIX))


def _names_beside(path: str | Path) -> tuple[str, ...]:
    name = os.path.basename(path)
    return name + SHEET_SUFFIX, os.path.splitext(name)[0] + _OPF_SUFFIX, _CALIBRE


class _SheetError(Exception):
    """A sheet that cannot be used; the message says why and what to do."""


def _read_sheet(path: Path, sheet: Path, found: dict[str, dict[str, Any]], extraction: dict[str, Any]) -> None:
    from orchestrator.sheet import Sheet
    from pipeline_common.strict_yaml import ConfigError, load

    try:
        wanted = load(sheet, Sheet)
    except ConfigError as error:
        said = str(error)
        end = "" if said.endswith("?") else "."
        raise _SheetError(f"{said}{end} Correct or remove {sheet.name} and run again.") from error
    facts: dict[str, Any] = {name: getattr(wanted, name) for name in _BOOK_FACTS if getattr(wanted, name)}
    if wanted.author:
        facts["authors"] = list(wanted.author)
    if wanted.cover:
        facts["cover"] = _file_beside(path, wanted.cover, sheet)
    if facts:
        extraction["book"] = facts
    if wanted.rules:
        extraction["book_rules"] = dict(wanted.rules)
    for name in ("skip", "keep"):
        if getattr(wanted.chapters, name):
            extraction[name] = list(getattr(wanted.chapters, name))
    chunking: dict[str, Any] = {"book_spoken": dict(wanted.spoken)} if wanted.spoken else {}
    if wanted.lexicon or wanted.lexicons:
        chunking["book_lexicon"] = _lexicon(path, sheet, wanted)
    if chunking:
        found["chunking"] = chunking
    if wanted.voice:
        found["synthesis"] = {"voice": wanted.voice, "voice_is_default": False}


def _lexicon(path: Path, sheet: Path, wanted: Sheet) -> list[dict[str, Any]]:
    from orchestrator.lexicons import as_data, read_lexicon
    from pipeline_common.strict_yaml import ConfigError

    entries = []
    for name in wanted.lexicons:
        if Path(name).name != name:
            raise _SheetError(f"{sheet}: lexicons: {name!r} is no file in the folder of the book. Put it there.")
        try:
            entries += read_lexicon(path.with_name(name))
        except ConfigError as error:
            raise _SheetError(f"{sheet}: lexicons: {error}") from error
    return entries + as_data(wanted.lexicon)


def _file_beside(path: Path, name: str, sheet: Path) -> dict[str, str]:
    """A file of the book's folder, by its name and what is in it."""
    if Path(name).name != name:
        raise _SheetError(f"{sheet}: cover: {name!r} is no file in the folder of the book. Put it there.")
    try:
        return {"name": name, "sha256": _sha256_of(path.with_name(name))}
    except OSError as error:
        raise _SheetError(
            f"{sheet}: cover: {name!r} cannot be read ({error.strerror}). Put it beside the book, or take the line out."
        ) from error


def _opf(path: Path) -> dict[str, Any] | None:
    """The ``.opf`` file of a book: one with its own name, or Calibre's, where the folder holds this book alone."""
    own = path.with_suffix(_OPF_SUFFIX)
    candidates = [own.name] if own != path and own.is_file() else []
    shared = path.with_name(_CALIBRE)
    if not candidates and shared.is_file() and _is_alone(path):
        candidates.append(_CALIBRE)
    for name in candidates:
        try:
            found: dict[str, Any] = {"name": name, "sha256": _sha256_of(path.with_name(name))}
            cover = path.with_name(_CALIBRE_COVER)
            if name == _CALIBRE and cover.is_file():
                found["cover"] = {"name": _CALIBRE_COVER, "sha256": _sha256_of(cover)}
        except OSError:
            return None  # it may not be read, and the book is made without it
        return found
    return None


def _is_alone(path: Path) -> bool:
    """Whether all books of a folder are this one, perhaps in several formats."""
    from orchestrator.library import OTHER_BOOK_SUFFIXES, READ_SUFFIXES

    books = READ_SUFFIXES | OTHER_BOOK_SUFFIXES
    with os.scandir(path.parent) as entries:
        stems = {os.path.splitext(e.name)[0] for e in entries if os.path.splitext(e.name)[1].lower() in books}
    return len(stems) <= 1


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def merged(values: Mapping[str, Any], beside: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of a phase with those that only this book has."""
    return {**values, **beside} if beside else dict(values)
