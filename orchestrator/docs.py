"""Writes ``docs/configuration.md`` from the configuration's own models: ``python -m orchestrator.docs docs``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from orchestrator.config import NOT_YET_IN_EFFECT, Config

PAGE = "configuration.md"

_HEAD = """# `config.yaml`

Generated from `orchestrator/config.py` by `make docs`; do not edit.

Every key may be left out. Paths are relative to the file. The command line goes over the file, the file over the
defaults. A key that is not known is an error that names the nearest one. `resume` and a list `phases` are accepted for
`resume_enabled` and `phases_to_run`. A program that is named with a slash lies relative to the file, too.

| key | default | range | meaning |
|---|---|---|---|
"""


def configuration_page() -> str:
    """The page's text."""
    rows = "".join(f"| `{key}` | {default} | {limits} | {text} |\n" for key, default, limits, text in _rows(Config, ""))
    idle = ", ".join(f"`{name}`" for name in NOT_YET_IN_EFFECT)
    return f"{_HEAD}{rows}\nThe sections {idle} are accepted but have no effect in this version.\n"


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


if __name__ == "__main__":
    (Path(sys.argv[1]) / PAGE).write_text(configuration_page(), encoding="utf-8")
