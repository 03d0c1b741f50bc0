# SPDX-License-Identifier: MIT
"""``pipeline-state``: look after a state file from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline_common.audit import RESTORE
from pipeline_common.errors import StateError, StateReadError
from pipeline_common.files import DEFAULT_NAME
from pipeline_common.state import PipelineState

OK = 0
WRONG_USAGE = 2
STATE_UNUSABLE = 3
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments without the program's name; None means those of the process.

    Returns:
        The exit code: 0 done, 2 wrong usage or a missing folder, 3 the state cannot be used, 130 interrupted.
    """
    arguments = _parser().parse_args(argv)
    path = Path(arguments.pipeline_json)
    if not path.absolute().parent.is_dir():
        message = f"There is no folder {path.absolute().parent}. Name the state file with --pipeline-json."
        return _fail(message, WRONG_USAGE)
    run: Callable[[PipelineState, argparse.Namespace], int] = arguments.run
    try:
        return run(PipelineState(path), arguments)
    except StateError as error:
        return _fail(str(error), STATE_UNUSABLE)
    except KeyboardInterrupt:
        return _fail("Interrupted; what was committed is kept.", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pipeline-state",
        description="Look after pipeline.json, the memory of the audiobook pipeline: list and restore backups, or "
        "start afresh.",
        epilog="Exit codes: 0 done, 2 wrong usage, 3 the state cannot be used.",
    )
    parser.add_argument("--version", action=_Version)
    parser.add_argument(
        "--pipeline-json", metavar="FILE", default=DEFAULT_NAME, help="the state file (default: %(default)s here)"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    backups = commands.add_parser("backups", help="list the backups, newest first")
    backups.set_defaults(run=_backups)
    restore = commands.add_parser("restore", help="put a backup in place; what it replaces is kept")
    which = restore.add_mutually_exclusive_group(required=True)
    which.add_argument("--backup", metavar="FILE", help="a path, or a name from the list of backups")
    which.add_argument(
        "--revision", metavar="N", type=int, help="the document as it was after the commit of that number"
    )
    restore.set_defaults(run=_restore)
    reset = commands.add_parser(
        "reset", help="start afresh: move the state file, its backups and its log aside, deleting nothing"
    )
    reset.set_defaults(run=_reset)
    return parser


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


def _backups(state: PipelineState, _: argparse.Namespace) -> int:
    found = state.backup_manager.newest_first()
    if not found:
        print(f"There are no backups of {state.path}.")
        return OK
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("Revision", "Bytes", "Readable", "Backup", box=None, header_style="bold")
    for backup in found:
        try:
            state.backup_manager.verified(backup.path)
            readable = "yes"
        except StateReadError:
            readable = "damaged"
        table.add_row(str(backup.revision), str(backup.size_bytes), readable, Text(backup.path.name, no_wrap=True))
    print(f"Backups of {state.path}, newest first, in {found[0].path.parent}:")
    console = Console(highlight=False)
    console.print(table, soft_wrap=not console.is_terminal)
    return OK


def _restore(state: PipelineState, arguments: argparse.Namespace) -> int:
    existed = state.path.exists()
    if arguments.revision is None:
        backup = Path(arguments.backup)
        if not backup.exists() and backup.name == str(backup):
            backup = state.backup_manager.folder / backup.name
        state.restore_backup(backup)
        print(f"Restored {state.path} from {backup}.")
    else:
        state.restore(revision=arguments.revision)
        print(f"Restored {state.path} to revision {arguments.revision}.")
    noted = next((entry for entry in state.get_transaction_history() if entry.get("operation") == RESTORE), {})
    kept = noted.get("details", {}).get("kept")
    if kept:
        print(f"The damaged file is kept as {kept}.")
    elif existed:
        print("What it replaced is the newest backup now.")
    return OK


def _reset(state: PipelineState, _: argparse.Namespace) -> int:
    folder = state.reset()
    if folder is None:
        print(f"There is no state at {state.path}: nothing to reset.")
    else:
        print(f"Moved {state.path.name}, its backups and its log to {folder}; nothing was deleted.")
    return OK


def _fail(message: str, code: int) -> int:
    print(f"pipeline-state: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
