# SPDX-License-Identifier: MIT
"""A life cycle's rules applied to what a transaction has changed, and to nothing else.

`Lifecycle.settle` and `Lifecycle.check` do the same for whole documents; a test holds the two together. Here a commit
costs what it changes: counts are kept up from the statuses before and after, and the schema sees the changed records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pipeline_common.lifecycle import Lifecycle
from pipeline_common.tracked import MISSING, Path, TrackedDict, Tracker, glimpse


@dataclass(slots=True)
class _Section:
    """A section with records that may have changed.

    Attributes:
        key: its name in the document.
        before: as it was; to be asked through `Before` alone.
        now: as it is now; empty where it is gone, or no object.
        files: its records as they are now.
        statuses_before: of each record that may have changed, its status before; `MISSING` where there was no record.
        records: those records as they are now, plain or tracked; `MISSING` where there is none any more.
    """

    key: str
    before: Any
    now: dict[Any, Any]
    files: dict[Any, Any]
    statuses_before: dict[Any, Any]
    records: dict[Any, Any]


class Review:
    """What a transaction has changed, held against the rules.

    Args:
        lifecycle: the rules.
        tracker: of the tree. What is set here goes with its changes, and is not one of them.
    """

    def __init__(self, lifecycle: Lifecycle, tracker: Tracker) -> None:
        self._lifecycle = lifecycle
        self._tracker = tracker
        self._paths = tracker.paths()
        self._before = tracker.before()
        keys = dict.fromkeys(path[0] for path in self._paths)
        self._sections = [self._section(key) for key in keys if key in lifecycle.sections]

    def normalise(self) -> None:
        """Give statuses their present names, and derive nothing."""
        for section in self._sections:
            self._normalise(section)

    def settle(self) -> None:
        """Give statuses their present names, and keep up counts and derived statuses."""
        for section in self._sections:
            self._normalise(section)
            if section.key in self._lifecycle.phases:
                self._derive(section)
                if (section.key, "counts") in self._paths and "status" in section.now:
                    # Somebody has set counts: what became of the status is told, for nobody could derive it again.
                    section.now["status"] = section.now["status"]

    def check(self) -> None:
        """Check schema, required paths and statuses.

        Raises:
            StateValidationError: it does not fit the schema, or something required is missing.
            InvalidStatusTransitionError: a status may not follow the one before it.
        """
        around = [path for path in self._paths if not self._is_checked_record(path)]
        if around:
            self._lifecycle.check_schema(_partial(self._tracker.root, around, self._lifecycle.records))
        self._lifecycle.check_required(self._tracker.root)
        self.check_transitions()

    def _is_checked_record(self, path: Path) -> bool:
        """Whether a path leads into a record that has been checked by itself, or is gone."""
        for size in (1, 2):
            place = path[:size]
            if len(path) > size and place in self._lifecycle.record_places:
                holder: Any = self._tracker.root
                for key in place:
                    holder = holder.get(key) if isinstance(holder, dict) else None
                record = glimpse(holder, path[size]) if isinstance(holder, dict) else MISSING
                return record is MISSING or self._lifecycle.check_record_schema(place, path[size], record)
        return False

    def check_transitions(self) -> None:
        """Check the statuses, and that changed records hold what theirs require.

        Raises:
            StateValidationError: a record lacks something.
            InvalidStatusTransitionError: a status may not follow the one before it.
        """
        lifecycle = self._lifecycle
        for section in self._sections:
            key = section.key
            if key not in lifecycle.phases:
                continue
            # A status that is or was derived follows from records, and no status from it.
            if not ("counts" in section.now and section.files):
                before = self._tracker.before()  # settling has changed more since this began
                if before.get((key, "counts")) is MISSING:
                    lifecycle.check_transition(key, _plain(before.get((key, "status"))), section.now.get("status"))
            for name, record in section.records.items():
                if record is not MISSING:
                    status_before = section.statuses_before[name]
                    lifecycle.check_record(f"{key}.files.{name}", _plain(status_before), record)

    def _section(self, key: str) -> _Section:
        now = self._tracker.root.get(key)
        now = now if isinstance(now, dict) else {}
        files = now.get("files")
        files = files if isinstance(files, dict) else {}
        section_before = self._before.within(self._tracker.root, key)
        files_before = self._before.within(section_before, "files")
        names: dict[Any, None] = {}
        for path in self._paths:
            if path[0] != key:
                continue
            if len(path) > 2 and path[1] == "files":
                names[path[2]] = None
            elif len(path) == 1 or path[1] == "files":
                names.update(dict.fromkeys(self._before.keys(files_before)))
                names.update(dict.fromkeys(dict.keys(files)))
        statuses_before = {name: self._status_before(files_before, name) for name in names}
        records = {name: glimpse(files, name) for name in names}
        return _Section(key, section_before, now, files, statuses_before, records)

    def _status_before(self, files: Any, name: Any) -> Any:
        status = self._before.field(files, name, "status")
        return status if status is MISSING else self._known(status)

    def _known(self, status: Any) -> str:
        """The present name of a status; nothing that could be one is an empty text."""
        status = self._lifecycle.normal_status(status)
        return status if isinstance(status, str) else ""

    def _normalise(self, section: _Section) -> None:
        normal_status = self._lifecycle.normal_status
        for name, record in section.records.items():
            status = _status(record)
            if status is not None and normal_status(status) != status:
                self._tracker.derive(section.files[name], "status", normal_status(status))
                section.records[name] = glimpse(section.files, name)
        for record in (section.now, section.now.get("summary")):
            if isinstance(record, TrackedDict) and "status" in record:
                self._tracker.derive(record, "status", normal_status(record["status"]))

    def _derive(self, section: _Section) -> None:
        """Counts and status of a phase, from those before and the records that have changed."""
        now, files, old, before = section.now, section.files, section.statuses_before, self._before
        initial = self._lifecycle.initial
        if not isinstance(now, TrackedDict):
            return
        counts_before = before.within(section.before, "counts")
        new = {
            name: record if record is MISSING else self._known(_status(record))
            for name, record in section.records.items()
        }
        size_before = len(files)
        for name, status in old.items():
            size_before += (status is not MISSING) - (new[name] is not MISSING)
        derived_before = False
        if counts_before is MISSING:
            counts = {initial: size_before}
        elif _adds_up(counts_before, size_before):
            derived_before, counts = True, dict(counts_before)
        else:  # somebody has set other counts: go through all records, once
            all_before = before.within(section.before, "files")
            names = before.keys(all_before)
            derived_before = any(before.field(all_before, name, "status") is not None for name in names)
            counts = self._lifecycle.counted(self._status_before(all_before, name) for name in names)
        for name, status in old.items():
            counts[status] = counts.get(status, 0) - 1
            counts[new[name]] = counts.get(new[name], 0) + 1
        counts = {status: counts[status] for status in self._lifecycle.transitions if counts.get(status)}
        if _one_has_a_status(initial, counts, files, old, derived_before=derived_before):
            self._tracker.derive(now, "counts", counts)
            self._tracker.derive(now, "status", self._lifecycle.combined_status(counts))
        elif derived_before and "counts" in now:
            # The status was derived from records that are gone: nobody has written it.
            if now.get("status") == before.within(section.before, "status"):
                self._tracker.derive(now, "status", initial)
            self._tracker.derive(now, "counts", MISSING)


def _one_has_a_status(
    initial: str, counts: dict[str, int], files: dict[Any, Any], names: Iterable[Any], *, derived_before: bool
) -> bool:
    """Whether any record says its status itself; missing counts as the first, so the counts alone do not tell."""
    if counts.keys() - {initial}:
        return True
    looked_at = (glimpse(files, name) for name in (files if derived_before else names))
    return any(isinstance(record, dict) and "status" in record for record in looked_at)


def _partial(root: TrackedDict, paths: Iterable[Path], records: tuple[Path, ...]) -> dict[str, Any]:
    """A document that holds what has changed: whole records, and of their surroundings all but other records."""
    holders = _holders(records)
    partial: dict[Any, Any] = {}
    for path in paths:
        node: Any = root
        into = partial
        for depth, key in enumerate(path, start=1):
            if not isinstance(node, dict) or key not in node:
                break
            node = glimpse(node, key)
            of_records = holders.get(path[:depth])
            if depth == len(path) or of_records is None or not isinstance(node, dict):
                into[key] = node
                break
            if key not in into:
                into[key] = {k: v for k, v in node.items() if k not in of_records} if of_records else {}
            into = into[key]
    return partial


@lru_cache(maxsize=8)
def _holders(records: tuple[Path, ...]) -> dict[Path, frozenset[Any]]:
    """What leads to records: for each path, which of its keys do; none for what holds nothing but records."""
    holders: dict[Path, frozenset[Any]] = {place: frozenset() for place in records}
    for place in records:
        for depth in range(1, len(place)):
            holders[place[:depth]] = holders.get(place[:depth], frozenset()) | {place[depth]}
    return holders


def _status(record: Any) -> Any:
    return record.get("status") if isinstance(record, dict) else None


def _plain(value: Any) -> Any:
    return None if value is MISSING else value


def _adds_up(counts: Any, size: int) -> bool:
    if not isinstance(counts, dict) or not size:
        return False
    return all(type(count) is int for count in counts.values()) and sum(counts.values()) == size
