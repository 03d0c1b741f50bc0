"""A disk that is full, broken or forbidden, at every step of a book: a clear error, and never a wrong audiobook."""

import errno
import io
import itertools
import json
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import IO, Any, NoReturn

import commands
import pytest
from books import write_txt

from orchestrator import promotion, records, run
from orchestrator.config import Config
from orchestrator.exits import ExitCode, guarded
from orchestrator.interrupts import Interrupts
from orchestrator.run import Job, Outcome, orchestrate
from orchestrator.settings import Settings
from orchestrator.spawning import Starter
from phases import files
from phases.catalogue import BUILT_IN
from pipeline_common import PipelineState
from pipeline_common import files as state_files
from pipeline_common.books import book_id

GROUPS = [("1",), ("2",), ("3",), ("4",), ("5", "5.5")]
"""Phases that are made together; promotion belongs to the last."""


class FaultyDisk:
    """A disk one of whose calls of some kinds fails; counted over all processes below this one.

    It is the `os` module, too, for who syncs through it. Errors name a file where those of the system do.

    Args:
        kinds: which calls count: ``open`` (to write), ``write``, ``fsync``, ``rename``.
        folders: only calls to files below these count.
        patch: puts the calls into place.
    """

    def __init__(self, kinds: Collection[str], folders: Sequence[Path], patch: pytest.MonkeyPatch) -> None:
        self._left = mmap.mmap(-1, 2)
        self._code = 0
        self._kinds = kinds
        self._folders = [str(folder) for folder in folders]
        self._rename = Path.replace
        self._open = io.open
        patch.setattr(files, "os", self)
        patch.setattr(Path, "replace", lambda path, target: self.rename(path, target))
        patch.setattr(io, "open", self.open_file)
        patch.setattr("builtins.open", self.open_file)

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def fail(self, call: int, code: int) -> None:
        """Have the `call`-th call from now on fail."""
        self._left[:], self._code = struct.pack("H", call), code

    @property
    def has_failed(self) -> bool:
        return self._left[:] == b"\0\0"

    def fsync(self, descriptor: int) -> None:
        self._count("fsync", os.readlink(f"/proc/self/fd/{descriptor}"), None)
        os.fsync(descriptor)

    def rename(self, path: Path, target: Path) -> Path:
        self._count("rename", str(path), str(path))
        return self._rename(path, target)

    def open_file(self, file: object, mode: str = "r", buffering: int = -1, *text: object, **options: object) -> object:
        """As the built-in one; a file that is written to counts, and so does every write to it."""
        path = os.readlink(f"/proc/self/fd/{file}") if isinstance(file, int) else os.fspath(file)  # type: ignore[call-overload]
        if not set(mode) & set("wxa+") or not self._is_ours(path):
            return self._open(file, mode, buffering, *text, **options)  # type: ignore[call-overload]
        self._count("open", path, path)
        opened = self._open(file, mode, buffering, *text, **options)  # type: ignore[call-overload]
        return self._Counted(self, opened, path) if "write" in self._kinds else opened

    class _Counted:
        """A file every write to which counts."""

        def __init__(self, disk: "FaultyDisk", file: IO[Any], path: str) -> None:
            self._disk, self._file, self._path = disk, file, path

        def write(self, data: Any) -> int:
            if data:
                self._disk._count("write", self._path, None)
            return self._file.write(data)

        def writelines(self, lines: Iterable[Any]) -> None:
            for line in lines:
                self.write(line)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def __enter__(self) -> "FaultyDisk._Counted":
            return self

        def __exit__(self, *_exception: object) -> None:
            self._file.close()

    def _is_ours(self, path: str) -> bool:
        return any(str(path).startswith(folder) for folder in self._folders)

    def _count(self, kind: str, path: str, named: str | None) -> None:
        left = struct.unpack("H", self._left[:])[0]
        if left and kind in self._kinds and self._is_ours(path):
            self._left[:] = struct.pack("H", left - 1)
            if left == 1:
                raise OSError(self._code, os.strerror(self._code), named)


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

    def make(self, *phases: str, resume: bool = True) -> Outcome:
        settings = Settings.of(self.config)
        settings = replace(settings, selected=phases or settings.selected, resume_enabled=resume)
        state = PipelineState(self.config.pipeline_json)
        with Starter() as starter, Interrupts() as interrupts:
            return orchestrate(Job(self.work.name, self.path, settings, state, lambda _line: None, starter), interrupts)

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
    settings = {"retries": {"limit": 1}, "limits": {"min_free_mb": 0}}  # what is refused is to be seen at once
    (tmp_path / "library" / "config.yaml").write_text(json.dumps(settings))
    book = Book(Config.model_validate(settings).resolved(tmp_path / "library"))
    book.write("It was a bright day.")
    return book


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.long), 30], ids=["every call", "every 30th call"])
@pytest.mark.parametrize(
    ("kinds", "codes"),
    [
        (("fsync", "rename"), (errno.ENOSPC, errno.EIO, errno.EACCES)),
        (("write",), (errno.ENOSPC, errno.EIO)),
        (("open",), (errno.EACCES, errno.EROFS, errno.ENOSPC)),
    ],
    ids=["sync or rename", "write", "open"],
)
def test_whatever_the_disk_refuses_the_error_is_clear_and_no_audiobook_is_wrong_or_lost(
    book: Book,
    old: dict[str, bytes],
    new: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    kinds: tuple[str, ...],
    codes: tuple[int, ...],
    every: int,
) -> None:
    config = book.config
    disk = FaultyDisk(kinds, (config.work_dir, config.output_dir), monkeypatch)
    assert old.keys() == new.keys()
    failed = set()
    for phases in GROUPS:
        for call in itertools.count(1, every):
            code = codes[call // every % len(codes)]
            disk.fail(call, code)
            # Each time all that these phases do is done, so that each call has its turn.
            failure, phase = failure_of(lambda phases=phases: book.make(*phases, resume=False))
            assert book.made().keys() == old.keys()
            assert all(data in (old[name], new[name]) for name, data in book.made().items())
            if not disk.has_failed:
                break  # there are not so many calls any more
            if failure:
                assert os.strerror(code) in failure
                assert str(config.work_dir) in failure or str(config.output_dir) in failure
                assert "run again" in failure.lower()
                failed.add(phase)
        assert failure is None
    assert failed
    assert every > 1 or failed >= set(BUILT_IN)
    assert book.made() == new
    disk.fail(0, 0)
    assert book.make().failure is None
    assert book.made() == new


def failure_of(make: Callable[[], Outcome]) -> tuple[str | None, str | None]:
    """How the work fails, as the command says it, and in which phase."""
    said: list[str] = []
    outcomes: list[Outcome] = []

    def work() -> int:
        outcomes.append(make())
        return 0

    code = guarded(work, said.append)
    assert code in (ExitCode.DONE, ExitCode.USAGE)
    if not outcomes:
        return said[0], None
    (outcome,) = outcomes
    if outcome.failure is None:
        return None, None
    assert outcome.failure.error_type == "disk"
    assert not outcome.failure.permanent
    return outcome.failure.message, outcome.phase.name if outcome.phase else None


AFTER_THE_LAST = 99


@pytest.mark.parametrize(
    "renamed", [0, 4, AFTER_THE_LAST, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2, 3, *range(5, 12)))]
)
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
        preexec_fn=commands.obey_permissions,
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


def with_mounts(book: Book, script: str) -> subprocess.CompletedProcess[str]:
    """Run the command, as ``"$@"`` of a script that may mount what it likes; nobody else sees the mounts."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    probe = [*unshare, "mount", "-t", "tmpfs", "none", str(book.config.input_dir)]
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: file systems cannot be mounted here")
    command = [sys.executable, "-m", "orchestrator", "input/Night.txt"]
    return subprocess.run(
        [*unshare, "sh", "-c", script, "sh", *command],
        cwd=book.config.root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("stride", [5, pytest.param(1, marks=pytest.mark.long)])
def test_a_work_folder_on_a_disk_that_is_full_is_an_error_that_says_so_and_the_older_audiobook_stays(
    book: Book, old: dict[str, bytes], new: dict[str, bytes], stride: int
) -> None:
    for size_kib in itertools.chain((8, 12, 16, 24, 32, 48)[::stride], itertools.count(64, 64 * stride)):
        shutil.rmtree(book.work)
        ended = with_mounts(book, f'mount -t tmpfs -o size={size_kib}k none work && "$@"')
        if ended.returncode == 0:
            break
        assert "No space left on device" in ended.stderr or "There is no room" in ended.stderr, (size_kib, ended.stderr)
        assert f"{book.config.work_dir}" in ended.stderr
        assert "run again" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert book.made() == old
        book.work.mkdir()
    assert size_kib > 100
    assert book.made() == new


OUTPUT_IN_MEMORY = """
mount -t tmpfs -o size={size_kib}k none output && cp -a kept/. output && mount -o remount,{options} output || exit 99
"$@"
code=$?
rm -rf seen && cp -a output seen
exit $code
"""


@pytest.mark.parametrize("stride_kib", [160, pytest.param(32, marks=pytest.mark.long)])
@pytest.mark.parametrize(("options", "words"), [("rw", "No space left on device"), ("ro", "Read-only file system")])
def test_an_output_folder_on_a_disk_that_is_full_or_read_only_keeps_the_older_audiobook(
    book: Book, old: dict[str, bytes], new: dict[str, bytes], options: str, words: str, stride_kib: int
) -> None:
    shutil.copytree(book.config.output_dir, book.config.root / "kept")
    seen = Book(book.config.model_copy(update={"output_dir": book.config.root / "seen"}))
    least_kib = sum(len(data) for data in old.values()) // 1024
    for size_kib in itertools.count(least_kib + 64, stride_kib):
        ended = with_mounts(book, OUTPUT_IN_MEMORY.format(size_kib=size_kib, options=options))
        if ended.returncode == 0:
            break
        assert words in ended.stderr or "There is no room" in ended.stderr, ended.stderr
        assert f"{book.config.output_dir}" in ended.stderr
        assert "run again" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert seen.made() == old
        if options == "ro":
            return
    assert seen.made() == new


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
