"""``pipeline-state query``, ``reindex`` and ``export``."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import book, complete, document, failed

from pipeline_common import PipelineState
from pipeline_common.cli import main

EMMA, NIGHT, LOST = "emma-11111111", "night-22222222", "lost-33333333"


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(
        document({EMMA: complete("=Emma()"), NIGHT: book("<b>Night</b>", "success"), LOST: failed("Lost")}),
        validate=False,
    )
    return state


def run(state: PipelineState, *arguments: str) -> int:
    return main(["--pipeline-json", str(state.path), *arguments])


def asked(state: PipelineState, capsys: Any, sql: str, *options: str) -> dict[str, Any]:
    assert run(state, "query", sql, "--json", *options) == 0
    return json.loads(capsys.readouterr().out)


def test_a_query_brings_the_index_up_to_date_and_says_so(state, capsys):
    sql = "SELECT stage, count(*) AS number FROM books GROUP BY stage"
    assert run(state, "query", sql) == 0
    out, err = capsys.readouterr()
    assert err == "pipeline-state: The index was made, of revision 1.\n"
    assert [line.split() for line in out.splitlines()] == [
        ["stage", "number"],
        ["COMPLETE", "1"],
        ["FAILED", "1"],
        ["VALIDATED", "1"],
    ]
    for _ in range(2):
        with state.transaction() as txn:
            txn.data["books"][NIGHT]["title"] += "!"
    assert run(state, "query", sql) == 0
    assert capsys.readouterr().err == "pipeline-state: The index was 2 commits behind, and is at revision 3 now.\n"
    assert run(state, "query", sql) == 0
    assert capsys.readouterr().err == ""
    answer = asked(state, capsys, "SELECT title FROM books WHERE id LIKE 'night%'")
    expected = {"revision": 3, "made_anew": False, "caught_up": 0, "columns": ["title"], "rows": [["<b>Night</b>!!"]]}
    assert answer == {**expected, "more": False}


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM books",
        "UPDATE books SET title = 'x'",
        "INSERT INTO books (id) VALUES ('x')",
        "DROP TABLE books",
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x (a)",
        "ATTACH 'other.db' AS other",
        "PRAGMA journal_mode = WAL",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "VACUUM",
        "VACUUM INTO 'copy.db'",
        "BEGIN",
        "REINDEX",
        "WITH x AS (SELECT 1) DELETE FROM books",
        "SELECT load_extension('x')",
    ],
)
def test_sql_that_writes_or_leads_elsewhere_is_refused(state, capsys, sql, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(state, "query", "SELECT 1") == 0
    before = state.files.database.read_bytes()
    capsys.readouterr()
    assert run(state, "query", sql) == 2
    assert "refused" in capsys.readouterr().err
    assert state.files.database.read_bytes() == before
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELEKT", "syntax error"),
        ("SELECT * FROM nobody", "no such table: nobody"),
        ("", "nothing to answer"),
        ("-- a comment", "nothing to answer"),
        ("SELECT '\0'", ""),
        ("SELECT randomblob(1 << 30)", "too big"),
        ("SELECT ?", "binding"),
    ],
)
def test_what_is_no_question_is_exit_2_and_says_why(state, capsys, sql, said):
    assert run(state, "query", sql) == 2
    assert said in capsys.readouterr().err


def test_a_query_without_an_end_is_ended(state, capsys):
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    assert run(state, "query", endless, "--timeout", "0.2") == 2
    assert "took longer than 0.2 s" in capsys.readouterr().err


def test_more_rows_than_the_limit_are_said_to_be_there(state, capsys):
    answer = asked(state, capsys, "SELECT id FROM books ORDER BY id", "--limit", "2")
    assert (answer["rows"], answer["more"]) == ([[EMMA], [LOST]], True)
    assert run(state, "query", "SELECT id FROM books", "--limit", "1") == 0
    assert "These are the first 1 rows" in capsys.readouterr().out
    assert run(state, "query", "SELECT id FROM books WHERE 0") == 0
    assert capsys.readouterr().out == "No rows.\n"


def test_an_index_that_is_damaged_in_the_middle_is_made_anew(state, capsys):
    run(state, "query", "SELECT 1")
    path = state.files.database
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    capsys.readouterr()
    assert asked(state, capsys, "SELECT count(*) FROM books")["rows"] == [[3]]


def test_a_damaged_state_is_restored_before_it_is_asked(state, capsys):
    state.write(state.read(), validate=False)
    state.path.write_text("{")
    assert run(state, "query", "SELECT count(*) FROM books") == 0
    out, err = capsys.readouterr()
    assert "was damaged; the backup" in err
    assert "3" in out


def test_reindex_makes_every_view_or_the_one_that_is_named(state, capsys):
    assert run(state, "reindex", "--view", "json") == 0
    assert [path.exists() for path in (state.files.database, state.files.index)] == [False, True]
    assert run(state, "reindex") == 0
    assert capsys.readouterr().out.count("was made, of revision 1") == 4
    assert (state.files.pages / f"{EMMA}.yaml").exists()


def test_a_view_that_is_off_is_not_made(state, capsys):
    state.path.with_name("config.yaml").write_text("views: {sqlite: off, yaml: off}")
    assert run(state, "reindex") == 0
    assert [path.exists() for path in (state.files.database, state.files.pages)] == [False, False]
    assert run(state, "query", "SELECT 1") == 2
    assert "views: {sqlite: on_demand}" in capsys.readouterr().err
    assert run(state, "reindex", "--view", "yaml") == 2


def test_an_export_holds_every_book_with_all_its_records(state, capsys):
    assert run(state, "export") == 0
    made = json.loads(capsys.readouterr().out)
    assert made["revision"] == 1
    assert {book["id"]: book["records"] for book in made["books"]} == {
        name: state.records_of(name) for name in (EMMA, NIGHT, LOST)
    }
    assert run(state, "export", "--format", "yaml") == 0
    assert yaml.safe_load(capsys.readouterr().out) == made


def test_an_export_for_spreadsheets_has_no_formulas(state, capsys):
    assert run(state, "export", "--format", "csv") == 0
    found = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {row["id"]: row["title"] for row in found} == {EMMA: "'=Emma()", NIGHT: "<b>Night</b>", LOST: "Lost"}


def test_an_export_of_text_that_is_no_unicode_can_be_read_again(tmp_path, capsys):
    state = PipelineState(tmp_path / "pipeline.json")
    state.write({"books": {"a": {"title": "\udc80"}, "b": {"title": "é"}}}, validate=False)
    for form, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        assert run(state, "export", "--format", form) == 0
        assert [book["id"] for book in read(capsys.readouterr().out)["books"]] == ["a", "b"]


def test_an_export_to_a_file_is_whole_and_never_over_the_state(state, tmp_path, capsys):
    target = tmp_path / "books.json"
    assert run(state, "export", "--output", str(target)) == 0
    assert f"Wrote 3 books of revision 1 to {target}." in capsys.readouterr().out
    assert len(json.loads(target.read_text())["books"]) == 3
    before = state.path.read_bytes()
    for name in (state.path, state.files.log, tmp_path / "nowhere" / "x", tmp_path):
        assert run(state, "export", "--output", str(name)) == 2
    assert state.path.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {
        ".pipeline",
        "books.json",
        "pipeline.json",
        "pipeline.json.lock",
    }


def test_the_index_can_be_read_by_any_sqlite_tool(state):
    run(state, "reindex", "--view", "sqlite")
    with sqlite3.connect(f"{state.files.database.as_uri()}?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM books").fetchone() == (3,)
    connection.close()
