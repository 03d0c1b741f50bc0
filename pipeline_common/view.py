# SPDX-License-Identifier: MIT
"""A look at the last commit, record by record: what is looked at is decoded for whoever asks, and not kept.

So a program that goes through all records of a large document needs the memory of one, beside the document's bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline_common.codec import Document
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.tracked import RecordMap, detached
from pipeline_common.tree import decode_line


class View:
    """A document to be looked at. It is the handle's own: true until the handle is used again, and not to be changed.

    Args:
        document: the document.
        lifecycle: what it means.
        trusted: whether the engine itself wrote all of it in its present form, so that nobody needs to check it.

    Attributes:
        document: all of it; records of a large one are decoded, and stay so, when they are read there.
        trusted: as given.
    """

    def __init__(self, document: Mapping[str, Any], lifecycle: Lifecycle, *, trusted: bool = False) -> None:
        self.document = document
        self.trusted = trusted
        self._holders: list[tuple[str, dict[str, Any]]] = []
        for place in lifecycle.records:
            holder: Any = document
            for key in place:
                holder = holder.get(key) if isinstance(holder, dict) else None
            if isinstance(holder, dict):
                self._holders.append((place[0], holder))

    def names(self) -> list[str]:
        """The names of all that have records, each once."""
        return list(dict.fromkeys(name for _, holder in self._holders for name in dict.keys(holder)))

    def records_of(self, name: str) -> dict[str, Any]:
        """The records of one name (of a book, say), by the section that each is in."""
        found = {}
        for section, holder in self._holders:
            record = dict.get(holder, name)
            if record is None:
                continue
            if isinstance(holder, RecordMap):
                record = decode_line(record) if holder.is_slice(record) else holder.glimpsed(record)
            found[section] = record
        return found

    def plain(self) -> Document:
        """A copy of all of it, in plain values that belong to the caller."""
        return detached(self.document)  # type: ignore[no-any-return]
