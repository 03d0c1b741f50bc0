"""The count of what rules leave out: each firing is counted once, and shown to whoever asks."""

from pathlib import Path

import pytest

from benchmarks import rules


def test_every_firing_is_counted_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = "Chapter 1\n\nIt rained.[1]\n\n[1] All day.\n\nChapter 2\n\n[Illustration]\n\nIt stopped.\n"
    (tmp_path / "a.txt").write_text(book)
    (tmp_path / "b.txt").write_text(book)
    (tmp_path / "empty.txt").write_text("")
    assert rules.main([str(tmp_path), "--show", "footnote"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:3] == [
        "footnote | a.txt | line 5 | '[1] All day.'",
        "footnote | b.txt | line 5 | '[1] All day.'",
        "2 books read, 1 files refused",
    ]
    counts = {line.split()[0]: line.split(maxsplit=1)[1] for line in said[3:]}
    assert counts["footnote"] == counts["illustration"] == "2 times in 2 books"
    assert counts["ruby"] == "0 times in 0 books"
