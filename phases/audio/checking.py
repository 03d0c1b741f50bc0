"""What is wrong with a finished file: faults, with which it is not handed over, and where it misses its preset."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from phases.audio.tags import Cover
from phases.audio.verifying import Measured, Sound
from phases.presets import LUFS, Preset

_CLOSE_S = 0.05
_MORE_SILENCE_S = 1.0
_LEAST_LIKENESS = 0.8
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a file has to be.

    Attributes:
        name: such as ``m4b``, or the name of a chapter's file.
        duration_s: of the file.
        starts_s: where its parts begin, by the ledger.
        checksum: CRC-32 of the frames that the encoder gave.
        tags: title, album and artist.
        chapters: rows (start in seconds, title); None where the file carries none.
        cover: the picture; None for none.
        longest_pause_s: of the book.
    """

    name: str
    duration_s: float
    starts_s: Sequence[float]
    checksum: int
    tags: Mapping[str, str]
    chapters: Sequence[tuple[float, str]] | None
    cover: Cover | None
    longest_pause_s: float


def sound_faults(wanted: Wanted, found: Measured) -> Iterator[str]:
    """What a file should not sound like, each a clause with its numbers; making it again would change nothing."""
    if found.longest_silence_s > wanted.longest_pause_s + _MORE_SILENCE_S:
        yield (
            f"the {wanted.name} is silent for {found.longest_silence_s:.2f} s, where the longest pause is "
            f"{wanted.longest_pause_s:.2f} s"
        )
    if found.whole.true_peak_dbtp >= 0:
        yield f"the {wanted.name} clips: it peaks at {found.whole.true_peak_dbtp:+.2f} dBTP"


def damage(wanted: Wanted, found: Measured) -> Iterator[str]:
    """How a file differs from what was put into it, each a clause with its numbers."""
    name = wanted.name
    if abs(found.whole.duration_s - wanted.duration_s) > _CLOSE_S:
        yield f"the {name} lasts {found.whole.duration_s:.3f} s, not {wanted.duration_s:.3f} s"
    if found.checksum != wanted.checksum:
        yield f"the {name} holds other frames than were encoded (CRC {found.checksum:08x}, not {wanted.checksum:08x})"
    ends_s = [*wanted.starts_s[1:], wanted.duration_s]
    for number, (part, start_s, end_s) in enumerate(zip(found.parts, wanted.starts_s, ends_s, strict=True), start=1):
        where = f"part {number} of the {name}, from {start_s:.3f} s on,"
        if abs(part.duration_s - (end_s - start_s)) > _CLOSE_S:
            yield f"{where} lasts {part.duration_s:.3f} s, not {end_s - start_s:.3f} s"
        if abs(part.offset_s) > _CLOSE_S:
            yield f"{where} is heard {part.offset_s * 1000:.0f} ms late"
        if part.likeness < _LEAST_LIKENESS:
            yield f"{where} does not sound like what was encoded (correlation {part.likeness:.2f})"
    yield from _tag_faults(wanted, found)


def _tag_faults(wanted: Wanted, found: Measured) -> Iterator[str]:
    for tag, text in wanted.tags.items():
        if found.tags[tag] != text:
            yield f"the {wanted.name} is tagged with the {tag} {found.tags[tag]!r}, not {text!r}"
    cover = zlib.crc32(wanted.cover.data) if wanted.cover else 0
    if int(found.tags["cover"]) != cover:
        yield f"the {wanted.name} has another cover than was put into it"
    if wanted.chapters is None:
        return
    if len(wanted.chapters) != len(found.chapters):
        yield f"the {wanted.name} has {len(found.chapters)} chapters, not {len(wanted.chapters)}"
        return
    differing = [
        f"chapter {number} of the {wanted.name} is {title!r} at {at_s:.3f} s, not {right!r} at {right_s:.3f} s"
        for number, ((right_s, right), (at_s, title)) in enumerate(
            zip(wanted.chapters, found.chapters, strict=True), start=1
        )
        if title != right or abs(at_s - right_s) > _CLOSE_S
    ]
    yield from differing[:_SHOWN]


def level_of(sound: Sound, preset: Preset) -> float:
    """The level of a sound in its preset's unit."""
    return sound.loudness_lufs if preset.unit == LUFS else sound.rms_db


def misses(sound: Sound, preset: Preset, *, is_file: bool) -> list[str]:
    """Where a sound misses its preset, each a clause with its numbers; what has no level has none to miss."""
    found = []
    level_db = level_of(sound, preset)
    if math.isfinite(level_db) and not preset.lowest_db <= round(level_db, 2) <= preset.highest_db:
        found.append(f"{level_db:.2f} {preset.unit}, not {preset.lowest_db:g} to {preset.highest_db:g}")
    if round(sound.true_peak_dbtp, 2) > preset.true_peak_dbtp:
        found.append(f"peak {sound.true_peak_dbtp:.2f} dBTP, over {preset.true_peak_dbtp:g}")
    if preset.noise_floor_db is not None and sound.noise_floor_db > preset.noise_floor_db:
        found.append(f"noise floor {sound.noise_floor_db:.2f} dB, over {preset.noise_floor_db:g}")
    if is_file and preset.longest_file_s is not None and sound.duration_s > preset.longest_file_s:
        found.append(f"{sound.duration_s / 60:.1f} min, over {preset.longest_file_s / 60:g}")
    return found
