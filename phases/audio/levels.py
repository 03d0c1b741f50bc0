"""What is done to the level of a book: found by measuring it as it was spoken, and corrected by what was encoded."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from phases.audio.checking import level_of
from phases.audio.encoding import CODER_OF
from phases.audio.loudness import level
from phases.audio.mastering import ReadPcm, chapter_hops, hop_levels, hops_of, limiter_loss, render, sample_segments
from phases.audio.products import Product
from phases.audio.timeline import Segment, Timeline
from phases.audio.verifying import Measured
from phases.forks import run_in_forks
from phases.presets import Preset

CODING_LOSS_DB: Mapping[str, float] = {"aac": 0.08, "mp3": 0.45, "opus": 0.0, "pcm": 0.0}
"""What each coder at 64 kbit/s takes off the level of speech, measured; it is given back before encoding."""

_TOGETHER = 4  # so many segments are measured by one process: that takes no longer than to start one

_LOSSY_KBPS = 80  # above, nothing is lost that could be measured


@dataclass(frozen=True, slots=True)
class Levels:
    """What is done to the level.

    Attributes:
        gains_db: of each chapter, before the limiter.
        ceiling_db: of the limiter, dBTP.
        trims_db: of each coder, after it.
    """

    gains_db: Mapping[int, float]
    ceiling_db: float
    trims_db: Mapping[str, float]

    @property
    def common_trim_db(self) -> float:
        """The least of the trims, which the samples get before they go to the coders."""
        return min(self.trims_db.values())

    @property
    def coder_trims_db(self) -> dict[str, float]:
        """What is left of the trims: for one coder nothing, so that its samples need no filter."""
        return {coder: round(trim - self.common_trim_db, 3) for coder, trim in self.trims_db.items()}


def find_levels(
    timeline: Timeline,
    preset: Preset,
    trims_db: Mapping[str, float],
    *,
    read_pcm: ReadPcm,
    cores: int,
    hold_core: Callable[[], AbstractContextManager[None]],
) -> Levels:
    """Measure a book as it was spoken, chapter by chapter, and find the gains that bring all to the preset's level.

    Args:
        timeline: the book laid out.
        preset: the target.
        trims_db: of each coder.
        read_pcm: gives the samples of a chunk.
        cores: how many processes at a time.
        hold_core: taken for each piece of work.
    """
    rate = timeline.rate

    def measured(group: Sequence[Segment]) -> bytes:
        with hold_core():
            rows = [np.stack(hop_levels(render(segment, read_pcm, {}), rate)) for segment in group]
        return np.concatenate(rows, axis=1).astype(np.float32).tobytes()

    def loss(segments: Sequence[Segment]) -> bytes:
        with hold_core():
            samples = [render(segment, read_pcm, gains_db) for segment in segments]
            found = limiter_loss(samples, rate, unit=preset.unit, ceiling_db=preset.ceiling_dbtp)
        return json.dumps(found).encode()

    segments = timeline.segments
    groups = [segments[first : first + _TOGETHER] for first in range(0, len(segments), _TOGETHER)]
    hops = np.empty((2, sum(hops_of(segment, rate) for segment in segments)), np.float32)
    spans: dict[int, list[slice]] = defaultdict(list)
    at = 0
    for group, answer in zip(groups, run_in_forks(measured, groups, cores), strict=True):
        rows = np.frombuffer(answer, np.float32).reshape(2, -1)
        hops[:, at : at + rows.shape[1]] = rows
        for segment in group:
            for chapter, first, end in chapter_hops(segment, rate):
                spans[chapter].append(slice(at + first, at + end))
            at += hops_of(segment, rate)
    spoken_db = {
        chapter: level(preset.unit, *np.concatenate([hops[:, span] for span in places], axis=1))
        for chapter, places in spans.items()
    }
    whole_db = level(preset.unit, *hops)
    if not math.isfinite(whole_db):
        return Levels({}, preset.ceiling_dbtp, trims_db)
    # A chapter too short to have a loudness is as loud as the book.
    gains_db = {
        chapter: preset.level_db - (found if math.isfinite(found) else whole_db) for chapter, found in spoken_db.items()
    }
    (answer,) = run_in_forks(loss, [sample_segments(timeline.segments)], 1)
    lost_db = json.loads(answer)
    return Levels({chapter: gain + lost_db for chapter, gain in gains_db.items()}, preset.ceiling_dbtp, trims_db)


def coding_trims(formats: Sequence[str], bitrate_kbps: int) -> dict[str, float]:
    """What is added for each coder of these formats, because it takes so much away."""
    coders = dict.fromkeys(CODER_OF[name] for name in formats)
    return {coder: CODING_LOSS_DB[coder] if bitrate_kbps < _LOSSY_KBPS else 0.0 for coder in coders}


def corrected(levels: Levels, preset: Preset, made: Sequence[tuple[Product, Measured]]) -> Levels:
    """The levels that would have met the target, by what was measured."""
    by_chapter: dict[int, list[float]] = defaultdict(list)
    by_coder: dict[str, list[float]] = defaultdict(list)
    for product, measured in made:
        for mark, part in zip(product.marks, measured.parts, strict=True):
            short_db = preset.level_db - level_of(part, preset)
            if math.isfinite(short_db):
                by_chapter[mark.index].append(short_db)
                by_coder[CODER_OF[product.format]].append(short_db)
    mean_db = {coder: sum(values) / len(values) for coder, values in by_coder.items()}
    all_db = sum(mean_db.values()) / max(1, len(mean_db))
    excess_db = max(measured.whole.true_peak_dbtp for _product, measured in made) - preset.true_peak_dbtp
    return replace(
        levels,
        gains_db={
            chapter: gain + sum(by_chapter[chapter]) / max(1, len(by_chapter[chapter]))
            for chapter, gain in levels.gains_db.items()
        },
        ceiling_db=levels.ceiling_db - (excess_db + 0.1 if excess_db > 0 else 0.0),
        trims_db={coder: trim + mean_db.get(coder, all_db) - all_db for coder, trim in levels.trims_db.items()},
    )
