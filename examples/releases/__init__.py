"""Releases of audiobooks on their way to a tracker: a life cycle of its own on `PipelineState`, in two modules."""

from releases.lifecycle import RELEASES, validate_transition
from releases.records import (
    Checkpoint,
    checkpoint_stage,
    find_stale_entries,
    get_checkpoint,
    get_infohash,
    mark_failed,
    mark_processed,
    open_state,
    should_skip_stage,
)

__all__ = [
    "RELEASES",
    "Checkpoint",
    "checkpoint_stage",
    "find_stale_entries",
    "get_checkpoint",
    "get_infohash",
    "mark_failed",
    "mark_processed",
    "open_state",
    "should_skip_stage",
    "validate_transition",
]
