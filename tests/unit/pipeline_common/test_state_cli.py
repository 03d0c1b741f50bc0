"""`pipeline-state`: what it prints, what it does, and its exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_common import PipelineState
from pipeline_common.cli import main


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    state = PipelineState(tmp_path / "pipeline.json")
    for number in (1, 2, 3):
        state.write({"x": number})
    return state


def run(state: PipelineState, *arguments: str) -> int:
    return main(["--pipeline-json", str(state.path), *arguments])


def test_backups_lists_them_newest_first_with_revision_and_whether_they_can_be_read(state, capsys):
    newest, older = state.list_backups()
    older.write_text("{")
    assert run(state, "backups") == 0
    out = capsys.readouterr().out
    assert out.index(newest.name) < out.index(older.name)
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["2", "0"]
    assert "damaged" in out


def test_no_backups_is_an_answer(tmp_path: Path, capsys):
    assert main(["--pipeline-json", str(tmp_path / "pipeline.json"), "backups"]) == 0
    assert "There are no backups" in capsys.readouterr().out


def test_restore_takes_a_path_or_a_name_from_the_list(state, capsys, monkeypatch):
    newest, older = state.list_backups()
    assert run(state, "restore", "--backup", str(older)) == 0
    assert state.read()["x"] == 1
    assert "is the newest backup now" in capsys.readouterr().out
    assert run(state, "restore", "--backup", newest.name) == 0
    assert state.read()["x"] == 2
    monkeypatch.chdir(state.path.parent)
    assert main(["restore", "--backup", older.name]) == 0
    assert state.read()["x"] == 1


def test_restore_over_a_damaged_file_says_where_it_is_kept(state, capsys):
    state.path.write_text("{")
    assert run(state, "restore", "--backup", str(state.list_backups()[0])) == 0
    kept = capsys.readouterr().out.split("kept as ")[1].strip().removesuffix(".")
    assert Path(kept).read_text() == "{"


def test_restore_where_the_file_is_missing_says_nothing_of_what_it_replaced(state, capsys):
    state.path.unlink()
    assert run(state, "restore", "--backup", str(state.list_backups()[0])) == 0
    assert "replaced" not in capsys.readouterr().out
    assert state.read()["x"] == 2


def test_restore_of_what_is_no_backup_is_exit_3_and_a_sentence(state, capsys):
    assert run(state, "restore", "--backup", "nothing.bak") == 3
    error = capsys.readouterr().err
    assert error.startswith("pipeline-state: The backup ")
    assert "No such file" in error
    assert state.read()["x"] == 3


def test_reset_says_where_everything_lies(state, capsys):
    assert run(state, "reset") == 0
    folder = Path(capsys.readouterr().out.split(" to ")[1].split(";")[0])
    assert (folder / "pipeline.json").exists()
    assert state.read() == {}
    assert run(state, "reset") == 0
    assert "nothing to reset" in capsys.readouterr().out


def test_a_lock_that_is_held_is_exit_3(state, capsys, monkeypatch):
    monkeypatch.setattr(
        "pipeline_common.cli.PipelineState", lambda path, **kinds: PipelineState(path, timeout=0.01, **kinds)
    )
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, filelock\nwith filelock.FileLock(sys.argv[1]): print(flush=True); sys.stdin.read()",
            f"{state.path}.lock",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        assert run(state, "reset") == 3
        assert "Could not acquire lock" in capsys.readouterr().err
        child.kill()


def test_a_missing_folder_is_exit_2(tmp_path: Path, capsys):
    assert main(["--pipeline-json", str(tmp_path / "no" / "pipeline.json"), "backups"]) == 2
    assert "There is no folder" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["restore"], ["backups", "--what"]])
def test_wrong_usage_is_exit_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: pipeline-state" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (PermissionError(13, "Permission denied", "/x"), 2)]
)
def test_ctrl_c_and_what_the_system_refuses_end_with_a_sentence(state, capsys, monkeypatch, error, code):
    def stopped(*_: object) -> None:
        raise error

    monkeypatch.setattr("pipeline_common.cli.open_workspace", stopped)
    assert run(state, "list") == code
    assert capsys.readouterr().err.startswith("pipeline-state: ")


def test_help_and_version_and_the_module_form(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("pipeline-state ")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline_common", "--help"], capture_output=True, text=True, check=True
    )
    assert all(word in done.stdout for word in ("pipeline-state", "backups", "restore", "reset", "--pipeline-json"))


def test_importing_the_package_costs_the_standard_library_alone():
    code = "import sys; before = set(sys.modules); import pipeline_common; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = {name.partition(".")[0] for name in done.stdout.split()}
    assert names - {"pipeline_common"} <= set(sys.stdlib_module_names)
    assert not names & {"logging", "asyncio", "argparse", "subprocess"}
