"""What finished audio has to be, as data: one row a preset, each number with its source.

Standard library only: the configuration is checked against these rows without importing what makes sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LUFS, RMS = "LUFS", "dB RMS"


@dataclass(frozen=True, slots=True)
class Preset:
    """A target for the encoded files; each chapter is brought to it, and is measured against it.

    Attributes:
        about: what it is for, in a few words.
        unit: what its levels are: integrated loudness (`LUFS`), or the root mean square of a chapter (`RMS`).
        level_db: what each chapter is brought to.
        lowest_db: the lowest level that passes.
        highest_db: the highest level that passes.
        true_peak_dbtp: the highest true peak that passes.
        ceiling_dbtp: where the limiter stops before encoding; lower, because coding moves peaks upwards.
        noise_floor_db: the highest noise floor that passes (RMS); None where any does.
        longest_file_s: the longest file that passes; None where any does.
        formats: what is made where the configuration names no formats.
        bitrate_kbps: of the coded formats where the configuration names none.
        least_bitrate_kbps: the lowest bit rate that passes.
        output_rate: samples a second of its files; None where any rate will do.
        pauses: seconds, by their names, where the configuration has none of its own.
        has_credits: whether opening and closing credits are spoken.
    """

    about: str
    unit: str
    level_db: float
    lowest_db: float
    highest_db: float
    true_peak_dbtp: float
    ceiling_dbtp: float
    noise_floor_db: float | None = None
    longest_file_s: float | None = None
    formats: tuple[str, ...] = ("m4b", "mp3")
    bitrate_kbps: int = 64
    least_bitrate_kbps: int = 32
    output_rate: int | None = None
    pauses: Mapping[str, float] = field(default_factory=dict)
    has_credits: bool = False


BIT_RATES_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""Of MPEG-1 layer III (ISO/IEC 11172-3)."""

DEFAULT_PRESET = "audiobook"

PRESETS: Mapping[str, Preset] = {
    # Loudness of mono speech: AES TD1008. The ceilings are measured: coded at 64 kbit/s, peaks rise by up to 1.3 dB.
    "audiobook": Preset(
        about="-19 LUFS, true peak at most -3 dBTP",
        unit=LUFS,
        level_db=-19.0,
        lowest_db=-20.0,
        highest_db=-18.0,
        true_peak_dbtp=-3.0,
        ceiling_dbtp=-4.8,
    ),
    # The audio submission requirements of ACX; its peak is one of samples, which a true peak is never under.
    "acx": Preset(
        about="for ACX and Audible: -23 to -18 dB RMS, peak at most -3 dB, one MP3 a chapter at 192 kbit/s, credits",
        unit=RMS,
        level_db=-20.5,
        lowest_db=-23.0,
        highest_db=-18.0,
        true_peak_dbtp=-3.0,
        ceiling_dbtp=-4.3,
        noise_floor_db=-60.0,
        longest_file_s=120 * 60.0,
        formats=("mp3-chapters",),
        bitrate_kbps=192,
        least_bitrate_kbps=192,
        output_rate=44_100,
        pauses={"head_s": 0.75, "tail_s": 2.0},
        has_credits=True,
    ),
    # What podcast platforms ask for: -16 LUFS, true peak at most -1 dBTP.
    "podcast": Preset(
        about="-16 LUFS, true peak at most -1 dBTP",
        unit=LUFS,
        level_db=-16.0,
        lowest_db=-17.0,
        highest_db=-15.0,
        true_peak_dbtp=-1.0,
        ceiling_dbtp=-2.8,
        formats=("mp3",),
        bitrate_kbps=96,
    ),
}
