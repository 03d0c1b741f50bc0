"""Who speaks a chunk: the wanted voice or, where that has failed at it, the first fallback that does not.

A voice has failed at a chunk once it has refused it or given a bad take twice, or once its worker process has died
three times. Where another has then spoken the chunk, a note beside the audio says why for each voice that has failed,
so that a later run takes the same audio and asks nobody again. A chunk at which all have failed leaves no note: the
next run asks all of them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from phases.audio.chunkfile import ChunkAudio, DamagedChunkError, chunk_path, read_chunk
from phases.files import write_parts

POISONED = "poisoned_chunk"
"""The kind of a refusal by death."""

_MOST_TAKES = 2
_MOST_DEATHS = 3
# How much of a chunk's text an error shows.
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Candidate:
    """A voice that may speak a chunk.

    Attributes:
        voice: its identifier.
        audio_id: names the audio of the chunk by this voice.
    """

    voice: str
    audio_id: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk and who may speak it.

    Attributes:
        chapter: counts from 1.
        index: counts from 1 in its chapter.
        text: what is spoken.
        candidates: the wanted voice, then the fallbacks.
        phonemes: rows (from, to, IPA) of what a lexicon says of the pronunciation of parts of `text`.
    """

    chapter: int
    index: int
    text: str
    candidates: tuple[Candidate, ...]
    phonemes: tuple[tuple[int, int, str], ...] = ()

    def __str__(self) -> str:
        text = self.text if len(self.text) <= _SHOWN_CHARACTERS else self.text[:_SHOWN_CHARACTERS] + "…"
        return f"chapter {self.chapter}, chunk {self.index}: “{text}”"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a voice has not spoken a chunk.

    Attributes:
        kind: the check that its take failed, ``voice_refused``, or ``poisoned_chunk``.
        reason: a clause with the numbers.
        permanent: whether it would do so again.
    """

    kind: str
    reason: str
    permanent: bool

    def to_json(self) -> bytes:
        """The refusal as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Refusal:
        """The refusal that `to_json` gave."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Trial:
    """How far the search for a voice for a chunk is.

    Attributes:
        chunk: the chunk.
        refusals: of the first candidates, in their order; the next one is being tried.
        takes: how many bad ones that one has given.
        deaths: how often it has taken its worker process with it.
    """

    chunk: Chunk
    refusals: tuple[Refusal, ...] = ()
    takes: int = 0
    deaths: int = 0

    @property
    def candidate(self) -> Candidate:
        """Who is being tried."""
        return self.chunk.candidates[len(self.refusals)]

    @property
    def is_lost(self) -> bool:
        """Whether everybody has failed."""
        return len(self.refusals) == len(self.chunk.candidates)

    def after(self, refusal: Refusal) -> Trial:
        """The trial once the candidate has failed once more: the same one's next, or the following candidate's."""
        if refusal.kind != POISONED:
            tried = replace(self, takes=self.takes + 1)
        else:
            tried = replace(self, deaths=self.deaths + 1)
            refusal = replace(refusal, reason=f"{tried.deaths} times {refusal.reason}")
        if tried.takes < _MOST_TAKES and tried.deaths < _MOST_DEATHS:
            return tried
        return Trial(self.chunk, (*self.refusals, refusal))

    def told(self) -> str:
        """Who has failed and why, a clause each."""
        return "; ".join(
            f"{candidate.voice}: {refusal.reason}"
            for candidate, refusal in zip(self.chunk.candidates, self.refusals, strict=False)
        )

    def fallback(self) -> dict[str, Any] | None:
        """Who speaks in the place of whom, and why, as JSON data; None where the wanted voice speaks."""
        if not self.refusals:
            return None
        refused = [
            {"voice": candidate.voice, "type": refusal.kind, "reason": refusal.reason}
            for candidate, refusal in zip(self.chunk.candidates, self.refusals, strict=False)
        ]
        return {"voice": self.candidate.voice, "refused": refused}


def standing(book_dir: Path, chunk: Chunk) -> tuple[Trial, ChunkAudio | None]:
    """Who speaks a chunk, as far as earlier runs have found out, and the audio where it is there."""
    refusals: list[Refusal] = []
    for candidate in chunk.candidates:
        trial = Trial(chunk, tuple(refusals))
        try:
            return trial, read_chunk(chunk_path(book_dir, candidate.audio_id))
        except DamagedChunkError:
            refusal = _noted(_note_path(book_dir, candidate))
        if refusal is None:
            return trial, None
        refusals.append(refusal)
    return Trial(chunk), None


def note_refusals(book_dir: Path, trial: Trial) -> None:
    """Note why others have not spoken what the candidate now has; the caller syncs the folder once, at the end."""
    _note_path(book_dir, trial.candidate).unlink(missing_ok=True)  # it may have failed in an earlier run
    for candidate, refusal in zip(trial.chunk.candidates, trial.refusals, strict=False):
        write_parts(_note_path(book_dir, candidate), (refusal.to_json(),))


def _note_path(book_dir: Path, candidate: Candidate) -> Path:
    return chunk_path(book_dir, candidate.audio_id).with_suffix(".refused.json")


def _noted(path: Path) -> Refusal | None:
    try:
        return Refusal.from_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):  # damaged: the voice is asked again
        return None
