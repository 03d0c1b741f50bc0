"""The stand-in library as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand_ins import Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.plant(tmp_path)
