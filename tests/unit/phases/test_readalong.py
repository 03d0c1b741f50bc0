"""What is shown while it is heard: subtitles and the read-along EPUB, against the decoded sound."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from lxml import etree
from soundbook import SoundBook

from phases import enhancement, subtitles, synthesis
from phases.audio.chunkfile import chunk_path, read_pcm
from phases.contract import PermanentError, Plan, Result, TransientError
from phases.files import read_lines
from phases.readers import open_document
from phases.readers.document import ChapterStart, Paragraph
from phases.readers.limits import Limits

SOUNDS = ("m4b", "mp3")
FORMATS = (*SOUNDS, "opus", "flac", "wav")
SMIL, XHTML, OPF = "{http://www.w3.org/ns/SMIL}", "{http://www.w3.org/1999/xhtml}", "{http://www.idpf.org/2007/opf}"
SPOKEN = (
    "The rain had stopped before the morning came.",
    "Nobody in the valley had slept, and the lamps were still burning.",
    "A rider came down from the hill with a letter in his hand.",
    "What it said was <plain> enough & short.",
)
CHAPTERS = [
    (
        f"Part {number}",
        [
            ("heading", f"Part {number}"),
            ("prose", f"This is the beginning of part number {number}. {SPOKEN[number % 4]}"),
            ("scene_break", ""),
            ("list_item", f"{SPOKEN[(number + 1) % 4]}"),
            ("verse", f"Roses are red,\nviolets are {number}."),
        ],
    )
    for number in range(1, 6)
]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[SoundBook, Plan, Result]:
    """A book of about a minute and a half in all formats."""
    book = SoundBook(tmp_path_factory.mktemp("read-along"))
    book.write(CHAPTERS, title="Rain & Stars", published="1994", series="Tides", series_index="2")
    plan = book.plan("synthesis")
    book.keep(plan, synthesis.run(plan).artifacts)
    plan = book.plan("enhancement", formats=list(FORMATS))
    result = enhancement.run(plan)
    book.keep(plan, result.artifacts)
    return book, plan, result


def timed(spoken: tuple[SoundBook, Plan, Result], sound: str, **settings: object) -> tuple[Path, Result]:
    """The files of phase 5.5, made with the sound of one audiobook."""
    book, made, result = spoken
    inputs = {sound: made.attempt_dir / result.deliverables[sound]} if sound else {}
    plan = book.plan(
        "subtitles", inputs=inputs, **{"formats": ["srt", "vtt", "epub"], "narrator": "A Voice"} | settings
    )
    return plan.attempt_dir, subtitles.run(plan)


def decoded(path: Path) -> tuple[np.ndarray, int]:
    with av.open(str(path)) as container:
        parts = []
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().reshape(-1).astype(np.float64)
            parts.append(samples / 32768 if frame.format.name.startswith("s16") else samples)
        return np.concatenate(parts), container.streams.audio[0].rate


def lateness_s(samples: np.ndarray, rate: int, book: SoundBook, audio_id: str, length: int, at_s: float) -> float:
    """How much later than `at_s` a chunk is heard, by cross-correlation within 0.2 s."""
    chunk = np.frombuffer(read_pcm(chunk_path(book.folder, audio_id), length), "<i2").astype(np.float64)
    chunk = np.interp(np.arange(0, len(chunk), 22_050 / rate), np.arange(len(chunk)), chunk)[: rate * 2]
    reach = rate // 5
    first = round(at_s * rate) - reach
    padded = np.concatenate([np.zeros(max(0, -first)), samples[max(0, first) :]])
    window = padded[: len(chunk) + 2 * reach]
    size = len(window) + len(chunk)
    found = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(chunk, size)), size)
    return (int(np.argmax(found[: 2 * reach])) - reach) / rate


def chunks_of(book: SoundBook) -> list[tuple[str, int, float]]:
    """Rows (audio id, samples, start in seconds) of all chunks, in the order of the book."""
    timings = {(row["chapter"], row["index"]): row for row in read_lines(book.folder / "timings.jsonl")}
    rows = []
    for entry in read_lines(book.folder / "ledger.jsonl"):
        for chunk in entry.get("chunks", ()):
            timing = timings[entry["chapter"], chunk["index"]]
            rows.append((timing["audio_id"], timing["samples"], chunk["from"]))
    return rows


def cue_starts(text: str) -> list[tuple[float, float]]:
    times = re.findall(r"(\d\d):(\d\d):(\d\d)[.,](\d\d\d) --> (\d\d):(\d\d):(\d\d)[.,](\d\d\d)", text)
    seconds = [[int(part) for part in row] for row in times]
    return [(a * 3600 + b * 60 + c + d / 1000, e * 3600 + f * 60 + g + h / 1000) for a, b, c, d, e, f, g, h in seconds]


@pytest.mark.parametrize("name", FORMATS)
def test_cues_at_ten_places_lie_within_fifty_milliseconds_of_their_words_in_the_decoded_sound(
    spoken: tuple[SoundBook, Plan, Result], name: str
) -> None:
    book, made, result = spoken
    folder, timing = timed(spoken, "")
    samples, rate = decoded(made.attempt_dir / result.deliverables[name])
    chunks = chunks_of(book)
    for file in ("srt", "vtt"):
        starts = [start for start, _ in cue_starts((folder / timing.deliverables[file]).read_text(encoding="utf-8"))]
        places = chunks[:: len(chunks) // 10][:10]
        assert len(places) == 10
        for audio_id, length, chunk_s in places:
            cue_s = min(starts, key=lambda start: abs(start - chunk_s))
            assert abs(lateness_s(samples, rate, book, audio_id, length, cue_s)) <= 0.05


def test_cues_rise_never_overlap_and_last_one_to_seven_seconds(spoken: tuple[SoundBook, Plan, Result]) -> None:
    folder, result = timed(spoken, "")
    cues = cue_starts((folder / result.deliverables["srt"]).read_text(encoding="utf-8"))
    assert len(cues) >= 25
    assert all(1.0 <= end - start <= 7.0 for start, end in cues)
    assert all(end <= start for (_, end), (start, _) in pairwise(cues))


def test_words_have_times_in_the_vtt_where_one_wants_them(spoken: tuple[SoundBook, Plan, Result]) -> None:
    folder, result = timed(spoken, "", formats=["vtt"], word_times=True)
    assert list(result.deliverables) == ["vtt"]
    timed_text = (folder / result.deliverables["vtt"]).read_text(encoding="utf-8")
    folder, result = timed(spoken, "", formats=["vtt"])
    plain = (folder / result.deliverables["vtt"]).read_text(encoding="utf-8")
    assert re.sub(r"<[\d:.]+>", "", timed_text) == plain
    for block in timed_text.split("\n\n")[1:-1]:
        ((start, end),) = cue_starts(block)
        inside = [int(a) * 3600 + int(b) * 60 + float(c) for a, b, c in re.findall(r"<(\d\d):(\d\d):([\d.]+)>", block)]
        assert inside == sorted(set(inside))
        assert all(start < at < end for at in inside)
        assert len(inside) == len(block.split("\n", 1)[1].split()) - 1  # the first word's is the cue's


class Book:
    """A read-along book, opened."""

    def __init__(self, path: Path) -> None:
        self.zip = zipfile.ZipFile(path)
        self.package = etree.fromstring(self.zip.read("EPUB/package.opf"))
        self.items = {item.get("id"): item for item in self.package.iter(f"{OPF}item")}

    def xml(self, name: str):  # type: ignore[no-untyped-def]
        return etree.fromstring(self.zip.read(f"EPUB/{name}"))

    def chapters(self):  # type: ignore[no-untyped-def]
        """Each page's name with its overlay."""
        for reference in self.package.iter(f"{OPF}itemref"):
            item = self.items[reference.get("idref")]
            yield item.get("href"), self.xml(self.items[item.get("media-overlay")].get("href"))


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.mark.parametrize("sound", SOUNDS)
def test_every_sentence_is_highlighted_while_it_is_heard(
    spoken: tuple[SoundBook, Plan, Result], tmp_path: Path, sound: str
) -> None:
    folder, result = timed(spoken, sound)
    book = Book(folder / result.deliverables["epub"])
    chunks = chunks_of(spoken[0])
    starts = []
    for page, overlay in book.chapters():
        spans = {element.get("id"): "".join(element.itertext()) for element in book.xml(page).iter(f"{XHTML}span")}
        pars = list(overlay.iter(f"{SMIL}par"))
        assert [par[0].get("src") for par in pars] == [f"{page}#{name}" for name in spans]
        (file,) = {par[1].get("src") for par in pars}
        book.zip.extract(f"EPUB/{file}", tmp_path)
        samples, rate = decoded(tmp_path / "EPUB" / file)
        ends = [seconds(par[1].get("clipEnd")) for par in pars]
        begins = [seconds(par[1].get("clipBegin")) for par in pars]
        assert ends[:-1] == begins[1:]
        assert ends[-1] <= len(samples) / rate + 0.001
        starts += [(samples, rate, begin) for begin in begins]
    sentences = [s for row in read_lines(spoken[0].folder / "chunks.jsonl") for s in row["sentences"]]
    assert len(starts) == len(sentences)
    first_of_chunk, number = [], 0
    for row in read_lines(spoken[0].folder / "chunks.jsonl"):
        first_of_chunk.append(starts[number])
        number += len(row["sentences"])
    for (samples, rate, begin), (audio_id, length, _) in zip(first_of_chunk, chunks, strict=True):
        assert abs(lateness_s(samples, rate, spoken[0], audio_id, length, begin)) <= 0.05


@pytest.mark.parametrize("sound", SOUNDS)
def test_the_durations_of_the_overlays_add_up(spoken: tuple[SoundBook, Plan, Result], sound: str) -> None:
    folder, result = timed(spoken, sound)
    book = Book(folder / result.deliverables["epub"])
    durations = {
        meta.get("refines"): seconds(meta.text)
        for meta in book.package.iter(f"{OPF}meta")
        if meta.get("property") == "media:duration"
    }
    whole = durations.pop(None)
    assert whole == pytest.approx(sum(durations.values()), abs=1e-6)
    assert len(durations) == len(CHAPTERS)
    last = list(read_lines(spoken[0].folder / "ledger.jsonl"))[-1]["chunks"][-1]["to"]
    assert whole == pytest.approx(last, abs=4.0)  # what is not in it is the silence before each chapter


def test_the_read_along_book_is_the_book(spoken: tuple[SoundBook, Plan, Result]) -> None:
    folder, result = timed(spoken, "m4b")
    path = folder / result.deliverables["epub"]
    with open_document(path, "epub", Limits.of({})) as document:
        blocks = list(document.blocks())
        metadata = document.metadata
    assert (metadata.title, metadata.authors, metadata.language) == ("Rain & Stars", ("Ann Author",), "en")
    assert (metadata.series, metadata.series_index, metadata.published) == ("Tides", "2", "1994")
    assert [block.title for block in blocks if isinstance(block, ChapterStart)] == [title for title, _ in CHAPTERS]
    read = [block.text for block in blocks if isinstance(block, Paragraph) and block.text]
    assert read == [text for _, paragraphs in CHAPTERS for kind, text in paragraphs if text]


def test_the_container_is_as_readers_want_it_and_has_no_clock(spoken: tuple[SoundBook, Plan, Result]) -> None:
    folder, result = timed(spoken, "mp3")
    again, _ = timed(spoken, "mp3")
    path = folder / result.deliverables["epub"]
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(result.deliverables.values())
    assert digest(path) == digest(again / path.name)
    book = Book(path)
    first = book.zip.infolist()[0]
    assert (first.filename, first.compress_type, book.zip.read("mimetype")) == ("mimetype", 0, b"application/epub+zip")
    assert {entry.date_time for entry in book.zip.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    modified = [meta.text for meta in book.package.iter(f"{OPF}meta") if meta.get("property") == "dcterms:modified"]
    assert modified == ["1994-01-01T00:00:00Z"]
    assert all(entry.compress_type == 0 for entry in book.zip.infolist() if entry.filename.endswith(".mp3"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_without_a_sound_for_it_there_is_no_epub(spoken: tuple[SoundBook, Plan, Result]) -> None:
    folder, result = timed(spoken, "")
    assert sorted(result.deliverables) == ["srt", "vtt"]
    assert sorted(path.suffix for path in folder.iterdir()) == [".srt", ".vtt"]


def test_an_audiobook_that_is_none_fails_with_what_to_do(
    spoken: tuple[SoundBook, Plan, Result], tmp_path: Path
) -> None:
    broken = tmp_path / "a.m4b"
    broken.write_bytes(b"no sound at all")
    plan = spoken[0].plan("subtitles", inputs={"m4b": broken}, formats=["epub"])
    with pytest.raises(PermanentError, match=r"a\.m4b cannot be parted .* Take epub out of subtitles\.formats"):
        subtitles.run(plan)


@pytest.mark.parametrize("name", ["srt", "vtt", "epub"])
def test_a_damaged_byte_in_the_middle_is_found_before_the_file_is_handed_over(
    spoken: tuple[SoundBook, Plan, Result], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fsync_and_damage(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        if path.suffix == f".{name}":
            damage(path)

    def close_and_damage(file: zipfile.ZipFile) -> None:
        close(file)
        if file.mode == "w":
            damage(Path(file.filename))

    def damage(path: Path) -> None:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    close = zipfile.ZipFile.close
    if name == "epub":
        monkeypatch.setattr(zipfile.ZipFile, "close", close_and_damage)
    else:
        monkeypatch.setattr(os, "fsync", fsync_and_damage)
    with pytest.raises(TransientError, match=rf"\.{name} .*Check the disk and run again") as caught:
        timed(spoken, "m4b", formats=[name])
    assert caught.value.error_type == "not_verified"
