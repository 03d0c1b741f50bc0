# SPDX-License-Identifier: MIT
"""``pipeline-state``: look after a state file from the command line."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from pipeline_common.errors import ConfigError, StateError
from pipeline_common.files import DEFAULT_NAME
from pipeline_common.state import PipelineState
from pipeline_common.tools import changes, checks, derivatives, events, past, pruning, telling, views
from pipeline_common.tools.display import complain
from pipeline_common.tools.lifecycles import find_lifecycle
from pipeline_common.tools.options import add_places
from pipeline_common.tools.session import ExitCode, Session, UsageError
from pipeline_common.tools.workspace import ON, WorkspaceError, open_workspace

_SELDOM = (200_000, 100, 100)
"""How often Python looks for garbage. A large document is millions of objects, none of which is garbage."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments without the program's name; None means those of the process.

    Returns:
        The exit code: 0 done, 1 `check` found something, 2 wrong usage, configuration or folder, 3 the state cannot be
        used, 130 interrupted.
    """
    if argv is None:
        gc.set_threshold(*_SELDOM)
    arguments = parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # titles have characters that not every terminal has
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except (UsageError, ConfigError) as error:
        return _fail(str(error), ExitCode.USAGE)
    except (StateError, WorkspaceError) as error:
        return _fail(str(error), ExitCode.STATE)
    except KeyboardInterrupt:
        return _fail("Interrupted; what was committed is kept.", ExitCode.INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except OSError as error:
        where = error.filename or "A file of the pipeline"
        return _fail(f"{where}: {error.strerror or error}. Mend that and try again.", ExitCode.USAGE)
    return code


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    top = argparse.ArgumentParser(
        prog="pipeline-state",
        description="Look after pipeline.json, the memory of the audiobook pipeline.",
        epilog="Exit codes: 0 done, 1 check found something, 2 wrong usage, 3 the state cannot be used, "
        "130 interrupted. docs/pipeline-state.md describes every command.",
    )
    top.add_argument("--version", action=_Version)
    add_places(top, default=None)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in (views, changes, events, past, checks, pruning, derivatives, telling):
        module.add_commands(commands)
    return top


def _run(arguments: argparse.Namespace) -> int:
    lifecycle = find_lifecycle(arguments.lifecycle)
    workspace = open_workspace(arguments.pipeline_json, arguments.config, lifecycle.name)
    path = workspace.pipeline_json if workspace else arguments.pipeline_json or Path(DEFAULT_NAME)
    if not path.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {path.absolute().parent}. Name the state file with --pipeline-json.")
    with PipelineState(path, lifecycle=lifecycle) as state:
        session = Session(state, workspace)
        commits: list[int] = []
        state.subscribe(commits.append)
        code: int = arguments.run(session, arguments)
    if commits:
        _follow(session)
    return code


def _follow(session: Session) -> None:
    """Bring the views that are on up to date with what a command has changed, which it has in any case."""
    kinds = [kind for kind, when in session.views.items() if when == ON]
    if kinds:
        from pipeline_common.derived.following import caught_up

        problem = caught_up(session.state, kinds)
        if problem:
            complain(f"The views of the state are behind: {problem}. `pipeline-state reindex` makes them anew.")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("audiobook-pipeline")
        except PackageNotFoundError:  # the package alone, not installed
            number = "unknown version"
        print(f"{parser.prog} {number}")
        parser.exit()


def _fail(message: str, code: int) -> int:
    complain(message)
    return code


if __name__ == "__main__":
    sys.exit(main())
