"""Sections about looking after a library: who is told, what is kept, what is reported."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from orchestrator.sections.fields import PathField, Section, as_tuple


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address that begins with http:// or https:// is expected")
    return value


def _addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    for number, address in enumerate(value, start=1):
        if "://" not in address:  # it may hold a password, so that nobody repeats it
            raise ValueError(f"number {number} is no address such as mailto://… or ntfy://…, as Apprise takes them")
    return value


def _metrics_file(value: object) -> object:
    if value is not None and not str(value).endswith(".prom"):
        raise ValueError("the textfile collector reads files whose names end in .prom")
    return value


class AlertsSection(Section):
    """Who is told how a batch has gone."""

    on_failure: bool = Field(default=True, description="tell of a batch in which books failed, when it ends")
    on_success: bool = Field(default=False, description="tell of one in which none failed, too")
    threshold: int = Field(5, ge=1, description="after so many failures in a row, tell at once")
    webhook_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        None, description="is sent a POST with a JSON object"
    )
    urls: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...],
        BeforeValidator(as_tuple),
        AfterValidator(_addresses),
        Field(description="for mail, chat and telephone, as Apprise takes them; needs `audiobook-pipeline[alerts]`"),
    ] = ()
    timeout: float = Field(
        10, gt=0, le=300, strict=False, description="seconds by which telling may delay the end of a batch"
    )


_Days = Annotated[int | None, Field(ge=0, description="delete what is older; null keeps it")]
_Megabytes = Annotated[int | None, Field(ge=0, description="delete the oldest of what is more, altogether")]


class KeptSection(Section):
    """How long one kind of file is kept."""

    days: _Days = None
    mb: _Megabytes = None


class RotatedSection(KeptSection):
    """The same of a file that grows."""

    rotate_mb: int = Field(10, ge=1, description="one that is larger is put aside, and a new one begun")


class RetentionSection(Section):
    """How long what is no longer needed is kept. As they are, nothing is deleted."""

    compress_after_days: int | None = Field(30, ge=0, description="age at which files are compressed; null: never")
    backups: KeptSection = KeptSection()
    segments: KeptSection = KeptSection()
    transactions: RotatedSection = RotatedSection()
    logs: RotatedSection = RotatedSection()
    work: KeptSection = KeptSection()


class ReportsSection(Section):
    """Regular summaries, written after each batch into `.pipeline/reports/`."""

    daily: bool = Field(default=True, description="a report of the day")
    weekly: bool = Field(default=True, description="a report of the week")
    format: Literal["html", "json", "csv"] = Field("html", description="of both")


class MetricsSection(Section):
    """Figures for Prometheus."""

    textfile: Annotated[PathField | None, AfterValidator(_metrics_file)] = Field(
        None, description="a `.prom` file for the textfile collector of node_exporter, written after each batch"
    )
