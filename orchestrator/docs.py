"""Writes what models say of themselves into ``docs/``: ``python -m orchestrator.docs docs``.

The page on the configuration, and the JSON Schemas of what passes between the orchestrator and a phase.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from orchestrator.config import Config
from phases.contract import CONTRACT_VERSION, RESULT_FIELDS, Failure, Plan, Result
from pipeline_common.phases import PHASES

PAGE = "configuration.md"
PLAN_SCHEMA, RESULT_SCHEMA = "schemas/plan.schema.json", "schemas/result.schema.json"

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_HEAD = """# `config.yaml`

Generated from `orchestrator/config.py` by `make docs`; do not edit.

Every key may be left out. Paths are relative to the file. The command line goes over the file, the file over the
defaults. A key that is not known is an error that names the nearest one. `resume` and a list `phases` are accepted for
`resume_enabled` and `phases_to_run`. A program that is named with a slash lies relative to the file, too;
[phase-contract.md](phase-contract.md) says all about programs in the place of phases.

| key | default | range | meaning |
|---|---|---|---|
"""


def configuration_page() -> str:
    """The page's text."""
    rows = "".join(f"| `{key}` | {default} | {limits} | {text} |\n" for key, default, limits, text in _rows(Config, ""))
    return f"{_HEAD}{rows}"


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for attribute, field in model.model_fields.items():
        name = field.alias or attribute
        if isinstance(field.default, BaseModel):
            yield from _rows(type(field.default), f"{prefix}{name}.")
        elif field.description:
            yield (
                f"{prefix}{name}",
                f"`{_default(field.get_default(call_default_factory=True))}`",
                _range(field.metadata),
                field.description,
            )


def _default(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return json.dumps(value)


def _range(limits: list[Any]) -> str:
    words = {"ge": "at least", "gt": "above", "le": "at most"}
    found = [f"{words[kind]} {getattr(limit, kind):g}" for limit in limits for kind in words if hasattr(limit, kind)]
    return ", ".join(found)


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of what a phase is given."""
    properties = {"version": _version(), **_properties(Plan)}
    return {
        "$schema": _DRAFT,
        "title": "Plan",
        "description": _summary(Plan),
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def result_schema() -> dict[str, Any]:
    """The JSON Schema of what a phase gives back."""
    plan, result = _properties(Plan), _properties(Result)
    result["metrics"]["additionalProperties"] = {"type": ["number", "string", "boolean", "null"]}
    result["book"]["properties"] = {
        "title": {"type": ["string", "null"]},
        "authors": {"type": "array", "items": {"type": "string"}},
        "language": {"type": ["string", "null"]},
    }
    failure = _properties(Failure)
    error = {"type": failure.pop("error_type"), **failure}
    found: dict[str, Any] = {
        **{name: plan[name] for name in ("phase", "book_id", "attempt")},
        **result,
        "version": _version(),
        "status": {"enum": ["success", "failed"]},
        "error": {"description": "why it failed; null, or left out, where it did not"},
    }
    failed = {"type": "object", "properties": error, "required": ["type", "message", "permanent"]}
    return {
        "$schema": _DRAFT,
        "title": "Result",
        "description": _summary(Result),
        "type": "object",
        "properties": {name: found[name] for name in RESULT_FIELDS},
        "required": list(RESULT_FIELDS[: RESULT_FIELDS.index("artifacts")]),
        "additionalProperties": False,
        "if": {"properties": {"status": {"const": "failed"}}, "required": ["status"]},
        "then": {"properties": {"error": failed}, "required": ["error"]},
    }


def _version() -> dict[str, Any]:
    return {"const": CONTRACT_VERSION, "description": "of the contract"}


def _properties(model: type[Any]) -> dict[str, dict[str, Any]]:
    """What a dataclass and its docstring say of each field."""
    hints, texts = get_type_hints(model), _texts(model)
    found = {}
    for field in fields(model):
        found[field.name] = {**_typed(hints[field.name]), "description": texts[field.name]}
    if "phase" in found:
        found["phase"]["enum"] = [phase.name for phase in PHASES]
    return found


def _typed(hint: Any) -> dict[str, Any]:
    names = {str: "string", Path: "string", int: "integer", bool: "boolean"}
    if hint in names:
        return {"type": names[hint], **({"minimum": 1} if hint is int else {})}
    if get_origin(hint) is Mapping:
        value = get_args(hint)[1]
        return {"type": "object", **({} if value is Any else {"additionalProperties": _typed(value)})}
    words = [names.get(part, "null") for part in get_args(hint)]  # such as ``str | None``
    return {"type": words}


def _summary(model: type[Any]) -> str:
    return (inspect.getdoc(model) or "").split("\n\n")[0]


def _texts(model: type[Any]) -> dict[str, str]:
    """The section ``Attributes`` of a docstring, by name."""
    _, _, section = (inspect.getdoc(model) or "").partition("Attributes:\n")
    rows = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()).replace("``", "`").rstrip(".") for name, text in rows}


def write(folder: Path) -> None:
    """Write all of it into the folder of the documentation."""
    (folder / PAGE).write_text(configuration_page(), encoding="utf-8")
    for name, schema in ((PLAN_SCHEMA, plan_schema()), (RESULT_SCHEMA, result_schema())):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
