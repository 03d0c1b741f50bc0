"""The commands from outside: options, errors, interruptions, and going on."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from books import write_txt
from commands import BIN, DEADLINE_S, run, start

from pipeline_common.books import book_id, stage

TEXT = [("Chapter 1", ["It was a dark night.", "Nobody slept."]), ("Chapter 2", ["Then it was day."])]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "input").mkdir()
    write_txt(tmp_path / "input" / "Night.txt", "Night", "A. Writer", TEXT)
    return tmp_path


def document(root: Path) -> dict:  # type: ignore[type-arg]
    return json.loads((root / "pipeline.json").read_text(encoding="utf-8"))


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def statuses(root: Path, book: Path) -> dict[str, str]:
    identity = book_id(book, root)
    return {
        key: section["files"][identity]["status"]
        for key, section in document(root).items()
        if key.startswith("phase") and identity in section.get("files", {})
    }


def test_one_book_by_hand_is_dry_run_run_and_then_skipped(library: Path) -> None:
    dry = run("orchestrate-audiobook", "input/Night.txt", "--dry-run", cwd=library)
    assert dry.returncode == 0
    assert dry.stdout.count(" run ") == 6
    assert sorted(os.listdir(library)) == ["input"]
    first = run("orchestrate-audiobook", "input/Night.txt", cwd=library)
    assert (first.returncode, first.stderr) == (0, "")
    assert "finished: " in first.stdout
    assert stage(document(library), book_id(library / "input/Night.txt", library)) == "COMPLETE"
    again = run("orchestrate-audiobook", "input/Night.txt", "--dry-run", cwd=library)
    assert again.stdout.count(" skip ") == 6


def test_another_voice_redoes_the_synthesis_but_not_the_text(library: Path) -> None:
    assert run("batch-audiobook", "--phases", 1, 2, 3, 4, cwd=library).returncode == 0
    before = document(library)
    (library / "config.yaml").write_text("tts:\n  voice: en-gb\n")
    dry = run("batch-audiobook", "--dry-run", cwd=library)
    assert "from phase 4 (synthesis): its settings" in dry.stdout
    assert run("batch-audiobook", "--phases", 1, 2, 3, 4, cwd=library).returncode == 0
    after = document(library)
    identity = book_id(library / "input/Night.txt", library)
    for key in ("phase2", "phase3"):
        assert after[key]["files"][identity] == before[key]["files"][identity]
    assert after["phase4"]["files"][identity]["started_at"] > before["phase4"]["files"][identity]["started_at"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("max_worker: 3\n", ["config.yaml", "line 1", "max_worker", "max_workers"]),
        ("tts:\n  voice: [a]\n", ["line 2", "tts.voice"]),
        ("input_dir: [\n", ["config.yaml"]),
    ],
)
def test_a_broken_configuration_ends_with_2_and_says_where(library: Path, text: str, words: list[str]) -> None:
    (library / "config.yaml").write_text(text)
    for command in ("batch-audiobook", "orchestrate-audiobook"):
        arguments = ["input/Night.txt"] if command == "orchestrate-audiobook" else []
        result = run(command, *arguments, cwd=library)
        assert result.returncode == 2
        assert "Traceback" not in result.stderr
        for word in words:
            assert word in result.stderr
    assert not (library / "pipeline.json").exists()


def test_a_voice_that_does_not_exist_fails_with_the_nearest_names(library: Path) -> None:
    (library / "config.yaml").write_text("tts: {voice: en-uss}\n")
    result = run("batch-audiobook", cwd=library)
    assert result.returncode == 1
    assert "en-uss" in result.stdout
    assert "en-us" in result.stdout.replace("en-uss", "")


@pytest.mark.parametrize(
    "arguments",
    [["nowhere"], ["--max-workers", "0"], ["--phases", "9"], ["--config", "none.yaml"], ["--no-such-option"]],
)
def test_wrong_usage_ends_with_2_and_a_sentence(library: Path, arguments: list[str]) -> None:
    result = run("batch-audiobook", *arguments, cwd=library)
    assert result.returncode == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [["batch-audiobook"], ["orchestrate-audiobook", "input/Night.txt"]])
def test_a_reader_that_goes_away_stops_nothing(library: Path, command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [BIN / command[0], *command[1:], "--phases", "1", "2"],
        cwd=library,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    os.close(writer)
    assert (process.returncode, process.stderr) == (0, "")
    assert statuses(library, library / "input/Night.txt") == {"phase1": "success", "phase2": "success"}


def test_an_empty_folder_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    result = run("batch-audiobook", cwd=tmp_path)
    assert result.returncode == 0
    assert "No books in" in result.stdout


def test_names_that_look_like_options_or_hold_line_ends_are_only_names(tmp_path: Path) -> None:
    folder = tmp_path / "input"
    folder.mkdir()
    write_txt(folder / "--help.txt", "Help", "A", TEXT)
    write_txt(folder / "two\nlines; $(touch pwned).txt", "Lines", "B", [("Chapter 1", ["Other words."])])
    result = run("batch-audiobook", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(list((tmp_path / "output").rglob("*.m4b"))) == 2
    assert not list(tmp_path.rglob("pwned"))


def test_names_of_any_bytes_are_spoken_and_shown_on_one_line(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"in\xff\x85")
    folder.mkdir()
    (folder / os.fsdecode(b"\xff night.txt")).write_text("Once upon a time. It was a dark night.\n")
    (folder / "two\nlines\x1b[31m.mobi").write_text("Other words.")
    result = run("batch-audiobook", folder, cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8:strict", "COLUMNS": "400"})
    assert (result.returncode, result.stderr) == (1, "")
    assert len(list((tmp_path / "output").rglob("*.m4b"))) == 1
    assert "\\udcff night.txt: done" in result.stdout
    assert "two\\nlines\\x1b[31m.mobi: FAILED: two\\nlines\\x1b[31m.mobi is " in result.stdout


@pytest.mark.parametrize(
    ("signum", "code"), [pytest.param(signal.SIGINT, 130, marks=pytest.mark.long), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_children_keeps_what_is_done_and_the_next_run_goes_on(
    library: Path, signum: int, code: int
) -> None:
    long = [(f"Chapter {n}", [f"This is sentence {n} of {m}, and it is spoken." for m in range(50)]) for n in range(5)]
    write_txt(library / "input" / "Long.txt", "Long", "B. Writer", long)
    book = library / "input" / "Long.txt"
    batch = start("batch-audiobook", "--max-workers", 2, cwd=library)
    chunks = library / "work" / book_id(book, library) / "chunks"
    wait_until(lambda: chunks.is_dir() and len(os.listdir(chunks)) > 20, batch)
    os.kill(batch.pid, signum)
    _, errors = batch.communicate(timeout=DEADLINE_S)
    assert batch.returncode == code, errors
    assert "Run the same command again to go on" in errors
    assert "Traceback" not in errors
    assert processes_of(library) == []
    found = statuses(library, book)
    assert found["phase3"] == "success"
    assert found["phase4"] == "pending"
    kept = {path.name: path.stat().st_mtime_ns for path in chunks.glob("*.wav")}
    again = run("batch-audiobook", "--phases", 1, 2, 3, 4, cwd=library)
    assert again.returncode == 0, again.stdout + again.stderr
    assert {name: (chunks / name).stat().st_mtime_ns for name in kept} == kept


def test_one_and_two_workers_and_a_resumed_run_give_the_same_bytes(library: Path, tmp_path: Path) -> None:
    write_txt(library / "input" / "Day.txt", "Day", "B. Writer", [("Chapter 1", ["The sun was up.", "So was she."])])
    other = tmp_path / "other"
    shutil.copytree(library / "input", other / "input")
    assert run("batch-audiobook", "--max-workers", 1, cwd=library).returncode == 0
    assert run("batch-audiobook", "--phases", 1, 2, 3, 4, "--max-workers", 2, cwd=other).returncode == 0
    for chunk in sorted((other / "work" / book_id(other / "input/Day.txt", other) / "chunks").glob("*.wav"))[:2]:
        chunk.unlink()
    assert run("batch-audiobook", "--max-workers", 2, cwd=other).returncode == 0
    files = hashes(library / "output")
    assert len(files) > 8
    assert hashes(other / "output") == files


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.long), 2])
def test_a_batch_that_is_killed_in_the_midst_of_its_work_and_resumed_gives_the_same_bytes(
    library: Path, tmp_path: Path, workers: int
) -> None:
    sentences = [f"This is sentence {number} of a book that is spoken." for number in range(30)]
    write_txt(library / "input" / "Day.txt", "Day", "B. Writer", [("Chapter 1", ["Day", *sentences])])
    other = tmp_path / "other"
    shutil.copytree(library / "input", other / "input")
    assert run("batch-audiobook", cwd=library).returncode == 0
    kept: dict[Path, int] = {}
    for seen in ("*/chunks/*1*.wav", "*/attempts/enhancement-*"):
        with start("batch-audiobook", "--max-workers", workers, cwd=other) as batch:
            wait_until(lambda seen=seen: any((other / "work").glob(seen)), batch)
            os.killpg(batch.pid, signal.SIGKILL)
            batch.communicate(timeout=DEADLINE_S)
        kept |= {path: path.stat().st_mtime_ns for path in (other / "work").glob("*/chunks/*.wav")}
    assert kept
    assert run("batch-audiobook", "--max-workers", workers, cwd=other).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert hashes(other / "output") == hashes(library / "output")


def test_a_damaged_state_file_is_restored_from_its_newest_backup_and_said(library: Path) -> None:
    assert run("batch-audiobook", "--phases", 1, cwd=library).returncode == 0
    (library / "pipeline.json").write_text('{"phase1": ')
    result = run("batch-audiobook", "--phases", 1, cwd=library)
    assert result.returncode == 0
    assert "was damaged; the backup" in result.stderr
    assert [path.read_text() for path in (library / ".pipeline/conflicts").rglob("*") if "phase1" in path.read_text()]


@pytest.mark.parametrize("text", ['{"books": []}', '{"phase1": "x"}', '{"batch": 3}'])
def test_a_state_of_another_form_ends_with_3_and_a_sentence(library: Path, text: str) -> None:
    (library / "pipeline.json").write_text(text)
    for options in ((), ("--dry-run",)) if "books" in text else ((),):
        result = run("batch-audiobook", "--phases", 1, *options, cwd=library)
        assert (result.returncode, "Traceback" in result.stderr) == (3, False)
        assert "Schema validation failed" in result.stderr


def test_a_missing_state_file_with_a_history_ends_with_3_and_names_restore_and_reset(library: Path) -> None:
    assert run("batch-audiobook", "--phases", 1, cwd=library).returncode == 0
    (library / "pipeline.json").unlink()
    result = run("batch-audiobook", cwd=library)
    assert result.returncode == 3
    assert "restore" in result.stderr
    assert "reset" in result.stderr
    backup = run("pipeline-state", "backups", cwd=library)
    assert backup.returncode == 0
    assert run("pipeline-state", "reset", cwd=library).returncode == 0
    assert run("batch-audiobook", "--phases", 1, cwd=library).returncode == 0


def test_a_second_batch_on_the_folder_ends_with_3(library: Path) -> None:
    from filelock import FileLock

    (library / "work/.locks").mkdir(parents=True)
    assert run("batch-audiobook", "--phases", 1, cwd=library).returncode == 0
    (lock,) = (library / "work/.locks").glob("batch-*.lock")
    with FileLock(lock):
        result = run("batch-audiobook", cwd=library)
    assert result.returncode == 3
    assert "Another batch works on" in result.stderr


def test_documents_of_the_first_version_are_taken_over(library: Path) -> None:
    write_txt(library / "input" / "Old.txt", "Old", "C. Writer", [("Chapter 1", ["An old book."])])
    (library / "old.mp3").write_bytes(b"\xff\xfb audio of the first version")
    old = {
        "file_id": "Night",
        **{f"phase{n}": {"status": "success", "files": {"Old.txt": {"hash": "abc"}}} for n in range(1, 5)},
        "phase5": {"status": "success", "files": {"Old.txt": {"output": "old.mp3"}}},
        "batch": {"files": {"Old": {"phases_completed": [1, 2, 3, 4, 5]}}},
    }
    (library / "pipeline.json").write_text(json.dumps(old))
    result = run("batch-audiobook", cwd=library)
    assert result.returncode == 0, result.stderr
    assert "1 to do" in result.stdout
    new = document(library)
    assert stage(new, book_id(library / "input/Old.txt", library)) == "COMPLETE"
    assert stage(new, book_id(library / "input/Night.txt", library)) == "COMPLETE"
    assert "phases_completed" not in json.dumps(new)
    assert any("phases_completed" in path.read_text() for path in (library / ".pipeline/backups").iterdir())
    assert "0 to do" in run("batch-audiobook", cwd=library).stdout


def test_paths_of_a_configuration_elsewhere_are_relative_to_it(library: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (library / "my.yaml").write_text(
        "work_dir: w\noutput_dir: o\naudio: {formats: [mp3]}\nsubtitles: {enabled: false}\n"
    )
    result = run("batch-audiobook", "--config", library / "my.yaml", cwd=elsewhere)
    assert result.returncode == 0, result.stderr
    assert os.listdir(elsewhere) == []
    assert [
        path.suffix for path in (library / "o/A. Writer/Night").iterdir() if path.suffix in (".mp3", ".m4b", ".srt")
    ] == [".mp3"]


@pytest.mark.parametrize("command", ["batch-audiobook", "orchestrate-audiobook", "pipeline-state"])
def test_every_command_tells_its_version_and_options(command: str, tmp_path: Path) -> None:
    assert run(command, "--version", cwd=tmp_path).stdout.strip() == f"{command} 0.1.0"
    assert "Exit codes" in run(command, "--help", cwd=tmp_path).stdout


def wait_until(condition, process) -> None:  # type: ignore[no-untyped-def]
    """Wait for a state of the disk; the process's own end is a failure."""
    import time

    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        os.sched_yield()


def processes_of(root: Path) -> list[str]:
    """Command lines of running processes that name a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(root) in command:
                found.append(command.decode("utf-8", "replace"))
    return found
