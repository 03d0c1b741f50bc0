"""What a user relies on after a batch over good and bad books."""

import json
import re
import wave
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
from commands import run
from finished import Finished

from pipeline_common.books import stage

GOOD = {
    "A Short Guide to Listening.docx": ["Before You Begin", "While You Listen"],
    "The Cartographer's Daughter.epub": ["The Blank Sheet", "The River", "The Way Back"],
    "The Clockmaker's Garden.html": ["Spring", "Autumn"],
    "The Lamplighter's Ledger.txt": [
        "Chapter I. The Forty-First Lamp",
        "Chapter II. What the Ledger Said",
    ],
    "The Night Ferry.pdf": ["Departure", "Arrival"],
    "Tidewater Notes.md": ["The Gauge", "The Storm"],
}
BAD = {
    "sub/cut in half.epub": ("damaged", "complete copy"),
    "sub/locked.pdf": ("encrypted", "password"),
    "empty.txt": ("empty", "empty"),
    "letter.wpd": ("unsupported", ".txt .md .html .xhtml .epub .docx .odt .rtf .fb2 .pdf"),
}
COPY = "Tidewater Notes, a copy.md"


def test_the_batch_says_that_some_books_failed_and_shows_no_traceback(finished: Finished) -> None:
    assert finished.process.returncode == 1
    text = finished.process.stdout + finished.process.stderr
    assert "Traceback" not in text
    assert "6 done, 4 failed, 1 skipped of 11 books" in finished.process.stdout
    assert "Passed over: 1 hidden file, 1 image." in finished.process.stdout


@pytest.mark.parametrize("name", BAD)
def test_a_bad_book_fails_with_one_sentence_in_terminal_log_and_record(finished: Finished, name: str) -> None:
    error_type, word = BAD[name]
    record = finished.record("phase1", name)
    assert record["status"] == "failed"
    (error,) = record["errors"]
    assert error["type"] == error_type
    assert word in error["message"]
    book = finished.document["books"][finished.id(name)]
    assert (book["error"], book["error_type"], book["retry_count"]) == (error["message"], error_type, 1)
    assert re.sub(r"\s+", "", error["message"])[:60] in re.sub(r"[\s│]+", "", finished.process.stdout)
    assert error["message"][:60] in (finished.root / "batch.log").read_text(encoding="utf-8")
    entry = finished.document["batch"]["files"][finished.id(name)]
    assert entry["error_message"] == "Orchestrator failed with exit code 1"
    assert error["message"][-60:] in entry["errors"][-1]


def test_a_copy_is_skipped_and_names_the_book_that_is_spoken(finished: Finished) -> None:
    record = finished.record("phase1", COPY)
    assert record["status"] == "skipped"
    assert "Tidewater Notes.md" in record["errors"][0]["message"]
    entry = finished.document["batch"]["files"][finished.id(COPY)]
    assert (entry["status"], entry["was_skipped"]) == ("skipped", True)
    assert stage(finished.document, finished.id(COPY)) == "SKIPPED"
    assert not (finished.work(COPY)).exists()


@pytest.mark.parametrize("name", GOOD)
def test_a_good_book_is_complete_and_its_chapters_carry_its_own_titles(finished: Finished, name: str) -> None:
    assert stage(finished.document, finished.id(name)) == "COMPLETE"
    folder = finished.folder(name)
    for suffix in (".m4b", ".mp3"):
        with av.open(str(folder / f"{folder.name}{suffix}")) as container:
            assert [chapter["metadata"]["title"] for chapter in container.chapters()] == GOOD[name]
            starts = [float(chapter["start"] * chapter["time_base"]) for chapter in container.chapters()]
            assert starts == sorted(starts)
            assert starts[0] == 0


@pytest.mark.parametrize("name", GOOD)
def test_the_decoded_length_is_the_chunks_and_the_recorded_pauses(finished: Finished, name: str) -> None:
    work, folder = finished.work(name), finished.folder(name)
    rows = [json.loads(line) for line in (work / "timings.jsonl").read_text().splitlines()]
    speech_s = 0.0
    for row in rows:
        with wave.open(str(work / "chunks" / f"{row['audio_id']}.wav")) as chunk:
            assert chunk.getnframes() == row["samples"]
            speech_s += chunk.getnframes() / chunk.getframerate()
    report = json.loads((work / "report.json").read_text())
    for suffix in (".m4b", ".mp3"):
        samples, rate = decoded(folder / f"{folder.name}{suffix}")
        assert len(samples) / rate == pytest.approx(speech_s + report["pauses_s"], abs=0.05)


@pytest.mark.parametrize("name", GOOD)
def test_the_last_cue_ends_with_the_last_spoken_sample(finished: Finished, name: str) -> None:
    folder = finished.folder(name)
    samples, rate = decoded(folder / f"{folder.name}.m4b")
    last_s = np.flatnonzero(np.abs(samples) > 0.01)[-1] / rate
    for suffix, mark in ((".srt", ","), (".vtt", ".")):
        text = (folder / f"{folder.name}{suffix}").read_text(encoding="utf-8")
        hours, minutes, seconds = re.findall(rf"--> (\d\d):(\d\d):(\d\d{re.escape(mark)}\d\d\d)", text)[-1]
        end_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(mark, "."))
        assert end_s == pytest.approx(last_s, abs=0.5)


def test_the_subtitles_show_the_books_own_text(finished: Finished) -> None:
    folder = finished.folder("The Night Ferry.pdf")
    text = " ".join((folder / "The Night Ferry.srt").read_text(encoding="utf-8").split())
    assert "The night ferry left at ten minutes past eleven" in re.sub(r" \d+ \d\d:\d\d:\d\d,\d+ --> \S+", "", text)


def test_tags_and_cover_are_in_both_files(finished: Finished) -> None:
    folder = finished.folder("The Cartographer's Daughter.epub")
    m4b = mutagen.File(folder / f"{folder.name}.m4b").tags
    assert m4b["\xa9nam"] == m4b["\xa9alb"] == ["The Cartographer's Daughter"]
    assert m4b["\xa9ART"] == ["Ines Valdoro"]
    assert bytes(m4b["covr"][0]).startswith(b"\x89PNG")
    mp3 = mutagen.File(folder / f"{folder.name}.mp3").tags
    assert str(mp3["TALB"]) == "The Cartographer's Daughter"
    assert str(mp3["TPE1"]) == "Ines Valdoro"
    assert mp3.getall("APIC")[0].data.startswith(b"\x89PNG")
    assert (folder / "cover.jpg").read_bytes().startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("suffix", [".m4b", ".mp3"])
def test_ffmpeg_which_has_not_written_them_reads_tags_and_cover(finished: Finished, suffix: str) -> None:
    folder = finished.folder("The Cartographer's Daughter.epub")
    with av.open(str(folder / f"{folder.name}{suffix}")) as container:
        tags = container.metadata
        assert (tags["title"], tags["album"], tags["artist"]) == (folder.name, folder.name, "Ines Valdoro")
        assert (tags["genre"], tags["composer"]) == ("Audiobook", "eSpeak NG")
        assert bytes(next(container.demux(container.streams.video[0]))).startswith(b"\x89PNG")


def test_every_paragraph_is_in_the_ledger(finished: Finished) -> None:
    for name in GOOD:
        work = finished.work(name)
        text = [json.loads(line) for line in (work / "text.jsonl").read_text(encoding="utf-8").splitlines()]
        ledger = [json.loads(line) for line in (work / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
        places = [(row["chapter"], row["paragraph"]) for row in text]
        assert [(row["chapter"], row["paragraph"]) for row in ledger] == places
        assert {row["outcome"] for row in ledger} <= {"spoken", "omitted", "pause"}


def test_the_loudness_of_the_encoded_files_is_on_target(finished: Finished) -> None:
    for name in GOOD:
        report = json.loads((finished.work(name) / "report.json").read_text())
        for measured in report["files"].values():
            assert measured["loudness_lufs"] == pytest.approx(-19, abs=0.5)
            assert measured["true_peak_dbtp"] <= -3


def test_the_batch_section_sums_up(finished: Finished) -> None:
    summary = finished.document["batch"]["summary"]
    assert summary["status"] == "partial"
    counts = [summary[key] for key in ("total_files", "successful_files", "failed_files", "skipped_files")]
    assert counts == [11, 6, 4, 1]
    assert len(summary["errors"]) == 4
    assert summary["duration_sec"] > 0
    assert summary["started_at"] < summary["completed_at"]
    assert finished.document["phase1"]["counts"] == {"success": 6, "failed": 4, "skipped": 1}
    assert finished.document["phase1"]["status"] == "partial"


def test_commits_leave_backups_and_an_audit_trail(finished: Finished) -> None:
    backups = list((finished.root / ".pipeline/backups").iterdir())
    assert len(backups) == 50
    assert all(re.fullmatch(r"pipeline_\d{8}_\d{6}_\d{6}\.json\.bak", path.name) for path in backups)
    lines = (finished.root / ".pipeline/transactions.log").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    commits = [entry for entry in entries if entry["operation"] == "transaction_commit"]
    assert all(entry["success"] for entry in commits)
    assert [entry["revision"] for entry in commits] == list(range(1, len(commits) + 1))
    assert commits[-1]["revision"] == finished.document["_state"]["revision"]


def test_nothing_temporary_is_left_behind(finished: Finished) -> None:
    leftovers = [
        path
        for path in finished.root.rglob("*")
        if path.name.endswith(".tmp") or path.parent.name in (".staging", "attempts")
    ]
    assert leftovers == []


def test_deliverables_tell_nothing_of_the_machine(finished: Finished) -> None:
    for path in (finished.root / "output").rglob("*"):
        if path.is_file():
            assert str(finished.root).encode() not in path.read_bytes()


def decoded(path: Path) -> tuple[np.ndarray, int]:
    """All samples (float32, mono) and their rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        frames = [frame.to_ndarray() for frame in container.decode(stream)]
        assert all(frame.shape[0] == 1 for frame in frames)
        return np.concatenate([frame[0] for frame in frames]), stream.rate


def test_finished_books_are_not_started_again_and_bad_ones_are_told_again(folder: Finished) -> None:
    before = {path: path.stat().st_mtime_ns for path in (folder.root / "output").rglob("*")}
    again = run("batch-audiobook", cwd=folder.root)
    assert again.returncode == 1
    assert "0 to do" in again.stdout
    assert all(f"{name}: passed over, it would fail again" in again.stdout for name in BAD)
    assert {path: path.stat().st_mtime_ns for path in (folder.root / "output").rglob("*")} == before


def test_with_the_bad_books_gone_nothing_is_started(folder: Finished) -> None:
    for name in BAD:
        (folder.root / "input" / name).unlink()
    logs = {path: path.stat().st_mtime_ns for path in (folder.root / "work").rglob("*.log")}
    again = run("batch-audiobook", cwd=folder.root)
    assert again.returncode == 0
    assert "0 to do" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in (folder.root / "work").rglob("*.log")} == logs
