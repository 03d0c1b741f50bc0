"""What follows a batch as it is installed: reports, metrics, alerts, retention."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml
from books import write_txt
from commands import run
from webhook import serving


def library(root: Path, **config: Any) -> Path:
    """A folder with one book that can be spoken and three that cannot."""
    (root / "input").mkdir()
    write_txt(root / "input/Tide.txt", "Tide", "A. Writer", [("Chapter 1", ["It came in, and it went out."])])
    for number in range(3):
        (root / f"input/empty{number}.txt").touch()
    (root / "config.yaml").write_text(json.dumps(config))
    return root


def written(root: Path) -> dict[str, int]:
    """When each file that follows a batch was written."""
    paths = [*(root / ".pipeline/reports").iterdir(), *root.glob("*.prom"), root / ".pipeline/retention.stamp"]
    return {path.name: path.stat().st_mtime_ns for path in paths if path.exists()}


def stages_in_views(root: Path) -> list[dict[str, int]]:
    """How many books each of the three views has at each stage, as it lies there."""
    with closing(sqlite3.connect(f"file:{root}/.pipeline/state.db?mode=ro", uri=True)) as database:
        in_tables = dict(database.execute("SELECT stage, count(*) FROM books GROUP BY stage"))
    pages = [yaml.safe_load(page.read_text()) for page in (root / ".pipeline/books").glob("*.yaml")]
    index = json.loads((root / ".pipeline/index.json").read_text())
    return [in_tables, Counter(page["stage"] for page in pages), index["stages"]]


def test_a_batch_reports_counts_and_tells_and_one_without_work_does_not_do_it_again(tmp_path: Path) -> None:
    with serving() as server:
        alerts = {"webhook_url": server.url, "threshold": 3}
        views = dict.fromkeys(("sqlite", "yaml", "json"), "on")
        root = library(tmp_path, alerts=alerts, metrics={"textfile": "books.prom"}, max_workers=1, views=views)
        batch = run("batch-audiobook", cwd=root)
        assert (batch.returncode, batch.stderr) == (1, "")
        assert stages_in_views(root) == [{"COMPLETE": 1, "FAILED": 3}] * 3
        events = {alert["event"]: alert for alert in server.received}
        assert sorted(events) == ["batch_end", "failures_in_a_row"]
        end = events["batch_end"]
        assert (end["status"], end["failed_files"], end["successful_files"]) == ("partial", 3, 1)
        assert {failure["book"] for failure in end["failures"]} == {f"empty{number}.txt" for number in range(3)}
        first = written(root)
        assert [name.split("_")[0] for name in sorted(first)] == [
            "books.prom",
            "daily",
            "retention.stamp",
            "summary.json",
            "weekly",
        ]
        summary = json.loads((root / ".pipeline/reports/summary.json").read_text())
        assert (summary["total"], summary["progress"]) == (4, {"success": 1, "failed": 3})
        assert 'pipeline_books{lifecycle="audiobook",status="failed"} 3\n' in (root / "books.prom").read_text()
        assert run("batch-audiobook", cwd=root).returncode == 1  # three are given up, and nothing is left to do
        assert written(root) == first
        assert len(server.received) == 2
        yesterday = time.time() - 86400
        for name in ("reports/summary.json", "retention.stamp"):
            os.utime(root / ".pipeline" / name, (yesterday, yesterday))
        run("batch-audiobook", cwd=root)
        assert written(root)["summary.json"] > first["summary.json"]
        assert written(root)["retention.stamp"] > first["retention.stamp"]
        assert run("pipeline-state", "retry", "empty0.txt", cwd=root).returncode == 0
        assert stages_in_views(root) == [{"COMPLETE": 1, "DISCOVERED": 1, "FAILED": 2}] * 3
        assert run("orchestrate-audiobook", "input/empty0.txt", cwd=root).returncode == 1
        assert stages_in_views(root) == [{"COMPLETE": 1, "FAILED": 3}] * 3


def test_nobody_at_the_other_end_and_a_folder_that_takes_nothing_are_said_and_change_no_exit_code(
    tmp_path: Path,
) -> None:
    with serving() as server:
        server.may_answer.clear()
        alerts = {"webhook_url": server.url, "on_success": True, "timeout": 0.5}
        root = library(tmp_path, alerts=alerts, metrics={"textfile": "taken/books.prom"}, reports={"weekly": False})
        for path in (root / "input").glob("empty*"):
            path.unlink()
        (root / "taken").touch()
        batch = run("batch-audiobook", cwd=root)
        assert batch.returncode == 0
        said = batch.stderr.splitlines()
        assert f"The reports were not written: {root / 'taken'}: File exists" in said[0]
        assert "1 alert has not been delivered yet; the next batch tries again at its end." in said[-1]
        assert server.url not in batch.stderr + (root / "batch.log").read_text()
        server.may_answer.set()
        (root / "taken").unlink()
        again = run("batch-audiobook", cwd=root)
        assert (again.returncode, again.stderr) == (0, "")
        assert [alert["event"] for alert in server.received][-1:] == ["batch_end"]
        assert list((root / ".pipeline/alerts").glob("*.json")) == []


def test_old_files_are_compressed_and_chunks_removed_and_nothing_is_done_again(tmp_path: Path) -> None:
    root = library(tmp_path, retention={"compress_after_days": 7, "work": {"days": 30}})
    assert run("batch-audiobook", cwd=root).returncode == 1
    before = json.loads((root / "pipeline.json").read_text())["phase4"]
    month_ago = time.time() - 31 * 86400
    for folder in (".pipeline", "work"):
        for path in (root / folder).rglob("*"):
            if path.parent.name in ("backups", "segments", "logs", "chunks"):
                os.utime(path, (month_ago, month_ago))
    (root / ".pipeline/retention.stamp").unlink()
    [chunks] = [path for path in (root / "work").glob("*/chunks") if any(path.iterdir())]
    assert run("batch-audiobook", cwd=root).returncode == 1
    assert list(chunks.iterdir()) == []
    assert list(chunks.parent.glob("logs/*.gz"))
    assert not list(chunks.parent.glob("logs/*.log"))
    assert list((root / ".pipeline/backups").glob("*.gz"))
    check = run("pipeline-state", "check", cwd=root)
    assert (check.returncode, check.stderr) == (0, ""), check.stdout
    assert json.loads((root / "pipeline.json").read_text())["phase4"] == before
    backups = json.loads(run("pipeline-state", "backups", "--json", cwd=root).stdout)["backups"]
    assert all(backup["readable"] for backup in backups)
    restored = run("pipeline-state", "restore", "--backup", backups[-1]["path"], "--dry-run", cwd=root)
    assert backups[-1]["path"].endswith(".gz")
    assert (restored.returncode, restored.stderr) == (0, "")


def test_addresses_for_apprise_without_it_are_exit_2_before_any_book_begins(tmp_path: Path) -> None:
    root = library(tmp_path, alerts={"urls": ["json://localhost"]})
    (tmp_path / "site").mkdir()
    blocked = (
        "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n, *a: None if n == 'apprise' else f(n, *a)"
    )
    (tmp_path / "site/sitecustomize.py").write_text(blocked)
    batch = run("batch-audiobook", cwd=root, env={"PYTHONPATH": str(tmp_path / "site")})
    assert batch.returncode == 2
    assert "pip install 'audiobook-pipeline[alerts]'" in batch.stderr
    assert not (root / "pipeline.json").exists()
