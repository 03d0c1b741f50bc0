"""The follower of a batch: views are up to date at its end, and it never outlives the batch."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from batch.follower import Follower, following
from orchestrator.config import Config
from pipeline_common import PipelineState
from pipeline_common.derived.views import JSON, SQLITE, Views

DEADLINE_S = 30


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.model_validate({"views": {"json": "on"}}).resolved(tmp_path)


def commit(config: Config, title: str) -> None:
    with PipelineState(config.pipeline_json) as state, state.transaction() as txn:
        txn.data.setdefault("books", {})["emma-11111111"] = {"title": title}


def titles(config: Config) -> list[str]:
    index = json.loads((config.root / ".pipeline/index.json").read_text())
    return [book["title"] for book in index["books"].values()]


def test_what_was_committed_last_is_in_the_views_at_the_end(config: Config) -> None:
    said: list[str] = []
    commit(config, "first")
    with following(config, said.append):
        commit(config, "last")
    assert titles(config) == ["last"]
    assert said == []
    assert not (config.root / ".pipeline/state.db").exists()  # which is on demand


def test_where_no_view_is_on_nothing_is_started(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(subprocess, "Popen")
    with following(config.model_copy(update={"views": type(config.views)()}), pytest.fail) as give_up:
        give_up()


def test_one_that_is_given_up_or_killed_is_made_up_for_by_the_next(config: Config) -> None:
    said: list[str] = []
    commit(config, "first")
    with following(config, said.append) as give_up:
        give_up()
    follower = Follower(config.pipeline_json, [JSON])
    os.kill(follower.pid, signal.SIGKILL)
    assert follower.finish()
    with following(config, said.append):
        commit(config, "last")
    assert titles(config) == ["last"]
    assert said == []


def test_a_view_that_cannot_be_written_is_told_and_nothing_fails(config: Config) -> None:
    said: list[str] = []
    commit(config, "first")
    (config.root / ".pipeline/index.json").mkdir()
    with following(config, said.append):
        commit(config, "last")
    assert len(said) == 1
    assert said[0].startswith("The views of the state are behind: ")
    assert "index.json" in said[0]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no system call to wait for a process that is nobody's child")
def test_it_dies_with_the_batch(config: Config) -> None:
    commit(config, "first")
    program = (
        "import os, sys; from pathlib import Path; from batch.follower import Follower\n"
        f"follower = Follower(Path({str(config.pipeline_json)!r}), ['sqlite'])\n"
        "print(follower.pid, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as batch:
        assert batch.stdout is not None
        follower = os.pidfd_open(int(batch.stdout.readline()))
        batch.send_signal(signal.SIGKILL)
        assert select.select([follower], [], [], DEADLINE_S)[0]
        os.close(follower)
    Views(PipelineState(config.pipeline_json)).catch_up([SQLITE])
