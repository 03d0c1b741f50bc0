"""What ``batch-audiobook`` says before any book starts."""

from pathlib import Path

import pytest

from batch.cli import main


def test_a_rehearsal_begins_with_the_line_that_a_batch_begins_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input").mkdir()
    for name in ("1.txt", "2.txt", "3.txt", "cover.jpg", ".hidden.txt"):
        (tmp_path / "input" / name).write_text(name)
    assert main(["--dry-run", "--batch-size", "1"]) == 0
    first, *books = capsys.readouterr().out.splitlines()
    assert first == (
        f"3 books in {tmp_path}/input, 1 to do, 2 left for later runs. Passed over: 1 hidden file, 1 image."
    )
    assert [line.split()[:2] for line in books] == [["run", "1.txt:"], ["later", "2.txt:"], ["later", "3.txt:"]]


def test_a_rehearsal_names_a_voice_that_there_is_not_and_a_sheet_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.txt").write_text("A")
    (tmp_path / "input" / "a.txt.book.yaml").write_text("titel: A\n")
    (tmp_path / "config.yaml").write_text("tts: {voice: en-uss, fallback: [nobody]}\n")
    assert main(["--dry-run"]) == 2
    said = capsys.readouterr()
    assert said.out.splitlines()[1].startswith("fail  a.txt: ")
    assert "did you mean title" in said.out
    assert [("en-us" in line, "Correct tts.voice" in line) for line in said.err.splitlines()] == [
        (True, True),
        (False, False),
    ]
    assert main(["--dry-run", "--phases", "1", "2", "3"]) == 0
    assert not (tmp_path / "pipeline.json").exists()
