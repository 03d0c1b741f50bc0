import os
from pathlib import Path

import pytest

from orchestrator.library import discover, natural_key


def names(folder: Path, **options: object) -> list[str]:
    return [str(path.relative_to(folder)) for path in discover(folder, **options).books]  # type: ignore[arg-type]


def test_books_come_in_the_order_in_which_a_person_lists_them(tmp_path: Path) -> None:
    for name in ("Book 10.txt", "Book 2.txt", "book 1.epub", "A/zebra.md", "A/apple 2.pdf", "A/apple 11.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == [
        "A/apple 2.pdf",
        "A/apple 11.pdf",
        "A/zebra.md",
        "book 1.epub",
        "Book 2.txt",
        "Book 10.txt",
    ]


def test_a_name_comes_before_its_continuations(tmp_path: Path) -> None:
    for name in ("Emma, a copy.epub", "Emma.epub", "Emma (2).epub"):
        (tmp_path / name).touch()
    assert names(tmp_path)[0] == "Emma.epub"


def test_hidden_files_images_and_sidecars_are_passed_over_and_counted(tmp_path: Path) -> None:
    for name in (".hidden.epub", "cover.jpg", "metadata.opf", "manifest.csv", "book.epub"):
        (tmp_path / name).touch()
    (tmp_path / ".cache").mkdir()
    library = discover(tmp_path)
    assert [path.name for path in library.books] == ["book.epub"]
    assert library.passed_over == {"hidden": 2, "image": 1, "sidecar": 2}
    assert library.passed_over_text() == "2 hidden files, 1 image, 2 other files"


def test_other_book_formats_are_books_so_that_validation_can_say_what_to_do(tmp_path: Path) -> None:
    for name in ("old.rtf", "kindle.mobi", "word.doc"):
        (tmp_path / name).touch()
    assert names(tmp_path) == ["kindle.mobi", "old.rtf", "word.doc"]


def test_links_out_of_the_folder_fifos_and_linked_folders_are_never_followed(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (inside / "book.txt").write_text("text")
    (inside / "out.txt").symlink_to(tmp_path / "secret.txt")
    (inside / "loop").symlink_to(inside)
    (inside / "alias.txt").symlink_to(inside / "book.txt")
    (inside / "dangling.txt").symlink_to(inside / "nothing.txt")
    os.mkfifo(inside / "pipe.txt")
    library = discover(inside)
    assert [path.name for path in library.books] == ["alias.txt", "book.txt"]
    assert library.passed_over == {"link": 3, "special": 1}


def test_the_output_and_work_folders_are_not_searched(tmp_path: Path) -> None:
    for name in ("output/done.txt", "new.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path, without=(tmp_path / "output",)) == ["new.txt"]


def test_names_of_any_bytes_are_sorted_without_harm(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff\xfe bad.txt"
    os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
    (tmp_path / "two\nlines.txt").touch()
    assert len(discover(tmp_path).books) == 2


@pytest.mark.parametrize(("smaller", "larger"), [("a2", "a10"), ("1 b", "a"), ("Chapter 9", "chapter 10"), ("a", "a1")])
def test_the_natural_key_orders_numbers_by_value(smaller: str, larger: str) -> None:
    assert natural_key(smaller) < natural_key(larger)


def test_digits_of_other_scripts_do_not_break_the_order() -> None:
    assert sorted(["٣", "²", "1", "a"], key=natural_key)


def test_what_the_work_by_hand_has_left_among_the_books_is_no_book(tmp_path: Path) -> None:
    for name in (
        "book.txt",
        "work/.locks/a",
        "work/a-1/notes.txt",
        "output/.owners/b",
        "output/A/B/B.epub",
        "shelf/c.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == ["book.txt", "shelf/c.md"]
    assert discover(tmp_path).passed_over_text() == "2 work or output folders"
