# SPDX-License-Identifier: MIT
"""Files that were compressed because they are old: read as what they were, whatever their name ends in."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from pipeline_common.system import System, read_file, sync_folder, write_whole

SUFFIX = ".gz"

_GZIP = 31
"""zlib's word for gzip's form, with the largest window."""
_HEAD_BYTES = 4096


def read_kept(system: System, path: str, limit_bytes: int) -> tuple[bytes, os.stat_result]:
    """The content of a regular file, decompressed where its name ends in ``.gz``.

    Raises:
        OSError: it cannot be read, is damaged, or is larger than `limit_bytes`.
    """
    raw, status = read_file(system, path, limit_bytes)
    return (unpacked(raw, limit_bytes) if path.endswith(SUFFIX) else raw), status


def head_of(path: Path, size_bytes: int) -> bytes:
    """The beginning of a file, of so many bytes at most; decompressed where its name ends in ``.gz``.

    Raises:
        OSError: it cannot be read, or is damaged there.
    """
    with path.open("rb") as file:
        if not path.name.endswith(SUFFIX):
            return file.read(size_bytes)
        try:
            return zlib.decompressobj(_GZIP).decompress(file.read(_HEAD_BYTES), size_bytes)
        except zlib.error as error:
            raise OSError(f"its compressed form is damaged: {error}") from error


def unpacked(raw: bytes, limit_bytes: int) -> bytes:
    """What was compressed, all members of it.

    Raises:
        OSError: it is damaged or cut short, or larger than `limit_bytes`.
    """
    parts: list[bytes] = []
    size = 0
    while raw:
        member = zlib.decompressobj(_GZIP)
        try:
            parts.append(member.decompress(raw, limit_bytes - size + 1))
        except zlib.error as error:
            raise OSError(f"its compressed form is damaged: {error}") from error
        size += len(parts[-1])
        if size > limit_bytes:
            raise OSError(f"decompressed, it has more than the limit of {limit_bytes} bytes")
        if not member.eof:
            raise OSError("its compressed form is cut short")
        raw = member.unused_data
    return b"".join(parts)


def packed(raw: bytes) -> bytes:
    """The compressed form; of equal content it is equal."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    return packer.compress(raw) + packer.flush()


def compress(system: System, path: Path, limit_bytes: int) -> int:
    """Put the compressed form of a file in its place, with its time and permissions; what is there already is kept.

    A crash leaves the one or the other, or both, which are the same.

    Args:
        system: the calls to use.
        path: the file; its compressed form has ``.gz`` behind its name. Where there is one already, of an earlier file
            of that name, this one follows it there.
        limit_bytes: a larger file is refused.

    Returns:
        How many bytes less it takes.

    Raises:
        OSError: the disk refused, or what was written is not what was read; the file is as it was.
    """
    target, temporary = f"{path}{SUFFIX}", f"{path}{SUFFIX}.tmp"
    raw, status = read_file(system, str(path), limit_bytes)
    content = packed(raw)
    try:
        earlier = read_file(system, target, limit_bytes)[0]
    except FileNotFoundError:
        earlier = b""
    if earlier and unpacked(earlier, limit_bytes).endswith(raw):  # a crash came before the file was removed
        content = b""
    if content:
        write_whole(system, temporary, earlier + content, mode=status.st_mode)
        if unpacked(read_file(system, temporary, limit_bytes)[0], limit_bytes)[-len(raw) :] != raw and raw:
            system.unlink(temporary)
            raise OSError(f"the compressed form of {path} could not be read back")
        os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))
        system.replace(temporary, target)
        sync_folder(system, str(path.parent))
    system.unlink(str(path))
    return status.st_size - len(content)
