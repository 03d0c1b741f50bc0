"""All formats from one pass: what players read of them, that joins are not heard, and that damage is found."""

from __future__ import annotations

import itertools

import av
import numpy as np
import pytest
from mutagen.flac import FLAC
from mutagen.oggopus import OggOpus
from mutagen.wave import WAVE
from soundbook import SoundBook
from test_sound_book import CHAPTERS, decoded, enhance, offset_s, speak

from phases import enhancement
from phases.audio import products, timeline
from phases.audio.chunkfile import chunk_path, read_pcm
from phases.audio.products import Product
from phases.contract import Plan, Result, TransientError
from phases.files import read_json, read_lines

FORMATS = ["m4b", "mp3", "opus", "flac", "wav"]
COVER = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> SoundBook:
    book = SoundBook(tmp_path_factory.mktemp("formats"))
    book.write(CHAPTERS, title="Tea: a Story", description="About tea.")
    (book.folder / "cover.jpg").write_bytes(COVER)
    speak(book)
    return book


@pytest.fixture(scope="module")
def made(spoken: SoundBook) -> tuple[SoundBook, Plan, Result]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "_SHORTEST_SEGMENT_S", 1)
        patch.setattr(timeline, "_LONGEST_SEGMENT_S", 1)
        return spoken, *enhance(spoken, formats=[*FORMATS, "mp3-chapters"])


@pytest.mark.parametrize("name", FORMATS)
def test_the_last_words_are_where_the_ledger_says_after_many_joins(
    made: tuple[SoundBook, Plan, Result], name: str
) -> None:
    book, plan, result = made
    timing = list(read_lines(book.folder / "timings.jsonl"))[-1]
    starts_s = list(read_lines(book.folder / "ledger.jsonl"))[-1]["chunks"][0]["from"]
    samples, rate = decoded(plan.attempt_dir / result.deliverables[name])
    pcm = read_pcm(chunk_path(book.folder, timing["audio_id"]), timing["samples"])
    assert abs(offset_s(samples.astype(np.float64), rate, pcm, starts_s)) < 0.005
    assert len(samples) / rate == pytest.approx(read_json(book.folder / "report.json")["duration_s"], abs=0.025)


@pytest.mark.parametrize("name", FORMATS)
def test_no_join_is_heard(made: tuple[SoundBook, Plan, Result], name: str) -> None:
    book, plan, result = made
    samples, rate = decoded(plan.attempt_dir / result.deliverables[name])
    jumps = np.abs(np.diff(samples.astype(np.float64))) / (32768 if samples.dtype.kind == "i" else 1)
    spans = [
        (chunk["from"], chunk["to"])
        for row in read_lines(book.folder / "ledger.jsonl")
        for chunk in row.get("chunks", ())
    ]
    assert len(spans) == 5
    for (_, end_s), (start_s, _) in itertools.pairwise(spans):
        assert jumps[round((end_s + 0.05) * rate) : round((start_s - 0.03) * rate)].max() < 0.001


@pytest.mark.parametrize("name", FORMATS)
def test_players_read_title_chapters_and_cover(made: tuple[SoundBook, Plan, Result], name: str) -> None:
    _, plan, result = made
    with av.open(plan.attempt_dir / result.deliverables[name]) as container:
        tags = {
            key.lower(): value for key, value in {**container.streams.audio[0].metadata, **container.metadata}.items()
        }
        chapters = [
            (chapter["metadata"]["title"], float(chapter["start"] * chapter["time_base"]))
            for chapter in container.chapters()
        ]
        picture = next(container.demux(container.streams.video[0]))
        assert bytes(picture) == COVER
    assert (tags["title"], tags["album"], tags["artist"]) == ("Tea: a Story", "Tea: a Story", "Ann Author")
    report = read_json(made[0].folder / "report.json")
    assert chapters == [(row["title"], pytest.approx(row["start_s"], abs=0.001)) for row in report["chapters"]]


def test_each_chapter_has_a_file_of_its_own_with_its_number(made: tuple[SoundBook, Plan, Result]) -> None:
    _, plan, result = made
    names = [result.deliverables[f"mp3-chapters-{number:03}"] for number in (1, 2)]
    assert names == ["01 - One - the Café.mp3", "02 - Two.mp3"]
    for number, (name, title) in enumerate(zip(names, ("One: the Café", "Two"), strict=True), start=1):
        with av.open(plan.attempt_dir / name) as container:
            tags = container.metadata
            assert (tags["title"], tags["album"], tags["track"]) == (title, "Tea: a Story", f"{number}/2")
        samples, rate = decoded(plan.attempt_dir / name)
        assert np.abs(samples[: round(0.5 * rate)]).max() < 0.001
        assert np.abs(samples[-rate:]).max() < 0.001


def test_lossless_files_hold_the_same_samples(made: tuple[SoundBook, Plan, Result]) -> None:
    _, plan, result = made
    flac, wav = (decoded(plan.attempt_dir / result.deliverables[name])[0] for name in ("flac", "wav"))
    assert flac.dtype == wav.dtype == np.int16
    assert np.array_equal(flac, wav)


def test_other_libraries_read_the_tags_too(made: tuple[SoundBook, Plan, Result]) -> None:
    _, plan, result = made
    opus, flac, wav = (plan.attempt_dir / result.deliverables[name] for name in ("opus", "flac", "wav"))
    assert OggOpus(opus)["chapter001name"] == ["Two"]
    assert (FLAC(flac)["title"], FLAC(flac).pictures[0].data) == (["Tea: a Story"], COVER)
    assert str(WAVE(wav).tags["TALB"]) == "Tea: a Story"


@pytest.mark.parametrize("name", [*FORMATS, "mp3-chapters"])
def test_a_damaged_byte_in_the_middle_is_found_before_the_file_is_handed_over(
    spoken: SoundBook, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def finish_and_damage(product: Product, *rest: object) -> None:
        finish(product, *rest)
        data = bytearray(product.path.read_bytes())
        data[len(data) // 2] ^= 0x10
        product.path.write_bytes(data)

    finish = products.finish
    monkeypatch.setattr(products, "finish", finish_and_damage)
    with pytest.raises(TransientError, match=r"did not pass its check: .*\d") as caught:
        enhance(spoken, formats=[name])
    assert caught.value.error_type == "not_verified"


def test_a_longer_silence_than_any_pause_fails_the_book_with_the_numbers(
    spoken: SoundBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*arguments: object) -> np.ndarray:
        samples = render(*arguments)
        samples[len(samples) // 3 :] = 0
        return samples

    render = enhancement.render
    monkeypatch.setattr(enhancement, "render", silent)
    with pytest.raises(Exception, match=r"is silent for \d+\.\d\d s, where the longest pause is 1\.\d\d s") as caught:
        enhance(spoken, formats=["wav"])
    assert caught.value.error_type == "not_verified"


def test_the_report_has_each_chapter_of_each_file(made: tuple[SoundBook, Plan, Result]) -> None:
    report = read_json(made[0].folder / "report.json")
    assert report["passed"]
    assert set(report["files"]) == {*FORMATS, "mp3-chapters"}
    for name, file in report["files"].items():
        assert [row["title"] for row in file["chapters"]] == ["One: the Café", "Two"]
        for row in file["chapters"]:
            assert row["loudness_lufs"] == pytest.approx(-19.0, abs=1.0), name
            assert row["true_peak_dbtp"] <= -3.0
            assert row["noise_floor_db"] is None or row["noise_floor_db"] < -60
            assert row["passed"]
    lines = (made[0].folder / "measurements.txt").read_text().splitlines()
    assert sum(line.endswith("pass") for line in lines) == 5 * 3 + 2
