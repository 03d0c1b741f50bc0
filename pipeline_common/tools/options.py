# SPDX-License-Identifier: MIT
"""What the commands' options have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pipeline_common.files import DEFAULT_NAME

if TYPE_CHECKING:
    from pipeline_common.tools.session import Session

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run = Callable[["Session", argparse.Namespace], int]


def add_command(commands: Commands, name: str, run: Run, *, about: str, example: str) -> argparse.ArgumentParser:
    """Add a command.

    Args:
        commands: what it is added to.
        name: as it is typed.
        run: does it, and gives the exit code.
        about: what it does, in a few words.
        example: a command line, without the program's name.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=f"Example: pipeline-state {example}"
    )
    # They may stand before the command as well, where they have their defaults.
    add_places(parser, default=argparse.SUPPRESS)
    parser.set_defaults(run=run)
    return parser


def add_places(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    """Add the options that say which state is meant."""
    parser.add_argument(
        "--pipeline-json",
        type=Path,
        metavar="FILE",
        default=default,
        help=f"the state file (default: as the configuration says, else {DEFAULT_NAME} here)",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=default,
        help="the configuration (default: config.yaml beside the state file, where there is one)",
    )
    parser.add_argument(
        "--lifecycle",
        metavar="NAME",
        default=default,
        help="what the document is about, an installed life cycle or MODULE:NAME (default: audiobook)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command that shows something."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command that changes something."""
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")


def positive_int(text: str) -> int:
    """An argument that counts something, at least 1."""
    try:
        value = int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from error
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value
