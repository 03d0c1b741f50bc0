"""Sections about what is heard, and what goes with it: voice, audio files, subtitles."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from orchestrator.sections.fields import Seconds, Section, as_tuple
from phases.presets import BIT_RATES_KBPS, DEFAULT_PRESET, PRESETS

DEFAULT_VOICE = "en-us"


def _as_names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else as_tuple(value)


class TtsSection(Section):
    """The voice."""

    engine: Literal["espeak"] = Field(
        "espeak", description="the synthesiser; espeak (eSpeak NG) comes with the package"
    )
    voice: str = Field(
        DEFAULT_VOICE,
        description="for English and unknown languages; others take their own, unless one is set here",
    )
    fallback: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        BeforeValidator(_as_names),
        Field(description="a voice, or a list of them, for what `tts.voice` fails to speak, sentence by sentence"),
    ] = ()
    rate: int = Field(160, ge=80, le=450, description="words a minute")
    pitch: int = Field(50, ge=0, le=99, description="0 is low, 99 is high")


class PausesSection(Section):
    """Silence between pieces, in seconds."""

    sentence_s: Seconds = Field(0.30, description="after a sentence")
    paragraph_s: Seconds = Field(0.65, description="after a paragraph")
    scene_break_s: Seconds = Field(1.5, description="in the place of a scene break")
    heading_s: Seconds = Field(1.0, description="after a heading")
    chapter_s: Seconds = Field(1.8, description="between chapters")
    head_s: Seconds = Field(0.6, description="before the first word")
    tail_s: Seconds = Field(1.5, description="after the last word")


class AudioSection(Section):
    """The finished audio files."""

    preset: Literal["audiobook", "acx", "podcast"] = Field(
        "audiobook",
        description="what the files have to be; all other keys of this section follow it (docs/sound.md)",
    )
    formats: Annotated[
        tuple[Literal["m4b", "mp3", "mp3-chapters", "opus", "flac", "wav"], ...],
        BeforeValidator(as_tuple),
        Field(
            min_length=1, description="any of `m4b mp3 mp3-chapters opus flac wav`; one file a book each, or a chapter"
        ),
    ] = ("m4b", "mp3")
    bitrate_kbps: int = Field(64, description="of each coded format, one of those that MP3 has: 32 to 320")
    high_pass_hz: int | None = Field(
        None, ge=20, le=300, description="take away what is lower, such as hum; for voices that need it"
    )
    noise_gate_db: float | None = Field(
        None, ge=-90, le=-30, strict=False, description="silence what is quieter; for voices with a hiss, such as -55"
    )
    pauses: PausesSection = PausesSection()

    @model_validator(mode="before")
    @classmethod
    def _follow_preset(cls, data: Any) -> Any:
        """What is not given is what the preset says."""
        preset = PRESETS.get(str(data.get("preset", DEFAULT_PRESET))) if isinstance(data, dict) else None
        if preset is None:
            return data
        pauses = data.get("pauses", {})
        if preset.pauses and isinstance(pauses, dict):
            data = {**data, "pauses": {**preset.pauses, **pauses}}
        return {"formats": preset.formats, "bitrate_kbps": preset.bitrate_kbps, **data}

    @model_validator(mode="after")
    def _check_bit_rate(self) -> AudioSection:
        least = PRESETS[self.preset].least_bitrate_kbps
        if self.bitrate_kbps not in BIT_RATES_KBPS:
            raise ValueError(
                f"bitrate_kbps is {self.bitrate_kbps}; MP3 has {', '.join(map(str, BIT_RATES_KBPS))}, and all formats "
                "are given the same"
            )
        if self.bitrate_kbps < least:
            raise ValueError(
                f"the preset {self.preset} needs at least bitrate_kbps: {least}; leave it out to have that"
            )
        return self


class SubtitlesSection(Section):
    """Phase 5.5."""

    enabled: bool = Field(default=True, description="write the files that show the text while it is heard")
    formats: Annotated[
        tuple[Literal["srt", "vtt", "epub"], ...],
        BeforeValidator(as_tuple),
        Field(min_length=1, description="subtitles, and a read-along EPUB, whose sound is that of the m4b or mp3"),
    ] = ("srt", "vtt", "epub")
    word_times: bool = Field(default=False, description="say in the VTT when each word is heard")
