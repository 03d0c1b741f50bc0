"""What a batch has beside its configuration."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.settings import RUNNER


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a batch has beside its configuration.

    Attributes:
        warden: from which come signals that were sent to the warden; None where there is none.
        runner: the module whose ``run_phase`` runs built-in phases; measurements and tests have their own.
    """

    warden: int | None = None
    runner: str = RUNNER
