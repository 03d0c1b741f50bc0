# SPDX-License-Identifier: MIT
"""Moments and durations as people type them."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta

from pipeline_common.files import now

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])")


def past_moment(text: str) -> datetime:
    """A date, a date and time (local where no zone is given), or so long ago: ``2026-01-31``, ``…T14:05``, ``2h``.

    Raises:
        argparse.ArgumentTypeError: it is none of these.
    """
    ago = _DURATION.fullmatch(text)
    try:
        if ago:
            return now() - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment; give one such as 2026-01-31, 2026-01-31T14:05, 90m, 2h or 7d (so long ago)"
        ) from error


def age(text: str) -> timedelta:
    """So many days, such as ``30`` or ``30d``; other units as well.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    found = _DURATION.fullmatch(text if text[-1:].isalpha() else f"{text}d")
    try:
        if found:
            return timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    except OverflowError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no age; give one such as 30, 30d, 12h or 2w")
