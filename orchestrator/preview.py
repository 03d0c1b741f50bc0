"""What would be read aloud of a book, before a word of it is spoken: chapters, words, hours, and what is left out."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.beside import merged
from orchestrator.settings import Settings
from orchestrator.sources import Source
from phases.contract import ContractError, Failure, Plan, Result
from phases.rules import RULES
from pipeline_common.printable import printable
from pipeline_common.wording import counted

# 61,178 words at 160 words a minute, with pauses, were 5.76 hours: a voice is a little faster than its rate.
_RATE_FACTOR = 1.11
_USUAL_RATE = 160
_EXAMPLES = 3
_EXAMPLE_CHARACTERS = 72
_PHASES = ("validation", "extraction")


class PreviewError(Exception):
    """The text cannot be shown; the message is the reason."""


def preview(path: Path, settings: Settings, source: Source) -> Iterator[str]:
    """The lines to show. Nothing of the pipeline is changed: the phases work in a folder that is removed.

    Args:
        path: the book's file, absolute.
        settings: what the work on books depends on.
        source: the facts of the file, with what lies beside it.

    Raises:
        PreviewError: the book is refused, or a phase gave no usable answer.
    """
    with tempfile.TemporaryDirectory(prefix="audiobook-preview-") as folder:
        artifacts = worked_out(_PHASES, path, settings, source, Path(folder))
        book = json.loads(artifacts["book"].read_text(encoding="utf-8"))
        counts = _Counts()
        with artifacts["text"].open(encoding="utf-8") as rows:
            for line in rows:
                counts.take(json.loads(line))
    voice = merged(settings.by_phase["synthesis"].values, source.beside.get("synthesis"))
    yield from _shown(book, counts, voice.get("rate") or _USUAL_RATE)


def worked_out(phases: Sequence[str], path: Path, settings: Settings, source: Source, folder: Path) -> dict[str, Path]:
    """The artifacts of the first phases of a book, by name, below `folder`.

    Raises:
        PreviewError: the book is refused, or a phase gave no usable answer.
    """
    artifacts: dict[str, Path] = {}
    for name in phases:
        result, attempt_dir = _attempt(name, path, folder, artifacts, settings, source)
        artifacts |= {artifact: attempt_dir / place for artifact, place in result.artifacts.items()}
    return artifacts


def _attempt(
    name: str, path: Path, folder: Path, artifacts: Mapping[str, Path], settings: Settings, source: Source
) -> tuple[Result, Path]:
    attempt_dir = folder / name
    attempt_dir.mkdir()
    own = settings.by_phase[name]
    plan = Plan(
        phase=name,
        book_id="preview",
        attempt=1,
        source=path,
        book_dir=folder,
        attempt_dir=attempt_dir,
        inputs=artifacts,
        settings=merged(own.values, source.beside.get(name)),
        slots_dir=folder / "slots",
        cores=1,
        progress=folder / "progress.jsonl",
    )
    plan_path, result_path = folder / f"{name}-plan.json", folder / f"{name}-result.json"
    plan_path.write_text(plan.to_json(), encoding="utf-8", errors="replace")
    command = [*(own.command or (sys.executable, "-m", "phases")), str(plan_path), str(result_path)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    try:
        result = Result.from_json(result_path.read_text(encoding="utf-8"), plan)
    except (OSError, ContractError) as error:
        last = (ended.stderr.strip().splitlines() or ["no word of why"])[-1]
        raise PreviewError(f"{name} ended with exit code {ended.returncode} and no usable result: {last}") from error
    if isinstance(result.failure, Failure):
        raise PreviewError(result.failure.message)
    return result, attempt_dir


@dataclass(slots=True)
class _LeftOut:
    """What one rule leaves out."""

    pieces: int = 0
    words: int = 0
    confidence: float = 1.0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Counts:
    """Words by chapter, and what is left out by rule."""

    spoken: dict[int, int] = field(default_factory=dict)
    left_out: dict[str, _LeftOut] = field(default_factory=dict)

    def take(self, row: Mapping[str, Any]) -> None:
        words = len(row["text"].split())
        omit = row["omit"]
        if omit is None:
            self.spoken[row["chapter"]] = self.spoken.get(row["chapter"], 0) + words
            return
        found = self.left_out.setdefault(omit["rule"], _LeftOut())
        found.pieces += 1
        found.words += words
        found.confidence = min(found.confidence, omit["confidence"])
        if len(found.examples) < _EXAMPLES:
            shown = row["text"] or "(nothing)"
            cut = shown if len(shown) <= _EXAMPLE_CHARACTERS else shown[: _EXAMPLE_CHARACTERS - 1] + "…"
            found.examples.append(f"{row['source']}: {cut}")


def _shown(book: Mapping[str, Any], counts: _Counts, rate: int) -> Iterator[str]:
    words = sum(counts.spoken.values())
    facts = [book["title"], ", ".join(book["authors"]), book["language"]]
    if book.get("series"):
        facts.append(f"{book['series']} {book.get('series_index') or ''}".strip())
    yield printable(" · ".join(filter(None, facts)))
    yield f"{counted(len(book['chapters']), 'chapter')}, {counted(words, 'word')}, about {_hours(words, rate)}"
    for chapter in book["chapters"]:
        title = "  " * (chapter["level"] - 1) + chapter["title"]
        yield f"  {chapter['index']:>4}  {counts.spoken.get(chapter['index'], 0):>8,}  {printable(title)}"
    if not counts.left_out:
        yield "Nothing is left out."
        return
    yield f"Left out: {counted(sum(found.words for found in counts.left_out.values()), 'word')}"
    for name, found in sorted(counts.left_out.items(), key=lambda pair: -pair[1].words):
        reason = RULES[name].reason if name in RULES else ""
        amount = f"{counted(found.pieces, 'piece')}, {counted(found.words, 'word')}"
        yield f"  {name}: {amount}, confidence {found.confidence:g}: {reason}"
        for example in found.examples:
            yield f"      {printable(example)}"


def _hours(words: int, rate: int) -> str:
    minutes = round(words / (rate * _RATE_FACTOR))
    return f"{minutes // 60} h {minutes % 60:02} min"
