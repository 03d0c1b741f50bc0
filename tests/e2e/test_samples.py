"""``batch-audiobook --sample`` over real books, with the real voice."""

from __future__ import annotations

import json
from pathlib import Path

import av
from books import write_txt
from commands import run

CHAPTERS = [
    (f"Chapter {number}", [f"Sentence {word} of chapter {number} says that it rains again." for word in range(12)])
    for number in range(1, 4)
]


def counts(path: Path) -> dict[str, int]:
    document = json.loads(path.read_text(encoding="utf-8"))
    ((_, record),) = document["phase4"]["files"].items()
    return record["metrics"]


def test_a_sample_is_the_first_minutes_and_the_book_is_made_afterwards_without_speaking_them_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "input").mkdir()
    write_txt(tmp_path / "input/Rain.txt", "Rain", "A. Writer", CHAPTERS)
    sampled = run("batch-audiobook", "--sample", "0.5", cwd=tmp_path)
    assert sampled.returncode == 0, sampled.stdout + sampled.stderr
    folder = tmp_path / "samples/A. Writer/Rain"
    assert str(Path("samples/A. Writer/Rain")) in sampled.stdout
    with av.open(str(folder / "Rain.m4b")) as container:
        assert 20 < float(container.duration) / 1e6 < 60
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Chapter 1"]
    assert {path.suffix for path in folder.iterdir()} >= {".m4b", ".mp3", ".srt", ".vtt", ".epub"}
    assert not (tmp_path / "pipeline.json").exists()
    assert not (tmp_path / "output").exists()
    spoken = counts(tmp_path / "pipeline_samples.json")["spoken"]

    assert run("batch-audiobook", cwd=tmp_path).returncode == 0
    assert (tmp_path / "output/A. Writer/Rain/Rain.m4b").exists()
    assert counts(tmp_path / "pipeline.json")["reused"] == spoken > 0
    assert run("pipeline-state", "check", cwd=tmp_path).returncode == 0
    again = run("batch-audiobook", "--sample", "0.5", cwd=tmp_path)
    assert "0 to do" in again.stdout


def test_a_sample_of_no_length_is_wrong_usage(tmp_path: Path) -> None:
    ended = run("batch-audiobook", "--sample", "0", cwd=tmp_path)
    assert ended.returncode == 2
    assert "above 0" in ended.stderr
