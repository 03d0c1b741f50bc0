"""One attempt of one phase: a process of its own, given a plan, watched until it ends, answered for by a result."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from orchestrator.interrupts import Interrupts
from orchestrator.limits import Limits
from orchestrator.logs import CappedLog
from orchestrator.memory import MemoryGroup, exceeding_bytes
from orchestrator.sources import printable
from orchestrator.spawning import PhaseProcess, Program, Starter
from phases.contract import ContractError, Failure, Plan, Result

_GRACE_S = 1.0
"""How long a phase may take to end after SIGTERM before it is killed."""

_LOOK_EVERY_S = 0.25
"""Between two looks at the memory of all processes."""

_CRASHES = {
    signal.SIGSEGV: "crashed (SIGSEGV, it reached for memory that is not its own)",
    signal.SIGBUS: "crashed (SIGBUS, a file that it had mapped is gone or shorter)",
    signal.SIGILL: "crashed (SIGILL, it is built for another processor)",
    signal.SIGFPE: "crashed (SIGFPE, an impossible calculation)",
    signal.SIGABRT: "gave itself up (SIGABRT)",
}

_RESULT_LIMIT_BYTES = 1 << 20
"""What a result says becomes part of the document."""


def run_attempt(
    plan: Plan,
    *,
    program: Program,
    folder: Path,
    log: Path,
    limits: Limits,
    interrupts: Interrupts,
    starter: Starter,
    group: MemoryGroup | None = None,
    keep_open: Sequence[int] = (),
    confirm: Callable[[], None] = lambda: None,
) -> Result:
    """Run one attempt in a process of its own and wait for its end.

    Whatever the process started is gone when this returns, however it ends.

    Args:
        plan: what the phase is given.
        program: what is run.
        folder: `plan.attempt_dir` lies in it; a foreign program finds ``plan.json`` there and leaves ``result.json``.
        log: receives all that the process prints.
        limits: when to break it off.
        interrupts: watched while waiting.
        starter: forks the process; all that is below this one but for the starter is ended with the attempt.
        group: holds down the memory of this process and of all below it; None where there is none.
        keep_open: descriptors that the process inherits, such as the book's lock.
        confirm: returns once the attempt may begin; meanwhile its process makes itself ready.

    Returns:
        The phase's own result, or a failure that says how the process died.

    Raises:
        InterruptedRun: a signal came; the process is gone.
    """
    if fault := program.fault():  # its environment has vanished since the first look
        return Result(failure=Failure("environment", fault, permanent=True))
    paths = _handed_over(plan, program, folder, starter)
    result = starter.result.read if program.command is None else partial(_read, paths[1])
    killed_before = group.kills() if group else 0
    if group:
        group.limit(limits.memory_bytes)
    printed = CappedLog(log, limits.log_bytes)
    try:
        process = starter.start(program, plan, paths, (printed.descriptor, *keep_open))
        try:
            confirm()
            process.begin()
            overrun = _wait(process, plan, limits, interrupts, starter, printed)
        finally:
            _end(process, printed)
            all_ended = starter.below.end()
    finally:
        printed.close()
    if overrun:
        return Result(failure=overrun)
    if not all_ended:
        message = f"Processes that {plan.phase} has started cannot be ended. Look for them, end them and run again."
        return Result(failure=Failure("unkillable", message, permanent=False))
    if group and group.kills() > killed_before:
        return Result(failure=_too_large(plan, limits, None))
    assert process.exit_code is not None  # noqa: S101 - it has been waited for
    return _answer(process.exit_code, plan, result, log)


def _handed_over(plan: Plan, program: Program, folder: Path, starter: Starter) -> tuple[Path, Path]:
    """Write the plan where the process finds it; the paths of plan and result. A fork's are in memory."""
    text = plan.to_json().encode("utf-8", "replace")
    if program.command is None:
        starter.plan.write(text)
        starter.result.write(b"")
        return starter.plan.path, starter.result.path
    plan_path, result_path = folder / "plan.json", folder / "result.json"
    plan_path.write_bytes(text)
    return plan_path, result_path


def _wait(
    process: PhaseProcess, plan: Plan, limits: Limits, interrupts: Interrupts, starter: Starter, printed: CappedLog
) -> Failure | None:
    """Wait until the process ends; the failure where it exceeds a limit."""
    started = time.monotonic()
    alive_at, seen = started, -1
    weighed_at = started
    while not process.wait(printed.pause_s, interrupts.wake_fd):
        interrupts.check()
        printed.trim()
        now = time.monotonic()
        if limits.timeout_s is not None and now - started > limits.timeout_s:
            return Failure(
                "timeout",
                f"{plan.phase} took longer than it may (phase_timeout, {limits.timeout_s:g} s) and was ended. "
                "Finished chunks are kept; run again, or raise the limit.",
                permanent=False,
            )
        size = plan.progress.stat().st_size if plan.progress.exists() else 0
        if size != seen:
            alive_at, seen = now, size
        if now - alive_at > limits.stall_timeout_s:
            return Failure(
                "stalled",
                f"{plan.phase} made no progress for limits.stall_timeout ({limits.stall_timeout_s:g} s) and was "
                "ended. Finished chunks are kept; run again, or raise the limit.",
                permanent=False,
            )
        if limits.memory_bytes is not None and now - weighed_at >= _LOOK_EVERY_S:
            weighed_at = now
            used = exceeding_bytes(starter.below.alive(), limits.memory_bytes)
            if used is not None:
                return _too_large(plan, limits, used)
    interrupts.check()
    return None


def _end(process: PhaseProcess, printed: CappedLog) -> None:
    """End the phase's whole session: politely, then by force. Harmless where it has ended by itself."""
    try:
        if not process.wait(0):
            process.signal(signal.SIGTERM)
            give_up_at = time.monotonic() + _GRACE_S
            while not process.wait(printed.pause_s) and time.monotonic() < give_up_at:
                printed.trim()
    finally:
        if not process.wait(0):
            process.signal(signal.SIGKILL)
            process.wait(_GRACE_S)


def _answer(code: int, plan: Plan, read: Callable[[], bytes], log: Path) -> Result:
    try:
        result = Result.from_json(_decoded(read()), plan)
    except FileNotFoundError:
        return Result(failure=_silent_death(code, plan, log))
    except ContractError as error:
        if code < 0:  # while it wrote
            return Result(failure=_silent_death(code, plan, log))
        message = f"{plan.phase} gave no usable result: {error}. See {_shown(log)}."
        return Result(failure=Failure("bad_result", message, permanent=False))
    if code != 0 and result.failure is None:
        message = f"{plan.phase} says that it succeeded but ended with exit code {code}. See {_shown(log)}."
        return Result(failure=Failure("bad_result", message, permanent=False))
    if result.failure:
        return replace(result, failure=replace(result.failure, message=printable(result.failure.message)))
    return result


def _shown(log: Path) -> str:
    """Where a log is, from the work folder on, such as ``work/emma-11111111/logs/synthesis-2.log``."""
    return printable("/".join(log.parts[-4:]))


def _read(result_path: Path) -> bytes:
    """A program's result, which may come from anywhere: a pipe or a device would never end.

    Raises:
        ContractError: it is no regular file, or may not be read.
        FileNotFoundError: there is none.
    """
    if not stat.S_ISREG(os.lstat(result_path).st_mode):
        raise ContractError("result: it is no regular file")
    try:
        with result_path.open("rb") as file:
            return file.read(_RESULT_LIMIT_BYTES + 1)
    except PermissionError as error:
        raise ContractError("result: it may not be read") from error


def _decoded(text: bytes) -> str:
    """A result's text.

    Raises:
        ContractError: it is larger than a result is, or no text.
    """
    if len(text) > _RESULT_LIMIT_BYTES:
        raise ContractError(f"result: it is larger than {_RESULT_LIMIT_BYTES >> 20} MiB")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(f"result: it is not UTF-8 (byte {error.start})") from error


def _silent_death(code: int, plan: Plan, log: Path) -> Failure:
    if -code in _CRASHES:
        said = f"{plan.phase} {_CRASHES[signal.Signals(-code)]}. See {_shown(log)}."
        return Failure("crashed", f"{said} Run again; finished work is kept.", permanent=False)
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
        hint = " Perhaps the machine ran out of memory." if -code == signal.SIGKILL else ""
        return Failure(
            "killed",
            f"{plan.phase} was ended by signal {name}.{hint} Run again; finished work is kept.",
            permanent=False,
        )
    message = f"{plan.phase} ended with exit code {code} and left no result. See {_shown(log)}."
    return Failure("died", message, permanent=False)


def _too_large(plan: Plan, limits: Limits, used_bytes: int | None) -> Failure:
    took = f" ({used_bytes >> 20:,} MB)" if used_bytes else ""
    return Failure(
        "out_of_memory",
        f"{plan.phase} took more memory{took} than it may (limits.memory_mb, {(limits.memory_bytes or 0) >> 20:,} MB) "
        "and was ended. Finished work is kept; run again, raise the limit, or lower max_workers.",
        permanent=False,
    )
