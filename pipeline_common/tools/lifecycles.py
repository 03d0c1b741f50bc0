# SPDX-License-Identifier: MIT
"""Which life cycle a document has, as somebody names it, and its phases as the commands show them."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import entry_points

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.errors import ConfigError
from pipeline_common.lifecycle import Lifecycle
from pipeline_common.phases import PHASES, Phase

GROUP = "pipeline_common.lifecycles"
"""The group of entry points. Each is a `Lifecycle`, under the name by which people ask for it."""


def find_lifecycle(name: str | None) -> Lifecycle:
    """The life cycle that somebody names.

    Only the person at the command line can name one: a document may come from anywhere, and names no program.

    Args:
        name: of an installed life cycle, or ``module:ATTRIBUTE``; None means the audiobook's.

    Raises:
        ConfigError: there is no such life cycle; the message lists those that are installed.
    """
    if name is None or name == AUDIOBOOK.name:
        return AUDIOBOOK
    installed = {point.name: point.value for point in entry_points(group=GROUP)}
    module, _, attribute = installed.get(name, name).partition(":")
    if not attribute:
        known = ", ".join(sorted({AUDIOBOOK.name, *installed}))
        raise ConfigError(
            f"There is no life cycle {name!r}. Installed are: {known}. Name one of them, or give MODULE:NAME."
        )
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"The life cycle {name!r} cannot be loaded: {error}. Modules are looked for in {_places()}; "
            "PYTHONPATH adds folders."
        ) from error
    if not isinstance(found, Lifecycle):
        raise ConfigError(f"{name!r} is no Lifecycle but a {type(found).__name__}. Name the value itself.")
    return found


def phases_of(lifecycle: Lifecycle) -> tuple[Phase, ...]:
    """The phases of a life cycle, in order; those of one that is not the audiobook's are numbered."""
    if lifecycle is AUDIOBOOK:
        return PHASES
    return tuple(Phase(str(number), key, key, "") for number, key in enumerate(lifecycle.phases, start=1))


def _places() -> str:
    return ", ".join(path for path in sys.path[:3] if path) or "no folder"
