# SPDX-License-Identifier: MIT
"""The life cycle of an audiobook: the value that `PipelineState` has where no other is given."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

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
)
"""Nothing is required of a document or a record: a phase may be recorded by its status alone."""

CURRENT_SCHEMA_VERSION = AUDIOBOOK.schema_version
"""The schema of the documents that are written; those of the first version have no number and count as 1."""
