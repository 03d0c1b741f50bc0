import contextlib
import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from stand_ins import Library

from orchestrator import promotion, run
from orchestrator.config import Config
from orchestrator.interrupts import Interrupts
from orchestrator.promotion import staging_folder
from orchestrator.records import BookRecords
from orchestrator.run import Job, orchestrate
from orchestrator.settings import Settings
from orchestrator.spawning import Starter
from pipeline_common import PipelineState, StateTransactionError
from pipeline_common.books import stage

ALL = ["validation", "extraction", "chunking", "synthesis", "enhancement", "subtitles"]


def test_a_book_runs_through_all_phases_and_into_the_output_folder(library: Library) -> None:
    outcome = library.run()
    assert outcome.failure is None
    assert outcome.folder == library.config.output_dir / "Author/Title"
    assert sorted(os.listdir(outcome.folder)) == ["Title.m4b", "Title.srt"]
    assert library.calls() == ALL
    document = library.document()
    assert stage(document, library.id) == "COMPLETE"
    assert document["phase5"]["files"][library.id]["deliverables"]["m4b"]["path"] == "output/Author/Title/Title.m4b"
    assert document["books"][library.id]["title"] == "Title"
    assert document["phase4"]["counts"] == {"success": 1}
    assert not staging_folder(library.config, library.id).exists()


def test_a_finished_book_is_not_touched_again(library: Library) -> None:
    library.run()
    library.calls()
    before = library.document()
    outcome = library.run()
    assert outcome.failure is None
    assert library.calls() == []
    assert library.document() == before


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("source", ALL),
        ("text", ALL[2:]),
        ("pauses", ALL[4:]),
        ("voice", ALL[3:]),
        ("chunk size", ALL[2:]),
        ("deleted chunks.jsonl", ALL[2:]),
        ("truncated text.jsonl", ALL[1:]),
        ("deleted m4b", ALL[4:]),
        ("deleted srt", ALL[5:]),
        ("mtime of the source only", []),
        ("language", ALL),
    ],
)
def test_only_what_a_change_reaches_is_done_again(library: Library, change: str, expected: list[str]) -> None:
    library.run()
    library.calls()
    config, work = library.config, library.config.work_dir / library.id
    changes: dict[str, object] = {}
    match change:
        case "source":
            library.book.write_text("Twice upon a time.\n")
        case "text" | "chunk size":
            changes["text"] = config.text.model_copy(update={"max_chars": 300})
        case "pauses":
            pauses = config.audio.pauses.model_copy(update={"head_s": 2.0})
            changes["audio"] = config.audio.model_copy(update={"pauses": pauses})
        case "voice":
            changes["tts"] = config.tts.model_copy(update={"voice": "en-gb"})
        case "language":
            changes["text"] = config.text.model_copy(update={"language": "de"})
        case "deleted chunks.jsonl":
            (work / "chunks.jsonl").unlink()
        case "truncated text.jsonl":
            os.truncate(work / "text.jsonl", 3)
        case "deleted m4b":
            (config.output_dir / "Author/Title/Title.m4b").unlink()
        case "deleted srt":
            (config.output_dir / "Author/Title/Title.srt").unlink()
        case "mtime of the source only":
            os.utime(library.book, ns=(1, 1))
    outcome = library.run(**changes)
    assert outcome.failure is None
    assert library.calls() == expected
    assert library.run(**changes).failure is None
    assert library.calls() == []


def test_a_failure_is_recorded_and_the_next_run_starts_with_the_failed_phase(library: Library) -> None:
    library.behave(
        "chunking",
        "Path(sys.argv[-1]).write_text(Result(failure=Failure('empty', 'No text. Give some.', True)).to_json(plan)); sys.exit(1)",
    )
    outcome = library.run()
    assert outcome.phase is not None
    assert outcome.phase.name == "chunking"
    assert outcome.failure is not None
    assert outcome.failure.permanent
    document = library.document()
    record, book = document["phase3"]["files"][library.id], document["books"][library.id]
    assert record["status"] == "failed"
    assert record["errors"][0]["message"] == book["error"] == "No text. Give some."
    assert (book["error_type"], book["retry_count"]) == ("empty", 1)
    assert book["error_history"][0]["stage"] == "chunking"
    assert stage(document, library.id) == "FAILED"
    library.calls()
    library.run()
    assert library.calls() == ["chunking"]
    assert library.document()["books"][library.id]["retry_count"] == 1  # who asks for this very book counts anew
    library.behave("chunking", "")
    library.calls()
    assert library.run().failure is None
    assert library.calls() == ALL[2:]
    book = library.document()["books"][library.id]
    assert "error" not in book
    assert len(book["error_history"]) == 2


@pytest.mark.parametrize(
    ("code", "error_type", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed", "SIGKILL"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed", "SIGSEGV"),
        ("sys.exit(3)", "died", "exit code 3"),
        ("Path(sys.argv[-1]).write_text('not json'); sys.exit(0)", "bad_result", "not JSON"),
        ('Path(sys.argv[-1]).write_text(\'{"version": 1, "phase": "other"}\'); sys.exit(0)', "bad_result", "phase is"),
        (
            "Path(sys.argv[-1]).write_text(Result(artifacts={'book': '../../../x'}).to_json(plan)); sys.exit(0)",
            "bad_result",
            "leads out",
        ),
        (
            "Path(sys.argv[-1]).write_text(Result(artifacts={'book': 'nothing'}).to_json(plan)); sys.exit(0)",
            "bad_result",
            "missing",
        ),
        ("Path(sys.argv[-1]).write_text(Result().to_json(plan)); sys.exit(7)", "bad_result", "exit code 7"),
    ],
)
def test_a_phase_that_dies_or_lies_fails_with_the_cause_named(
    library: Library, code: str, error_type: str, words: str
) -> None:
    library.behave("extraction", code)
    failure = library.run().failure
    assert failure is not None
    assert failure.error_type == error_type
    assert words in failure.message


def test_a_phase_that_makes_no_progress_or_takes_too_long_is_ended_with_its_children(library: Library) -> None:
    library.behave("extraction", "import subprocess; subprocess.Popen(['sleep', '600']); time.sleep(600)")
    stalled = library.run(limits=library.config.limits.model_copy(update={"stall_timeout": 0.5})).failure
    assert stalled is not None
    assert stalled.error_type == "stalled"
    late = library.run(phase_timeout=0.5).failure
    assert late is not None
    assert late.error_type == "timeout"
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 600" not in listing


def test_selected_phases_alone_run_on_what_is_given_or_name_what_is_missing(library: Library) -> None:
    failure = library.run(phases_to_run=("4",)).failure
    assert failure is not None
    assert "synthesis needs 'book' of phase 2 (extraction)" in failure.message
    assert library.calls() == []
    library.run(phases_to_run=("1", "2", "3"))
    assert library.calls() == ALL[:3]
    assert not library.config.output_dir.exists()
    assert library.run(phases_to_run=("4", "5")).failure is None
    assert library.calls() == ALL[3:]


def test_without_resume_everything_is_done_again_and_chunks_are_spoken_anew(library: Library) -> None:
    library.run()
    library.calls()
    chunk = library.config.work_dir / library.id / "chunks" / "a.wav"
    chunk.parent.mkdir()
    chunk.write_bytes(b"old")
    library.run(resume_enabled=False)
    assert library.calls() == ALL
    assert not chunk.exists()


def test_an_interrupted_promotion_is_completed_first_from_its_committed_list(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = promotion.move
    moved: list[Path] = []

    def cut(source: Path, destination: Path) -> None:
        if moved:
            raise KeyboardInterrupt
        moved.append(destination)
        real(source, destination)

    monkeypatch.setattr(promotion, "move", cut)
    with pytest.raises(KeyboardInterrupt):
        library.run()
    assert len(os.listdir(library.config.output_dir / "Author/Title")) == 1
    monkeypatch.setattr(promotion, "move", real)
    library.calls()
    outcome = library.run()
    assert outcome.failure is None
    assert library.calls() == []
    assert sorted(os.listdir(library.config.output_dir / "Author/Title")) == ["Title.m4b", "Title.srt"]
    assert stage(library.document(), library.id) == "COMPLETE"


def test_a_promotion_whose_staged_files_are_lost_is_redone_from_phase_5(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_source: Path, _destination: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(promotion, "move", cut)
        with pytest.raises(KeyboardInterrupt):
            library.run()
    for path in staging_folder(library.config, library.id).iterdir():
        path.unlink()
    library.calls()
    assert library.run().failure is None
    assert library.calls() == ALL[4:]
    assert stage(library.document(), library.id) == "COMPLETE"


RETITLED = """
real = Result.__init__
def init(self, **k):
    real(self, **{**k, "output_folder": "Author/New"})
Result.__init__ = init
"""


def test_an_audiobook_that_cannot_be_put_into_place_is_recorded_and_then_completed(library: Library) -> None:
    library.config.output_dir.mkdir()
    (library.config.output_dir / "Author").write_text("a file in the way")
    failure = library.run().failure
    assert failure is not None
    book = library.document()["books"][library.id]
    assert (book["error"], book["error_type"], book["retry_count"]) == (failure.message, "disk", 1)
    (library.config.output_dir / "Author").unlink()
    library.calls()
    assert library.run().failure is None
    assert library.calls() == []
    assert "error" not in library.document()["books"][library.id]


def test_a_book_whose_title_changes_moves_and_leaves_no_old_files(library: Library) -> None:
    library.run()
    library.behave("enhancement", RETITLED)
    library.book.write_text("Changed.\n")
    outcome = library.run()
    assert outcome.folder == library.config.output_dir / "Author/New"
    assert sorted(os.listdir(library.config.output_dir / "Author")) == ["New"]


@pytest.mark.parametrize("output", ["input/../../elsewhere", "link"])
def test_a_book_moves_in_an_output_folder_that_is_named_by_dots_or_a_link(library: Library, output: str) -> None:
    (library.root / "disk").mkdir()
    (library.root / "link").symlink_to("disk")
    library.config = library.config.model_copy(update={"output_dir": library.root / "disk"})
    library.run()
    library.config = library.config.model_copy(update={"output_dir": library.root / output})
    library.behave("enhancement", RETITLED)
    library.book.write_text("Changed.\n")
    outcome = library.run()
    assert outcome.failure is None
    library.behave("enhancement", "")
    library.book.write_text("Changed again.\n")
    outcome = library.run()
    assert outcome.folder == library.config.output_dir / "Author/Title"
    assert os.listdir(library.config.output_dir / "Author") == ["Title"]


def test_a_folder_that_another_book_is_just_claiming_is_not_taken_for_a_claim_cut_short(tmp_path: Path) -> None:
    assert promotion._claim(tmp_path / "model", "Author/Title", "first-11111111") == "Author/Title"
    (claim,) = (tmp_path / "model/.owners").iterdir()
    (tmp_path / "output/.owners").mkdir(parents=True)
    with ThreadPoolExecutor() as pool, (tmp_path / "output/.owners" / claim.name).open("w") as claimed:
        fcntl.flock(claimed, fcntl.LOCK_EX)
        second = pool.submit(promotion._claim, tmp_path / "output", "Author/Title", "second-22222222")
        with contextlib.suppress(TimeoutError):
            second.result(timeout=0.3)
        claimed.write("first-11111111\nAuthor/Title\n")
    assert second.result() == "Author/Title [22222222]"


@pytest.mark.parametrize("is_permanent", [True, False])
def test_a_book_that_does_not_pass_its_check_is_failed_with_the_numbers_and_the_good_audiobook_stays(
    library: Library, is_permanent: bool
) -> None:
    good = library.run().folder / "Title.m4b"
    before = good.read_bytes()
    said = "The finished audiobook did not pass its check: the m4b lasts 3.000 s, not 4.000 s. Run again."
    library.behave(
        "enhancement",
        f"""
(plan.attempt_dir / "Title.m4b").write_text("not finished")
failure = Failure("not_verified", {said!r}, {is_permanent})
Path(sys.argv[-1]).write_text(Result(failure=failure).to_json(plan)); sys.exit(1)
""",
    )
    library.book.write_text("Changed.\n")
    assert library.run().failure.message == said
    assert library.document()["books"][library.id]["error"] == said
    assert stage(library.document(), library.id) == "FAILED"
    assert good.read_bytes() == before


@pytest.mark.parametrize("name", ["Title.m4b", "Title.srt"])
def test_a_byte_damaged_before_promotion_fails_the_book_and_the_good_audiobook_stays(
    library: Library, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    good = library.run().folder / name
    before = good.read_bytes()

    def damage_and_promote(*arguments: object) -> Path:
        path = staging_folder(library.config, library.id) / name
        facts, data = path.stat(), bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # as a disk does it
        return promotion.promote(*arguments)

    monkeypatch.setattr(run, "promote", damage_and_promote)
    library.book.write_text("Changed.\n")
    failure = library.run().failure
    assert f"{name} was changed" in failure.message
    assert good.read_bytes() == before
    assert library.document()["books"][library.id]["error"] == failure.message
    monkeypatch.setattr(run, "promote", promotion.promote)
    library.calls()
    assert library.run().failure is None
    assert library.calls() == ["enhancement", "subtitles"]
    assert good.read_bytes() != before


def test_two_books_with_one_title_get_two_folders_and_keep_them(library: Library) -> None:
    library.run()
    other = Library(library.root, library.config, name="other.txt")
    other.book.write_text("Another.\n")
    assert other.id != library.id
    outcome = other.run()
    assert outcome.folder == library.config.output_dir / f"Author/Title [{other.id[-8:]}]"
    assert (library.config.output_dir / "Author/Title/Title.m4b").read_text().endswith("Once.\n")
    assert other.run().folder == outcome.folder


def test_a_document_from_elsewhere_cannot_make_a_promotion_delete_files_outside_the_output(library: Library) -> None:
    library.run()
    precious = library.root / "precious.txt"
    precious.write_text("keep")
    with PipelineState(library.config.pipeline_json).transaction() as txn:
        txn.data["books"][library.id]["promotion"]["previous"] = ["precious.txt", "output/../precious.txt"]
    library.book.write_text("Changed.\n")
    assert library.run().failure is None
    assert precious.exists()


def test_a_missing_book_is_a_failure_with_a_sentence(library: Library) -> None:
    library.book.unlink()
    failure = library.run().failure
    assert failure is not None
    assert "cannot be read" in failure.message


def test_an_unreadable_book_that_was_a_copy_of_another_is_a_failure_and_no_error_of_the_state(library: Library) -> None:
    with PipelineState(library.config.pipeline_json).transaction() as txn:
        txn.data["phase1"] = {"files": {library.id: {"status": "skipped"}}}
    library.book.unlink()
    failure = library.run().failure
    assert failure is not None
    assert failure.error_type == "missing"


def test_what_a_killed_run_left_is_cleared_away(library: Library) -> None:
    left = library.config.work_dir / library.id / "attempts" / "enhancement-7"
    left.mkdir(parents=True)
    progress = library.config.work_dir / library.id / "progress.jsonl"
    progress.write_text('{"phase": "subtitles", "done": 1, "total": 1}\n')
    library.run()
    assert not left.exists()
    assert not progress.exists()


def test_a_kernel_without_pidfd_is_waited_on_all_the_same(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_pid: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", missing, raising=False)
    assert library.run(phases_to_run=("1", "2")).failure is None


def test_a_work_folder_that_fails_under_a_phase_leaves_no_claim(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_plan: object, **_how: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run, "run_attempt", full)
    with pytest.raises(OSError, match="No space"):
        library.run()
    assert library.document()["phase1"]["files"][library.id]["status"] == "pending"


def test_a_phase_whose_beginning_cannot_be_committed_does_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_records: BookRecords) -> None:
        raise StateTransactionError("The disk refused.")

    monkeypatch.setattr(BookRecords, "confirm", refuse)
    with pytest.raises(StateTransactionError, match="refused"):
        library.run()
    assert not (library.root / "calls").exists()


def test_a_signal_ends_the_phase_and_releases_its_claim(library: Library) -> None:
    configure_by_hand(library)
    started = library.root / "started"
    os.mkfifo(started)
    library.behave("chunking", f"open({str(started)!r}, 'w').close(); time.sleep(600)")
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "input/book.txt"], cwd=library.root, stderr=subprocess.PIPE, text=True
    )
    with started.open():  # opens once the phase is at work
        process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "finished work is kept" in errors
    assert "Traceback" not in errors
    document = library.document()
    assert document["phase3"]["files"][library.id]["status"] == "pending"
    assert document["phase2"]["files"][library.id]["status"] == "success"


def test_a_damaged_chunk_that_only_enhancement_can_see_is_spoken_again_once(library: Library) -> None:
    once = f"""
flag = Path({str(library.root / "flag")!r})
if not flag.exists():
    flag.touch()
    Path(sys.argv[-1]).write_text(Result(failure=Failure("missing_chunk", "Damaged. Again.", False)).to_json(plan))
    sys.exit(1)
"""
    library.behave("enhancement", once)
    assert library.run().failure is None
    assert library.calls() == [*ALL[:4], "enhancement", "synthesis", "enhancement", "subtitles"]
    library.behave("enhancement", once.replace("if not flag.exists():", "if True:"))
    failure = library.run(resume_enabled=False).failure
    assert failure is not None
    assert failure.error_type == "missing_chunk"
    assert library.calls() == [*ALL[:4], "enhancement", "synthesis", "enhancement"]


def test_timings_that_are_none_are_made_again_rather_than_believed(library: Library) -> None:
    library.behave(
        "synthesis",
        """
(plan.attempt_dir / "timings.jsonl").write_text("[1]\\n")
Path(sys.argv[-1]).write_text(Result(artifacts={"timings": "timings.jsonl"}).to_json(plan))
sys.exit(0)
""",
    )
    library.behave("enhancement", "sys.exit(3)")
    assert library.run().failure is not None
    library.behave("synthesis", "")
    library.behave("enhancement", "")
    library.calls()
    assert library.run().failure is None
    assert library.calls() == ALL[3:]


def test_with_another_output_folder_a_finished_book_moves_there(library: Library) -> None:
    library.run()
    library.calls()
    outcome = library.run(output_dir=library.root / "elsewhere")
    assert outcome.folder == library.root / "elsewhere/Author/Title"
    assert sorted(os.listdir(outcome.folder)) == ["Title.m4b", "Title.srt"]
    assert library.calls() == []
    assert library.run(output_dir=library.root / "elsewhere").folder == outcome.folder


def test_a_copy_of_the_whole_folder_is_as_done_as_the_folder_itself(library: Library, tmp_path: Path) -> None:
    library.run()
    library.calls()
    copy = tmp_path / "copy"
    shutil.copytree(library.root, copy, ignore=shutil.ignore_patterns("copy"), copy_function=shutil.copyfile)
    other = Library(copy, Config().resolved(copy))
    assert other.run().failure is None
    assert library.calls() == []


def test_a_claim_of_a_killed_run_is_released_even_where_its_phase_does_not_run_now(library: Library) -> None:
    library.run()
    with PipelineState(library.config.pipeline_json).transaction() as txn:
        txn.data["phase4"]["files"][library.id]["status"] = "running"
    library.calls()
    library.run(phases_to_run=("1", "2"))
    assert library.calls() == []
    assert library.document()["phase4"]["files"][library.id]["status"] == "pending"


def test_a_program_in_the_place_of_a_phase_that_cannot_be_started_is_named(library: Library) -> None:
    programs = Config.model_validate({"phases": {"extraction": {"command": ["no-such-program"]}}}).programs
    config = library.config.model_copy(update={"programs": programs})
    with Starter() as starter, Interrupts() as interrupts:
        state = PipelineState(config.pipeline_json)
        job = Job(library.id, library.book, Settings.of(config), state, library.said.append, starter)
        outcome = orchestrate(job, interrupts)
    assert outcome.failure is not None
    assert outcome.failure.error_type == "command"
    assert "no-such-program, cannot be started: No such file or directory" in outcome.failure.message
    assert "Correct phases.extraction in the configuration" in outcome.failure.message


def test_what_a_phase_has_started_and_left_is_gone_before_the_next_one_starts(library: Library) -> None:
    configure_by_hand(library)
    marker = f"{library.root}/left"
    library.behave("validation", f"os.fork() or (os.setsid(), os.execvp('tail', ['tail', '-F', {marker!r}]))")
    listed = library.root / "listed"
    library.behave(
        "extraction", f"import subprocess; subprocess.run('ps -ewwo args > {listed}', shell=True, check=True)"
    )
    process = subprocess.run([sys.executable, "-m", "orchestrator", "input/book.txt"], cwd=library.root, check=False)
    assert process.returncode == 0
    assert "fake_phases.py" in listed.read_text()
    assert marker not in listed.read_text()


def configure_by_hand(library: Library) -> None:
    """Have the command run the stand-ins, too."""
    command = [sys.executable, "-S", "-P", str(library.root / "fake_phases.py")]
    phases = {phase: {"command": command} for phase in ALL}
    (library.root / "config.yaml").write_text(json.dumps({"phases": phases}))  # JSON is YAML
