"""What the work on a book depends on, as plain data: whoever has it needs no configuration file and none of its models.

Standard library only, because a book's own processes must be cheap to start.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.limits import Limits, RetryRules
from orchestrator.memory import DEFAULT_SHARE, machine_bytes
from phases.catalogue import BUILT_IN
from phases.presets import PRESETS
from pipeline_common.phases import PHASES, Phase

if TYPE_CHECKING:
    from orchestrator.config import Config

ENGINE_NAMES = {"espeak": "eSpeak NG"}
"""What listeners are told who has spoken."""

SAMPLE = "sample"
"""The folder within a book's, in which the work on its sample is done."""

RUNNER = "phases.runner"
"""The module whose ``run_phase(plan_path, result_path)`` runs a built-in phase."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A file without which a program cannot start.

    Attributes:
        path: the file, absolute; empty where nobody knows where it should be.
        what: what it is for, as the beginning of a sentence.
        remedy: what to do where it is not there, as a sentence.
        executable: whether it must be executable, too.
    """

    path: str
    what: str
    remedy: str
    executable: bool

    def fault(self) -> str | None:
        """What is wrong, and what to do; None where it is there."""
        if not os.path.isfile(self.path):
            return f"{self.what} is not there. {self.remedy}"
        if self.executable and not os.access(self.path, os.X_OK):
            return f"{self.what} is not executable. Make it so with: chmod +x {shlex.quote(self.path)}"
        return None


@dataclass(frozen=True)
class PhaseSettings:
    """What one phase is, and what it reads.

    Attributes:
        limits: when an attempt is broken off.
        retries: how often, and after how long, it is tried again.
        values: the settings that it reads, as JSON data; they and no others are part of its fingerprint.
        identity: its version and all else of the program that its results depend on, as JSON data.
        command: the program that takes the place of the built-in phase; None for the built-in one.
        dropped: variables that this program does not inherit.
        requirements: what must be there for it to start.
    """

    limits: Limits
    retries: RetryRules
    values: dict[str, Any]
    identity: dict[str, Any]
    command: tuple[str, ...] | None = None
    dropped: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        return {
            "limits": asdict(self.limits),
            "retries": asdict(self.retries),
            "values": self.values,
            "identity": self.identity,
            "command": self.command,
            "dropped": self.dropped,
            "requirements": [astuple(requirement) for requirement in self.requirements],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PhaseSettings:
        """What `as_json` gave."""
        return cls(
            limits=Limits(**data["limits"]),
            retries=RetryRules(**data["retries"]),
            values=data["values"],
            identity=data["identity"],
            command=data["command"] and tuple(data["command"]),
            dropped=tuple(data["dropped"]),
            requirements=tuple(Requirement(*requirement) for requirement in data["requirements"]),
        )

    @cached_property
    def canonical(self) -> tuple[str, str, str]:
        """Identity and values as one canonical JSON text, cut where inputs and source of a book come in."""
        facts = {**self.identity, "inputs": "\0", "settings": self.values, "source": "\0"}
        head, _, rest = json.dumps(facts, sort_keys=True).partition('"inputs": "\\u0000"')
        middle, _, tail = rest.rpartition('"source": "\\u0000"')
        return f'{head}"inputs": ', f'{middle}"source": ', tail


@dataclass(frozen=True)
class Settings:
    """What the work on any book of a library depends on.

    Attributes:
        pipeline_json: the state file, absolute.
        output_dir: the folder of finished audiobooks, absolute.
        work_dir: the folder of the books' own folders, absolute.
        layout: where in the output folder a book lies, as `orchestrator.layout` reads it.
        selected: the numbers of the phases to run.
        resume_enabled: whether what is proven to be done is skipped.
        verify: whether only the bytes' hashes are proof, rather than size and mtime.
        min_memory_bytes: the memory that is to be available before a book starts.
        min_free_bytes: the disk space that is to be left beside what a book will take.
        by_phase: each phase's own, by its name.
        is_sample: whether only the beginning of each book is made, beside everything else.
        runner: the module whose ``run_phase`` runs a built-in phase.
    """

    pipeline_json: Path
    output_dir: Path
    work_dir: Path
    layout: str
    selected: tuple[str, ...]
    resume_enabled: bool
    verify: bool
    min_memory_bytes: int
    min_free_bytes: int
    by_phase: Mapping[str, PhaseSettings]
    is_sample: bool = False
    runner: str = RUNNER

    @classmethod
    def of(cls, config: Config) -> Settings:
        """The part of a configuration that a book's own processes need."""
        return cls(
            pipeline_json=config.pipeline_json,
            output_dir=config.output_dir,
            work_dir=config.work_dir,
            layout=config.output_layout,
            selected=tuple(phase.number for phase in config.phases()),
            resume_enabled=config.resume_enabled,
            verify=config.verify,
            min_memory_bytes=config.limits.min_memory_mb << 20,
            min_free_bytes=config.limits.min_free_mb << 20,
            by_phase={phase.name: _phase_settings(phase, config) for phase in PHASES},
            is_sample=config.sample_minutes is not None,
        )

    @cached_property
    def root(self) -> Path:
        """The folder of the state file; recorded paths are relative to it."""
        return self.pipeline_json.parent

    @cached_property
    def folder(self) -> str:
        """The same as text, for what is asked of every file of a library."""
        return str(self.root)

    def speech_folder(self, book_id: str) -> Path:
        """The folder whose ``chunks/`` holds what is spoken of a book, also for a sample: it is the same speech."""
        return self.work_dir / book_id

    def book_folder(self, book_id: str) -> Path:
        """The folder of all else that phases leave of a book."""
        return self.speech_folder(book_id) / SAMPLE if self.is_sample else self.speech_folder(book_id)

    def going_on(self) -> Settings:
        """The same for another try: what this run has done is not done again, also where it began from scratch."""
        return replace(self, resume_enabled=True)

    def phases(self) -> tuple[Phase, ...]:
        """The phases to run, in order."""
        return tuple(phase for phase in PHASES if phase.number in self.selected)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        return {
            "pipeline_json": str(self.pipeline_json),
            "output_dir": str(self.output_dir),
            "work_dir": str(self.work_dir),
            "layout": self.layout,
            "selected": self.selected,
            "resume_enabled": self.resume_enabled,
            "verify": self.verify,
            "min_memory_bytes": self.min_memory_bytes,
            "min_free_bytes": self.min_free_bytes,
            "by_phase": {name: phase.as_json() for name, phase in self.by_phase.items()},
            "is_sample": self.is_sample,
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
                "by_phase": {name: PhaseSettings.from_json(phase) for name, phase in data["by_phase"].items()},
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
    narrator = None if config.programs.synthesis else ENGINE_NAMES[config.tts.engine]
    spoken_about = {"credits": {"narrator": narrator}} if PRESETS[audio.preset].has_credits else {}
    settings: dict[str, dict[str, Any]] = {
        "validation": {"limits": limits, "language": config.text.language},
        "extraction": {
            "limits": limits,
            "language": config.text.language,
            "rules": dict(config.text.rules),
            **({"asked_language": config.language} if config.language else {}),
            **spoken_about,
            **_sample_settings(config),
        },
        "chunking": {
            "max_chars": config.text.max_chars,
            "spoken": dict(config.text.spoken),
            "lexicon": _lexicon(config),
            "limits": config.limits.model_dump(include={"max_cpu_s", "max_memory_mb"}),
        },
        "synthesis": {
            "engine": config.tts.engine,
            "voice": config.tts.voice,
            "voice_is_default": "voice" not in config.tts.model_fields_set,
            "rate": config.tts.rate,
            "pitch": config.tts.pitch,
            "fallback": list(config.tts.fallback),
        },
        "enhancement": {
            "formats": list(audio.formats),
            "preset": audio.preset,
            "bitrate_kbps": audio.bitrate_kbps,
            "high_pass_hz": audio.high_pass_hz,
            "noise_gate_db": audio.noise_gate_db,
            "pauses": audio.pauses.model_dump(),
            "narrator": narrator,
        },
        "subtitles": {
            "formats": config.timed_formats(),
            "word_times": config.subtitles.word_times,
            "narrator": narrator,
        },
    }
    return settings[phase.name]


def _lexicon(config: Config) -> list[dict[str, Any]]:
    """The lexicon of all books: files first, so that an entry of the configuration itself comes last and wins."""
    if not config.text.lexicon and not config.text.lexicons:
        return []
    from orchestrator.lexicons import as_data, read_lexicon  # its models are of no use to a book's own processes

    files = [config.folder / name for name in config.text.lexicons]
    return [entry for file in files for entry in read_lexicon(file)] + as_data(config.text.lexicon)


def _sample_settings(config: Config) -> dict[str, Any]:
    minutes = config.sample_minutes
    return {} if minutes is None else {"sample_words": max(1, round(minutes * config.tts.rate))}


def _phase_settings(phase: Phase, config: Config) -> PhaseSettings:
    limits, retries, values = _limits(phase, config), _retries(phase, config), settings_of(phase, config)
    environment = config.environment(phase)
    if environment is None:
        return PhaseSettings(limits, retries, values, BUILT_IN[phase.name].identity())
    identity, command, dropped = environment.identity(), environment.command(), environment.dropped()
    return PhaseSettings(limits, retries, values, identity, command, dropped)


def _limits(phase: Phase, config: Config) -> Limits:
    limits, own = config.limits, getattr(config.limits, phase.name)
    memory_mb = (own and own.memory_mb) or limits.memory_mb
    return Limits(
        timeout_s=(own and own.timeout) or config.phase_timeout,
        stall_timeout_s=(own and own.stall_timeout) or limits.stall_timeout,
        memory_bytes=memory_mb << 20 if memory_mb else int(machine_bytes() * DEFAULT_SHARE) or None,
        log_bytes=limits.max_log_mb << 20,
    )


def _retries(phase: Phase, config: Config) -> RetryRules:
    """The phase's own rules, and those of all where it has none."""
    own = getattr(config.retries, phase.name)
    limit, delay_s, factor, jitter = (
        getattr(config.retries if own is None or getattr(own, name) is None else own, name)
        for name in ("limit", "delay", "factor", "jitter")
    )
    return RetryRules(limit, delay_s, factor, jitter)
