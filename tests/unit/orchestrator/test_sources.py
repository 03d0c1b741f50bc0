import hashlib
import os
from pathlib import Path

from orchestrator.sources import examine, recorded_path


def test_the_hash_is_taken_again_only_where_the_files_facts_differ(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_bytes(b"first")
    source = examine(book, tmp_path, None)
    assert source.sha256 == hashlib.sha256(b"first").hexdigest()
    pretended = {**source.as_record(), "sha256": "0" * 64}
    assert examine(book, tmp_path, pretended).sha256 == "0" * 64


def test_another_file_of_the_same_size_and_mtime_is_noticed(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_bytes(b"first")
    source = examine(book, tmp_path, None)
    other = tmp_path / "other"
    other.write_bytes(b"other")
    os.utime(other, ns=(source.mtime_ns, source.mtime_ns))
    other.replace(book)
    assert examine(book, tmp_path, source.as_record()).sha256 == hashlib.sha256(b"other").hexdigest()


def test_paths_are_recorded_relative_to_the_state_and_absolute_outside(tmp_path: Path) -> None:
    (tmp_path / "lib/input").mkdir(parents=True)
    inside, outside = tmp_path / "lib/input/a.txt", tmp_path / "b.txt"
    for path in (inside, outside):
        path.write_text("x")
    assert examine(inside, tmp_path / "lib", None).path == "input/a.txt"
    assert examine(outside, tmp_path / "lib", None).path == str(outside)


def test_paths_are_relative_whatever_links_and_dots_the_states_folder_is_named_by(tmp_path: Path) -> None:
    (tmp_path / "lib/input").mkdir(parents=True)
    (tmp_path / "alias").symlink_to("lib")
    book = tmp_path / "lib/input/a.txt"
    for root in (tmp_path / "alias", tmp_path / "lib/input/.."):
        assert recorded_path(book, root) == "input/a.txt"
    (tmp_path / "lib/output").symlink_to(tmp_path / "disk")
    assert recorded_path(tmp_path / "lib/output/Title/a.m4b", tmp_path / "lib") == "output/Title/a.m4b"


def test_a_name_that_is_no_utf8_can_be_recorded(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt"))
    path.write_text("x")
    examine(path, tmp_path, None).path.encode("utf-8")
