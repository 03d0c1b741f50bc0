"""Books of many chapters and of many hours: nothing drifts, no join is heard, and no number is too large."""

from __future__ import annotations

from array import array
from pathlib import Path

import av
import numpy as np
import pytest
from mutagen.id3 import ID3
from soundbook import SoundBook
from test_readalong import chunks_of, cue_starts, decoded, lateness_s

from phases import enhancement, subtitles, synthesis
from phases.audio import mp4, timeline
from phases.audio.encoding import Encoder, find_encoder
from phases.audio.frames import AAC_FRAME, MP3_FRAME
from phases.audio.joining import Frames, make_m4b, make_mp3
from phases.audio.tags import Chapter, id3_tag, tags_of
from phases.audio.timeline import Timeline
from phases.contract import Plan, Result
from phases.cues import Cue, to_srt

CHAPTERS = 300
FORMATS = ("m4b", "mp3", "opus", "flac", "wav")
DAY_S = 86_400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[SoundBook, Plan, Result, Timeline]:
    """A book of 300 chapters, each encoded by itself, in all formats."""
    book = SoundBook(tmp_path_factory.mktemp("joins"))
    book.write(
        [(f"Part {number}", [("prose", f"This is part {number} of the book.")]) for number in range(1, CHAPTERS + 1)]
    )
    plan = book.plan("synthesis")
    book.keep(plan, synthesis.run(plan).artifacts)
    laid_out: list[Timeline] = []

    def remembered(*arguments: object) -> Timeline:
        laid_out.append(lay_out(*arguments))  # type: ignore[arg-type]
        return laid_out[-1]

    lay_out = enhancement.lay_out
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "_SHORTEST_SEGMENT_S", 1)
        patch.setattr(timeline, "_LONGEST_SEGMENT_S", 1)
        patch.setattr(enhancement, "lay_out", remembered)
        plan = book.plan("enhancement", formats=list(FORMATS))
        result = enhancement.run(plan)
    book.keep(plan, result.artifacts)
    return book, plan, result, laid_out[0]


@pytest.mark.long
@pytest.mark.parametrize("name", FORMATS)
def test_after_three_hundred_joins_the_last_cue_is_at_its_words_and_no_join_clicks(
    made: tuple[SoundBook, Plan, Result, Timeline], name: str
) -> None:
    book, plan, result, laid_out = made
    assert len(laid_out.segments) == CHAPTERS
    samples, rate = decoded(plan.attempt_dir / result.deliverables[name])
    assert len(samples) / rate == pytest.approx(laid_out.samples / laid_out.rate, abs=0.025)

    timing = book.plan("subtitles", inputs={}, formats=["srt"])
    srt = (timing.attempt_dir / subtitles.run(timing).deliverables["srt"]).read_text(encoding="utf-8")
    starts = [start for start, _end in cue_starts(srt)]
    assert len(starts) == CHAPTERS
    assert starts == sorted(starts)
    for place in (*range(0, CHAPTERS, CHAPTERS // 10), CHAPTERS - 1):
        audio_id, length, chunk_s = chunks_of(book)[place]
        assert starts[place] == pytest.approx(chunk_s, abs=0.001)
        assert abs(lateness_s(samples, rate, book, audio_id, length, starts[place])) <= 0.05

    jumps = np.abs(np.diff(samples))
    for segment in laid_out.segments[:-1]:
        join = round(segment.end / laid_out.rate * rate)
        assert jumps[join - round(0.05 * rate) : join + round(0.05 * rate)].max() < 0.001
        assert np.abs(samples[join - round(0.05 * rate) : join + round(0.05 * rate)]).max() < 0.002


def silent_frame(folder: Path, coder: str) -> bytes:
    """A frame of silence, of which any number can follow each other."""
    encoder = Encoder(find_encoder(), 22_050, 44_100, 32, {coder: 0.0})
    piece = encoder.encode(bytes(2 * 9216 * 4), 0, folder / coder, is_last=True)[coder]
    data, sizes = piece.path.read_bytes(), piece.sizes
    return data[-sizes[-1] :]


def test_a_book_of_more_than_a_day_has_its_length_and_its_last_chapter(tmp_path: Path) -> None:
    samples = 26 * 3600 * 44_100 // 9216 * 9216
    starts_s = [0.0, DAY_S - 0.5, DAY_S + 3600.25]
    ends_s = [*starts_s[1:], samples / 44_100]
    marks = [
        Chapter(number, f"Part {number}", start, end)
        for number, (start, end) in enumerate(zip(starts_s, ends_s, strict=True), start=1)
    ]
    frame = silent_frame(tmp_path, "aac")
    frames, count = Frames(tmp_path / "frames"), samples // AAC_FRAME + 1
    frames.path.write_bytes(frame * count)
    frames.sizes_path.write_bytes(array("H", [len(frame)]).tobytes() * count)
    rows: mp4.Marks = [(round(m.start_s * 44_100), round(m.end_s * 44_100), m.title) for m in marks]
    make_m4b(frames, tmp_path / "a.m4b", samples=samples, rate=44_100, chapters=rows, write_tags=lambda _path: None)
    # A player goes by the frame that states the length, so a few frames of sound are enough.
    (tmp_path / "few").write_bytes(silent_frame(tmp_path, "mp3") * 20)
    make_mp3(
        Frames(tmp_path / "few"),
        tmp_path / "a.mp3",
        tag=id3_tag(tags_of({}, None), marks, None),
        samples=samples,
        rate=44_100,
        bitrate_kbps=32,
    )
    for name in ("a.m4b", "a.mp3"):
        with av.open(str(tmp_path / name)) as container:
            found = [float(chapter["start"] * chapter["time_base"]) for chapter in container.chapters()]
            assert found == pytest.approx(starts_s, abs=0.001)
            sound = container.streams.audio[0]
            assert sound.duration is not None
            assert float(sound.duration * sound.time_base) == pytest.approx(samples / 44_100, abs=MP3_FRAME / 44_100)
    assert ID3(tmp_path / "a.mp3")["CHAP:ch3"].start_time == (DAY_S + 3600) * 1000 + 250


def test_cues_go_on_after_a_day() -> None:
    assert "25:00:00,250 --> 25:00:01,500" in "".join(to_srt([Cue(90_000.25, 90_001.5, ("Late.",))]))
