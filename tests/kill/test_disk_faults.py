"""A disk that is full, broken or forbidden, at every step of a book: a clear error, and never a wrong audiobook."""

import ctypes
import errno
import itertools
import json
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import NoReturn

import commands
import pytest
from books import write_txt

from orchestrator import promotion, records, run
from orchestrator.config import Config
from orchestrator.interrupts import Interrupts
from orchestrator.run import Job, Outcome, orchestrate
from orchestrator.settings import Settings
from phases import files
from phases.catalogue import BUILT_IN
from pipeline_common import PipelineState
from pipeline_common import files as state_files
from pipeline_common.books import book_id

CODES = (errno.ENOSPC, errno.EIO, errno.EACCES)


class FaultyDisk:
    """The `os` module, one of whose calls to sync or rename fails; counted over all processes below this one."""

    def __init__(self) -> None:
        self._left = mmap.mmap(-1, 1)
        self._code = 0

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def fail(self, call: int, code: int) -> None:
        """Have the `call`-th call from now on fail; none where it is 0."""
        self._left[0], self._code = call, code

    @property
    def has_failed(self) -> bool:
        return self._left[0] == 0

    def fsync(self, descriptor: int) -> None:
        self.count(os.readlink(f"/proc/self/fd/{descriptor}"))
        os.fsync(descriptor)

    def count(self, path: str) -> None:
        if self._left[0]:
            self._left[0] -= 1
            if self._left[0] == 0:
                raise OSError(self._code, os.strerror(self._code), path)


@dataclass
class Book:
    """One small real book, made by the phases that there are."""

    config: Config

    @classmethod
    def in_folder(cls, root: Path, **folders: Path) -> "Book":
        config = Config(**folders).resolved(root)
        config.input_dir.mkdir(parents=True)
        book = cls(config)
        book.write("It was a dark night.")
        return book

    @property
    def path(self) -> Path:
        return self.config.input_dir / "Night.txt"

    @property
    def work(self) -> Path:
        return self.config.work_dir / book_id(self.path, self.config.root)

    def write(self, sentence: str) -> None:
        write_txt(self.path, "Night", "A. Writer", [("Chapter 1", [sentence])])

    def make(self, *phases: str) -> Outcome:
        settings = Settings.of(self.config)
        settings = replace(settings, selected=phases or settings.selected)
        job = Job(self.work.name, self.path, settings, PipelineState(self.config.pipeline_json), lambda _line: None)
        with Interrupts() as interrupts:
            return orchestrate(job, interrupts)

    def made(self) -> dict[str, bytes]:
        folder = self.config.output_dir / "A. Writer" / "Night"
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Book:
    book = Book.in_folder(tmp_path_factory.mktemp("made"))
    assert book.make().failure is None
    return book


@pytest.fixture
def old(made: Book) -> dict[str, bytes]:
    return made.made()


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    book = Book.in_folder(tmp_path_factory.mktemp("undisturbed"))
    book.write("It was a bright day.")
    assert book.make().failure is None
    return book.made()


@pytest.fixture
def book(made: Book, tmp_path: Path) -> Book:
    """A book that has been made once, and has changed since."""
    shutil.copytree(made.config.root, tmp_path / "library")
    book = Book(Config().resolved(tmp_path / "library"))
    book.write("It was a bright day.")
    return book


def test_whatever_sync_or_rename_fails_the_error_is_clear_and_no_audiobook_is_wrong_or_lost(
    book: Book, old: dict[str, bytes], new: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, rename = FaultyDisk(), Path.replace

    def counted(self: Path, target: Path) -> Path:
        disk.count(str(self))
        return rename(self, target)

    monkeypatch.setattr(files, "os", disk)
    monkeypatch.setattr(Path, "replace", counted)
    assert old.keys() == new.keys()
    failed = set()
    for call in itertools.count(1):
        code = CODES[call % len(CODES)]
        disk.fail(call, code)
        outcome = book.make()
        assert book.made().keys() == old.keys()
        assert all(data in (old[name], new[name]) for name, data in book.made().items())
        if not disk.has_failed:
            break  # there are not so many calls any more
        if outcome.failure:
            assert outcome.failure.error_type == "disk"
            assert os.strerror(code) in outcome.failure.message
            assert "run again" in outcome.failure.message.lower()
            assert not outcome.failure.permanent
            failed.add(outcome.phase.name if outcome.phase else None)
    assert failed == set(BUILT_IN)
    assert outcome.failure is None
    assert book.made() == new


@pytest.mark.parametrize("renamed", range(5))
def test_a_promotion_that_is_cut_at_any_rename_is_completed_and_nothing_is_made_again(
    book: Book, old: dict[str, bytes], new: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    moved: list[str] = []
    move = promotion.move

    def cut(source: Path, destination: Path) -> None:
        if len(moved) == renamed:
            raise KeyboardInterrupt
        moved.append(destination.name)
        move(source, destination)

    def cut_after_the_last(*_arguments: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(promotion, "move", cut)
        patch.setattr(promotion, "_remove_previous", cut_after_the_last)
        with pytest.raises(KeyboardInterrupt):
            book.make()
    assert len(moved) == min(renamed, len(new))
    assert book.made() == {name: (new if name in moved else old)[name] for name in old}
    monkeypatch.setattr(run, "run_attempt", None)  # no phase runs
    assert book.make().failure is None
    assert book.made() == new


def test_an_output_folder_that_may_not_be_written_is_an_error_that_names_it_and_the_older_audiobook_stays(
    book: Book, old: dict[str, bytes], new: dict[str, bytes]
) -> None:
    output = book.config.output_dir
    folders = [output, *(path for path in output.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    ended = subprocess.run(
        [sys.executable, "-m", "orchestrator", "input/Night.txt"],
        cwd=book.config.root,
        capture_output=True,
        text=True,
        preexec_fn=obey_permissions,
        check=False,
    )
    for folder in folders:
        folder.chmod(0o755)
    assert ended.returncode == 1
    assert f"{output}" in ended.stderr
    assert "Permission denied" in ended.stderr
    assert "run again" in ended.stderr
    assert book.made() == old
    assert book.make().failure is None
    assert book.made() == new


def obey_permissions() -> None:
    """Have root, too, refused what the permissions of a file refuse, in the program that is started next."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE; somebody else than root has none


@pytest.mark.parametrize("phases", [(), ("1",), ("1", "2", "3"), ("1", "2", "3", "4")], ids=len)
def test_a_work_folder_that_was_deleted_between_two_runs_is_made_again(
    book: Book, new: dict[str, bytes], phases: tuple[str, ...]
) -> None:
    assert book.make(*phases).failure is None
    shutil.rmtree(book.config.work_dir)
    assert book.make().failure is None
    assert book.made() == new


@pytest.mark.parametrize("elsewhere", ["work_dir", "output_dir"])
def test_work_and_output_may_be_on_different_file_systems(
    tmp_path: Path, old: dict[str, bytes], new: dict[str, bytes], elsewhere: str
) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip(f"NOT TESTED: {memory} is no other file system than {tmp_path}")
    with tempfile.TemporaryDirectory(dir=memory) as other:
        book = Book.in_folder(tmp_path, **{elsewhere: Path(other)})
        assert book.make().failure is None
        assert book.made() == old
        book.write("It was a bright day.")
        assert book.make().failure is None
        assert book.made() == new
        left = [path for folder in (book.config.output_dir, book.config.work_dir) for path in folder.rglob(".*.tmp")]
        assert left == []


class EarlierClock(datetime):
    """A clock that has jumped back by a day."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "EarlierClock":
        return super().now(tz) - timedelta(days=1)


def test_a_clock_that_jumps_back_in_the_midst_of_a_book_changes_nothing(
    book: Book, new: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert book.make("1", "2", "3").failure is None
    seconds, nanoseconds = time.time, time.time_ns
    with monkeypatch.context() as back:
        for module in (records, state_files):
            back.setattr(module, "datetime", EarlierClock)
        back.setattr(time, "time", lambda: seconds() - 86400)
        back.setattr(time, "time_ns", lambda: nanoseconds() - 86400 * 10**9)
        book.write("It was a bright sea.")  # as long as before, and older than what was made of the book before it
        os.utime(book.path, (time.time(), time.time()))
        assert book.make("1", "2").failure is None
        book.write("It was a bright day.")
        os.utime(book.path, (time.time(), time.time()))
        assert book.make().failure is None
        assert book.made() == new
    check = commands.run("pipeline-state", "check", cwd=book.config.root)
    assert check.returncode == 0, check.stdout
    with monkeypatch.context() as patch:
        patch.setattr(run, "run_attempt", None)  # no phase runs
        assert book.make().failure is None
    state = PipelineState(book.config.pipeline_json)
    revisions = [json.loads(backup.read_text())["_state"]["revision"] for backup in state.list_backups(limit=1000)]
    assert revisions == sorted(revisions, reverse=True)
