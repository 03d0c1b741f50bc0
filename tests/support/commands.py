"""Runs the installed commands as a user would."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

BIN = Path(sys.executable).parent
DEADLINE_S = 300


def run(
    command: str,
    *args: object,
    cwd: Path,
    env: dict[str, str] | None = None,
    first: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run an installed command to its end, with no terminal; `first` is called in its process before."""
    return subprocess.run(
        [str(BIN / command), *map(str, args)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100", **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        preexec_fn=first,
    )


def obey_permissions() -> None:
    """Have root, too, refused what the permissions of a file refuse, in the program that is started next."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE; somebody else than root has none


def start(command: str, *args: object, cwd: Path) -> subprocess.Popen[str]:
    """Start an installed command in a process group of its own, which a SIGINT ends.

    What runs in the background of a shell, such as all of these tests, has SIGINT ignored otherwise.
    """
    return subprocess.Popen(
        [str(BIN / command), *map(str, args)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
