"""What the work on a book depends on, as plain data: whoever has it needs no configuration file and none of its models.

Standard library only, because a book's own processes must be cheap to start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phases.catalogue import BUILT_IN
from pipeline_common.phases import PHASES, Phase

if TYPE_CHECKING:
    from orchestrator.config import Config

ENGINE_NAMES = {"espeak": "eSpeak NG"}
"""What listeners are told who has spoken."""

RUNNER = "phases.runner"
"""The module whose ``run_phase(plan_path, result_path)`` runs a built-in phase."""


@dataclass(frozen=True, slots=True)
class PhaseSettings:
    """What one phase is, and what it reads.

    Attributes:
        values: the settings that it reads, as JSON data; they and no others are part of its fingerprint.
        identity: its version and all else of the program that its results depend on, as JSON data.
        command: the program that takes the place of the built-in phase; None for the built-in one.
    """

    values: dict[str, Any]
    identity: dict[str, Any]
    command: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What the work on any book of a library depends on.

    Attributes:
        pipeline_json: the state file, absolute.
        output_dir: the folder of finished audiobooks, absolute.
        work_dir: the folder of the books' own folders, absolute.
        selected: the numbers of the phases to run.
        resume_enabled: whether what is proven to be done is skipped.
        phase_timeout_s: the longest that an attempt may take; None for no limit.
        stall_timeout_s: the longest that an attempt may go without progress.
        by_phase: each phase's own, by its name.
        runner: the module whose ``run_phase`` runs a built-in phase.
    """

    pipeline_json: Path
    output_dir: Path
    work_dir: Path
    selected: tuple[str, ...]
    resume_enabled: bool
    phase_timeout_s: float | None
    stall_timeout_s: float
    by_phase: Mapping[str, PhaseSettings]
    runner: str = RUNNER

    @classmethod
    def of(cls, config: Config) -> Settings:
        """The part of a configuration that a book's own processes need."""
        return cls(
            pipeline_json=config.pipeline_json,
            output_dir=config.output_dir,
            work_dir=config.work_dir,
            selected=tuple(phase.number for phase in config.phases()),
            resume_enabled=config.resume_enabled,
            phase_timeout_s=config.phase_timeout,
            stall_timeout_s=config.limits.stall_timeout,
            by_phase={phase.name: _phase_settings(phase, config) for phase in PHASES},
        )

    @property
    def root(self) -> Path:
        """The folder of the state file; recorded paths are relative to it."""
        return self.pipeline_json.parent

    def phases(self) -> tuple[Phase, ...]:
        """The phases to run, in order."""
        return tuple(phase for phase in PHASES if phase.number in self.selected)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        return {
            "pipeline_json": str(self.pipeline_json),
            "output_dir": str(self.output_dir),
            "work_dir": str(self.work_dir),
            "selected": self.selected,
            "resume_enabled": self.resume_enabled,
            "phase_timeout_s": self.phase_timeout_s,
            "stall_timeout_s": self.stall_timeout_s,
            "by_phase": {
                name: {"values": phase.values, "identity": phase.identity, "command": phase.command}
                for name, phase in self.by_phase.items()
            },
            "runner": self.runner,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """The settings that `as_json` gave."""
        return cls(
            **{
                **data,
                **{name: Path(data[name]) for name in ("pipeline_json", "output_dir", "work_dir")},
                "selected": tuple(data["selected"]),
                "by_phase": {
                    name: PhaseSettings(
                        phase["values"], phase["identity"], phase["command"] and tuple(phase["command"])
                    )
                    for name, phase in data["by_phase"].items()
                },
            }
        )


def settings_of(phase: Phase, config: Config) -> dict[str, Any]:
    """The settings that a phase reads, as JSON data."""
    limits = config.limits.model_dump(
        include={
            "max_source_mb",
            "max_unpacked_mb",
            "max_members",
            "max_text_mb",
            "max_paragraphs",
            "max_cpu_s",
            "max_memory_mb",
        }
    )
    audio = config.audio
    settings: dict[str, dict[str, Any]] = {
        "validation": {"limits": limits, "language": config.text.language},
        "extraction": {"limits": limits, "language": config.text.language, "rules": dict(config.text.rules)},
        "chunking": {
            "max_chars": config.text.max_chars,
            "limits": config.limits.model_dump(include={"max_cpu_s", "max_memory_mb"}),
        },
        "synthesis": {
            "engine": config.tts.engine,
            "voice": config.tts.voice,
            "voice_is_default": "voice" not in config.tts.model_fields_set,
            "rate": config.tts.rate,
            "pitch": config.tts.pitch,
        },
        "enhancement": {
            "formats": list(audio.formats),
            "preset": audio.preset,
            "bitrate_kbps": audio.bitrate_kbps,
            "pauses": audio.pauses.model_dump(),
            "narrator": ENGINE_NAMES[config.tts.engine],
        },
        "subtitles": {},
    }
    return settings[phase.name]


def _phase_settings(phase: Phase, config: Config) -> PhaseSettings:
    command = config.command(phase)
    built_in = BUILT_IN[phase.name]
    # Of a foreign program its command is all that is known.
    identity = {"phase": phase.name, "command": list(command)} if command else built_in.identity()
    return PhaseSettings(settings_of(phase, config), identity, command)
