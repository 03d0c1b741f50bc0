# SPDX-License-Identifier: MIT
"""Configuration files: YAML read safely, checked against a model, with errors that name line and key.

The file is taken as hostile: limits on size, depth and expanded size, no tags but YAML's own, no merge keys, no
duplicate keys.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline_common.errors import ConfigError
from pipeline_common.wording import counted

__all__ = ["ConfigError", "load"]

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_VALUES = 20_000
"""Values after aliases are expanded: a "billion laughs" is a few hundred bytes."""

_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

Model = TypeVar("Model", bound=BaseModel)
KeyPath: TypeAlias = tuple[Hashable, ...]


def load(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into a model.

    Args:
        path: the file; an empty one is an empty mapping.
        model: a Pydantic model; for unknown keys to be errors, it and those in it have ``extra="forbid"``.

    Returns:
        The validated configuration.

    Raises:
        ConfigError: the file cannot be read, is no YAML, or does not fit the model. One line an error, each with file,
            line, key and what is wrong, and for an unknown key the nearest known ones.
    """
    values, lines = _Reader(path).read()
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_report(path, error.errors(include_url=False), lines, model))) from error


class _Reader:
    """One file: its values, and the line of each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[KeyPath, int] = {(): 1}
        self._count = 0

    def read(self) -> tuple[Any, dict[KeyPath, int]]:
        text = self._text()
        try:
            self._check_depth(text)
            # SafeLoader: no tag makes anything but plain values.
            loader = yaml.SafeLoader(text)
            try:
                node = loader.get_single_node()
                values = {} if node is None else self._value(loader, node, ())
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._fault(
                mark.line + 1 if mark else 1, f"not valid YAML: {error.problem or error.context}"
            ) from error
        except yaml.YAMLError as error:
            raise self._fault(1, f"not valid YAML: {error}") from error
        if values is None:  # only comments, or an explicit null
            values = {}
        if not isinstance(values, dict):
            raise self._fault(1, f"expected `key: value` lines, found {_shown(values)}")
        return values, self._lines

    def _text(self) -> str:
        try:
            with self._path.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ConfigError(
                f"{self._path}: the configuration cannot be read: {error.strerror or error}. "
                "Make it a readable file, or name another one."
            ) from error
        if len(raw) > MAX_BYTES:
            raise ConfigError(f"{self._path}: a configuration has at most {MAX_BYTES} bytes, and this file is larger.")
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise self._fault(line, f"byte {error.start} is not UTF-8; save the file as UTF-8") from error

    def _check_depth(self, text: str) -> None:
        """From the stream of events, because building the tree would recurse."""
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise self._fault(_line(event), f"nested more than {MAX_DEPTH} levels deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def _value(self, loader: yaml.SafeLoader, node: yaml.Node, where: KeyPath) -> Any:
        line = _line(node)
        self._count += 1
        if self._count > MAX_VALUES or len(where) > MAX_DEPTH:  # an alias may also lead back to its own anchor
            raise self._fault(line, "too many values once its aliases are expanded; write it without aliases")
        self._lines.setdefault(where, line)
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
            raise self._fault(line, f"the tag {node.tag!r} is not supported; leave it out")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(loader, item, (*where, index)) for index, item in enumerate(node.value)]
        try:
            return loader.construct_object(node)
        except (ValueError, OverflowError) as error:  # such as the 31st of February
            raise self._fault(line, f"{_key(where)}: {node.value!r:.60} is not what it looks like: {error}") from error

    def _mapping(self, loader: yaml.SafeLoader, node: yaml.MappingNode, where: KeyPath) -> dict[Hashable, Any]:
        values: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            line = _line(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._fault(line, "a key is a list or a mapping; keys are words")
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise self._fault(line, "merge keys (`<<`) are not supported; write the keys out")
            key: Hashable = loader.construct_object(key_node)
            if not isinstance(key, str):
                raise self._fault(line, f"keys are words, and {key_node.value!r} is not; put it in quotation marks")
            here = (*where, key)
            if key in values:
                raise self._fault(line, f"{_key(here)} stands here again, first on line {self._lines[here]}")
            self._lines[here] = line
            values[key] = self._value(loader, value_node, here)
        return values

    def _fault(self, line: int, message: str) -> ConfigError:
        return ConfigError(f"{self._path}, line {line}: {message}")


def _line(node: yaml.Node | yaml.Event) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1


def _report(path: Path, faults: list[ErrorDetails], lines: dict[KeyPath, int], model: type[BaseModel]) -> Iterator[str]:
    """Each fault once, as a line of text, in the order of the file."""
    found = sorted(((_known_part(fault["loc"], lines), fault) for fault in faults), key=lambda pair: lines[pair[0]])
    told: set[str] = set()
    for known, fault in found:
        # Where a value may be of several forms and one of them fits, what is wrong lies inside it.
        if fault["type"].endswith("_type") and any(
            len(other) > len(known) and other[: len(known)] == known for other, _ in found
        ):
            continue
        text = f"{path}, line {lines[known]}: {_told(known, fault, model)}"
        if text not in told:
            told.add(text)
            yield text


def _told(known: KeyPath, fault: ErrorDetails, model: type[BaseModel]) -> str:
    kind, message = fault["type"], fault["msg"]
    if kind == "extra_forbidden":
        return f"{_key(known)} is no known key{_nearest(fault['loc'], model)}"
    if kind == "missing":
        return f"{_key(fault['loc'])} is missing"
    name = f"{_key(known)}: " if known else ""
    if kind in ("value_error", "assertion_error"):  # from a validator, which has said it all
        return name + message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        message = "expected `key: value` lines below it"
    elif kind in ("list_type", "tuple_type"):
        message = "expected a list, such as [a, b]"
    elif kind == "too_short":
        message = f"expected at least {counted(fault['ctx']['min_length'], 'item')}"
    return f"{name}{message}, found {_shown(fault['input'])}"


def _known_part(place: tuple[int | str, ...], lines: dict[KeyPath, int]) -> KeyPath:
    """The parts of Pydantic's path that are in the file; the others name branches of a union."""
    known: KeyPath = ()
    for part in place:
        if (*known, part) in lines:
            known = (*known, part)
    return known


def _nearest(place: tuple[int | str, ...], model: type[BaseModel]) -> str:
    names = sorted({name for parent in _models_at(place[:-1], model) for name in _names(parent)})
    near = difflib.get_close_matches(str(place[-1]), names, n=3, cutoff=0.6)
    if near:
        return "; did you mean " + " or ".join(near) + "?"
    return f"; known here: {', '.join(names)}" if names else ""


def _models_at(place: tuple[int | str, ...], model: type[BaseModel]) -> list[type[BaseModel]]:
    """The models that may stand at a path."""
    found = [model]
    for part in place:
        step = [m for parent in found for m in _models_in(_annotation(parent, part))]
        found = step or found  # a part that names a branch of a union leads nowhere
    return found


def _annotation(model: type[BaseModel], name: int | str) -> Any:
    for field_name, field in model.model_fields.items():
        if name in (field_name, field.alias):
            return field.annotation
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name


def _key(place: tuple[Hashable, ...]) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) and not isinstance(part, bool) else f".{part}"
    return text.lstrip(".") or "the file"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
