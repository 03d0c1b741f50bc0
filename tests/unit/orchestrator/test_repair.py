"""``pipeline-state check`` finds every damage of a list."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from damages import DAMAGES, Damage, Place
from stand_ins import FAKE_PHASES, Library

from orchestrator import attempt
from orchestrator.config import Config
from pipeline_common import PipelineState
from pipeline_common.cli import main

NOT_YET = frozenset({"stale", "views"})


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A folder in which everything is in order."""
    root = tmp_path_factory.mktemp("sound")
    (root / "input").mkdir()
    (root / "behaviours").mkdir()
    checkout, calls, behaviours = Path(attempt.__file__).parents[1], root / "calls", root / "behaviours"
    places = {"checkout": str(checkout), "calls": str(calls), "behaviours": str(behaviours)}
    (root / "fake_phases.py").write_text(FAKE_PHASES.format(**places))
    config = Config.model_validate({"retries": {"limit": 1}}).resolved(root)
    finished, spoken, failed = (Library(root, config, name) for name in ("title.txt", "spoken.txt", "failed.txt"))
    for library in (finished, spoken, failed):
        library.book.write_text(f"Once, {library.name}.\n")
    assert finished.run().folder
    spoken.run(phases_to_run=("1", "2", "3", "4"))
    failed.behave("chunking", "raise SystemExit(1)")
    assert failed.run().failure
    failed.behave("chunking", "")
    place = Place(root, finished.id, spoken.id, failed.id)
    _speak(place)
    assert main(["--pipeline-json", str(place.path), "reindex"]) == 0
    return place


def _speak(place: Place) -> None:
    """The stand-in of the voice leaves no chunks, and the one of the timings names none."""
    chunk = place.work(place.spoken, "chunks", "a.wav")
    chunk.parent.mkdir(parents=True, exist_ok=True)
    chunk.write_bytes(b"audio")
    timings = place.work(place.spoken, "timings.jsonl")
    timings.write_text('{"audio_id": "a", "size_bytes": 5}\n')
    facts = timings.stat()
    with place.state.transaction() as txn:
        record = txn.data["phase4"]["files"][place.spoken]["artifacts"]["timings"]
        record.update(size_bytes=facts.st_size, mtime_ns=facts.st_mtime_ns)


@pytest.fixture
def place(sound: Place, tmp_path: Path) -> Place:
    """A copy of it, to be damaged."""
    shutil.copytree(sound.root, tmp_path / "library")
    return Place(tmp_path / "library", sound.finished, sound.spoken, sound.failed)


def check(place: Place, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The parts with something wrong."""
    code = main(["--pipeline-json", str(place.path), "check", "--json"])
    found = {fault["part"] for fault in json.loads(capsys.readouterr().out)["faults"]}
    assert code == (1 if found else 0)
    return found


def test_the_folder_is_in_order_before_it_is_damaged(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(place, capsys) == set()
    stages = [place.state.lifecycle.stage_of(place.state.records_of(book)) for book in (place.finished, place.spoken)]
    assert stages == ["COMPLETE", "SYNTHESIZED"]


def test_there_are_fifty_damages_of_every_part() -> None:
    assert len({damage.name for damage in DAMAGES}) == len(DAMAGES) >= 50


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_every_damage_is_found(place: Place, damage: Damage, capsys: pytest.CaptureFixture[str]) -> None:
    damage.do(place)
    if damage.name == "the state file is cut short and all backups are gone":
        assert main(["--pipeline-json", str(place.path), "check"]) == 3
        return
    found = check(place, capsys)
    assert found >= damage.parts - NOT_YET or "document" in found
    assert damage.parts <= NOT_YET or found & damage.parts
    assert PipelineState(place.path).path.exists()
