"""The disk model and the explorer themselves, tried on a small log of which it is known what is right and wrong."""

import os
import random
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
import toy_log
from disk_model import FOLDER, Disk, Image, Name, SyncData, SyncFile, SyncFolder, Truncate, Unlink, Write, written_to
from explorer import EMPTY_DISK, Explorer, OpenStore, Story, Violation
from recording import Recording, RecordingSystem, run_until_killed

from pipeline_common.system import System

PUTS = 8


def opening(log: type[toy_log.ToyLog]) -> OpenStore:
    def open_log(root: Path, system: System) -> AbstractContextManager[toy_log.ToyLog]:
        return toy_log.opened(log, root, system)

    return open_log


def explored(scratch: Path, log: type[toy_log.ToyLog], *, seed: int, deeper: int = 6) -> Explorer:
    recording = Recording(scratch / "recorded")
    recording.begin_with(EMPTY_DISK)
    story = Story(recording)
    with toy_log.opened(log, recording.root, RecordingSystem(recording)) as store:
        for number in range(PUTS):
            story.put(store, "abc"[number % 2], f"value {number} " * 4)
    explorer = Explorer(scratch, opening(log), whole_file="document.json", per_point=60, deeper=deeper, seed=seed)
    explorer.explore(recording)
    return explorer


def contents(disk: Disk, name: str) -> set[bytes | None]:
    images = list(disk.images(limit=10_000))
    return {image.contents[image.names[name]] if name in image.names else None for image in images}


def names(disk: Disk) -> set[frozenset[str]]:
    return {frozenset(image.names) for image in disk.images(limit=10_000)}


def disk_with(*steps: object, **files: bytes) -> Disk:
    numbers = {name: number for number, name in enumerate(files, 1)}
    image = Image(numbers, {numbers[name]: content for name, content in files.items()}, {})
    disk = Disk(image, random.Random(1))
    for step in steps:
        disk.apply(step)  # type: ignore[arg-type]
    return disk


def test_a_log_that_is_right_survives_every_crash(scratch: Path, crash_seed: int):
    explorer = explored(scratch, toy_log.ToyLog, seed=crash_seed)
    explorer.report("toy log")
    assert explorer.distinct > 200
    assert explorer.recoveries == 6


@pytest.mark.parametrize(
    "log",
    [
        toy_log.NoChecksum,
        toy_log.JournalNotSynced,
        toy_log.JournalResetFirst,
        toy_log.DocumentInPlace,
        toy_log.FolderNotSynced,
    ],
)
def test_a_log_that_is_wrong_is_caught(scratch: Path, crash_seed: int, log: type[toy_log.ToyLog]):
    with pytest.raises(Violation, match=f"the power failed after step .*(?s:.*)seed {crash_seed}"):
        explored(scratch, log, seed=crash_seed)


def test_a_recovery_that_is_wrong_is_caught_when_the_power_fails_again(scratch: Path, crash_seed: int):
    explored(scratch, toy_log.TailCutByRewriting, seed=crash_seed, deeper=0)
    with pytest.raises(Violation):
        explored(scratch, toy_log.TailCutByRewriting, seed=crash_seed, deeper=60)


def test_a_write_may_be_there_or_not_or_torn_until_the_file_is_synced():
    write = Write(1, 2, b"CDEF")
    torn = contents(disk_with(write, a=b"ab"), "a")
    assert {b"ab", b"abCDEF", b"abC", b"abC\0\0\0", b"ab\0\0EF"} <= torn
    assert contents(disk_with(write, SyncFile(1), a=b"ab"), "a") == {b"abCDEF"}


def test_an_overwritten_place_may_show_the_bytes_before_it():
    found = contents(disk_with(Write(1, 0, b"old!"), SyncFile(1), Write(1, 0, b"NEW!"), a=b""), "a")
    assert {b"old!", b"NEW!", b"NEd!", b"olW!"} <= found


def test_writes_reach_the_disk_in_any_order():
    found = contents(disk_with(Write(1, 0, b"AB"), Truncate(1, 1), Write(1, 1, b"X"), a=b""), "a")
    assert {b"", b"AB", b"A", b"AX", b"\0X"} <= found


def test_a_sync_that_was_refused_makes_nothing_certain_nor_does_the_next():
    steps = [Write(1, 0, b"AB"), SyncFile(1, refused=True), Write(1, 2, b"CD"), SyncFile(1)]
    found = contents(disk_with(*steps, a=b""), "a")
    assert {b"ABCD", b"\0\0CD"} <= found
    assert all(content and content.endswith(b"CD") for content in found)


def test_an_fdatasync_makes_certain_what_stands_within_the_size_that_was_certain_and_no_other_size():
    over_and_beyond = [Write(1, 1, b"BCDE"), SyncData(1)]
    found = contents(disk_with(*over_and_beyond, a=b"abc"), "a")
    assert {b"aBC", b"aBCDE", b"aBCD"} <= found
    assert all(content and content.startswith(b"aBC") for content in found)
    assert contents(disk_with(*over_and_beyond, SyncFile(1), a=b"abc"), "a") == {b"aBCDE"}
    assert contents(disk_with(Write(1, 0, b"AB"), SyncData(1), a=b"abc"), "a") == {b"ABc"}


def test_an_fdatasync_promises_nothing_about_bytes_behind_a_cut_that_is_not_certain():
    found = contents(disk_with(Truncate(1, 1), Write(1, 0, b"ABC"), SyncData(1), a=b"abc"), "a")
    assert {b"Abc", b"A", b"ABC"} <= found
    assert all(content and content.startswith(b"A") for content in found)


def test_names_are_uncertain_until_their_folder_is_synced():
    steps = [Unlink("a"), Name("b", 9)]
    assert names(disk_with(*steps, a=b"")) == {frozenset(found) for found in ("", "a", "b", "ab")}
    assert names(disk_with(*steps, SyncFolder(""), a=b"")) == {frozenset("b")}


def test_a_rename_may_come_before_the_data_but_never_by_half():
    steps = [Name("new", 9), Write(9, 0, b"all"), Name("a", 9, source="new")]
    disk = disk_with(*steps, a=b"before")
    assert {b"before", b"", b"all"} <= contents(disk, "a")
    assert frozenset(()) not in names(disk)
    assert contents(disk_with(*steps, SyncFolder(""), SyncFile(9), a=b"before"), "a") == {b"all"}


def test_what_lies_in_a_folder_is_lost_with_it():
    steps = [Name("sub", FOLDER), Name("sub/file", 9), SyncFolder("sub")]
    assert names(disk_with(*steps)) == {frozenset(), frozenset({"sub", "sub/file"})}


def test_a_rename_into_another_folder_takes_the_old_name_with_it():
    steps = [Name("sub", FOLDER), Name("a", 9), Name("sub/a", 9, source="a"), SyncFolder("sub"), SyncFolder("")]
    assert names(disk_with(*steps)) == {frozenset({"sub", "sub/a"})}


def test_a_recording_knows_a_file_by_all_its_names_and_after_its_number_was_used_again(tmp_path: Path):
    recording = Recording(tmp_path / "recorded")
    recording.begin_with(Image({"a": 1}, {1: b"first"}, {1: 1_000_000_000}))
    system = RecordingSystem(recording)
    a, b = str(recording.root / "a"), str(recording.root / "b")
    assert os.stat(a).st_mtime_ns == 1_000_000_000
    system.link(a, b)
    system.unlink(a)
    descriptor = system.open(a, os.O_RDWR | os.O_CREAT)
    system.write(descriptor, b"second")
    system.pwrite(descriptor, b"S", 0)
    system.truncate(descriptor, 3)
    system.close(descriptor)
    assert recording.names == {"b": 1, "a": 2}
    data = [entry for entry in recording.entries if isinstance(entry, Write | Truncate)]
    assert written_to(b"", data) == b"Sec" == (recording.root / "a").read_bytes()


def test_a_disk_is_made_as_it_is_with_links_and_folders(tmp_path: Path):
    image = Image({"sub": FOLDER, "sub/b": 1, "a": 1, "c": 2}, {1: b"one", 2: b"one"}, {})
    image.write_to(tmp_path / "disk")
    a, b, c = (tmp_path / "disk" / name for name in ("a", "sub/b", "c"))
    assert a.samefile(b)
    assert not a.samefile(c)
    unlinked = Image({**image.names, "c": 1}, {1: b"one"}, {})
    assert unlinked.digest() != image.digest()


def test_the_steps_of_a_killed_process_are_those_before_its_death(tmp_path: Path):
    recording = Recording(tmp_path / "recorded")
    recording.begin_with(EMPTY_DISK)
    path = str(recording.root / "folder")
    system = RecordingSystem(recording)
    work = partial(list, map(system.make_folder, [f"{path}{number}" for number in range(5)]))
    run_until_killed(recording, 2, work)
    assert recording.entries == [Name("folder0", FOLDER), Name("folder1", FOLDER)]
    assert sorted(os.listdir(recording.root)) == ["folder0", "folder1"]
    run_until_killed(recording, 9, work)
    assert len(recording.names) == 5
    with pytest.raises(ChildProcessError, match="failed before its step 3"):
        run_until_killed(recording, 3, lambda: system.unlink(f"{path}9"))
