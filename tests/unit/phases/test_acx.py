"""The presets, measured by ffmpeg, which has no part in how this program measures."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from soundbook import PAUSES, SoundBook
from test_sound_book import enhance, speak

from phases.audio.chunkfile import chunk_path, write_chunk
from phases.audio.encoding import find_encoder
from phases.files import read_json, read_lines, write_lines
from phases.presets import PRESETS

ACX = PRESETS["acx"]
SENTENCE = "It was late, and nobody had told the old man, who waited at the door until the morning came."


def uneven_book(folder: Path, chapters: int, sentences: int) -> SoundBook:
    """A book whose chapters were spoken at levels 30 dB apart."""
    book = SoundBook(folder)
    book.write([(f"Part {n}", [("prose", f"{SENTENCE} {n}, {m}.") for m in range(sentences)]) for n in range(chapters)])
    speak(book)
    timings = list(read_lines(book.folder / "timings.jsonl"))
    for row in timings:
        path = chunk_path(book.folder, row["audio_id"])
        with av.open(path) as container:
            samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])
        factor = 10 ** (-30 * ((row["chapter"] * 7) % chapters) / chapters / 20)
        write_chunk(path, (samples * factor).astype("<i2").tobytes(), row["rate"], row["words"])
        row["size_bytes"] = path.stat().st_size
    write_lines(book.folder / "timings.jsonl", timings)
    return book


def heard_by_ffmpeg(path: Path) -> dict[str, float]:
    """What the filters volumedetect and ebur128 find in a file."""
    filters = "volumedetect,ebur128=peak=true"
    command = [find_encoder(), "-hide_banner", "-nostats", "-i", str(path), "-af", filters, "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = said[said.rindex("Summary:") :]

    def number(pattern: str, text: str) -> float:
        return float(re.search(pattern, text)[1])

    return {
        "rms_db": number(r"mean_volume: (-?[\d.]+) dB", said),
        "sample_peak_db": number(r"max_volume: (-?[\d.]+) dB", said),
        "loudness_lufs": number(r"I:\s+(-?[\d.]+) LUFS", summary),
        "true_peak_dbtp": number(r"Peak:\s+(-?[\d.]+) dBFS", summary),
    }


def check_acx(book: SoundBook, chapters: int) -> None:
    pauses = {**PAUSES, **ACX.pauses}
    plan, result = enhance(book, preset="acx", formats=list(ACX.formats), bitrate_kbps=ACX.bitrate_kbps, pauses=pauses)
    assert result.metrics["passed"]
    rows = read_json(book.folder / "report.json")["files"]["mp3-chapters"]["chapters"]
    assert len(rows) == chapters
    for row in rows:
        path = plan.attempt_dir / row["file"]
        heard = heard_by_ffmpeg(path)
        for name in ("rms_db", "loudness_lufs", "true_peak_dbtp"):
            assert heard[name] == pytest.approx(row[name], abs=0.3), (row["file"], name)
        assert -23 <= heard["rms_db"] <= -18
        assert heard["sample_peak_db"] <= -3
        assert row["noise_floor_db"] is None or row["noise_floor_db"] <= -60
        with av.open(path) as container:
            stream = container.streams.audio[0]
            assert (stream.rate, stream.channels, stream.codec_context.name) == (44_100, 1, "mp3float")
            sizes = {packet.size for packet in container.demux(stream) if packet.size}
        assert sizes <= {626, 627}  # 144,000 * 192 / 44,100


def test_chapters_of_different_loudness_pass_and_ffmpeg_agrees(tmp_path: Path) -> None:
    check_acx(uneven_book(tmp_path, 3, 2), 3)


@pytest.mark.long
def test_twenty_chapters_of_different_loudness_pass_and_ffmpeg_agrees(tmp_path: Path) -> None:
    check_acx(uneven_book(tmp_path, 20, 12), 20)


@pytest.mark.parametrize("name", ["audiobook", "podcast"])
def test_ffmpeg_hears_the_loudness_and_the_peak_that_a_preset_promises(tmp_path: Path, name: str) -> None:
    preset = PRESETS[name]
    settings = {"preset": name, "formats": list(preset.formats), "bitrate_kbps": preset.bitrate_kbps}
    plan, result = enhance(uneven_book(tmp_path, 2, 1), **settings)
    report = read_json(tmp_path / "report.json")["files"]
    for kind in preset.formats:
        heard = heard_by_ffmpeg(plan.attempt_dir / result.deliverables[kind])
        assert heard["loudness_lufs"] == pytest.approx(report[kind]["loudness_lufs"], abs=0.3)
        assert heard["loudness_lufs"] == pytest.approx(preset.level_db, abs=1.0)
        assert heard["true_peak_dbtp"] <= preset.true_peak_dbtp
