# SPDX-License-Identifier: MIT
"""Writes the pages about the document from its models and its life cycle: ``python -m pipeline_common.docs docs``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline_common import models
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.lifecycle import Lifecycle, Status

SCHEMA_FILE = "pipeline.schema.json"
PAGE_FILE = "pipeline-json.md"
LIFE_CYCLE_FILE = "life-cycle.md"

_BEGIN = """\
# `pipeline.json`

This page is generated from `pipeline_common/models.py` by `python -m pipeline_common.docs docs`. The same as JSON
Schema: [{schema_file}]({schema_file}).

{about} Its schema version is {version}.
Every field may be absent, fields that are not named here are kept, anywhere, and times are ISO 8601, UTC. The engine's
own section `_state` (`revision`, which grows by one at each commit) is in the file and never in what
`PipelineState.read()` gives. What each status means, and which may follow which, says
[{life_cycle_file}]({life_cycle_file}).
"""

_LIFE_CYCLE_BEGIN = """\
# The life cycle of an {name}

This page is generated from `pipeline_common/statuses.py` and `pipeline_common/audiobook.py` by
`python -m pipeline_common.docs docs`. How to make one for documents of another kind says
[own-life-cycle.md](own-life-cycle.md).

Each record of a phase (one book in it, `phase2.files.<book_id>`) and each phase itself has a status. Every commit that
changes one is checked against this table, in whatever way it was made: `transaction()`, `write()`, or a scoped handle.
`InvalidStatusTransitionError` names the place and what would be allowed; `validate=False` skips the check.

"""

_AUDIOBOOK_RULES = """\
## The status of a phase

Where a record below `files` has a status, the phase's own is derived from them at each commit, together with `counts`:
`running` while one runs; `success` where all succeeded or were skipped, `skipped` where all were; `partial` where some
succeeded and others did not, or not yet; `failed` where none succeeded; otherwise `pending`. A derived status may
become any other. A phase without such records keeps the status that its caller wrote.

## Rescue

`running` is a claim that only a live holder of the book's lock can make. The lock is the kernel's and ends with its
process, the status in the document does not: a record that says `running` while nobody holds the lock is that of an
attempt that was killed, and counts as interrupted. Nothing has to be cleaned up by hand. Whoever takes the lock next
removes what the attempt left and begins the phase again; what it had finished (chunks that were spoken) is kept. An
attempt that is ended in an orderly way, as by Ctrl-C, turns its record back to `pending` itself.

## Retry

A `failed` phase is begun again by the next run of its book, and `attempts` counts how often that was. Beginning a phase
clears the book's records of it and of all later ones in the same transaction. The life cycle's limit is {limit}
attempts of each phase, which is the default of `retries.limit` in [configuration.md](configuration.md).
"""


def schema() -> str:
    """The JSON Schema of the document, as indented text."""
    content = models.PipelineDocument.model_json_schema()
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def page() -> str:
    """The page that describes the document, in Markdown."""
    about = models.PipelineDocument.__doc__ or ""
    parts = [
        _BEGIN.format(
            schema_file=SCHEMA_FILE, life_cycle_file=LIFE_CYCLE_FILE, about=about, version=AUDIOBOOK.schema_version
        )
    ]
    content = models.PipelineDocument.model_json_schema()
    parts.append("\n".join(["## The document", "", *_table(content)]))
    for name, part in content["$defs"].items():
        parts.append("\n".join([f"## {name}", "", part.get("description", ""), "", *_table(part)]))
    return "\n".join(parts)


def life_cycle_page() -> str:
    """The page that describes the life cycle of an audiobook, in Markdown."""
    begin = _LIFE_CYCLE_BEGIN.format(name=AUDIOBOOK.name)
    rules = _AUDIOBOOK_RULES.format(limit=AUDIOBOOK.default_retry_limit)
    return f"{begin}{described(AUDIOBOOK)}\n{rules}"


def described(lifecycle: Lifecycle) -> str:
    """What any life cycle's tables say, in Markdown: the picture, the statuses, the versions."""
    arrows = [f"    {status.name} --> {to}" for status in lifecycle.statuses for to in status.after]
    rows = [_row(status) for status in lifecycle.statuses]
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {lifecycle.initial}", *arrows, "```", ""]
    lines += ["| status | means | may become | required |", "|---|---|---|---|", *rows, ""]
    lines += [f"The same again is always allowed; missing counts as `{lifecycle.initial}`."]
    if lifecycle.synonyms:
        names = ", ".join(f"`{old}` as `{new}`" for old, new in lifecycle.synonyms.items())
        lines += [f"Earlier names are read as today's: {names}."]
    if lifecycle.required:
        lines += [f"Every document must hold {_listed(lifecycle.required)}."]
    if lifecycle.required_paths:
        lines += ["", "## What must be there", "", "| stage | files that must be there, where they are recorded |"]
        lines += ["|---|---|", *(f"| `{at}` | {_listed(paths)} |" for at, paths in lifecycle.required_paths.items())]
    lines += ["", "## Versions", "", f"The present version of the document is {lifecycle.schema_version}.", ""]
    for version, step in enumerate(lifecycle.migrations, start=1):
        said = " ".join((step.__doc__ or "").split("\n\n")[0].split()).replace("``", "`")
        lines += [f"- {version} to {version + 1} (`{step.__name__}`): {said}"]
    return "\n".join([*lines, ""])


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files into the folder that is named.

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
    (folder / LIFE_CYCLE_FILE).write_text(life_cycle_page(), encoding="utf-8")
    return 0


def _row(status: Status) -> str:
    return f"| `{status.name}` | {status.meaning} | {_listed(status.after)} | {_listed(status.required)} |"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


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
