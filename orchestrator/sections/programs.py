"""The section of programs in the place of built-in phases."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from orchestrator.sections.fields import Section, as_tuple

ENVIRONMENT_KINDS = ("command", "python", "venv", "uv", "poetry", "conda")


def _as_word(value: Any) -> Any:
    """A version may be written as a number or as a date."""
    return str(value) if isinstance(value, int | float | datetime.date) and not isinstance(value, bool) else value


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("a path, a name or an argument holds no NUL character")
    return value


def _environment_name(value: str) -> str:
    if not re.fullmatch(r"\w[^/\s:#\0]*", value):
        raise ValueError(f"{value!r} is no name of a Conda environment; `conda env list` shows the names")
    return value


def _module_name(value: str) -> str:
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*|[^\0]*\.py", value):
        raise ValueError(f"{value!r} is neither the name of a module nor the path of a .py file")
    return value


_Word = Annotated[str, Field(min_length=1), AfterValidator(_without_nul)]


class PhaseSection(Section):
    """A program in the place of one built-in phase, and the environment that it lives in."""

    command: Annotated[tuple[_Word, ...] | None, BeforeValidator(as_tuple), Field(min_length=1)] = None
    python: _Word | None = None
    venv: _Word | None = None
    uv: _Word | None = None
    poetry: _Word | None = None
    conda: Annotated[str, AfterValidator(_environment_name)] | None = None
    module: Annotated[str, AfterValidator(_module_name)] | None = None
    version: Annotated[_Word | None, BeforeValidator(_as_word)] = None

    @model_validator(mode="after")
    def _one_environment(self) -> PhaseSection:
        given = [kind for kind in ENVIRONMENT_KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise ValueError(f"give exactly one of {', '.join(ENVIRONMENT_KINDS)}; found {found}")
        if given == ["command"] and self.module is not None:
            raise ValueError("a command has no module; put all that it needs into its list")
        if given != ["command"] and self.module is None:
            raise ValueError(f"module is missing: which module, or .py file, {given[0]} is to run")
        return self

    @property
    def kind(self) -> str:
        """Which of the keys is given."""
        return next(kind for kind in ENVIRONMENT_KINDS if getattr(self, kind) is not None)


_PROGRAM = "a program in its place: `{command: […]}`, or `python`, `venv`, `uv`, `poetry` or `conda` with a `module`"
_ForeignPhase = Annotated[PhaseSection | None, Field(description=_PROGRAM)]


class PhasesSection(Section):
    """Programs in the place of built-in phases, in any language and environment."""

    validation: _ForeignPhase = None
    extraction: _ForeignPhase = None
    chunking: _ForeignPhase = None
    synthesis: _ForeignPhase = None
    enhancement: _ForeignPhase = None
    subtitles: _ForeignPhase = None
