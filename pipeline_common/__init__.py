# SPDX-License-Identifier: MIT
"""One document: transactional, locked, with history; and the life cycle of an audiobook as data."""

from pipeline_common.audiobook import CURRENT_SCHEMA_VERSION
from pipeline_common.errors import (
    ConfigError,
    InvalidStatusTransitionError,
    PipelineError,
    StateCorruptionError,
    StateError,
    StateLockError,
    StateReadError,
    StateTransactionError,
    StateValidationError,
    StateWriteError,
)
from pipeline_common.lifecycle import Lifecycle, Status
from pipeline_common.state import PipelineState, load_pipeline_json
from pipeline_common.transactions import StateTransaction

__all__ = [
    "CURRENT_SCHEMA_VERSION",
    "ConfigError",
    "InvalidStatusTransitionError",
    "Lifecycle",
    "PipelineError",
    "PipelineState",
    "StateCorruptionError",
    "StateError",
    "StateLockError",
    "StateReadError",
    "StateTransaction",
    "StateTransactionError",
    "StateValidationError",
    "StateWriteError",
    "Status",
    "load_pipeline_json",
]
