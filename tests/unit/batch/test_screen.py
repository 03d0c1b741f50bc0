"""What a batch says at its end, where nobody sits before it."""

import pytest

from batch.screen import Screen, show_summary

SUMMARY = {
    "status": "partial",
    "successful_files": 1,
    "failed_files": 1,
    "skipped_files": 0,
    "total_files": 2,
    "duration_sec": 1.0,
    "avg_cpu_usage": 5.0,
}


def test_the_table_is_plain_text_where_it_is_not_for_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_summary(Screen(), SUMMARY, {"A long name.epub": "output/A"}, {"b.txt": "it is empty"})
    assert capsys.readouterr().out.splitlines() == [
        "Book              Result  Where, or why not",
        "A long name.epub  done    output/A",
        "b.txt             failed  it is empty",
        "partial: 1 done, 1 failed, 0 skipped of 2 books in 1.0 s; CPU 5 % on average",
    ]


def test_books_that_an_interrupted_batch_did_not_finish_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    show_summary(Screen(), SUMMARY | {"total_files": 5}, {}, {})
    assert "1 done, 1 failed, 0 skipped, 3 unfinished of 5 books" in capsys.readouterr().out


def test_nothing_is_tabled_where_no_book_has_run(capsys: pytest.CaptureFixture[str]) -> None:
    show_summary(Screen(), SUMMARY, {}, {})
    assert capsys.readouterr().out.count("\n") == 1
