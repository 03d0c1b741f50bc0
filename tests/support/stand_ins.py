"""A library with one book, and phases that only write what they are told, run as the real ones are: in processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator import attempt
from orchestrator.config import Config
from orchestrator.interrupts import Interrupts
from orchestrator.run import Job, Outcome, orchestrate
from orchestrator.settings import Settings
from orchestrator.spawning import Starter
from pipeline_common import PipelineState
from pipeline_common.books import book_id

FAKE_PHASES = """
import json, os, signal, sys, time
sys.path[:0] = [{checkout!r}]
from pathlib import Path
from phases.contract import Failure, Plan, Result
plan = Plan.from_json(Path(sys.argv[-2]).read_text())
with open({calls!r}, "a") as calls:
    calls.write(plan.phase + "\\n")
behaviour = Path({behaviours!r}) / plan.phase
if behaviour.exists():
    exec(behaviour.read_text())
outputs = {{
    "validation": ["source.json"], "extraction": ["book.json", "text.jsonl"], "chunking": ["chunks.jsonl"],
    "synthesis": ["timings.jsonl"], "enhancement": ["ledger.jsonl", "report.json"], "subtitles": []}}[plan.phase]
deliverables = {{"enhancement": ["Title.m4b"], "subtitles": ["Title.srt"]}}.get(plan.phase, [])
for name in outputs + deliverables:
    text = "" if name.endswith(".jsonl") else plan.phase + "\\n" + plan.source.read_text()
    (plan.attempt_dir / name).write_text(text)
result = Result(
    artifacts={{name.partition(".")[0]: name for name in outputs}},
    deliverables={{name.partition(".")[2]: name for name in deliverables}},
    output_folder="Author/Title" if plan.phase == "enhancement" else None,
    metrics={{"pieces": 3}}, book={{"title": "Title"}},
)
Path(sys.argv[-1]).write_text(result.to_json(plan))
"""


@dataclass
class Library:
    """A folder with one book, whose phases are stand-ins.

    Attributes:
        root: the folder.
        config: its configuration.
        name: the book's file.
        said: what was said of the work.
        programs: whether the stand-ins are run as programs of their own rather than as the built-in phases are.
    """

    root: Path
    config: Config
    name: str = "book.txt"
    said: list[str] = field(default_factory=list)
    programs: bool = False

    @classmethod
    def plant(cls, root: Path) -> Library:
        """Make a folder with one book, which is given up after one failure."""
        for name in ("input", "behaviours"):
            (root / name).mkdir(parents=True)
        script = FAKE_PHASES.format(
            checkout=str(Path(attempt.__file__).parents[1]),
            calls=str(root / "calls"),
            behaviours=str(root / "behaviours"),
        )
        (root / "fake_phases.py").write_text(script)
        library = cls(root, Config.model_validate({"retries": {"limit": 1}}).resolved(root))
        library.book.write_text("Once.\n")
        return library

    @property
    def book(self) -> Path:
        return self.config.input_dir / self.name

    @property
    def id(self) -> str:
        return book_id(self.book, self.root)

    def run(self, *, on_commit: Callable[[int], object] | None = None, **changes: object) -> Outcome:
        state = PipelineState(self.config.pipeline_json)
        if on_commit:
            state.subscribe(on_commit)
        settings = Settings.of(self.config.model_copy(update=changes))
        # Only what is run is another: fingerprints are those of the built-in phases.
        if self.programs:
            command = (sys.executable, "-S", "-P", str(self.root / "fake_phases.py"))
            by_phase = {name: replace(phase, command=command) for name, phase in settings.by_phase.items()}
            settings = replace(settings, by_phase=by_phase)
        else:
            settings = replace(settings, runner="forked_stand_ins")
        with Starter() as starter, Interrupts() as interrupts:
            return orchestrate(Job(self.id, self.book, settings, state, self.said.append, starter), interrupts)

    def behave(self, phase: str, code: str) -> None:
        """From now on the phase runs `code` (with ``plan`` at hand) before it does its work."""
        (self.root / "behaviours" / phase).write_text(code)

    def calls(self) -> list[str]:
        """The phases that ran since the last call of this."""
        path = self.root / "calls"
        text = path.read_text() if path.exists() else ""
        path.unlink(missing_ok=True)
        return text.split()

    def document(self) -> dict[str, dict]:  # type: ignore[type-arg]
        return PipelineState(self.config.pipeline_json).read()
