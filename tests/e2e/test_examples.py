"""The phases in ``examples/`` make audiobooks together with the built-in ones."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import av
import pytest
from books import write_md, write_txt
from commands import run
from tools import SYNTHESISER, make_tool, path_with

EXAMPLES = Path(__file__).parents[2] / "examples/phases"
CHAPTERS = [
    ("Chapter 1", ["The lamp was lit. Nobody knew by whom.", "It burned until morning."]),
    ("Chapter 2", ["“Who are you?” asked the keeper; the lamp said nothing."]),
]
OPTIONS = {"flite": "-o", "espeak-ng": "-w"}


def library(tmp_path: Path, phases: dict[str, object]) -> Path:
    (tmp_path / "input").mkdir()
    write_txt(tmp_path / "input/The Lamp's “Ledger”.txt", "The Lamp", "Ida Wick", CHAPTERS)
    (tmp_path / "config.yaml").write_text(json.dumps({"phases": phases, "retries": {"limit": 1}}))  # JSON is YAML
    return tmp_path


def finished(root: Path, stdout: str) -> Path:
    (folder,) = (path for path in (root / "output").glob("*/*") if path.is_dir() and path.parent.name[0] != ".")
    assert "1 done, 0 failed" in stdout
    assert {path.suffix for path in folder.iterdir()} >= {".m4b", ".mp3", ".srt", ".vtt"}
    return folder


def spoken_s(folder: Path) -> float:
    with av.open(str(next(folder.glob("*.m4b")))) as container:
        assert container.duration is not None
        return container.duration / av.time_base


def test_chunks_of_whole_paragraphs_are_spoken_and_shown_in_the_books_own_words(tmp_path: Path) -> None:
    root = library(tmp_path, {"chunking": {"python": "python3", "module": str(EXAMPLES / "paragraphs.py")}})
    process = run("batch-audiobook", cwd=root)
    folder = finished(root, process.stdout)
    (chunks,) = (root / "work").glob("*/chunks.jsonl")
    rows = [json.loads(line) for line in chunks.read_text(encoding="utf-8").splitlines()]
    assert "The lamp was lit. Nobody knew by whom." in [row["sentences"][0]["spoken"] for row in rows]
    srt = " ".join(re.findall(r"[A-Za-z“”?;,.]+", next(folder.glob("*.srt")).read_text(encoding="utf-8")))
    assert "“Who are you?” asked the keeper; the lamp said nothing." in srt


def test_a_shell_script_decides_what_is_a_book(tmp_path: Path) -> None:
    root = library(tmp_path, {"validation": {"command": [str(EXAMPLES / "text_only.sh")]}})
    finished(root, run("batch-audiobook", cwd=root).stdout)
    write_md(root / "input/Another.md", "Another", "Ida Wick", CHAPTERS)
    process = run("batch-audiobook", cwd=root)
    assert process.returncode == 1
    assert "Another.md is not called .txt." in process.stderr + process.stdout


@pytest.mark.parametrize("name", ["espeak-ng", pytest.param("flite", marks=pytest.mark.long)])
def test_another_synthesiser_speaks_and_goes_on_where_it_stopped(tmp_path: Path, name: str) -> None:
    make_tool(tmp_path / "bin", name, SYNTHESISER.format(option=OPTIONS[name]))
    root = library(tmp_path, {"synthesis": {"command": [str(EXAMPLES / "speak.py"), name]}})
    surroundings = path_with(tmp_path / "bin")
    folder = finished(root, run("batch-audiobook", cwd=root, env=surroundings).stdout)
    assert spoken_s(folder) > 5
    metadata = (folder / "metadata.json").read_text(encoding="utf-8")
    assert "eSpeak" not in metadata
    (chunks,) = (root / "work").glob("*/chunks")
    before = {path.name: path.stat().st_mtime_ns for path in chunks.iterdir()}
    victim = sorted(before)[0]
    (chunks / victim).unlink()
    (root / "output").rename(root / "gone")
    finished(root, run("batch-audiobook", cwd=root, env=surroundings).stdout)
    after = {path.name: path.stat().st_mtime_ns for path in chunks.iterdir()}
    assert {key for key in before if after[key] != before[key]} == {victim}


def test_a_synthesiser_that_is_not_there_fails_the_book_and_points_to_its_log(tmp_path: Path) -> None:
    root = library(tmp_path, {"synthesis": {"command": [str(EXAMPLES / "speak.py"), "no/such/flite"]}})
    process = run("batch-audiobook", cwd=root)
    assert process.returncode == 1
    assert "Traceback" not in process.stdout + process.stderr
    (log,) = (root / "work").glob("*/logs/synthesis-*.log")
    assert "no/such/flite" in log.read_text()
    assert f"See {log.relative_to(root)}." in process.stdout


def test_a_built_in_phase_that_stumbles_over_what_a_program_has_left_names_the_program(tmp_path: Path) -> None:
    garbled = (EXAMPLES / "paragraphs.py").read_text(encoding="utf-8").replace('"sentences": sentences', '"other": 1')
    (tmp_path / "garbled.py").write_text(garbled, encoding="utf-8")
    root = library(tmp_path, {"chunking": {"python": "python3", "module": "garbled.py"}})
    process = run("batch-audiobook", cwd=root)
    assert process.returncode == 1
    assert "What it reads comes from phases.chunking of the configuration" in process.stderr + process.stdout


@pytest.mark.long
@pytest.mark.parametrize("name", OPTIONS)
def test_the_real_synthesiser_speaks(tmp_path: Path, name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} IS NOT INSTALLED, so examples/phases/speak.py was not tried with it: apt install {name}")
    subprocess.run([name, "--version"], check=False)
    root = library(tmp_path, {"synthesis": {"command": [str(EXAMPLES / "speak.py"), name]}})
    assert spoken_s(finished(root, run("batch-audiobook", cwd=root).stdout)) > 5
