"""High-pass and noise gate, chunk by chunk, for voices that hum or hiss; a voice that does neither needs none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phases.audio.loudness import Samples, linear

_FULL_SCALE = 32768
_ORDER = 4
_MARGIN_S = 0.25
_FRAME_S = 0.01
_HOLD_FRAMES = 8  # what is this near to speech is not silenced: quiet ends of words


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is taken away from each chunk.

    Attributes:
        high_pass_hz: 3 dB are lost here, 24 dB an octave below; None takes nothing.
        noise_gate_db: what is quieter (RMS, of full scale) is silenced; None silences nothing.
    """

    high_pass_hz: float | None = None
    noise_gate_db: float | None = None

    def applied(self, read_pcm: Callable[[], bytes], rate: int) -> bytes:
        """The samples of a chunk, cleaned: signed 16-bit little-endian."""
        pcm = read_pcm()
        if self.high_pass_hz is None and self.noise_gate_db is None:
            return pcm
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
        if self.high_pass_hz is not None:
            samples = high_passed(samples, rate, self.high_pass_hz)
        if self.noise_gate_db is not None:
            samples = gated(samples, rate, self.noise_gate_db)
        whole = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
        return bytes(whole.astype("<i2"))


def high_passed(samples: Samples, rate: int, cutoff_hz: float) -> Samples:
    """`samples` without what is below `cutoff_hz`, by the magnitude of a Butterworth filter, without delay."""
    margin = round(_MARGIN_S * rate)
    padded = np.pad(samples, margin)
    frequencies = np.fft.rfftfreq(len(padded), 1 / rate)
    kept = 1 / np.sqrt(1 + (cutoff_hz / np.maximum(frequencies, 1e-3)) ** (2 * _ORDER))
    filtered = np.fft.irfft(np.fft.rfft(padded) * kept, len(padded))
    return np.asarray(filtered[margin : margin + len(samples)], np.float32)


def gated(samples: Samples, rate: int, threshold_db: float) -> Samples:
    """`samples` with silence where hundredths of a second, and all near them, are quieter than `threshold_db` (RMS)."""
    frame = round(_FRAME_S * rate)
    padded = np.pad(samples, (0, -len(samples) % frame)).reshape(-1, frame)
    is_loud = np.sqrt((padded**2).mean(axis=1)) >= linear(threshold_db)
    window = np.ones(2 * _HOLD_FRAMES + 1)
    is_open: npt.NDArray[np.float64] = (np.convolve(is_loud, window)[_HOLD_FRAMES:-_HOLD_FRAMES] > 0).astype(np.float64)
    # The gain goes from one frame's middle to the next one's, so that nothing is cut off at once.
    middles = (np.arange(len(is_open)) + 0.5) * frame
    gain = np.interp(np.arange(len(samples)), middles, is_open)
    return np.asarray(samples * gain, np.float32)
