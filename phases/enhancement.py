"""Phase 5: lays the chunks out with their pauses, brings them to one loudness, and makes the audiobook files.

The book is worked on in segments of one to two minutes, a core slot each, so memory does not grow with the book and
one book uses all cores. The files are decoded and measured before they are handed over; what misses its target is
corrected once.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from phases.audio.chunkfile import DamagedChunkError, chunk_path, read_chunk, read_pcm
from phases.audio.encoding import Encoder, find_encoder
from phases.audio.joining import append, make_m4b, make_mp3
from phases.audio.loudness import hop_energies
from phases.audio.mastering import gain_for, master, render, sample_segments, to_pcm
from phases.audio.presets import CODING_LOSS_DB, PRESETS, Preset
from phases.audio.tags import (
    Chapter,
    Cover,
    Tags,
    chapter_title,
    id3_tag,
    read_cover,
    tags_of,
    write_mp4,
)
from phases.audio.timeline import Pauses, Placed, Segment, Timeline, lay_out, output_rate
from phases.audio.verifying import Measured, measure
from phases.contract import PermanentError, Plan, Result, TransientError
from phases.files import read_json, read_lines, sync_file, write_json, write_lines
from phases.forks import ChildDiedError, run_in_forks
from phases.names import file_stem
from phases.progress import Progress
from phases.sidefiles import write_side_files
from phases.slots import core_slot

_log = logging.getLogger(__name__)

_MARK_LEAD_S = 0.1  # a chapter's mark lies in the silence before its first word
_CLOSE_S = 0.05


@dataclass(frozen=True, slots=True)
class _Book:
    """All that the files are made from."""

    plan: Plan
    document: Mapping[str, Any]
    timeline: Timeline
    chapters: Sequence[Chapter]
    tags: Tags
    cover: Cover | None
    preset: Preset

    @property
    def duration_s(self) -> float:
        """Of the whole audiobook."""
        return self.timeline.samples / self.timeline.rate

    @property
    def formats(self) -> Sequence[str]:
        """The formats wanted."""
        formats: Sequence[str] = self.plan.settings["formats"]
        return formats

    def path(self, extension: str) -> Path:
        """Where a file for the listener lies in the attempt folder."""
        return self.plan.attempt_dir / f"{file_stem(self.document)}.{extension}"


@dataclass(frozen=True, slots=True)
class _Levels:
    """What is done to the level.

    Attributes:
        gain_db: before the limiter.
        ceiling_db: of the limiter.
        trims_db: of each format, after it.
    """

    gain_db: float
    ceiling_db: float
    trims_db: Mapping[str, float]


def run(plan: Plan) -> Result:
    """Make the audiobook files of a book.

    Settings: ``formats`` (m4b, mp3), ``preset``, ``bitrate_kbps``, ``pauses``; ``cover`` (default true) and
    ``narrator`` (default none).

    Raises:
        PermanentError: words of the text are in no chunk, or a file misses its target even after a correction.
        TransientError: a chunk is missing or damaged (``missing_chunk``), the encoder cannot be run, a worker died.
    """
    book = _read(plan)
    encoder = find_encoder()
    try:
        levels = _levels(book)
        measured = _make(book, encoder, levels)
        problems = _problems(book, measured)
        corrected = bool(problems)
        if corrected:
            _log.warning("Encoding again at corrected levels: %s.", "; ".join(problems))
            measured = _make(book, encoder, _corrected(book, levels, measured))
            problems = _problems(book, measured)
    except ChildDiedError as error:
        raise TransientError(
            f"A worker process of enhancement was {error.reason}. Run again; if it fails again, free some memory.",
            error_type="worker_died",
        ) from error
    if problems:
        raise PermanentError(
            f"The finished audiobook did not pass its check: {'; '.join(problems)}. Please report it with the logs.",
            error_type="not_verified",
        )
    return _finish(book, measured, corrected=corrected)


def _read(plan: Plan) -> _Book:
    document = read_json(plan.inputs["book"])
    _check_chunks(plan)
    timeline = lay_out(
        read_lines(plan.inputs["text"]),
        read_lines(plan.inputs["chunks"]),
        read_lines(plan.inputs["timings"]),
        Pauses(**plan.settings["pauses"]),
    )
    cover = None
    if plan.settings.get("cover", True) and "cover" in plan.inputs:
        cover = read_cover(plan.inputs["cover"])
    return _Book(
        plan=plan,
        document=document,
        timeline=timeline,
        chapters=_chapters(document, timeline),
        tags=tags_of(document, plan.settings.get("narrator")),
        cover=cover,
        preset=PRESETS[plan.settings["preset"]],
    )


def _check_chunks(plan: Plan) -> None:
    for row in read_lines(plan.inputs["timings"]):
        path = chunk_path(plan.book_dir, row["audio_id"])
        try:
            audio = read_chunk(path)
        except DamagedChunkError as error:
            raise _missing(path, row["chapter"], row["index"], str(error)) from error
        if (audio.samples, audio.size_bytes) != (row["samples"], row["size_bytes"]):
            raise _missing(path, row["chapter"], row["index"], "it is not the file that was spoken")


def _missing(path: Path, chapter: int, index: int, reason: str) -> TransientError:
    return TransientError(
        f"The audio {path} of chapter {chapter}, chunk {index} cannot be used: {reason}. Run again; it is "
        "spoken again.",
        error_type="missing_chunk",
    )


def _chapters(document: Mapping[str, Any], timeline: Timeline) -> list[Chapter]:
    """A mark for each chapter that is spoken, from the start of the book to its end without a gap."""
    titles = {row["index"]: row["title"] for row in document["chapters"]}
    lead = round(_MARK_LEAD_S * timeline.rate)
    firsts: dict[int, int] = {}
    for chunk in timeline.chunks:
        firsts.setdefault(chunk.chapter, (chunk.start - lead) if firsts else 0)
    ends = [*list(firsts.values())[1:], timeline.samples]
    return [
        Chapter(
            index,
            chapter_title(titles.get(index), index),
            round(start / timeline.rate, 3),
            round(end / timeline.rate, 3),
        )
        for (index, start), end in zip(firsts.items(), ends, strict=True)
    ]


def _pcm_reader(plan: Plan) -> Callable[[Placed], bytes]:
    def read(chunk: Placed) -> bytes:
        path = chunk_path(plan.book_dir, chunk.audio_id)
        try:
            return read_pcm(path, chunk.samples)
        except DamagedChunkError as error:
            raise _missing(path, chunk.chapter, chunk.index, str(error)) from error

    return read


def _levels(book: _Book) -> _Levels:
    """Measure the whole book as it was spoken, and find the gain that brings it to its target."""
    plan, timeline, preset = book.plan, book.timeline, book.preset
    read = _pcm_reader(plan)

    def energies(segment: Segment) -> bytes:
        with core_slot(plan.slots_dir, plan.cores):
            return hop_energies(render(segment, read), timeline.rate).tobytes()

    def gain(segments: Sequence[Segment]) -> bytes:
        with core_slot(plan.slots_dir, plan.cores):
            samples = [render(segment, read) for segment in segments]
            found = gain_for(
                whole,
                samples,
                timeline.rate,
                target_lufs=preset.loudness_lufs,
                ceiling_db=preset.ceiling_dbtp,
            )
        return json.dumps(found).encode()

    whole = np.concatenate([np.frombuffer(part) for part in run_in_forks(energies, timeline.segments, plan.cores)])
    (found,) = run_in_forks(gain, [sample_segments(timeline.segments)], 1)
    return _Levels(json.loads(found), preset.ceiling_dbtp, {name: CODING_LOSS_DB[name] for name in book.formats})


def _corrected(book: _Book, levels: _Levels, measured: Mapping[str, Measured]) -> _Levels:
    """The levels that would have met the target, by what was measured."""
    excess = max(max(file.true_peak_dbtp for file in measured.values()) - book.preset.true_peak_dbtp, 0.0)
    lower = excess + 0.1 if excess else 0.0
    trims = {
        name: levels.trims_db[name] + (book.preset.loudness_lufs - file.loudness_lufs)
        for name, file in measured.items()
        if math.isfinite(file.loudness_lufs)
    }
    return replace(levels, ceiling_db=levels.ceiling_db - lower, trims_db={**levels.trims_db, **trims})


def _make(book: _Book, program: str, levels: _Levels) -> dict[str, Measured]:
    """Encode, join and tag every format, and measure what came out."""
    plan, timeline = book.plan, book.timeline
    segments = timeline.segments
    encoder = Encoder(
        program, timeline.rate, output_rate(timeline.rate), plan.settings["bitrate_kbps"], levels.trims_db
    )
    folder = plan.attempt_dir / "segments"
    folder.mkdir()
    read = _pcm_reader(plan)

    def pieces(number: int) -> dict[str, Path]:
        return {name: folder / f"{number}.{name}" for name in book.formats}

    def encode(number: int) -> bytes:
        with core_slot(plan.slots_dir, plan.cores):
            samples = master(render(segments[number], read), levels.gain_db, levels.ceiling_db)
            encoder.encode(to_pcm(samples), pieces(number), is_last=number == len(segments) - 1)
        return b""

    whole = {name: folder / f"whole.{name}" for name in book.formats}
    with Progress(plan.progress, plan.phase, len(segments) + 2 * len(book.formats)) as progress:
        for number, _answer in enumerate(run_in_forks(encode, range(len(segments)), plan.cores)):
            for name, path in pieces(number).items():
                append(path, whole[name])
            progress.advance()
        measured = {}
        for name, answer in zip(
            book.formats, run_in_forks(_finisher(book, whole), book.formats, plan.cores), strict=True
        ):
            measured[name] = Measured(**json.loads(answer))
            progress.advance(2)
    shutil.rmtree(folder)
    return measured


def _finisher(book: _Book, frames: Mapping[str, Path]) -> Callable[[str], bytes]:
    """What makes one format's file of all its frames and measures it."""
    plan, rate = book.plan, output_rate(book.timeline.rate)
    samples = book.timeline.samples * rate // book.timeline.rate

    def finish(name: str) -> bytes:
        path = book.path(name)
        with core_slot(plan.slots_dir, plan.cores):
            if name == "mp3":
                tag = id3_tag(book.tags, book.chapters, book.cover)
                bitrate_kbps = plan.settings["bitrate_kbps"]
                make_mp3(frames[name], path, tag=tag, samples=samples, rate=rate, bitrate_kbps=bitrate_kbps)
            else:
                make_m4b(frames[name], path, rate=rate, chapters=book.chapters)
                write_mp4(path, book.tags, book.cover)
            sync_file(path)
        return json.dumps(measure(path, lambda: core_slot(plan.slots_dir, plan.cores)).as_dict()).encode()

    return finish


def _problems(book: _Book, measured: Mapping[str, Measured]) -> list[str]:
    """How the files differ from what they should be, each a clause with its numbers."""
    preset = book.preset
    problems = []
    for name, file in measured.items():
        if abs(file.duration_s - book.duration_s) > _CLOSE_S:
            problems.append(f"the {name} lasts {file.duration_s:.3f} s, not {book.duration_s:.3f} s")
        if math.isfinite(file.loudness_lufs) and abs(file.loudness_lufs - preset.loudness_lufs) > preset.tolerance_lu:
            problems.append(f"the {name} has {file.loudness_lufs:.2f} LUFS, not {preset.loudness_lufs:.1f}")
        if file.true_peak_dbtp > preset.true_peak_dbtp:
            problems.append(f"the {name} peaks at {file.true_peak_dbtp:.2f} dBTP, over {preset.true_peak_dbtp:.1f}")
        if file.title != book.tags.title:
            problems.append(f"the {name} is tagged with the title {file.title!r}, not {book.tags.title!r}")
        problems += _chapter_problems(name, book.chapters, file.chapters)
    return problems


def _chapter_problems(name: str, wanted: Sequence[Chapter], found: Sequence[Sequence[Any]]) -> list[str]:
    if len(wanted) != len(found):
        return [f"the {name} has {len(found)} chapters, not {len(wanted)}"]
    return [
        f"chapter {chapter.index} of the {name} is {title!r} at {start_s:.3f} s, not {chapter.title!r} at "
        f"{chapter.start_s:.3f} s"
        for chapter, (start_s, title) in zip(wanted, found, strict=True)
        if title != chapter.title or abs(start_s - chapter.start_s) > _CLOSE_S
    ][:1]


def _finish(book: _Book, measured: Mapping[str, Measured], *, corrected: bool) -> Result:
    plan, timeline = book.plan, book.timeline
    speech_s = timeline.speech_samples / timeline.rate
    times = {
        "duration_s": round(book.duration_s, 6),
        "speech_s": round(speech_s, 6),
        "pauses_s": round(book.duration_s - speech_s, 6),
    }
    report = {
        "preset": plan.settings["preset"],
        **times,
        "chapters": [
            {"index": mark.index, "title": mark.title, "start_s": mark.start_s, "end_s": mark.end_s}
            for mark in book.chapters
        ],
        "files": {
            name: {
                "loudness_lufs": _rounded(file.loudness_lufs),
                "true_peak_dbtp": _rounded(file.true_peak_dbtp),
                "duration_s": round(file.duration_s, 6),
            }
            for name, file in measured.items()
        },
    }
    write_json(plan.attempt_dir / "report.json", report)
    write_lines(plan.attempt_dir / "ledger.jsonl", timeline.ledger)
    side_files = write_side_files(plan.attempt_dir, book.tags, book.chapters, book.cover)
    first = next(iter(measured.values()))
    return Result(
        artifacts={"ledger": "ledger.jsonl", "report": "report.json"},
        deliverables={**{name: book.path(name).name for name in book.formats}, **side_files},
        metrics={
            **times,
            "loudness_lufs": _rounded(first.loudness_lufs),
            "true_peak_dbtp": _rounded(first.true_peak_dbtp),
            "corrected": corrected,
        },
    )


def _rounded(level: float) -> float | None:
    return round(level, 2) if math.isfinite(level) else None
