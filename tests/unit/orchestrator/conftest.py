"""The stand-in library as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand_ins import FAKE_PHASES, Library

from orchestrator import attempt
from orchestrator.config import Config


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "input").mkdir()
    (tmp_path / "behaviours").mkdir()
    script = tmp_path / "fake_phases.py"
    script.write_text(
        FAKE_PHASES.format(
            checkout=str(Path(attempt.__file__).parents[1]),
            calls=str(tmp_path / "calls"),
            behaviours=str(tmp_path / "behaviours"),
        )
    )
    config = Config.model_validate({"retries": {"limit": 1}}).resolved(tmp_path)
    library = Library(tmp_path, config)
    library.book.write_text("Once.\n")
    return library
