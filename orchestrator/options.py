"""What the commands share: their options, the configuration that results, and the log."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.config import Config, load_config, phase_number
from orchestrator.sections.fields import language_tag
from pipeline_common.phases import PHASES

DISTRIBUTION = "audiobook-pipeline"
DEFAULT_SAMPLE_MINUTES = 3.0
_MOST_SAMPLE_MINUTES = 600

_Number = TypeVar("_Number", int, float)


def add_shared_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `orchestrate-audiobook` and `batch-audiobook` have in common."""
    numbers = " ".join(phase.number for phase in PHASES)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="configuration (default: config.yaml where there is one)"
    )
    parser.add_argument("--pipeline-json", type=Path, metavar="FILE", help="the state file (default: pipeline.json)")
    parser.add_argument(
        "--phases", nargs="+", type=_phase, metavar="N", help=f"run only these phases, by number or name ({numbers})"
    )
    resume = parser.add_mutually_exclusive_group()
    resume.add_argument(
        "--resume", action="store_true", default=None, help="skip what is proven to be done (the default)"
    )
    resume.add_argument(
        "--no-resume",
        action="store_false",
        dest="resume",
        default=None,
        help="do everything again, and speak every chunk anew",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        default=None,
        help="hash the book and all that was made of it, rather than trust size and mtime",
    )
    parser.add_argument(
        "--phase-timeout", type=_seconds, metavar="S", help="end a phase that takes longer than S seconds"
    )
    parser.add_argument(
        "--log-level",
        type=str.upper,
        choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        help="how much is logged",
    )
    parser.add_argument(
        "--sample",
        nargs="?",
        type=_minutes,
        const=DEFAULT_SAMPLE_MINUTES,
        metavar="MINUTES",
        help="make only the first minutes of each book (default: 3), to choose a voice by; they go to samples/, and "
        "no book counts as done",
    )
    parser.add_argument(
        "--language",
        type=_language,
        metavar="TAG",
        help="the language of the books, such as en or de, whatever they and all configuration files say",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would run, and why, and change nothing")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version(DISTRIBUTION)}")


def configure(args: argparse.Namespace, overrides: Mapping[str, Any]) -> Config:
    """The configuration: the command line over the file over the defaults.

    Args:
        args: parsed options, the shared ones among them.
        overrides: further values from the command line, None where not given; paths are relative to the current folder.

    Raises:
        ConfigError: the file cannot be read or is wrong.
    """
    given = {
        "phases_to_run": tuple(args.phases) if args.phases else None,
        "resume_enabled": args.resume,
        "verify": args.verify,
        "phase_timeout": args.phase_timeout,
        "log_level": args.log_level,
        "pipeline_json": args.pipeline_json.absolute() if args.pipeline_json else None,
        **overrides,
    }
    config = load_config(args.config)
    config = config.model_copy(update={key: value for key, value in given.items() if value is not None})
    config = config if args.sample is None else config.for_sample(args.sample)
    return config if args.language is None else config.in_language(args.language)


def configure_logging(config: Config, log_file: Path | None) -> None:
    """Send the log to `log_file`, or its warnings to standard error where that is None."""
    logging.raiseExceptions = False  # a log that cannot be written, as on a full disk, fails no book
    handlers: list[logging.Handler] = []
    if log_file is not None:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(log_file, encoding="utf-8", errors="backslashreplace"))
    else:
        handlers.append(logging.StreamHandler(sys.stderr))
        handlers[0].setLevel(logging.WARNING)
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=config.log_level, format=form, handlers=handlers, force=True)


def positive_int(text: str) -> int:
    """An argument that counts something, at least 1."""
    value = _number(int, text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value


def number_between(low: float, high: float, text: str) -> float:
    """An argument between two numbers, both included."""
    value = _number(float, text)
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}")
    return value


def _number(kind: Callable[[str], _Number], text: str) -> _Number:
    try:
        return kind(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no {'whole ' if kind is int else ''}number") from error


def _seconds(text: str) -> float:
    value = _number(float, text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return value


def _minutes(text: str) -> float:
    value = _number(float, text)
    if not 0 < value <= _MOST_SAMPLE_MINUTES:
        raise argparse.ArgumentTypeError(f"{text} is no number of minutes above 0 and at most {_MOST_SAMPLE_MINUTES}")
    return value


def _language(text: str) -> str:
    try:
        return language_tag(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _phase(text: str) -> str:
    try:
        return phase_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
