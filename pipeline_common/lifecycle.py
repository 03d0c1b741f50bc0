# SPDX-License-Identifier: MIT
"""What a document means, as data for the engine: statuses, transitions, schema, required paths, limits, migrations.

This module knows no audiobook; that one's value is in `pipeline_common.audiobook`, and any other kind of document has
its own (docs/own-life-cycle.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline_common.codec import Document
from pipeline_common.errors import InvalidStatusTransitionError, StateReadError, StateValidationError
from pipeline_common.schema import check_model, record_model
from pipeline_common.tracked import Path

if TYPE_CHECKING:
    from pydantic import BaseModel

Migration: TypeAlias = Callable[[Document], None]
"""Brings a document of one version to the next, in place; made again, it changes nothing. It sees the document alone:
what takes knowledge of other files is the caller's to do."""


OPEN, WORKING, DONE, PASSED, FAILED = KINDS = ("open", "working", "done", "passed", "failed")
"""What a status says of the work on a record: it waits, somebody is at it, it is done, there is nothing to do, or it
has failed."""


def least_advanced(counts: Mapping[str, int]) -> str:
    """The first status of the table that any record has: a section is as far as the last of its records."""
    return next(iter(counts))


@dataclass(frozen=True, slots=True)
class Status:
    """One row of the table of statuses.

    Attributes:
        name: as it is stored.
        meaning: what it says of a record, for the documentation.
        after: which statuses may follow it, beside itself.
        required: what a record with this status must hold, as paths below it: ``("source.path",)``.
        kind: what it says of the work on the record, one of `KINDS`: what the tools go by.
    """

    name: str
    meaning: str
    after: tuple[str, ...]
    required: tuple[str, ...] = ()
    kind: str = OPEN


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The rules of one kind of document.

    Attributes:
        name: what a document is about, for the documentation.
        statuses: the one table of statuses; a missing status counts as the first.
        phases: the top-level sections that hold a status, and below ``files`` records with one.
        combined: the status of a phase from how many of its records have each status, in the order of the table and
            without those that none has; it is asked where there is at least one.
        synonyms: earlier names of statuses, read as today's in documents of any version.
        reports: the top-level sections that only report: statuses in their ``summary`` and below ``files`` are given
            their present names, and any may follow any.
        other_records: the paths, of one or two keys, of further objects whose values are records of their own; those
            below ``files`` of phases and reports are known. Each record is read, checked and written by itself.
        required: what a document must hold, as paths from its top: ``("phase1.status",)``.
        schema: gives the Pydantic model of the document; None where every object will do.
        described_in: where people find the document described, for messages.
        migrations: one function a step, from version 1 to 2, from 2 to 3, and so on. A document without
            ``schema_version`` is of version 1.
        default_retry_limit: how many attempts a phase is given, where `retry_limits` does not name it.
        retry_limits: the same for single phases, or for single statuses of the kind `WORKING`.
        retried_as: the status that a failed record takes when somebody asks for it to be tried again, from the record;
            without one it is the first status of the table.
        stage: how far a name (a book, say) has come, from its records by section; None where that is the status of its
            record in the first of `phases` that has one.
        required_paths: by stage, which files and folders must be there while a name is at it: where its records say
            their paths, as ``section.field``, such as ``releases.staging_dir`` (pipeline_common/stale.py has the rest
            of the notation). At a stage that is not named, nothing must be there.

    Raises:
        ValueError: the parts do not go together; the message says which.
    """

    name: str
    statuses: tuple[Status, ...]
    phases: tuple[str, ...]
    combined: Callable[[Mapping[str, int]], str] = least_advanced
    synonyms: Mapping[str, str] = field(default_factory=dict)
    reports: tuple[str, ...] = ()
    other_records: tuple[Path, ...] = ()
    required: tuple[str, ...] = ()
    schema: Callable[[], type[BaseModel]] | None = None
    described_in: str = ""
    migrations: tuple[Migration, ...] = ()
    default_retry_limit: int = 3
    retry_limits: Mapping[str, int] = field(default_factory=dict)
    retried_as: Callable[[Mapping[str, Any]], str] | None = None
    stage: Callable[[Mapping[str, Any]], str] | None = None
    required_paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    schema_version: int = field(init=False)
    """Of the documents that are written."""
    transitions: Mapping[str, tuple[str, ...]] = field(init=False, repr=False)
    """Which statuses may follow one; its keys are the names of all, in order."""
    initial: str = field(init=False, repr=False)
    """What a missing status counts as."""
    records: tuple[Path, ...] = field(init=False, repr=False)
    """The paths of all objects whose values are records."""
    record_places: frozenset[Path] = field(init=False, repr=False, compare=False)
    """The same, to ask whether a path is one of them."""
    sections: frozenset[str] = field(init=False, repr=False)
    """Phases and reports."""
    _kinds: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _required: tuple[tuple[str, Path], ...] = field(init=False, repr=False, compare=False)
    _required_by_status: Mapping[str, tuple[tuple[str, Path], ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check_definition()
        holders = ((key, "files") for key in self.phases), self.other_records, ((key, "files") for key in self.reports)
        derived = {
            "synonyms": MappingProxyType(dict(self.synonyms)),
            "retry_limits": MappingProxyType(dict(self.retry_limits)),
            "required_paths": MappingProxyType(dict(self.required_paths)),
            "schema_version": len(self.migrations) + 1,
            "transitions": MappingProxyType({status.name: status.after for status in self.statuses}),
            "initial": self.statuses[0].name,
            "records": (records := tuple(chain(*holders))),
            "record_places": frozenset(records),
            "sections": frozenset((*self.phases, *self.reports)),
            "_kinds": MappingProxyType({status.name: status.kind for status in self.statuses}),
            "_required": _split(self.required),
            "_required_by_status": {
                status.name: _split(status.required) for status in self.statuses if status.required
            },
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def _check_definition(self) -> None:
        names = [status.name for status in self.statuses]
        targets = {target for status in self.statuses for target in status.after} | set(self.synonyms.values())
        limits = (self.default_retry_limit, *self.retry_limits.values())
        holders = {*self.phases, *self.reports, *(place[0] for place in self.other_records)}
        strangers = {
            path for paths in self.required_paths.values() for path in paths if path.split(".")[0] not in holders
        }
        faults = {
            "has no statuses": not names,
            "names a status twice": len(set(names)) != len(names),
            f"leads to statuses that are not in its table: {', '.join(sorted(targets - set(names)))}": (
                targets - set(names)
            ),
            f"has a status of a kind that is none of {', '.join(KINDS)}": any(
                status.kind not in KINDS for status in self.statuses
            ),
            "calls a status of its table a synonym": set(self.synonyms) & set(names),
            "has a section that is both a phase and a report": set(self.phases) & set(self.reports),
            "has a path of records that is not one or two keys long": any(
                not 1 <= len(place) <= 2 for place in self.other_records
            ),
            "has a retry limit below 0": any(limit < 0 for limit in limits),
            "limits the retries of what is no phase of it, and no status of the kind working": (
                set(self.retry_limits)
                - {*self.phases, *(status.name for status in self.statuses if status.kind == WORKING)}
            ),
            f"requires paths of sections that it does not have: {', '.join(sorted(strangers))}": strangers,
        }
        for fault, found in faults.items():
            if found:
                raise ValueError(f"The life cycle {self.name!r} {fault}")

    # -- versions -----------------------------------------------------------------------------------------------------

    def version_of(self, document: Mapping[str, Any], where: str | os.PathLike[str]) -> int:
        """The schema version of a document; 1 where it says none.

        Raises:
            StateReadError: it is of a later version than this program knows; `where` is for the message.
        """
        number = _number(document)
        if number > self.schema_version:
            raise StateReadError(
                f"The state file {where} has schema version {number}, and this program knows versions up to "
                f"{self.schema_version}. Update this program, or name another file; nothing was changed."
            )
        return number

    def is_present(self, document: Mapping[str, Any]) -> bool:
        """Whether a document is of the present version."""
        return _number(document) == self.schema_version

    def migrate(self, document: Document, where: str | os.PathLike[str]) -> None:
        """Bring a document of an earlier version to the present form, in place.

        The number itself changes at the next commit: until then these steps are made at each load.

        Raises:
            StateReadError: it is of a later version, or a step failed; `where` is for the message. The document may
                have been changed in part, and is of no use.
        """
        first = self.version_of(document, where)
        for version, step in enumerate(self.migrations[first - 1 :], start=first):
            try:
                step(document)
            except Exception as error:  # a step is anybody's code, and a document of long ago may hold anything
                raise StateReadError(
                    f"The state file {where} could not be brought from schema version {version} to {version + 1}: "
                    f"{type(error).__name__}: {error}. Nothing was written. Correct what stands there, or report this "
                    "with the file."
                ) from error
        self.normalise(document)

    # -- statuses -----------------------------------------------------------------------------------------------------

    def normal_status(self, value: Any) -> Any:
        """The present name of a status; missing (None) is the first; anything unknown is returned as it is."""
        if value is None:
            return self.initial
        return self.synonyms.get(value, value) if isinstance(value, str) else value

    def kind_of(self, value: Any) -> str:
        """The kind of a status, one of `KINDS`; of what is none of the table, `open`."""
        status = self.normal_status(value)
        return self._kinds.get(status, OPEN) if isinstance(status, str) else OPEN

    def normalise(self, document: Document) -> None:
        """Give statuses their present names, in place."""
        for record in self._with_status(document):
            record["status"] = self.normal_status(record["status"])

    def counted(self, statuses: Iterable[str]) -> dict[str, int]:
        """How often each status occurs, in the order of the table; those that do not occur are absent."""
        counts = dict.fromkeys(self.transitions, 0)
        for status in statuses:
            if isinstance(status, str) and status in counts:  # a document may hold anything there
                counts[status] += 1
        return {status: count for status, count in counts.items() if count}

    def combined_status(self, counts: Mapping[str, int]) -> str:
        """The one status of several records.

        Args:
            counts: how many records have each status, as `counted` gives it.
        """
        return self.combined(counts) if counts else self.initial

    def file_statuses(self, phase: Mapping[str, Any]) -> dict[str, str]:
        """The status of each record of a phase; empty where none of them has one."""
        records = _section(phase, "files")
        if not any(isinstance(record, dict) and "status" in record for record in records.values()):
            return {}
        return {name: self.normal_status(_section(records, name).get("status")) for name in records}

    def settle(self, old: Document, new: Document) -> None:
        """Complete a document before it is committed, in place: names of statuses, counts and derived statuses.

        Args:
            old: the last commit.
            new: the document to be committed.
        """
        self.normalise(new)
        for key in self.phases:
            phase = new.get(key)
            if not isinstance(phase, dict):
                continue
            statuses = self.file_statuses(phase)
            if statuses:
                phase["counts"] = self.counted(statuses.values())
                phase["status"] = self.combined_status(phase["counts"])
            elif "counts" in phase and self.file_statuses(_section(old, key)):
                # The status was derived from records that are gone: nobody has written it.
                if phase.get("status") == _section(old, key).get("status"):
                    phase["status"] = self.initial
                del phase["counts"]

    # -- checks -------------------------------------------------------------------------------------------------------

    def check(self, old: Document, new: Document) -> None:
        """Check a document that is to follow another.

        Raises:
            StateValidationError: it does not fit the schema, or something required is missing.
            InvalidStatusTransitionError: a status may not follow the one before it.
        """
        self.check_schema(new)
        self.check_required(new)
        for key in self.phases:
            before, after = _section(old, key), _section(new, key)
            # A status that is or was derived follows from records, and no status from it.
            if not self.file_statuses(after) and "counts" not in before:
                self.check_transition(key, before.get("status"), after.get("status"))
            records_before, records_after = _section(before, "files"), _section(after, "files")
            for name, record in records_after.items():
                self.check_record(f"{key}.files.{name}", _section(records_before, name).get("status"), record)

    def validate(self, document: Document) -> None:
        """Check a document by itself: the schema, and what is required of it and of each record.

        Raises:
            StateValidationError: it does not fit; the message names each place.
        """
        self.check_schema(document)
        self.check_required(document)
        for key in self.phases:
            for name, record in _section(_section(document, key), "files").items():
                self._check_required_of(f"{key}.files.{name}", record)

    def prepare(self) -> None:
        """Make the schema ready, which takes an import the first time."""
        if self.schema is not None:
            for place in self.records:
                record_model(self.schema(), place)

    def check_schema(self, document: Document) -> None:
        """Check a document, or a part of one, against the schema.

        Raises:
            StateValidationError: it does not fit; the message names each place.
        """
        if self.schema is not None:
            check_model(self.schema(), document, self.described_in)

    def check_record_schema(self, place: Path, name: Any, record: Any) -> bool:
        """Check one record against its own part of the schema.

        Args:
            place: the path of the object that holds it.
            name: its key there.
            record: what is checked.

        Returns:
            Whether the schema has such a part; where not, nothing was checked.

        Raises:
            StateValidationError: it does not fit; the message names each place.
        """
        if self.schema is None:
            return True
        model = record_model(self.schema(), place)
        if model is None:
            return False
        check_model(model, record, self.described_in, (*place, name))
        return True

    def check_required(self, document: Mapping[str, Any]) -> None:
        """Check that what every document must hold is there.

        Raises:
            StateValidationError: a path is missing; the message names it.
        """
        for path, keys in self._required:
            if _at(document, keys) is None:
                raise _missing(path, "every document of this kind")

    def check_record(self, place: str, status_before: Any, record: Any) -> None:
        """Check a record that is to follow another: its status, and what it must hold.

        Args:
            place: where it is, for messages.
            status_before: the status of the record before it.
            record: the new one.

        Raises:
            InvalidStatusTransitionError: its status may not follow the one before.
            StateValidationError: something that its status requires is missing.
        """
        self.check_transition(place, status_before, record.get("status") if isinstance(record, dict) else None)
        if self._required_by_status:
            self._check_required_of(place, record)

    def _check_required_of(self, place: str, record: Any) -> None:
        if not isinstance(record, dict):
            return
        status = self.normal_status(record.get("status"))
        for path, keys in self._required_by_status.get(status, ()) if isinstance(status, str) else ():
            if _at(record, keys) is None:
                raise _missing(f"{place}.{path}", f"a record with the status {status}")

    def check_transition(self, place: str, before: Any, after: Any) -> None:
        """Check that a status may follow another.

        Raises:
            InvalidStatusTransitionError: it may not; the message names the place.
        """
        before, after = self.normal_status(before), self.normal_status(after)
        if before == after or not isinstance(before, str) or before not in self.transitions:
            return
        if after in self.transitions[before]:
            return
        allowed = ", ".join(self.transitions[before])
        raise InvalidStatusTransitionError(
            f"Invalid status transition: {before} → {after} at {place}. "
            + (f"From {before} it may become {allowed}. " if allowed else f"Nothing follows {before}. ")
            + (
                "Set one of these first, or pass validate=False."
                if allowed
                else "Pass validate=False to set it anyway."
            )
        )

    def retry_limit(self, phase: str) -> int:
        """How many attempts a phase, or a working status, is given before its record stays failed."""
        return self.retry_limits.get(phase, self.default_retry_limit)

    def stage_of(self, records: Mapping[str, Any]) -> str:
        """How far a name has come, from its records by section, as `records_of` gives them."""
        if self.stage is not None:
            return self.stage(records)
        record: Any = next((records[key] for key in self.phases if isinstance(records.get(key), dict)), {})
        return str(self.normal_status(record.get("status")))

    def _with_status(self, document: Document) -> Iterator[dict[str, Any]]:
        """The objects that hold a status."""
        sections = [_section(document, key) for key in (*self.phases, *self.reports)]
        for section in sections:
            for record in _section(section, "files").values():
                if isinstance(record, dict) and "status" in record:
                    yield record
        phases = sections[: len(self.phases)]
        summaries = (_section(report, "summary") for report in sections[len(self.phases) :])
        for record in (*phases, *summaries):
            if "status" in record:
                yield record


def records_of(document: Mapping[str, Any], name: str, lifecycle: Lifecycle) -> dict[str, Any]:
    """The records of one name (of a book, say) in a document, by the section that each is in."""
    found = {}
    for place in lifecycle.records:
        record = _at(document, (*place, name))
        if record is not None:
            found[place[0]] = record
    return found


def sparse_document(records: Mapping[str, Any], name: str, lifecycle: Lifecycle) -> dict[str, Any]:
    """The document that holds these records of one name and no others, every place for records included."""
    document: dict[str, Any] = {}
    for place in lifecycle.records:
        node = document
        for key in place:
            node = node.setdefault(key, {})
        if place[0] in records:
            node[name] = records[place[0]]
    return document


def _number(document: Mapping[str, Any]) -> int:
    version = document.get("schema_version")
    return max(version, 1) if isinstance(version, int) else 1


def _section(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _at(node: Any, keys: Path) -> Any:
    """What stands at a path; None where nothing does."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _split(paths: Iterable[str]) -> tuple[tuple[str, Path], ...]:
    return tuple((path, tuple(path.split("."))) for path in paths)


def _missing(path: str, of_what: str) -> StateValidationError:
    return StateValidationError(
        f"Schema validation failed: {path} is missing, and {of_what} must have it. Nothing was written. "
        "Set it in the same transaction."
    )
