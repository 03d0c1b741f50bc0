"""Every command and option of `pipeline-state` as it is installed, with every exit code."""

from __future__ import annotations

import os
import shlex
import signal
from pathlib import Path

import pytest
from commands import DEADLINE_S, obey_permissions, run, start
from finished import Finished
from tried import TRIES, Try


def ended(tried: Try, root: Path) -> tuple[int, str]:
    """The exit code, and all that was said; what goes on without an end is interrupted after its first line."""
    arguments = shlex.split(tried.line)
    if "--follow" not in arguments:
        process = run("pipeline-state", *arguments, cwd=root)
        return process.returncode, process.stdout + process.stderr
    with start("pipeline-state", *arguments, cwd=root) as following:
        assert following.stdout is not None
        first = following.stdout.readline()
        os.killpg(following.pid, signal.SIGINT)
        out, err = following.communicate(timeout=DEADLINE_S)
    return following.returncode, first + out + err


@pytest.mark.long
def test_every_option_does_what_it_says_and_ends_with_the_exit_code_that_is_documented(folder: Finished) -> None:
    (folder.root / "config.yaml").write_text("max_workers: 2\n")
    before = (folder.root / "pipeline.json").read_bytes()
    for tried in TRIES:
        code, said = ended(tried, folder.root)
        assert code == tried.code, (tried, said)
        assert tried.said in said, (tried, said)
        assert "Traceback" not in said, tried
    assert (folder.root / "pipeline.json").read_bytes() == before  # none of them was to change anything


@pytest.mark.long
def test_what_is_wrong_is_exit_1_and_a_state_that_cannot_be_used_is_exit_3(folder: Finished) -> None:
    (folder.folder("Tidewater Notes.md") / "Tidewater Notes.m4b").unlink()
    assert ended(Try("check", ""), folder.root)[0] == 1
    (folder.root / "pipeline.json").write_bytes(b"{")
    for path in (*(folder.root / ".pipeline/backups").iterdir(), *(folder.root / ".pipeline/segments").iterdir()):
        path.unlink()
    for line in ("list", "check", "check --repair", "query 'SELECT 1'", "report", "export", "prune", "metrics"):
        code, said = ended(Try(line, ""), folder.root)
        assert code == 3, (line, said)
        assert "reset" in said, (line, said)


READS = ("list", "show empty.txt", "next", "history", "history --book empty.txt", "backups", "check", "metrics")
ASKS = ("query 'SELECT id FROM books'", "export", "report --output -")
REHEARSES = ("restore --revision 2 --dry-run", "reset --dry-run", "prune --dry-run", "retry empty.txt --dry-run")
WRITES = ("retry empty.txt", "restore --revision 2", "reset", "reindex", "report")


@pytest.mark.long
def test_in_a_folder_that_cannot_be_written_to_whatever_only_reads_works(folder: Finished) -> None:
    for place in (*folder.root.rglob("*"), folder.root):
        if not place.is_symlink():
            place.chmod(0o555 if place.is_dir() else 0o444)
    before = (folder.root / "pipeline.json").read_bytes()
    for line in (*READS, *ASKS, *REHEARSES):
        process = run("pipeline-state", *shlex.split(line), cwd=folder.root, first=obey_permissions)
        assert process.returncode == 0, (line, process.stderr)
        assert process.stdout, line
    for line in WRITES:
        process = run("pipeline-state", *shlex.split(line), cwd=folder.root, first=obey_permissions)
        assert process.returncode in (2, 3), line
        assert "Permission denied" in process.stderr, line
    assert (folder.root / "pipeline.json").read_bytes() == before
    for place in (folder.root, *folder.root.rglob("*")):  # so that it can be removed
        if place.is_dir():
            place.chmod(0o755)
