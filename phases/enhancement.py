"""Phase 5: lays the chunks out with their pauses, brings them to one loudness, and makes the audiobook files.

The book is worked on in segments of one to two minutes, a core slot each, so memory does not grow with the book and
one book uses all cores. The files are decoded and measured before they are handed over; what misses its preset is
corrected once, and then reported.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from phases.audio import products, reporting
from phases.audio.checking import damage, sound_faults
from phases.audio.chunkfile import DamagedChunkError, chunk_path, read_chunk, read_pcm
from phases.audio.cleaning import Cleaning
from phases.audio.encoding import Encoder, Piece, find_encoder
from phases.audio.levels import Levels, coding_trims, corrected, find_levels
from phases.audio.mastering import master, render, to_pcm
from phases.audio.products import CHAPTER_FILES, About, Product
from phases.audio.tags import Chapter, chapter_title, read_cover, tags_of
from phases.audio.timeline import Division, Pauses, Placed, Timeline, lay_out, output_rate
from phases.audio.verifying import Measured, envelope, measure
from phases.contract import PermanentError, Plan, Result, TransientError
from phases.files import read_json, read_lines, write_json, write_lines, write_text
from phases.forks import ChildDiedError, run_in_forks
from phases.names import file_stem
from phases.presets import PRESETS, Preset
from phases.progress import Progress
from phases.sidefiles import write_side_files
from phases.slots import core_slot, stay_on_core

_log = logging.getLogger(__name__)

_MARK_LEAD_S = 0.1  # a chapter's mark lies in the silence before its first word

_SHOWN = 5

Made = list[tuple[Product, Measured]]


@dataclass(frozen=True, slots=True)
class _Book:
    """All that the files are made from."""

    plan: Plan
    document: Mapping[str, Any]
    timeline: Timeline
    about: About
    preset: Preset

    @property
    def formats(self) -> Sequence[str]:
        """The formats wanted."""
        formats: Sequence[str] = self.plan.settings["formats"]
        return formats

    def hold_core(self) -> Any:
        """Holds a core slot."""
        return core_slot(self.plan.slots_dir, self.plan.cores)


def run(plan: Plan) -> Result:
    """Make the audiobook files of a book.

    Settings: ``formats``, ``preset`` (`phases.presets`), ``bitrate_kbps``, ``pauses``; ``high_pass_hz``,
    ``noise_gate_db`` and ``narrator`` (default none); ``cover`` (default true).

    Raises:
        PermanentError: words of the text are in no chunk, or the book sounds as no book should.
        TransientError: a chunk is missing or damaged (``missing_chunk``), the encoder cannot be run, a worker died, or
            a file is not what was put into it (``not_verified``).
    """
    book = _read(plan)
    program = find_encoder()
    try:
        levels = find_levels(
            book.timeline,
            book.preset,
            coding_trims(book.formats, plan.settings["bitrate_kbps"]),
            read_pcm=_pcm_reader(plan, book.timeline.rate),
            cores=plan.cores,
            hold_core=book.hold_core,
        )
        made = _make(book, program, levels)
        files = reporting.file_rows(book.preset, made)
        is_corrected = not _passed(files)
        if is_corrected:
            _log.warning("Encoding again at corrected levels: %s.", _missed(files))
            made = _make(book, program, corrected(levels, book.preset, made))
            files = reporting.file_rows(book.preset, made)
    except ChildDiedError as error:
        raise TransientError(
            f"A worker process of enhancement was {error.reason}. Run again; if it fails again, free some memory.",
            error_type="worker_died",
        ) from error
    if not _passed(files):
        _log.warning("The audiobook misses its preset %s: %s.", plan.settings["preset"], _missed(files))
    return _finish(book, made, files, is_corrected=is_corrected)


def _read(plan: Plan) -> _Book:
    document, preset = read_json(plan.inputs["book"]), PRESETS[plan.settings["preset"]]
    _check_chunks(plan)
    timeline = lay_out(
        read_lines(plan.inputs["text"]),
        read_lines(plan.inputs["chunks"]),
        read_lines(plan.inputs["timings"]),
        Pauses(**plan.settings["pauses"]),
        Division(preset.longest_file_s) if CHAPTER_FILES in plan.settings["formats"] else None,
    )
    if preset.output_rate not in (None, output_rate(timeline.rate)):
        raise PermanentError(
            f"The preset {plan.settings['preset']} wants {preset.output_rate:,} samples a second, and this voice's "
            f"{timeline.rate:,} become {output_rate(timeline.rate):,}. Choose another voice or another preset.",
            error_type="sample_rate",
        )
    cover = None
    if plan.settings.get("cover", True) and "cover" in plan.inputs:
        cover = read_cover(plan.inputs["cover"])
    about = About(
        stem=file_stem(document),
        tags=tags_of(document, plan.settings.get("narrator")),
        cover=cover,
        chapters=_chapters(document, timeline),
    )
    return _Book(plan, document, timeline, about, preset)


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
    file_starts = {segment.end for segment in timeline.segments if segment.ends_file}
    firsts: dict[int, int] = {}
    for segment in timeline.segments:
        for chunk in segment.chunks:
            at_file_start = segment.start in file_starts and chunk is segment.chunks[0]
            begin = segment.start if at_file_start else chunk.start - lead
            firsts.setdefault(chunk.chapter, begin if firsts else 0)
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


def _pcm_reader(plan: Plan, rate: int) -> Callable[[Placed], bytes]:
    cleaning = Cleaning(plan.settings.get("high_pass_hz"), plan.settings.get("noise_gate_db"))

    def read(chunk: Placed) -> bytes:
        path = chunk_path(plan.book_dir, chunk.audio_id)
        try:
            return cleaning.applied(lambda: read_pcm(path, chunk.samples), rate)
        except DamagedChunkError as error:
            raise _missing(path, chunk.chapter, chunk.index, str(error)) from error

    return read


def _make(book: _Book, program: str, levels: Levels) -> Made:
    """Encode, join and tag every file, and measure what came out.

    Raises:
        TransientError: a file is not what was put into it.
        PermanentError: one is silent for too long, or clips.
    """
    plan, timeline = book.plan, book.timeline
    encoder = Encoder(
        program, timeline.rate, output_rate(timeline.rate), plan.settings["bitrate_kbps"], levels.coder_trims_db
    )
    folder = plan.attempt_dir / "segments"
    folder.mkdir()
    wanted = products.products(book.formats, book.about, timeline, plan.attempt_dir, folder)
    with Progress(plan.progress, plan.phase, len(timeline.segments) + 2 * len(wanted)) as progress:
        heard = _encode(book, encoder, levels, wanted, folder, progress)
        # In processes of their own: a file's header, while it is made, takes as much memory as what reads it again.
        for _done in run_in_forks(_finisher(book, encoder), wanted, plan.cores):
            progress.advance()
        made = []
        for product, answer in zip(wanted, run_in_forks(_measurer(book, heard), wanted, plan.cores), strict=True):
            made.append((product, Measured.from_dict(json.loads(answer))))
            progress.advance()
    shutil.rmtree(folder)
    _check(book, made)
    return made


def _encode(
    book: _Book, encoder: Encoder, levels: Levels, wanted: Sequence[Product], folder: Path, progress: Progress
) -> dict[int, list[float]]:
    """Encode all segments into the products' frames; returns the envelope of the sound at each of their marks."""
    plan, timeline, segments = book.plan, book.timeline, book.timeline.segments
    read = _pcm_reader(plan, timeline.rate)
    positions = {products.voice_sample(product, mark, timeline.rate) for product in wanted for mark in product.marks}

    def encode(number: int) -> bytes:
        segment = segments[number]
        with book.hold_core() as core:
            stay_on_core(core, plan.cores)
            samples = master(render(segment, read, levels.gains_db), 0.0, levels.ceiling_db)
            pcm = to_pcm(samples, levels.common_trim_db)
            is_last = number == len(segments) - 1
            pieces = encoder.encode(pcm, segment.start, folder / str(number), is_last=is_last)
            heard = {
                at: envelope(samples[at - segment.start :], timeline.rate).round(4).tolist()
                for at in positions
                if segment.start <= at < segment.end
            }
        return json.dumps([{name: (str(p.path), list(p.sizes)) for name, p in pieces.items()}, heard]).encode()

    envelopes: dict[int, list[float]] = {}
    for segment, answer in zip(segments, run_in_forks(encode, range(len(segments)), plan.cores), strict=True):
        made, heard = json.loads(answer)
        pieces = {coder: Piece(Path(path), array("H", sizes)) for coder, (path, sizes) in made.items()}
        for product in wanted:
            if product.takes(segment):
                product.append(segment, pieces)
        for piece in pieces.values():
            piece.path.unlink()
        envelopes |= {int(at): values for at, values in heard.items()}
        progress.advance()
    return envelopes


def _finisher(book: _Book, encoder: Encoder) -> Callable[[Product], bytes]:
    """What makes a file of all its frames."""

    def finish(product: Product) -> bytes:
        with book.hold_core():
            products.finish(product, book.about, encoder)
        return b""

    return finish


def _measurer(book: _Book, heard: Mapping[int, Sequence[float]]) -> Callable[[Product], bytes]:
    """What decodes and measures a finished file."""
    rate = book.timeline.rate

    def measured(product: Product) -> bytes:
        try:
            found = measure(
                product.path,
                [mark.start_s for mark in product.marks],
                [np.array(heard[products.voice_sample(product, mark, rate)], np.float32) for mark in product.marks],
                voice_rate=rate,
                hold_core=book.hold_core,
            )
        except (av.FFmpegError, IndexError) as error:
            raise _not_verified([f"the {product.path.name} cannot be decoded ({error})"]) from error
        return json.dumps(found.as_dict()).encode()

    return measured


def _check(book: _Book, made: Made) -> None:
    checked = [(products.wanted(product, book.about, book.timeline), measured) for product, measured in made]
    damaged = [clause for wanted, measured in checked for clause in damage(wanted, measured)]
    if damaged:
        raise _not_verified(damaged)
    faulty = [clause for wanted, measured in checked for clause in sound_faults(wanted, measured)]
    if faulty:
        raise PermanentError(
            f"The finished audiobook did not pass its check: {'; '.join(faulty[:_SHOWN])}. Listen to the book's folder "
            "chunks/ there, or choose another voice.",
            error_type="not_verified",
        )


def _not_verified(clauses: Sequence[str]) -> TransientError:
    return TransientError(
        f"The finished audiobook did not pass its check: {'; '.join(clauses[:_SHOWN])}. Check the disk and run again; "
        "if it fails again, please report it with the logs.",
        error_type="not_verified",
    )


def _passed(files: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(file["passed"] for file in files.values())


def _missed(files: Mapping[str, Mapping[str, Any]]) -> str:
    """What misses the preset, in words."""
    rows = [
        (f"the {kind} has {clause}" if row is file else f"chapter {row['index']} of the {kind} has {clause}")
        for kind, file in files.items()
        for row in (file, *file["chapters"])
        for clause in row.get("missed", ())
    ]
    more = f"; and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return "; ".join(rows[:_SHOWN]) + more


def _finish(book: _Book, made: Made, files: Mapping[str, Mapping[str, Any]], *, is_corrected: bool) -> Result:
    plan, timeline, about = book.plan, book.timeline, book.about
    duration_s, speech_s = timeline.samples / timeline.rate, timeline.speech_samples / timeline.rate
    times = {
        "duration_s": round(duration_s, 6),
        "speech_s": round(speech_s, 6),
        "pauses_s": round(duration_s - speech_s, 6),
    }
    report = {
        "preset": plan.settings["preset"],
        "passed": _passed(files),
        "corrected": is_corrected,
        **times,
        "chapters": [
            {"index": mark.index, "title": mark.title, "start_s": mark.start_s, "end_s": mark.end_s}
            for mark in about.chapters
        ],
        "files": files,
    }
    write_json(plan.attempt_dir / "report.json", report)
    write_text(plan.attempt_dir / "measurements.txt", reporting.table(plan.settings["preset"], book.preset, files))
    write_lines(plan.attempt_dir / "ledger.jsonl", timeline.ledger)
    side_files = write_side_files(plan.attempt_dir, about.tags, about.chapters, about.cover)
    whole = made[0][1].whole
    return Result(
        artifacts={"ledger": "ledger.jsonl", "report": "report.json", "measurements": "measurements.txt"},
        deliverables={**{product.key: product.path.name for product, _measured in made}, **side_files},
        metrics={
            **times,
            "loudness_lufs": _rounded(whole.loudness_lufs),
            "true_peak_dbtp": _rounded(whole.true_peak_dbtp),
            "corrected": is_corrected,
            "passed": _passed(files),
            "verification_cpu_s": round(sum(measured.cpu_s for _product, measured in made), 3),
        },
    )


def _rounded(level: float) -> float | None:
    return round(level, 2) if math.isfinite(level) else None
