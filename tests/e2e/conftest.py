"""One batch over good and bad books of every format; the tests look at what it has left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from books import encrypted_pdf
from commands import run
from filelock import FileLock
from finished import Finished
from make_samples import write_samples


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The folder after the batch, which the first worker of pytest-xdist to need it makes for all of them."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root, ended = shared / "finished", shared / "finished.json"
    with FileLock(shared / "finished.lock"):
        if not ended.exists():
            process = make(root)
            ended.write_text(json.dumps([process.args, process.returncode, process.stdout, process.stderr]))
    return Finished(root, subprocess.CompletedProcess(*json.loads(ended.read_text())))


def make(root: Path) -> subprocess.CompletedProcess[str]:
    books = root / "input"
    write_samples(books)
    shutil.copy(books / "Tidewater Notes.md", books / "Tidewater Notes, a copy.md")
    (books / "sub").mkdir()
    epub = (books / "The Cartographer's Daughter.epub").read_bytes()
    (books / "sub" / "cut in half.epub").write_bytes(epub[: len(epub) // 2])
    encrypted_pdf(books / "sub" / "locked.pdf")
    (books / "empty.txt").touch()
    (books / "letter.wpd").write_bytes(b"\xffWPC Dear reader, this is a WordPerfect document.")
    (books / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (books / ".hidden.txt").write_text("hidden")
    return run("batch-audiobook", "--max-workers", 2, "--log-level", "debug", cwd=root)


@pytest.fixture
def folder(finished: Finished, tmp_path: Path) -> Finished:
    """A copy of the folder after the batch, to be changed."""
    shutil.copytree(finished.root, tmp_path / "library", symlinks=True)
    return Finished(tmp_path / "library", finished.process)
