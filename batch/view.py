"""What a person sees of a running batch: a live view in a terminal, plain lines anywhere else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from batch.plan import PlannedBook
from batch.progress import BookProgress
from batch.records import Aftermath, Ended
from batch.screen import Screen, duration_text, failure_text


class View(Protocol):
    """Follows the books of a batch."""

    def __enter__(self) -> View:
        """Begin to show."""
        ...

    def __exit__(self, *_exception: object) -> None:
        """Leave the screen as it should stay."""
        ...

    def started(self, book: PlannedBook) -> None:
        """A book's orchestrator starts."""
        ...

    def progress(self, book: PlannedBook, progress: BookProgress) -> None:
        """A running book has come so far."""
        ...

    def waits(self, book: PlannedBook, ended: Ended, aftermath: Aftermath) -> None:
        """A book has failed and will be tried again."""
        ...

    def ended(self, book: PlannedBook, ended: Ended, duration_s: float, aftermath: Aftermath) -> None:
        """A book has come to its end in this batch."""
        ...

    def machine(self, others_percent: float, *, throttled: bool) -> None:
        """The load that is not the batch's own, and whether it holds back the next start."""
        ...


class PlainView:
    """One line an event, for logs and pipes."""

    def __init__(self, console: Screen, total: int) -> None:
        self._console = console
        self._total = total
        self._ended = 0
        self._phases: dict[str, str] = {}
        self._throttled = False

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_exception: object) -> None:
        return None

    def started(self, book: PlannedBook) -> None:
        """A line for the start."""
        self._line(f"{book.name}: starts, {book.reason}")

    def progress(self, book: PlannedBook, progress: BookProgress) -> None:
        """A line for each new phase."""
        if progress.phase and self._phases.get(book.book_id) != progress.phase:
            self._phases[book.book_id] = progress.phase
            self._line(f"{book.name}: {progress.phase}")

    def waits(self, book: PlannedBook, ended: Ended, aftermath: Aftermath) -> None:
        """A line that says why, and when it is tried again."""
        self._phases.pop(book.book_id, None)
        self._line(waiting_text(book, ended, aftermath))

    def ended(self, book: PlannedBook, ended: Ended, duration_s: float, aftermath: Aftermath) -> None:
        """A line for the end, with the reason of a failure."""
        self._ended += 1
        self._line(f"[{self._ended}/{self._total}] {ended_text(book, ended, duration_s, aftermath)}")

    def machine(self, others_percent: float, *, throttled: bool) -> None:
        """A line when throttling begins or ends."""
        if throttled != self._throttled:
            self._throttled = throttled
            text = (
                f"others use {others_percent:.0f} % of the machine; the next book waits"
                if throttled
                else "the next book may start"
            )
            self._line(text)

    def _line(self, text: str) -> None:
        self._console.say(text)


def choose_view(console: Screen, total: int) -> View:
    """The live view where the console is a terminal, otherwise plain lines."""
    if not console.is_terminal:
        return PlainView(console, total)
    from batch.live import LiveView  # late, because plain lines need none of Rich

    return LiveView(console.console, total)


def ended_text(book: PlannedBook, ended: Ended, duration_s: float, aftermath: Aftermath) -> str:
    """How a book ended, as a line."""
    if ended.exit_code == 0:
        return f"{book.name}: done in {duration_text(duration_s)}"
    counted = f" (attempt {aftermath.failures} of {aftermath.limit})" if aftermath.failures > 1 else ""
    return f"{book.name}: FAILED{counted}: {failure_text(ended)}"


def waiting_text(book: PlannedBook, ended: Ended, aftermath: Aftermath) -> str:
    """Why a book will be tried again, and when, as a line."""
    wait_s = aftermath.next_try_s or 0.0
    at = datetime.now().astimezone() + timedelta(seconds=wait_s)
    return (
        f"{book.name}: attempt {max(aftermath.failures, 1)} of {aftermath.limit} failed: {failure_text(ended)} "
        f"Next try at {at:%H:%M:%S}, in {duration_text(wait_s)}."
    )
