"""`orchestrate-audiobook BOOK --dry-run --text`: what would be read, and what would be left out."""

from pathlib import Path

from commands import run

BOOK = (
    "Emma\n\nby Jane Austen\n\nChapter 1\n\nIt rained.[1] She stayed.\n\n[Illustration: A house.]\n\nChapter 2\n\n"
    "It did not rain.\n\n[1] All day.\n"
)


def test_chapters_words_hours_and_what_is_left_out_are_shown_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(BOOK)
    result = run("orchestrate-audiobook", "a.txt", "--dry-run", "--text", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "Emma · Jane Austen · en" in result.stdout
    assert "2 chapters, 16 words, about 0 h 00 min" in result.stdout
    assert "Chapter 2" in result.stdout
    assert "illustration: 1 piece, 3 words, confidence 0.9: it marks the place of a picture" in result.stdout
    assert "line 9: [Illustration: A house.]" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_sheet_beside_the_book_changes_what_would_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(BOOK)
    (tmp_path / "a.txt.book.yaml").write_text(
        "title: Mine\nchapters: {skip: [Chapter 2]}\nrules: {illustration: false}\n"
    )
    result = run("orchestrate-audiobook", "a.txt", "--dry-run", "--text", cwd=tmp_path)
    assert "Mine · Jane Austen · en" in result.stdout
    assert "1 chapter, " in result.stdout
    assert "not-wanted" in result.stdout
    assert "illustration:" not in result.stdout


def test_a_wrong_sheet_and_a_wrong_use_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(BOOK)
    assert run("orchestrate-audiobook", "a.txt", "--text", cwd=tmp_path).returncode == 2
    (tmp_path / "a.txt.book.yaml").write_text("titel: Mine\n")
    result = run("orchestrate-audiobook", "a.txt", "--dry-run", "--text", cwd=tmp_path)
    assert result.returncode == 1
    assert "did you mean title" in result.stderr
    rehearsed = run("orchestrate-audiobook", "a.txt", "--dry-run", cwd=tmp_path)
    assert rehearsed.returncode == 1
    assert "did you mean title" in rehearsed.stderr
    assert "did you mean title" in run("orchestrate-audiobook", "a.txt", cwd=tmp_path).stderr


def test_a_sheet_redoes_only_the_phases_that_read_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(BOOK)
    assert run("orchestrate-audiobook", "a.txt", "--phases", "1", "2", "3", cwd=tmp_path).returncode == 0
    (tmp_path / "a.txt.book.yaml").write_text("title: Mine\n")
    told = run("orchestrate-audiobook", "a.txt", "--phases", "1", "2", "3", "--dry-run", cwd=tmp_path).stdout
    assert "validation  skip" in told
    assert "extraction  run" in told
