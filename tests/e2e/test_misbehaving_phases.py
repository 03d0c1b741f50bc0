"""A batch of twenty books in which a phase misbehaves in every way once: the others are done, each failure is named."""

import json
import sys
from pathlib import Path
from typing import Any

import misbehaving
import pytest
from books import write_txt
from commands import run

from pipeline_common.books import book_id

LIMIT = 2
STALL_S = 1.2
TIMEOUT_S = 4
MEMORY_MB = 200
SLACK_S = 2
TEXT = [("Chapter 1", ["It was a dark night.", "Then it was day."])]

DONE = {"good", "spew", "fork", "late", "flaky"}
FAILURES: dict[str, tuple[str, str, int]] = {
    # behaviour: kind, words of the error, attempts
    "crash": ("crashed", "chunking crashed (SIGSEGV", LIMIT),
    "killed": ("killed", "chunking was ended by signal SIGKILL", LIMIT),
    "silent": ("died", "ended with exit code 3 and left no result", LIMIT),
    "hang": ("stalled", f"made no progress for limits.stall_timeout ({STALL_S:g} s)", LIMIT),
    "deaf": ("stalled", f"made no progress for limits.stall_timeout ({STALL_S:g} s)", LIMIT),
    "slow": ("timeout", f"took longer than it may (phase_timeout, {TIMEOUT_S} s)", LIMIT),
    "leak": ("out_of_memory", f"than it may (limits.memory_mb, {MEMORY_MB} MB)", LIMIT),
    "no_json": ("bad_result", "result: not JSON", LIMIT),
    "huge": ("bad_result", "result: it is larger than", LIMIT),
    "stranger": ("bad_result", "result: book_id is 'another-00000000'", LIMIT),
    "partial": ("bad_result", "artifacts.chunks is missing", LIMIT),
    "outside": ("bad_result", "chunks", LIMIT),
    "lie": ("bad_result", "chunks", LIMIT),
    "hopeless": ("encrypted", "The book is encrypted. Give one that is not.", 1),
    "buggy": ("died", "ended with exit code 1 and left no result", LIMIT),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("misbehaving")
    (root / "input").mkdir()
    for name in ("good", *misbehaving.BEHAVIOURS):
        if name != "good" or not (root / "input/good.txt").exists():
            write_txt(root / "input" / f"{name}.txt", name.title(), f"A. {name.title()}", TEXT)
    config = {
        "phases_to_run": [1, 2, 3],
        "phases": {"chunking": {"command": [sys.executable, misbehaving.__file__]}},
        "max_workers": 4,
        "cpu_threshold": 100,
        "phase_timeout": TIMEOUT_S,
        "limits": {"stall_timeout": STALL_S, "chunking": {"memory_mb": MEMORY_MB}},
        "retries": {"limit": LIMIT, "delay": 0.1, "factor": 1},
    }
    (root / "config.yaml").write_text(json.dumps(config))
    return root


@pytest.fixture(scope="module")
def first_run(library: Path) -> tuple[int, str]:
    ended = run("batch-audiobook", cwd=library)
    return ended.returncode, ended.stdout


@pytest.fixture(scope="module")
def document(library: Path, first_run: tuple[int, str]) -> Any:
    return json.loads((library / "pipeline.json").read_text())


def test_twenty_books_are_there() -> None:
    assert len({"good", *misbehaving.BEHAVIOURS}) == 20
    assert {*FAILURES} | DONE == {"good", *misbehaving.BEHAVIOURS}


def test_the_others_are_done_and_each_failure_is_named(
    library: Path, document: Any, first_run: tuple[int, str]
) -> None:
    code, said = first_run
    assert code == 1
    summary = document["batch"]["summary"]
    assert (summary["successful_files"], summary["failed_files"]) == (len(DONE), len(FAILURES))
    for name in DONE:
        record = document["phase3"]["files"][book_id(library / f"input/{name}.txt", library)]
        assert (name, record["status"]) == (name, "success")
    for name, (kind, words, attempts) in FAILURES.items():
        book = book_id(library / f"input/{name}.txt", library)
        record, about = document["phase3"]["files"][book], document["books"][book]
        assert (name, record["status"], about["error_type"]) == (name, "failed", kind)
        assert words in about["error"]
        assert (name, about["retry_count"], record["attempts"]) == (name, attempts, attempts)
        assert [past["stage"] for past in about["error_history"]] == ["chunking"] * attempts
        assert about["first_failed_at"] <= about["failed_at"]
        assert "next_try_at" not in about
        assert f"{name}.txt: FAILED" in said
        assert (f"{name}.txt: attempt 1 of {LIMIT} failed: " in said) == (attempts > 1)


def test_a_hung_phase_costs_its_stall_timeout_and_little_more(library: Path, document: Any) -> None:
    for name in ("hang", "deaf"):
        record = document["phase3"]["files"][book_id(library / f"input/{name}.txt", library)]
        assert record["duration_s"] < STALL_S + SLACK_S


def test_what_writes_after_its_end_is_gone_before_its_work_is_taken(library: Path, document: Any) -> None:
    book = book_id(library / "input/late.txt", library)
    recorded = document["phase3"]["files"][book]["artifacts"]["chunks"]
    assert (library / recorded["path"]).stat().st_size == recorded["size_bytes"]


def test_no_process_of_them_is_left(library: Path, first_run: tuple[int, str]) -> None:
    left = [
        folder.name
        for folder in Path("/proc").glob("[0-9]*")
        if str(misbehaving.__file__).encode() in _command_line(folder)
        and str(library).encode() in _command_line(folder)
    ]
    assert left == []


def _command_line(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def test_the_failed_ones_are_listed_with_their_attempts_and_what_to_do(library: Path, document: Any) -> None:
    answer = json.loads(run("pipeline-state", "list", "--failed", "--json", cwd=library).stdout)
    listed = {Path(book["source"]).stem: book for book in answer["books"]}
    assert listed.keys() == FAILURES.keys()
    for name, (kind, words, attempts) in FAILURES.items():
        book = listed[name]
        assert (book["error_type"], book["retry_count"], book["retry_limit"]) == (kind, attempts, LIMIT)
        assert words in book["error"]
    shown = run("pipeline-state", "show", "hang.txt", cwd=library).stdout
    assert f"attempt {LIMIT} of {LIMIT}" in shown
    assert f"pipeline-state retry {listed['hang']['id']}" in shown


def test_the_next_batch_passes_over_what_is_given_up_until_somebody_asks_for_it(library: Path, document: Any) -> None:
    again = run("batch-audiobook", cwd=library)
    assert again.returncode == 1
    assert "20 books in" in again.stdout
    assert ", 0 to do." in again.stdout
    for name in FAILURES:
        assert f"{name}.txt: passed over, " in again.stdout
    assert run("pipeline-state", "retry", "killed.txt", cwd=library).returncode == 0
    assert ", 1 to do." in run("batch-audiobook", cwd=library).stdout
