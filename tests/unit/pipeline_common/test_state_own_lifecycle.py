"""A document of another kind: everything that its life cycle says holds, and nothing that the audiobook's says."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pipeline_common import (
    InvalidStatusTransitionError,
    Lifecycle,
    PipelineState,
    StateReadError,
    StateValidationError,
    Status,
    load_pipeline_json,
)
from pipeline_common import checkpoints as checkpoints_module
from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.journal import HEADER_BYTES

PAD = "." * 300_000
SCANNED = {"status": "scanned", "image": {"path": "a.tif"}}


def to_version_2(document: dict) -> None:
    """The section ``photos`` is called ``scan``."""
    if "photos" in document:
        document["scan"] = document.pop("photos")


def to_version_3(document: dict) -> None:
    """An image is an object."""
    for record in document.get("scan", {}).get("files", {}).values():
        if isinstance(record.get("image"), str):
            record["image"] = {"path": record["image"]}


STATUSES = (
    Status("new", "known, not scanned", ("scanned",)),
    Status("scanned", "its image is there", ("checked", "rejected"), required=("image.path",)),
    Status("checked", "somebody has looked at it", ("new",), required=("image.path",)),
    Status("rejected", "to be scanned again", ("new", "scanned")),
)
PHOTOS = Lifecycle(
    name="photo archive",
    statuses=STATUSES,
    phases=("scan", "print"),
    synonyms={"ok": "checked", "": "new"},
    other_records=(("photos_by_year",),),
    reports=("run",),
    required=("archive.name",),
    migrations=(to_version_2, to_version_3),
    retry_limits={"scan": 5},
)
SECOND = dataclasses.replace(PHOTOS, migrations=(to_version_2,))
FIRST = dataclasses.replace(PHOTOS, phases=("photos",), migrations=(), required=(), retry_limits={})
ARCHIVE = {"archive": {"name": "attic"}}


@pytest.fixture(autouse=True)
def no_checkpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints_module, "IDLE_S", 3600.0)
    monkeypatch.setattr(checkpoints_module, "LONGEST_LAG_S", 3600.0)


@pytest.fixture(params=["small", "large"])
def state(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[PipelineState]:
    state = PipelineState(tmp_path / "photos.json", lifecycle=PHOTOS)
    files = {"a": {"status": "new"}, "b": dict(SCANNED), "c": {}}
    state.write(ARCHIVE | {"scan": {"files": files}} | ({"pad": PAD} if request.param == "large" else {}))
    yield state
    state._engine._checkpoints.stop()


def by_transaction(state: PipelineState, name: str, record: dict) -> None:
    with state.transaction() as txn:
        txn.data["scan"]["files"][name] = record


def by_write(state: PipelineState, name: str, record: dict) -> None:
    document = state.read()
    document["scan"]["files"][name] = record
    state.write(document)


def by_scoped_handle(state: PipelineState, name: str, record: dict) -> None:
    scoped = PipelineState.scoped(state.path, name, state.records_of(name), lifecycle=PHOTOS)
    with scoped.transaction() as txn:
        txn.data["scan"]["files"][name] = record


WAYS = pytest.mark.parametrize("commit", [by_transaction, by_write, by_scoped_handle])
Commit = Callable[[PipelineState, str, dict], None]


@WAYS
@pytest.mark.parametrize("before", [status.name for status in STATUSES])
@pytest.mark.parametrize("after", [status.name for status in STATUSES])
def test_its_transitions_hold_in_every_way_to_commit(tmp_path: Path, commit: Commit, before: str, after: str):
    state = PipelineState(tmp_path / "photos.json", lifecycle=PHOTOS)
    state.write(ARCHIVE | {"scan": {"files": {"a": SCANNED | {"status": before}}}}, validate=False)
    if after == before or after in PHOTOS.transitions[before]:
        commit(state, "a", SCANNED | {"status": after})
        assert state.read()["scan"]["counts"] == {after: 1}
    else:
        message = rf"^Invalid status transition: {before} → {after} at scan\.files\.a\. From {before} it may become"
        with pytest.raises(InvalidStatusTransitionError, match=message):
            commit(state, "a", SCANNED | {"status": after})
        assert state.read()["scan"]["counts"] == {before: 1}


@WAYS
def test_a_refused_commit_leaves_nothing_and_the_next_goes_on(state: PipelineState, commit: Commit):
    before, revision = state.read_with_revision()
    for record in ({"status": "checked"}, {"status": "success"}):
        with pytest.raises(InvalidStatusTransitionError, match=r"scan\.files\.a"):
            commit(state, "a", record)
    assert state.read_with_revision() == (before, revision)
    commit(state, "a", dict(SCANNED))
    assert state.read()["scan"]["counts"] == {"new": 1, "scanned": 2}


@WAYS
def test_its_synonyms_are_written_under_their_present_names(state: PipelineState, commit: Commit):
    commit(state, "b", SCANNED | {"status": "ok"})
    assert state.read()["scan"]["files"]["b"]["status"] == "checked"
    assert state.read()["scan"]["counts"] == {"new": 2, "checked": 1}


def test_its_synonyms_are_read_under_their_present_names_and_the_audiobooks_are_not(tmp_path: Path):
    path = tmp_path / "photos.json"
    files = {"a": {"status": "ok"}, "b": {"status": "completed"}}
    document = {
        "schema_version": 3,
        "scan": {"status": "ok"},
        "run": {"files": files},
        "phase1": {"status": "complete"},
    }
    path.write_text(json.dumps(document))
    read = PipelineState(path, lifecycle=PHOTOS).read()
    assert read["scan"] == {"status": "checked"}
    assert read["run"]["files"] == {"a": {"status": "checked"}, "b": {"status": "completed"}}
    assert read["phase1"] == {"status": "complete"}


@WAYS
@pytest.mark.parametrize("image", [{}, {"image": None}, {"image": {"path": None}}, {"image": "a.tif"}])
def test_what_a_status_requires_must_be_there(state: PipelineState, commit: Commit, image: dict):
    before = state.read()
    message = r"^Schema validation failed: scan\.files\.a\.image\.path is missing, and a record with the status scanned"
    with pytest.raises(StateValidationError, match=message):
        commit(state, "a", {"status": "scanned", **image})
    assert state.read() == before


def test_what_a_status_requires_cannot_be_taken_away_while_it_has_it(state: PipelineState):
    with (
        pytest.raises(StateValidationError, match=r"scan\.files\.b\.image\.path is missing"),
        state.transaction() as txn,
    ):
        del txn.data["scan"]["files"]["b"]["image"]["path"]
    with state.transaction() as txn:
        del txn.data["scan"]["files"]["b"]
    with state.transaction(validate=False) as txn:
        txn.data["scan"]["files"]["a"] = {"status": "scanned"}
    with pytest.raises(StateValidationError, match=r"scan\.files\.a\.image\.path is missing"):
        state.read(validate=True)


def test_what_every_document_requires_must_be_there(state: PipelineState):
    message = r"^Schema validation failed: archive\.name is missing, and every document of this kind must have it"
    for archive in ({}, {"name": None}, "attic"):
        with pytest.raises(StateValidationError, match=message), state.transaction() as txn:
            txn.data["archive"] = archive
    with pytest.raises(StateValidationError, match=message):
        state.write({"scan": {}})
    assert state.read(validate=True)["archive"] == {"name": "attic"}
    with state.transaction(validate=False) as txn:
        del txn.data["archive"]
    with pytest.raises(StateValidationError, match=message):
        state.read(validate=True)


def test_counts_and_status_of_a_section_are_derived_with_its_statuses(state: PipelineState):
    assert state.read()["scan"] | {"files": None} == {
        "files": None,
        "counts": {"new": 2, "scanned": 1},
        "status": "new",
    }
    with state.transaction() as txn:
        for name in "ac":
            txn.data["scan"]["files"][name] = dict(SCANNED)
    assert state.read()["scan"]["status"] == "scanned"
    with state.transaction() as txn:
        txn.data["scan"]["files"].clear()
    assert state.read()["scan"] == {"files": {}, "status": "new"}


def test_the_status_of_a_section_may_be_found_by_a_function_of_its_own(tmp_path: Path):
    def worst(counts: Mapping[str, int]) -> str:
        return "rejected" if "rejected" in counts else "new"

    lifecycle = dataclasses.replace(PHOTOS, combined=worst)
    state = PipelineState(tmp_path / "photos.json", lifecycle=lifecycle)
    files = {"a": dict(SCANNED), "b": dict(SCANNED)}
    state.write(ARCHIVE | {"scan": {"files": files}})
    assert state.read()["scan"]["status"] == "new"
    with state.transaction() as txn:
        txn.data["scan"]["files"]["b"]["status"] = "rejected"
    assert state.read()["scan"]["status"] == "rejected"


def test_a_section_without_records_keeps_its_status_and_follows_the_table(state: PipelineState):
    with state.transaction() as txn:
        txn.data["print"] = {"status": "scanned"}
    with pytest.raises(InvalidStatusTransitionError, match="scanned → new at print"), state.transaction() as txn:
        txn.data["print"]["status"] = "new"
    with state.transaction() as txn:
        txn.data["run"] = {"summary": {"status": "scanned"}, "files": {"a": {"status": "checked"}}}
    with state.transaction() as txn:
        txn.data["run"] = {"summary": {"status": "new"}, "files": {"a": {"status": "new"}}}


def test_without_a_schema_every_object_will_do_and_a_scoped_handle_has_its_own_records(state: PipelineState):
    with state.transaction() as txn:
        txn.data["phase1"] = "not a phase here"
        txn.data["photos_by_year"] = {"a": {"year": 1931}}
    assert state.records_of("a") == {"scan": {"status": "new"}, "photos_by_year": {"year": 1931}}


def test_limits_are_data(tmp_path: Path):
    assert (PHOTOS.retry_limit("scan"), PHOTOS.retry_limit("print")) == (5, 3)
    assert {AUDIOBOOK.retry_limit(phase) for phase in AUDIOBOOK.phases} == {3}


FAULTS = [
    ({"statuses": ()}, "has no statuses"),
    ({"statuses": (STATUSES[0], STATUSES[0])}, "names a status twice"),
    ({"statuses": STATUSES[:2]}, "leads to statuses that are not in its table: checked, rejected"),
    ({"synonyms": {"ok": "fine"}}, "not in its table: fine"),
    ({"synonyms": {"new": "checked"}}, "calls a status of its table a synonym"),
    ({"reports": ("scan",)}, "both a phase and a report"),
    ({"other_records": (("a", "b", "c"),)}, "not one or two keys long"),
    ({"retry_limits": {"scan": -1}}, "below 0"),
    ({"retry_limits": {"develop": 1}}, "what is no phase of it"),
]


@pytest.mark.parametrize(("fault", "message"), FAULTS)
def test_parts_that_do_not_go_together_are_told_where_it_is_defined(fault: dict, message: str):
    with pytest.raises(ValueError, match=f"^The life cycle 'photo archive' .*{message}"):
        dataclasses.replace(PHOTOS, **fault)


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PHOTOS.phases = ()  # type: ignore[misc]
    for mapping in (PHOTOS.synonyms, PHOTOS.transitions, PHOTOS.retry_limits):
        with pytest.raises(TypeError):
            mapping["new"] = 1  # type: ignore[index]


# -- migrations ----------------------------------------------------------------------------------------------------

VERSION_1 = ARCHIVE | {
    "photos": {"files": {"a": {"status": "scanned", "image": "a.tif"}, "b": {"status": "ok", "image": "b.tif"}}}
}
VERSION_2 = ARCHIVE | {"schema_version": 2, "scan": VERSION_1["photos"]}
PRESENT = {"a": SCANNED, "b": {"status": "checked", "image": {"path": "b.tif"}}}
EARLIER = pytest.mark.parametrize("document", [VERSION_1, VERSION_1 | {"schema_version": 1}, VERSION_2])


@EARLIER
def test_the_missing_steps_are_made_in_order_at_each_load_until_a_commit(tmp_path: Path, document: dict):
    path = tmp_path / "photos.json"
    path.write_text(json.dumps(document))
    state = PipelineState(path, lifecycle=PHOTOS)
    for _ in range(2):
        assert state.read(validate=True)["scan"]["files"] == PRESENT
        assert "photos" not in state.read()
    assert json.loads(path.read_text()) == document
    with state.transaction() as txn:
        txn.data["scan"]["files"]["a"]["status"] = "rejected"
    assert state.read()["schema_version"] == 3
    assert state.read()["scan"]["counts"] == {"checked": 1, "rejected": 1}
    assert [entry["operation"] for entry in state.get_transaction_history()] == ["transaction_commit", "migrate"]


@EARLIER
@pytest.mark.parametrize("load", [lambda path: load_pipeline_json(path, lifecycle=PHOTOS), None], ids=["load", "write"])
def test_the_file_as_it_was_is_kept_whatever_the_commit(tmp_path: Path, document: dict, load):
    path = tmp_path / "photos.json"
    original = json.dumps(document)
    path.write_text(original)
    state = PipelineState(path, lifecycle=PHOTOS, backup_before_write=False)
    if load:
        load(path)
    else:
        state.write(state.read())
    assert [backup.read_text() for backup in state.list_backups()] == [original]
    assert json.loads(path.read_text())["schema_version"] == 3
    assert not state.migrate()


@EARLIER
def test_a_step_that_was_made_already_changes_nothing(document: dict):
    once = json.loads(json.dumps(document))
    PHOTOS.migrate(once, "photos.json")
    twice = json.loads(json.dumps(once))
    PHOTOS.migrate(twice, "photos.json")
    assert twice == once


@EARLIER
def test_a_step_that_fails_leaves_everything_as_it_is_and_is_named(tmp_path: Path, document: dict):
    def failing(document: dict) -> None:
        document.clear()
        raise KeyError("image")

    path = tmp_path / "photos.json"
    path.write_text(json.dumps(document))
    broken = PipelineState(path, lifecycle=dataclasses.replace(PHOTOS, migrations=(to_version_2, failing)))
    message = r"photos\.json could not be brought from schema version 2 to 3: KeyError: 'image'\. Nothing was written"
    for call in (broken.read, broken.migrate, lambda: broken.write(ARCHIVE), lambda: by_transaction(broken, "a", {})):
        with pytest.raises(StateReadError, match=message):
            call()
    assert json.loads(path.read_text()) == document
    assert broken.list_backups() == []
    assert PipelineState(path, lifecycle=PHOTOS).migrate()


def test_a_document_of_a_later_version_is_refused_and_untouched(state: PipelineState):
    kept = state.backup_manager.create_backup()
    state.close()
    before = {path: path.read_bytes() for path in state.path.parent.rglob("*") if path.is_file()}
    earlier = PipelineState(state.path, lifecycle=SECOND)
    calls = (
        earlier.read,
        earlier.migrate,
        earlier.checkpoint,
        lambda: earlier.write(ARCHIVE),
        lambda: by_transaction(earlier, "a", {}),
        lambda: load_pipeline_json(state.path, lifecycle=SECOND),
        lambda: earlier.restore_backup(kept),
    )
    for call in calls:
        with pytest.raises(StateReadError, match=r"has schema version 3, .* versions up to 2\. Update this program"):
            call()
    log = state.path.parent / ".pipeline" / "photos.transactions.log"
    after = {path: path.read_bytes() for path in state.path.parent.rglob("*") if path.is_file()}
    lock = state.path.with_name("photos.json.lock")
    assert {path: after[path] for path in after if path not in (log, lock)} == {
        path: before[path] for path in before if path not in (log, lock)
    }


def test_commits_that_an_earlier_version_left_in_its_journal_are_migrated_with_the_file(tmp_path: Path):
    (tmp_path / "before").mkdir()
    old = PipelineState(tmp_path / "before" / "photos.json", lifecycle=FIRST)
    files = {"a": {"status": "scanned", "image": "a.tif"}, "b": {"status": "scanned", "image": {"path": "b.tif"}}}
    old.write(ARCHIVE | {"pad": PAD, "photos": {"files": files}}, validate=False)
    with old.transaction(validate=False) as txn:
        txn.data["photos"]["files"]["b"] = {"status": "checked", "image": "b.tif"}
    with old.transaction(validate=False) as txn:
        txn.data["photos"]["files"]["c"] = {}
    last, revision = old.read_with_revision()
    shutil.copytree(tmp_path / "before", tmp_path / "after", copy_function=shutil.copy2)
    old._engine._checkpoints.stop()
    journal = tmp_path / "after" / ".pipeline" / "photos.journal.jsonl"
    assert journal.stat().st_size > HEADER_BYTES

    state = PipelineState(tmp_path / "after" / "photos.json", lifecycle=PHOTOS, backup_before_write=False)
    read, same = state.read_with_revision()
    assert (read["scan"]["files"], same) == (PRESENT | {"c": {}}, revision)
    assert read["scan"]["counts"] == {"new": 1, "scanned": 1, "checked": 1}
    assert state.checkpoint()  # what only the journal holds goes into the file as a migration, with a backup
    assert state.read()["scan"] == read["scan"]
    assert state.get_transaction_history()[0]["operation"] == "migrate"
    assert len(state.list_backups()) == 1
    with state.transaction() as txn:
        txn.data["scan"]["files"]["c"] = dict(SCANNED)
    assert state.read()["scan"]["counts"] == {"scanned": 2, "checked": 1}

    state.restore(revision=revision)
    back = state.read()
    assert json.loads(state.path.read_text())["photos"]["files"] == last["photos"]["files"]
    assert back["scan"]["files"] == PRESENT | {"c": {}}
    state.close()


def test_a_program_of_an_earlier_version_that_still_commits_is_taken_in(tmp_path: Path):
    path = tmp_path / "photos.json"
    old = PipelineState(path, lifecycle=FIRST)
    old.write(ARCHIVE | {"pad": PAD, "photos": {"files": {"a": {"status": "new"}}}})
    state = PipelineState(path, lifecycle=PHOTOS)
    with pytest.raises(StateValidationError, match=r"archive\.name"), state.transaction() as txn:
        del txn.data["archive"]  # refused; the document is in this handle's memory now
    with old.transaction(validate=False) as txn:
        txn.data["photos"]["files"]["b"] = {"status": "scanned", "image": "b.tif"}
    with state.transaction() as txn:
        assert txn.data["scan"]["files"]["b"] == {"status": "scanned", "image": {"path": "b.tif"}}
    assert "photos" not in state.read()
    with pytest.raises(StateReadError, match="schema version 3"), old.transaction() as txn:
        pass
    for handle in (old, state):
        handle._engine._checkpoints.stop()


def test_a_step_sees_what_the_earlier_version_wrote_and_no_synonym_of_today(tmp_path: Path):
    def scanned_was_called_ok(document: dict) -> None:
        for record in document["scan"]["files"].values():
            if record["status"] == "ok":
                record["status"] = "scanned"

    path = tmp_path / "photos.json"
    words = (Status("new", "", ("ok",)), Status("ok", "", ("new",)))
    old = PipelineState(path, lifecycle=Lifecycle(name="photos", statuses=words, phases=("scan",)))
    old.write({"pad": PAD, "scan": {"files": {"a": {"status": "ok"}, "b": {"status": "new"}}}})
    with old.transaction() as txn:
        txn.data["scan"]["files"]["b"]["status"] = "ok"
    state = PipelineState(path, lifecycle=dataclasses.replace(PHOTOS, migrations=(scanned_was_called_ok,), required=()))
    assert state.read()["scan"]["counts"] == {"scanned": 2}
    old._engine._checkpoints.stop()
