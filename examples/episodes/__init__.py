"""Episodes of a podcast on their way to the listeners: a life cycle of its own on `PipelineState`, in three modules."""

from episodes.lifecycle import EPISODES
from episodes.records import (
    AttemptsExhaustedError,
    begin,
    discover,
    fail,
    finish,
    incomplete_by_stage,
    next_for_processing,
    open_state,
    publish,
    schedule,
    skip,
)
from episodes.views import orphaned_files, write_database, write_files

__all__ = [
    "EPISODES",
    "AttemptsExhaustedError",
    "begin",
    "discover",
    "fail",
    "finish",
    "incomplete_by_stage",
    "next_for_processing",
    "open_state",
    "orphaned_files",
    "publish",
    "schedule",
    "skip",
    "write_database",
    "write_files",
]
