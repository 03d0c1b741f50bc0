"""Tables in terminals and pipes."""

import re
import sys

import pytest

from pipeline_common.tools.display import print_table

COLUMNS = ("Book", "ID", "Error", "Never")
ROWS = [("Emma", "emma-11111111", "", ""), ("The Night", "the-night-22222222", "It is damaged. Get another copy.", "")]


def become_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()]


def test_a_table_that_fits_the_terminal_is_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    become_terminal(monkeypatch, 80)
    print_table(COLUMNS, ROWS)
    assert printed(capsys) == [
        "Book       ID                  Error",
        "Emma       emma-11111111",
        "The Night  the-night-22222222  It is damaged. Get another copy.",
    ]


def test_the_last_column_is_folded_where_half_the_width_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    become_terminal(monkeypatch, 62)
    print_table(COLUMNS, ROWS)
    assert printed(capsys)[2:] == [
        "The Night  the-night-22222222  It is damaged. Get another",
        "                               copy.",
    ]


def test_in_a_narrower_terminal_no_id_is_broken(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    become_terminal(monkeypatch, 40)
    print_table(COLUMNS, ROWS)
    assert printed(capsys) == [
        "Book",
        "  ID  Error",
        "Emma",
        "  emma-11111111",
        "The Night",
        "  the-night-22222222",
        "  It is damaged. Get another copy.",
    ]


def test_nothing_but_empty_cells_is_no_table(capsys: pytest.CaptureFixture[str]):
    print_table(COLUMNS, [("", "", "", "")])
    assert capsys.readouterr().out == ""


def test_a_pipe_gets_a_line_a_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("COLUMNS", "40")
    print_table(COLUMNS, ROWS)
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(ROWS)
