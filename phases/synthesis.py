"""Phase 4: speaks every chunk that is not spoken yet, and lists the durations and word times of all.

A chunk is spoken by a process of its own, so that its bytes depend on its text, voice and settings alone: a resumed
book is identical to an uninterrupted one.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from phases.audio.chunkfile import ChunkAudio, DamagedChunkError, chunk_path, read_chunk, write_chunk
from phases.contract import PermanentError, Plan, Result, TransientError
from phases.files import read_json, read_lines, sync_folder, write_lines
from phases.forks import ChildDiedError, run_in_forks
from phases.progress import Progress
from phases.slots import core_slot
from phases.voices import engine_version, engines
from phases.voices.espeak import Espeak, EspeakError, EspeakVoice
from phases.voices.languages import choose_voice

# How much of a chunk's text an error shows.
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class _Chunk:
    chapter: int
    index: int
    text: str
    voice: str
    audio_id: str


def run(plan: Plan) -> Result:
    """Speak a book.

    Settings: ``engine``, ``voice``, ``voice_is_default``, ``rate`` (words a minute), ``pitch`` (0 to 99).

    Raises:
        PermanentError: no voice for the language, or text that the voice gives no sound for.
        TransientError: a worker process crashed.
    """
    settings = plan.settings
    if settings["engine"] not in engines():
        raise PermanentError(
            f"There is no voice engine called {settings['engine']!r}. Set tts.engine in config.yaml to one of "
            f"{', '.join(engines())}.",
            error_type="unknown_engine",
        )
    engine = _started()
    try:
        chunks = _chunks(plan, engine)
        spoken = _speak_missing(plan, chunks, engine)
    finally:
        engine.close()
    return _finish(plan, chunks, spoken)


def _started() -> Espeak:
    try:
        return Espeak()
    except (EspeakError, OSError) as error:
        raise TransientError(
            f"The voice could not be loaded: {error}. Install the package espeakng-loader again and run again.",
            error_type="voice_not_loaded",
        ) from error


def _chunks(plan: Plan, engine: Espeak) -> list[_Chunk]:
    settings = plan.settings
    spoken_settings = {"rate": settings["rate"], "pitch": settings["pitch"]}
    version = engine_version(settings["engine"])
    listed, variants = engine.voices(), engine.voices("variant")
    book_language = read_json(plan.inputs["book"]).get("language")
    voices: dict[str | None, str] = {}
    chunks = []
    for row in read_lines(plan.inputs["chunks"]):
        language = row.get("language") or book_language
        if language not in voices:
            voices[language] = choose_voice(
                language, settings["voice"], listed, variants, is_default=settings["voice_is_default"]
            )
        voice = voices[language]
        text = " ".join(sentence["spoken"] for sentence in row["sentences"])
        audio_id = _audio_id(row["text_id"], settings["engine"], version, voice, spoken_settings)
        chunks.append(_Chunk(row["chapter"], row["index"], text, voice, audio_id))
    return chunks


def _audio_id(text_id: str, engine: str, version: str, voice: str, settings: Mapping[str, Any]) -> str:
    key = json.dumps([text_id, engine, version, voice, settings], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _speak_missing(plan: Plan, chunks: Sequence[_Chunk], engine: Espeak) -> int:
    folder = plan.book_dir / "chunks"
    folder.mkdir(exist_ok=True)
    for leftover in folder.glob(".*.tmp"):  # of a worker that was killed; nobody else writes here
        leftover.unlink()
    distinct = {chunk.audio_id: chunk for chunk in chunks}
    missing = [chunk for chunk in distinct.values() if not _is_complete(chunk_path(plan.book_dir, chunk.audio_id))]
    # Elsewhere a process that has loaded a library is not safe to fork from: each child loads its own.
    speak = partial(_speak, plan, engine if sys.platform == "linux" else None)
    with Progress(plan.progress, plan.phase, len(distinct)) as progress:
        progress.advance(len(distinct) - len(missing))
        try:
            for _answer in run_in_forks(speak, missing, plan.cores):
                progress.advance()
        except ChildDiedError as error:
            raise TransientError(
                f"The voice was {error.reason} at {_place(error.task)}. Run again; the chunks spoken so far are kept.",
                error_type="voice_crashed",
            ) from error
    sync_folder(folder)
    return len(missing)


def _speak(plan: Plan, engine: Espeak | None, chunk: _Chunk) -> bytes:
    with core_slot(plan.slots_dir, plan.cores):
        loaded = engine or Espeak()
        voice = EspeakVoice(loaded, chunk.voice, plan.settings["rate"], plan.settings["pitch"])
        try:
            speech = voice.speak(chunk.text)
        except EspeakError as error:
            raise TransientError(f"{error}, at {_place(chunk)}. Run again.", error_type="voice_refused") from error
        if not any(speech.pcm) and any(character.isalnum() for character in chunk.text):
            raise PermanentError(
                f"The voice {chunk.voice} gives no sound for {_place(chunk)}. Set tts.voice in config.yaml to a voice "
                "of the book's language, or take the text out of the book.",
                error_type="no_sound",
            )
        write_chunk(chunk_path(plan.book_dir, chunk.audio_id), speech.pcm, voice.sample_rate, speech.words)
        if engine is None:
            loaded.close()
    return b""


def _place(chunk: object) -> str:
    if not isinstance(chunk, _Chunk):
        return "an unknown place"
    text = chunk.text if len(chunk.text) <= _SHOWN_CHARACTERS else chunk.text[:_SHOWN_CHARACTERS] + "…"
    return f"chapter {chunk.chapter}, chunk {chunk.index}: “{text}”"


def _is_complete(path: Path) -> bool:
    try:
        read_chunk(path)
    except DamagedChunkError:
        return False
    return True


def _finish(plan: Plan, chunks: Sequence[_Chunk], spoken: int) -> Result:
    metrics = {"chunks": len(chunks), "spoken": spoken, "reused": len({chunk.audio_id for chunk in chunks}) - spoken}
    audio_s = 0.0
    words = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal audio_s, words
        for chunk in chunks:
            audio = _read(plan, chunk)
            audio_s += audio.samples / audio.rate
            words += len(audio.words)
            yield {
                "chapter": chunk.chapter,
                "index": chunk.index,
                "audio_id": chunk.audio_id,
                "samples": audio.samples,
                "rate": audio.rate,
                "size_bytes": audio.size_bytes,
                "words": audio.words,
            }

    write_lines(plan.attempt_dir / "timings.jsonl", rows())
    return Result(
        artifacts={"timings": "timings.jsonl"}, metrics={**metrics, "audio_s": round(audio_s, 3), "words": words}
    )


def _read(plan: Plan, chunk: _Chunk) -> ChunkAudio:
    path = chunk_path(plan.book_dir, chunk.audio_id)
    try:
        return read_chunk(path)
    except DamagedChunkError as error:
        raise TransientError(
            f"The audio {path} of {_place(chunk)} was just written, but {error}. Check the disk and run again.",
            error_type="missing_chunk",
        ) from error
