"""What `pipeline-state check` says of the files of the books."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from stand_ins import Library

from orchestrator import promotion
from orchestrator.inspection import inspect
from orchestrator.promotion import staging_folder
from pipeline_common import PipelineState
from pipeline_common.cli import main


def faults(library: Library, *busy: str) -> list[str]:
    return [f"{f.part}: {f.what}" for f in inspect(library.document(), library.config, frozenset(busy))]


def test_a_finished_book_is_in_order(library: Library) -> None:
    library.run()
    assert faults(library) == []
    assert main(["--pipeline-json", str(library.config.pipeline_json), "check"]) == 0


def test_a_failed_book_is_in_order_and_so_is_it_after_the_next_run(library: Library) -> None:
    library.behave("enhancement", "raise SystemExit(1)")
    assert library.run().failure
    assert faults(library) == []
    library.behave("enhancement", "")
    assert library.run().folder
    assert faults(library) == []


@pytest.mark.parametrize("command", [["clear"], ["clear", "--from-phase", "3"]])
def test_a_cleared_book_is_in_order_and_is_made_again_from_there(library: Library, command: list[str]) -> None:
    library.run()
    library.calls()
    assert main(["--pipeline-json", str(library.config.pipeline_json), command[0], "Title", *command[1:]]) == 0
    assert faults(library) == []
    assert library.run().folder
    assert library.calls()[0] == ("chunking" if command[1:] else "validation")
    assert faults(library) == []


def test_a_retried_book_goes_on_at_the_phase_that_failed(library: Library) -> None:
    library.behave("chunking", "raise SystemExit(1)")
    assert library.run().failure
    library.calls()
    library.behave("chunking", "")
    assert main(["--pipeline-json", str(library.config.pipeline_json), "retry", "Title"]) == 0
    assert library.run().folder
    assert library.calls()[0] == "chunking"


def test_files_that_are_gone_or_changed_are_named_with_their_phase(library: Library) -> None:
    library.run()
    work = library.config.work_dir / library.id
    (work / "text.jsonl").unlink()
    (work / "chunks.jsonl").write_text("other")
    audio = library.config.output_dir / "Author/Title/Title.m4b"
    os.truncate(audio, 1)
    assert faults(library) == [
        f"artifacts: text of phase 2 (extraction): work/{library.id}/text.jsonl is gone.",
        f"artifacts: chunks of phase 3 (chunking): work/{library.id}/chunks.jsonl was changed.",
        "artifacts: m4b of phase 5 (enhancement): output/Author/Title/Title.m4b was changed.",
    ]
    assert main(["--pipeline-json", str(library.config.pipeline_json), "check"]) == 1


def test_bytes_decide_where_only_the_time_of_a_file_differs(library: Library) -> None:
    library.run()
    text = library.config.work_dir / library.id / "book.json"
    os.utime(text, ns=(0, 0))
    assert faults(library) == []
    text.write_text("X" * text.stat().st_size)
    assert len(faults(library)) == 1


def test_what_led_to_a_finished_audiobook_may_be_cleaned_away_but_not_what_an_unfinished_one_needs(
    library: Library,
) -> None:
    library.run()
    shutil.rmtree(library.config.work_dir / library.id)
    assert faults(library) == []
    with PipelineState(library.config.pipeline_json).transaction() as txn:
        del txn.data["phase5"]["files"][library.id]
    assert [fault.partition(" of ")[0][11:] for fault in faults(library)] == [
        "source",
        "book",
        "text",
        "chunks",
        "timings",
    ]


def test_chunks_are_needed_until_they_are_joined(library: Library) -> None:
    library.behave("enhancement", "raise SystemExit(1)")
    library.run()
    record = library.document()["phase4"]["files"][library.id]["artifacts"]["timings"]
    timings = library.root / record["path"]
    for content, expected in (
        ('{"audio_id": "abc", "size_bytes": 3}\n', "of its chunks, abc.wav is gone or damaged."),
        ("not JSON\n", "timings.jsonl cannot be read"),
        ("[]\n", "timings.jsonl cannot be read"),
    ):
        timings.write_text(content)
        facts = timings.stat()
        with PipelineState(library.config.pipeline_json).transaction() as txn:
            recorded = txn.data["phase4"]["files"][library.id]["artifacts"]["timings"]
            recorded.update(size_bytes=facts.st_size, mtime_ns=facts.st_mtime_ns)
        (fault,) = faults(library)
        assert expected in fault
    timings.write_text('{"audio_id": "abc", "size_bytes": 3}\n')
    with PipelineState(library.config.pipeline_json).transaction() as txn:
        facts = timings.stat()
        recorded = txn.data["phase4"]["files"][library.id]["artifacts"]["timings"]
        recorded.update(size_bytes=facts.st_size, mtime_ns=facts.st_mtime_ns)
    (timings.parent / "chunks").mkdir(exist_ok=True)
    (timings.parent / "chunks" / "abc.wav").write_text("abc")
    assert faults(library) == []


def test_an_interrupted_promotion_is_a_fault_until_the_next_run(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(promotion, "_place", cut)
        with pytest.raises(KeyboardInterrupt):
            library.run()
    assert faults(library) == ["artifacts: its finished files are only partly in the output folder."]
    assert library.run().folder
    assert faults(library) == []


def leave(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("left")
    return path


@pytest.mark.parametrize(
    "place",
    [
        lambda config, book: config.work_dir / "stranger-00000000" / "text.jsonl",
        lambda config, book: config.work_dir / "note.txt",
        lambda config, book: config.work_dir / book / "note.txt",
        lambda config, book: config.work_dir / book / "attempts" / "synthesis-1" / "files" / "x",
        lambda config, book: config.work_dir / book / "chunks" / ".abc.wav.123.tmp",
        lambda config, book: config.work_dir / book / ".text.jsonl.123.tmp",
        lambda config, book: config.output_dir / "Author/Title/Title.wav",
        lambda config, book: config.output_dir / "Author/Title/.Title.m4b.12.tmp",
        lambda config, book: config.output_dir / "Nobody/Nothing/Nothing.mp3",
        lambda config, book: staging_folder(config, book) / "Title.m4b",
        lambda config, book: staging_folder(config, "stranger-00000000") / "Title.m4b",
    ],
)
def test_what_belongs_to_no_book_or_was_left_behind_is_an_orphan(library: Library, place: Callable[..., Path]) -> None:
    library.run()
    leave(place(library.config, library.id))
    (fault,) = faults(library)
    assert fault.startswith("orphans: ")


@pytest.mark.parametrize(
    "place",
    [
        lambda config, book: config.work_dir / ".locks" / "stranger-00000000",
        lambda config, book: config.work_dir / book / "logs" / "any.log",
        lambda config, book: config.work_dir / book / "progress.jsonl",
        lambda config, book: config.work_dir / book / "cover.jpg",
        lambda config, book: config.work_dir / book / "chunks" / f"{'0' * 32}.wav",
        lambda config, book: config.output_dir / "Author/.nomedia",
        lambda config, book: config.output_dir / ".trash/old.mp3",
    ],
)
def test_what_phases_and_other_programs_keep_there_is_no_orphan(library: Library, place: Callable[..., Path]) -> None:
    library.run()
    leave(place(library.config, library.id))
    assert faults(library) == []


def test_of_many_faults_people_are_told_the_first_and_json_has_them_all(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    library.run()
    for number in range(120):
        leave(library.config.work_dir / f"stranger-{number:08x}" / "text.jsonl")
    command = ["--pipeline-json", str(library.config.pipeline_json), "check"]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert out.count("stranger-") == 100
    assert "… and 20 more; --json lists them all." in out
    assert main([*command, "--json"]) == 1
    assert capsys.readouterr().out.count("stranger-") == 120


def test_a_book_that_is_being_worked_on_is_passed_over(library: Library) -> None:
    library.run()
    (library.config.work_dir / library.id / "text.jsonl").unlink()
    leave(library.config.work_dir / library.id / "attempts" / "x" / "y")
    leave(staging_folder(library.config, library.id) / "Title.m4b")
    assert len(faults(library)) == 3
    assert faults(library, library.id) == []


def test_an_earlier_audiobook_that_is_to_be_replaced_is_no_orphan(library: Library) -> None:
    library.run()
    library.behave("chunking", "raise SystemExit(1)")
    library.book.write_text("Twice.\n")
    assert library.run().failure
    assert library.document()["books"][library.id]["promotion"]["state"] == "outdated"
    assert faults(library) == []


def test_one_folder_inside_another_is_not_searched_twice(library: Library) -> None:
    root = library.root
    library.config = library.config.model_copy(update={"work_dir": root, "output_dir": root / "output"})
    library.run()
    names = {fault.split("/")[-1].split(" ")[0] for fault in faults(library)}
    assert names == {"behaviours", "calls", "fake_phases.py", "pipeline.json.lock"}


@pytest.mark.parametrize(
    "record",
    [
        {"path": "../../../etc/passwd", "size_bytes": 1, "mtime_ns": 1, "sha256": "0"},
        {"path": "a\0b", "size_bytes": 1, "mtime_ns": 1},
        {"path": "\ud800", "size_bytes": 1, "mtime_ns": 1},
        {"path": "fifo", "size_bytes": 0, "mtime_ns": 1},
        {"path": "pipeline.json/x", "size_bytes": 0, "mtime_ns": 1},
        {"path": "x", "size_bytes": None},
        {"path": 5},
        "text",
        None,
    ],
)
def test_a_document_from_elsewhere_opens_nothing_and_crashes_nothing(library: Library, record: object) -> None:
    library.run()
    os.mkfifo(library.root / "fifo")
    document = library.document()
    document["phase1"]["files"][library.id]["artifacts"]["source"] = record
    document["phase1"]["files"]["../x"] = {"status": "success", "artifacts": {"a": record}}
    found = list(inspect(document, library.config, frozenset()))
    assert {fault.part for fault in found} == {"artifacts"}
    assert len(found) == 2
