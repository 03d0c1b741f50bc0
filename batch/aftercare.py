"""What follows a batch: reports, metrics, retention. None of it can make a batch fail that was well."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import datetime

from orchestrator.config import Config
from pipeline_common import PipelineState, StateError
from pipeline_common.files import StateFiles

logger = logging.getLogger(__name__)

_STAMP = "retention"


def look_after(config: Config, state: PipelineState, complain: Callable[[str], None], *, idle: bool) -> None:
    """Write reports and metrics, and tidy up, as the configuration says.

    Args:
        config: the configuration.
        state: the open state.
        complain: tells the user one line.
        idle: the batch had nothing to do; then each is done once a day.
    """
    at = datetime.now().astimezone()
    for what, work in (("The reports were not written", _report), ("Old files were not tidied up", _tidy)):
        try:
            work(config, state, at, idle=idle)
        except (OSError, StateError) as error:
            where = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else error
            logger.warning("%s: %s", what, where)
            complain(f"{what}: {where}")


def _report(config: Config, state: PipelineState, at: datetime, *, idle: bool) -> None:
    reports, textfile = config.reports, config.metrics.textfile
    if not (reports.daily or reports.weekly or textfile):
        return
    stamp = StateFiles(state.path).report("summary.json")
    if idle and _done_today(stamp, at):
        return
    # Nothing of this is imported by a batch that has nothing to do.
    from orchestrator.workspace import AudiobookWorkspace
    from pipeline_common.tools.prometheus import exposition
    from pipeline_common.tools.reports import ALL, DAILY, WEEKLY, Reporting, put, write_report, write_summary

    reporting = Reporting(state, state.view(), AudiobookWorkspace(config).holder, at)
    for period, wanted in ((DAILY, reports.daily), (WEEKLY, reports.weekly)):
        if wanted:  # the summary is written with it
            write_report(reporting.figures(period), reports.format, period, state.path)
    if textfile:
        everything = reporting.figures(ALL)
        write_summary(everything, state.path)
        put(textfile, exposition(everything, state.lifecycle.name))


def _tidy(config: Config, state: PipelineState, at: datetime, *, idle: bool) -> None:
    stamp = StateFiles(state.path).stamp(_STAMP)
    if idle and _done_today(stamp, at):
        return
    from orchestrator.workspace import AudiobookWorkspace
    from pipeline_common.retention import told

    acts = list(AudiobookWorkspace(config).tidy(state))
    if acts:
        logger.info("retention: %s", told(acts))
    stamp.touch()


def _done_today(stamp: os.PathLike[str], at: datetime) -> bool:
    try:
        return datetime.fromtimestamp(os.stat(stamp).st_mtime).astimezone().date() == at.date()
    except OSError:
        return False
