"""What all sections share: the strict base model, and the kinds of fields that more than one section has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")


def as_path(value: Any) -> Any:
    """A path that a user has written, ``~`` included; anything else as it is."""
    if isinstance(value, str) and "\0" in value:
        raise ValueError("a path holds no NUL character")
    return Path(value).expanduser() if isinstance(value, str) and value else value


def as_tuple(value: Any) -> Any:
    """A list of a file as the tuple that a frozen model holds; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def language_tag(value: str) -> str:
    """A BCP 47 tag.

    Raises:
        ValueError: it is none.
    """
    tag = value.strip().replace("_", "-")
    if not _TAG.fullmatch(tag):
        raise ValueError(f"{value!r} is no code of a language; en, en-GB and de are")
    return tag


PathField = Annotated[Path, BeforeValidator(as_path)]
LanguageTag = Annotated[str, AfterValidator(language_tag)]
Seconds = Annotated[float, Field(ge=0, le=3600, strict=False, allow_inf_nan=False)]


class Section(BaseModel):
    """What all sections share: unknown keys are errors, values are not converted, nothing changes later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
