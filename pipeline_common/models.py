# SPDX-License-Identifier: MIT
"""The schema of ``pipeline.json``: what is in it, and what each field means.

Fields that are not named here are kept as they are, anywhere. The JSON Schema and the page in ``docs`` are generated
from these models. This module is imported at the first validation, not before.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from pipeline_common.phases import PHASES

Status = Literal["pending", "running", "success", "partial", "failed", "skipped"]
"""One of `pipeline_common.statuses.STATUSES`; a type has to spell them, and a test holds the two together."""

BatchStatus = Literal["success", "partial", "failed", "skipped", "running", "pending"]

Time = Annotated[str, Field(description="ISO 8601, UTC")]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0)]


class Record(BaseModel):
    """What all parts of the document have in common: further fields are kept, types are taken literally."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class Artifact(Record):
    """A file that a phase left."""

    path: str | None = Field(None, description="relative to the folder of pipeline.json, or absolute")
    size_bytes: Count | None = Field(None, description="its size when it was recorded")
    mtime_ns: int | None = Field(None, description="its time of modification, nanoseconds since 1970")
    sha256: str | None = Field(None, description="of its content, 64 hexadecimal digits")


class ErrorRecord(Record):
    """One failure of an attempt."""

    type: str | None = Field(None, description="a stable word for the kind of failure, such as `encrypted`")
    message: str | None = Field(None, description="what failed, where, why, and what to do next")
    permanent: bool | None = Field(None, description="whether trying again would fail in the same way")
    at: Time | None = Field(None, description="when")


class FileRecord(Record):
    """One book in one phase."""

    status: Status | None = Field(None, description="missing counts as pending")
    attempts: Count | None = Field(
        None, description="how often the phase was started since its records were last cleared"
    )
    started_at: Time | None = Field(None, description="when the last attempt started")
    finished_at: Time | None = Field(None, description="when it ended")
    duration_s: Seconds | None = Field(None, description="how long it took, seconds")
    fingerprint: str | None = Field(None, description="hash of all that the result depends on")
    artifacts: dict[str, Artifact] | list[Any] | None = Field(
        None, description="by name: what later phases read; lists are of the first version"
    )
    deliverables: dict[str, Artifact] | None = Field(None, description="by name: what is for the listener")
    metrics: dict[str, Any] | None = Field(None, description="numbers such as words or seconds")
    errors: list[ErrorRecord | str] | None = Field(None, description="of the attempts, oldest first")


class PhaseRecord(Record):
    """One phase of all books."""

    status: Status | None = Field(
        None, description="derived from the records below `files` where they have one; otherwise as it was written"
    )
    counts: dict[Status, Count] | None = Field(None, description="derived: how many records have each status")
    files: dict[str, FileRecord] | None = Field(None, description="by book_id")
    metrics: dict[str, Any] | None = Field(None, description="numbers of the phase as a whole")


class Source(Record):
    """The file that a book was read from."""

    path: str | None = Field(None, description="relative to the folder of pipeline.json, or absolute")
    sha256: str | None = Field(None, description="of its content, 64 hexadecimal digits")
    size_bytes: Count | None = Field(None, description="its size")
    mtime_ns: int | None = Field(None, description="its time of modification, nanoseconds since 1970")
    ctime_ns: int | None = Field(None, description="the time its inode was changed, nanoseconds since 1970")
    inode: Count | None = Field(None, description="its inode number")


class PastError(Record):
    """A failure that is over."""

    timestamp: Time | None = Field(None, description="when")
    stage: str | None = Field(None, description="the book's stage then")
    error: str | None = Field(None, description="what failed")
    traceback: str | None = Field(None, description="of the program, where there was one")


class Promotion(Record):
    """How far the finished files are on their way to the output folder."""

    state: str | None = Field(
        None,
        description="`promoting` from the commit of the list, `done` once every file is in its place, later `outdated`",
    )
    folder: str | None = Field(None, description="relative to the output folder")
    layout: str | None = Field(None, description="the `output_layout` that it was named by")
    files: dict[str, Artifact] | None = Field(
        None, description="each file by name, at its place; `from` is where it was"
    )
    previous: list[str] | None = Field(None, description="files of earlier versions, to be removed")
    started_at: str | None = Field(None, description="ISO 8601, UTC")
    finished_at: str | None = Field(None, description="ISO 8601, UTC")


class BookRecord(Record):
    """What is known of one book, whatever the phase."""

    source: Source | None = Field(None, description="the file it was read from")
    title: str | None = Field(None, description="as the book has it")
    authors: list[str] | None = Field(None, description="as the book has them")
    language: str | None = Field(None, description="BCP 47 tag")
    retry_count: Count | None = Field(None, description="failed attempts of the phase at hand that count")
    retry_limit: Count | None = Field(None, description="how many may fail before the book is given up")
    next_try_at: Time | None = Field(None, description="when it will be tried again; absent where it will not")
    first_failed_at: Time | None = Field(None, description="when it first failed")
    failed_at: Time | None = Field(None, description="when it last failed")
    error: str | None = Field(None, description="why it last failed, and what to do")
    error_type: str | None = Field(None, description="a stable word for that")
    error_history: list[PastError] | None = Field(None, description="earlier failures, oldest first")
    output_folder: str | None = Field(
        None, description="where a program in the place of a phase wants it, below the output folder"
    )
    promotion: Promotion | None = Field(None, description="the move of the finished files to the output folder")


class BatchSummary(Record):
    """The last run over the whole folder."""

    status: BatchStatus | None = Field(None, description="of all its books together")
    total_files: Count | None = Field(None, description="books looked at")
    successful_files: Count | None = Field(None, description="books done in this run")
    failed_files: Count | None = Field(None, description="books that failed")
    skipped_files: Count | None = Field(None, description="books with nothing to do, or left for a later run")
    duration_sec: Seconds | None = Field(None, description="of the run, seconds")
    avg_cpu_usage: float | None = Field(None, description="of the machine, percent")
    errors: list[Any] | None = Field(None, description="one sentence a failed book")
    failures_in_a_row: Count | None = Field(
        None, description="books that failed with no success after them, those of earlier runs too; absent for none"
    )
    started_at: Time | None = Field(None, description="when the run started")
    completed_at: Time | None = Field(None, description="when it ended")


class BatchFile(Record):
    """One book in the last run that saw it."""

    status: BatchStatus | None = Field(None, description="how it ended")
    error_message: str | None = Field(None, description="`Orchestrator failed with exit code N`")
    errors: list[Any] | None = Field(None, description="ends with the last of the child's error output")
    exit_code: int | None = Field(None, description="of its orchestrator")
    source_path: str | None = Field(None, description="the book's file")
    started_at: Time | None = Field(None, description="when it started")
    completed_at: Time | None = Field(None, description="when it ended")
    duration_sec: Seconds | None = Field(None, description="how long it took, seconds")
    was_skipped: bool | None = Field(None, description="whether there was nothing to do")


class Batch(Record):
    """The last run over the whole folder, and each book in the last run that saw it."""

    summary: BatchSummary | None = Field(None, description="the run as a whole")
    files: dict[str, BatchFile] | None = Field(None, description="by book_id")


class DocumentBase(Record):
    """One document holds everything that is remembered about a folder of books."""

    schema_version: int | str | None = Field(None, description="set at each commit; absent in the first version")
    created_at: Time | None = Field(None, description="when the first commit was made")
    last_updated: Time | None = Field(None, description="when the last commit was made")
    books: dict[str, BookRecord] | None = Field(None, description="by book_id")
    batch: Batch | None = Field(None, description="the last run over the whole folder")


_phase_fields: dict[str, Any] = {
    phase.key: (PhaseRecord | None, Field(None, description=f"phase {phase.number}, {phase.name}")) for phase in PHASES
}
PipelineDocument: type[DocumentBase] = create_model(
    "PipelineDocument", __base__=DocumentBase, __doc__=DocumentBase.__doc__, **_phase_fields
)
"""The model of the whole document: `DocumentBase` with a field for each row of the table of phases."""
