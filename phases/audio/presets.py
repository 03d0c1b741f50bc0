"""What an audiobook has to sound like, as data, and how far an encoder moves the level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """A target for the encoded file.

    Attributes:
        loudness_lufs: integrated loudness by EBU R128.
        tolerance_lu: how far the encoded file may be from it.
        true_peak_dbtp: the highest true peak that the encoded file may have.
        ceiling_dbtp: where the limiter stops before encoding; lower, because coding moves peaks upwards.
    """

    loudness_lufs: float
    tolerance_lu: float
    true_peak_dbtp: float
    ceiling_dbtp: float


PRESETS: Mapping[str, Preset] = {
    # Loudness of mono speech: AES TD1008. The ceiling is measured: coded at 64 kbit/s, peaks stay under -3.5 dBTP.
    "audiobook": Preset(loudness_lufs=-19.0, tolerance_lu=0.5, true_peak_dbtp=-3.0, ceiling_dbtp=-4.8),
}

# What each encoder at 64 kbit/s takes off the loudness of speech, measured; it is given back before encoding.
CODING_LOSS_DB: Mapping[str, float] = {"m4b": 0.08, "mp3": 0.45}
