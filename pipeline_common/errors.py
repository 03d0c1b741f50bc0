# SPDX-License-Identifier: MIT
"""Every error of this package; each message says what failed, where, why, and what to do next."""

from __future__ import annotations


class PipelineError(Exception):
    """Root of the errors that this package raises on purpose."""


class ConfigError(PipelineError):
    """A configuration file cannot be used as it is; the message names file, line and key."""


class StateError(PipelineError):
    """Root of the errors about the state document. The document on the disk is as it was."""


class StateLockError(StateError):
    """The lock was not obtained; nothing was read or written."""


class StateReadError(StateError):
    """The document cannot be read, or is missing although it has a history. The file is kept."""


class StateCorruptionError(StateReadError):
    """The document is damaged and no valid backup is left. The file is kept."""


class StateWriteError(StateError):
    """The disk refused a step of a write; the last committed document is in place."""


class StateValidationError(StateError):
    """The document would break the schema; nothing was written."""


class InvalidStatusTransitionError(StateValidationError):
    """A status may not follow the one before it; nothing was written."""


class StateTransactionError(StateError):
    """A transaction was misused, or its commit failed (then the cause is a StateWriteError). Nothing was written."""
