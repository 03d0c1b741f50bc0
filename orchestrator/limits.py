"""What an attempt of a phase may cost, and when one that failed is followed by another: plain data and its arithmetic.

Standard library only, because a book's own processes must be cheap to start.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

JITTER = 0.2
"""The share by which a pause is shortened or lengthened, so that what failed together is not tried together."""

LONGEST_PAUSE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When an attempt is broken off.

    Attributes:
        timeout_s: the longest that an attempt may take; None for no limit.
        stall_timeout_s: the longest that an attempt may go without progress.
        memory_bytes: the most that its processes may take together; None for no limit.
        log_bytes: the most that is kept of what an attempt prints, which ends nothing.
    """

    timeout_s: float | None
    stall_timeout_s: float
    memory_bytes: int | None
    log_bytes: int


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often, and after how long, a phase that failed is tried again.

    Attributes:
        limit: how many attempts may fail before the book is given up.
        delay_s: the pause before the second attempt.
        factor: by which the pause grows from one attempt to the next.
        jitter: whether the pause is varied at random.
    """

    limit: int
    delay_s: float
    factor: float
    jitter: bool

    def pause_s(self, failures: int) -> float:
        """How long to wait after so many failed attempts, at least one, before the next; never more than an hour."""
        growth = self.factor ** min(failures - 1, 100)
        spread = random.uniform(1 - JITTER, 1 + JITTER) if self.jitter else 1.0  # noqa: S311 - no secret
        return min(LONGEST_PAUSE_S, self.delay_s * growth * spread)
