"""Runs one built-in phase from its plan and always leaves a result."""

from __future__ import annotations

import errno
import importlib
import os
import shutil
import sys
import traceback
from pathlib import Path

from phases.catalogue import BUILT_IN
from phases.contract import Failure, PhaseError, Plan, Result

_MOST_TRACEBACK = 4000
"""Characters of a traceback that a book's record keeps; the log has all of it."""


def run_phase(plan_path: Path, result_path: Path) -> int:
    """Run the phase that the plan names and write its result.

    Args:
        plan_path: the plan's JSON file.
        result_path: where the result's JSON file is written; who reads it waits for this process's end first, and makes
            the attempt again where the power fails meanwhile.

    Returns:
        0 where the phase succeeded, 1 where the result is a failure.

    Raises:
        ContractError: the plan cannot be read; no result is written.
        OSError: not even the failure to write the result could be written.
    """
    plan = Plan.from_json(plan_path.read_text(encoding="utf-8"))
    if plan.phase not in BUILT_IN:
        raise ValueError(f"no built-in phase is called {plan.phase!r}; there are {', '.join(sorted(BUILT_IN))}")
    result = _run(plan)
    try:
        result_path.write_text(result.to_json(plan), encoding="utf-8", errors="replace")
    except OSError as error:
        traceback.print_exc(file=sys.stderr)
        result = Result(failure=_failure_of_os_error(plan, error))
        # What a failed attempt has left is of no use, but makes room for the result; what is refused now is in the log.
        shutil.rmtree(plan.attempt_dir, ignore_errors=True)
        plan_path.unlink(missing_ok=True)
        result_path.write_text(result.to_json(plan), encoding="utf-8", errors="replace")
    return 1 if result.failure else 0


def _run(plan: Plan) -> Result:
    # The arrays are too small for a numerical library's threads, and cores are shared out by slots (phases/slots.py).
    # It reads this once, when numpy is first imported, by the phase or by a library that it uses.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        module = importlib.import_module(f"phases.{plan.phase}")
        result: Result = module.run(plan)
    except PhaseError as error:
        return Result(failure=Failure(error.error_type, str(error), error.permanent))
    except MemoryError:
        return Result(failure=Failure("out_of_memory", f"{plan.phase} ran out of memory.", permanent=False))
    except OSError as error:
        traceback.print_exc(file=sys.stderr)
        return Result(failure=_failure_of_os_error(plan, error))
    except Exception as error:  # noqa: BLE001 - a phase's arbitrary code meets the runner here; the log keeps the traceback
        traceback.print_exc(file=sys.stderr)
        message = (
            f"{plan.phase} failed with an internal error ({type(error).__name__}: {error}). "
            "The traceback is in the book's logs; please report it."
        )
        trace = traceback.format_exc()[-_MOST_TRACEBACK:]
        return Result(failure=Failure("internal", message, permanent=True, traceback=trace))
    return result


def _failure_of_os_error(plan: Plan, error: OSError) -> Failure:
    remedy = {
        errno.ENOSPC: "Free some space and run again; finished work is kept.",
        errno.EDQUOT: "Free some of the quota and run again; finished work is kept.",
        errno.EACCES: "Give this user the right to read and write there and run again.",
        errno.EROFS: "Make the file system writable and run again.",
    }.get(error.errno or 0, "Run again; finished work is kept.")
    where = error.filename or plan.book_dir  # a write that fails does not say in which file
    return Failure("disk", f"{plan.phase}: {error.strerror or error} ({where}). {remedy}", permanent=False)
