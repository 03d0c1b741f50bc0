"""The configuration: one frozen, strict model; command line over file over defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ModelWrapValidatorHandler, model_validator

from orchestrator.environments import Environment
from orchestrator.layout import DEFAULT_LAYOUT, checked_layout
from orchestrator.sections.care import AlertsSection, MetricsSection, ReportsSection, RetentionSection
from orchestrator.sections.fields import PathField, Section
from orchestrator.sections.programs import PhaseSection, PhasesSection
from orchestrator.sections.sound import AudioSection, SubtitlesSection, TtsSection
from orchestrator.sections.text import TextSection
from orchestrator.sections.views import ViewsSection
from orchestrator.sections.work import LimitsSection, RetriesSection
from pipeline_common.phases import PHASES, Phase

DEFAULT_CONFIG = Path("config.yaml")
"""Read where ``--config`` is not given and the file exists."""

_GONE_KEYS = frozenset({"conda_env", "orchestrator_path", "phase_dirs", "poetry_path", "use_gpu", "venv_path"})
_SAMPLE_LAYOUT = "{author}/{title}[ ({voice})]"
_WITHIN_EPUB = frozenset({"m4b", "mp3"})


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
    output_layout: Annotated[
        str,
        AfterValidator(checked_layout),
        Field(description="the folder of a book below `output_dir`; docs/deliverables.md names the fields"),
    ] = DEFAULT_LAYOUT
    samples_dir: PathField = Field(Path("samples"), description="what `--sample` makes")
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
    metrics: MetricsSection = MetricsSection()
    views: ViewsSection = ViewsSection()
    _gone_keys: tuple[str, ...] = ()
    _folder: Path = Path()
    _sample_minutes: float | None = None
    _language: str | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _accept_older_keys(cls, data: Any, handler: ModelWrapValidatorHandler[Config]) -> Config:
        if not isinstance(data, Mapping):
            return handler(data)
        keys = dict(data)
        for older, key in (("phases", "phases_to_run"), ("resume", "resume_enabled")):
            if older not in keys or (older == "phases" and not isinstance(keys[older], list)):
                continue
            value = keys.pop(older)
            if keys.setdefault(key, value) != value:
                raise ValueError(
                    f"{older} and {key} are two names of one setting and say different things; take one out"
                )
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

    def timed_formats(self) -> list[str]:
        """What is made of the times of sentences; an EPUB only with a sound that it can hold."""
        has_sound = not _WITHIN_EPUB.isdisjoint(self.audio.formats)
        return [name for name in self.subtitles.formats if name != "epub" or has_sound]

    def environment(self, phase: Phase) -> Environment | None:
        """The program in the place of a phase, and where it lives; None for the built-in one."""
        section: PhaseSection | None = dict(self.programs)[phase.name]
        if section is None:
            return None
        written = getattr(section, section.kind)
        words = written if isinstance(written, tuple) else (written,)
        return Environment(phase.name, section.kind, words, section.module, section.version, self._folder)

    @property
    def folder(self) -> Path:
        """The folder to which relative paths belong."""
        return self._folder

    def resolved(self, folder: Path) -> Config:
        """The same configuration with absolute paths; relative ones belong to `folder`."""
        names = ("input_dir", "output_dir", "samples_dir", "work_dir", "pipeline_json", "log_file")
        base = folder.absolute()
        paths: dict[str, Any] = {name: base / getattr(self, name) for name in names}
        if self.metrics.textfile is not None:
            paths["metrics"] = self.metrics.model_copy(update={"textfile": base / self.metrics.textfile})
        resolved = self.model_copy(update=paths)
        resolved._folder = base
        return resolved

    @property
    def sample_minutes(self) -> float | None:
        """How much is made of each book; None for all of it."""
        return self._sample_minutes

    def for_sample(self, minutes: float) -> Config:
        """The same for the first minutes of each book, with a state and a folder of finished files of their own."""
        state = self.pipeline_json
        sampled = self.model_copy(
            update={
                "output_dir": self.samples_dir,
                "samples_dir": self.output_dir,  # which is not looked for books in, either
                "output_layout": _SAMPLE_LAYOUT,
                "pipeline_json": state.with_name(f"{state.stem}_samples{state.suffix}"),
            }
        )
        sampled._sample_minutes = minutes
        return sampled

    @property
    def language(self) -> str | None:
        """The language that the command line asks for, over what any file says; None where it asks for none."""
        return self._language

    def in_language(self, tag: str) -> Config:
        """The same with all books in one language."""
        spoken = self.model_copy()
        spoken._language = tag
        return spoken

    def warnings(self) -> list[str]:
        """What the user has set and will not have: one sentence a kind."""
        found = []
        if self._gone_keys:
            found.append(
                f"These keys of the first version mean nothing any more and are ignored: {', '.join(self._gone_keys)}."
            )
        if "formats" in self.subtitles.model_fields_set and list(self.subtitles.formats) != self.timed_formats():
            found.append("No EPUB will be made: subtitles.formats has epub, which needs m4b or mp3 in audio.formats.")
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
