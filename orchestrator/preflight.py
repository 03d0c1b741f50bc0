"""Whether there is room for what a book will take: looked at before it costs hours, and said in numbers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.folders import free_bytes
from orchestrator.interrupts import Interrupts
from orchestrator.memory import available_bytes
from orchestrator.records import BookRecords
from orchestrator.settings import Settings
from phases.contract import Failure
from pipeline_common.phases import PHASES, Phase
from pipeline_common.statuses import SUCCESS

SPEECH_S_PER_WORD = 0.34
"""Measured: 61,178 words of English make 5.76 hours with the embedded voice at its usual rate."""

SPEECH_BYTES_PER_S = 44_100
"""Of chunks: 16-bit samples, 22,050 a second."""

_MEMORY_WAIT_S = 60.0
_LOOK_EVERY_S = 0.5
_CHECKED = ("synthesis", "enhancement")


def shortage(
    phase: Phase,
    records: BookRecords,
    settings: Settings,
    interrupts: Interrupts,
    say: Callable[[str], None],
    *,
    is_first: bool,
) -> Failure | None:
    """What a phase that is about to begin would run out of; None where there is enough.

    Waits for memory for a while, since others may give some back, and not for disk space, which nobody does.

    Args:
        phase: the phase.
        records: the book's records.
        settings: the settings.
        interrupts: watched while waiting.
        say: tells the user one line.
        is_first: whether it is the first of this run of the book.

    Raises:
        InterruptedRun: a signal came while waiting.
    """
    if not is_first and phase.name not in _CHECKED:
        return None
    if is_first:
        failure = _wait_for_memory(phase, settings.min_memory_bytes, interrupts, say)
        if failure:
            return failure
    return _disk_shortage(phase, records, settings)


def known_words(records: BookRecords) -> int:
    """The words of a book; 0 until its text is known, because a file of many megabytes may be nearly all pictures."""
    for phase in reversed(PHASES):
        words = records.phase(phase).get("metrics", {}).get("words")
        if records.phase(phase).get("status") == SUCCESS and isinstance(words, int):
            return words
    return 0


def _disk_shortage(phase: Phase, records: BookRecords, settings: Settings) -> Failure | None:
    seconds = known_words(records) * SPEECH_S_PER_WORD
    values = settings.by_phase["enhancement"].values
    sounds = len(values.get("formats", ())) + ("epub" in settings.by_phase["subtitles"].values.get("formats", ()))
    encoded = int(seconds * int(values.get("bitrate_kbps", 64)) * 125) * sounds
    spoken = any(other.name == "synthesis" and records.phase(other).get("status") == SUCCESS for other in PHASES)
    chunks = 0 if spoken else int(seconds * SPEECH_BYTES_PER_S)
    chunks = max(0, chunks - _size_of(settings.speech_folder(records.book_id) / "chunks"))
    in_work, in_output = settings.work_dir, settings.output_dir
    needed = {in_work: chunks + encoded}  # the pieces and what they are joined to are never there at the same time
    if _device(in_work) == _device(in_output):
        needed[in_work] += encoded
    else:
        needed[in_output] = encoded
    for folder, needed_bytes in needed.items():
        free = free_bytes(_existing(folder))
        if free is not None and free < needed_bytes + settings.min_free_bytes:
            return Failure(
                "no_space",
                f"There is no room for {phase.name}: about {_megabytes(needed_bytes)} are needed in {folder} and "
                f"{_megabytes(settings.min_free_bytes)} are to be left (limits.min_free_mb), but "
                f"{_megabytes(free)} are free. Free some space and run again; finished work is kept.",
                permanent=False,
            )
    return None


def _wait_for_memory(
    phase: Phase, needed_bytes: int, interrupts: Interrupts, say: Callable[[str], None]
) -> Failure | None:
    give_up_at = time.monotonic() + _MEMORY_WAIT_S
    told = False
    while True:
        available = available_bytes()
        if available is None or available >= needed_bytes:
            return None
        numbers = (
            f"{_megabytes(available)} of memory are available, and {_megabytes(needed_bytes)} are to be "
            "(limits.min_memory_mb)"
        )
        if time.monotonic() > give_up_at:
            message = f"{phase.name} was not begun: {numbers}. Close other programs and run again."
            return Failure("no_memory", message, permanent=False)
        if not told:
            say(f"waiting for memory: {numbers}")
            told = True
        interrupts.wait(_LOOK_EVERY_S)


def _size_of(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat().st_size for entry in entries)
    except OSError:
        return 0


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _device(folder: Path) -> int:
    return _existing(folder).stat().st_dev


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):,.0f} MB"
