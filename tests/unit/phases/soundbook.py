"""A small book for tests of the sound phases, in the files that earlier phases leave."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phases.contract import Plan
from phases.files import write_json, write_lines

PAUSES = {
    "sentence_s": 0.30,
    "paragraph_s": 0.65,
    "scene_break_s": 1.5,
    "heading_s": 1.0,
    "chapter_s": 1.8,
    "head_s": 0.6,
    "tail_s": 1.5,
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "synthesis": {
        "engine": "espeak",
        "voice": "en-us",
        "voice_is_default": True,
        "fallback": [],
        "rate": 160,
        "pitch": 50,
    },
    "enhancement": {"formats": ["m4b", "mp3"], "preset": "audiobook", "bitrate_kbps": 64, "pauses": PAUSES},
    "subtitles": {},
}
INPUTS = {
    "synthesis": ("chunks", "book"),
    "enhancement": ("book", "text", "chunks", "timings"),
    "subtitles": ("book", "text", "chunks", "timings", "ledger"),
}
FILES = {
    "book": "book.json",
    "text": "text.jsonl",
    "chunks": "chunks.jsonl",
    "timings": "timings.jsonl",
    "ledger": "ledger.jsonl",
}

Paragraph = tuple[str, str]  # kind and text


@dataclass
class SoundBook:
    """A book's folder with the artifacts of phases 1 to 3, and plans for the phases after them."""

    folder: Path
    cores: int = 2
    attempts: int = field(default=0)

    def write(
        self,
        chapters: Sequence[tuple[str, Sequence[Paragraph]]],
        *,
        title: str = "A Small Book",
        language: str | None = "en",
        **facts: Any,
    ) -> None:
        """Write text and chunks: a chunk a paragraph, a sentence up to each `.`, `!` or `?`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        document = {
            "title": title,
            "authors": ["Ann Author"],
            "language": language,
            "publisher": None,
            "published": None,
            "description": None,
            "identifier": None,
            "cover": None,
            "chapters": [
                {"index": number, "title": name, "level": 1} for number, (name, _) in enumerate(chapters, start=1)
            ],
        }
        write_json(self.folder / "book.json", {**document, **facts})
        texts, chunks = [], []
        for chapter, (_name, paragraphs) in enumerate(chapters, start=1):
            index = 0
            for number, (kind, text) in enumerate(paragraphs, start=1):
                row = {"chapter": chapter, "paragraph": number, "kind": kind, "text": text, "source": "line 1"}
                texts.append({**row, "omit": None})
                if any(map(str.isalnum, text)):
                    index += 1
                    chunks.append(chunk(chapter, index, number, text, language))
        write_lines(self.folder / "text.jsonl", texts)
        write_lines(self.folder / "chunks.jsonl", chunks)

    def plan(self, phase: str, *, inputs: Mapping[str, Path] | None = None, **settings: Any) -> Plan:
        """The plan of one more attempt of a phase."""
        self.attempts += 1
        attempt = self.folder / "attempts" / str(self.attempts)
        attempt.mkdir(parents=True)
        return Plan(
            phase=phase,
            book_id="small-00000000",
            attempt=1,
            source=self.folder / "small.txt",
            book_dir=self.folder,
            attempt_dir=attempt,
            inputs={name: self.folder / FILES[name] for name in INPUTS[phase]} | dict(inputs or {}),
            settings={**SETTINGS[phase], **settings},
            slots_dir=self.folder / "slots",
            cores=self.cores,
            progress=self.folder / "progress.jsonl",
        )

    def keep(self, plan: Plan, artifacts: Mapping[str, str]) -> None:
        """Move the artifacts of an attempt to the book's folder, as the orchestrator does."""
        for name in artifacts.values():
            (plan.attempt_dir / name).replace(self.folder / name)


def chunk(chapter: int, index: int, paragraph: int, text: str, language: str | None) -> dict[str, Any]:
    """A row of ``chunks.jsonl`` that speaks a whole paragraph as it is written."""
    sentences = [
        {
            "paragraph": paragraph,
            "start": found.start(),
            "end": found.end(),
            "spoken": found[0],
            "map": [[0, len(found[0]), found.start(), found.end()]],
        }
        for found in re.finditer(r"\S.*?(?:[.!?]+[”\"’]?(?=\s|$)|$)", text, re.DOTALL)
    ]
    spoken = " ".join(str(sentence["spoken"]) for sentence in sentences)
    text_id = hashlib.sha256(json.dumps([language, spoken]).encode()).hexdigest()[:32]
    return {"chapter": chapter, "index": index, "text_id": text_id, "language": language, "sentences": sentences}
