"""What identifies a book, and how far it has come."""

import os
import re
from pathlib import Path

import pytest

from pipeline_common.books import STAGES, book_id, stage
from pipeline_common.phases import PHASES


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Emma.txt", "emma"),
        ("The  Time_Machine (1895).epub", "the-time-machine-1895"),
        ("Émile, ou de l’éducation.pdf", "emile-ou-de-leducation"),
        ("война и мир.txt", "book"),
        ("...txt", "book"),
        ("a" * 200 + ".txt", "a" * 60),
        ("caf\udce9.txt", "caf"),
    ],
)
def test_it_is_the_slug_of_the_stem_and_a_hash(tmp_path: Path, name: str, slug: str):
    assert re.fullmatch(re.escape(slug) + "-[0-9a-f]{8}", book_id(tmp_path / name, tmp_path))


def test_it_depends_on_the_path_relative_to_the_root_alone(tmp_path: Path):
    for root in ("one", "two"):
        (tmp_path / root / "input" / "b").mkdir(parents=True)
    one, two = tmp_path / "one", tmp_path / "two"
    assert book_id(one / "input" / "Emma.txt", one) == book_id(two / "input" / "Emma.txt", two)
    assert book_id(one / "input" / "Emma.txt", one) != book_id(one / "input" / "b" / "Emma.txt", one)
    assert book_id(one / "input" / "Emma.txt", two) != book_id(one / "input" / "Emma.txt", one)
    assert book_id(one / "input" / "Emma.txt", one) != book_id(one / "input" / "Emma.pdf", one)


def test_the_two_unicode_forms_of_a_name_are_one_book(tmp_path: Path):
    assert book_id(tmp_path / "E\u0301mile.txt", tmp_path) == book_id(tmp_path / "\u00c9mile.txt", tmp_path)


def test_it_is_the_same_however_the_path_is_spelled(tmp_path: Path, monkeypatch):
    (tmp_path / "real" / "input").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    expected = book_id(tmp_path / "real" / "input" / "Emma.txt", tmp_path / "real")
    assert book_id(tmp_path / "link" / "input" / "Emma.txt", tmp_path / "real") == expected
    assert book_id(tmp_path / "link" / "input" / ".." / "input" / "Emma.txt", tmp_path / "link") == expected
    monkeypatch.chdir(tmp_path / "real")
    assert book_id(Path("input/Emma.txt"), Path(os.curdir)) == expected


def document(promotion: str | None = None, **statuses: str) -> dict:
    phases = {key: {"files": {"emma": {"status": status}}} for key, status in statuses.items()}
    return {**phases, "books": {"emma": {"promotion": {"state": promotion}} if promotion else {}}}


ALL = {phase.key: "success" for phase in PHASES}


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ("DISCOVERED", {}),
        ("DISCOVERED", document(phase1="running")),
        ("VALIDATED", document(phase1="success")),
        ("VALIDATED", document(phase1="success", phase2="running")),
        ("EXTRACTED", document(phase1="success", phase2="complete")),
        ("CHUNKED", document(phase1="success", phase2="success", phase3="success", phase5="success")),
        ("SYNTHESIZED", document(**{**ALL, "phase5": "pending"})),
        ("ENHANCED", document(**{**ALL, "phase5_5": "pending"})),
        ("SUBTITLED", document(**ALL)),
        ("ENHANCED", document(**{**ALL, "phase5_5": "skipped"})),
        ("COMPLETE", document("done", **ALL)),
        ("COMPLETE", document("done", **{**ALL, "phase5_5": "skipped"})),
        ("SUBTITLED", document("moving", **ALL)),
        ("CHUNKED", document("done", **{**ALL, "phase4": "running"})),
        ("FAILED", document(phase1="success", phase2="failed")),
        ("FAILED", document("done", **{**ALL, "phase5": "failed"})),
        ("SKIPPED", document(phase1="skipped")),
        ("DISCOVERED", {"phase1": 3, "books": []}),
    ],
)
def test_the_stage_is_a_function_of_the_phases(expected: str, given: dict):
    assert stage(given, "emma") == expected
    assert expected in STAGES


def test_the_stages_are_the_published_ones():
    assert " ".join(STAGES) == (
        "DISCOVERED VALIDATED EXTRACTED CHUNKED SYNTHESIZED ENHANCED SUBTITLED COMPLETE FAILED SKIPPED"
    )
