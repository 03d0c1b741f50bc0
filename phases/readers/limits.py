"""How large a book may be: the only place that holds these numbers."""

from __future__ import annotations

import resource
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from phases.contract import PermanentError

MEGABYTE = 1024 * 1024
_PIECES_A_PARAGRAPH = 4
_TEXTS = 3
_LOOK_EVERY_S = 0.05
_PAGE_BYTES = resource.getpagesize()


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on a book's file.

    Attributes:
        max_source_mb: size of the file, in MiB.
        max_unpacked_mb: size of all that is in it once unpacked, in MiB.
        max_members: number of files in it.
        max_text_mb: size of one text, with its markup, in MiB; a book of several files may have three times as much.
        max_paragraphs: number of paragraphs; lines and tags may be four times as many.
        max_cpu_s: CPU time of each phase that reads the text, in seconds.
        max_memory_mb: memory that such a phase takes for the text, in MiB.
    """

    max_source_mb: int = 500
    max_unpacked_mb: int = 1000
    max_members: int = 20_000
    max_text_mb: int = 12
    max_paragraphs: int = 200_000
    max_cpu_s: float = 10.0
    max_memory_mb: int = 200

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Limits:
        """The limits in a phase's settings, with defaults for those that are not there."""
        given = settings.get("limits") or {}
        default = cls()
        return cls(
            max_source_mb=given.get("max_source_mb", default.max_source_mb),
            max_unpacked_mb=given.get("max_unpacked_mb", default.max_unpacked_mb),
            max_members=given.get("max_members", default.max_members),
            max_text_mb=given.get("max_text_mb", default.max_text_mb),
            max_paragraphs=given.get("max_paragraphs", default.max_paragraphs),
            max_cpu_s=given.get("max_cpu_s", default.max_cpu_s),
            max_memory_mb=given.get("max_memory_mb", default.max_memory_mb),
        )

    def check_text(self, name: str, size_bytes: int, of_all_bytes: int = 0) -> None:
        """Refuse a text that is too large, or a book of several.

        Args:
            name: the book's file name.
            size_bytes: of one text.
            of_all_bytes: of all texts of the book, where it has several.

        Raises:
            PermanentError: ``too_large``; the message names the limit.
        """
        for size, most_mb in ((size_bytes, self.max_text_mb), (of_all_bytes, _TEXTS * self.max_text_mb)):
            if size > most_mb * MEGABYTE:
                where = "in one piece" if size is size_bytes else "in all"
                what = f"it holds more than {most_mb} MB of text {where}"
                raise over_limit(name, what, "limits.max_text_mb")

    def check_paragraphs(self, name: str, count: int) -> None:
        """Refuse a book of too many paragraphs.

        Raises:
            PermanentError: ``too_large``; the message names the limit.
        """
        if count > self.max_paragraphs:
            what = f"it has more than {self.max_paragraphs:,} paragraphs"
            raise over_limit(name, what, "limits.max_paragraphs")

    def check_pieces(self, name: str, what: str, count: int) -> None:
        """Refuse a text of too many lines or tags, of which each costs memory.

        Args:
            name: the book's file name.
            what: such as ``lines``.
            count: how many there are.

        Raises:
            PermanentError: ``too_large``; the message names the limit.
        """
        most = _PIECES_A_PARAGRAPH * self.max_paragraphs
        if count > most:
            raise over_limit(name, f"it has more than {most:,} {what}", "limits.max_paragraphs")

    @contextmanager
    def watched(self, name: str) -> Iterator[None]:
        """Work within the limits on CPU time and memory; what no other limit foresees ends here.

        Args:
            name: the book's file name.

        Raises:
            PermanentError: ``too_large``; the message names the limit. It is raised wherever the work stands.
        """
        started_s, before_bytes = time.process_time(), _memory_bytes()

        def look(_number: int, _frame: FrameType | None) -> None:
            if time.process_time() - started_s > self.max_cpu_s:
                what = f"reading it takes more than {self.max_cpu_s:g} s of CPU time"
                raise over_limit(name, what, "limits.max_cpu_s")
            if _memory_bytes() - before_bytes > self.max_memory_mb * MEGABYTE:
                what = f"reading it takes more than {self.max_memory_mb} MB of memory"
                raise over_limit(name, what, "limits.max_memory_mb")

        if threading.current_thread() is not threading.main_thread():  # where signals cannot be had, others limit
            yield
            return
        earlier = signal.signal(signal.SIGPROF, look)
        signal.setitimer(signal.ITIMER_PROF, _LOOK_EVERY_S, _LOOK_EVERY_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, earlier)


def _memory_bytes() -> int:
    """What this process has in memory; 0 where the system does not say it."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def over_limit(name: str, what: str, limit: str) -> PermanentError:
    """The error for a book over a limit.

    Args:
        name: the book's file name.
        what: what is too large, such as "it unpacks to more than 1000 MB".
        limit: the setting that holds the limit, such as ``limits.max_unpacked_mb``.
    """
    return PermanentError(
        f"{name} is refused: {what}. If you trust this file, raise {limit} in config.yaml and run again.",
        error_type="too_large",
    )
