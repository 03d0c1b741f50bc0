"""What a transaction does to the document is what the same steps do to a plain dict."""

import copy
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipeline_common import PipelineState

KEYS = st.sampled_from(["a", "b", "phase1", "files", "é", ""]) | st.text(max_size=5).filter(lambda key: key != "_state")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=8)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
PATHS = st.lists(KEYS, min_size=1, max_size=3)
STEPS = st.lists(
    st.tuples(st.sampled_from(["set", "delete", "append", "update", "replace"]), PATHS, VALUES), max_size=5
)
OWN = ("schema_version", "created_at", "last_updated")


class Rollback(Exception):
    pass


def apply(document: dict, step: tuple) -> dict:
    """One step on a document; returns the document, which `replace` makes a new one."""
    kind, path, value = step
    if kind == "replace":
        return copy.deepcopy(value) if isinstance(value, dict) else document
    parent = document
    for key in path[:-1]:
        parent = parent.setdefault(key, {}) if isinstance(parent.get(key, {}), dict) else parent
    if kind == "set":
        parent[path[-1]] = copy.deepcopy(value)
    elif kind == "delete":
        parent.pop(path[-1], None)
    elif kind == "append" and isinstance(parent.get(path[-1]), list):
        parent[path[-1]].append(copy.deepcopy(value))
    elif kind == "update" and isinstance(value, dict):
        parent |= copy.deepcopy(value)
    return document


class Differential(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "pipeline.json"
        self.state = PipelineState(self.path, max_backups=2)
        self.model: dict = {}
        self.commits = 0

    @rule(steps=STEPS)
    def commit(self, steps: list) -> None:
        with self.state.transaction(validate=False) as txn:
            for step in steps:
                txn.data = apply(txn.data, step)
                self.model = apply(self.model, step)
        self.commits += 1

    @rule(steps=STEPS)
    def roll_back(self, steps: list) -> None:
        try:
            with self.state.transaction(validate=False) as txn:
                for step in steps:
                    txn.data = apply(txn.data, step)
                raise Rollback
        except Rollback:
            pass

    @rule(document=st.dictionaries(KEYS, VALUES, max_size=3))
    def write(self, document: dict) -> None:
        self.state.write(document, validate=False)
        self.model = copy.deepcopy(document)
        self.commits += 1

    @rule()
    def reopen(self) -> None:
        self.state = PipelineState(self.path, max_backups=2)

    @rule()
    def restore(self) -> None:
        backups = self.state.list_backups()
        if backups:
            self.state.restore_backup(backups[0])
            self.model = self.state.read()
            self.commits += 1

    @invariant()
    def the_same(self) -> None:
        if not hasattr(self, "state"):
            return
        read = self.state.read()
        assert without_own(read) == without_own(self.model)
        assert len(self.state.list_backups()) <= 2

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


def without_own(document: dict) -> dict:
    return {key: value for key, value in document.items() if key not in OWN}


TestDifferential = Differential.TestCase
TestDifferential.settings = settings(
    max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
