"""The derived views: brought up to date from commits, made anew where they must be, always what the document says."""

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import book, complete, document

from pipeline_common import Lifecycle, PipelineState, Status
from pipeline_common.derived.position import position
from pipeline_common.derived.views import JSON, KINDS, SQLITE, YAML, Views

EMMA, NIGHT = "emma-11111111", "night-22222222"


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document({EMMA: complete("Emma"), NIGHT: book("Night", "success", "running")}))
    return state


@pytest.fixture
def views(state: PipelineState) -> Views:
    views = Views(state)
    views.catch_up(KINDS)
    return views


def rows(views: Views, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(views.path(SQLITE)) as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


def finish_extraction(state: PipelineState) -> None:
    with state.transaction(operation="phase_end") as txn:
        txn.data["phase2"]["files"][NIGHT].update(status="success", duration_s=4.5)


def commits(outcome: dict[str, Any]) -> dict[str, int | None]:
    return {kind: found.commits for kind, found in outcome.items()}


def test_the_tables_say_what_the_document_says(views):
    assert rows(views, "SELECT id, title, stage, phase, status FROM books") == [
        (EMMA, "Emma", "COMPLETE", "phase5_5", "success"),
        (NIGHT, "Night", "VALIDATED", "phase2", "running"),
    ]
    assert rows(views, f"SELECT phase, status, attempts FROM phases WHERE book = '{NIGHT}'") == [
        ("phase1", "success", 1),
        ("phase2", "running", 1),
    ]
    sql = f"SELECT record ->> '$.promotion.folder' FROM records WHERE book = '{EMMA}' AND section = 'books'"
    assert rows(views, sql) == [("Emma",)]


def test_the_other_views_say_it_too(views, state):
    page = yaml.safe_load((views.path(YAML) / f"{NIGHT}.yaml").read_text(encoding="utf-8"))
    assert (page.pop("id"), page.pop("stage")) == (NIGHT, "VALIDATED")
    assert page == state.records_of(NIGHT)
    index = json.loads(views.path(JSON).read_text())
    assert (index["revision"], index["total"], index["stages"]) == (1, 2, {"COMPLETE": 1, "VALIDATED": 1})
    assert index["books"][EMMA]["title"] == "Emma"


def test_commits_are_taken_in_and_nothing_is_made_anew_for_them(views, state):
    assert set(commits(views.catch_up(KINDS)).values()) == {0}
    finish_extraction(state)
    with state.transaction() as txn:
        del txn.data["books"][NIGHT]["title"]
    assert set(commits(views.catch_up(KINDS)).values()) == {2}
    assert rows(views, f"SELECT stage, title FROM books WHERE id = '{NIGHT}'") == [("EXTRACTED", None)]
    assert rows(views, "SELECT revision, operation, book, section, status FROM events WHERE revision > 1") == [
        (2, "phase_end", NIGHT, "phase2", "success"),
        (3, "transaction_commit", NIGHT, "books", None),
    ]
    assert list(views.faults(KINDS)) == []


def test_events_are_those_of_the_whole_history_whoever_asks_first(state):
    for status in ("success", "running", "success"):
        with state.transaction(operation=status) as txn:
            txn.data["phase2"]["files"][NIGHT]["status"] = status
    views = Views(state)
    views.catch_up([SQLITE])
    sql = "SELECT revision, book, section, status FROM events ORDER BY revision"
    assert rows(views, sql) == [
        (1, None, None, None),
        (2, NIGHT, "phase2", "success"),
        (3, NIGHT, "phase2", "running"),
        (4, NIGHT, "phase2", "success"),
    ]


def test_whatever_is_committed_views_that_follow_are_those_that_are_made_anew(tmp_path):
    chance = random.Random(3)
    state = PipelineState(tmp_path / "pipeline.json", max_backups=4)
    views = Views(state)
    for step in range(60):
        with state.transaction(validate=False) as txn:
            _scramble(txn.data, chance, step)
        if chance.random() < 0.4:
            views.catch_up(KINDS)
            assert list(views.faults(KINDS)) == [], step
        elif chance.random() < 0.3:
            assert list(views.faults(KINDS)) == [], step
    assert set(commits(views.catch_up(KINDS)).values()) <= set(range(10))


def _scramble(document: Any, chance: random.Random, step: int) -> None:
    name = chance.choice(["a", "b", "c/../d", "é\udc80", ".."])
    section = chance.choice(["phase1", "phase2", "phase5"])
    files = document.setdefault(section, {}).setdefault("files", {})
    match chance.randrange(8):
        case 0:
            document[section]["files"] = {name: {"status": "completed"}}
        case 1:
            files.pop(name, None)
        case 2:
            document.setdefault("books", {})[name] = {
                "title": f"<b>{step}</b>",
                "retry_count": 10**30,
                "error": "\udc80",
            }
        case 3:
            document.setdefault("batch", {})["files"] = {name: {"status": "partial_success"}}
        case 4:
            document.pop("books", None)
        case 5:
            files[name] = {"status": 5, "duration_s": 10**400, "errors": [{"message": "x"}], "attempts": True}
        case _:
            files.setdefault(name, {})["status"] = chance.choice(["running", "error", "success"])
            files[name].setdefault("metrics", {})["words"] = step


def test_a_large_document_is_followed_through_its_journal_without_being_read(tmp_path, monkeypatch):
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document({f"b-{n:04d}": complete("x" * 200, summary="y" * 300) for n in range(300)}))
    views = Views(state)
    views.catch_up([SQLITE])
    for number in range(30):
        with state.transaction() as txn:
            txn.data["phase2"]["files"][f"b-{number:04d}"]["status"] = "running"
    monkeypatch.setattr(PipelineState, "glimpse", None)
    assert commits(views.catch_up([SQLITE])) == {SQLITE: 30}
    state.close()
    assert commits(views.catch_up([SQLITE])) == {SQLITE: 0}
    assert rows(views, "SELECT count(*) FROM phases WHERE status = 'running'") == [(30,)]


def _forge_a_row(views: Views) -> None:
    rows(views, "UPDATE books SET title = 'another'")


def _truncate(views: Views) -> None:
    for path in (views.path(SQLITE), views.path(JSON)):
        path.write_bytes(path.read_bytes()[:-100])
    next(views.path(YAML).glob("*.yaml")).unlink()


def _replace_by_garbage(views: Views) -> None:
    for path in (views.path(SQLITE), views.path(JSON), views.path(YAML) / ".made_of.json"):
        path.write_bytes(b"\0" * 5000)


def _remove(views: Views) -> None:
    for path in (views.path(SQLITE), views.path(JSON), views.path(YAML) / ".made_of.json"):
        path.unlink()


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [(_forge_a_row, {SQLITE}), (_truncate, {*KINDS}), (_replace_by_garbage, {*KINDS}), (_remove, {*KINDS})],
)
def test_a_view_that_is_missing_damaged_or_written_to_is_made_anew(
    views: Views, damage: Callable[[Views], None], kinds: set[str]
) -> None:
    damage(views)
    made_anew = {kind for kind, found in commits(views.catch_up(KINDS)).items() if found is None}
    # A file that is cut short at its end may be as good as whole to SQLite: the comparison finds that.
    assert made_anew | {kind for kind, _ in views.faults(KINDS)} == kinds
    views.rebuild(KINDS)
    assert list(views.faults(KINDS)) == []


def test_a_comparison_finds_what_was_changed_in_a_page_or_in_the_index(views):
    page = views.path(YAML) / f"{EMMA}.yaml"
    page.write_text(page.read_text().replace("Emma", "Ella"))
    index = json.loads(views.path(JSON).read_text())
    index["books"][EMMA]["title"] = "Ella"
    views.path(JSON).write_text(json.dumps(index))
    assert [(kind, EMMA in what) for kind, what in views.faults(KINDS)] == [(YAML, True), (JSON, True)]


def test_a_view_that_is_behind_is_compared_but_for_what_has_changed_since(views, state):
    finish_extraction(state)
    assert list(views.faults(KINDS)) == []
    page = views.path(YAML) / f"{EMMA}.yaml"
    page.write_text("")
    assert [kind for kind, _ in views.faults(KINDS)] == [YAML]


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.path.write_text(state.path.read_text().replace('"Emma"', '"Ella"')),
        lambda state: (finish_extraction(state), state.restore(revision=1)),
        lambda state: (state.reset(), state.write({}), finish_nothing(state, 3)),
        lambda state: (finish_extraction(state), [path.unlink() for path in Path(state.files.segments).iterdir()]),
        lambda state: state.restore_backup(state.backup_manager.create_backup()),
    ],
    ids=["edited by hand", "an earlier revision", "another document", "no history", "a backup"],
)
def test_where_commits_do_not_lead_to_the_document_the_views_are_made_anew(views, state, change):
    change(state)
    views.catch_up(KINDS)
    assert list(views.faults(KINDS)) == []
    assert rows(views, "SELECT count(*) FROM books") == [(len(state.read().get("books", {})),)]
    assert set(commits(views.catch_up(KINDS)).values()) == {0}


def finish_nothing(state: PipelineState, times: int) -> None:
    for number in range(times):
        with state.transaction() as txn:
            txn.data["number"] = number


def test_a_document_of_an_earlier_version_is_shown_in_its_present_form(views, state):
    old = {"file_id": "emma", "phase1": {"status": "complete", "files": {"emma.pdf": {"status": "completed"}}}}
    state.path.write_text(json.dumps(old))
    views.catch_up(KINDS)
    assert rows(views, "SELECT book, status FROM phases") == [("emma.pdf", "success")]
    state.migrate()
    views.catch_up(KINDS)
    assert list(views.faults(KINDS)) == []


def test_views_of_a_file_without_a_journal_are_made_once_and_again_once_it_is_another(tmp_path):
    path = tmp_path / "pipeline.json"
    path.write_text('{"_state": {"revision": 7}, "books": {"emma-11111111": {"title": "Emma"}}}')
    views = Views(PipelineState(path))
    assert set(commits(views.catch_up(KINDS)).values()) == {None}
    assert {(outcome.revision, outcome.commits) for outcome in views.catch_up(KINDS).values()} == {(7, 0)}
    path.write_text('{"_state": {"revision": 7}, "books": {"emma-11111111": {"title": "Evelina"}}}')
    assert set(commits(views.catch_up(KINDS)).values()) == {None}
    assert list(views.faults(KINDS)) == []


def test_an_empty_folder_has_empty_views(tmp_path):
    views = Views(PipelineState(tmp_path / "pipeline.json"))
    views.catch_up(KINDS)
    assert rows(views, "SELECT count(*) FROM books") == [(0,)]
    assert list(views.faults(KINDS)) == []


def test_pages_of_ids_that_are_no_names_of_files_stay_in_their_folder(tmp_path):
    names = ["../../x", "..", "", "/etc/passwd", "a\0b", "x" * 300, "é", "A b", ".hidden", "\udc80"]
    state = PipelineState(tmp_path / "pipeline.json")
    state.write({"books": {name: {"title": "x"} for name in names}}, validate=False)
    views = Views(state)
    views.catch_up([YAML])
    pages = list(views.path(YAML).glob("*.yaml"))
    assert len(pages) == len(names)
    assert {path.name for path in tmp_path.iterdir()} == {".pipeline", "pipeline.json", "pipeline.json.lock"}
    with state.transaction() as txn:
        txn.data["books"].clear()
    views.catch_up([YAML])
    assert list(views.path(YAML).glob("*.yaml")) == []


def test_another_file_of_the_folder_of_pages_is_left_alone(views):
    note = views.path(YAML) / "notes.txt"
    note.write_text("mine")
    views.rebuild(KINDS)
    assert note.read_text() == "mine"


def test_another_state_of_the_folder_has_views_of_its_own(views, tmp_path):
    other = Views(PipelineState(tmp_path / "older.json"))
    other.catch_up(KINDS)
    assert {other.path(kind).name for kind in KINDS} == {"older.state.db", "older.books", "older.index.json"}
    assert list(views.faults(KINDS)) == []


def test_a_document_of_another_kind_has_the_same_views(tmp_path):
    lifecycle = Lifecycle(
        "photos",
        (Status("new", "", ("scanned",)), Status("scanned", "", ())),
        ("scan",),
        synonyms={"fresh": "new"},
        other_records=(("boxes",),),
    )
    state = PipelineState(tmp_path / "photos.json", lifecycle=lifecycle)
    state.write({"scan": {"files": {"p1": {"status": "fresh"}, "p2": {}}}, "boxes": {"p1": {"title": "A box"}}})
    views = Views(state)
    views.catch_up(KINDS)
    with state.transaction() as txn:
        txn.data["scan"]["files"]["p2"]["status"] = "scanned"
    views.catch_up(KINDS)
    sql = "SELECT id, title, stage, phase, status FROM books"
    assert rows(views, sql) == [("p1", "A box", "new", "scan", "new"), ("p2", None, "scanned", "scan", "scanned")]
    assert list(views.faults(KINDS)) == []


def test_where_a_state_is_can_be_told_without_reading_the_document(state):
    before = position(state.files)
    assert position(state.files).is_same_as(before)
    finish_extraction(state)
    after = position(state.files)
    assert (before.revision, after.revision) == (1, 2)
    assert after.trusted
    state.path.write_text(state.path.read_text() + "\n")
    assert not position(state.files).trusted
