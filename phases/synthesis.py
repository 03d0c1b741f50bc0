"""Phase 4: speaks every chunk that is not spoken yet, and lists the durations and word times of all.

A chunk is spoken by a voice that has said nothing before, so that its bytes depend on its text, voice and settings
alone: a resumed book is identical to an uninterrupted one. A process speaks a few chunks; what a voice fails at is
tried again after all others are spoken, in a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

from phases.audio.chunkfile import DamagedChunkError, chunk_path, read_chunk, write_chunk
from phases.casting import POISONED, Candidate, Chunk, Refusal, Trial, note_refusals, standing
from phases.contract import PermanentError, PhaseError, Plan, Result, TransientError
from phases.files import read_json, read_lines, sync_folder, write_lines
from phases.forks import ChildDiedError, run_in_forks
from phases.progress import Progress
from phases.slots import core_slot
from phases.voices import ENGINES, Engine, VoiceError, engine_version, open_engine
from phases.voices.takes import BadTakeError, checked_pcm

_log = logging.getLogger(__name__)
_ENGLISH = "en-us"
# So many chunks are spoken by one process, as to start one takes as long as a short sentence; in a short book fewer, so
# that all cores have work to the end.
_MOST_TOGETHER, _TURNS = 16, 4


def run(plan: Plan) -> Result:
    """Speak a book.

    Settings: ``engine``, ``voice``, ``voice_is_default``, ``fallback`` (voices, in the order in which they are tried),
    ``rate`` (words a minute), ``pitch`` (0 to 99).

    Raises:
        PermanentError: no voice for the language or of a name, or a chunk that no voice can speak.
        TransientError: a chunk that no voice has spoken, where one may do so another time.
    """
    settings = plan.settings
    if settings["engine"] not in ENGINES:
        raise PermanentError(
            f"There is no voice engine called {settings['engine']!r}. Set tts.engine in config.yaml to one of "
            f"{', '.join(ENGINES)}.",
            error_type="unknown_engine",
        )
    engine = _started(settings["engine"])
    try:
        chunks = _chunks(plan, engine)
        spoken = _speak_missing(plan, chunks, engine)
    finally:
        engine.close()
    return _finish(plan, chunks, spoken)


def _started(name: str) -> Engine:
    try:
        return open_engine(name)
    except (VoiceError, OSError) as error:
        raise TransientError(
            f"The voice could not be loaded: {error}. Install the package {ENGINES[name].distribution} again and run "
            "again.",
            error_type="voice_not_loaded",
        ) from error


def _chunks(plan: Plan, engine: Engine) -> list[Chunk]:
    settings = plan.settings
    spoken_settings = {"rate": settings["rate"], "pitch": settings["pitch"]}
    version = engine_version(settings["engine"])
    book_language = read_json(plan.inputs["book"]).get("language")
    fallbacks = [engine.choose(None, name, is_default=False, key="tts.fallback") for name in settings["fallback"]]
    voices: dict[str | None, list[str]] = {}
    chunks = []
    for row in read_lines(plan.inputs["chunks"]):
        language = row.get("language") or book_language
        if language not in voices:
            wanted = _wanted(engine, settings, language, book_language)
            voices[language] = list(dict.fromkeys([wanted, *fallbacks]))
        text = " ".join(sentence["spoken"] for sentence in row["sentences"])
        candidates = tuple(
            Candidate(voice, _audio_id(row["text_id"], settings["engine"], version, voice, spoken_settings))
            for voice in voices[language]
        )
        chunks.append(Chunk(row["chapter"], row["index"], text, candidates, tuple(_phonemes(row["sentences"]))))
    return chunks


def _wanted(engine: Engine, settings: Mapping[str, Any], language: str | None, book_language: str | None) -> str:
    """The voice for a language: the book's own has the voice of the settings, a passage in another one has its own."""
    if language and book_language and _primary(language) != _primary(book_language):
        try:
            return engine.choose(language, _ENGLISH, is_default=True, key="tts.voice")
        except PermanentError as error:
            _log.warning("A passage in the language %r is spoken by the voice of the book: %s", language, error)
            language = book_language
    return engine.choose(language, settings["voice"], is_default=settings["voice_is_default"], key="tts.voice")


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _phonemes(sentences: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int, str]]:
    """What a lexicon says of a chunk's pronunciation, by offsets in its spoken text."""
    begin = 0
    for sentence in sentences:
        for since, until, ipa in sentence.get("phonemes", ()):
            yield begin + since, begin + until, ipa
        begin += len(sentence["spoken"]) + 1


def _audio_id(text_id: str, engine: str, version: str, voice: str, settings: Mapping[str, Any]) -> str:
    key = json.dumps([text_id, engine, version, voice, settings], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _speak_missing(plan: Plan, chunks: Sequence[Chunk], engine: Engine) -> int:
    """Speak what is missing; what fails is tried again in rounds, so that it is the last that is spoken."""
    folder = plan.book_dir / "chunks"
    folder.mkdir(exist_ok=True)
    for leftover in folder.glob(".*.tmp"):  # of a worker that was killed; nobody else writes here
        leftover.unlink()
    distinct = {chunk.candidates[0].audio_id: chunk for chunk in chunks}
    stands = (standing(plan.book_dir, chunk) for chunk in distinct.values())
    missing = trials = [trial for trial, audio in stands if audio is None]
    # Elsewhere a process that has loaded a library is not safe to fork from: each child loads its own.
    speak = partial(_speak, plan, engine if sys.platform == "linux" else None)
    died = partial(_died, plan)
    lost: list[Trial] = []
    together = max(1, min(_MOST_TOGETHER, len(missing) // (_TURNS * plan.cores)))
    with Progress(plan.progress, plan.phase, len(distinct)) as progress:
        progress.advance(len(distinct) - len(missing))
        while trials:
            groups = [trials[start : start + together] for start in range(0, len(trials), together)]
            trials = []
            for group, answer in zip(groups, run_in_forks(speak, groups, plan.cores, on_death=died), strict=True):
                spoken, refusal = json.loads(answer)
                for trial in group[:spoken]:
                    _note(plan, trial)
                progress.advance(spoken)  # 0, too, is a sign of life
                if refusal:
                    tried = group[spoken].after(Refusal(**refusal))
                    (lost if tried.is_lost else trials).append(tried)
                    trials += group[spoken + 1 :]
            together = 1
    sync_folder(folder)
    if lost:
        raise _failure(lost)
    return len(missing)


def _speak(plan: Plan, engine: Engine | None, trials: Sequence[Trial]) -> bytes:
    """In a child: let voices speak chunks and write the takes, up to the first that fails; answers as `_answer`."""
    loaded = engine or open_engine(plan.settings["engine"])
    try:
        for spoken, trial in enumerate(trials):
            with core_slot(plan.slots_dir, plan.cores):
                refusal = _take(plan, loaded, trial)
            if refusal:
                return _answer(spoken, refusal)
    finally:
        if engine is None:
            loaded.close()
    return _answer(len(trials), None)


def _answer(spoken: int, refusal: Refusal | None) -> bytes:
    """How many chunks are spoken, and why not the next one, as JSON text."""
    return json.dumps([spoken, asdict(refusal) if refusal else None]).encode()


def _take(plan: Plan, engine: Engine, trial: Trial) -> Refusal | None:
    text = trial.chunk.text
    try:
        voice = engine.voice(trial.candidate.voice, plan.settings)
        sample_rate = voice.sample_rate
        speech = voice.speak(text, trial.chunk.phonemes)
        pcm = checked_pcm(speech, text, sample_rate=sample_rate, rate=plan.settings["rate"])
    except BadTakeError as error:
        return Refusal(error.check, str(error), permanent=True)
    except VoiceError as error:
        return Refusal("voice_refused", f"it refuses the text ({error})", permanent=False)
    except OSError:
        raise  # a disk's, not the voice's
    except Exception as error:  # noqa: BLE001 - a voice's arbitrary code ends here; the log keeps the traceback
        traceback.print_exc(file=sys.stderr)
        return Refusal("voice_crashed", f"it failed with {type(error).__name__}: {error}", permanent=False)
    write_chunk(chunk_path(plan.book_dir, trial.candidate.audio_id), pcm, sample_rate, speech.words)
    return None


def _died(plan: Plan, death: ChildDiedError) -> bytes:
    """The answer of a child that is dead: it was at the first chunk of which there is no audio."""
    trials: Sequence[Trial] = death.task  # type: ignore[assignment]
    spoken = 0
    with suppress(DamagedChunkError):
        for trial in trials:
            read_chunk(chunk_path(plan.book_dir, trial.candidate.audio_id))
            spoken += 1
    # SIGKILL comes from outside, as from a system that is out of memory; any other end is the voice's own.
    refusal = Refusal(POISONED, f"its worker process was {death.reason}", permanent="SIGKILL" not in death.reason)
    return _answer(spoken, refusal if spoken < len(trials) else None)


def _note(plan: Plan, trial: Trial) -> None:
    note_refusals(plan.book_dir, trial)
    if trial.refusals:
        _log.warning("%s is spoken by %s, because of %s", trial.chunk, trial.candidate.voice, trial.told())


def _failure(lost: Sequence[Trial]) -> PhaseError:
    """The error that names the first chunk that no voice has spoken, and how many more there are."""
    hopeless = [trial for trial in lost if all(refusal.permanent for refusal in trial.refusals)]
    first = min(hopeless or lost, key=lambda trial: (trial.chunk.chapter, trial.chunk.index))
    kind = PermanentError if hopeless else TransientError
    more = f" So it is with {len(lost) - 1} more chunks." if len(lost) > 1 else ""
    remedy = (
        "Set tts.fallback in config.yaml to another voice that can speak it, or take the text out of the book"
        if hopeless
        else "Run again, or set tts.fallback in config.yaml to another voice that can speak it"
    )
    message = f"No voice has spoken {first.chunk} ({first.told()}).{more} All other chunks are kept. {remedy}."
    return kind(message, error_type=first.refusals[0].kind)


def _finish(plan: Plan, chunks: Sequence[Chunk], spoken: int) -> Result:
    audio_s = 0.0
    words = fallen_back = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal audio_s, words, fallen_back
        for chunk in chunks:
            trial, audio = standing(plan.book_dir, chunk)
            if audio is None:
                raise _lost_again(plan, trial)
            audio_s += audio.samples / audio.rate
            words += len(audio.words)
            row = {
                "chapter": chunk.chapter,
                "index": chunk.index,
                "audio_id": trial.candidate.audio_id,
                "samples": audio.samples,
                "rate": audio.rate,
                "size_bytes": audio.size_bytes,
                "words": audio.words,
            }
            if fallback := trial.fallback():
                fallen_back += 1
                row["fallback"] = fallback
            yield row

    write_lines(plan.attempt_dir / "timings.jsonl", rows())
    metrics = {
        "chunks": len(chunks),
        "spoken": spoken,
        "fallback": fallen_back,
        "reused": len({chunk.candidates[0].audio_id for chunk in chunks}) - spoken,
        "audio_s": round(audio_s, 3),
        "words": words,
    }
    return Result(artifacts={"timings": "timings.jsonl"}, metrics=metrics)


def _lost_again(plan: Plan, trial: Trial) -> TransientError:
    path = chunk_path(plan.book_dir, trial.candidate.audio_id)
    return TransientError(
        f"The audio {path} of {trial.chunk} was just written, but it is missing or damaged. Check the disk and run "
        "again.",
        error_type="missing_chunk",
    )
