import errno
import os
from pathlib import Path

import pytest

from orchestrator.artifacts import ArtifactError, missing_or_changed, move, take


def attempt(tmp_path: Path) -> Path:
    folder = tmp_path / "attempt"
    folder.mkdir()
    (folder / "text.jsonl").write_text("{}\n")
    return folder


def test_what_was_named_moves_and_is_recorded(tmp_path: Path) -> None:
    records = take(attempt(tmp_path), {"text": "text.jsonl"}, tmp_path / "work/book", tmp_path)
    assert records["text"]["path"] == "work/book/text.jsonl"
    assert (tmp_path / "work/book/text.jsonl").read_text() == "{}\n"
    assert missing_or_changed(records, tmp_path) is None


@pytest.mark.parametrize("named", ["../secret", "/etc/hostname", "sub/../../secret", "", ".", "missing.txt"])
def test_a_name_that_leads_out_or_to_nothing_is_refused_and_nothing_moves(tmp_path: Path, named: str) -> None:
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(ArtifactError, match=r"artifacts\.bad is "):
        take(attempt(tmp_path), {"text": "text.jsonl", "bad": named}, tmp_path / "work", tmp_path)
    assert not (tmp_path / "work").exists()
    assert (tmp_path / "secret").exists()


def test_a_link_is_no_artifact(tmp_path: Path) -> None:
    folder = attempt(tmp_path)
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "door").symlink_to(tmp_path)
    for named in ("link", "door/secret"):
        with pytest.raises(ArtifactError):
            take(folder, {"a": named}, tmp_path / "work", tmp_path)


def test_a_missing_and_a_changed_file_are_told_apart(tmp_path: Path) -> None:
    records = take(attempt(tmp_path), {"text": "text.jsonl"}, tmp_path, tmp_path)
    path = tmp_path / "text.jsonl"
    os.utime(path, ns=(1, 1))
    assert missing_or_changed(records, tmp_path) is None
    path.write_text("[]\n")
    assert missing_or_changed(records, tmp_path) == "text.jsonl was changed"
    path.unlink()
    assert missing_or_changed(records, tmp_path) == "text.jsonl is gone"


def test_a_move_to_another_file_system_copies_and_keeps_the_mtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, destination = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"audio")
    os.utime(source, ns=(5, 123456789))
    rename = Path.replace

    def across(self: Path, target: Path) -> Path:
        if self == source:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", across)
    move(source, destination)
    assert destination.read_bytes() == b"audio"
    assert destination.stat().st_mtime_ns == 123456789
    assert not source.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
