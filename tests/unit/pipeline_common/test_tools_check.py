"""``pipeline-state check``: what it finds in the state itself."""

import json
from pathlib import Path

import pytest
from documents import book, complete, document

from pipeline_common import PipelineState
from pipeline_common.cli import main
from pipeline_common.tools import workspace


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    state = PipelineState(tmp_path / "pipeline.json")
    for title in ("Emma", "Emma again"):
        state.write(document({"emma-11111111": complete(title)}))
    return state


def check(state: PipelineState, capsys) -> tuple[int, list[dict[str, str]]]:
    code = main(["--pipeline-json", str(state.path), "check"])
    text = capsys.readouterr().out
    assert main(["--pipeline-json", str(state.path), "check", "--json"]) == code
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert all(fault["what"].split(" ")[0] in text for fault in faults)
    return code, faults


def test_a_sound_state_is_exit_0(state, capsys):
    assert check(state, capsys) == (0, [])
    assert main(["--pipeline-json", str(state.path), "check"]) == 0
    out = capsys.readouterr().out
    assert out.count("in order") == 9
    assert "revision 2, 1 book: everything is in order." in out


def test_in_a_folder_without_a_state_there_is_nothing_to_check(tmp_path, capsys):
    assert main(["--pipeline-json", str(tmp_path / "pipeline.json"), "check"]) == 0
    assert "so there is nothing to check." in capsys.readouterr().out


def test_a_damaged_file_is_reported_and_not_repaired(state, capsys):
    state.path.write_text('{"books": ')
    code, faults = check(state, capsys)
    assert (code, [fault["part"] for fault in faults]) == (1, ["document"])
    assert "Corrupted state file" in faults[0]["what"]
    assert state.path.read_text() == '{"books": '


def test_what_no_command_can_use_is_exit_3(state, capsys):
    for backup in state.list_backups():
        backup.unlink()
    state.path.write_text("{")
    assert main(["--pipeline-json", str(state.path), "check"]) == 3
    assert "reset" in capsys.readouterr().err
    state.path.unlink()
    assert main(["--pipeline-json", str(state.path), "check"]) == 3
    assert "is missing, although it has a history" in capsys.readouterr().err


def test_a_state_from_the_future_is_exit_3_and_untouched(tmp_path, capsys):
    path = tmp_path / "pipeline.json"
    path.write_text('{"schema_version": 99}')
    for command in (["check"], ["list"], ["retry", "x"]):
        assert main(["--pipeline-json", str(path), *command]) == 3
        assert "schema version 99" in capsys.readouterr().err
    assert path.read_text() == '{"schema_version": 99}'


def test_a_document_that_breaks_the_schema_is_a_fault_that_names_the_place(state, capsys):
    with state.transaction(validate=False) as txn:
        txn.data["phase2"]["files"]["emma-11111111"]["attempts"] = "many"
    code, faults = check(state, capsys)
    assert (code, [fault["part"] for fault in faults]) == (1, ["document"])
    assert "phase2.files.emma-11111111.attempts" in faults[0]["what"]


def test_damaged_backups_and_earlier_journals_are_faults(state, capsys):
    state.list_backups()[0].write_text("{")
    _, segment = state.history.segments()[0]
    Path(segment).write_bytes(b"x" * 4096)
    code, faults = check(state, capsys)
    assert (code, [fault["part"] for fault in faults]) == (1, ["journal", "backups"])
    assert segment in faults[0]["what"]


def test_a_claim_that_nobody_makes_good_is_a_fault(state, capsys):
    state.write(document({"emma-11111111": book("Emma", "success", "running")}), validate=False)
    code, faults = check(state, capsys)
    assert (code, [(fault["part"], fault["book"]) for fault in faults]) == (1, [("claims", "emma-11111111")])
    assert faults[0]["what"].startswith("phase 2 (extraction) is recorded as running")


def test_where_nobody_knows_the_files_of_the_books_that_is_said(state, capsys, monkeypatch):
    monkeypatch.setattr(workspace, "GROUP", "pipeline_common.nobody")
    state.write(document({"emma-11111111": book("Emma", "success", "running")}), validate=False)
    assert main(["--pipeline-json", str(state.path), "check"]) == 0
    out = capsys.readouterr().out
    assert "The files of the books were not checked" in out
    assert "claims" not in out
    assert main(["--pipeline-json", str(state.path), "list"]) == 0
    assert "1 running" in capsys.readouterr().out


def test_a_program_that_is_registered_and_cannot_be_loaded_is_exit_3(state, capsys, monkeypatch):
    from importlib.metadata import EntryPoint

    point = EntryPoint("audiobook", "no_such_program:open", workspace.GROUP)
    monkeypatch.setattr(workspace, "entry_points", lambda **_: [point])
    assert main(["--pipeline-json", str(state.path), "list"]) == 3
    assert "no_such_program:open" in capsys.readouterr().err
