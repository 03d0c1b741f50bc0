# SPDX-License-Identifier: MIT
"""Checks a document against a Pydantic model, and says what is wrong in the document's own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline_common.codec import Document
from pipeline_common.errors import StateValidationError

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST_FAULTS_TOLD = 5


def check_model(model: type[BaseModel], document: Document, described_in: str) -> None:
    """Check a document, or a part of one.

    Args:
        model: the schema.
        document: what is checked.
        described_in: where people find the document described; empty where nowhere.

    Raises:
        StateValidationError: it does not fit; the message names each place.
    """
    from pydantic import ValidationError

    try:
        model.model_validate(document)
    except ValidationError as error:
        faults: dict[str, str] = {}
        for fault in error.errors(include_url=False):
            place = ".".join(str(part) for part in _in_document(document, fault["loc"]))
            said = _said(fault["type"], fault["msg"])
            faults.setdefault(place, f"{place or 'the document'}: {said}, found {fault['input']!r:.60}")
        told = list(faults.values())[:MOST_FAULTS_TOLD]
        more = [f"and {len(faults) - len(told)} more"] if len(faults) > len(told) else []
        where = f"; {described_in} describes the document" if described_in else ""
        raise StateValidationError(
            f"Schema validation failed: {'; '.join(told + more)}. Nothing was written. Correct these values{where}."
        ) from error


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
