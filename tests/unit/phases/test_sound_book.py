"""A small book through synthesis, enhancement and subtitles, with the real voice and the real encoders."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import av
import numpy as np
import pytest
from mutagen.id3 import ID3
from mutagen.mp4 import MP4
from soundbook import SoundBook

from phases import enhancement, subtitles, synthesis
from phases.audio import levels
from phases.audio.chunkfile import chunk_path, read_chunk, read_pcm
from phases.contract import PermanentError, Plan, Result, TransientError
from phases.files import read_json, read_lines

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)

CHAPTERS = [
    (
        "One: the Café",
        [
            ("heading", "One: the Café"),
            ("prose", "It was late, and the café was closed. Nobody had told the old man, who waited at the door."),
            ("scene_break", "* * *"),
            ("prose", "He said: “Is it <open> & free?” Then he left."),
        ],
    ),
    ("Two", [("heading", "Two"), ("prose", "The next day he came back, and the door stood open. He laughed.")]),
]


def speak(book: SoundBook) -> Result:
    plan = book.plan("synthesis")
    result = synthesis.run(plan)
    book.keep(plan, result.artifacts)
    return result


def enhance(book: SoundBook, **settings: object) -> tuple[Plan, Result]:
    cover = book.folder / "cover.jpg"
    plan = book.plan("enhancement", inputs={"cover": cover} if cover.exists() else None, **settings)
    result = enhancement.run(plan)
    book.keep(plan, result.artifacts)
    return plan, result


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SoundBook, Plan, Result]:
    book = SoundBook(tmp_path_factory.mktemp("made"))
    book.write(CHAPTERS, title="Tea: a Story", published="1901-05-01", publisher="Old House", description="About tea.")
    (book.folder / "cover.jpg").write_bytes(JPEG)
    speak(book)
    return book, *enhance(book, narrator="eSpeak NG")


def decoded(path: Path) -> tuple[np.ndarray, int]:
    with av.open(path) as container:
        parts = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
        return np.concatenate(parts), container.streams.audio[0].rate


@pytest.mark.parametrize("name", ["m4b", "mp3"])
def test_the_decoded_length_is_speech_and_pauses(made: tuple[SoundBook, Plan, Result], name: str) -> None:
    book, plan, result = made
    samples, rate = decoded(plan.attempt_dir / result.deliverables[name])
    report = read_json(book.folder / "report.json")
    assert len(samples) / rate == pytest.approx(report["speech_s"] + report["pauses_s"], abs=0.001)
    speech_s = sum(row["samples"] / row["rate"] for row in read_lines(book.folder / "timings.jsonl"))
    assert report["speech_s"] == pytest.approx(speech_s, abs=1e-5)


@pytest.mark.parametrize("name", ["m4b", "mp3"])
def test_loudness_and_peak_meet_the_preset(made: tuple[SoundBook, Plan, Result], name: str) -> None:
    file = read_json(made[0].folder / "report.json")["files"][name]
    assert file["loudness_lufs"] == pytest.approx(-19.0, abs=0.5)
    assert file["true_peak_dbtp"] <= -3.0


@pytest.mark.parametrize("name", ["m4b", "mp3"])
def test_the_last_chunk_lies_where_the_ledger_says(made: tuple[SoundBook, Plan, Result], name: str) -> None:
    book, plan, result = made
    timing = list(read_lines(book.folder / "timings.jsonl"))[-1]
    starts_s = list(read_lines(book.folder / "ledger.jsonl"))[-1]["chunks"][0]["from"]
    pcm = read_pcm(chunk_path(book.folder, timing["audio_id"]), timing["samples"])
    assert abs(offset_s(*decoded(plan.attempt_dir / result.deliverables[name]), pcm, starts_s)) < 0.005


def offset_s(samples: np.ndarray, rate: int, pcm: bytes, starts_s: float) -> float:
    """How much later than `starts_s` a chunk is heard, by cross-correlation within 0.1 s."""
    chunk = np.frombuffer(pcm, "<i2").astype(np.float64)
    chunk = np.interp(np.arange(0, len(chunk), 22_050 / rate), np.arange(len(chunk)), chunk)[: rate * 2]
    reach = rate // 10
    first = round(starts_s * rate) - reach
    window = samples[first : first + len(chunk) + 2 * reach].astype(np.float64)
    size = len(window) + len(chunk)
    found = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(chunk, size)), size)
    return (int(np.argmax(found[: 2 * reach])) - reach) / rate


def test_the_m4b_carries_chapters_tags_and_cover(made: tuple[SoundBook, Plan, Result]) -> None:
    _, plan, result = made
    path = plan.attempt_dir / result.deliverables["m4b"]
    tags = MP4(path)
    assert tags["\xa9nam"] == tags["\xa9alb"] == ["Tea: a Story"]
    assert tags["\xa9ART"] == tags["aART"] == ["Ann Author"]
    assert tags["\xa9wrt"] == ["eSpeak NG"]
    assert tags["\xa9day"] == ["1901"]
    assert tags["stik"] == [2]
    assert bytes(tags["covr"][0]) == JPEG
    assert [chapter.title for chapter in tags.chapters] == ["One: the Café", "Two"]
    with av.open(path) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["One: the Café", "Two"]


def test_the_mp3_carries_chapters_tags_and_cover(made: tuple[SoundBook, Plan, Result]) -> None:
    _, plan, result = made
    path = plan.attempt_dir / result.deliverables["mp3"]
    tags = ID3(path)
    assert tags["TIT2"] == tags["TALB"] == "Tea: a Story"
    assert tags["TPE1"] == "Ann Author"
    assert str(tags["TDRC"]) == "1901"
    assert tags["COMM::und"].text == ["About tea."]
    assert tags["APIC:"].data == JPEG
    assert tags["CTOC:toc"].child_element_ids == ["ch1", "ch2"]
    assert [str(tags[f"CHAP:ch{number}"].sub_frames["TIT2"]) for number in (1, 2)] == ["One: the Café", "Two"]
    assert tags["CHAP:ch1"].end_time == tags["CHAP:ch2"].start_time
    with av.open(path) as container:
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["One: the Café", "Two"]


def test_the_deliverables_have_safe_names(made: tuple[SoundBook, Plan, Result]) -> None:
    _, plan, result = made
    assert result.output_folder is None
    assert result.deliverables == {
        "m4b": "Tea - a Story.m4b",
        "mp3": "Tea - a Story.mp3",
        "cover": "cover.jpg",
        "metadata": "metadata.json",
        "opf": "metadata.opf",
        "description": "desc.txt",
        "reader": "reader.txt",
    }
    assert all((plan.attempt_dir / name).is_file() for name in result.deliverables.values())


def test_the_ledger_adds_up_to_the_text(made: tuple[SoundBook, Plan, Result]) -> None:
    book = made[0]
    text, ledger = list(read_lines(book.folder / "text.jsonl")), list(read_lines(book.folder / "ledger.jsonl"))
    assert [(row["chapter"], row["paragraph"]) for row in ledger] == [
        (row["chapter"], row["paragraph"]) for row in text
    ]
    assert [row["outcome"] for row in ledger] == ["spoken", "spoken", "pause", "spoken", "spoken", "spoken"]
    assert ledger[2]["to"] - ledger[2]["from"] >= 1.5


def test_the_subtitles_show_the_books_text_until_the_last_word(made: tuple[SoundBook, Plan, Result]) -> None:
    book = made[0]
    plan = book.plan("subtitles")
    result = subtitles.run(plan)
    srt = (plan.attempt_dir / result.deliverables["srt"]).read_text(encoding="utf-8")
    vtt = (plan.attempt_dir / result.deliverables["vtt"]).read_text(encoding="utf-8")
    assert result.deliverables["srt"] == "Tea - a Story.srt"
    assert "“Is it <open> & free?”" in " ".join(srt.split())
    assert "“Is it &lt;open&gt; &amp; free?”" in " ".join(vtt.split())
    last = [line for line in srt.splitlines() if " --> " in line][-1].split(" --> ")[1]
    hours, minutes, seconds = last.replace(",", ".").split(":")
    end_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    last_sample_s = list(read_lines(book.folder / "ledger.jsonl"))[-1]["chunks"][-1]["to"]
    assert end_s == pytest.approx(last_sample_s, abs=0.5)


def test_any_number_of_workers_and_any_resumption_give_the_same_bytes(
    made: tuple[SoundBook, Plan, Result], tmp_path: Path
) -> None:
    book = SoundBook(tmp_path / "again", cores=1)
    book.write(CHAPTERS, title="Tea: a Story", published="1901-05-01", publisher="Old House", description="About tea.")
    (book.folder / "cover.jpg").write_bytes(JPEG)
    speak(book)
    for number, path in enumerate(sorted((book.folder / "chunks").iterdir())):
        if number % 2:
            path.unlink()
    speak(book)
    plan, result = enhance(book, narrator="eSpeak NG")
    _, first_plan, first = made
    assert result.deliverables == first.deliverables
    for name in result.deliverables.values():
        assert digest(plan.attempt_dir / name) == digest(first_plan.attempt_dir / name), name


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_complete_chunks_are_kept_and_a_truncated_one_is_spoken_again(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    book.write(CHAPTERS)
    assert speak(book).metrics["spoken"] == 5
    paths = sorted((tmp_path / "chunks").iterdir())
    before = {path: path.stat().st_mtime_ns for path in paths}
    whole = paths[0].read_bytes()
    paths[0].write_bytes(whole[:-100])
    metrics = speak(book).metrics
    assert (metrics["spoken"], metrics["reused"]) == (1, 4)
    assert paths[0].read_bytes() == whole
    assert all(path.stat().st_mtime_ns == before[path] for path in paths[1:])


def test_equal_chunks_are_spoken_once(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "Yes."), ("prose", "No."), ("prose", "Yes.")])])
    metrics = speak(book).metrics
    assert (metrics["chunks"], metrics["spoken"]) == (3, 2)
    timings = list(read_lines(tmp_path / "timings.jsonl"))
    assert timings[0]["audio_id"] == timings[2]["audio_id"] != timings[1]["audio_id"]


def test_word_times_point_at_the_words_of_text_beyond_ascii(tmp_path: Path) -> None:
    text = "Café 😀 𝒜lpha, naïve “Straße” 1984 won’t end."
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", text)])])
    speak(book)
    (timing,) = read_lines(tmp_path / "timings.jsonl")
    words = [text[start:end] for start, end, _ in timing["words"]]
    assert words == ["Café", "😀", "𝒜lpha", "naïve", "Straße", "1984", "won’t", "end"]
    times = [at for _, _, at in timing["words"]]
    assert times == sorted(times)
    assert times[-1] < timing["samples"] / timing["rate"]


def test_markup_phonemes_and_commands_in_the_text_are_spoken_as_text(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "[[h@l'oU]] there"), ("prose", "<b>x</b> \x01+50P loud\x00er"), ("prose", "there")])])
    speak(book)
    rows = list(read_lines(tmp_path / "timings.jsonl"))
    assert rows[0]["words"][0][:2] == [2, 8]
    assert len(rows[0]["words"]) == 2
    assert rows[0]["samples"] > 3 * rows[2]["samples"]


def test_ssml_in_the_text_makes_no_pause_and_no_other_voice(tmp_path: Path) -> None:
    marked = '<speak><break time="30s"/><voice name="de"><prosody rate="x-slow">there</prosody></voice></speak>'
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", marked), ("prose", marked.replace("<", " ").replace(">", " "))])])
    speak(book)
    ssml, words = read_lines(tmp_path / "timings.jsonl")
    assert ssml["samples"] < 30 * ssml["rate"]
    assert len(ssml["words"]) == 4
    assert words["samples"] > ssml["samples"] / 2


@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_a_damaged_chunk_is_named_and_asked_for_again(tmp_path: Path, damage: str) -> None:
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "Yes, it is."), ("prose", "No, it is not.")])])
    speak(book)
    audio_id = list(read_lines(tmp_path / "timings.jsonl"))[1]["audio_id"]
    path = chunk_path(tmp_path, audio_id)
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(TransientError, match=audio_id) as caught:
        enhance(book)
    assert caught.value.error_type == "missing_chunk"


def test_words_that_are_in_no_chunk_fail_the_book(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "Yes, it is."), ("prose", "No, it is not.")])])
    rows = list(read_lines(tmp_path / "chunks.jsonl"))
    (tmp_path / "chunks.jsonl").write_text(json.dumps(rows[0]) + "\n", encoding="utf-8")
    speak(book)
    with pytest.raises(PermanentError, match="No, it is not") as caught:
        enhance(book)
    assert caught.value.error_type == "unspoken_text"


@pytest.mark.long
def test_three_hundred_chapters_keep_their_places_and_titles(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    titles = [f"Part {number}" for number in range(1, 301)]
    book.write([(title, [("prose", ("Yes.", "No.", "Maybe.")[number % 3])]) for number, title in enumerate(titles)])
    speak(book)
    plan, result = enhance(book)
    tag = ID3(plan.attempt_dir / result.deliverables["mp3"])
    assert tag["CTOC:toc"].child_element_ids == ["toc1", "toc2"]
    assert len(tag["CTOC:toc1"].child_element_ids) == 255
    assert len(tag["CTOC:toc2"].child_element_ids) == 45
    timing = list(read_lines(tmp_path / "timings.jsonl"))[-1]
    starts_s = list(read_lines(tmp_path / "ledger.jsonl"))[-1]["chunks"][0]["from"]
    pcm = read_pcm(chunk_path(tmp_path, timing["audio_id"]), timing["samples"])
    for name in ("m4b", "mp3"):
        path = plan.attempt_dir / result.deliverables[name]
        with av.open(path) as container:
            assert [chapter["metadata"]["title"] for chapter in container.chapters()] == titles
        assert abs(offset_s(*decoded(path), pcm, starts_s)) < 0.005
    assert MP4(plan.attempt_dir / result.deliverables["m4b"]).chapters is None


def test_chunk_files_play_anywhere(tmp_path: Path) -> None:
    book = SoundBook(tmp_path)
    book.write([("A", [("prose", "Yes, it is.")])])
    speak(book)
    (path,) = (tmp_path / "chunks").iterdir()
    samples, rate = decoded(path)
    audio = read_chunk(path)
    assert (len(samples), rate) == (audio.samples, audio.rate)
    assert audio.size_bytes == path.stat().st_size


def test_a_missed_target_is_corrected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = SoundBook(tmp_path)
    book.write(CHAPTERS)
    speak(book)
    monkeypatch.setattr(levels, "CODING_LOSS_DB", {"aac": 2.0, "mp3": -2.0})
    _, result = enhance(book)
    assert result.metrics["corrected"]
    files = read_json(tmp_path / "report.json")["files"]
    assert [file["loudness_lufs"] for file in files.values()] == pytest.approx([-19.0, -19.0], abs=0.5)


def test_a_target_that_cannot_be_met_is_reported_with_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    book = SoundBook(tmp_path)
    book.write(CHAPTERS)
    speak(book)
    monkeypatch.setattr(enhancement, "corrected", lambda levels, _preset, _made: levels)
    monkeypatch.setattr(levels, "CODING_LOSS_DB", {"aac": 2.0, "mp3": 2.0})
    _, result = enhance(book)
    assert (result.metrics["corrected"], result.metrics["passed"]) == (True, False)
    file = read_json(tmp_path / "report.json")["files"]["m4b"]
    assert not file["passed"]
    assert f"{file['loudness_lufs']:.2f} LUFS, not -20 to -18" in file["missed"]
    assert re.search(r"FAIL -1[67]\.\d\d LUFS, not -20 to -18", (tmp_path / "measurements.txt").read_text())
    assert "the m4b has -1" in caplog.text


@pytest.mark.parametrize("name", ["m4b", "mp3"])
def test_one_format_alone_is_made(tmp_path: Path, name: str) -> None:
    book = SoundBook(tmp_path)
    book.write(CHAPTERS)
    speak(book)
    plan, result = enhance(book, formats=[name])
    assert set(result.deliverables) == {name, "metadata", "opf"}
    assert sorted(path.suffix for path in plan.attempt_dir.iterdir()) == sorted([f".{name}", ".json", ".opf"])
