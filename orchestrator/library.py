"""Which files in a folder are books, in the order in which a person would list them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.folders import LOCKS, OWNERS
from pipeline_common.wording import counted

READ_SUFFIXES = frozenset({".docx", ".epub", ".fb2", ".html", ".md", ".odt", ".pdf", ".rtf", ".txt", ".xhtml"})
"""What this version reads."""

OTHER_BOOK_SUFFIXES = frozenset(
    {
        *(
            ".azw",
            ".azw3",
            ".cbr",
            ".cbz",
            ".chm",
            ".djvu",
            ".doc",
            ".htm",
            ".kepub",
            ".kfx",
            ".lit",
            ".lrf",
            ".markdown",
        ),
        *(".mobi", ".pages", ".pdb", ".prc", ".rst", ".tex", ".text", ".wpd"),
    }
)
"""Books all the same: they become entries, and validation says what to do with them."""

IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".ico", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff", ".webp"}
)

_NOUNS = {"hidden": "hidden file", "sidecar": "other file", "special": "special file"}
"""What people are told of the kinds of files that are passed over, where that is another word."""

_MADE_HERE = frozenset({LOCKS, OWNERS})
"""Folders that mark the one around them as a work or output folder, perhaps of another configuration."""

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Library:
    """What was found below a folder.

    Attributes:
        paths: those of the books, absolute, in natural order; text, as there may be many of which nothing is wanted.
        passed_over: how many files were passed over, by kind (``hidden``, ``image``, ``sidecar``, ``link``,
            ``special``, ``unreadable folder``, ``work or output folder``).
    """

    paths: tuple[str, ...]
    passed_over: Mapping[str, int]

    @property
    def books(self) -> tuple[Path, ...]:
        """The same as paths."""
        return tuple(map(Path, self.paths))

    def passed_over_text(self) -> str:
        """Such as ``1 hidden file, 2 images``; empty where nothing was passed over."""
        return ", ".join(counted(count, _NOUNS.get(kind, kind)) for kind, count in sorted(self.passed_over.items()))


def discover(folder: Path, *, without: Iterable[Path] = ()) -> Library:
    """Find the books below `folder`.

    Nothing is opened: not a file, and never a FIFO, socket or device. A symbolic link counts as a book only where it
    leads to a file inside `folder`; linked folders are not entered, so there are no loops. Nor are work and output
    folders, such as the work on one book by hand leaves beside it.

    Args:
        folder: where to look, recursively.
        without: folders below it that are not entered, such as the output folder.

    Raises:
        OSError: `folder` itself cannot be listed.
    """
    root = folder.resolve(strict=True)
    skipped = {os.path.realpath(path) for path in without}
    passed_over: Counter[str] = Counter()
    begin = len(os.path.join(root, ""))
    books = sorted(_walk(str(root), str(root), skipped, passed_over), key=lambda path: _order(path[begin:]))
    return Library(tuple(books), dict(passed_over))


def natural_key(text: str) -> tuple[str, str]:
    """A sort key by which ``Book 2`` comes before ``Book 10``, whatever the case; of names, which hold no zero byte."""
    # Text, as ten thousand of these are compared with each other; the name itself keeps those in one order that differ
    # only in case or leading zeros.
    return _DIGITS.sub(_by_value, text.casefold()), text


def _by_value(digits: re.Match[str]) -> str:
    """A number as text that is sorted by its value: the longer one is larger; what ends before it comes first."""
    number = str(int(digits[0]))
    return f"\0{chr(len(number))}{number}\0"


def _order(relative: str) -> tuple[list[tuple[str, str]], str]:
    # By the stem first, so that "Emma.epub" comes before "Emma, annotated.epub".
    stem, suffix = os.path.splitext(relative)
    return [natural_key(part) for part in stem.split("/")], suffix


def _walk(folder: str, root: str, skipped: set[str], passed_over: Counter[str]) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        if folder == root:
            raise
        passed_over["unreadable folder"] += 1
        return
    if folder != root and any(entry.name in _MADE_HERE for entry in entries):
        passed_over["work or output folder"] += 1
        return
    for entry in entries:
        path = entry.path
        if entry.name.startswith("."):
            passed_over["hidden"] += 1
        elif entry.is_dir(follow_symlinks=False):
            if path not in skipped:
                yield from _walk(path, root, skipped, passed_over)
        elif kind := _reason_to_pass_over(entry, root):
            passed_over[kind] += 1
        else:
            yield path


def _reason_to_pass_over(entry: os.DirEntry[str], root: str) -> str | None:
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        if not target.startswith(os.path.join(root, "")) or not os.path.isfile(target):
            return "link"
    elif not entry.is_file(follow_symlinks=False):
        return "special"
    suffix = os.path.splitext(entry.name)[1].lower()
    if suffix in IMAGE_SUFFIXES:
        return "image"
    if suffix not in READ_SUFFIXES and suffix not in OTHER_BOOK_SUFFIXES:
        return "sidecar"
    return None
