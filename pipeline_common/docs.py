# SPDX-License-Identifier: MIT
"""Writes the pages about the document from its models: ``python -m pipeline_common.docs docs``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline_common import models
from pipeline_common.lifecycle import CURRENT_SCHEMA_VERSION
from pipeline_common.statuses import SYNONYMS, TRANSITIONS

SCHEMA_FILE = "pipeline.schema.json"
PAGE_FILE = "pipeline-json.md"

_BEGIN = """\
# `pipeline.json`

This page is generated from `pipeline_common/models.py` by `python -m pipeline_common.docs docs`. The same as JSON
Schema: [{schema_file}]({schema_file}).

{about} Its schema version is {version}.
Every field may be absent, fields that are not named here are kept, anywhere, and times are ISO 8601, UTC. The engine's
own section `_state` (`revision`, which grows by one at each commit) is in the file and never in what
`PipelineState.read()` gives.
"""

_STATUSES = """\
## Statuses

| status | may become |
|---|---|
{rows}

The same again is always allowed; missing counts as `pending`. Names of the first version are read as today's:
{synonyms}.

```mermaid
stateDiagram-v2
    [*] --> pending
{arrows}
```

The status of a phase whose records below `files` have one is derived from them at each commit, together with `counts`:
`running` while one runs; `success` where all succeeded or were skipped, `skipped` where all were; `partial` where some
succeeded and others did not, or not yet; `failed` where none succeeded; otherwise `pending`.
A derived status may become any other.
"""


def schema() -> str:
    """The JSON Schema of the document, as indented text."""
    content = models.PipelineDocument.model_json_schema()
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """The page that describes the document, in Markdown."""
    about = models.PipelineDocument.__doc__ or ""
    rows = [f"| `{name}` | {', '.join(f'`{to}`' for to in after)} |" for name, after in TRANSITIONS.items()]
    parts = [
        _BEGIN.format(schema_file=SCHEMA_FILE, about=about, version=CURRENT_SCHEMA_VERSION),
        _STATUSES.format(
            rows="\n".join(rows),
            synonyms=", ".join(f"`{old}` as `{new}`" for old, new in SYNONYMS.items()),
            arrows="\n".join(f"    {name} --> {to}" for name, after in TRANSITIONS.items() for to in after),
        ),
    ]
    content = models.PipelineDocument.model_json_schema()
    parts.append("\n".join(["## The document", "", *_table(content)]))
    for name, part in content["$defs"].items():
        parts.append("\n".join([f"## {name}", "", part.get("description", ""), "", *_table(part)]))
    return "\n".join(parts)


def main(argv: Sequence[str] | None = None) -> int:
    """Write both files into the folder that is named.

    Returns:
        The exit code: 0 done, 2 wrong usage.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("usage: python -m pipeline_common.docs FOLDER (an existing one)\n")
        return 2
    folder = Path(arguments[0])
    (folder / SCHEMA_FILE).write_text(schema(), encoding="utf-8")
    (folder / PAGE_FILE).write_text(page(), encoding="utf-8")
    return 0


def _table(part: dict[str, Any]) -> Iterator[str]:
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    for name, field in part.get("properties", {}).items():
        yield f"| `{name}` | {_kind(field)} | {field.get('description', '')} |"
    yield ""


def _kind(field: dict[str, Any]) -> str:
    """A JSON Schema type in words."""
    if "$ref" in field:
        name = str(field["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_kind(choice) for choice in field["anyOf"] if choice.get("type") != "null")
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if field.get("type") == "array":
        return f"list of {_kind(field['items'])}" if field.get("items") else "list"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"object of {_kind(field['additionalProperties'])}"
    return str(field.get("type", "any"))


if __name__ == "__main__":
    sys.exit(main())
