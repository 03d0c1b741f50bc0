"""A folder after a batch, as the tests look at it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_common.books import book_id


@dataclass
class Finished:
    """A folder after a batch.

    Attributes:
        root: the folder.
        process: how the batch ended and what it printed.
    """

    root: Path
    process: subprocess.CompletedProcess[str]

    @property
    def document(self) -> dict[str, Any]:
        return json.loads((self.root / "pipeline.json").read_text(encoding="utf-8"))

    def id(self, name: str) -> str:
        return book_id(self.root / "input" / name, self.root)

    def record(self, phase: str, name: str) -> dict[str, Any]:
        return self.document[phase]["files"][self.id(name)]

    def folder(self, name: str) -> Path:
        return self.root / "output" / self.document["books"][self.id(name)]["promotion"]["folder"]

    def work(self, name: str) -> Path:
        return self.root / "work" / self.id(name)
