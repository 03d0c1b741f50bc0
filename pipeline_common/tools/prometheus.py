# SPDX-License-Identifier: MIT
"""Figures in Prometheus' text format, for the textfile collector of node_exporter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipeline_common.tools.catalogue import BOOK_STATUSES
from pipeline_common.tools.figures import Figures

_Sample = tuple[str, dict[str, str], float]


def exposition(figures: Figures, kind: str) -> str:
    """All metrics, as a file that is read whole.

    Args:
        figures: of all time.
        kind: the name of the document's life cycle, a label of each sample.
    """
    lines = []
    for name, of_type, meaning, samples in _families(figures):
        lines += [f"# HELP pipeline_{name} {meaning}", f"# TYPE pipeline_{name} {of_type}"]
        for suffix, labels, value in samples:
            told = ",".join(f'{key}="{_escaped(text)}"' for key, text in {"lifecycle": kind, **labels}.items())
            lines.append(f"pipeline_{name}{suffix}{{{told}}} {_number(value)}")
    return "\n".join(lines) + "\n"


def _families(figures: Figures) -> Iterator[tuple[str, str, str, Iterable[_Sample]]]:
    statuses = {status: figures.statuses.get(status, 0) for status in BOOK_STATUSES}
    yield "books", "gauge", "Books by status.", _each("status", statuses)
    yield "stage_books", "gauge", "Books by stage.", _each("stage", figures.stages)
    causes = {cause.type: len(cause.books) for cause in figures.causes}
    yield "failed_books", "gauge", "Failed books by cause.", _each("cause", causes)
    attempts = {phase.name: phase.attempts for phase in figures.phases}
    yield "attempts", "gauge", "Attempts of phases that are recorded.", _each("phase", attempts)
    yield (
        "phase_duration_seconds",
        "summary",
        "What the last attempt of a phase took, of each book.",
        [
            sample
            for phase in figures.phases
            for sample in (
                ("", {"phase": phase.name, "quantile": "0.5"}, phase.median_s),
                ("_sum", {"phase": phase.name}, phase.total_s),
                ("_count", {"phase": phase.name}, float(phase.count)),
            )
        ],
    )
    made = [book for book in figures.books if book.finished]
    yield "words", "gauge", "Words of finished books.", [("", {}, float(sum(book.words for book in made)))]
    yield "audio_seconds", "gauge", "Audio of finished books.", [("", {}, sum(book.audio_s for book in made))]
    if figures.seconds_left is not None:
        yield "left_seconds", "gauge", "What the books that are left will take.", [("", {}, figures.seconds_left)]
    yield "updated_timestamp_seconds", "gauge", "When this was written.", [("", {}, figures.at.timestamp())]


def _each(label: str, values: Mapping[str, int]) -> list[_Sample]:
    return [("", {label: name}, float(value)) for name, value in values.items()]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
