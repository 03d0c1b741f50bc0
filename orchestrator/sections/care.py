"""Sections about looking after a library: who is told, what is kept, what is reported."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orchestrator.sections.fields import Section


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
