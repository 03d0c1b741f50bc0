# SPDX-License-Identifier: MIT
"""The view for scripts: one JSON file that says of every entry in a few words what it is and how far it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline_common.derived.files import put
from pipeline_common.derived.position import Position
from pipeline_common.derived.rows import book_row, text
from pipeline_common.lifecycle import Lifecycle

FORMAT = 1


class Listing:
    """One file.

    Args:
        path: where it lies.
        lifecycle: what the document means.
    """

    def __init__(self, path: Path, lifecycle: Lifecycle) -> None:
        self.path = path
        self._lifecycle = lifecycle

    def position(self) -> Position | None:
        """The commit that it was made of; None where it is missing or damaged."""
        made = self._read()
        return None if made is None else Position.from_record(made["made_of"])

    def rebuild(self, entries: Iterable[tuple[str, Mapping[str, Any]]], at: Position) -> None:
        """Make it of all entries, each with its records by section.

        Raises:
            OSError: the disk refused; what was there is as it was.
        """
        self._write(dict(self._told(entries)), at)

    def follow(self, entries: Iterable[tuple[str, Mapping[str, Any]]], at: Position) -> None:
        """Take in the entries that have changed; those without records are gone.

        Raises:
            OSError: as `rebuild`.
            ValueError: the file has been damaged since it was looked at.
        """
        made = self._read()
        if made is None:
            raise ValueError(f"{self.path} is damaged")
        told: dict[str, Any] = made["books"]
        for name, records in entries:
            told.pop(text(name), None)
            told.update(self._told([(name, records)]))
        self._write(told, at)

    def differences(self, entries: Iterable[tuple[str, Mapping[str, Any]]], besides: frozenset[str]) -> Iterator[str]:
        """How it differs from the document, but for entries that have changed since."""
        made = self._read()
        if made is None:
            return
        old, new = made["books"], dict(self._told(entries))
        passed_over = set(map(text, besides))
        wrong = [name for name in {**old, **new} if name not in passed_over and old.get(name) != new.get(name)]
        if wrong:
            yield f"{len(wrong)} entries are not as in the document, the first is {min(wrong)}"
        elif not besides and made != self._content(new, made["made_of"]):
            yield "what it counts does not add up"

    def _told(self, entries: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, records in entries:
            if records:
                row = asdict(book_row(name, records, self._lifecycle))
                yield row.pop("id"), row

    def _content(self, told: Mapping[str, Any], made_of: Any) -> dict[str, Any]:
        stages = Counter(row["stage"] for row in told.values())
        return {
            "format": FORMAT,
            "life_cycle": self._lifecycle.name,
            "revision": made_of["revision"],
            "made_of": made_of,
            "total": len(told),
            "stages": dict(sorted(stages.items())),
            "books": dict(sorted(told.items())),
        }

    def _write(self, told: Mapping[str, Any], at: Position) -> None:
        content = self._content(told, at.as_record())
        lines = (f"{json.dumps(name)}: {json.dumps(row)}" for name, row in content.pop("books").items())
        books = ",\n".join(lines)
        put(self.path, f'{json.dumps(content)[:-1]}, "books": {{\n{books}\n}}}}\n'.encode("ascii"))

    def _read(self) -> dict[str, Any] | None:
        try:
            made = json.loads(self.path.read_bytes())
            books = made["books"]
            sound = made["format"] == FORMAT and made["life_cycle"] == self._lifecycle.name
            sound = sound and isinstance(books, dict) and made["total"] == len(books)
            sound = sound and all(isinstance(row, dict) and "stage" in row for row in books.values())
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return made if sound else None
