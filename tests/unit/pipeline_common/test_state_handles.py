"""Several handles on one state, in any order: each sees what the others have committed, whatever became of the file."""

import json
import random
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline_common import PipelineState
from pipeline_common import checkpoints as checkpoints_module

STATUSES = ("pending", "running", "success", "failed")
BOOKS = [f"book-{number}" for number in range(6)]


@pytest.fixture(autouse=True)
def no_checkpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "IDLE_S", 3600.0)
    monkeypatch.setattr(checkpoints_module, "LONGEST_LAG_S", 3600.0)


def change(document: dict, chance: random.Random, step: int) -> None:
    phase = document.setdefault(chance.choice(("phase1", "phase2")), {})
    files = phase.setdefault("files", {})
    book = chance.choice(BOOKS)
    match chance.randrange(6):
        case 0:
            files.pop(book, None)
        case 1 if book in files:
            files[book]["status"] = chance.choice(STATUSES)
        case 2:
            document["books"] = {**document.get("books", {}), book: {"title": f"Title {step}"}}
        case 3:
            document.setdefault("books", {}).setdefault(book, {}).setdefault("authors", []).append(f"Author {step}")
        case 4:
            phase["metrics"] = {"step": step}
        case _:
            files[book] = {"status": chance.choice(STATUSES), "metrics": {"step": step, "list": [{"x": step}]}}


@pytest.mark.parametrize("pad", ["", "." * 300_000], ids=["small", "large"])
@pytest.mark.parametrize("seed", range(4))
def test_handles_that_take_turns_agree_with_the_file_and_with_a_plain_document(tmp_path: Path, seed: int, pad: str):
    chance = random.Random(seed)
    path = tmp_path / "pipeline.json"
    handles = [PipelineState(path) for _ in range(3)]
    handles[0].write({"pad": pad})
    for step in range(80):
        state = chance.choice(handles)
        expected = PipelineState(path).read()
        match chance.randrange(12):
            case 0:
                state.checkpoint()
            case 1:
                state.close()
            case 2:  # somebody edits the file
                state.checkpoint()
                edited = json.loads(path.read_text())
                change(edited, chance, step)
                path.write_text(json.dumps(edited))
                expected = {key: value for key, value in edited.items() if key != "_state"}
            case 3:
                change(expected, chance, step)
                state.write(expected, validate=False)
            case 4:
                rolled_back(state, lambda document, step=step: change(document, chance, step))
            case _:
                before = chance.getstate()
                change(expected, chance, step)
                chance.setstate(before)
                with state.transaction(validate=False) as txn:
                    change(txn.data, chance, step)
        seen = [one_handle(handle) for handle in handles]
        assert seen[0] == seen[1] == seen[2] == plain(PipelineState(path).read())
        for key in ("books", "pad"):
            assert seen[0].get(key) == expected.get(key)
        for phase in ("phase1", "phase2"):
            assert seen[0].get(phase, {}).get("files") == expected.get(phase, {}).get("files")
            assert seen[0].get(phase, {}).get("metrics") == expected.get(phase, {}).get("metrics")
    for handle in handles:
        handle.close()
    stored = json.loads(path.read_text())
    del stored["_state"]
    assert stored == PipelineState(path).read()


def one_handle(state: PipelineState) -> dict:
    """What a handle has in its memory, not only what a reader without the lock sees."""
    seen: list[str] = []
    rolled_back(state, lambda document: seen.append(json.dumps(document)))
    return json.loads(seen[0])


def rolled_back(state: PipelineState, work) -> None:
    with suppress(ZeroDivisionError), state.transaction(validate=False) as txn:
        work(txn.data)
        raise ZeroDivisionError


def plain(document: dict) -> dict:
    return json.loads(json.dumps(document))
