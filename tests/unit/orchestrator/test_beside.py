"""What lies beside a book's file: the sheet that somebody has written for it, and the records of Calibre."""

from pathlib import Path

import pytest

from orchestrator.beside import settings_beside


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "Emma.epub"
    path.write_text("a book")
    return path


def sheet(book: Path, content: str) -> dict[str, dict[str, object]]:
    book.with_name("Emma.epub.book.yaml").write_text(content)
    return settings_beside(book)


def test_a_book_alone_has_no_settings_of_its_own(book: Path) -> None:
    assert settings_beside(book) == {}


def test_a_sheet_gives_each_phase_what_it_reads(book: Path) -> None:
    (book.parent / "mine.png").write_text("a picture")
    found = sheet(
        book,
        "title: Mine\nauthor: Me\nyear: 1815\nseries_index: 2\ncover: mine.png\nvoice: en-gb\n"
        "chapters: {skip: [Preface], keep: Notes}\nrules: {footnote: false}\n",
    )
    assert found["synthesis"] == {"voice": "en-gb", "voice_is_default": False}
    extraction = found["extraction"]
    assert (extraction["skip"], extraction["keep"]) == (["Preface"], ["Notes"])
    assert extraction["book_rules"] == {"footnote": False}
    facts = extraction["book"]
    assert isinstance(facts, dict)
    cover = facts.pop("cover")
    assert (cover["name"], len(cover["sha256"])) == ("mine.png", 64)
    assert facts == {"title": "Mine", "authors": ["Me"], "year": "1815", "series_index": "2"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("titel: Mine\n", "did you mean title or subtitle? Correct or remove"),
        ("rules: {footnotes: false}\n", "did you mean footnote"),
        ("title: [\n", "line 2"),
        ("cover: ../secret.png\n", "no file in the folder"),
        ("cover: gone.png\n", "cannot be read"),
    ],
)
def test_a_sheet_that_is_wrong_makes_validation_refuse_the_book(book: Path, content: str, said: str) -> None:
    error = sheet(book, content)["validation"]["sheet_error"]
    assert said in str(error)
    assert "Emma.epub.book.yaml" in str(error)


def test_calibres_records_serve_a_book_that_is_alone_in_its_folder(book: Path) -> None:
    (book.parent / "metadata.opf").write_text("<package/>")
    (book.parent / "cover.jpg").write_text("a picture")
    (book.parent / "Emma.mobi").write_text("the same book")
    found = settings_beside(book)["extraction"]["opf"]
    assert (found["name"], found["cover"]["name"]) == ("metadata.opf", "cover.jpg")
    before = found["sha256"]
    (book.parent / "metadata.opf").write_text("<package></package>")
    assert settings_beside(book)["extraction"]["opf"]["sha256"] != before
    (book.parent / "Persuasion.epub").write_text("another")
    assert settings_beside(book) == {}


def test_records_with_the_name_of_the_book_serve_it_in_any_folder(book: Path) -> None:
    (book.parent / "Persuasion.epub").write_text("another")
    (book.parent / "Emma.opf").write_text("<package/>")
    assert settings_beside(book)["extraction"]["opf"]["name"] == "Emma.opf"
