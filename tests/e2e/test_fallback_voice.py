"""A book with a sentence that kills the voice, from the command line: what is told, what is kept, and what cures it."""

import json
import sys
from pathlib import Path

import odd_voices
import pytest
from books import write_txt
from commands import run

from pipeline_common.books import book_id, stage

POISON = "Then came the CRASH that nobody had expected."
TEXT = [("Chapter 1", ["It was a dark night.", POISON]), ("Chapter 2", ["Then it was day."])]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "input").mkdir()
    write_txt(tmp_path / "input" / "Night.txt", "Night", "A. Writer", TEXT)
    configure(tmp_path)
    return tmp_path


def configure(root: Path, *fallback: str) -> None:
    command = [sys.executable, odd_voices.__file__]
    config = {
        "tts": {"fallback": fallback},
        "phases": {"synthesis": {"command": command}},
        "audio": {"formats": ["mp3"]},
        "text": {"spoken": {"capitals": False}},  # the voice's marks are in capitals
    }
    (root / "config.yaml").write_text(json.dumps(config))


def test_a_poisoned_sentence_is_named_and_a_fallback_cures_it_without_speaking_the_rest_again(library: Path) -> None:
    book = book_id(library / "input/Night.txt", library)
    work = library / "work" / book
    failed = run("orchestrate-audiobook", "input/Night.txt", cwd=library)
    assert failed.returncode == 1
    chunks = [json.loads(line) for line in (work / "chunks.jsonl").read_text().splitlines()]
    (index,) = (row["index"] for row in chunks if row["sentences"][0]["spoken"] == POISON)
    for part in (
        POISON,
        f"chapter 1, chunk {index}",
        "3 times its worker process was killed by SIGSEGV",
        "tts.fallback",
    ):
        assert part in failed.stderr
    record = json.loads((library / "pipeline.json").read_text())["books"][book]
    assert record["error_type"] == "poisoned_chunk"
    assert POISON in record["error"]
    kept = {path.name: path.stat().st_mtime_ns for path in (work / "chunks").iterdir()}
    assert len(kept) == len(chunks) - 1
    configure(library, "de")
    cured = run("orchestrate-audiobook", "input/Night.txt", cwd=library)
    assert (cured.returncode, cured.stderr) == (0, "")
    assert f"{len(chunks)} chunks, 1 spoken, 1 fallback" in cured.stdout
    document = json.loads((library / "pipeline.json").read_text())
    assert stage(document, book) == "COMPLETE"
    assert document["phase4"]["files"][book]["metrics"]["fallback"] == 1
    assert kept.items() <= {path.name: path.stat().st_mtime_ns for path in (work / "chunks").iterdir()}.items()
    ledger = [json.loads(line) for line in (work / "ledger.jsonl").read_text().splitlines()]
    (spoken,) = (chunk for row in ledger for chunk in row["chunks"] if "fallback" in chunk)
    assert (spoken["fallback"]["voice"], spoken["index"]) == ("gmw/de", index)
    assert "SIGSEGV" in spoken["fallback"]["refused"][0]["reason"]


def test_a_fallback_that_there_is_not_is_named_before_anything_is_spoken(library: Path) -> None:
    configure(library, "de", "germann")
    failed = run("orchestrate-audiobook", "input/Night.txt", cwd=library)
    assert failed.returncode == 1
    assert "'germann'" in failed.stderr
    assert "tts.fallback" in failed.stderr
    work = library / "work" / book_id(library / "input/Night.txt", library)
    assert not (work / "chunks").exists()
