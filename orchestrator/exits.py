"""How the commands end: their exit codes, and what a user can cause as a sentence.

Standard library only, because a book's own processes must be cheap to start.
"""

from __future__ import annotations

import logging
import os
import signal
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import NoReturn

from pipeline_common import ConfigError, StateError


class ExitCode(IntEnum):
    """What the commands end with; a signal's number is added to `INTERRUPTED`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    STATE = 3
    INTERRUPTED = 128


INTERRUPTED_TEXT = "interrupted; finished work is kept. Run the same command again to go on."


class UsageError(Exception):
    """The command, its configuration or a folder is wrong; the message says what to change."""


def silence_output() -> None:
    """Send standard output nowhere, because nobody reads it any more; the work goes on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def leave(code: int) -> NoReturn:
    """End this process, whose files are closed and whose children are gone, without taking apart what is in memory."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(code)


def leave_terminal() -> None:
    """Send what would go to a terminal nowhere, because it is gone, and every word to it an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        if stat.S_ISCHR(os.fstat(descriptor).st_mode):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)


def guarded(work: Callable[[], int], complain: Callable[[str], None]) -> int:
    """Run a command, and turn what a user can cause into a sentence and an exit code.

    Args:
        work: the command; gives the exit code.
        complain: tells the user one line.
    """
    try:
        return work()
    except (ConfigError, UsageError) as error:
        complain(str(error))
        return ExitCode.USAGE
    except StateError as error:
        complain(str(error))
        return ExitCode.STATE
    except OSError as error:
        where = error.filename or "A folder of the pipeline"
        complain(f"{where}: {error.strerror or error}. Mend that and run again.")
        return ExitCode.USAGE
    except KeyboardInterrupt:  # while planning or summing up; in between, signals are watched
        complain(INTERRUPTED_TEXT)
        return ExitCode.INTERRUPTED + signal.SIGINT
