"""Whether the files of the books are what the document says, and whether there are others that it knows nothing of.

A document may come from anywhere: what is not as expected counts as missing, and nothing is opened but regular files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.artifacts import missing_or_changed
from orchestrator.config import Config
from orchestrator.decisions import first_lost_chunk
from orchestrator.ledger import first_fault
from phases.catalogue import BUILT_IN
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.books import COMPLETE, stage
from pipeline_common.phases import PHASES, Phase
from pipeline_common.statuses import SUCCESS
from pipeline_common.tools.catalogue import book_ids, section, text_of
from pipeline_common.tools.remedies import Complete, Redo, Remove, SetAside
from pipeline_common.tools.workspace import Fault

ARTIFACTS, ORPHANS = PARTS = ("artifacts", "orphans")

_REDONE = "The next run of the book does that phase again."
_RESPOKEN = "Clear the book from phase 2 and run again."
_COMPLETED = "The next run of the book completes it."
_LEFTOVER = "The next run of the book removes it."
_UNKNOWN = "Remove it, unless you put it there."

_JOINED = frozenset({"text", "chunks", "timings", "ledger"})
_BOOK_FOLDERS = frozenset({"attempts", "chunks", "logs"})
_OUTPUTS = frozenset(name for phase in BUILT_IN.values() for name in phase.outputs)


def inspect(document: Mapping[str, Any], config: Config, busy: frozenset[str]) -> Iterator[Fault]:
    """Compare a document with the work and output folders.

    Args:
        document: as `PipelineState.read` gives it.
        config: the configuration, with absolute paths.
        busy: the books that are being worked on, whose files come and go.

    Yields:
        What is wrong, files that are missing or changed first.
    """
    books = book_ids(document)
    for book in books:
        if book not in busy:
            yield from _of_book(document, config, book)
    inspection = _Orphans(document, config, frozenset(books), busy)
    yield from inspection.in_work()
    yield from inspection.in_output()


def _of_book(document: Mapping[str, Any], config: Config, book: str) -> Iterator[Fault]:
    promotion = section(document, "books", book, "promotion")
    if promotion.get("state") == "promoting":
        yield Fault(ARTIFACTS, "its finished files are only partly in the output folder.", _COMPLETED, book, Complete())
    cleaned = stage(document, book) == COMPLETE and not os.path.isdir(config.work_dir / book)
    for phase in PHASES:
        record = section(document, phase.key, "files", book)
        if AUDIOBOOK.normal_status(record.get("status")) != SUCCESS:
            continue
        # What led to a finished audiobook may be cleaned away, all of it.
        for kind in ("deliverables",) if cleaned else ("artifacts", "deliverables"):
            if kind == "deliverables" and promotion.get("state") == "promoting":
                continue
            for name, artifact in section(record, kind).items():
                lost = _lost(section(artifact), config.root)
                if lost:
                    what = f"{name} of phase {phase.number} ({phase.name}): {lost}."
                    yield Fault(ARTIFACTS, what, _REDONE, book, _redo(phase, config))
    yield from _of_chunks(document, config, book)
    yield from _of_ledger(document, config, book)


def _of_ledger(document: Mapping[str, Any], config: Config, book: str) -> Iterator[Fault]:
    """The ledger of a finished book must add up; a foreign program's need not have this form."""
    enhancement = _phase("enhancement")
    record = section(document, enhancement.key, "files", book)
    if AUDIOBOOK.normal_status(record.get("status")) != SUCCESS or config.environment(enhancement):
        return
    found: dict[str, Path] = {}
    for phase in PHASES:
        for name, artifact in section(document, phase.key, "files", book, "artifacts").items():
            path = config.root / text_of(section(artifact).get("path"))
            if name in _JOINED and path.name == f"{name}.jsonl" and not _lost(section(artifact), config.root):
                found[name] = path
    if found.keys() != _JOINED:
        return  # what is lost is said already, and files of other names are another program's
    try:
        fault = first_fault(found)
    except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        fault = f"one of the files that it is joined from cannot be read ({type(error).__name__}: {error})"
    if fault:
        remedy = _redo(_phase("extraction"), config)
        yield Fault(ARTIFACTS, f"its ledger does not add up: {fault}.", _RESPOKEN, book, remedy)


def _of_chunks(document: Mapping[str, Any], config: Config, book: str) -> Iterator[Fault]:
    """The spoken chunks are needed until they are joined."""
    synthesis, enhancement = (section(document, _phase(n).key, "files", book) for n in ("synthesis", "enhancement"))
    if (
        AUDIOBOOK.normal_status(synthesis.get("status")) != SUCCESS
        or AUDIOBOOK.normal_status(enhancement.get("status")) == SUCCESS
    ):
        return
    timings = section(synthesis, "artifacts", "timings")
    if not timings or _lost(timings, config.root):
        return  # that is said already, or nobody has recorded them
    try:
        lost = first_lost_chunk(config.root / str(timings["path"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        lost = f"timings.jsonl cannot be read ({error}), so none of them"
    if lost:
        remedy = _redo(_phase("synthesis"), config)
        yield Fault(ARTIFACTS, f"of its chunks, {lost} is gone or damaged.", _REDONE, book, remedy)


def _redo(phase: Phase, config: Config) -> Redo | None:
    """What puts right that files of a phase are lost; nothing where their disk may not be there at all."""
    return Redo(phase.key) if config.work_dir.is_dir() and config.output_dir.is_dir() else None


def _phase(name: str) -> Phase:
    return next(phase for phase in PHASES if phase.name == name)


def _lost(artifact: Mapping[str, Any], root: Path) -> str | None:
    """Why a file is not what was recorded; None where it is."""
    path = text_of(artifact.get("path"))
    if not _is_path(path) or not all(isinstance(artifact.get(key), int) for key in ("size_bytes", "mtime_ns")):
        return "its record does not say which file it is"
    try:
        if not stat.S_ISREG((root / path).stat().st_mode):
            return f"{path} is no file"
        return f"{path} was changed" if missing_or_changed({"": artifact}, root) else None
    except FileNotFoundError:
        return f"{path} is gone"
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"


class _Orphans:
    """Files in the work and output folders that no book of the document has left there."""

    def __init__(
        self, document: Mapping[str, Any], config: Config, books: frozenset[str], busy: frozenset[str]
    ) -> None:
        self._config = config
        self._books = books
        self._busy = busy
        self._staging = config.output_dir / ".staging"
        self._folders: dict[Path, str] = {}
        paths = (path for book in books for path in _recorded(document, book) if _is_path(path))
        self._known = {self._real(config.root / path) for path in paths}
        folders = (config.input_dir, config.output_dir, config.work_dir, config.pipeline_json, config.log_file)
        self._others = {self._real(path) for path in folders}

    def in_work(self) -> Iterator[Fault]:
        """Folders of unknown books, and what attempts that were broken off have left in those of known ones."""
        for entry in _entries(self._config.work_dir):
            if entry.name.startswith(".") or self._real(Path(entry.path)) in self._others:
                continue
            if entry.name not in self._books:
                what = f"{entry.path} belongs to no book of the document."
                yield Fault(ORPHANS, what, _UNKNOWN, remedy=SetAside((entry.path,)))
            elif entry.name not in self._busy:
                yield from self._in_folder(entry)

    def in_output(self) -> Iterator[Fault]:
        """Files that no book has put there, a line a folder; hidden ones of others do not count."""
        strangers: dict[str, list[str]] = {}
        for folder, folders, files in os.walk(self._config.output_dir, onerror=_refuse):
            folders[:] = sorted(
                name
                for name in folders
                if Path(folder, name) == self._staging
                or not (name.startswith(".") or self._real(Path(folder, name)) in self._others)
            )
            if Path(folder).parent == self._staging and Path(folder).name in self._busy:
                continue
            strangers[folder] = [os.path.join(folder, name) for name in files if self._is_stranger(folder, name)]
        for folder, paths in strangers.items():
            if paths:
                files_told = "a file" if len(paths) == 1 else f"{len(paths)} files"
                staged = Path(folder).parent == self._staging and Path(folder).name in self._books
                advice = _LEFTOVER if staged else _UNKNOWN
                what = f"{folder} has {files_told} that no book of the document has left."
                yield Fault(ORPHANS, what, advice, remedy=SetAside(tuple(paths)))

    def _in_folder(self, book: os.DirEntry[str]) -> Iterator[Fault]:
        for entry in _entries(Path(book.path)):
            if entry.name == "attempts":
                for left in _entries(Path(entry.path)):
                    what = f"{left.path} was left by an attempt."
                    yield Fault(ORPHANS, what, _LEFTOVER, book.name, Remove((left.path,)))
            elif entry.name == "chunks":
                for chunk in _entries(Path(entry.path)):
                    if _is_temporary(chunk.name):
                        what = f"{chunk.path} was left by an attempt."
                        yield Fault(ORPHANS, what, _LEFTOVER, book.name, Remove((chunk.path,)))
            elif not self._belongs(entry):
                what = f"{entry.path} is nothing that a phase leaves."
                yield Fault(ORPHANS, what, _UNKNOWN, book.name, SetAside((entry.path,)))

    def _belongs(self, entry: os.DirEntry[str]) -> bool:
        return (
            entry.name in _BOOK_FOLDERS
            or entry.name == "progress.jsonl"
            or entry.name.partition(".")[0] in _OUTPUTS
            or self._real(Path(entry.path)) in self._known
        )

    def _is_stranger(self, folder: str, name: str) -> bool:
        if name.startswith("."):
            return _is_temporary(name) and not self._busy
        path = self._real(Path(folder, name))
        return path not in self._known and path not in self._others

    def _real(self, path: Path) -> str:
        """One name for a file, whatever links lead to its folder."""
        folder = self._folders.get(path.parent)
        if folder is None:
            folder = self._folders[path.parent] = os.path.realpath(path.parent)
        return os.path.join(folder, path.name)


def _recorded(document: Mapping[str, Any], book: str) -> Iterator[str]:
    """The paths of all files that the records of a book name."""
    for phase in PHASES:
        record = section(document, phase.key, "files", book)
        for artifact in (*section(record, "artifacts").values(), *section(record, "deliverables").values()):
            yield text_of(section(artifact).get("path"))
    promotion = section(document, "books", book, "promotion")
    for artifact in section(promotion, "files").values():
        yield text_of(section(artifact).get("path"))
        if promotion.get("state") == "promoting":
            yield text_of(section(artifact).get("from"))
    previous = promotion.get("previous")
    if isinstance(previous, list):
        yield from (text_of(path) for path in previous)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _is_temporary(name: str) -> bool:
    return name.startswith(".") and name.endswith(".tmp")


def _is_path(text: str) -> bool:
    try:
        return bool(text) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False
