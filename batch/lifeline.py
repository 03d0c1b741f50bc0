"""The batch's end of a lifeline, and the guardian at the other one. Light, so that guardians start before all else."""

from __future__ import annotations

import array
import json
import socket
import subprocess
import sys
from pathlib import Path

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); import batch.guardian as g; g.guard(int(sys.argv[1]))"
)
"""What the interpreter is told; the lifeline's descriptor and the places of modules, as JSON, follow."""

_CHECKOUT = str(Path(__file__).parents[1])


class Guardian:
    """A running guardian.

    Attributes:
        lifeline: this process's end; its closing ends the guardian and all below it.
        process: the guardian.
    """

    def __init__(self) -> None:
        self.lifeline, theirs = socket.socketpair()
        paths = json.dumps([_CHECKOUT, *(path for path in sys.path if path)])
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _PROGRAM, str(theirs.fileno()), paths],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    def order(self, given: tuple[int, ...]) -> bool:
        """Have a book done; False where the guardian is gone."""
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", given))
        try:
            self.lifeline.sendmsg([b"\0"], [rights])
        except OSError:
            return False
        return True

    def answer(self) -> int | None:
        """The exit code of the book at hand, once there is something to read; None where the guardian is gone."""
        try:
            word = self.lifeline.recv(1)
        except ConnectionResetError:  # it has died with an order unread
            return None
        return word[0] if word else None

    def dismiss(self) -> None:
        """Have it end everything, answer, and end itself."""
        self.lifeline.shutdown(socket.SHUT_WR)
