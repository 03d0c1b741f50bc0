"""Tracked dicts and lists do what plain ones do, and know what changed."""

import copy
import json
import pickle

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import BaseModel

from pipeline_common.errors import StateTransactionError
from pipeline_common.tracked import MISSING, RecordMap, TrackedDict, TrackedList, Tracker, adopted, detached, placed
from pipeline_common.tree import apply, operations, tree_of

KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text("xy", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
PATHS = st.lists(KEYS | st.integers(0, 2), max_size=3)

DICT_STEPS = {
    "set": lambda d, k, v: d.__setitem__(k, v),
    "delete": lambda d, k, v: d.__delitem__(k),
    "pop": lambda d, k, v: d.pop(k, None),
    "pop or raise": lambda d, k, v: d.pop(k),
    "clear": lambda d, k, v: d.clear(),
    "setdefault": lambda d, k, v: d.setdefault(k, v),
    "update": lambda d, k, v: d.update({k: v}),
    "update by name": lambda d, k, v: d.update(**{k: v}),
    "|=": lambda d, k, v: d.__ior__({k: v}),
    "move": lambda d, k, v: d.__setitem__("c", d.pop(k)),
    "alias": lambda d, k, v: d.__setitem__("b", d[k]),
    "copy inside": lambda d, k, v: d.__setitem__(k, dict(d)),
}
LIST_STEPS = {
    "append": lambda x, v: x.append(v),
    "extend": lambda x, v: x.extend([v, 1]),
    "insert": lambda x, v: x.insert(1, v),
    "pop": lambda x, v: x.pop(),
    "remove": lambda x, v: x.remove(v),
    "reverse": lambda x, v: x.reverse(),
    "sort": lambda x, v: x.sort(key=str),
    "clear": lambda x, v: x.clear(),
    "set": lambda x, v: x.__setitem__(0, v),
    "slice": lambda x, v: x.__setitem__(slice(0, 2), [v]),
    "delete": lambda x, v: x.__delitem__(0),
    "delete slice": lambda x, v: x.__delitem__(slice(None, None, 2)),
    "+=": lambda x, v: x.__iadd__([v]),
    "*=": lambda x, v: x.__imul__(2),
}


def outcome(step, *arguments):
    """What a step gives: its result, or the kind of its error."""
    try:
        return detached(step(*arguments))
    except (LookupError, ValueError, TypeError) as error:
        return type(error)


class Tracking(RuleBasedStateMachine):
    """The tracked document, a plain one, and a third to which only the changes are applied."""

    @initialize(document=st.dictionaries(KEYS, VALUES, max_size=3))
    def begin(self, document: dict) -> None:
        self.tracker = tree_of(document)
        self.replica = tree_of(document)
        self.model = copy.deepcopy(document)
        self.committed = copy.deepcopy(document)
        self.tracker.active = True

    def find(self, path: list) -> tuple:
        ours, theirs = self.tracker.root, self.model
        for key in path:
            try:
                ours, theirs = ours[key], theirs[key]
            except (LookupError, TypeError):
                break
        return ours, theirs

    @precondition(lambda self: len(json.dumps(self.model)) < 5000)
    @rule(path=PATHS, name=st.sampled_from(sorted(DICT_STEPS)), key=KEYS, value=VALUES)
    def change_a_dict(self, path: list, name: str, key: str, value) -> None:
        ours, theirs = self.find(path)
        if isinstance(theirs, dict):
            mine, other = copy.deepcopy(value), copy.deepcopy(value)
            assert outcome(DICT_STEPS[name], ours, key, mine) == outcome(DICT_STEPS[name], theirs, key, other)

    @precondition(lambda self: len(json.dumps(self.model)) < 5000)
    @rule(path=PATHS, name=st.sampled_from(sorted(LIST_STEPS)), value=VALUES)
    def change_a_list(self, path: list, name: str, value) -> None:
        ours, theirs = self.find(path)
        if isinstance(theirs, list):
            mine, other = copy.deepcopy(value), copy.deepcopy(value)
            assert outcome(LIST_STEPS[name], ours, mine) == outcome(LIST_STEPS[name], theirs, other)

    @rule(path=PATHS, key=KEYS, value=VALUES)
    def change_a_value_after_it_was_assigned(self, path: list, key: str, value) -> None:
        ours, theirs = self.find(path)
        if isinstance(theirs, dict):
            for document in (ours, theirs):
                record = {"a": [1]}
                document[key] = record
                record["b"] = copy.deepcopy(value)
                document[key]["a"].append(2)

    @rule()
    def commit(self) -> None:
        self.tracker.seal()
        changes = operations(self.tracker.changes())
        self.tracker.clear()
        self.replica.active = True
        apply(self.replica.root, json.loads(json.dumps(changes)))
        self.replica.clear()
        assert self.replica.root == self.model
        self.model = json.loads(json.dumps(self.model))  # what was one object in two places is two
        self.committed = copy.deepcopy(self.model)

    @rule()
    def roll_back(self) -> None:
        self.tracker.roll_back()
        self.model = copy.deepcopy(self.committed)

    @invariant()
    def the_same(self) -> None:
        if hasattr(self, "tracker"):
            assert self.tracker.root == self.model
            before = self.tracker.before()
            assert set(before.keys(before.get(()))) == set(self.committed)
            assert all(isinstance(before.get((key,)), type(value)) for key, value in self.committed.items())


TestTracking = Tracking.TestCase
TestTracking.settings = settings(
    max_examples=150, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def tracker() -> Tracker:
    tracker = tree_of({"a": {"b": [1, {"c": 2}]}, "x": 1})
    tracker.active = True
    return tracker


def test_it_is_a_real_dict_to_whoever_uses_it(tracker: Tracker):
    class Model(BaseModel):
        a: dict[str, list]
        x: int

    root = tracker.root
    plain = {"a": {"b": [1, {"c": 2}]}, "x": 1}
    assert isinstance(root, dict)
    assert json.loads(json.dumps(root)) == plain
    assert json.loads(json.dumps(root, indent=1, sort_keys=True)) == plain
    assert Model.model_validate(root, strict=True).model_dump() == plain
    assert repr(root) == repr(plain)
    assert {**root} == dict(root) == root.copy() == root | {} == {} | root == plain
    for copied in (copy.deepcopy(root), pickle.loads(pickle.dumps(root)), detached(root)):
        assert copied == plain
        assert type(copied) is dict
        assert type(copied["a"]["b"]) is list
    assert TrackedDict.fromkeys("a") == {"a": None}
    match root:
        case {"a": {"b": [1, *_]}}:
            pass
        case _:
            raise AssertionError


def test_whatever_hands_out_a_part_hands_out_something_tracked(tracker: Tracker):
    root = tracker.root
    for part in (dict(root)["a"], {**root}["a"], (root | {})["a"], root.copy()["a"], copy.copy(root)["a"]):
        assert isinstance(part, TrackedDict)
    assert all(isinstance(part, TrackedDict) for _, part in root.items() if isinstance(part, dict))
    items = root["a"]["b"]
    for part in ([*items][1], items[:][1], list(items)[1], copy.copy(items)[1]):
        part["c"] += 1
    assert tracker.changes() == [(("a", "b"), [1, {"c": 6}])]


def test_a_change_outside_a_transaction_is_an_error(tracker: Tracker):
    items = tracker.root["a"]["b"]
    tracker.active = False
    for change in (
        lambda: tracker.root.update(x=2),
        lambda: items.append(1),
        lambda: items[1].clear(),
        lambda: tracker.root.setdefault("new", 1),
        lambda: items.sort(key=str),
    ):
        with pytest.raises(StateTransactionError, match="outside its transaction"):
            change()
    assert detached(tracker.root) == {"a": {"b": [1, {"c": 2}]}, "x": 1}


def test_the_changes_are_the_fewest_assignments(tracker: Tracker):
    root = tracker.root
    root["a"]["new"] = {"deep": {"er": 1}}
    root["a"]["new"]["deep"]["er"] = 2
    root["a"]["b"][1]["c"] = 3
    del root["x"]
    root["y"] = 1
    del root["y"]
    assert tracker.changes() == [
        (("a", "new"), {"deep": {"er": 2}}),
        (("a", "b"), [1, {"c": 3}]),
        (("x",), MISSING),
        (("y",), MISSING),
    ]


def test_what_was_taken_out_is_free_after_the_commit(tracker: Tracker):
    gone = tracker.root.pop("a")
    tracker.seal()
    tracker.clear()
    tracker.active = False
    gone["b"].append(3)
    gone["z"] = 1
    assert detached(tracker.root) == {"x": 1}


def test_an_assigned_value_is_detached_by_the_commit(tracker: Tracker):
    record = {"k": [1]}
    tracker.root["x"] = record
    assert tracker.root["x"] is record
    tracker.seal()
    tracker.clear()
    record["k"].append(2)
    assert tracker.root["x"] == {"k": [1]}
    assert isinstance(tracker.root["x"]["k"], TrackedList)


def field_of(text: bytes, name: str):
    return json.loads(text).get(name, MISSING)


def sliced() -> tuple[Tracker, RecordMap]:
    root = TrackedDict()
    tracker = Tracker(root)
    records = RecordMap({"a": b'{"s": [1]}', "b": b'{"s": 2}'}, bytes, json.loads, field_of)
    placed(records, root, "files")
    tracker.active = True
    return tracker, records


def test_slices_are_decoded_where_they_are_read_and_nowhere_else():
    tracker, records = sliced()
    assert records["a"]["s"] == [1]
    assert [records.is_slice(value) for _, value in records.closed()] == [False, True]
    assert detached(tracker.root) == {"files": {"a": {"s": [1]}, "b": {"s": 2}}}
    assert [records.is_slice(value) for _, value in records.closed()] == [False, True]
    assert records.get("z", 5) == 5


@pytest.mark.parametrize(
    "use",
    [
        dict,
        lambda r: {**r},
        lambda r: r | {},
        lambda r: {} | r,
        lambda r: r.copy(),
        lambda r: dict(r.items()),
        lambda r: dict(zip(r, r.values(), strict=True)),
        copy.deepcopy,
        lambda r: pickle.loads(pickle.dumps(r)),
        lambda r: json.loads(json.dumps(r)),
        lambda r: json.loads(json.dumps(r, indent=1)),
        lambda r: {key: r.pop(key) for key in list(r)},
        lambda r: dict([r.popitem(), r.popitem()]),
        lambda r: r,
    ],
)
def test_no_slice_is_ever_handed_out(use):
    _, records = sliced()
    assert use(records) == {"a": {"s": [1]}, "b": {"s": 2}}


def test_slices_know_what_stood_before():
    tracker, records = sliced()
    records["a"]["s"].append(2)
    records.pop("b")
    before = tracker.before()
    assert before.get(("files", "b", "s")) == 2
    assert sorted(before.keys(before.get(("files",)))) == ["a", "b"]
    tracker.roll_back()
    assert records == {"a": {"s": [1]}, "b": {"s": 2}}
    assert adopted(1, None, None) == 1


def test_what_was_assigned_to_a_second_place_stays_tracked_at_its_first():
    tracker = tree_of({"a": {}})
    tracker.active = True
    tracker.root["b"] = tracker.root["a"]
    tracker.seal()
    tracker.clear()
    tracker.root["a"]["x"] = 1
    assert tracker.changes() == [(("a", "x"), 1)]
    tracker.roll_back()
    assert tracker.root == {"a": {}, "b": {}}


def test_what_was_handed_out_of_a_record_that_is_kept_as_text_again_cannot_change():
    tracker, records = sliced()
    kept = records["a"]["s"]
    records.shut("a", b'{"s": [1]}')
    assert kept == [1]
    with pytest.raises(StateTransactionError, match="outside its transaction"):
        kept.append(2)
    assert records["a"]["s"] == [1]
    assert tracker.changes() == []
