"""Sections about what is heard, and what goes with it: voice, audio files, subtitles."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from orchestrator.sections.fields import Seconds, Section, as_tuple

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

    formats: Annotated[
        tuple[Literal["m4b", "mp3"], ...],
        BeforeValidator(as_tuple),
        Field(min_length=1, description="one file a book each"),
    ] = (
        "m4b",
        "mp3",
    )
    preset: Literal["audiobook"] = Field("audiobook", description="-19 LUFS, true peak at most -3 dBTP, mono")
    bitrate_kbps: int = Field(64, ge=32, le=320, description="of both formats")
    pauses: PausesSection = PausesSection()


class SubtitlesSection(Section):
    """Phase 5.5."""

    enabled: bool = Field(default=True, description="write the files that show the text while it is heard")
    formats: Annotated[
        tuple[Literal["srt", "vtt", "epub"], ...],
        BeforeValidator(as_tuple),
        Field(min_length=1, description="subtitles, and a read-along EPUB, whose sound is that of the m4b or mp3"),
    ] = ("srt", "vtt", "epub")
    word_times: bool = Field(default=False, description="say in the VTT when each word is heard")
