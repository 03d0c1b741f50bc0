"""Which entries are stale: what must be there depends on the stage."""

from pathlib import Path
from typing import Any

import pytest
from documents import book, complete, document

from pipeline_common import Lifecycle, Status
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.lifecycle import records_of
from pipeline_common.stale import Stale, stale_of, take_back

EMMA = "emma-11111111"

RELEASES = Lifecycle(
    name="releases",
    statuses=(
        Status("STAGED", "copied", after=("UPLOADED",)),
        Status("UPLOADED", "sent", after=("COMPLETE",)),
        Status("COMPLETE", "done", after=()),
    ),
    phases=("releases",),
    required_paths={"STAGED": ("releases.staging_dir",), "UPLOADED": ("releases.torrent_path",)},
)


def file(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return str(path)


def synthesized(root: Path) -> dict[str, Any]:
    records = book("Emma", *["success"] * 4, source={"path": "input/emma.epub"})
    file(root / "input/emma.epub")
    for key, name in (("phase1", "source"), ("phase2", "text"), ("phase3", "chunks"), ("phase4", "timings")):
        file(root / "work" / EMMA / f"{name}.jsonl")
        records[key]["artifacts"] = {name: {"path": f"work/{EMMA}/{name}.jsonl"}}
    file(root / "work" / EMMA / "chunks/a.wav")
    return records


def stale(records: dict[str, Any], root: Path) -> tuple[str, str] | None:
    found = stale_of(EMMA, records, AUDIOBOOK, root)
    return (found.section, found.missing) if found else None


def test_a_synthesized_book_is_stale_without_its_chunks_and_not_with_them(tmp_path):
    records = synthesized(tmp_path)
    assert AUDIOBOOK.stage_of(records) == "SYNTHESIZED"
    assert stale(records, tmp_path) is None
    (tmp_path / "work" / EMMA / "chunks/a.wav").unlink()
    assert stale(records, tmp_path) == ("phase4", str(tmp_path / "work" / EMMA / "chunks"))


def test_a_complete_book_whose_work_was_cleaned_is_not_stale_but_one_without_its_audiobook_is(tmp_path):
    records = complete("Emma", source={"path": "input/emma.epub"})
    records["phase2"]["artifacts"] = {"text": {"path": f"work/{EMMA}/text.jsonl"}}
    records["phase5"]["deliverables"] = {"m4b": {"path": "output/Emma.m4b"}}
    file(tmp_path / "output/Emma.m4b")
    assert stale(records, tmp_path) is None
    (tmp_path / "output/Emma.m4b").unlink()
    assert stale(records, tmp_path) == ("phase5", str(tmp_path / "output/Emma.m4b"))


@pytest.mark.parametrize("name", ["source", "text", "chunks", "timings"])
def test_what_any_phase_left_must_be_there_until_the_audiobook_is_made(tmp_path, name):
    records = synthesized(tmp_path)
    (tmp_path / "work" / EMMA / f"{name}.jsonl").unlink()
    found = stale(records, tmp_path)
    assert found is not None
    assert found[1].endswith(f"{name}.jsonl")


def test_an_unfinished_book_whose_file_is_gone_is_stale_and_one_whose_file_was_never_recorded_is_not(tmp_path):
    records = synthesized(tmp_path)
    (tmp_path / "input/emma.epub").unlink()
    assert stale(records, tmp_path) == ("books", str(tmp_path / "input/emma.epub"))
    assert stale({"phase1": {"status": "pending"}}, tmp_path) is None


def test_only_what_is_no_longer_true_is_taken_back():
    made = document({EMMA: complete("Emma"), "other-22222222": complete("Other")})
    take_back(made, Stale(EMMA, "SYNTHESIZED", "phase4", ""), AUDIOBOOK)
    left = records_of(made, EMMA, AUDIOBOOK)
    assert list(left) == ["phase1", "phase2", "phase3", "books"]
    take_back(made, Stale(EMMA, "CHUNKED", "books", ""), AUDIOBOOK)
    assert records_of(made, EMMA, AUDIOBOOK) == {}
    assert len(records_of(made, "other-22222222", AUDIOBOOK)) == 7


def test_where_the_status_is_the_stage_each_status_requires_its_own_paths(tmp_path):
    def found(**record: Any) -> str | None:
        stale = stale_of("B01", {"releases": record}, RELEASES, tmp_path)
        return stale.missing if stale else None

    staging = file(tmp_path / "staging/x")
    assert found(status="STAGED", staging_dir=staging) is None
    assert found(status="STAGED", staging_dir="elsewhere") == str(tmp_path / "elsewhere")
    assert found(status="UPLOADED", staging_dir="elsewhere", torrent_path=staging) is None
    assert found(status="COMPLETE") is None
    assert found(status="UPLOADED") == "releases.torrent_path"


@pytest.mark.parametrize("value", [None, 1, [], "", "a\0b", "\ud800", "x" * 5000])
def test_what_is_no_path_is_missing_and_never_a_crash(tmp_path, value):
    assert stale_of("B01", {"releases": {"status": "STAGED", "staging_dir": value}}, RELEASES, tmp_path)
    assert stale_of("B01", {"releases": value}, RELEASES, tmp_path)


def test_a_life_cycle_requires_paths_of_its_own_sections_only():
    with pytest.raises(ValueError, match=r"sections that it does not have: reelases\.dir"):
        Lifecycle("x", (Status("a", "", ()),), ("releases",), required_paths={"a": ("reelases.dir",)})
