"""The benchmarks: what they measure is real, they say what they find, and they leave nothing behind."""

import json
from pathlib import Path

import pytest

from benchmarks import state_commit, state_contention, state_scoped
from benchmarks.common import SMALL_DOCUMENT_BYTES, Updates, floor_out_of_range, write_document
from benchmarks.stores import FirstSpecification, Floor, Lmdb, Scoped, Sqlite, State, Store
from pipeline_common import PipelineState
from pipeline_common.codec import decode, encode

LARGE = SMALL_DOCUMENT_BYTES + 1


def test_a_document_from_a_seed_is_a_valid_one_just_as_the_engine_writes_it(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    assert write_document(path, 7, seed=3) == path.stat().st_size
    assert len(PipelineState(path).read(validate=True)["books"]) == 7
    document, revision = decode(path.read_bytes())
    assert encode(document, revision) == path.read_bytes()
    assert 3500 < len(json.dumps(document)) / 7 < 5000
    again = tmp_path / "again.json"
    write_document(again, 7, seed=3)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("store", state_commit.STORES)
def test_what_a_store_commits_the_next_handle_finds(store: type[Store], tmp_path: Path):
    store.prepare(tmp_path, 4, 1)
    handle = store(tmp_path)
    for _, update in zip(range(20), Updates([0], 1), strict=False):
        handle.commit(update)
        assert handle.attempts(update) == update.record["attempts"]
    if store is not Floor and not store.of_one_book:
        handle.close()
        handle = store(tmp_path)
        assert handle.attempts(update) == 20
    handle.close()


def test_the_cost_of_a_commit_is_measured_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    code = state_commit.main(["--folder", str(tmp_path), "--sizes", "60", "--samples", "4", "--slow-samples", "2"])
    said = capsys.readouterr().out
    assert code == (1 if "FAIL" in said else 0)
    assert said.count("PASS") + said.count("FAIL") == 1
    assert all(f"  {store.name} " in said for store in state_commit.STORES)
    assert str(tmp_path) in said.splitlines()[0]
    assert list(tmp_path.iterdir()) == []


def test_contending_processes_are_counted_and_no_commit_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    state_contention.main(
        ["--folder", str(tmp_path), "--processes", "2", "--books", "2", "--seconds", "0.2", "--rounds", "1"]
    )
    said = capsys.readouterr().out
    assert all(f"  {store.name} " in said for store in (State, Scoped, Sqlite, Lmdb))
    assert said.count("PASS") + said.count("FAIL") == 4
    assert list(tmp_path.iterdir()) == []


def test_the_cost_of_new_processes_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    state_scoped.main(["--folder", str(tmp_path), "--sizes", "2,9", "--load-books", "9", "--samples", "1"])
    said = capsys.readouterr().out
    assert "A new process loads 9 books" in said
    assert "CPU time differs by" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("floor_s", "state_s", "word"),
    [
        (200e-6, 280e-6, "PASS  a commit takes 1.40x the floor (gate 1.5x)"),
        (200e-6, 310e-6, "FAIL  a commit takes 1.55x the floor (gate 1.5x)"),
        (20e-6, 160e-6, "PASS  a commit takes 140 µs more than the floor (gate 150 µs; floor out of range: 20 µs is"),
        (2e-3, 2.2e-3, "FAIL  a commit takes 200 µs more than the floor (gate 150 µs; floor out of range: 2,000 µs"),
    ],
)
def test_the_verdict_on_a_large_document_is_a_ratio_or_where_the_floor_is_no_measure_a_difference(
    floor_s: float, state_s: float, word: str, capsys: pytest.CaptureFixture[str]
):
    holds = state_commit.judge({State: state_s, Floor: floor_s, FirstSpecification: 1.0}, LARGE)
    said = capsys.readouterr().out
    assert said.startswith(word)
    assert holds is said.startswith("PASS")


def test_the_verdict_on_a_small_document_compares_with_the_first_specification():
    small = SMALL_DOCUMENT_BYTES
    assert state_commit.judge({State: 0.6, Floor: 0.1, FirstSpecification: 1.0}, small)
    assert not state_commit.judge({State: 0.7, Floor: 0.1, FirstSpecification: 1.0}, small)
    assert not state_commit.judge({Floor: 0.1, FirstSpecification: 1.0}, LARGE)


def test_commits_have_to_cost_the_same_from_a_thousand_books_on():
    def medians(thousand: float, many: float) -> dict[int, dict[type[Store], float]]:
        return {
            10: {State: 9.0, Floor: 1.0},
            1000: {State: thousand, Floor: 1.0},
            100_000: {State: 2 * many, Floor: 2.0},
        }

    assert state_commit.judge_spread(medians(1.2, 1.4))
    assert not state_commit.judge_spread(medians(1.0, 1.3))


def test_the_verdict_on_contention_asks_for_speed_and_fairness(capsys: pytest.CaptureFixture[str]):
    fair, quick = [8, 8, 8], [10, 10, 4]
    assert state_contention.judge({State: quick, Scoped: quick, Sqlite: fair}, 2e-4)
    assert not state_contention.judge({State: quick, Scoped: [10, 10, 1], Sqlite: [7, 7, 7]}, 2e-4)
    assert not state_contention.judge({State: [8, 8, 7], Scoped: quick, Sqlite: fair}, 2e-4)
    assert "gate 1; floor out of range" not in capsys.readouterr().out
    assert not state_contention.judge({State: [8, 8, 7], Scoped: quick, Sqlite: fair}, 2e-5)
    assert "gate 1; floor out of range" in capsys.readouterr().out


def test_a_floor_is_out_of_range_below_100_microseconds_and_above_one_millisecond():
    assert [bool(floor_out_of_range(floor_s)) for floor_s in (99e-6, 100e-6, 1e-3, 1.1e-3)] == [
        True,
        False,
        False,
        True,
    ]


def test_a_wrong_option_says_what_to_give(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        state_commit.main(["--sizes", "10,many"])
    assert "'10,many' is no list of numbers; give some such as 10,1000" in capsys.readouterr().err
