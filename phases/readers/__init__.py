"""Readers of book files: each opens one format and gives a `Document`."""

from __future__ import annotations

import importlib
from pathlib import Path

from phases.readers.document import Document
from phases.readers.limits import Limits

_MODULES = {
    "txt": "plain",
    "md": "markdown",
    "html": "html",
    "epub": "epub",
    "docx": "docx",
    "pdf": "pdf",
    "rtf": "rtf",
    "odt": "odt",
    "fb2": "fb2",
}


def open_document(path: Path, kind: str, limits: Limits) -> Document:
    """Open a book.

    Args:
        path: its file.
        kind: what it is, from `phases.readers.sniff.sniff`.
        limits: how large it may be.

    Raises:
        PermanentError: it cannot be read; the message says why and what to do.
    """
    reader = importlib.import_module(f"phases.readers.{_MODULES[kind]}")
    document: Document = reader.read(path, limits)
    return document
