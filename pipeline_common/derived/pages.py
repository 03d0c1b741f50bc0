# SPDX-License-Identifier: MIT
"""The view for people and editors: one YAML file an entry, with all that the document says of it.

A file without a name, ``.made_of.json``, says of which commit the others were made, and how many there are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline_common.derived.files import file_name, put
from pipeline_common.derived.position import Position
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.tracked import detached

FORMAT = 1
SUFFIX = ".yaml"

_NOTE = ".made_of.json"
_HEAD = b"# Made from the state by `pipeline-state`; what is changed here changes nothing, and is overwritten.\n"
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Plain(_Dumper):  # type: ignore[misc]
    """Writes values that are there twice twice: an alias is of no use to a reader."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Pages:
    """One folder.

    Args:
        folder: where it lies; all files in it that end in ``.yaml`` are its own.
        lifecycle: what the document means.
    """

    def __init__(self, folder: Path, lifecycle: Lifecycle) -> None:
        self.path = folder
        self._lifecycle = lifecycle

    def position(self) -> Position | None:
        """The commit that they were made of; None where some are missing."""
        try:
            note = json.loads((self.path / _NOTE).read_bytes())
            sound = note["format"] == FORMAT and note["life_cycle"] == self._lifecycle.name
            return Position.from_record(note["made_of"]) if sound and note["total"] == len(self._files()) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def rebuild(self, entries: Iterable[tuple[str, Mapping[str, Any]]], at: Position) -> None:
        """Make those that are not as they should be, and remove those that should not be there.

        Raises:
            OSError: the disk refused.
        """
        self._begin()
        left = set(self._files())
        for name, records in entries:
            path = self.path / file_name(name, SUFFIX)
            content = self.page(name, records)
            if path.name not in left or _content_of(path) != content:
                put(path, content)
            left.discard(path.name)
        for strange in left:
            (self.path / strange).unlink()
        self._end(at)

    def follow(self, entries: Iterable[tuple[str, Mapping[str, Any]]], at: Position) -> None:
        """Make the files of entries that have changed; those without records are gone.

        Raises:
            OSError: the disk refused.
        """
        self._begin()
        for name, records in entries:
            path = self.path / file_name(name, SUFFIX)
            if records:
                put(path, self.page(name, records))
            else:
                path.unlink(missing_ok=True)
        self._end(at)

    def differences(self, entries: Iterable[tuple[str, Mapping[str, Any]]], besides: frozenset[str]) -> Iterator[str]:
        """How they differ from the document, but for entries that have changed since."""
        left = set(self._files())
        wrong = []
        for name, records in entries:
            file = file_name(name, SUFFIX)
            if name not in besides and _content_of(self.path / file) != self.page(name, records):
                wrong.append(file)
            left.discard(file)
        wrong += left - {file_name(name, SUFFIX) for name in besides}
        if wrong:
            yield f"{len(wrong)} files are not as the document has it, the first is {min(wrong)}"

    def page(self, name: str, records: Mapping[str, Any]) -> bytes:
        """The text of one file."""
        content = {"id": name, "stage": self._lifecycle.stage_of(records), **records}
        return _HEAD + as_yaml(content).encode("utf-8")

    def _begin(self) -> None:
        """While they are made, they are of no commit."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / _NOTE).unlink(missing_ok=True)

    def _end(self, at: Position) -> None:
        note = {"format": FORMAT, "life_cycle": self._lifecycle.name, "made_of": at.as_record()}
        put(self.path / _NOTE, json.dumps({**note, "total": len(self._files())}).encode("ascii"))

    def _files(self) -> list[str]:
        try:
            return [name for name in os.listdir(self.path) if name.endswith(SUFFIX)]
        except (FileNotFoundError, NotADirectoryError):
            return []


def as_yaml(value: Any) -> str:
    """A value as YAML that any reader takes."""
    value = detached(value)
    try:
        told: str = yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
        told.encode("utf-8")
    except (yaml.YAMLError, UnicodeError, RecursionError):  # lone surrogates; JSON is YAML, too
        return (
            "".join(f"- {json.dumps(item)}\n" for item in value)
            if isinstance(value, list)
            else json.dumps(value) + "\n"
        )
    return told


def _content_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
