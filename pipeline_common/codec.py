# SPDX-License-Identifier: MIT
"""The document as text: strict JSON, indented, with the engine's own section first."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from pipeline_common.errors import StateValidationError

Document: TypeAlias = dict[str, Any]

OWN_SECTION = "_state"
MAX_DEPTH = 200
"""Levels of nesting; the document needs about ten, and Python's own parser gives up near a thousand."""


_ATOMS = frozenset({str, int, bool, type(None)})
"""The types, exactly, of values that are plain JSON as they are."""
_TEXT = frozenset({str})
_PLAIN = _ATOMS | {dict, list, float}

_READABLE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_ASCII = json.JSONEncoder(allow_nan=False)


class DamagedError(ValueError):
    """The text is no JSON document; the message is the reason, without the file's name."""


def decode(raw: bytes) -> tuple[Any, int]:
    """Read a document.

    Args:
        raw: the file's content, UTF-8.

    Returns:
        The document without the engine's section, and the revision recorded there (0 where there is none).

    Raises:
        DamagedError: it is empty, no UTF-8, no JSON, or JSON with duplicate keys, NaN or infinite numbers, or nested
            more than `MAX_DEPTH` levels deep.
    """
    if not raw.strip(b" \t\r\n\0"):
        raise DamagedError("the file is empty")
    try:
        document = json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_constant=_not_a_number,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise DamagedError(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise DamagedError(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise DamagedError("it is nested too deeply") from error
    except ValueError as error:  # a hook below, or a number of more than 4,300 digits
        raise DamagedError(str(error)) from error
    _check_depth(document)
    if not isinstance(document, dict):
        return document, 0
    own = document.pop(OWN_SECTION, None)
    revision = own.get("revision") if isinstance(own, dict) else None
    return document, revision if isinstance(revision, int) and revision > 0 else 0


def encode(document: Mapping[str, Any], revision: int) -> bytes:
    """Write a document that `plain` has made.

    Characters are written as themselves, except in a document with lone surrogates, which UTF-8 cannot hold.
    """
    # First in the file, so that a backup's revision is found without reading the whole.
    whole = {OWN_SECTION: {"revision": revision}, **document}
    try:
        return (_indented(whole, "\n", _READABLE) + "\n").encode("utf-8")
    except UnicodeEncodeError:
        return (_indented(whole, "\n", _ASCII) + "\n").encode("ascii")


def encode_part(value: Any, levels: int) -> bytes:
    """Write a part of a document as it stands in the whole.

    Args:
        value: plain JSON.
        levels: how deep it lies; lines after the first are indented by two blanks for each.
    """
    margin = "\n" + "  " * levels
    try:
        return _indented(value, margin, _READABLE).encode("utf-8")
    except UnicodeEncodeError:
        return _indented(value, margin, _ASCII).encode("ascii")


def plain(value: Any, place: Sequence[Any] = ()) -> Any:
    """A copy that consists of plain JSON values and shares nothing with the original.

    Args:
        value: what to copy. Tuples become lists.
        place: where it stands in the document.

    Raises:
        StateValidationError: something in it has no place in JSON; the message names the path.
    """
    try:
        return value if type(value) in _ATOMS else _plain(value, len(place))
    except _UnfitError as fault:
        path = "".join(f"[{key}]" if type(key) is int else f".{key}" for key in (*place, *reversed(fault.path)))
        raise StateValidationError(
            f"Schema validation failed: {path[:80].lstrip('.') or 'the document'} {fault.said}"
        ) from None


class _UnfitError(Exception):
    """A value that has no place in JSON; the path to it is collected on the way up, innermost key first."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said
        self.path: list[Any] = []


def _plain(value: Any, depth: int) -> Any:
    # At each commit, so exact types first, and nothing is put together for messages until there is one.
    if depth > MAX_DEPTH:
        raise _UnfitError(f"… is nested more than {MAX_DEPTH} levels deep, or contains itself. Store a flatter value.")
    kind = type(value)
    if kind is dict or (kind not in _PLAIN and isinstance(value, Mapping)):
        if kind is dict and _ATOMS.issuperset(map(type, value.values())) and _TEXT.issuperset(map(type, value)):
            return value.copy()
        copy: dict[str, Any] = {}
        for key, item in value.items():
            name = key if type(key) is str else _key(key)
            try:
                copy[name] = item if type(item) in _ATOMS else _plain(item, depth + 1)
            except _UnfitError as fault:
                fault.path.append(str(key))
                raise
        return copy
    if kind is float and math.isfinite(value):
        return value
    if kind is list or isinstance(value, list | tuple):
        if _ATOMS.issuperset(map(type, value)):
            return list(value)
        items: list[Any] = []
        for item in value:
            try:
                items.append(item if type(item) in _ATOMS else _plain(item, depth + 1))
            except _UnfitError as fault:
                fault.path.append(len(items))
                raise
        return items
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    raise _UnfitError(
        f"is {value!r:.80} ({kind.__name__}), which JSON cannot hold. "
        "Store a string, a finite number, true, false, null, a list or an object."
    )


def _indented(value: Any, margin: str, scalars: json.JSONEncoder) -> str:
    """What ``json.dumps(value, indent=2)`` gives, in a third of its time: with an indent, that one is all Python."""
    inner = margin + "  "
    if isinstance(value, dict) and value:
        encode_key = scalars.encode
        items = [f"{encode_key(key)}: {_indented(item, inner, scalars)}" for key, item in value.items()]
        return "{" + inner + f",{inner}".join(items) + margin + "}"
    if isinstance(value, list) and value:
        return "[" + inner + f",{inner}".join([_indented(item, inner, scalars) for item in value]) + margin + "]"
    return scalars.encode(value)


def copied(value: Any) -> Any:
    """A copy of a value that is known to be plain JSON; much faster than `plain`."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise _UnfitError(f"has the key {key!r:.80} ({type(key).__name__}); keys are strings. Use str() on it.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DamagedError(f"the key {key!r:.80} stands twice in one object")
            seen.add(key)
    return found


def _not_a_number(text: str) -> NoReturn:
    raise DamagedError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise DamagedError(f"the number {text:.40} is too large")
    return number


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(MAX_DEPTH + 2):
        parents = [value for value in level if isinstance(value, dict | list)]
        if not parents:
            return
        level = [child for value in parents for child in (value.values() if isinstance(value, dict) else value)]
    raise DamagedError("it is nested too deeply")
