# SPDX-License-Identifier: MIT
"""``report`` and ``metrics``: the figures of a state, for people and for programs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipeline_common.tools.display import say
from pipeline_common.tools.figures import Figures
from pipeline_common.tools.options import Commands, add_command
from pipeline_common.tools.prometheus import exposition
from pipeline_common.tools.reports import ALL, FORMATS, HTML, PERIODS, Reporting, put, rendered, write_report
from pipeline_common.tools.session import ExitCode, Session

STANDARD_OUTPUT = Path("-")


def add_commands(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = add_command(
        commands,
        "report",
        _report,
        about="write a report: how far all is, how fast, what failed and why, who ran when",
        example="report --period weekly",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        metavar="FORMAT",
        default=HTML,
        help=f"{' '.join(FORMATS)} (default: %(default)s); csv has one row a book",
    )
    parser.add_argument(
        "--period",
        choices=PERIODS,
        metavar="PERIOD",
        default=ALL,
        help=f"{' '.join(PERIODS)}: today, this week from Monday, or all time (default: %(default)s)",
    )
    _add_output(parser, "the file (default: one in .pipeline/reports/ beside the state file)")
    parser = add_command(
        commands,
        "metrics",
        _metrics,
        about="print the figures in Prometheus' text format",
        example="metrics --output /var/lib/node_exporter/audiobooks.prom",
    )
    _add_output(parser, "the file, replaced as a whole, for node_exporter's textfile collector (default: -)")


def _add_output(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"{about}; - is standard output")


def _report(session: Session, arguments: argparse.Namespace) -> int:
    figures = _figures(session, arguments.period)
    form, period, place = arguments.format, arguments.period, session.state.path
    if arguments.output is None:
        say(f"Wrote {write_report(figures, form, period, place)}.")
    else:
        _put(arguments.output, rendered(figures, form, period, place))
    return ExitCode.DONE


def _metrics(session: Session, arguments: argparse.Namespace) -> int:
    figures = _figures(session, ALL)
    _put(arguments.output or STANDARD_OUTPUT, exposition(figures, session.lifecycle.name))
    return ExitCode.DONE


def _figures(session: Session, period: str) -> Figures:
    holder_of = session.workspace.holder if session.workspace else None
    return Reporting(session.state, session.document(), holder_of).figures(period)


def _put(output: Path, text: str) -> None:
    if output == STANDARD_OUTPUT:
        sys.stdout.write(text)
    else:
        put(output, text)
        say(f"Wrote {output}.")
