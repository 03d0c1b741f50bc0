"""What passes between the orchestrator and a phase: a plan in, a result out, both JSON files.

Standard library only: a phase in another environment may copy this module or write the JSON itself.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONTRACT_VERSION = 1


class ContractError(Exception):
    """A plan or result that does not have the agreed form; the message names the field."""


class PhaseError(Exception):
    """A phase could not do its work, for a reason that a person can understand.

    The message is one sentence (or two) that says what failed, where, why, and what to do next. It reaches the
    terminal, the log and the book's record as it is.

    Attributes:
        permanent: True where the same book with the same settings would fail in the same way again.
        error_type: a stable word for the kind of failure, such as ``encrypted`` or ``empty``.
    """

    permanent = False

    def __init__(self, message: str, *, error_type: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class PermanentError(PhaseError):
    """The book itself is the reason: encrypted, empty, damaged, of a format that is not read, or over a limit."""

    permanent = True


class TransientError(PhaseError):
    """The surroundings are the reason: a full disk, a killed worker. Another attempt may succeed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one attempt of one phase is given.

    Attributes:
        phase: the phase's name, such as ``synthesis``.
        book_id: identifies the book in names and messages.
        attempt: counts from 1.
        source: the book's file, absolute.
        book_dir: ``work/<book_id>``, absolute. A phase reads there what earlier phases left; only synthesis writes
            there, and only into ``chunks/``.
        attempt_dir: an empty folder, absolute, into which the phase writes its artifacts.
        inputs: artifacts of earlier phases, name to absolute path.
        settings: the settings that this phase reads, and no others.
        slots_dir: the folder of the core slots, absolute.
        cores: how many core slots there are.
        progress: a file to which the phase appends JSON lines ``{"phase", "done", "total"}``, absolute.
    """

    phase: str
    book_id: str
    attempt: int
    source: Path
    book_dir: Path
    attempt_dir: Path
    inputs: Mapping[str, Path]
    settings: Mapping[str, Any]
    slots_dir: Path
    cores: int
    progress: Path

    def variables(self) -> dict[str, str]:
        """What is one word of the plan as environment variables, for programs that do not read JSON."""
        words = ("phase", "book_id", "attempt", "source", "book_dir", "attempt_dir", "slots_dir", "cores", "progress")
        return {f"AUDIOBOOK_{name.upper()}": str(getattr(self, name)) for name in words}

    def to_json(self) -> str:
        """The plan as JSON text."""
        return json.dumps(
            {
                "version": CONTRACT_VERSION,
                "phase": self.phase,
                "book_id": self.book_id,
                "attempt": self.attempt,
                "source": str(self.source),
                "book_dir": str(self.book_dir),
                "attempt_dir": str(self.attempt_dir),
                "inputs": {name: str(path) for name, path in self.inputs.items()},
                "settings": dict(self.settings),
                "slots_dir": str(self.slots_dir),
                "cores": self.cores,
                "progress": str(self.progress),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read a plan.

        Raises:
            ContractError: the text is no plan; the message names the field.
        """
        data = _document(text, "plan")
        settings = _field(data, "settings", dict)
        inputs = _field(data, "inputs", dict)
        return cls(
            phase=_field(data, "phase", str),
            book_id=_field(data, "book_id", str),
            attempt=_field(data, "attempt", int),
            source=Path(_field(data, "source", str)),
            book_dir=Path(_field(data, "book_dir", str)),
            attempt_dir=Path(_field(data, "attempt_dir", str)),
            inputs={name: Path(path) for name, path in inputs.items()},
            settings=settings,
            slots_dir=Path(_field(data, "slots_dir", str)),
            cores=_field(data, "cores", int),
            progress=Path(_field(data, "progress", str)),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a phase failed, as data.

    Attributes:
        error_type: a stable word for the kind of failure.
        message: what failed, where, why, and what to do next.
        permanent: True where trying again would fail in the same way.
        traceback: where in the program it happened, for whoever mends it; None where the message says it all.
    """

    error_type: str
    message: str
    permanent: bool
    traceback: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What one attempt of one phase gives back.

    Attributes:
        artifacts: name to path relative to the attempt folder; they move to the book's folder.
        deliverables: name to path relative to the attempt folder; they are for the listener and move to ``output/``.
        output_folder: where in the output folder they belong, such as ``Jane Austen/Emma``; None where the phase
            makes no statement.
        metrics: numbers for the record, such as words or seconds.
        book: facts for the book's record, such as title, authors and language.
        failure: None where the phase succeeded.
    """

    artifacts: Mapping[str, str] = field(default_factory=dict)
    deliverables: Mapping[str, str] = field(default_factory=dict)
    output_folder: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    book: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None

    def to_json(self, plan: Plan) -> str:
        """The result as indented JSON text, marked as the answer to `plan`."""
        failure = self.failure
        return json.dumps(
            {
                "version": CONTRACT_VERSION,
                "phase": plan.phase,
                "book_id": plan.book_id,
                "attempt": plan.attempt,
                "status": "failed" if failure else "success",
                "artifacts": dict(self.artifacts),
                "deliverables": dict(self.deliverables),
                "output_folder": self.output_folder,
                "metrics": dict(self.metrics),
                "book": dict(self.book),
                "error": failure
                and {
                    "type": failure.error_type,
                    "message": failure.message,
                    "permanent": failure.permanent,
                    "traceback": failure.traceback,
                },
            },
            ensure_ascii=False,
            indent=2,
        )

    @classmethod
    def from_json(cls, text: str, plan: Plan) -> Result:
        """Read the answer to `plan`.

        Raises:
            ContractError: the text is no result, or the answer to another plan; the message names the field.
        """
        data = _document(text, "result")
        unknown = sorted(data.keys() - RESULT_FIELDS)
        if unknown:
            raise ContractError(f"result: {unknown[0]} is no field of a result; there are {', '.join(RESULT_FIELDS)}")
        for name in ("phase", "book_id", "attempt"):
            found, expected = data.get(name), getattr(plan, name)
            if found != expected or type(found) is not type(expected):
                raise ContractError(f"result: {name} is {_shown(found)}, expected {expected!r}")
        status = _field(data, "status", str)
        if status not in ("success", "failed"):
            raise ContractError(f"status is {_shown(status)}, expected 'success' or 'failed'")
        return cls(
            artifacts=_paths(data, "artifacts"),
            deliverables=_paths(data, "deliverables"),
            output_folder=_optional(data, "output_folder"),
            metrics=_metrics(_field(data, "metrics", dict, {})),
            book=_book(_field(data, "book", dict, {})),
            failure=_failure(data) if status == "failed" else None,
        )


RESULT_FIELDS = (
    "version",
    "phase",
    "book_id",
    "attempt",
    "status",
    "artifacts",
    "deliverables",
    "output_folder",
    "metrics",
    "book",
    "error",
)
"""What a result may hold; all from ``artifacts`` on may be left out where there is nothing to say."""

_SHOWN_CHARACTERS = 80


def _document(text: str, kind: str) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no number of JSON")

    try:
        data = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ContractError(f"{kind}: not JSON ({error})") from error
    if not isinstance(data, dict):
        raise ContractError(f"{kind}: expected an object, found {type(data).__name__}")
    if data.get("version") != CONTRACT_VERSION:
        raise ContractError(f"{kind}: version is {_shown(data.get('version'))}, expected {CONTRACT_VERSION}")
    return data


def _failure(data: Mapping[str, Any]) -> Failure:
    error = _field(data, "error", dict)
    return Failure(
        error_type=_field(error, "type", str, within="error."),
        message=_field(error, "message", str, within="error."),
        permanent=_field(error, "permanent", bool, within="error."),
        traceback=_optional(error, "traceback", within="error."),
    )


def _metrics(data: dict[str, Any]) -> dict[str, Any]:
    for name, value in data.items():
        if isinstance(value, dict | list) or (isinstance(value, float) and not math.isfinite(value)):
            raise ContractError(f"metrics.{name} is {_shown(value)}, expected a number or a word")
    return data


def _book(data: dict[str, Any]) -> dict[str, Any]:
    """Facts for the book's record, as far as it keeps them."""
    for name in ("title", "language"):
        if data.get(name) is not None:
            _field(data, name, str, within="book.")
    authors = data.get("authors", [])
    if not isinstance(authors, list) or not all(isinstance(author, str) for author in authors):
        raise ContractError(f"book.authors is {_shown(authors)}, expected a list of strings")
    return data


_REQUIRED = object()


def _field(data: Mapping[str, Any], name: str, kind: type, default: Any = _REQUIRED, *, within: str = "") -> Any:
    value = data.get(name)
    if name not in data:
        if default is not _REQUIRED:
            return default
        raise ContractError(f"{within}{name} is missing")
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ContractError(f"{within}{name} is {_shown(value)}, expected {_WORDS[kind]}")
    return value


_WORDS = {str: "a string", int: "a whole number", bool: "true or false", dict: "an object"}


def _optional(data: Mapping[str, Any], name: str, within: str = "") -> str | None:
    value = data.get(name)
    if value is not None and not isinstance(value, str):
        raise ContractError(f"{within}{name} is {_shown(value)}, expected a string or null")
    return value


def _paths(data: Mapping[str, Any], name: str) -> dict[str, str]:
    paths: dict[str, str] = {}
    for key, value in _field(data, name, dict, {}).items():
        if not isinstance(value, str):
            raise ContractError(f"{name}.{key} is {_shown(value)}, expected a string")
        paths[key] = value
    return paths


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
