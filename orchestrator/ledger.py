"""The ledger of a finished book, joined again with its text, chunks and timings: does it add up?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

_CLOSE_S = 0.01
"""Times are written in milliseconds."""


def first_fault(files: Mapping[str, Path]) -> str | None:
    """What is wrong first; None where every paragraph is spoken, a pause or left out, and all chunks have their places.

    Args:
        files: the paths of ``text``, ``chunks``, ``timings`` and ``ledger``.

    Raises:
        OSError: one of them cannot be read.
        ValueError, KeyError, TypeError: one of them does not hold what it should.
    """
    lengths = {(row["chapter"], row["index"]): row["samples"] / row["rate"] for row in _rows(files["timings"])}
    spoken: dict[tuple[int, int], list[int]] = {}
    for chunk in _rows(files["chunks"]):
        place = chunk["chapter"], chunk["sentences"][0]["paragraph"]
        spoken.setdefault(place, []).append(chunk["index"])
        if (chunk["chapter"], chunk["index"]) not in lengths:
            return f"chunk {chunk['index']} of chapter {chunk['chapter']} has no timing"
    heard_s = 0.0
    for row, entry in zip_longest(_rows(files["text"]), _rows(files["ledger"])):
        if row is None or entry is None:
            return "text and ledger have not the same number of rows"
        place = row["chapter"], row["paragraph"]
        where = f"paragraph {place[1]} of chapter {place[0]}"
        if (entry["chapter"], entry["paragraph"]) != place:
            return f"{where} has no row of its own"
        fault = _fault_of(row, entry, spoken.pop(place, []), lengths)
        if fault:
            return f"{where} {fault}"
        for chunk in entry.get("chunks", ()):
            if chunk["from"] < heard_s - _CLOSE_S:
                return f"{where} is heard before what stands before it"
            heard_s = chunk["to"]
    if spoken:
        chapter, paragraph = next(iter(spoken))
        return f"chunks speak paragraph {paragraph} of chapter {chapter}, which the text does not have"
    return None


def _fault_of(
    row: Mapping[str, Any], entry: Mapping[str, Any], chunks: list[int], lengths: Mapping[tuple[int, int], float]
) -> str | None:
    """What is wrong with one row of the ledger, given its row of the text and the chunks that speak it."""
    omit = row["omit"]
    if omit is not None:
        if (entry["outcome"], entry.get("rule")) != ("omitted", omit["rule"]) or chunks:
            return f"is left out by {omit['rule']}, and the ledger says otherwise"
        return None
    if [chunk["index"] for chunk in entry.get("chunks", ())] != chunks:
        return "is not spoken by the chunks that it was cut into"
    if entry["outcome"] != ("spoken" if chunks else "pause"):
        return f"has the outcome {entry['outcome']!r}"
    for chunk in entry.get("chunks", ()):
        length_s = lengths[row["chapter"], chunk["index"]]
        if abs(chunk["to"] - chunk["from"] - length_s) > _CLOSE_S:
            return f"has chunk {chunk['index']} for {chunk['to'] - chunk['from']:.2f} s, which takes {length_s:.2f} s"
    return None


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise TypeError(f"{path.name} has a row that is no object")
            yield row
