"""Work on many things that is divided between this process and a fork of it."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from orchestrator.descendants import die_with_parent, fork
from pipeline_common.tree import decode_line, encode_line

_Item = TypeVar("_Item")


def in_halves(items: Sequence[_Item], work: Callable[[_Item], list[Any]]) -> list[list[Any]]:
    """What `work` gives for each item, in order; a fork of this process, which must have one thread, does half of it.

    Args:
        items: the items.
        work: looks at one and changes nothing; gives JSON data.
    """
    middle = len(items) // 2
    parent = os.getpid()
    with tempfile.TemporaryFile() as file:

        def second() -> int:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            die_with_parent(parent)
            file.write(encode_line([work(item) for item in items[middle:]]))
            file.flush()
            return 0

        child = fork(second)
        try:
            done = [work(item) for item in items[:middle]]
        except BaseException:  # Ctrl-C too: nobody waits for the other half any more
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        if os.waitpid(child, 0)[1]:  # it was killed, or the disk is full
            return [*done, *(work(item) for item in items[middle:])]
        file.seek(0)
        return done + decode_line(file.read())  # type: ignore[no-any-return]
