"""Measures a finished file by decoding all of it, as a player would."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from phases.audio.frames import SMALL_INDEX
from phases.audio.loudness import Samples, decibels, integrated_loudness, mean_level, noise_floor, true_peak
from phases.audio.mastering import hop_levels

_STRETCH_S = 5
_BINS_PER_S = 100
_SILENCE = 10 ** (-60 / 20)
_ENVELOPE_S = 5
_REACH_BINS = 12
_FULL_SCALE = 32768
_NOTHING: Samples = np.zeros(0, np.float32)
_TAGS = ("title", "album", "artist")


@dataclass(frozen=True, slots=True)
class Sound:
    """What is heard from one mark to the next, or in a whole file; a level is minus infinity for silence.

    Attributes:
        duration_s: of what a player plays.
        loudness_lufs: integrated.
        rms_db: of all of it, silence too.
        true_peak_dbtp: the highest.
        noise_floor_db: the root mean square of the quietest half second.
        offset_s: how much later it begins than what was encoded; 0 for a whole file.
        likeness: how like what was encoded its beginning sounds, 0 to 1; 1 for a whole file.
    """

    duration_s: float
    loudness_lufs: float
    rms_db: float
    true_peak_dbtp: float
    noise_floor_db: float
    offset_s: float = 0.0
    likeness: float = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a decoded file is.

    Attributes:
        whole: all of it.
        parts: from each mark to the next.
        longest_silence_s: under -60 dBFS.
        checksum: CRC-32 of its frames, or of its samples where they were not coded.
        tags: title, album and artist as a player reads them, and the CRC-32 of the cover as ``cover``.
        chapters: rows (start in seconds, title).
        cpu_s: what decoding and measuring took of the processor.
    """

    whole: Sound
    parts: Sequence[Sound]
    longest_silence_s: float
    checksum: int
    tags: Mapping[str, str]
    chapters: Sequence[tuple[float, str]]
    cpu_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Measured:
        """What `as_dict` gave."""
        parts = [Sound(**part) for part in data["parts"]]
        return cls(**{**data, "whole": Sound(**data["whole"]), "parts": parts})


def envelope(samples: Samples, rate: int) -> npt.NDArray[np.float32]:
    """The highest magnitude in each hundredth of a second, of the first five seconds."""
    return _bins(np.abs(samples[: _ENVELOPE_S * rate]), rate)


def measure(
    path: Path,
    starts_s: Sequence[float],
    envelopes: Sequence[npt.NDArray[np.float32]],
    *,
    voice_rate: int,
    hold_core: Callable[[], AbstractContextManager[None]],
) -> Measured:
    """Decode all of `path` and measure it.

    Args:
        path: the file.
        starts_s: where its parts begin, the first at 0.
        envelopes: of what was encoded there.
        voice_rate: of the voice; above half of it there is no sound.
        hold_core: taken for each stretch of work.

    Raises:
        av.FFmpegError: the file cannot be opened or decoded.
    """
    started_s = time.process_time()
    with av.open(path, options=SMALL_INDEX) as container:
        cover = _cover_checksum(container)
        reader = _Reader(container)
        rate = reader.rate
        ear = _Ear(rate, max(1, rate // voice_rate))
        ends = [round(start_s * rate) for start_s in starts_s[1:]]
        stretch: Samples = np.empty(_STRETCH_S * rate, np.float32)
        position = 0
        for end in [*ends, None]:
            ear.begin()
            while end is None or position < end:
                wanted = stretch if end is None else stretch[: end - position]
                with hold_core():
                    count = reader.take(wanted)
                    ear.hear(wanted[:count])
                position += count
                if count < len(wanted):
                    break
        chapters = [
            (float(chapter["start"] * (chapter["time_base"] or 0)), str(chapter["metadata"].get("title", "")))
            for chapter in container.chapters()
        ]
        tags = {**_tags(container, reader.stream), "cover": str(cover)}
    whole, parts = ear.whole(), ear.parts(envelopes)
    cpu_s = time.process_time() - started_s
    return Measured(whole, parts, ear.longest_silence_s, reader.checksum, tags, chapters, cpu_s)


class _Reader:
    """The samples of a file, as many at a time as are wanted, and the checksum of what they are decoded from."""

    def __init__(self, container: av.container.InputContainer) -> None:
        self.stream = container.streams.audio[0]
        self.rate = self.stream.rate
        self.checksum = 0
        self._is_coded = self.stream.codec_context.name not in ("flac", "pcm_s16le")
        self._parts = self._decoded(container)
        self._rest: Samples = np.zeros(0, np.float32)

    def take(self, samples: Samples) -> int:
        """Fill `samples` with what comes next; returns how many there were, fewer than wanted at the end only."""
        count = 0
        part = self._rest
        while True:
            end = count + len(part)
            if end >= len(samples):
                break
            samples[count:end] = part
            count = end
            part = next(self._parts, _NOTHING)
            if part is _NOTHING:
                self._rest = part
                return count
        samples[count:] = part[: len(samples) - count]
        self._rest = part[len(samples) - count :].copy()
        return len(samples)

    def _decoded(self, container: av.container.InputContainer) -> Iterator[Samples]:
        """Each frame's samples, to be copied before the next: the decoder is faster where it gets its memory back."""
        is_float = self.stream.format.name.startswith("flt")
        is_coded = self._is_coded
        decode = self.stream.codec_context.decode
        for packet in container.demux(self.stream):
            if is_coded and packet.size:
                self.checksum = zlib.crc32(packet, self.checksum)
            for frame in decode(packet):
                # Not to_ndarray(), which takes as long again as to decode.
                if is_float:
                    yield np.frombuffer(memoryview(frame.planes[0]), np.float32, frame.samples)
                else:
                    samples = np.frombuffer(memoryview(frame.planes[0]), np.int16, frame.samples)
                    self.checksum = zlib.crc32(samples.data, self.checksum)
                    yield samples * np.float32(1 / _FULL_SCALE)


class _Ear:
    """Takes a file's samples in, part by part, and keeps of them what is measured.

    Args:
        rate: samples a second.
        step: every so many-th sample is enough for levels, as there is no sound above.
    """

    def __init__(self, rate: int, step: int) -> None:
        self.longest_silence_s = 0.0
        self._rate = rate
        self._step = step if rate % (10 * step) == 0 else 1
        self._silence_s = 0.0
        self._heard: list[_Heard] = []
        self._sizes: Samples = np.empty(0, np.float32)

    def begin(self) -> None:
        """What comes now is the next part."""
        self._heard.append(_Heard())

    def hear(self, samples: Samples) -> None:
        if not len(samples):
            return
        part = self._heard[-1]
        if len(samples) > len(self._sizes):
            self._sizes = np.empty_like(samples)  # kept: to map new memory takes longer than all that is done with it
        sizes = np.abs(samples, out=self._sizes[: len(samples)])
        energies, squares = hop_levels(np.ascontiguousarray(samples[:: self._step]), self._rate // self._step)
        part.energies.append(energies.astype(np.float32))
        part.squares.append(squares.astype(np.float32))
        part.peak = true_peak(samples, sizes, part.peak)
        bins = _bins(sizes, self._rate)
        if not part.length:
            part.bins = bins[: _ENVELOPE_S * _BINS_PER_S]
        part.length += len(samples)
        self._listen_for_silence(bins)

    def _listen_for_silence(self, bins: npt.NDArray[np.float32]) -> None:
        loud = np.flatnonzero(bins >= _SILENCE)
        if not len(loud):
            self._silence_s += len(bins) / _BINS_PER_S
        else:
            first_s = self._silence_s + int(loud[0]) / _BINS_PER_S
            between_s = (int(np.diff(loud).max(initial=1)) - 1) / _BINS_PER_S
            self.longest_silence_s = max(self.longest_silence_s, first_s, between_s)
            self._silence_s = (len(bins) - 1 - int(loud[-1])) / _BINS_PER_S
        self.longest_silence_s = max(self.longest_silence_s, self._silence_s)

    def whole(self) -> Sound:
        """All parts together."""
        everything = _Heard(length=sum(part.length for part in self._heard))
        everything.energies = [energies for part in self._heard for energies in part.energies]
        everything.squares = [squares for part in self._heard for squares in part.squares]
        everything.peak = max(part.peak for part in self._heard)
        return everything.sound(self._rate)

    def parts(self, envelopes: Sequence[npt.NDArray[np.float32]]) -> list[Sound]:
        """Each part, compared with what was encoded."""
        return [
            part.sound(self._rate, *_compared(wanted, part.bins))
            for part, wanted in zip(self._heard, envelopes, strict=True)
        ]


class _Heard:
    """What is kept of a part."""

    def __init__(self, length: int = 0) -> None:
        self.length = length
        self.energies: list[Samples] = []
        self.squares: list[Samples] = []
        self.peak = 0.0
        self.bins: npt.NDArray[np.float32] = np.zeros(0, np.float32)

    def sound(self, rate: int, offset_s: float = 0.0, likeness: float = 1.0) -> Sound:
        squares = np.concatenate([*self.squares, np.zeros(0)])
        return Sound(
            duration_s=self.length / rate,
            loudness_lufs=integrated_loudness(np.concatenate([*self.energies, np.zeros(0)])),
            rms_db=mean_level(squares),
            true_peak_dbtp=decibels(self.peak),
            noise_floor_db=noise_floor(squares),
            offset_s=offset_s,
            likeness=likeness,
        )


def _compared(wanted: npt.NDArray[np.float32], found: npt.NDArray[np.float32]) -> tuple[float, float]:
    """How much later `found` is than `wanted`, in seconds, and how like it is: their highest cross-correlation."""
    length = min(len(wanted), len(found))
    one, two = wanted[:length].astype(np.float64), found[:length].astype(np.float64)
    norm = float(np.sqrt((one @ one) * (two @ two)))
    if norm == 0:
        return 0.0, float(not one.any() and not two.any())
    products = np.correlate(np.pad(two, _REACH_BINS), one, mode="valid")
    best = int(np.argmax(products)) - _REACH_BINS
    return best / _BINS_PER_S, float(products.max()) / norm


def _bins(sizes: Samples, rate: int) -> npt.NDArray[np.float32]:
    """The highest of the magnitudes in each hundredth of a second."""
    if not len(sizes):
        return _NOTHING
    count = -(-len(sizes) * _BINS_PER_S // rate)
    starts = np.arange(count) * rate // _BINS_PER_S
    return np.maximum.reduceat(sizes, starts)


def _tags(container: av.container.InputContainer, stream: av.AudioStream) -> dict[str, str]:
    found = {name.lower(): str(value) for name, value in {**stream.metadata, **container.metadata}.items()}
    return {name: found.get(name, "") for name in _TAGS}


def _cover_checksum(container: av.container.InputContainer) -> int:
    """The CRC-32 of the picture that a player shows, which comes before the first frame; 0 where there is none."""
    for stream in container.streams.video:
        for packet in container.demux(stream):
            return zlib.crc32(packet)
    return 0
