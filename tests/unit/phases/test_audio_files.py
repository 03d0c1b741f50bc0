"""Chunk files, frames, tags and covers."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest
from mutagen.id3 import ID3
from mutagen.mp3 import MP3

from phases.audio.chunkfile import DamagedChunkError, read_chunk, read_pcm, write_chunk
from phases.audio.encoding import Encoder, find_encoder
from phases.audio.frames import info_frame
from phases.audio.tags import Chapter, chapter_title, id3_tag, read_cover, tags_of
from phases.audio.unpacking import FrameError, adts_frames, mp3_frames, ogg_packets
from phases.contract import TransientError

PCM = bytes(range(200)) * 10


def test_a_chunk_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_chunk(path, PCM, 22_050, [(0, 3, 0.0), (4, 9, 0.51)])
    audio = read_chunk(path)
    assert (audio.samples, audio.rate, audio.words) == (1000, 22_050, ((0, 3, 0.0), (4, 9, 0.51)))
    assert read_pcm(path, 1000) == PCM
    assert list(tmp_path.iterdir()) == [path]


def test_a_chunk_cut_off_anywhere_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_chunk(path, PCM, 22_050, [(0, 3, 0.0)])
    whole = path.read_bytes()
    for length in [0, 10, 43, 44, 500, len(whole) - 30, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedChunkError):
            read_chunk(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(DamagedChunkError):
        read_chunk(path)


def test_a_plain_wave_file_is_a_chunk_without_word_times_and_one_that_is_cut_off_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(PCM)
    audio = read_chunk(path)
    assert (audio.samples, audio.rate, audio.words) == (1000, 16_000, ())
    assert read_pcm(path, 1000) == PCM
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:44], whole + b"\0" * 8):
        path.write_bytes(damaged)
        with pytest.raises(DamagedChunkError):
            read_chunk(path)


def test_a_chunk_with_other_samples_than_were_written_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_chunk(path, PCM, 22_050, [(0, 3, 0.0)])
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedChunkError, match="not those that were written"):
        read_chunk(path)


def test_a_chunk_whose_word_times_are_no_json_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_chunk(path, PCM, 22_050, [(0, 3, 0.0)])
    path.write_bytes(path.read_bytes().replace(b'{"words"', b"~~~~~~~~"))
    with pytest.raises(DamagedChunkError, match="word times"):
        read_chunk(path)


@pytest.mark.parametrize(("rate", "bitrate"), [(44_100, 64), (48_000, 32), (44_100, 192)])
def test_the_first_frame_of_an_mp3_states_the_length(rate: int, bitrate: int) -> None:
    samples = 9216 * 10
    frame = info_frame(samples, 100_000, rate, bitrate)
    assert mp3_frames(frame) == [0, len(frame)]
    file = MP3(io.BytesIO(frame * 3))
    assert file.info.length == pytest.approx(samples / rate, abs=0.001)


@pytest.mark.parametrize("find", [mp3_frames, adts_frames, ogg_packets])
def test_what_is_no_frame_is_refused(find: object) -> None:
    with pytest.raises(FrameError):
        find(b"RIFF" + bytes(100))  # type: ignore[operator]


def test_an_encoder_that_cannot_run_is_named(tmp_path: Path) -> None:
    encoder = Encoder(str(tmp_path / "nothing"), 22_050, 44_100, 64, {"mp3": 0.0})
    with pytest.raises(TransientError, match=r"nothing.*imageio-ffmpeg") as caught:
        encoder.encode(bytes(9216), 0, tmp_path / "a", is_last=True)
    assert caught.value.error_type == "encoder_missing"


def test_an_encoder_that_fails_says_why(tmp_path: Path) -> None:
    encoder = Encoder(find_encoder(), 22_050, 44_100, 64, {"mp3": 0.0})
    (tmp_path / "a.mp3").mkdir()
    with pytest.raises(TransientError, match="Is a directory") as caught:
        encoder.encode(bytes(9216), 0, tmp_path / "a", is_last=True)
    assert caught.value.error_type == "encoder_failed"


@pytest.mark.parametrize(
    ("data", "extension"),
    [(b"\xff\xd8\xff\xe0rest", "jpg"), (b"\x89PNG\r\n\x1a\nrest", "png"), (b"<svg/>", None), (b"", None)],
)
def test_a_cover_is_known_by_its_first_bytes(tmp_path: Path, data: bytes, extension: str | None) -> None:
    path = tmp_path / "cover.jpg"
    path.write_bytes(data)
    cover = read_cover(path)
    assert (cover.extension if cover else None) == extension
    assert read_cover(tmp_path / "nothing.jpg") is None


def test_long_titles_are_read_back_from_an_id3_tag(tmp_path: Path) -> None:
    title = chapter_title("ü" * 500, 1)
    path = tmp_path / "a.mp3"
    path.write_bytes(id3_tag(tags_of({"title": "日本 𝒜"}, None), [Chapter(1, title, 0.0, 1.5)], None) + bytes(10))
    tags = ID3(path)
    assert str(tags["TIT2"]) == "日本 𝒜"
    assert str(tags["CHAP:ch1"].sub_frames["TIT2"]) == title == "ü" * 127
    assert str(tags["TPE1"]) == "Unknown Author"
    assert "TDRC" not in tags


def test_a_chapter_without_a_title_is_numbered() -> None:
    assert [chapter_title(title, 3) for title in (None, "", " \x00 ")] == ["Chapter 3"] * 3
