"""Retention of a library: logs, chunks and the log of batches; what is needed, or being worked on, is left alone."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config import Config
from orchestrator.retention import tidy
from orchestrator.workspace import AudiobookWorkspace
from pipeline_common import PipelineState
from pipeline_common.phases import PHASES
from pipeline_common.retention import COMPRESS, DELETE, ROTATE, Act, told

DAY_S = 86400


@pytest.fixture
def state(tmp_path: Path) -> PipelineState:
    """One finished book, one whose chunks are yet to be joined, each with 40 days old files."""
    state = PipelineState(tmp_path / "pipeline.json")
    done = {phase.key: {"files": {"done": {"status": "success"}}} for phase in PHASES}
    for phase in PHASES[:4]:
        done[phase.key]["files"]["waiting"] = {"status": "success"}
    state.write({**done, "books": {"done": {"promotion": {"state": "done"}}, "waiting": {}}})
    for book in ("done", "waiting"):
        for name in ("logs/synthesis-1.log", "logs/orchestrator.err", "chunks/a.wav", "chunks/b.wav", "text.jsonl"):
            path = tmp_path / "work" / book / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 600_000)
            os.utime(path, (time.time() - 40 * DAY_S,) * 2)
    return state


def tidied(state: PipelineState, *, rehearse: bool = False, **retention: Any) -> list[Act]:
    config = Config.model_validate({"retention": retention}).resolved(state.path.parent)
    return list(tidy(state, AudiobookWorkspace(config), config, rehearse=rehearse))


def names(acts: list[Act], state: PipelineState) -> list[tuple[str, str]]:
    return sorted((act.kind, str(act.path.relative_to(state.path.parent))) for act in acts)


LOGS = [f"work/{book}/logs/{name}" for book in ("done", "waiting") for name in ("orchestrator.err", "synthesis-1.log")]
CHUNKS = ["work/done/chunks/a.wav", "work/done/chunks/b.wav"]


def test_as_it_is_shipped_old_logs_are_compressed_and_nothing_is_deleted(state: PipelineState) -> None:
    acts = tidied(state)
    assert names(acts, state) == [(COMPRESS, log) for log in LOGS]
    assert told(acts) == "4 files of 2.4 MB compressed"
    for log in LOGS:
        with gzip.open(state.path.parent / f"{log}.gz") as file:
            assert file.read() == b"x" * 600_000
    assert tidied(state) == []
    assert tidied(state, compress_after_days=None) == []


def test_a_log_of_the_same_name_is_put_behind_the_compressed_one(state: PipelineState) -> None:
    tidied(state)
    log = state.path.parent / LOGS[0]
    log.write_bytes(b"later")
    os.utime(log, (time.time() - 35 * DAY_S,) * 2)
    tidied(state)
    with gzip.open(f"{log}.gz") as file:
        assert file.read() == b"x" * 600_000 + b"later"


def test_logs_go_by_age_and_by_size(state: PipelineState) -> None:
    assert names(tidied(state, rehearse=True, logs={"days": 39}), state) == [(DELETE, log) for log in LOGS]
    kept = tidied(state, logs={"mb": 1}, compress_after_days=None)
    assert [act.kind for act in kept] == [DELETE] * 3
    assert len(list((state.path.parent / "work").glob("*/logs/*"))) == 1


@pytest.mark.parametrize(("rule", "gone"), [({"days": 39}, 2), ({"days": 41}, 0), ({"mb": 1}, 1), ({"mb": 0}, 2)])
def test_only_the_chunks_of_finished_books_go(state: PipelineState, rule: dict[str, int], gone: int) -> None:
    settings: dict[str, Any] = {"work": rule, "compress_after_days": None}
    assert names(tidied(state, rehearse=True, **settings), state) == [(DELETE, chunk) for chunk in CHUNKS[:gone]]
    assert names(tidied(state, **settings), state) == [(DELETE, chunk) for chunk in CHUNKS[:gone]]
    left = [path for path in (state.path.parent / "work").glob("*/chunks/*") if path.exists()]
    assert len(left) == 4 - gone
    assert len(list((state.path.parent / "work").glob("*/text.jsonl"))) == 2


def test_a_book_that_is_being_worked_on_is_left_alone(state: PipelineState) -> None:
    workspace = AudiobookWorkspace(Config().resolved(state.path.parent))
    with workspace.hold("done"):
        acts = tidied(state, work={"days": 0})
        assert names(acts, state) == [(COMPRESS, log) for log in LOGS if "waiting" in log]
    assert len(tidied(state, work={"days": 0})) == 4


def test_a_large_log_of_batches_is_put_aside_and_its_predecessors_are_logs_like_others(state: PipelineState) -> None:
    log = state.path.parent / "batch.log"
    log.write_bytes(b"x" * 1_500_000)
    assert (ROTATE, "batch.log") in names(tidied(state, logs={"rotate_mb": 1}), state)
    [aside] = state.path.parent.glob("batch_*.log")
    assert not log.exists()
    os.utime(aside, (time.time() - 40 * DAY_S,) * 2)
    assert names(tidied(state), state) == [(COMPRESS, aside.name)]
    log.write_bytes(b"x")
    assert tidied(state) == []
    assert names(tidied(state, logs={"days": 30}, rehearse=True), state)[0] == (DELETE, f"{aside.name}.gz")


def test_links_that_lead_elsewhere_are_not_followed(state: PipelineState, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "logs").mkdir(parents=True)
    (outside / "logs/mine.log").write_bytes(b"mine")
    os.utime(outside / "logs/mine.log", (0, 0))
    (tmp_path / "work/linked").symlink_to(outside)
    (tmp_path / "work/done/logs/linked.log").symlink_to(outside / "logs/mine.log")
    tidied(state, logs={"days": 0}, work={"days": 0})
    assert (outside / "logs/mine.log").read_bytes() == b"mine"
