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
    assert said[:4] == [
        "footnote: 2 of 2",
        "footnote | a.txt | line 5 | '[1] All day.'",
        "footnote | b.txt | line 5 | '[1] All day.'",
        "2 books read, 1 files refused",
    ]
    counts = {line.split()[0]: line.split(maxsplit=1)[1] for line in said[4:]}
    assert counts["footnote"] == counts["illustration"] == "2 times in 2 books"
    assert counts["ruby"] == "0 times in 0 books"


def test_of_many_firings_a_sample_is_shown_that_its_seed_chooses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = "".join(f"It rained.[{n}]\n\n[{n}] Note {n}.\n\n" for n in range(1, 30))
    (tmp_path / "a.txt").write_text(f"Chapter 1\n\n{notes}Chapter 2\n\nIt stopped.\n")
    shown = []
    for seed in ("1", "1", "2"):
        assert rules.main([str(tmp_path), "--show", "footnote", "--most", "5", "--seed", seed]) == 0
        shown.append(capsys.readouterr().out.splitlines()[:6])
    assert shown[0][0] == "footnote: 5 of 29, seed 1"
    assert shown[0] == shown[1] != shown[2]


def test_a_page_that_counts_otherwise_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    books = tmp_path / "books"
    books.mkdir()
    (books / "a.txt").write_text("Chapter 1\n\n[Illustration]\n\nIt stopped.\n\nChapter 2\n\nIt rained.\n")
    row = "| `{}` | what | not | 1 | {} | 1 | 1 | 0 | `test` |\n"
    rows = "".join(row.format(rule, "never" if rule != "illustration" else 1) for rule in rules.RULES)
    for content, code in (
        (rows, 0),
        (rows.replace("`ruby` | what | not | 1 | never", "`ruby` | what | not | 1 | 7"), 1),
    ):
        page.write_text(content)
        assert rules.main([str(books), "--check", str(page)]) == code
    (said,) = (line for line in capsys.readouterr().out.splitlines() if "the page says" in line)
    assert " ".join(said.split()) == "ruby 0 times in 0 books; the page says 7"
