"""Whether the names in a folder may have changed, told by the folder's own times."""

import os
from pathlib import Path

import pytest

from pipeline_common import names
from pipeline_common.names import Names
from pipeline_common.system import System

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that nobody has changed for an hour."""
    (tmp_path / "a").touch()
    now = names.time.time_ns
    monkeypatch.setattr(names.time, "time_ns", lambda: now() + HOUR_NS)
    return tmp_path


def confirmed(folder: Path) -> Names:
    watch = Names(str(folder), System())
    assert watch.may_have_changed()  # at first nothing is known
    watch.confirm()
    return watch


def test_a_folder_that_was_looked_at_and_left_alone_has_the_same_names(folder: Path):
    watch = confirmed(folder)
    (folder / "a").write_text("what a file holds is no name")
    assert not watch.may_have_changed()


def test_what_was_removed_or_put_in_the_place_of_another_is_noticed_until_it_is_confirmed(folder: Path):
    for change in (
        lambda: (folder / "a").unlink(),
        lambda: (folder / "b").touch(),
        lambda: os.replace(folder / "b", folder / "a"),
    ):
        watch = confirmed(folder)
        change()
        assert watch.may_have_changed()
        assert watch.may_have_changed()
        watch.confirm()
        assert not watch.may_have_changed()


def test_a_folder_that_has_just_changed_is_not_relied_on_as_its_clock_may_be_coarse(tmp_path: Path):
    (tmp_path / "a").touch()
    watch = confirmed(tmp_path)
    assert watch.may_have_changed()


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path):
    watch = confirmed(tmp_path)
    tmp_path.rmdir()
    with pytest.raises(FileNotFoundError):
        watch.may_have_changed()
