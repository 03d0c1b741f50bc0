"""``pipeline-state history``, ``backups``, ``restore`` and ``reset``: rehearsals, JSON, and what was done."""

import json
from pathlib import Path

import pytest
from documents import book, complete, document

from pipeline_common import PipelineState
from pipeline_common.cli import main

EMMA, NIGHT = "emma-11111111", "night-22222222"


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document({NIGHT: book("Night")}))
    for status in ("running", "success"):
        with state.transaction(operation=f"phase_{status}") as txn:
            txn.data["phase1"]["files"].setdefault(NIGHT, {})["status"] = status
    with state.transaction(operation="add") as txn:
        txn.data["books"][EMMA] = {"title": "Emma"}
    return state


def run(state: PipelineState, *arguments: str) -> int:
    return main(["--pipeline-json", str(state.path), *arguments])


def answer(state: PipelineState, capsys, *arguments: str) -> dict:  # type: ignore[type-arg]
    assert run(state, *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_history_says_newest_first_what_was_done_and_to_which_books(state, capsys):
    events = answer(state, capsys, "history")["events"]
    assert [(e["revision"], e["operation"], e["books"]) for e in events] == [
        (4, "add", [EMMA]),
        (3, "phase_success", [NIGHT]),
        (2, "phase_running", [NIGHT]),
        (1, "write_commit", [NIGHT]),
    ]
    assert all(event["success"] and event["pid"] for event in events)
    assert run(state, "history", "--limit", "1") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_history_tells_what_did_not_come_about_and_why(state, capsys):
    with pytest.raises(RuntimeError), state.transaction(operation="risky"):
        raise RuntimeError("the tape is torn")
    assert run(state, "history") == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert "risky, failed" in line
    assert "the tape is torn" in line


def test_history_of_a_book_tells_how_its_phases_went(state, capsys):
    events = answer(state, capsys, "history", "--book", "Night")["events"]
    assert [(e["revision"], e["what"]) for e in events] == [
        (3, "validation: running → success"),
        (2, "validation: running"),
        (1, ""),
    ]
    assert answer(state, capsys, "history", "--book", "Night", "--limit", "1")["events"] == events[:1]


def test_history_knows_a_book_that_is_no_longer_in_the_document(state, capsys):
    with state.transaction(operation="forget") as txn:
        del txn.data["books"][EMMA]
    assert [e["operation"] for e in answer(state, capsys, "history", "--book", EMMA)["events"]] == ["forget", "add"]


def test_history_of_nobody_is_an_answer(state, capsys):
    assert run(state, "history", "--book", "nobody") == 0
    assert capsys.readouterr().out == "not found: nobody\n"
    assert answer(state, capsys, "history", "--book", "nobody") == {"book": "nobody", "found": False, "events": []}


def test_history_without_any(tmp_path, capsys):
    assert main(["--pipeline-json", str(tmp_path / "pipeline.json"), "history"]) == 0
    assert "Nothing has happened to" in capsys.readouterr().out


def test_backups_as_json_say_what_each_holds(state, capsys):
    newest, older = state.list_backups(2)
    older.write_text("{")
    found = answer(state, capsys, "backups")
    assert found["folder"] == str(newest.parent)
    assert [(b["revision"], b["readable"], b["books"]) for b in found["backups"]][:1] == [(3, True, 1)]
    (damaged,) = [backup for backup in found["backups"] if not backup["readable"]]
    assert (damaged["path"], damaged["books"]) == (str(older), 0)


def test_a_rehearsed_restore_says_what_it_would_put_in_place(state, capsys):
    before = state.path.read_bytes()
    assert run(state, "restore", "--revision", "2", "--dry-run") == 0
    assert "revision 2 of 20" in capsys.readouterr().out
    assert run(state, "restore", "--backup", state.list_backups()[0].name, "--dry-run") == 0
    out = capsys.readouterr().out
    assert "with 1 book, would be put in the place of" in out
    assert out.endswith("Nothing was changed: this was a rehearsal.\n")
    assert state.path.read_bytes() == before
    assert len(state.get_transaction_history()) == 4


@pytest.mark.parametrize("which", [["--revision", "99"], ["--backup", "nothing.bak"]])
@pytest.mark.parametrize("rehearsal", [[], ["--dry-run"]])
def test_what_cannot_be_restored_is_exit_3_in_a_rehearsal_too(state, capsys, which, rehearsal):
    assert run(state, "restore", *which, *rehearsal) == 3
    assert "pipeline-state: " in capsys.readouterr().err


def test_a_rehearsed_reset_names_what_it_would_move_and_moves_nothing(state, capsys):
    assert run(state, "reset", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "pipeline.json, " in out
    assert "3 backups" in out
    assert state.read()["books"]
    assert run(state, "reset") == 0
    capsys.readouterr()
    assert run(state, "reset", "--dry-run") == 0
    assert "nothing to reset" in capsys.readouterr().out


def test_the_past_of_a_large_document_is_told_too(tmp_path, capsys):
    state = PipelineState(tmp_path / "pipeline.json")
    books = {f"book-{number:08x}": complete("A Book", description="x" * 200) for number in range(400)}
    state.write(document(books))
    with state.transaction(operation="touch") as txn:
        txn.data["books"]["book-00000007"]["title"] = "Another"
    events = answer(state, capsys, "history")["events"]
    assert [(e["operation"], len(e["books"])) for e in events] == [("touch", 1), ("write_commit", 400)]
    assert run(state, "history") == 0
    assert "400 books: book-00000000, " in capsys.readouterr().out


def moment_of(state: PipelineState, revision: int) -> str:
    return next(change.at.isoformat() for change in state.history.kept() if change.revision == revision)


def test_history_since_a_moment_tells_all_that_has_happened_from_then_on(state, capsys):
    since = moment_of(state, 2)
    events = answer(state, capsys, "history", "--since", since)["events"]
    assert {event["revision"] for event in events} >= {3, 4}
    assert 1 not in {event["revision"] for event in events}
    assert len(answer(state, capsys, "history", "--since", "1d")["events"]) == 4
    assert len(answer(state, capsys, "history", "--since", "1d", "--limit", "2")["events"]) == 2
    assert [e["revision"] for e in answer(state, capsys, "history", "--book", NIGHT, "--since", since)["events"]] == [3]
    assert run(state, "history", "--since", "2100-01-01") == 0
    assert "Nothing has happened" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "3 h", "h", "", "99999999999d", "9" * 9 + "w"])
def test_what_is_no_moment_is_wrong_usage(state, capsys, text):
    for command in ("history", "--since"), ("restore", "--at"):
        with pytest.raises(SystemExit) as caught:
            run(state, *command, text)
        assert caught.value.code == 2
        assert "is no moment; give one such as" in capsys.readouterr().err


def test_restore_at_a_moment_brings_back_the_document_of_then(state, capsys):
    then = state.history.document_at(2)[0]
    between = moment_of(state, 2)
    assert run(state, "restore", "--at", between, "--dry-run") == 0
    assert "revision 2 of" in capsys.readouterr().out
    assert run(state, "restore", "--at", between) == 0
    assert "to revision 2." in capsys.readouterr().out
    assert {key: value for key, value in state.read().items() if key != "last_updated"} == {
        key: value for key, value in then.items() if key != "last_updated"
    }


def test_restore_at_a_moment_of_the_present_document_has_nothing_to_do_unless_that_is_damaged(state, capsys):
    assert run(state, "restore", "--at", "0s") == 0
    assert "nothing to do" in capsys.readouterr().out
    state.path.write_text("{")
    assert run(state, "restore", "--at", "0s") == 0
    assert state.read()["books"][EMMA]["title"] == "Emma"


def test_restore_at_a_moment_before_the_history_says_where_that_begins(state, capsys):
    assert run(state, "restore", "--at", "2001-01-01") == 3
    assert "does not go back to 2001-01-01" in (told := capsys.readouterr().err)
    assert "It begins with revision 1 of" in told
    assert state.read()["books"][EMMA]["title"] == "Emma"
