"""A ZIP file that is hostile until read: limits on members and bytes, names that stay inside, nothing unpacked."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from phases.contract import PermanentError
from phases.readers.limits import MEGABYTE, Limits, over_limit

_BLOCK_BYTES = 64 * 1024
# Deflate reaches 1000:1 only for runs of one byte; the text of a book stays under 20:1.
_BOMB_RATIO = 200
_BOMB_BYTES = 20 * MEGABYTE


class Archive:
    """The members of a ZIP file, read under limits.

    Args:
        path: the file.
        limits: on its members and bytes.

    Raises:
        PermanentError: ``damaged`` where it is no complete ZIP file, ``too_large`` over a limit.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.name = path.name
        self._limits = limits
        self._unpacked = 0
        self._text = 0
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise damaged(self.name, str(error)) from error
        try:
            self._members = self._checked_members()
        except BaseException:  # a limit or Ctrl-C too: nobody else knows the open file
            self._zip.close()
            raise
        self._folded = {name.casefold(): name for name in reversed(self._members)}

    def _checked_members(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if len(infos) > self._limits.max_members:
            what = f"it holds more than {self._limits.max_members} files"
            raise over_limit(self.name, what, "limits.max_members")
        declared = sum(info.file_size for info in infos)
        packed = sum(info.compress_size for info in infos)
        self._refuse_over(declared)
        if declared > _BOMB_BYTES and declared > _BOMB_RATIO * max(packed, 1):
            raise PermanentError(
                f"{self.name} is refused: it unpacks to {declared // MEGABYTE} MB from {packed // 1024} KB, as no "
                "book does (a ZIP bomb). Get the book from another source.",
                error_type="too_large",
            )
        return {info.filename: info for info in infos if not info.is_dir()}

    def _refuse_over(self, size_bytes: int) -> None:
        if size_bytes > self._limits.max_unpacked_mb * MEGABYTE:
            what = f"it unpacks to more than {self._limits.max_unpacked_mb} MB"
            raise over_limit(self.name, what, "limits.max_unpacked_mb")

    @property
    def names(self) -> list[str]:
        """The names of all members, in the order of the file."""
        return list(self._members)

    def find(self, name: str) -> str | None:
        """The member that is called `name`, also where only upper and lower case differ; None where there is none."""
        return name if name in self._members else self._folded.get(name.casefold())

    def read(self, name: str) -> bytes:
        """All bytes of a member, counted while they are unpacked.

        Raises:
            PermanentError: ``damaged``, ``encrypted`` or ``too_large``.
        """
        info = self._members[name]
        if info.flag_bits & 0x1:
            raise PermanentError(
                f"{self.name} is protected: {name!r} in it is encrypted. Remove the password and run again.",
                error_type="encrypted",
            )
        parts = []
        size = 0
        try:
            with self._zip.open(info) as file:
                while part := file.read(_BLOCK_BYTES):
                    size += len(part)
                    self._refuse_over(self._unpacked + size)
                    parts.append(part)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise damaged(self.name, f"{name!r} in it cannot be unpacked: {error}") from error
        self._unpacked += size
        return b"".join(parts)

    def read_xml(self, name: str) -> Any:
        """The root element of a member that is XML, without entities, files or network.

        Raises:
            PermanentError: ``damaged`` where it is no well-formed XML, or nested too deeply.
        """
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
        try:
            return etree.fromstring(self.read_text(name), parser)
        except etree.XMLSyntaxError as error:
            raise damaged(self.name, f"{name!r} in it is no well-formed XML: {error.msg}") from error

    def read_text(self, name: str) -> bytes:
        """All bytes of a member that is text or markup, counted against the limits on these.

        Raises:
            PermanentError: as `read` does.
        """
        declared = self._members[name].file_size
        self._limits.check_text(self.name, declared, self._text + declared)
        data = self.read(name)
        self._text += len(data)
        self._limits.check_text(self.name, len(data), self._text)
        self._limits.check_pieces(self.name, "tags and attributes", data.count(b"<") + data.count(b"="))
        return data

    def restart_count(self) -> None:
        """Count unpacked bytes from zero: the book is read a second time."""
        self._unpacked = self._text = 0

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def resolve(base: str, href: str) -> tuple[str, str] | None:
    """Where a link inside an archive leads.

    Args:
        base: the member that holds the link.
        href: the link, percent-encoded, perhaps with a fragment.

    Returns:
        The member's name and the fragment, or None where the link leads out of the archive.
    """
    try:
        parts = urlsplit(href.strip())
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        return None
    path = unquote(parts.path)
    if not path:
        return base, unquote(parts.fragment)
    name = posixpath.normpath(posixpath.join(posixpath.dirname(base), path.replace("\\", "/")))
    if name.startswith(("/", "../")) or name == "..":
        return None
    return name, unquote(parts.fragment)


def damaged(name: str, why: str) -> PermanentError:
    """The error for a file that cannot be opened or read to its end."""
    return PermanentError(
        f"{name} is damaged: {why.rstrip('.')}. Get a complete copy of the book and run again.", error_type="damaged"
    )
