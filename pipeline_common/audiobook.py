# SPDX-License-Identifier: MIT
"""The life cycle of an audiobook: the value that `PipelineState` has where no other is given."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline_common.lifecycle import Lifecycle
from pipeline_common.migration import to_version_2
from pipeline_common.phases import PHASES
from pipeline_common.statuses import SYNONYMS, TABLE, combined_status

if TYPE_CHECKING:
    from pydantic import BaseModel


@cache
def _schema() -> type[BaseModel]:
    # Pydantic costs more to import than all the rest; a process that never validates never pays for it.
    from pipeline_common.models import PipelineDocument

    return PipelineDocument


def _stage(records: Mapping[str, Any]) -> str:
    # There, because the stages of books are read by programs that have no use for a life cycle.
    from pipeline_common.books import stage_of

    return stage_of(records)


_SOURCE = "books.source.path?"
_LISTED = "batch.source_path?"  # all that is known of a book whose turn has not come
_CHUNKS = "phase4.artifacts.timings.path?/../chunks/*"


def _required_paths() -> dict[str, tuple[str, ...]]:
    """By stage: the book's file until there is an audiobook, what its phases left, the chunks until they are joined.

    Of a finished book it is the audiobook alone: what led to it may be cleaned away.
    """
    paths: dict[str, tuple[str, ...]] = dict.fromkeys(("DISCOVERED", "FAILED", "SKIPPED"), (_SOURCE,))
    paths["DISCOVERED"] += (_LISTED,)
    left: tuple[str, ...] = ()
    for phase in PHASES:
        left = (*left, f"{phase.key}.artifacts.*.path")
        paths[phase.stage] = (_SOURCE, *left, *((_CHUNKS,) if phase.name == "synthesis" else ()))
    paths["COMPLETE"] = tuple(f"{phase.key}.deliverables.*.path" for phase in PHASES)
    return paths


AUDIOBOOK = Lifecycle(
    name="audiobook",
    statuses=TABLE,
    phases=tuple(phase.key for phase in PHASES),
    combined=combined_status,
    synonyms=SYNONYMS,
    reports=("batch",),
    other_records=(("books",),),
    schema=_schema,
    described_in="docs/pipeline-json.md",
    migrations=(to_version_2,),
    stage=_stage,
    required_paths=_required_paths(),
)
"""Nothing is required of a document or a record: a phase may be recorded by its status alone."""

CURRENT_SCHEMA_VERSION = AUDIOBOOK.schema_version
"""The schema of the documents that are written; those of the first version have no number and count as 1."""
