"""``pipeline-state list``, ``show`` and ``next``: what they say of the books."""

import gc
import json
import time
from pathlib import Path

import pytest
from documents import EMPTY_TEXT, book, complete, document, failed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_common import PipelineState
from pipeline_common.cli import main
from pipeline_common.phases import PHASES

BOOKS = {
    "emma-11111111": complete("Emma", day="2026-01-03", source={"path": "input/Emma.epub", "size_bytes": 1234567}),
    "emma-annotated-22222222": failed("Emma, annotated", source={"path": "input/Emma, annotated.epub"}),
    "night-33333333": book("Night", "success", "success", source={"path": "input/10 Night.txt"}),
    "day-44444444": book("Day", source={"path": "input/9 Day.txt"}),
    "copy-55555555": book("Copy", "skipped", source={"path": "input/copy.txt"}),
    "dead-66666666": book("Dead", "success", "running", source={"path": "input/dead.txt"}),
}


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document(BOOKS))
    return state


def run(state: PipelineState, *arguments: str) -> int:
    return main(["--pipeline-json", str(state.path), *arguments])


def listed(state: PipelineState, capsys, *arguments: str) -> list[str]:
    assert run(state, *arguments, "--json") == 0
    return [found["id"].split("-")[0] + found["id"][-1] for found in json.loads(capsys.readouterr().out)["books"]]


def test_list_counts_the_books_and_shows_the_newest_first(state, capsys):
    assert run(state, "list") == 0
    out = capsys.readouterr().out
    assert "6 books in " in out
    assert "by status: 2 pending, 1 success, 1 failed, 1 skipped, 1 interrupted" in out
    assert "1 COMPLETE, 1 FAILED, 1 SKIPPED" in out
    assert out.index("emma-11111111") < out.index("emma-annotated-22222222") < out.index("night-33333333")
    assert EMPTY_TEXT in out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--failed"], ["emma2"]),
        (["--processed"], ["emma1"]),
        (["--status", "pending"], ["night3", "day4"]),
        (["--status", "interrupted"], ["dead6"]),
        (["--status", "running"], []),
        (["--stage", "extracted"], ["night3"]),
        (["--stage", "SKIPPED"], ["copy5"]),
        (["--limit", "2"], ["emma1", "emma2"]),
    ],
)
def test_list_takes_only_the_books_that_are_asked_for(state, capsys, options, expected):
    assert listed(state, capsys, "list", *options) == expected
    assert run(state, "list", *options) == 0
    assert ("None of them is of that kind." in capsys.readouterr().out) == (not expected)


def test_list_says_how_many_it_leaves_out(state, capsys):
    assert run(state, "list", "--limit", "2") == 0
    assert "These are the most recent 2 of 6" in capsys.readouterr().out


def test_the_json_of_list_is_one_document_with_all_counts(state, capsys):
    assert run(state, "list", "--failed", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["total"], answer["found"]) == (6, 1)
    assert answer["statuses"]["interrupted"] == 1
    assert answer["stages"] == {
        "DISCOVERED": 1,
        "VALIDATED": 1,
        "EXTRACTED": 1,
        "COMPLETE": 1,
        "FAILED": 1,
        "SKIPPED": 1,
    }
    assert answer["books"][0] == {
        "id": "emma-annotated-22222222",
        "title": "Emma, annotated",
        "source": "input/Emma, annotated.epub",
        "stage": "FAILED",
        "status": "failed",
        "next_phase": "phase3",
        "at": "2026-01-02T10:00:00.000Z",
        "error": EMPTY_TEXT,
        "error_type": "empty",
        "retry_count": 2,
        "retry_limit": 0,
        "next_try_at": "",
    }


def test_a_book_whose_files_could_not_be_put_into_place_has_failed(tmp_path, capsys):
    state = PipelineState(tmp_path / "pipeline.json")
    done = ["success"] * len(PHASES)
    broken = book("Full", *done, error="No space left.", failed_at="2026-01-01T11:00:00.000Z", retry_count=1)
    stopped = book("Stopped", *done, error="An old one.", failed_at="2026-01-01T09:00:00.000Z")
    state.write(document({"full-00000001": broken, "stopped-00000002": stopped}))
    assert listed(state, capsys, "list", "--failed") == ["full1"]
    assert run(state, "next") == 0
    assert capsys.readouterr().out.count("putting its files into place") == 2


def test_an_empty_folder_has_no_books(tmp_path, capsys):
    state = PipelineState(tmp_path / "pipeline.json")
    assert run(state, "list") == 0
    out = capsys.readouterr().out
    assert out.startswith("0 books in ")
    assert "There is no such file yet" in out
    assert run(state, "next") == 0
    assert "No book has work left." in capsys.readouterr().out


def test_next_offers_interrupted_books_then_waiting_ones_then_failed_ones_by_the_path_of_their_file(state, capsys):
    assert listed(state, capsys, "next") == ["dead6", "day4", "night3", "emma2"]
    assert listed(state, capsys, "next", "--stage", "FAILED") == ["emma2"]
    assert listed(state, capsys, "next", "--limit", "1") == ["dead6"]
    assert run(state, "next") == 0
    out = capsys.readouterr().out
    assert [word in out for word in ("it was interrupted", "3 chunking", "it failed (2 attempts)")] == [True] * 3


@pytest.mark.parametrize(
    "name",
    ["emma-11111111", "emma-1", "Emma", "eMMA", "Emma.epub", "input/Emma.epub"],
)
def test_show_takes_an_id_its_beginning_a_title_or_a_file(state, capsys, name):
    assert run(state, "show", name) == 0
    out = capsys.readouterr().out
    assert "emma-11111111" in out
    assert "input/Emma.epub (1.2 MB)" in out
    assert "30.0 s" in out


def test_show_tells_every_phase_and_error(state, capsys):
    assert run(state, "show", "Emma, annotated") == 0
    out = capsys.readouterr().out
    assert all(phase.name in out for phase in PHASES)
    assert out.count(EMPTY_TEXT) == 2
    assert run(state, "show", "Dead") == 0
    assert capsys.readouterr().out.count("interrupted") == 2


def test_show_as_json_holds_the_records(state, capsys):
    assert run(state, "show", "night", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["found"], answer["stage"]) == (True, "EXTRACTED")
    assert answer["records"]["phase2"]["status"] == "success"
    assert answer["records"]["books"]["title"] == "Night"


@pytest.mark.parametrize("name", ["nobody", "", "../../etc/passwd", "/", "night-33333333x", "*"])
def test_an_unknown_id_is_an_answer(state, capsys, name):
    assert run(state, "show", name) == 0
    assert capsys.readouterr().out == f"not found: {name}\n"
    assert run(state, "show", name, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"id": name, "found": False}


def test_a_name_that_may_mean_several_books_is_exit_2_and_lists_them(state, capsys):
    assert run(state, "show", "emma-") == 2
    error = capsys.readouterr().err
    assert "emma-11111111, emma-annotated-22222222" in error


HOSTILE = "\x1b[2J\x1b]0;owned\x07[bold red]not markup[/] \u202eevil\u2066 :smile:\nsecond line \ud800"


@pytest.mark.parametrize("command", [["list"], ["show", "bad"], ["next"], ["history"], ["retry", "bad", "--dry-run"]])
def test_hostile_titles_are_harmless_on_a_terminal(tmp_path, capsys, command):
    state = PipelineState(tmp_path / "pipeline.json")
    source = {"path": f"input/{HOSTILE}.txt"}
    state.write(document({"bad-00000001": failed(HOSTILE, source=source), f"x{HOSTILE}": book(HOSTILE)}))
    assert run(state, *command) == 0
    out = capsys.readouterr().out
    assert not any(char in out for char in "\x1b\x07\u202e\u2066\ud800")
    if command[0] != "history":
        assert "[bold red]not markup[/]" in out
        assert ":smile:" in out
    assert all(line.isprintable() for line in out.splitlines())


def test_json_of_hostile_titles_is_ascii_and_gives_them_back(tmp_path, capsys):
    state = PipelineState(tmp_path / "pipeline.json")
    state.write(document({"bad-00000001": book(HOSTILE)}))
    assert run(state, "list", "--json") == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert json.loads(out)["books"][0]["title"] == HOSTILE


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    [
        *("status", "started_at", "attempts", "duration_s", "artifacts", "deliverables", "title", "authors", "source"),
        *("promotion", "error", "failed_at", "retry_count", "error_history", "source_path", "checkpoints"),
    ]
)
RECORDS = st.dictionaries(st.sampled_from(["a", "b", "../c"]), JSON | st.dictionaries(FIELDS, JSON, max_size=4))
SECTIONS = st.sampled_from([*(phase.key for phase in PHASES), "batch"])
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "books": JSON | RECORDS,
        **{phase.key: JSON | st.fixed_dictionaries({"files": JSON | RECORDS}) for phase in PHASES},
        "batch": JSON | st.fixed_dictionaries({"files": JSON | RECORDS}),
    },
)


@given(content=DOCUMENTS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_document_makes_a_command_crash(tmp_path, capsys, content):
    path = tmp_path / "pipeline.json"
    path.write_text(json.dumps(content))
    for command in (
        *(["list"], ["show", "a"], ["next"], ["check"], ["history", "--book", "a"]),
        *(["retry", "a", "../c", "--dry-run"], ["clear", "a", "--dry-run"]),
    ):
        assert main(["--pipeline-json", str(path), *command]) in (0, 1), command
        capsys.readouterr()


@pytest.mark.parametrize("count", [1_500, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_books_are_listed_in_less_than_three_times_what_reading_them_takes(tmp_path, capsys, count):
    state = PipelineState(tmp_path / "pipeline.json")
    records = complete("A Book", source={"path": "input/A Book.epub", "sha256": "0" * 64})
    for phase in PHASES:
        files = {f"file{n}": {"path": "x" * 60, "size_bytes": 1, "mtime_ns": 1, "sha256": "0" * 64} for n in range(3)}
        records[phase.key]["artifacts"] = files
    books = document({f"book-{number:08x}": records for number in range(count)})
    with state.transaction(validate=False, seed_data=books):
        pass
    state.close()
    ratios = []
    gc.freeze()  # what earlier tests have left is none of the list's
    for _ in range(3):
        begin = time.process_time()
        state.read()
        read_s = time.process_time() - begin
        begin = time.process_time()
        assert run(state, "list") == 0
        ratios.append((time.process_time() - begin) / read_s)
    gc.unfreeze()
    assert f"{count:,} books" in capsys.readouterr().out
    assert min(ratios) < 3, ratios
