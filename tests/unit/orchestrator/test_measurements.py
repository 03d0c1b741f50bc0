"""What is told of the measurements at the end of a book."""

from pathlib import Path

from orchestrator.measurements import table_version, told

HEAD = ["Measured on the encoded files, against the preset audiobook: …", "", "m4b    length"]


def test_a_short_table_is_told_whole(tmp_path: Path) -> None:
    assert table_version(tmp_path) == 0
    lines = [*HEAD, "  1 One    0:01:00  pass", "all    0:01:00  pass"]
    (tmp_path / "measurements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert list(told(tmp_path)) == lines
    assert table_version(tmp_path) > 0


def test_of_a_long_table_the_whole_files_and_the_failures_are_told(tmp_path: Path) -> None:
    rows = [f"{number:>3} Chapter    0:01:00  pass" for number in range(60)]
    rows[30] = " 30 Chapter    0:01:00  FAIL peak -2.50 dBTP, over -3"
    last = "all                0:59:00  FAIL in a chapter"
    (tmp_path / "measurements.txt").write_text("\n".join([*HEAD, *rows, last]) + "\n", encoding="utf-8")
    shown = list(told(tmp_path))
    assert shown[:3] == [HEAD[0], rows[30], last]
    assert shown[3] == f"62 more lines in {tmp_path / 'measurements.txt'}"
