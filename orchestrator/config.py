"""The configuration: one frozen, strict model a section; command line over file over defaults."""

from __future__ import annotations

import datetime
import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    model_validator,
)

from orchestrator.environments import Environment
from phases.rules import RULES
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.phases import PHASES, Phase

DEFAULT_CONFIG = Path("config.yaml")
"""Read where ``--config`` is not given and the file exists."""

DEFAULT_VOICE = "en-us"

_GONE_KEYS = frozenset({"conda_env", "orchestrator_path", "phase_dirs", "poetry_path", "use_gpu", "venv_path"})
NOT_YET_IN_EFFECT = ("alerts", "retention", "reports")
"""Sections that are accepted, so that a configuration may hold them, but that change nothing in this version."""


def _as_path(value: Any) -> Any:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("a path holds no NUL character")
    return Path(value).expanduser() if isinstance(value, str) and value else value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _as_names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else _as_tuple(value)


def _as_upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _as_phase_numbers(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    return tuple(phase_number(item) for item in value)


def phase_number(typed: object) -> str:
    """The number of the phase that a person named by number, stored key or name.

    Args:
        typed: such as ``5.5``, ``"5.5"``, ``"phase5_5"`` or ``"subtitles"``.

    Raises:
        ValueError: there is no such phase; the message lists the phases.
    """
    word = str(typed).strip().lower()
    for phase in PHASES:
        if not isinstance(typed, bool) and word in (phase.number, phase.key, phase.name, f"{phase.number}.0"):
            return phase.number
    known = ", ".join(f"{phase.number} ({phase.name})" for phase in PHASES)
    raise ValueError(f"there is no phase {typed!r}; the phases are {known}")


def _as_word(value: Any) -> Any:
    """A version may be written as a number or as a date."""
    return str(value) if isinstance(value, int | float | datetime.date) and not isinstance(value, bool) else value


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("a path, a name or an argument holds no NUL character")
    return value


def _environment_name(value: str) -> str:
    if not re.fullmatch(r"\w[^/\s:#\0]*", value):
        raise ValueError(f"{value!r} is no name of a Conda environment; `conda env list` shows the names")
    return value


def _module_name(value: str) -> str:
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*|[^\0]*\.py", value):
        raise ValueError(f"{value!r} is neither the name of a module nor the path of a .py file")
    return value


ENVIRONMENT_KINDS = ("command", "python", "venv", "uv", "poetry", "conda")

PathField = Annotated[Path, BeforeValidator(_as_path)]
_Word = Annotated[str, Field(min_length=1), AfterValidator(_without_nul)]
Seconds = Annotated[float, Field(ge=0, le=3600, strict=False, allow_inf_nan=False)]


class Section(BaseModel):
    """What all sections share: unknown keys are errors, values are not converted, nothing changes later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


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


def _as_switches(value: Any) -> Any:
    if isinstance(value, dict):
        for name in value:
            if name not in RULES:
                near = difflib.get_close_matches(str(name), RULES, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"the rules are {', '.join(RULES)}"
                raise ValueError(f"there is no rule {name!r}; {hint}")
    return value


RuleSwitches = Annotated[
    dict[str, bool],
    BeforeValidator(_as_switches),
    Field(description="rules that leave text out, each `true` or `false`; docs/what-is-read.md names them"),
]
"""Which rules are on or off; those that are not named are on."""


class TextSection(Section):
    """What is spoken, and in which pieces."""

    language: str | None = Field(None, description="overrides every book's own language, such as en or de")
    max_chars: int = Field(600, ge=80, le=5000, description="a longer sentence is spoken in several pieces")
    rules: RuleSwitches = Field(default_factory=dict)


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
        BeforeValidator(_as_tuple),
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

    enabled: bool = Field(default=True, description="write Title.srt and Title.vtt")


class PhaseLimits(Section):
    """The limits of one phase where they are not those of all."""

    timeout: float | None = Field(None, gt=0, strict=False, description="seconds; null takes phase_timeout")
    stall_timeout: float | None = Field(None, gt=0, strict=False, description="null takes limits.stall_timeout")
    memory_mb: int | None = Field(None, ge=16, description="null takes limits.memory_mb")


_OwnLimits = Annotated[PhaseLimits | None, Field(description="`{timeout, stall_timeout, memory_mb}` of this phase")]


class LimitsSection(Section):
    """What one book may cost."""

    stall_timeout: float = Field(
        300, gt=0, strict=False, description="seconds without progress after which an attempt is ended"
    )
    memory_mb: int | None = Field(
        None,
        ge=16,
        description="memory that the processes of one attempt may take; null takes three quarters of the machine's",
    )
    min_memory_mb: int = Field(256, ge=0, description="memory that is to be available before a book starts")
    min_free_mb: int = Field(200, ge=0, description="disk space that is to be left beside what a book will take")
    validation: _OwnLimits = None
    extraction: _OwnLimits = None
    chunking: _OwnLimits = None
    synthesis: _OwnLimits = None
    enhancement: _OwnLimits = None
    subtitles: _OwnLimits = None
    max_source_mb: int = Field(500, ge=1, description="the largest book file")
    max_unpacked_mb: int = Field(1000, ge=1, description="the largest book once unpacked")
    max_members: int = Field(20_000, ge=1, description="the most files inside one book")
    max_text_mb: int = Field(
        12, ge=1, description="the most text in one file, with its markup; thrice as much in one book"
    )
    max_paragraphs: int = Field(200_000, ge=1, description="the most paragraphs; four times as many lines or tags")
    max_cpu_s: float = Field(10, gt=0, strict=False, description="CPU seconds of each phase that reads the text")
    max_memory_mb: int = Field(200, ge=50, description="memory that each phase takes to read the text")
    max_log_mb: int = Field(100, ge=1, description="what is kept of all that an attempt of a phase prints")


class PhaseRetries(Section):
    """The rules of one phase where they are not those of all."""

    limit: int | None = Field(None, ge=1)
    delay: float | None = Field(None, ge=0, strict=False)
    factor: float | None = Field(None, ge=1, le=100, strict=False)
    jitter: bool | None = None


_OwnRetries = Annotated[PhaseRetries | None, Field(description="`{limit, delay, factor, jitter}` of this phase")]


class RetriesSection(Section):
    """How often, and after how long, a failed phase is tried again."""

    limit: int = Field(
        AUDIOBOOK.default_retry_limit, ge=1, description="attempts of a phase that may fail before the book is given up"
    )
    delay: float = Field(5, ge=0, le=3600, strict=False, description="seconds before the second attempt")
    factor: float = Field(4, ge=1, le=100, strict=False, description="by which the delay grows each time")
    jitter: bool = Field(default=True, description="vary the delay by up to a fifth")
    validation: _OwnRetries = None
    extraction: _OwnRetries = None
    chunking: _OwnRetries = None
    synthesis: _OwnRetries = None
    enhancement: _OwnRetries = None
    subtitles: _OwnRetries = None


class PhaseSection(Section):
    """A program in the place of one built-in phase, and the environment that it lives in."""

    command: Annotated[tuple[_Word, ...] | None, BeforeValidator(_as_tuple), Field(min_length=1)] = None
    python: _Word | None = None
    venv: _Word | None = None
    uv: _Word | None = None
    poetry: _Word | None = None
    conda: Annotated[str, AfterValidator(_environment_name)] | None = None
    module: Annotated[str, AfterValidator(_module_name)] | None = None
    version: Annotated[_Word | None, BeforeValidator(_as_word)] = None

    @model_validator(mode="after")
    def _one_environment(self) -> PhaseSection:
        given = [kind for kind in ENVIRONMENT_KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise ValueError(f"give exactly one of {', '.join(ENVIRONMENT_KINDS)}; found {found}")
        if given == ["command"] and self.module is not None:
            raise ValueError("a command has no module; put all that it needs into its list")
        if given != ["command"] and self.module is None:
            raise ValueError(f"module is missing: which module, or .py file, {given[0]} is to run")
        return self

    @property
    def kind(self) -> str:
        """Which of the keys is given."""
        return next(kind for kind in ENVIRONMENT_KINDS if getattr(self, kind) is not None)


_PROGRAM = "a program in its place: `{command: […]}`, or `python`, `venv`, `uv`, `poetry` or `conda` with a `module`"
_ForeignPhase = Annotated[PhaseSection | None, Field(description=_PROGRAM)]


class PhasesSection(Section):
    """Programs in the place of built-in phases, in any language and environment."""

    validation: _ForeignPhase = None
    extraction: _ForeignPhase = None
    chunking: _ForeignPhase = None
    synthesis: _ForeignPhase = None
    enhancement: _ForeignPhase = None
    subtitles: _ForeignPhase = None


class AlertsSection(Section):
    """Who is told of failures."""

    on_failure: bool = Field(default=True, description="tell of failed books")
    threshold: int = Field(5, ge=1, description="failures before somebody is told")
    webhook_url: str | None = Field(None, description="where to")


class RetentionSection(Section):
    """How long what is no longer needed is kept."""

    compress_after_days: int = Field(30, ge=0, description="age of what is compressed")


class ReportsSection(Section):
    """Regular summaries."""

    daily: bool = Field(default=True, description="a report a day")
    weekly: bool = Field(default=True, description="a report a week")
    format: Literal["html"] = Field("html", description="of the reports")


class Config(Section):
    """The whole of ``config.yaml``; every key may be left out."""

    phases_to_run: Annotated[
        tuple[str, ...],
        BeforeValidator(_as_phase_numbers),
        Field(min_length=1, description="by number or name; 5.5 runs with 5"),
    ] = ("1", "2", "3", "4", "5")
    resume_enabled: bool = Field(default=True, description="skip what is proven to be done")
    verify: bool = Field(default=False, description="hash all files that prove it, rather than trust size and mtime")
    input_dir: PathField = Field(Path("input"), description="the folder of books, searched with its subfolders")
    output_dir: PathField = Field(Path("output"), description="finished audiobooks")
    work_dir: PathField = Field(Path("work"), description="what is needed to go on after an interruption")
    pipeline_json: PathField = Field(Path("pipeline.json"), description="the state file")
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        BeforeValidator(_as_upper),
        Field(description="how much is logged"),
    ] = "INFO"
    log_file: PathField = Field(Path("batch.log"), description="the log of batches")
    max_workers: int = Field(2, ge=1, le=1024, description="books at a time")
    batch_size: int | None = Field(None, ge=1, description="books that need work in one run, at most")
    cpu_threshold: float = Field(
        85,
        gt=0,
        le=100,
        strict=False,
        description="no further book starts while others use more percent of the machine",
    )
    throttle_delay: float = Field(
        1.0, ge=0, le=3600, strict=False, description="seconds before a held-back start looks again"
    )
    phase_timeout: float | None = Field(
        None, gt=0, strict=False, description="seconds after which an attempt of a phase is ended"
    )
    tts: TtsSection = TtsSection()
    text: TextSection = TextSection()
    audio: AudioSection = AudioSection()
    subtitles: SubtitlesSection = SubtitlesSection()
    programs: PhasesSection = Field(PhasesSection(), alias="phases")
    limits: LimitsSection = LimitsSection()
    retries: RetriesSection = RetriesSection()
    alerts: AlertsSection = AlertsSection()
    retention: RetentionSection = RetentionSection()
    reports: ReportsSection = ReportsSection()
    _gone_keys: tuple[str, ...] = ()
    _folder: Path = Path()

    @model_validator(mode="wrap")
    @classmethod
    def _accept_older_keys(cls, data: Any, handler: ModelWrapValidatorHandler[Config]) -> Config:
        if not isinstance(data, Mapping):
            return handler(data)
        keys = dict(data)
        if isinstance(keys.get("phases"), list):
            keys.setdefault("phases_to_run", keys.pop("phases"))
        if "resume" in keys:
            keys.setdefault("resume_enabled", keys.pop("resume"))
        gone = sorted(_GONE_KEYS & keys.keys())
        config = handler({key: value for key, value in keys.items() if key not in gone})
        config._gone_keys = tuple(gone)
        return config

    @property
    def root(self) -> Path:
        """The folder of the state file; recorded paths are relative to it."""
        return self.pipeline_json.parent

    def phases(self) -> tuple[Phase, ...]:
        """The phases to run, in order; 5.5 goes with 5 unless it is switched off."""
        numbers = set(self.phases_to_run)
        if "5" in numbers and self.subtitles.enabled:
            numbers.add("5.5")
        return tuple(phase for phase in PHASES if phase.number in numbers)

    def environment(self, phase: Phase) -> Environment | None:
        """The program in the place of a phase, and where it lives; None for the built-in one."""
        section: PhaseSection | None = dict(self.programs)[phase.name]
        if section is None:
            return None
        written = getattr(section, section.kind)
        words = written if isinstance(written, tuple) else (written,)
        return Environment(phase.name, section.kind, words, section.module, section.version, self._folder)

    def resolved(self, folder: Path) -> Config:
        """The same configuration with absolute paths; relative ones belong to `folder`."""
        names = ("input_dir", "output_dir", "work_dir", "pipeline_json", "log_file")
        base = folder.absolute()
        paths = {name: base / getattr(self, name) for name in names}
        resolved = self.model_copy(update=paths)
        resolved._folder = base
        return resolved

    def warnings(self) -> list[str]:
        """What the user has set and will not have: one sentence a kind."""
        found = []
        if self._gone_keys:
            found.append(
                f"These keys of the first version mean nothing any more and are ignored: {', '.join(self._gone_keys)}."
            )
        idle = [name for name in NOT_YET_IN_EFFECT if name in self.model_fields_set]
        if idle:
            found.append(f"These sections are accepted but have no effect in this version: {', '.join(idle)}.")
        return found


def load_config(path: Path | None) -> Config:
    """The configuration from a file, with absolute paths.

    Args:
        path: the file; None takes ``config.yaml`` in the current folder where there is one, else the defaults.

    Raises:
        ConfigError: the file cannot be read or is wrong; the message names file, line, key and the nearest known key.
    """
    from pipeline_common.strict_yaml import load

    if path is None:
        if not os.path.lexists(DEFAULT_CONFIG):  # a link to nothing is there, and an error
            return Config().resolved(Path.cwd())
        path = DEFAULT_CONFIG
    return load(path, Config).resolved(path.absolute().parent)
