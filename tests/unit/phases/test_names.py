"""Names of delivered files on any file system."""

from __future__ import annotations

import pytest

from phases.names import file_stem, plain, safe_name, year_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Emma", "Emma"),
        ("Tea: a Story", "Tea - a Story"),
        ("a/b\\c|d", "a-b-c-d"),
        ('Who said "no"?*<>', "Who said 'no'"),
        ("...dots. . ", "dots"),
        ("tab\tand\nline\x00", "tab and line"),
        ("con", "con_"),
        ("NUL.txt", "NUL_.txt"),
        ("COM1", "COM1_"),
        ("Lpt9 .x", "Lpt9 _.x"),
        ("conout$", "conout$_"),
        ("Console", "Console"),
        ("", "Untitled"),
        ("???", "Untitled"),
        ("..", "Untitled"),
        ("cafe\u0301", "café"),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("\ud800x", "x"),
    ],
)
def test_a_title_becomes_a_name(text: str, name: str) -> None:
    assert safe_name(text, "Untitled") == name


def test_long_names_are_cut_between_characters() -> None:
    name = safe_name("日本" * 100, "Untitled")
    assert len(name.encode()) <= 120
    assert set(name) == {"日", "本"}


def test_a_cut_leaves_no_space_or_dot_at_the_end() -> None:
    assert safe_name("x" * 119 + " . y", "Untitled") == "x" * 119


def test_a_file_name_with_its_extension_stays_short() -> None:
    assert len((file_stem({"title": "ü" * 300}) + ".m4b").encode()) <= 120


def test_plain_text_has_one_line_without_controls() -> None:
    assert plain(" a\r\nb\x1b[31m\u202e ") == "a b[31m"


@pytest.mark.parametrize(
    ("published", "year"),
    [("1815", "1815"), ("1815-12-23", "1815"), (None, None), ("May 1815", None), ("181500", None)],
)
def test_the_year_is_the_books_own(published: str | None, year: str | None) -> None:
    assert year_of({"published": published}) == year
