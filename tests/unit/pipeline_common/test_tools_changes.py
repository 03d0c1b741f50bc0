"""``pipeline-state retry`` and ``clear``: what they change, and what they leave alone."""

from pathlib import Path

import pytest
from documents import EMPTY_TEXT, book, complete, document, failed

from pipeline_common import PipelineState
from pipeline_common.books import stage
from pipeline_common.cli import main
from pipeline_common.phases import PHASES
from pipeline_common.tools.changes import cleared

EMMA, LOST, NIGHT = "emma-11111111", "lost-22222222", "night-33333333"


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document({EMMA: complete("Emma"), LOST: failed("Lost"), NIGHT: book("Night", "success")}))
    return state


def run(state: PipelineState, *arguments: str) -> int:
    return main(["--pipeline-json", str(state.path), *arguments])


def test_retry_makes_the_failed_phase_pending_and_counts_from_0_again(state, capsys):
    before = state.read()
    assert run(state, "retry", "Lost") == 0
    assert capsys.readouterr().out == f"Lost ({LOST}): phase 3 (chunking) will be tried again\n"
    after = state.read()
    assert after["phase3"]["files"][LOST]["status"] == "pending"
    assert after["phase3"]["counts"] == {"success": 1, "pending": 1}
    assert stage(after, LOST) == "EXTRACTED"
    assert not {"error", "error_type", "failed_at", "first_failed_at", "retry_count"} & set(after["books"][LOST])
    assert [error["error"] for error in after["books"][LOST]["error_history"]] == [EMPTY_TEXT]
    for key in ("phase1", "phase2"):
        assert after[key]["files"] == before[key]["files"]
    assert after["books"][EMMA] == before["books"][EMMA]
    assert run(state, "retry", "Lost") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_retry_keeps_an_error_that_is_not_in_the_history_yet(state):
    with state.transaction() as txn:
        del txn.data["books"][LOST]["error_history"]
    assert run(state, "retry", LOST) == 0
    history = state.read()["books"][LOST]["error_history"]
    assert [(error["error"], error["timestamp"]) for error in history] == [(EMPTY_TEXT, "2026-01-02T10:00:00.000Z")]


def test_retry_of_a_book_whose_files_could_not_be_put_into_place(state, capsys):
    done = book("Full", *["success"] * len(PHASES), error="No space left.", failed_at="2026-01-09T00:00:00Z")
    state.write(document({"full-00000001": done}))
    assert run(state, "retry", "Full") == 0
    assert "its last step will be tried again" in capsys.readouterr().out
    assert "error" not in state.read()["books"]["full-00000001"]


def test_several_books_are_one_commit_and_those_that_did_not_fail_are_left_as_they_are(state, capsys):
    before = state.read_with_revision()
    assert run(state, "retry", NIGHT, "nobody", EMMA, LOST, "Lost") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "not found: nobody"
    assert [line.endswith("nothing to do") for line in lines[1:]] == [True, True, False]
    document, revision = state.read_with_revision()
    assert revision == before[1] + 1
    assert document["phase1"] == before[0]["phase1"]


def test_where_nothing_is_to_be_done_nothing_is_written(state):
    before = state.path.read_bytes()
    assert run(state, "retry", EMMA, "nobody") == 0
    assert run(state, "clear", NIGHT, "--from-phase", "3") == 0
    assert state.path.read_bytes() == before


def test_an_ambiguous_name_changes_nothing_at_all(state, capsys):
    with state.transaction() as txn:
        txn.data["books"]["lost-33333333"] = {}
    before = state.path.read_bytes()
    assert run(state, "clear", EMMA, "lost-") == 2
    assert "Nothing was changed" in capsys.readouterr().err
    assert state.path.read_bytes() == before


def test_clear_forgets_all_phases_but_not_what_lies_in_the_output_folder(state, capsys):
    assert run(state, "clear", "Emma") == 0
    assert "forgotten: validation, extraction, chunking, synthesis, enhancement, subtitles" in capsys.readouterr().out
    after = state.read()
    assert stage(after, EMMA) == "DISCOVERED"
    assert all(EMMA not in after[phase.key]["files"] for phase in PHASES)
    assert after["books"][EMMA] == {"title": "Emma", "promotion": {"state": "outdated", "folder": "Emma"}}
    assert after["phase1"]["files"].keys() == {LOST, NIGHT}


@pytest.mark.parametrize("phase", ["4", "4.0", "phase4", "Synthesis"])
def test_clear_from_a_phase_forgets_it_and_all_later_ones(state, phase):
    assert run(state, "clear", EMMA, "--from-phase", phase) == 0
    after = state.read()
    assert [EMMA in after[p.key]["files"] for p in PHASES] == [True, True, True, False, False, False]
    assert stage(after, EMMA) == "CHUNKED"


def test_clear_takes_the_failure_with_the_phase_that_failed_and_only_then(state):
    assert run(state, "clear", LOST, "--from-phase", "4") == 0
    assert state.read()["books"][LOST]["error"] == EMPTY_TEXT
    assert run(state, "clear", LOST, "--from-phase", "2") == 0
    after = state.read()
    assert "error" not in after["books"][LOST]
    assert stage(after, LOST) == "VALIDATED"
    assert after["books"][LOST]["error_history"]


def test_clear_removes_checkpoints_and_leaves_an_interrupted_promotion_to_who_completes_it():
    record = book("A", "success", checkpoints={"x": 1}, promotion={"state": "promoting"})
    content = document({"a": record})
    assert cleared(content, "a", PHASES) == "forgotten: validation, checkpoints"
    assert content["books"]["a"] == {"title": "A", "promotion": {"state": "promoting"}}


@pytest.mark.parametrize("command", [["retry", LOST], ["clear", EMMA], ["clear", LOST, "--from-phase", "3"]])
def test_a_rehearsal_says_what_would_be_done_and_changes_nothing(state, capsys, command):
    before = state.path.read_bytes()
    assert run(state, *command, "--dry-run") == 0
    rehearsed = capsys.readouterr().out.splitlines()
    assert rehearsed.pop() == "Nothing was changed: this was a rehearsal."
    assert state.path.read_bytes() == before
    assert run(state, *command) == 0
    assert capsys.readouterr().out.splitlines() == rehearsed


def test_both_read_well_in_the_history(state, capsys):
    assert run(state, "retry", LOST) == 0
    assert run(state, "clear", EMMA, "--from-phase", "5") == 0
    capsys.readouterr()
    assert run(state, "history", "--limit", "2") == 0
    _, clear, retry = capsys.readouterr().out.splitlines()
    assert ("clear" in clear, EMMA in clear) == (True, True)
    assert ("retry" in retry, LOST in retry) == (True, True)
    assert run(state, "history", "--book", EMMA) == 0
    assert "enhancement: success → nothing, subtitles: success → nothing" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["retry"], ["clear"], ["retry", "--json"]])
def test_wrong_usage_is_exit_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: pipeline-state" in capsys.readouterr().err


def test_a_phase_that_there_is_not_is_exit_2_and_the_phases_are_named(state, capsys):
    assert run(state, "clear", EMMA, "--from-phase", "7") == 2
    assert "There is no phase '7'; the phases are 1 (validation)," in capsys.readouterr().err


def test_a_rehearsal_on_a_damaged_file_reports_it_and_repairs_nothing(state, capsys):
    with state.transaction() as txn:
        txn.data["x"] = 1
    state.path.write_text("{")
    assert run(state, "retry", LOST, "--dry-run") == 3
    assert "Corrupted state file" in capsys.readouterr().err
    assert state.path.read_text() == "{"
    assert run(state, "retry", LOST) == 0
    assert "was damaged; the backup" in capsys.readouterr().err
    assert state.read()["phase3"]["files"][LOST]["status"] == "pending"
