# SPDX-License-Identifier: MIT
"""What a document means, as data for the engine: statuses, transitions, schema and migrations.

The audiobook's life cycle is one value, `AUDIOBOOK`, and the default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline_common.codec import Document
from pipeline_common.errors import InvalidStatusTransitionError, StateReadError, StateValidationError
from pipeline_common.phases import PHASES
from pipeline_common.statuses import PENDING, TRANSITIONS, combined_status, counted, normal_status
from pipeline_common.tracked import Path

if TYPE_CHECKING:
    from pydantic import BaseModel

CURRENT_SCHEMA_VERSION = 2
"""The schema of the documents that are written; those of the first version have no number and count as 1."""

MOST_FAULTS_TOLD = 5


def _audiobook_schema() -> type[BaseModel]:
    # Pydantic costs more to import than all the rest; a process that never validates never pays for it.
    from pipeline_common.models import PipelineDocument

    return PipelineDocument


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The rules of one kind of document.

    Attributes:
        schema_version: of the documents that are written.
        phases: the top-level sections that hold a status and records with a status below ``files``.
        transitions: which statuses may follow one.
        schema: gives the Pydantic model of the document.
        records: the paths of the objects whose values are records: each is read, checked and written by itself.
    """

    schema_version: int
    phases: tuple[str, ...]
    transitions: Mapping[str, tuple[str, ...]]
    schema: Callable[[], type[BaseModel]]
    records: tuple[Path, ...]

    def migrate(self, document: Document, path: os.PathLike[str], *, own: bool = False) -> bool:
        """Give the statuses of an earlier version their present names, in place.

        Args:
            document: what was read.
            path: from where, for the message.
            own: whether this program wrote it, so that a document of this version has no earlier names.

        Returns:
            Whether the document is of an earlier version; the number itself changes at the next commit.

        Raises:
            StateReadError: it is of a later version than this program knows.
        """
        version = document.get("schema_version")
        number = version if isinstance(version, int) else 1
        if number > self.schema_version:
            raise StateReadError(
                f"The state file {path} has schema version {number}, and this program knows versions up to "
                f"{self.schema_version}. Update audiobook-pipeline, or name another file; nothing was changed."
            )
        if not (own and number == self.schema_version):
            for record in self._with_status(document):
                record["status"] = normal_status(record["status"])
        return number < self.schema_version

    def settle(self, old: Document, new: Document) -> None:
        """Complete a document before it is committed, in place: names of statuses, counts and derived statuses.

        Args:
            old: the last commit.
            new: the document to be committed.
        """
        for record in self._with_status(new):
            record["status"] = normal_status(record["status"])
        for key in self.phases:
            phase = new.get(key)
            if not isinstance(phase, dict):
                continue
            statuses = file_statuses(phase)
            if statuses:
                phase["counts"] = counted(statuses.values())
                phase["status"] = combined_status(phase["counts"])
            elif "counts" in phase and file_statuses(_section(old, key)):
                # The status was derived from records that are gone: nobody has written it.
                if phase.get("status") == _section(old, key).get("status"):
                    phase["status"] = PENDING
                del phase["counts"]

    def check(self, old: Document, new: Document) -> None:
        """Check a document that is to follow another.

        Raises:
            StateValidationError: it does not fit the schema.
            InvalidStatusTransitionError: a status may not follow the one before it.
        """
        self.validate(new)
        for key in self.phases:
            before, after = _section(old, key), _section(new, key)
            if not file_statuses(after):  # otherwise the status is derived, and follows from its records
                self.check_transition(key, before.get("status"), after.get("status"))
            records_before, records_after = _section(before, "files"), _section(after, "files")
            for name in records_after:
                status_before = _section(records_before, name).get("status")
                self.check_transition(f"{key}.files.{name}", status_before, _section(records_after, name).get("status"))

    def validate(self, document: Document) -> None:
        """Check a document against the schema.

        Raises:
            StateValidationError: it does not fit; the message names each place.
        """
        from pydantic import ValidationError

        try:
            self.schema().model_validate(document)
        except ValidationError as error:
            faults: dict[str, str] = {}
            for fault in error.errors(include_url=False):
                place = ".".join(str(part) for part in _in_document(document, fault["loc"]))
                said = _said(fault["type"], fault["msg"])
                faults.setdefault(place, f"{place or 'the document'}: {said}, found {fault['input']!r:.60}")
            told = list(faults.values())[:MOST_FAULTS_TOLD]
            more = [f"and {len(faults) - len(told)} more"] if len(faults) > len(told) else []
            raise StateValidationError(
                f"Schema validation failed: {'; '.join(told + more)}. Nothing was written. "
                "Correct these values; docs/pipeline-json.md describes the document."
            ) from error

    def check_transition(self, place: str, before: Any, after: Any) -> None:
        """Check that a status may follow another.

        Raises:
            InvalidStatusTransitionError: it may not; the message names the place.
        """
        before, after = normal_status(before), normal_status(after)
        if before == after or before not in self.transitions or after in self.transitions[before]:
            return
        allowed = ", ".join(self.transitions[before])
        raise InvalidStatusTransitionError(
            f"Invalid status transition: {before} → {after} at {place}. From {before} it may become {allowed}. "
            "Set one of these first, or pass validate=False."
        )

    def _with_status(self, document: Document) -> Iterator[dict[str, Any]]:
        """The records that hold a status."""
        batch = _section(document, "batch")
        holders = [_section(document, key) for key in self.phases]
        for section in [*holders, batch]:
            for record in _section(section, "files").values():
                if isinstance(record, dict) and "status" in record:
                    yield record
        for record in [*holders, _section(batch, "summary")]:
            if "status" in record:
                yield record


AUDIOBOOK = Lifecycle(
    schema_version=CURRENT_SCHEMA_VERSION,
    phases=tuple(phase.key for phase in PHASES),
    transitions=TRANSITIONS,
    schema=_audiobook_schema,
    records=(*((phase.key, "files") for phase in PHASES), ("books",), ("batch", "files")),
)


def records_of(document: Mapping[str, Any], name: str, lifecycle: Lifecycle) -> dict[str, Any]:
    """The records of one name (of a book, say) in a document, by the section that each is in."""
    found = {}
    for place in lifecycle.records:
        node: Any = document
        for key in (*place, name):
            node = node.get(key) if isinstance(node, dict) else None
        if node is not None:
            found[place[0]] = node
    return found


def file_statuses(phase: Mapping[str, Any]) -> dict[str, str]:
    """The status of each record of a phase; empty where none of them has one."""
    records = _section(phase, "files")
    if not any(isinstance(record, dict) and "status" in record for record in records.values()):
        return {}
    return {name: normal_status(_section(records, name).get("status")) for name in records}


def _section(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _said(kind: str, message: str) -> str:
    # Pydantic names its own classes there, which mean nothing to who reads this.
    return "expected an object" if kind in ("model_type", "model_attributes_type", "dict_type") else message


def _in_document(document: Any, place: tuple[int | str, ...]) -> Iterator[int | str]:
    """The parts of Pydantic's path that are in the document; the others name branches of a union."""
    for part in place:
        try:
            document = document[part]
        except (LookupError, TypeError):
            continue
        yield part
