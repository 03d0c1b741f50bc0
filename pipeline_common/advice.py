# SPDX-License-Identifier: MIT
"""What is said about a state file that cannot be used, with the command that helps."""

from __future__ import annotations

import shlex
from pathlib import Path

from pipeline_common.errors import StateCorruptionError, StateReadError, StateTransactionError, StateWriteError
from pipeline_common.files import StateFiles


def command(files: StateFiles, name: str, backup: Path | None = None) -> str:
    """A ``pipeline-state`` command about this file, as it is typed."""
    words = ["pipeline-state", "--pipeline-json", str(files.state), name]
    return shlex.join(words + (["--backup", str(backup)] if backup else []))


def damaged(files: StateFiles, reason: Exception, backup: Path | None) -> StateReadError:
    """The error about a file that holds no document.

    Args:
        files: where it lies.
        reason: why it holds none.
        backup: the newest valid one, if there is any.
    """
    begin = f"Corrupted state file: {files.state}: {reason}."
    if backup:
        return StateReadError(
            f"{begin} The newest valid backup is {backup}; put it in place with: {command(files, 'restore', backup)}"
        )
    return StateCorruptionError(
        f"{begin} No valid backup is left. Correct the file by hand, restore a copy from elsewhere with "
        "`pipeline-state restore --backup FILE`, or start afresh, moving everything aside: "
        f"{command(files, 'reset')}"
    )


def other_process(files: StateFiles) -> StateTransactionError:
    """The error about a commit by somebody who did not open the transaction."""
    return StateTransactionError(
        f"The transaction on {files.state} was opened by another process or thread. A forked child opens its own."
    )


def nested(files: StateFiles) -> StateTransactionError:
    """The error about a transaction inside another of the same thread or task."""
    return StateTransactionError(
        f"A transaction on {files.state} is already open in this thread or task. "
        "Make the change in that one, or leave it first."
    )


def lost(files: StateFiles, backup: Path | None) -> StateReadError:
    """The error about a file that is missing although it has a history."""
    if backup:
        advice = f"The newest valid backup is {backup}; put it in place with: {command(files, 'restore', backup)}"
    else:
        advice = "No valid backup is left; a copy from elsewhere can be put in place with `pipeline-state restore`"
    return StateReadError(
        f"The state file {files.state} is missing, although it has a history. {advice}; or start afresh, moving the "
        f"history aside: {command(files, 'reset')}"
    )


def damaged_journal(files: StateFiles, reason: Exception) -> StateReadError:
    """The error about a journal that no crash can have left so."""
    return StateReadError(
        f"Corrupted state file: the journal {files.journal}: {reason}. No crash leaves that behind; the file is kept. "
        "Repair the disk, or put the journal back from a copy; or give up what was committed from there on, keeping "
        f"the journal in {files.conflicts}: {command(files, 'backups')} and restore one of them, or start afresh, "
        f"moving everything aside: {command(files, 'reset')}"
    )


def unreadable_journal(files: StateFiles, error: OSError) -> StateReadError:
    """The error about a journal that the system will not read."""
    return StateReadError(
        f"The journal {files.journal} cannot be read: {error.strerror or error}. "
        "Make it a readable file, then try again; without it the last commits are missing."
    )


def unreadable(files: StateFiles, error: OSError) -> StateReadError:
    """The error about a file that the system will not read."""
    return StateReadError(
        f"The state file {files.state} cannot be read: {error.strerror or error}. "
        "Make it a readable file, or name another one with --pipeline-json."
    )


def unwritable(files: StateFiles, error: OSError) -> StateWriteError:
    """The error about a write that the system refused."""
    failure = StateWriteError(
        f"The state file {files.state} could not be written: {error.strerror or error}. "
        "Free some space, or make the folder writable, then try again; the last committed document is in place."
    )
    failure.__cause__ = error
    return failure
