# SPDX-License-Identifier: MIT
"""Checks a document against a Pydantic model, and says what is wrong in the document's own words."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pipeline_common.errors import StateValidationError

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST_FAULTS_TOLD = 5


def check_model(model: type[BaseModel], document: Any, described_in: str, at: tuple[Any, ...] = ()) -> None:
    """Check a document, or a part of one.

    Args:
        model: the schema of it.
        document: what is checked.
        described_in: where people find the document described; empty where nowhere.
        at: where the part stands in the whole, for messages.

    Raises:
        StateValidationError: it does not fit; the message names each place.
    """
    try:
        model.model_validate(document)
    except ValueError as error:  # Pydantic's is one; naming it would import it at each commit
        if not hasattr(error, "errors"):
            raise
        faults: dict[str, str] = {}
        for fault in error.errors(include_url=False):
            place = ".".join(str(part) for part in (*at, *_in_document(document, fault["loc"])))
            said = _said(fault["type"], fault["msg"])
            faults.setdefault(place, f"{place or 'the document'}: {said}, found {fault['input']!r:.60}")
        told = list(faults.values())[:MOST_FAULTS_TOLD]
        more = [f"and {len(faults) - len(told)} more"] if len(faults) > len(told) else []
        where = f"; {described_in} describes the document" if described_in else ""
        raise StateValidationError(
            f"Schema validation failed: {'; '.join(told + more)}. Nothing was written. Correct these values{where}."
        ) from error


@lru_cache(maxsize=64)
def record_model(model: type[BaseModel], place: tuple[str, ...]) -> type[BaseModel] | None:
    """The model of the records below a path of a document, so that one can be checked without its surroundings.

    Returns:
        None where the schema has no model of its own for them.
    """
    found: Any = model
    for key in place:
        field = found.model_fields.get(key) if _is_model(found) else None
        found = _without_none(field.annotation) if field and not field.metadata else None
    keys = get_args(found) if get_origin(found) is dict else ()
    record = _without_none(keys[1]) if keys else None
    return record if _is_model(record) else None


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "model_fields")


def _without_none(annotation: Any) -> Any:
    """The one kind of value beside None that an annotation allows; itself where there are more."""
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    return kinds[0] if get_origin(annotation) in (Union, UnionType) and len(kinds) == 1 else annotation


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
