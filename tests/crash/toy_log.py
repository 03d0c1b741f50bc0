"""A small store with a journal written in place, to try the disk model on: right, and wrong in known ways."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline_common.system import System, read_file, sync_folder, write_whole

CHECKPOINT_EVERY = 3


class ToyLog:
    """``document.json`` and the commits since then in ``journal.jsonl``, one line each: checksum, revision, key, value.

    Subclasses leave out one of the things that make it right.
    """

    checked = True

    def __init__(self, root: Path, system: Any) -> None:
        self.system = system
        self.root = root
        self.file = root / "document.json"
        self.revision = 0
        self.document: dict[str, Any] = {}
        if self.file.exists():
            content = json.loads(read_file(system, str(self.file), 1 << 20)[0])
            self.revision, self.document = content["revision"], content["document"]
        self.journal = system.open(str(root / "journal.jsonl"), os.O_RDWR | os.O_CREAT)
        sync_folder(system, str(root))
        self.end = 0
        self._replay()

    def read(self) -> dict[str, Any]:
        return dict(self.document)

    def backups(self) -> list[dict[str, Any]]:
        return []

    def put(self, key: str, value: Any) -> None:
        self.document[key] = value
        self.revision += 1
        body = json.dumps([self.revision, key, value])
        line = f"{zlib.crc32(body.encode()):08x} {body}\n".encode()
        self.system.pwrite(self.journal, line, self.end)
        self.end += len(line)
        self.sync_journal()
        if self.revision % CHECKPOINT_EVERY == 0:
            self.checkpoint()

    def sync_journal(self) -> None:
        self.system.fsync(self.journal)

    def checkpoint(self) -> None:
        self.replace_document()
        self.reset_journal()

    def replace_document(self) -> None:
        temporary = self.root / "document.tmp"
        content = json.dumps({"revision": self.revision, "document": self.document}).encode()
        write_whole(self.system, str(temporary), content)
        self.system.replace(str(temporary), str(self.file))
        sync_folder(self.system, str(self.root))

    def reset_journal(self) -> None:
        self.system.truncate(self.journal, 0)
        self.end = 0
        self.sync_journal()

    def _replay(self) -> None:
        raw = self.system.pread(self.journal, 1 << 20, 0)
        for line in raw.splitlines(keepends=True):
            checksum, _, body = line.rstrip(b"\n").partition(b" ")
            if not line.endswith(b"\n") or (self.checked and checksum != b"%08x" % zlib.crc32(body)):
                break
            try:
                revision, key, value = json.loads(body)
            except ValueError:
                break
            self.end += len(line)
            if revision > self.revision + 1:
                raise ValueError(f"revision {revision} follows {self.revision}")
            if revision == self.revision + 1:
                self.revision, self.document[key] = revision, value
        if self.end < len(raw):  # torn: nothing of it was acknowledged
            self.cut_tail(raw)

    def cut_tail(self, raw: bytes) -> None:
        self.system.truncate(self.journal, self.end)
        self.sync_journal()


@contextmanager
def opened(log: type[ToyLog], root: Path, system: System) -> Iterator[ToyLog]:
    """A log, closed at the end."""
    store = log(root, system)
    try:
        yield store
    finally:
        system.close(store.journal)


class NoChecksum(ToyLog):
    checked = False


class JournalNotSynced(ToyLog):
    def sync_journal(self) -> None:
        pass


class JournalResetFirst(ToyLog):
    def checkpoint(self) -> None:
        self.reset_journal()
        self.replace_document()


class DocumentInPlace(ToyLog):
    def replace_document(self) -> None:
        descriptor = self.system.open(str(self.file), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self.system.write(descriptor, json.dumps({"revision": self.revision, "document": self.document}).encode())
        self.system.fsync(descriptor)
        self.system.close(descriptor)


class FolderNotSynced(ToyLog):
    def replace_document(self) -> None:
        temporary = self.root / "document.tmp"
        content = json.dumps({"revision": self.revision, "document": self.document}).encode()
        write_whole(self.system, str(temporary), content)
        self.system.replace(str(temporary), str(self.file))


class TailCutByRewriting(ToyLog):
    """Wrong only where the power fails a second time, in the middle of this."""

    def cut_tail(self, raw: bytes) -> None:
        self.system.truncate(self.journal, 0)
        self.system.pwrite(self.journal, raw[: self.end], 0)
        self.sync_journal()
