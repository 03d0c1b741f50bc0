"""Phase 1: what a file really is, whether it opens, and what it says about itself."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

from phases.contract import PermanentError, Plan, Result
from phases.files import write_json
from phases.readers import language, open_document, text
from phases.readers.document import Document, Paragraph
from phases.readers.limits import MEGABYTE, Limits, over_limit
from phases.readers.naming import from_file_name
from phases.readers.sniff import sniff

_BLOCK_BYTES = 1024 * 1024


def run(plan: Plan) -> Result:
    """Check a book's file and write ``source.json``.

    Raises:
        PermanentError: the file is no book that can be read; the message says why and what to do.
    """
    limits = Limits.of(plan.settings)
    path = plan.source
    if plan.settings.get("sheet_error"):
        raise PermanentError(plan.settings["sheet_error"], error_type="configuration")
    size_bytes = _checked_size(path, limits)
    kind = sniff(path)
    with limits.watched(path.name), open_document(path, kind, limits) as document:
        _refuse_wordless(document, path.name)
        metadata = document.metadata
    metadata = metadata.over(from_file_name(path.stem))
    book = {
        "title": metadata.title,
        "authors": list(metadata.authors),
        "language": language.declared(metadata.language),
    }
    source: dict[str, Any] = {
        "name": path.name,
        "format": kind,
        "size_bytes": size_bytes,
        "sha256": _sha256(path),
        **book,
    }
    write_json(plan.attempt_dir / "source.json", source)
    return Result(artifacts={"source": "source.json"}, metrics={"size_bytes": size_bytes}, book=book)


def _checked_size(path: Path, limits: Limits) -> int:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise PermanentError(
            f"{path.name} is not there any more. Put it back into the folder and run again.", error_type="missing"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise PermanentError(
            f"{path.name} is no regular file, so it is not opened. Put the book itself into the folder and run again.",
            error_type="unsupported",
        )
    if status.st_size == 0:
        raise PermanentError(
            f"{path.name} is empty (0 bytes). Get a complete copy of the book and run again.", error_type="empty"
        )
    if status.st_size > limits.max_source_mb * MEGABYTE:
        raise over_limit(path.name, f"it is larger than {limits.max_source_mb} MB", "limits.max_source_mb")
    return status.st_size


def _refuse_wordless(document: Document, name: str) -> None:
    """Read until the first word that would be spoken."""
    for block in document.blocks():
        if isinstance(block, Paragraph) and block.omit is None and text.has_word(block.text):
            return
    raise no_text(name)


def no_text(name: str) -> PermanentError:
    """The error for a book without a word to speak."""
    return PermanentError(
        f"{name} holds no text to speak. If it is made of pictures, run OCR on it first; otherwise remove it "
        "from the folder.",
        error_type="no_text",
    )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
