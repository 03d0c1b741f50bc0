"""What the orchestrator tells `pipeline-state`: which state, who works on a book, and who is kept away from it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from documents import book, complete, document, failed

from orchestrator.interrupts import Interrupts
from orchestrator.lock import book_lock
from orchestrator.workspace import open_workspace
from pipeline_common import ConfigError, PipelineState
from pipeline_common.cli import main
from pipeline_common.tools.workspace import HeldError

EMMA, NIGHT = "emma-11111111", "night-22222222"

WORKER = """
import sys
from pathlib import Path
from orchestrator.interrupts import Interrupts
from orchestrator.lock import book_lock
with Interrupts() as interrupts, book_lock(Path(sys.argv[1]), sys.argv[2], print, interrupts):
    print("holding", flush=True)
    sys.stdin.read()
"""


@contextmanager
def worker(root: Path, book_id: str) -> Iterator[int]:
    """A live process that works on a book; gives its pid."""
    command = [sys.executable, "-c", WORKER, str(root / "work"), book_id]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process.pid
        process.kill()


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document({EMMA: failed("Emma"), NIGHT: book("Night", "success", "running")}))
    return state


def run(state: PipelineState, *arguments: str) -> int:
    return main(["--pipeline-json", str(state.path), *arguments])


def test_who_holds_a_book_is_known_by_pid_and_time_and_only_while_it_lives(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "pipeline.json", None)
    assert (workspace.holder(NIGHT), workspace.holders()) == (None, {})
    with worker(tmp_path, NIGHT) as pid:
        holder = workspace.holder(NIGHT)
        assert holder is not None
        assert holder.pid == pid
        assert str(holder.since).startswith("20")
        assert workspace.holders() == {NIGHT: holder}
    assert (workspace.holder(NIGHT), workspace.holders()) == (None, {})


def test_a_book_that_is_held_for_a_change_is_no_workers(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "pipeline.json", None)
    with workspace.hold(NIGHT):
        holder = workspace.holder(NIGHT)
        assert holder is not None
        assert holder.pid == os.getpid()
        with pytest.raises(HeldError), workspace.hold(NIGHT):
            pass
    with Interrupts() as interrupts, book_lock(tmp_path / "work", NIGHT, pytest.fail, interrupts):
        pass


@pytest.mark.parametrize("name", ["", ".", "..", "../../x", "/etc/x", "a\0b", "\ud800", "x" * 300])
def test_an_id_that_is_no_name_of_a_file_is_nobodys_and_touches_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "work/.locks").mkdir(parents=True)
    workspace = open_workspace(tmp_path / "pipeline.json", None)
    assert workspace.holder(name) is None
    with workspace.hold(name):
        assert os.listdir(tmp_path / "work/.locks") == []
    assert os.listdir(tmp_path) == ["work"]


def test_running_is_shown_only_while_somebody_works(state, tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert run(state, "list") == 0
    assert "1 interrupted" in capsys.readouterr().out
    with worker(tmp_path, NIGHT) as pid:
        assert run(state, "list") == 0
        assert "1 running" in capsys.readouterr().out
        assert run(state, "show", NIGHT) == 0
        assert f"process {pid} since" in capsys.readouterr().out
        assert run(state, "next") == 0
        assert NIGHT not in capsys.readouterr().out
        assert run(state, "check") == 0


@pytest.mark.parametrize("rehearsal", [[], ["--dry-run"]])
@pytest.mark.parametrize("command", [["clear", EMMA, NIGHT], ["retry", NIGHT, EMMA]])
def test_a_book_that_is_being_worked_on_is_left_alone_and_the_others_are_not(  # type: ignore[no-untyped-def]
    state, tmp_path, capsys, command, rehearsal
) -> None:
    before = state.read()
    with worker(tmp_path, NIGHT) as pid:
        assert run(state, *command, *rehearsal) == 3
    captured = capsys.readouterr()
    assert f"Night ({NIGHT}) is being worked on by process {pid}" in captured.err
    assert f"Emma ({EMMA}): " in captured.out
    after = state.read()
    assert after["phase2"]["files"][NIGHT] == before["phase2"]["files"][NIGHT]
    assert (after["phase3"]["files"] == before["phase3"]["files"]) == bool(rehearsal)


@pytest.mark.parametrize("command", [["restore", "--revision", "1"], ["reset"], ["reset", "--dry-run"]])
def test_the_whole_document_is_not_replaced_under_a_worker(  # type: ignore[no-untyped-def]
    state, tmp_path, capsys, command
) -> None:
    before = state.path.read_bytes()
    with worker(tmp_path, NIGHT):
        assert run(state, *command) == 3
    assert f"{NIGHT} is being worked on by process" in capsys.readouterr().err
    assert state.path.read_bytes() == before


def test_the_configuration_beside_the_state_file_says_where_the_work_is_done(tmp_path, capsys, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "config.yaml").write_text("work_dir: ../w\npipeline_json: books.json\n")
    state = PipelineState(tmp_path / "library" / "books.json")
    state.write(document({NIGHT: book("Night", "running")}))
    (tmp_path / "w" / "stranger").mkdir(parents=True)
    assert run(state, "check") == 1
    assert "stranger" in capsys.readouterr().out
    assert main(["--config", str(tmp_path / "library" / "config.yaml"), "list"]) == 0
    assert "1 book in " in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "library")
    assert main(["list"]) == 0
    assert "1 book in " in capsys.readouterr().out
    assert main(["check", "--pipeline-json", "books.json"]) == 1


def test_a_configuration_that_is_wrong_is_exit_2_and_says_where(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "config.yaml").write_text("work_dirs: w\n")
    assert main(["--pipeline-json", str(tmp_path / "pipeline.json"), "list"]) == 2
    assert "work_dirs" in capsys.readouterr().err
    with pytest.raises(ConfigError):
        open_workspace(None, tmp_path / "none.yaml")


def test_reading_commands_write_nothing(tmp_path) -> None:  # type: ignore[no-untyped-def]
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document({EMMA: complete("Emma")}))
    state.close()
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for command in (
        ["list"],
        ["show", "Emma"],
        ["next"],
        ["history"],
        ["backups"],
        ["check"],
        ["clear", "Emma", "--dry-run"],
    ):
        assert run(state, *command) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == stamps
