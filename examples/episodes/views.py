"""Views of the document that other programs read: a YAML file an episode, and two tables of an SQLite database.

Both are made from the document and its history, may be deleted at any time, and are never read back.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from episodes.lifecycle import EPISODES
from episodes.records import episodes_of
from pipeline_common import PipelineState

_TABLES = """
CREATE TABLE episode_states (
    episode TEXT PRIMARY KEY, title TEXT, date TEXT, status TEXT NOT NULL, retry_count INTEGER NOT NULL, error TEXT
);
CREATE TABLE processing_log (
    revision INTEGER NOT NULL, at TEXT NOT NULL, episode TEXT NOT NULL, status TEXT NOT NULL, error TEXT
);
"""


def write_files(state: PipelineState, folder: Path) -> list[Path]:
    """Write one YAML file an episode, below the year that it is from; those that are right already are left alone.

    Returns:
        The files of all episodes.
    """
    written = []
    for episode, record in episodes_of(state).items():
        path = folder / _file_of(episode, record)
        content = yaml.safe_dump({"episode": episode, **record}, allow_unicode=True, sort_keys=False)
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_text(content, encoding="utf-8")
            temporary.replace(path)
        written.append(path)
    return written


def orphaned_files(state: PipelineState, folder: Path) -> list[Path]:
    """The YAML files that belong to no episode, or lie in a year that it is not from."""
    known = {folder / _file_of(episode, record) for episode, record in episodes_of(state).items()}
    return sorted(path for path in folder.glob("*/*.yaml") if path not in known)


def write_database(state: PipelineState, path: Path) -> None:
    """Write the tables ``episode_states`` (how things are) and ``processing_log`` (as far back as the history goes)."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    with closing(sqlite3.connect(temporary)) as database:
        database.executescript(_TABLES)
        database.executemany("INSERT INTO episode_states VALUES (?, ?, ?, ?, ?, ?)", _states(state))
        database.executemany("INSERT INTO processing_log VALUES (?, ?, ?, ?, ?)", _log(state))
        database.commit()
    os.replace(temporary, path)


def _states(state: PipelineState) -> Iterator[tuple[Any, ...]]:
    for episode, record in episodes_of(state).items():
        status = EPISODES.normal_status(record.get("status"))
        fields = (_text(record.get(field)) for field in ("title", "date"))
        count = record.get("retry_count")
        yield episode, *fields, _text(status), count if isinstance(count, int) else 0, _text(record.get("error"))


def _log(state: PipelineState) -> Iterator[tuple[Any, ...]]:
    """Each status that an episode has had, in the order of the commits."""
    known: dict[str, Any] = {}
    for change in state.history.kept():
        fields: dict[str, dict[str, Any]] = {}
        for operation in change.operations:
            path, value = operation[1], operation[2] if len(operation) > 2 else None
            for episode, record in _records_in(path, value):
                fields.setdefault(episode, {}).update(record if isinstance(record, Mapping) else {})
        for episode, changed in fields.items():
            status = changed.get("status")
            if status is not None and status != known.get(episode):
                known[episode] = status
                yield change.revision, change.at.isoformat(), episode, _text(status), _text(changed.get("error"))


def _records_in(path: tuple[Any, ...], value: Any) -> Iterator[tuple[str, Any]]:
    """The episodes that one change of the document has set, each with what was set of it."""
    place = ("episodes", "files")
    if len(path) > 2 and path[:2] == place:
        for key in reversed(path[3:]):
            value = {key: value}
        yield path[2], value
    elif place[: len(path)] == path:
        for key in place[len(path) :]:
            value = value.get(key) if isinstance(value, Mapping) else None
        yield from (value.items() if isinstance(value, Mapping) else ())


def _file_of(episode: str, record: Mapping[str, Any]) -> str:
    """Below the folder; an id is anybody's, so what could lead elsewhere is written in another way."""
    year = re.match(r"\d{4}(?!\d)", _text(record.get("date")) or "")
    name = quote(episode, safe=" ")
    return f"{year[0] if year else 'unknown'}/{name.replace('.', '%2E') if name.startswith('.') else name}.yaml"


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
