import dataclasses
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import pytest
import trio

from batch.monitor import CpuMonitor, CpuTimes
from batch.plan import Fate, PlannedBook, plan_batch
from batch.progress import BookProgress, read_progress
from batch.records import Aftermath, BatchRecords, Ended, Tally
from batch.run import Batch, BatchResult, run_batch
from orchestrator.config import Config
from orchestrator.library import discover
from orchestrator.records import utc_now
from orchestrator.settings import Settings
from pipeline_common import PipelineState, StateReadError


class FakeLauncher:
    """Ends each book as told after a while, and counts how many run at a time."""

    def __init__(self, exit_codes: Mapping[str, int], duration_s: float = 10) -> None:
        self.exit_codes = exit_codes
        self.duration_s = duration_s
        self.running = 0
        self.most = 0
        self.launched: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.on_launch: Callable[[], None] = lambda: None
        self.on_claim: Callable[[PlannedBook], None] = lambda _: None
        self.records: dict[str, Mapping[str, object]] = {}

    @asynccontextmanager
    async def claim(self, book: PlannedBook) -> AsyncIterator[None]:
        self.on_claim(book)
        yield

    async def launch(self, book: PlannedBook, records: Mapping[str, object]) -> Ended:
        self.running += 1
        self.most = max(self.most, self.running)
        self.launched.append(book.name)
        self.records[book.name] = records
        self.on_launch()
        try:
            await trio.sleep(self.duration_s)
        except trio.Cancelled:
            self.cancelled.append(book.name)
            raise
        finally:
            self.running -= 1
        self.ended.append(book.name)
        code = self.exit_codes.get(book.name, 0)
        return Ended(code, f"orchestrate-audiobook: {book.name}: it is broken" if code else "")


class SilentView:
    def __enter__(self) -> "SilentView":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def started(self, book: PlannedBook) -> None:
        pass

    def progress(self, book: PlannedBook, progress: BookProgress) -> None:
        pass

    def waits(self, book: PlannedBook, ended: Ended, aftermath: Aftermath) -> None:
        pass

    def ended(self, book: PlannedBook, ended: Ended, duration_s: float, aftermath: Aftermath) -> None:
        pass

    def machine(self, others_percent: float, *, throttled: bool) -> None:
        pass


class Folder:
    """A folder of books and a batch over it."""

    def __init__(self, root: Path, count: int, launcher: FakeLauncher, *, max_workers: int = 2) -> None:
        (root / "input").mkdir()
        for number in range(1, count + 1):
            (root / "input" / f"{number}.txt").write_text(f"Book {number}.")
        self.config = Config(max_workers=max_workers).resolved(root)
        self.state = PipelineState(self.config.pipeline_json)
        self.launcher = launcher
        self.view = SilentView()
        self.books = plan_batch(discover(self.config.input_dir).paths, self.config, self.state, self.state.view())
        self.monitor = CpuMonitor(85, 1, lambda: CpuTimes(0, 0, 0, 2))

    async def run(self) -> BatchResult:
        result = await self.batch().run()
        self.records.end(result.tally, 1.0, self.monitor.average_percent)
        return result

    def batch(self) -> Batch:
        self.records = BatchRecords(self.state, self.config.root)
        self.records.begin(self.books)
        return Batch(
            self.books,
            Tally(total=len(self.books)),
            max_workers=self.config.max_workers,
            launcher=self.launcher,
            monitor=self.monitor,
            records=self.records,
            view=self.view,
            folder_of=Settings.of(self.config).book_folder,
        )

    def records_of_skipped(self) -> None:
        """As a batch before, which passed over every book."""
        passed_over = [dataclasses.replace(book, fate=Fate.DONE) for book in self.books]
        BatchRecords(self.state, self.config.root).begin(passed_over)

    def section(self) -> dict[str, dict]:  # type: ignore[type-arg]
        return self.state.read()["batch"]

    def statuses(self) -> dict[str, str]:
        files = self.section()["files"]
        return {book.name: files[book.book_id]["status"] for book in self.books}


async def test_every_book_is_run_once_with_at_most_max_workers_at_a_time(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    folder = Folder(tmp_path, 7, FakeLauncher({}), max_workers=3)
    result = await folder.run()
    assert folder.launcher.most == 3
    assert folder.launcher.launched == [f"{number}.txt" for number in range(1, 8)]
    assert result.tally.status() == "success"
    assert set(folder.statuses().values()) == {"success"}
    summary = folder.section()["summary"]
    assert (summary["status"], summary["total_files"], summary["successful_files"]) == ("success", 7, 7)


async def test_every_entry_has_every_field_and_progress_of_an_earlier_run_is_not_shown(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    folder = Folder(tmp_path, 2, FakeLauncher({"1.txt": 1}))
    for book in folder.books:
        (folder.config.work_dir / book.book_id).mkdir(parents=True)
        (folder.config.work_dir / book.book_id / "progress.jsonl").write_text(
            '{"phase": "subtitles", "done": 1, "total": 1}\n'
        )
    shown: list[BookProgress] = []
    folder.view.progress = lambda _book, progress: shown.append(progress)  # type: ignore[method-assign]
    folder.records_of_skipped()
    during: list[set[str]] = []
    folder.launcher.on_launch = lambda: during.extend(map(set, folder.section()["files"].values()))
    await folder.run()
    fields = "status error_message errors exit_code source_path started_at completed_at duration_sec was_skipped"
    assert all(keys == set(fields.split()) for keys in during)
    assert all(set(entry) == set(fields.split()) for entry in folder.section()["files"].values())
    assert shown == []


async def test_a_bad_book_stops_nobody_else_and_is_recorded(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    folder = Folder(tmp_path, 3, FakeLauncher({"2.txt": 1}))
    result = await folder.run()
    assert folder.statuses() == {"1.txt": "success", "2.txt": "failed", "3.txt": "success"}
    entry = folder.section()["files"][folder.books[1].book_id]
    assert entry["error_message"] == "Orchestrator failed with exit code 1"
    assert entry["errors"][-1].endswith("it is broken")
    assert result.failures == {"2.txt": "2.txt: it is broken"}
    assert folder.section()["summary"]["status"] == "partial"


async def test_a_signal_ends_the_children_and_keeps_what_is_done(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    launcher = FakeLauncher({})

    def interrupt_at_the_third() -> None:
        if len(launcher.launched) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    launcher.on_launch = interrupt_at_the_third
    folder = Folder(tmp_path, 6, launcher)
    result = await folder.run()
    assert result.signum == signal.SIGTERM
    assert launcher.running == 0
    assert set(launcher.launched) == set(launcher.ended) | set(launcher.cancelled)
    entries = folder.section()["files"].values()
    assert {entry["status"] for entry in entries} <= {"success", "pending"}
    assert folder.section()["summary"]["status"] == "partial"


async def test_a_signal_that_is_ignored_as_by_nohup_ends_nothing(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    launcher = FakeLauncher({})
    launcher.on_launch = lambda: os.kill(os.getpid(), signal.SIGHUP)
    folder = Folder(tmp_path, 3, launcher)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        result = await folder.run()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert (result.signum, result.tally.successful) == (None, 3)


def test_a_state_that_breaks_under_a_batch_ends_it_with_the_states_own_error(tmp_path: Path) -> None:
    launcher = FakeLauncher({}, duration_s=0)
    folder = Folder(tmp_path, 3, launcher)
    launcher.on_launch = lambda: folder.config.pipeline_json.write_text("{{{")
    with pytest.raises(StateReadError, match="Corrupted state file"):
        run_batch(folder.batch())
    assert launcher.running == 0


async def test_with_a_busy_machine_one_book_runs_at_a_time_and_all_are_done(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    folder = Folder(tmp_path, 3, FakeLauncher({}))
    folder.monitor = CpuMonitor(85, 1, lambda: CpuTimes(trio.current_time(), 2 * trio.current_time(), 0, 2))
    folder.monitor.others_percent = 100
    result = await folder.run()
    assert folder.launcher.most == 1
    assert result.tally.successful == 3


def test_a_books_start_and_end_are_recorded_with_the_next_commit_or_when_none_comes(tmp_path: Path) -> None:
    folder = Folder(tmp_path, 2, FakeLauncher({}))
    folder.batch()
    first, second = folder.books
    folder.records.book_started(first)
    folder.records.commit([["s", ["books", first.book_id], {"title": "One"}]], "phase_start")
    assert folder.section()["files"][first.book_id]["status"] == "running"
    folder.records.book_ended(first, Ended(0, ""), 1.0)
    folder.records.book_started(second)
    folder.records.settle()
    assert folder.statuses() == {first.name: "success", second.name: "running"}
    folder.records.book_ended(second, Ended(1, "It is empty."), 1.0)
    assert folder.statuses() == {first.name: "success", second.name: "failed"}


def test_newer_facts_of_a_done_books_file_are_kept_so_that_it_is_not_read_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path, 1, FakeLauncher({}))
    (book,) = folder.books
    assert book.source is not None
    older = {**book.source.as_record(), "mtime_ns": 1}
    folder.state.write({"books": {book.book_id: {"source": older}}})
    BatchRecords(folder.state, folder.config.root).begin([replace(book, fate=Fate.DONE)])
    assert folder.state.read()["books"][book.book_id]["source"] == book.source.as_record()


def test_the_last_whole_line_of_a_progress_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    assert read_progress(path) == BookProgress()
    path.write_text('{"phase": "synthesis", "done": 3, "total": 9}\n{"phase": "synthesis", "done": 4, "to')
    assert read_progress(path) == BookProgress("synthesis", 3, 9)
    path.write_text("nonsense\n")
    assert read_progress(path) == BookProgress()


def test_the_fraction_of_a_book_grows_with_its_phases() -> None:
    steps = [BookProgress("validation", 0, 1), BookProgress("synthesis", 1, 2), BookProgress("enhancement", 0, 0)]
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert BookProgress("subtitles", 1, 1).fraction > 0.99
    assert BookProgress().fraction == 0


async def test_what_was_changed_of_a_book_until_its_lock_was_taken_is_what_its_process_is_told(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    folder = Folder(tmp_path, 1, FakeLauncher({}))

    def clear(book: PlannedBook) -> None:
        with PipelineState(folder.config.pipeline_json).transaction(operation="clear") as txn:
            txn.data["books"] = {book.book_id: {"title": "cleared meanwhile"}}

    folder.launcher.on_claim = clear
    await folder.run()
    assert folder.launcher.records["1.txt"]["books"] == {"title": "cleared meanwhile"}


async def test_a_book_that_is_to_be_tried_again_waits_and_keeps_nobody_else_from_working(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    launcher = FakeLauncher({})
    folder = Folder(tmp_path, 4, launcher, max_workers=1)
    first = folder.books[0].book_id
    waits: list[tuple[str, float | None, int, int]] = []

    def fail_once() -> None:
        if launcher.launched == ["1.txt"]:
            about = {"next_try_at": utc_now(60), "retry_count": 1, "retry_limit": 3}
            with folder.state.transaction() as txn:
                txn.data["books"] = {first: about}
        launcher.exit_codes = {"1.txt": 1} if launcher.launched == ["1.txt"] else {}

    launcher.on_launch = fail_once
    folder.view.waits = lambda book, _ended, aftermath: waits.append(  # type: ignore[method-assign]
        (book.name, aftermath.next_try_s, aftermath.failures, aftermath.limit)
    )
    reasons: list[str] = []
    folder.view.started = lambda book: reasons.append(book.reason)  # type: ignore[method-assign]
    result = await folder.run()
    assert launcher.launched == ["1.txt", "2.txt", "3.txt", "4.txt", "1.txt"]
    assert reasons[-1] == "tried again after a failure"
    [(name, next_try_s, failures, limit)] = waits
    assert next_try_s is not None
    assert (name, failures, limit, 50 < next_try_s <= 60) == ("1.txt", 1, 3, True)
    assert trio.current_time() >= 10 + next_try_s
    assert (result.tally.successful, result.tally.failed) == (4, 0)


async def test_a_book_that_failed_a_short_while_ago_starts_when_it_is_due(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    folder = Folder(tmp_path, 2, FakeLauncher({}), max_workers=2)
    folder.books[0] = replace(folder.books[0], due_s=100)
    started = trio.current_time()
    await folder.run()
    assert folder.launcher.ended == ["2.txt", "1.txt"]
    assert trio.current_time() - started == pytest.approx(110, abs=1)


async def test_a_signal_while_a_book_waits_for_its_next_try_ends_the_batch(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    folder = Folder(tmp_path, 1, FakeLauncher({}))
    folder.books[0] = replace(folder.books[0], due_s=1e6)
    batch = folder.batch()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(batch.run)
        await trio.sleep(50)
        os.kill(os.getpid(), signal.SIGTERM)
    assert folder.launcher.launched == []
    assert trio.current_time() < 1e5


async def test_a_book_whose_process_dies_at_once_at_its_next_try_is_not_tried_for_ever(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    launcher = FakeLauncher({"1.txt": 1})
    folder = Folder(tmp_path, 1, launcher)
    about = {"next_try_at": utc_now(), "retry_count": 1, "retry_limit": 3}
    with folder.state.transaction() as txn:
        txn.data["books"] = {folder.books[0].book_id: about}
    result = await folder.run()
    assert launcher.launched == ["1.txt"]
    assert result.tally.failed == 1
