# SPDX-License-Identifier: MIT
"""Keeps views up to date while others commit: looks every few seconds, and lets everybody else go first."""

from __future__ import annotations

import os
import select
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline_common.derived.views import Views
from pipeline_common.errors import StateError
from pipeline_common.state import PipelineState

PAUSE_S = 2.0
"""Between two looks."""

_SHARE = 20
"""A view that takes long to bring up to date is left alone for so many times that."""

_LOWEST = 19


def follow(path: Path, kinds: Sequence[str], until: int) -> str:
    """Keep views up to date, with the lowest priority, until somebody says that there are no more commits.

    Args:
        path: the state file.
        kinds: the views.
        until: a descriptor to read from: a byte is the word that all is committed, and the views are brought up to date
            once more; its end without one means that nobody waits for that.

    Returns:
        Why the views are not up to date at the end; empty where they are.
    """
    with suppress(OSError):
        os.nice(_LOWEST)
    state = PipelineState(path)
    due_at = dict.fromkeys(kinds, 0.0)
    while True:
        pause_s = max(0.0, min(due_at.values()) - time.monotonic())
        if select.select([until], [], [], pause_s)[0]:
            return caught_up(state, kinds) if os.read(until, 1) else "it was broken off"
        kind = min(kinds, key=lambda kind: due_at[kind])
        began = time.monotonic()
        caught_up(state, [kind])  # what cannot be now may be the next time
        now = time.monotonic()
        due_at[kind] = now + max(PAUSE_S, _SHARE * (now - began))


def caught_up(state: PipelineState, kinds: Sequence[str]) -> str:
    """Bring views up to date; gives why that could not be, which may be over the next time, and else nothing."""
    try:
        Views(state).catch_up(kinds)
    except OSError as error:
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except (StateError, sqlite3.Error) as error:
        return str(error)
    return ""
