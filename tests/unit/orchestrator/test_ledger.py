"""The ledger of a finished book is joined again, and what does not add up is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.ledger import first_fault

OMIT = {"rule": "footnote", "reason": "a note", "confidence": 1.0}
ROWS: dict[str, list[dict[str, Any]]] = {
    "text": [
        {
            "chapter": 1,
            "paragraph": 1,
            "kind": "prose",
            "text": "It rained. It stopped.",
            "source": "line 1",
            "omit": None,
        },
        {"chapter": 1, "paragraph": 2, "kind": "prose", "text": "A note.", "source": "line 2", "omit": OMIT},
        {"chapter": 1, "paragraph": 3, "kind": "scene_break", "text": "* * *", "source": "line 3", "omit": None},
    ],
    "chunks": [{"chapter": 1, "index": index, "sentences": [{"paragraph": 1}]} for index in (1, 2)],
    "timings": [{"chapter": 1, "index": index, "samples": 22050, "rate": 22050} for index in (1, 2)],
    "ledger": [
        {
            "chapter": 1,
            "paragraph": 1,
            "outcome": "spoken",
            "chunks": [{"index": 1, "from": 0.5, "to": 1.5}, {"index": 2, "from": 2.0, "to": 3.0}],
        },
        {"chapter": 1, "paragraph": 2, "outcome": "omitted", "rule": "footnote", "reason": "a note"},
        {"chapter": 1, "paragraph": 3, "outcome": "pause", "from": 3.0, "to": 4.5},
    ],
}


def fault(folder: Path, **changed: list[dict[str, Any]]) -> str | None:
    files = {}
    for name, rows in {**ROWS, **changed}.items():
        files[name] = folder / f"{name}.jsonl"
        files[name].write_text("".join(json.dumps(row) + "\n" for row in rows))
    return first_fault(files)


def with_chunks(*chunks: tuple[int, float, float]) -> list[dict[str, Any]]:
    shown = [{"index": index, "from": since, "to": until} for index, since, until in chunks]
    return [{**ROWS["ledger"][0], "chunks": shown}, *ROWS["ledger"][1:]]


def test_a_ledger_that_adds_up_has_no_fault(tmp_path: Path) -> None:
    assert fault(tmp_path) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ledger": ROWS["ledger"][:2]}, "not the same number of rows"),
        ({"timings": ROWS["timings"][:1]}, "chunk 2 of chapter 1 has no timing"),
        ({"ledger": with_chunks((1, 0.5, 1.5))}, "not spoken by the chunks"),
        ({"ledger": with_chunks((2, 2.0, 3.0), (1, 0.5, 1.5))}, "not spoken by the chunks"),
        ({"ledger": with_chunks((1, 2.0, 3.0), (2, 0.5, 1.5))}, "heard before"),
        ({"ledger": with_chunks((1, 0.5, 1.0), (2, 2.0, 3.0))}, "which takes 1.00 s"),
        ({"text": [{**ROWS["text"][0], "omit": OMIT}, *ROWS["text"][1:]]}, "the ledger says otherwise"),
        ({"text": [*ROWS["text"][:1], {**ROWS["text"][1], "omit": None}, *ROWS["text"][2:]]}, "has the outcome"),
        (
            {"chunks": [*ROWS["chunks"], {**ROWS["chunks"][0], "index": 2, "sentences": [{"paragraph": 9}]}]},
            "paragraph 9",
        ),
    ],
)
def test_what_does_not_add_up_is_told(tmp_path: Path, changed: dict[str, list[dict[str, Any]]], said: str) -> None:
    assert said in str(fault(tmp_path, **changed))
