"""Sections about what the work on a book may cost, and how often it is tried."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orchestrator.sections.fields import Section
from pipeline_common.audiobook import AUDIOBOOK


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
