"""Results that are not what they should be, and output without end: each from a real process."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from commands import run
from stand_ins import Library

from orchestrator.logs import CappedLog
from pipeline_common.phases import PHASES

ANSWER = """
import json
document = json.loads(Result(artifacts={"book": "book.json", "text": "text.jsonl"}).to_json(plan))
for name in ("book.json", "text.jsonl"):
    (plan.attempt_dir / name).write_text("{}\\n")
answer = Path(sys.argv[-1])
"""
"""What a phase that has done its work has at hand before it lies."""


@pytest.fixture
def library(library: Library) -> Library:
    library.programs = True
    return library


def lie(library: Library, code: str) -> str:
    """Have extraction do so, and run the book; what it failed with."""
    library.behave("extraction", f"{ANSWER}\n{code}\nsys.exit(0)")
    failure = library.run().failure
    assert failure is not None
    assert failure.error_type == "bad_result", failure
    assert library.document()["phase2"]["files"][library.id]["status"] == "failed"
    return failure.message


def told(library: Library, changes: str) -> str:
    """What a result with these changes fails with."""
    return lie(library, f"document.update(dict({changes})); answer.write_text(json.dumps(document))")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("version=2", "version is 2, expected 1"),
        ("phase='chunking'", "phase is 'chunking', expected 'extraction'"),
        ("book_id='another-00000000'", "book_id is 'another-00000000', expected 'book-"),
        ("attempt=7", "attempt is 7, expected 1"),
        ("attempt=True", "attempt is True, expected 1"),
        ("status='fine'", "status is 'fine', expected 'success' or 'failed'"),
        ("status='failed'", "error is None, expected an object"),
        ("status='failed', error={'message': 'No.', 'permanent': True}", "error.type is missing"),
        ("status='failed', error={'type': 'no', 'message': 3, 'permanent': True}", "error.message is 3"),
        ("status='failed', error={'type': 'no', 'message': 'No.', 'permanent': 1}", "error.permanent is 1, expected true"),
        ("artifacts=['book.json']", "artifacts is ['book.json'], expected an object"),
        ("artifacts={'book': 3}", "artifacts.book is 3, expected a string"),
        ("artefacts={}", "artefacts is no field of a result"),
        ("output_folder=3", "output_folder is 3, expected a string or null"),
        ("output_folder='../elsewhere'", "output_folder is '../elsewhere'"),
        ("output_folder='.staging/other'", "output_folder is '.staging/other'"),
        ("output_folder='a\\0b'", "output_folder is 'a\\x00b'"),
        ("metrics={'words': {'a': 1}}", "metrics.words is {'a': 1}, expected a number or a word"),
        ("book={'title': 3}", "book.title is 3, expected a string"),
        ("book={'authors': 'Jane'}", "book.authors is 'Jane', expected a list of strings"),
        ("artifacts={}", "artifacts.book is missing, which later phases need"),
        ("artifacts={'book': 'book.json'}", "artifacts.text is missing, which later phases need"),
        ("artifacts={**document['artifacts'], 'chunks': 'book.json'}", "artifacts.chunks is nothing that extraction leaves"),
        ("artifacts={**document['artifacts'], 'cover': 'book.json'}", "artifacts.cover is 'book.json', expected a file"),
        ("artifacts={**document['artifacts'], 'cover': 'cover.jpg'}", "artifacts.cover is 'cover.jpg', which is missing"),
        ("artifacts={**document['artifacts'], 'cover': '../plan.json'}", "leads out of the attempt folder"),
        ("artifacts={**document['artifacts'], 'cover': '/etc/hostname'}", "leads out of the attempt folder"),
        ("artifacts={**document['artifacts'], 'cover': '.'}", "leads out of the attempt folder"),
        ("artifacts={**document['artifacts'], 'cover': 'a\\0b'}", "is no name of a file"),
        ("deliverables={'m4b': 'book.json'}", "deliverables.m4b is given, but extraction has nothing for the listener"),
        ("deliverables={'m4b': 'x.m4b'}", "deliverables.m4b is 'x.m4b', which is missing"),
    ],
)  # fmt: skip
def test_a_result_that_is_not_as_agreed_is_refused_with_its_field(library: Library, changes: str, words: str) -> None:
    assert words in told(library, changes)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("answer.write_text('[1, 2]')", "expected an object, found list"),
        ("answer.write_text('')", "result: not JSON"),
        ("answer.write_text(json.dumps(document)[:-3])", "result: not JSON"),
        ("answer.write_bytes(bytes([255, 254]))", "result: it is not UTF-8 (byte 0)"),
        ("answer.write_text('[' * 100000)", "result: not JSON"),
        ("document['metrics'] = {'a': float('nan')}; answer.write_text(json.dumps(document))", "NaN is no number of JSON"),
        ("document['metrics'] = {'a': 'X'}; answer.write_text(json.dumps(document).replace('\"X\"', '1e999'))", "metrics.a is inf"),
        ("os.truncate(os.open(answer, os.O_RDWR | os.O_CREAT), 1 << 40)", "it is larger than 1 MiB"),
        ("answer.mkdir()", "result: it is no regular file"),
        ("os.mkfifo(answer)", "result: it is no regular file"),
        ("answer.symlink_to('/dev/zero')", "result: it is no regular file"),
    ],
)  # fmt: skip
def test_a_result_that_cannot_be_read_is_refused_and_nothing_waits_for_it(
    library: Library, code: str, words: str
) -> None:
    assert words in lie(library, code)


@pytest.mark.parametrize(
    "code",
    [
        "(plan.attempt_dir / 'text.jsonl').unlink(); (plan.attempt_dir / 'text.jsonl').symlink_to({secret!r})",
        "(plan.attempt_dir / 'door').symlink_to({folder!r}); document['artifacts']['text'] = 'door/text.jsonl'",
        "import shutil; shutil.rmtree(plan.attempt_dir); plan.attempt_dir.symlink_to({folder!r})",
        "(plan.attempt_dir / 'text.jsonl').unlink(); os.mkfifo(plan.attempt_dir / 'text.jsonl')",
    ],
)
def test_a_link_out_of_the_attempt_folder_moves_nothing(library: Library, tmp_path: Path, code: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("book.json", "text.jsonl"):
        (outside / name).write_text("precious")
    done = code.format(secret=str(outside / "text.jsonl"), folder=str(outside))
    message = lie(library, f"{done}; answer.write_text(json.dumps(document))")
    assert "is no regular file of the attempt folder" in message
    assert [path.read_text() for path in sorted(outside.iterdir())] == ["precious", "precious"]
    assert not (library.config.work_dir / library.id / "book.json").exists()


def test_two_deliverables_of_one_name_are_refused(library: Library) -> None:
    library.behave(
        "enhancement",
        """
for name in ("ledger.jsonl", "report.json", "Title.m4b"):
    (plan.attempt_dir / name).write_text("")
(plan.attempt_dir / "b").mkdir()
(plan.attempt_dir / "b/Title.m4b").write_text("")
result = Result(artifacts={"ledger": "ledger.jsonl"}, deliverables={"a": "Title.m4b", "b": "b/Title.m4b"})
Path(sys.argv[-1]).write_text(result.to_json(plan))
sys.exit(0)
""",
    )
    failure = library.run().failure
    assert failure is not None
    assert "deliverables.a is 'Title.m4b'; names are visible, and each is given once" in failure.message


def test_what_can_be_left_out_of_a_result_may_be_left_out(library: Library) -> None:
    library.behave(
        "extraction",
        f"{ANSWER}\nfor name in ('deliverables', 'output_folder', 'metrics', 'book', 'error'): del document[name]\n"
        "answer.write_text(json.dumps(document)); sys.exit(0)",
    )
    assert library.run().failure is None


def test_what_is_written_after_a_phase_said_it_was_done_does_not_count(library: Library) -> None:
    """A process that was left behind is ended before the result is read, so it changes nothing afterwards."""
    command = [sys.executable, "-S", "-P", str(library.root / "fake_phases.py")]
    phases = {phase.name: {"command": command} for phase in PHASES}
    (library.root / "config.yaml").write_text(json.dumps({"phases": phases}))  # JSON is YAML
    library.behave(
        "extraction",
        f"""{ANSWER}
answer.write_text(json.dumps(document))
ready, told = os.pipe()
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(told, b".")
    while True:
        (plan.book_dir / "text.jsonl").write_text("late")
os.read(ready, 1)
sys.exit(0)
""",
    )
    process = run("orchestrate-audiobook", library.book, cwd=library.root)  # which takes in what phases leave behind
    assert process.returncode == 0, process.stderr
    assert (library.config.work_dir / library.id / "text.jsonl").read_text() == "{}\n"


SPEW = """
block = b"y" * 65535 + b"\\n"
for number in range({blocks}):
    os.write(1, block)
    if number % 100 == 0:
        with plan.progress.open("a") as progress:
            progress.write(json.dumps({{"phase": plan.phase, "done": number, "total": {blocks}}}) + "\\n")
os.write(1, b"the last words\\n")
"""


def test_a_phase_that_prints_without_end_does_no_harm_and_its_first_and_last_words_are_kept(library: Library) -> None:
    library.behave("extraction", "os.write(1, b'the first words\\n')\n" + SPEW.format(blocks=1000))
    limits = library.config.limits.model_copy(update={"max_log_mb": 1})
    assert library.run(limits=limits).failure is None
    (log,) = (library.config.work_dir / library.id / "logs").glob("extraction-*.log")
    text = log.read_text()
    assert len(text) < (1 << 20) + 200
    assert text.startswith("the first words\n")
    assert "MB of output were left out after the first 0.5 MB: limits.max_log_mb is 1]" in text.splitlines()[-1]


def test_a_phase_that_prints_without_end_and_ignores_that_it_is_to_end_does_no_harm_either(library: Library) -> None:
    log = library.config.work_dir / library.id / "logs/extraction-1.log"
    endless = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    os.write(1, bytes(1 << 20))\n"
    library.behave("extraction", endless)
    limits = library.config.limits.model_copy(update={"max_log_mb": 1})
    failure = library.run(limits=limits, phase_timeout=0.5).failure
    assert failure is not None
    assert failure.error_type == "timeout"
    assert log.stat().st_size < (1 << 20) + 200


def test_what_is_printed_within_the_limit_is_kept_as_it_is(library: Library) -> None:
    library.behave("extraction", SPEW.format(blocks=20))
    assert library.run().failure is None
    (log,) = (library.config.work_dir / library.id / "logs").glob("extraction-*.log")
    assert log.stat().st_size == 20 * 65536 + len("the last words\n")


def test_a_log_whose_name_the_phase_has_removed_is_cut_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "phase.log"
    log = CappedLog(path, 1000)
    with path.open("ab") as written:
        path.unlink()
        for _ in range(100):
            written.write(bytes(500))
            written.flush()
            log.trim()
            assert os.fstat(written.fileno()).st_size <= 1000
    log.close()


@pytest.mark.long
def test_a_phase_that_prints_a_gigabyte_does_no_harm(library: Library) -> None:
    library.behave("extraction", SPEW.format(blocks=16_384))
    assert library.run().failure is None
    (log,) = (library.config.work_dir / library.id / "logs").glob("extraction-*.log")
    assert log.stat().st_size <= (100 << 20) + 200
