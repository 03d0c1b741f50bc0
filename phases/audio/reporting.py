"""What was measured on the encoded files, as the document ``report.json`` and as a table to read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from phases.audio.checking import misses
from phases.audio.products import Product
from phases.audio.verifying import Measured, Sound
from phases.presets import Preset


def file_rows(preset: Preset, made: Sequence[tuple[Product, Measured]]) -> dict[str, Any]:
    """The measured files, by format; where each chapter has a file of its own, the format's are one row each.

    Args:
        preset: what they are measured against.
        made: all files of a book, in the order of their formats.
    """
    files: dict[str, Any] = {}
    for product, measured in made:
        if product.is_whole_book:
            parts = [
                _row(mark.index, mark.title, part, misses(part, preset, is_file=False))
                for mark, part in zip(product.marks, measured.parts, strict=True)
            ]
            missed = misses(measured.whole, preset, is_file=True)
            files[product.format] = {
                "file": product.path.name,
                **_levels(measured.whole),
                "missed": missed,
                "passed": not missed and all(part["passed"] for part in parts),
                "chapters": parts,
            }
        else:
            row = _row(
                product.marks[0].index,
                product.marks[0].title,
                measured.whole,
                misses(measured.whole, preset, is_file=True),
            )
            group = files.setdefault(product.format, {"passed": True, "chapters": []})
            group["chapters"].append({"file": product.path.name, **row})
            group["passed"] = group["passed"] and row["passed"]
    return files


def _row(index: int, title: str, sound: Sound, missed: list[str]) -> dict[str, Any]:
    return {"index": index, "title": title, **_levels(sound), "missed": missed, "passed": not missed}


def _levels(sound: Sound) -> dict[str, float | None]:
    return {
        "duration_s": round(sound.duration_s, 6),
        "loudness_lufs": _rounded(sound.loudness_lufs),
        "rms_db": _rounded(sound.rms_db),
        "true_peak_dbtp": _rounded(sound.true_peak_dbtp),
        "noise_floor_db": _rounded(sound.noise_floor_db),
    }


def _rounded(level_db: float) -> float | None:
    return round(level_db, 2) if math.isfinite(level_db) else None


def table(name: str, preset: Preset, files: Mapping[str, Mapping[str, Any]]) -> str:
    """The same as lines to read.

    Args:
        name: of the preset.
        preset: what the files are measured against.
        files: as `file_rows` gives them.
    """
    return "\n".join(_lines(name, preset, files)) + "\n"


def _lines(name: str, preset: Preset, files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    wanted = f"{preset.lowest_db:g} to {preset.highest_db:g} {preset.unit}, true peak at most {preset.true_peak_dbtp:g}"
    if preset.noise_floor_db is not None:
        wanted += f", noise floor at most {preset.noise_floor_db:g} dB"
    yield f"Measured on the encoded files, against the preset {name}: {wanted}."
    for kind, file in files.items():
        yield ""
        yield f"{kind:<32}{'length':>10}{'LUFS':>8}{'RMS':>8}{'peak':>8}{'noise':>8}"
        for row in file["chapters"]:
            yield _line(f"{row['index']:>3} {row['title']}", row)
        if "file" in file:
            yield _line("all", file)


def _line(head: str, row: Mapping[str, Any]) -> str:
    names = ("loudness_lufs", "rms_db", "true_peak_dbtp", "noise_floor_db")
    levels = "".join(f"{'-inf' if row[name] is None else format(row[name], '.1f'):>8}" for name in names)
    whole_s = round(row["duration_s"])
    length = f"{whole_s // 3600}:{whole_s // 60 % 60:02}:{whole_s % 60:02}"
    verdict = "pass" if row["passed"] else f"FAIL {'; '.join(row['missed']) or 'in a chapter'}"
    return f"{head[:31]:<32}{length:>10}{levels}  {verdict}"
