"""``pipeline-state check`` finds every damage of a list, and with ``--repair`` puts it right and loses nothing."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from damages import DAMAGES, Damage, Place
from stand_ins import FAKE_PHASES, Library

from orchestrator import attempt
from orchestrator.config import Config
from orchestrator.lock import book_lock_path, open_lock, try_lock
from pipeline_common import StateError
from pipeline_common.cli import main
from pipeline_common.phases import PHASES

SECTIONS = {"books", *(phase.key for phase in PHASES)}


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


def contents(place: Place) -> dict[str, str]:
    """The hash of each file that somebody made, and where it is; without what an attempt has left."""
    files = (path for path in place.root.rglob("*") if path.is_file() and place.own not in path.parents)
    passed_over = ("attempts", ".lock", ".tmp")
    kept = (path for path in files if not any(word in str(path.relative_to(place.root)) for word in passed_over))
    return {sha256(path.read_bytes()).hexdigest(): str(path) for path in kept if path != place.path}


def all_hashes(place: Place) -> set[str]:
    return {sha256(path.read_bytes()).hexdigest() for path in place.root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_every_damage_is_found_and_repaired_and_nothing_is_lost(
    place: Place, damage: Damage, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = records(place.state.read())
    damage.do(place)
    before = contents(place)
    command = ["--pipeline-json", str(place.path), "check", "--repair", "--json"]
    if damage.name == "the state file is cut short and all backups are gone":
        assert main(command[:-2]) == 3
        assert "reset" in capsys.readouterr().err
    else:
        found = check(place, capsys)
        assert found >= damage.parts or "document" in found
        assert found & damage.parts
    try:
        known = records(place.state.read())
    except StateError:  # what was committed before is what has to come back
        known = sound
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["faults"] == []
    lost = before.keys() - all_hashes(place)
    assert not lost, [before[each] for each in lost]
    after = records(place.state.read())
    kept_aside = {path[0] for file in place.own.rglob("values.json") for path in paths_in(file)}
    mended = {fault["book"] for fault in answer["repaired"]}
    changed = {(section, book) for section, book in known if after.get((section, book)) != known[section, book]}
    assert {(section, book) for section, book in changed if book not in mended and section not in kept_aside} == set()
    gone = {place.spoken} if damage.parts == {"stale"} else set()
    assert {book for _, book in sound} - {book for _, book in after} == gone


def records(document: Any) -> dict[tuple[str, str], Any]:
    """Every record of a document, by its section and its book."""
    holders = {
        key: value if key == "books" else value.get("files") for key, value in document.items() if key in SECTIONS
    }
    every = ((key, holder) for key, holder in holders.items() if isinstance(holder, dict))
    return {(key, book): record for key, holder in every for book, record in holder.items()}


def paths_in(file: Path) -> list[list[str]]:
    """The places of the values that a repair has kept aside."""
    return [each["path"] for each in json.loads(file.read_text())]


def test_a_rehearsal_says_what_would_be_done_and_does_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    DAMAGES[-1].do(place)
    before = {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()}
    assert main(["--pipeline-json", str(place.path), "check", "--repair", "--dry-run"]) == 1
    told = capsys.readouterr().out
    assert "It would be repaired: Put the newest document that can be read in the place of a damaged one." in told
    assert "Nothing was changed" in told
    assert {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()} == before


def test_what_was_repaired_is_told_to_programs_too(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.work(place.spoken, "text.jsonl").unlink()
    assert main(["--pipeline-json", str(place.path), "check", "--repair", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["faults"] == []
    (repaired,) = answer["repaired"]
    assert repaired["book"] == place.spoken
    assert repaired["done"].startswith("forgotten: extraction, chunking, synthesis")


def test_nothing_is_repaired_while_a_book_is_being_worked_on(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.work(place.spoken, "text.jsonl").unlink()
    before = place.path.read_bytes()
    descriptor = open_lock(book_lock_path(place.root / "work", place.finished))
    assert try_lock(descriptor)
    assert main(["--pipeline-json", str(place.path), "check", "--repair"]) == 3
    assert "is being worked on by process" in capsys.readouterr().err
    os.close(descriptor)
    assert place.path.read_bytes() == before


@pytest.mark.parametrize("folder", ["input", "work", "output"])
def test_where_a_whole_folder_is_not_there_nothing_is_forgotten(
    place: Place, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = place.state.read()
    (place.root / folder).rename(place.root / "unmounted")
    main(["--pipeline-json", str(place.path), "check", "--repair"])
    assert place.state.read() == before
    (place.root / "unmounted").rename(place.root / folder) if not (place.root / folder).exists() else None
    assert capsys.readouterr().err == ""
