"""`pipeline-state` as it is installed, on a folder after a batch."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from books import write_txt
from commands import BIN, DEADLINE_S, run, start
from finished import Finished

from pipeline_common import PipelineState


def shown(root: Path, *arguments: str) -> dict:  # type: ignore[type-arg]
    result = run("pipeline-state", *arguments, "--json", cwd=root)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_after_a_batch_everything_is_in_order_and_every_book_is_accounted_for(folder: Finished) -> None:
    check = run("pipeline-state", "check", cwd=folder.root)
    assert (check.returncode, check.stderr) == (0, ""), check.stdout
    assert "everything is in order" in check.stdout
    counts = shown(folder.root, "list")
    assert counts["total"] == len(folder.document["books"]) == sum(counts["statuses"].values())
    assert counts["statuses"]["success"] == counts["stages"]["COMPLETE"] >= 6
    assert counts["statuses"]["skipped"] == 1
    assert {book["id"] for book in shown(folder.root, "list", "--failed")["books"]} >= {
        folder.id("sub/locked.pdf"),
        folder.id("empty.txt"),
    }


def test_a_book_is_shown_retried_cleared_and_made_again(folder: Finished) -> None:
    root = folder.root
    book = shown(root, "show", "Tidewater Notes.md")
    assert (book["stage"], book["title"]) == ("COMPLETE", "Tidewater Notes")
    audio = folder.folder("Tidewater Notes.md") / "Tidewater Notes.m4b"
    before = audio.read_bytes()
    rehearsal = run("pipeline-state", "clear", book["id"], "--from-phase", "5", "--dry-run", cwd=root)
    assert rehearsal.stdout.startswith(f"Tidewater Notes ({book['id']}): forgotten: enhancement, subtitles\n")
    assert run("pipeline-state", "clear", book["id"], "--from-phase", "5", cwd=root).returncode == 0
    assert shown(root, "next", "--stage", "SYNTHESIZED")["books"][0]["id"] == book["id"]
    assert run("pipeline-state", "check", cwd=root).returncode == 0
    again = run("orchestrate-audiobook", "input/Tidewater Notes.md", cwd=root)
    assert (again.returncode, again.stderr) == (0, "")
    assert audio.read_bytes() == before
    assert shown(root, "show", book["id"])["stage"] == "COMPLETE"
    operations = [event["operation"] for event in shown(root, "history", "--book", book["id"])["events"]]
    assert operations[-1] != "clear"
    assert operations.index("promotion_done") < operations.index("clear")
    failed = folder.id("empty.txt")
    assert run("pipeline-state", "retry", failed, cwd=root).returncode == 0
    assert shown(root, "show", failed)["status"] == "pending"


def test_a_killed_book_is_interrupted_until_it_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    sentences = [f"This is sentence number {number} of a long book." for number in range(1000)]
    write_txt(tmp_path / "input" / "Long.txt", "Long", "A. Writer", [("Chapter 1", sentences)])
    with start("orchestrate-audiobook", "input/Long.txt", cwd=tmp_path) as process:
        assert process.stdout is not None
        while "synthesis:" not in process.stdout.readline():
            assert process.poll() is None
        assert shown(tmp_path, "show", "Long")["status"] == "running"
        assert run("pipeline-state", "check", cwd=tmp_path).returncode == 0
        refused = run("pipeline-state", "clear", "Long", cwd=tmp_path)
        assert refused.returncode == 3
        assert "is being worked on by process " in refused.stderr
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    deadline = time.monotonic() + DEADLINE_S
    while shown(tmp_path, "show", "Long")["status"] != "interrupted":  # until the last process of the book is gone
        assert time.monotonic() < deadline
    assert shown(tmp_path, "next")["books"][0]["status"] == "interrupted"
    check = run("pipeline-state", "check", cwd=tmp_path)
    assert check.returncode == 1
    assert "phase 4 (synthesis) is recorded as running, but no process works on the book" in check.stdout
    assert run("pipeline-state", "clear", "Long", "--from-phase", "2", cwd=tmp_path).returncode == 0
    again = run("orchestrate-audiobook", "input/Long.txt", "--phases", "1", "2", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    check = run("pipeline-state", "check", cwd=tmp_path)
    assert check.returncode == 0, check.stdout


def test_the_reader_of_a_pipe_may_go_away(finished: Finished) -> None:
    with subprocess.Popen(
        [str(BIN / "pipeline-state"), "list", "--json"],
        cwd=finished.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_terminal_that_knows_no_unicode_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "pipeline.json").write_text('{"books": {"e-00000001": {"title": "Émile — 感"}}}', encoding="utf-8")
    result = run("pipeline-state", "list", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr) == (0, "")
    assert "\\u611f" in result.stdout


def test_reports_and_metrics_tell_of_the_batch(folder: Finished, tmp_path: Path) -> None:
    root = folder.root
    told = run("pipeline-state", "report", "--period", "all", "--format", "json", cwd=root)
    path = root / ".pipeline/reports" / Path(told.stdout.removeprefix("Wrote ").rstrip(".\n")).name
    report = json.loads(path.read_text())
    counts = shown(root, "list")
    assert (report["total"], report["progress"]) == (counts["total"], counts["statuses"])
    assert {book["id"] for cause in report["failures"] for book in cause["books"]} >= {folder.id("empty.txt")}
    assert all(cause["fix"].endswith(".") for cause in report["failures"])
    assert report["audio_s"] > 0 < report["words"]
    assert report["runs"][0]["who"] == "batch"
    page = run("pipeline-state", "report", "--period", "weekly", "--output", tmp_path / "week.html", cwd=root)
    assert (page.returncode, page.stderr) == (0, "")
    assert "Tidewater Notes" in (tmp_path / "week.html").read_text(encoding="utf-8")
    metrics = run("pipeline-state", "metrics", cwd=root)
    assert (
        f'pipeline_books{{lifecycle="audiobook",status="success"}} {counts["statuses"]["success"]}\n' in metrics.stdout
    )
    for arguments in (("report", "--period", "yearly"), ("report", "--format", "pdf")):
        assert run("pipeline-state", *arguments, cwd=root).returncode == 2


def test_history_can_be_followed_as_it_happens(tmp_path: Path) -> None:
    state = PipelineState(tmp_path / "pipeline.json")
    state.write({"books": {"e-00000001": {"title": "Émile"}}}, validate=False)
    with start("pipeline-state", "history", "--follow", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["revision"] == 1
        for title in ("Emma", "Evelina"):
            with state.transaction(operation="rename") as txn:
                txn.data["books"]["e-00000001"]["title"] = title
        events = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert [(e["revision"], e["operation"], e["books"]) for e in events] == [
            (2, "rename", ["e-00000001"]),
            (3, "rename", ["e-00000001"]),
        ]
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert "Traceback" not in err
