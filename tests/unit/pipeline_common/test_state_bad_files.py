"""Files that are not what they should be: each is an error that says what to do, and the file is kept."""

import errno
import json
import os
from pathlib import Path

import pytest

from pipeline_common import (
    PipelineState,
    StateError,
    StateLockError,
    StateReadError,
    StateTransactionError,
    StateValidationError,
    StateWriteError,
)
from pipeline_common.system import System

DAMAGED = {
    "empty": b"",
    "zeros": b"\0" * 512,
    "truncated": b'{"phase1": {"status": "succ',
    "no JSON": b"once upon a time",
    "duplicate keys": b'{"a": 1, "a": 2}',
    "not a number": b'{"a": NaN}',
    "infinity": b'{"a": -Infinity}',
    "too large a number": b'{"a": 1e999}',
    "20,000 levels": b'{"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "300 levels": b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}",
    "a number of 10,000 digits": b'{"a": ' + b"1" * 10_000 + b"}",
    "no UTF-8": b'{"a": "\xff"}',
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_file_is_an_error_in_every_call_and_is_kept(tmp_path: Path, content: bytes):
    path = tmp_path / "pipeline.json"
    path.write_bytes(content)
    state = PipelineState(path)
    for call in (state.read, lambda: state.write({}), state.backup_manager.create_backup):
        with pytest.raises(StateReadError) as caught:
            call()
        assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_an_array_is_no_document_and_is_kept(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    path.write_text("[1, 2]")
    for call in (PipelineState(path).read, lambda: PipelineState(path).write({})):
        with pytest.raises(StateValidationError, match="holds a list, expected an object"):
            call()
    assert path.read_text() == "[1, 2]"


def test_a_byte_order_mark_is_no_damage(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    path.write_bytes(b'\xef\xbb\xbf{"x": 1}')
    assert PipelineState(path).read() == {"x": 1}


def test_a_folder_in_its_place_is_an_error(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    path.mkdir()
    for call in (PipelineState(path).read, lambda: PipelineState(path).write({})):
        with pytest.raises(StateReadError, match="it is a folder"):
            call()


def test_a_pipe_in_its_place_is_an_error_and_not_a_wait(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    os.mkfifo(path)
    with pytest.raises(StateReadError, match="no regular file"):
        PipelineState(path).read()


def test_a_file_over_the_limit_is_refused(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    path.write_text(json.dumps({"x": "." * 1000}))
    with pytest.raises(StateReadError, match="more than the limit of 100"):
        PipelineState(path, max_size_bytes=100).read()


def test_a_symbolic_link_stands_for_its_target(tmp_path: Path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "pipeline.json"
    link.symlink_to(tmp_path / "real" / "pipeline.json")
    state = PipelineState(link)
    state.write({"x": 1})
    assert link.is_symlink()
    assert (tmp_path / "real" / "pipeline.json.lock").exists()
    assert PipelineState(tmp_path / "real" / "pipeline.json").read()["x"] == 1


def test_a_document_of_a_later_version_is_refused_and_untouched(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    path.write_text('{"schema_version": 99, "x": 1}')
    for call in (PipelineState(path).read, lambda: PipelineState(path).write({})):
        with pytest.raises(StateReadError, match=r"schema version 99.*Update"):
            call()
    assert path.read_text() == '{"schema_version": 99, "x": 1}'


class Refusing(System):
    """A file system on which some calls are not allowed."""

    def __init__(self, *calls: str, code: int = errno.EACCES, path: str = "") -> None:
        self.calls = calls
        self.code = code
        self.path = path

    def _check(self, call: str, path: str) -> None:
        if call in self.calls and self.path in path:
            raise OSError(self.code, os.strerror(self.code), path)

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        if flags & os.O_CREAT:
            self._check("create", path)
        self._check("open", path)
        return super().open(path, flags, mode)

    def replace(self, source: str, target: str) -> None:
        self._check("replace", target)
        super().replace(source, target)

    def make_folder(self, path: str) -> None:
        self._check("make_folder", path)
        super().make_folder(path)


def test_a_lock_file_that_may_not_be_opened_is_an_error_that_names_it(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json", system=Refusing("open", path=".lock"))
    with pytest.raises(StateLockError, match=r"pipeline\.json\.lock cannot be used: Permission denied"):
        state.write({"x": 1})


def test_a_folder_that_is_read_only_is_an_error_and_nothing_is_left(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json", system=Refusing("create", "make_folder", code=errno.EROFS))
    with pytest.raises(StateError, match="Read-only file system"):
        state.write({"x": 1})
    assert list(tmp_path.iterdir()) == []
    assert state.read() == {}


def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    PipelineState(path).write({"x": 1})
    with pytest.raises(StateReadError, match="cannot be read: Permission denied"):
        PipelineState(path, system=Refusing("open", path="pipeline.json")).read()


def test_a_disk_that_refuses_is_a_write_error_as_the_cause_of_a_transaction_error(tmp_path: Path):
    path = tmp_path / "pipeline.json"
    PipelineState(path).write({"x": 1})
    state = PipelineState(path, system=Refusing("replace", code=errno.ENOSPC))
    with pytest.raises(StateTransactionError, match=r"No space left on device.*Free some space") as caught:
        state.write({"x": 2})
    assert isinstance(caught.value.__cause__, StateWriteError)
    assert state.read()["x"] == 1
    newest = state.get_transaction_history(1)[0]
    assert (newest["operation"], newest["success"]) == ("write_commit", False)
    assert "No space left" in newest["details"]["error"]
    assert state.list_backups() == []


def test_the_permissions_of_the_file_are_kept(tmp_path: Path):
    state = PipelineState(tmp_path / "pipeline.json")
    state.write({"x": 1})
    state.path.chmod(0o600)
    state.write({"x": 2})
    assert state.path.stat().st_mode & 0o777 == 0o600


def test_an_audit_trail_that_cannot_be_written_is_a_warning_and_no_failure(tmp_path: Path, caplog):
    state = PipelineState(tmp_path / "pipeline.json", system=Refusing("open", path="transactions.log"))
    state.write({"x": 1})
    assert state.read()["x"] == 1
    assert "audit trail" in caplog.text
