"""Rules applied to what has changed give what they give for the whole document."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_common.audiobook import AUDIOBOOK
from pipeline_common.errors import StateValidationError
from pipeline_common.lifecycle import Lifecycle, Status
from pipeline_common.rules import Review
from pipeline_common.tracked import detached
from pipeline_common.tree import apply, operations, tree_of

STATUSES = st.sampled_from(["pending", "running", "success", "failed", "partial", "skipped", "error", "completed"])
RECORDS = st.fixed_dictionaries({}, optional={"status": STATUSES, "attempts": st.integers(0, 3)}) | st.builds(dict)
NAMES = st.sampled_from("abcd")
FILES = st.dictionaries(NAMES, RECORDS, max_size=4)
PHASES = st.fixed_dictionaries({}, optional={"files": FILES, "status": STATUSES, "mine": st.integers(0, 2)})
DOCUMENTS = st.dictionaries(st.sampled_from(["phase1", "phase2"]), PHASES, max_size=2)
OTHER = Lifecycle(
    name="other",
    statuses=(
        Status("pending", "", ("running", "failed")),
        Status("running", "", ("success",), required=("attempts",)),
        Status("success", "", ("pending",), required=("attempts",)),
        Status("failed", "", ()),
    ),
    phases=("phase1", "phase2"),
    synonyms={"completed": "success", "partial": "running"},
)
KEYS = st.sampled_from(["phase1", "phase2"])
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("status"), KEYS, NAMES, STATUSES),
        st.tuples(st.just("record"), KEYS, NAMES, RECORDS),
        st.tuples(st.just("remove"), KEYS, NAMES, st.none()),
        st.tuples(st.just("files"), KEYS, NAMES, FILES),
        st.tuples(st.just("phase"), KEYS, NAMES, PHASES),
        st.tuples(st.just("drop"), KEYS, NAMES, st.none()),
        st.tuples(st.just("own status"), KEYS, NAMES, STATUSES),
        st.tuples(st.just("own counts"), KEYS, NAMES, st.dictionaries(STATUSES, st.integers(0, 2), max_size=2)),
    ),
    max_size=4,
)


def change(document: dict, kind: str, key: str, name: str, value) -> None:
    value = copy.deepcopy(value)
    if kind == "phase":
        document[key] = value
    elif kind == "drop":
        document.pop(key, None)
    elif key in document and kind == "own status":
        document[key]["status"] = value
    elif key in document and kind == "own counts":
        # Counts are the engine's: somebody may overwrite them, but not make them up.
        if "counts" in document[key]:
            document[key]["counts"] = value
    elif key in document and kind == "files":
        document[key]["files"] = value
    elif key in document:
        files = document[key].setdefault("files", {})
        if kind == "record":
            files[name] = value
        elif kind == "remove":
            files.pop(name, None)
        elif name in files:
            files[name]["status"] = value


def settled(lifecycle: Lifecycle, document: dict) -> dict:
    new = json.loads(json.dumps(document))
    lifecycle.settle({}, new)
    return new


@pytest.mark.parametrize("lifecycle", [AUDIOBOOK, OTHER], ids=lambda lifecycle: lifecycle.name)
@given(DOCUMENTS, st.lists(CHANGES, max_size=3))
@settings(max_examples=400, deadline=None)
def test_settling_what_has_changed_is_settling_the_whole(lifecycle: Lifecycle, document: dict, commits: list):
    document = settled(lifecycle, document)
    tracker, replica = tree_of(document), tree_of(document)
    for steps in commits:
        whole = copy.deepcopy(document)
        tracker.active = True
        for step in steps:
            change(whole, *step)
            change(tracker.root, *step)
        lifecycle.settle(document, whole)
        tracker.seal()
        review = Review(lifecycle, tracker)
        review.settle()
        assert detached(tracker.root) == whole
        if accepted(lifecycle.validate, document):  # otherwise the whole is refused for what nobody has touched
            assert accepted(review.check) == accepted(lifecycle.check, document, whole)
        done = operations(tracker.changes())
        tracker.clear()
        # Whoever replays the record comes to the same.
        replica.active = True
        apply(replica.root, copy.deepcopy(detached(done)))
        Review(lifecycle, replica).settle()
        replica.clear()
        assert detached(replica.root) == whole
        document = whole


def accepted(check, *arguments) -> bool:
    try:
        check(*arguments)
    except StateValidationError:
        return False
    return True
