# SPDX-License-Identifier: MIT
"""A life cycle's rules applied to what a transaction has changed, and to nothing else.

`Lifecycle.settle` and `Lifecycle.check` do the same for whole documents; a test holds the two together. Here a commit
costs what it changes: counts are kept up from the statuses before and after, and the schema sees the changed records.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pipeline_common.lifecycle import Lifecycle
from pipeline_common.tracked import MISSING, Before, Path, TrackedDict, Tracker


def settle_changes(lifecycle: Lifecycle, tracker: Tracker) -> None:
    """Give statuses their present names, and keep up counts and derived statuses, in what has changed.

    Args:
        lifecycle: the rules.
        tracker: of the tree; what is set here goes with its changes, and is not one of them.
    """
    paths = tracker.paths()
    before = tracker.before()
    for key in dict.fromkeys(path[0] for path in paths):
        section = tracker.root.get(key)
        if not isinstance(section, TrackedDict) or key not in lifecycle.sections:
            continue
        names = _changed_records(before, section, key, paths)
        _normalise(lifecycle, tracker, section, names)
        if key in lifecycle.phases:
            _derive(lifecycle, tracker, before, section, key, names)
            if (key, "counts") in paths and "status" in section:
                # Somebody has set counts: what became of the status is told, for nobody could derive it again.
                section["status"] = section["status"]


def normalise_changes(lifecycle: Lifecycle, tracker: Tracker) -> None:
    """Give statuses their present names in what has changed, and derive nothing."""
    paths = tracker.paths()
    for key in dict.fromkeys(path[0] for path in paths if path[0] in lifecycle.sections):
        section = tracker.root.get(key)
        if isinstance(section, TrackedDict):
            _normalise(lifecycle, tracker, section, _changed_records(tracker.before(), section, key, paths))


def check_changes(lifecycle: Lifecycle, tracker: Tracker) -> None:
    """Check what has changed.

    Raises:
        StateValidationError: it does not fit the schema, or something required is missing.
        InvalidStatusTransitionError: a status may not follow the one before it.
    """
    paths = tracker.paths()
    lifecycle.check_schema(_partial(tracker.root, paths, lifecycle.records))
    lifecycle.check_required(tracker.root)
    check_transitions(lifecycle, tracker)


def check_transitions(lifecycle: Lifecycle, tracker: Tracker) -> None:
    """Check the statuses that have changed, and that changed records hold what theirs require.

    Raises:
        StateValidationError: a record lacks something.
        InvalidStatusTransitionError: a status may not follow the one before it.
    """
    paths = tracker.paths()
    before = tracker.before()
    for key in dict.fromkeys(path[0] for path in paths if path[0] in lifecycle.phases):
        section = tracker.root.get(key, {})
        if not _is_derived(section) and before.get((key, "counts")) is MISSING:
            lifecycle.check_transition(key, _plain(before.get((key, "status"))), section.get("status"))
        files = _files(section)
        for name in _changed_records(before, section, key, paths):
            if name in files:
                status = _plain(before.get((key, "files", name, "status")))
                lifecycle.check_record(f"{key}.files.{name}", status, files[name])


def _changed_records(before: Before, section: Any, key: str, paths: Iterable[Path]) -> list[Any]:
    """The names below ``files`` whose records may have changed."""
    names: dict[Any, None] = {}
    for path in paths:
        if path[0] != key:
            continue
        if len(path) > 2 and path[1] == "files":
            names[path[2]] = None
        elif len(path) == 1 or path[1] == "files":
            names.update(dict.fromkeys(before.keys((key, "files"))))
            names.update(dict.fromkeys(dict.keys(_files(section))))
    return list(names)


def _normalise(lifecycle: Lifecycle, tracker: Tracker, section: TrackedDict, names: Iterable[Any]) -> None:
    files = _files(section)
    for record in (section, section.get("summary"), *(files[name] for name in names if name in files)):
        if isinstance(record, TrackedDict) and "status" in record:
            tracker.derive(record, "status", lifecycle.normal_status(record["status"]))


def _derive(
    lifecycle: Lifecycle, tracker: Tracker, before: Before, section: TrackedDict, key: str, names: list[Any]
) -> None:
    """Counts and status of a phase, from those before and the records that have changed."""
    files = _files(section)
    old = {name: _old_status(lifecycle, before, (key, "files", name)) for name in names}
    new = {name: _status_or_missing(lifecycle, files, name) for name in names}
    counts_before = before.get((key, "counts"))
    size_before = len(files) + sum(s is not MISSING for s in old.values()) - sum(s is not MISSING for s in new.values())
    if counts_before is MISSING:
        derived_before, counts = False, _tally(lifecycle, {lifecycle.initial: size_before})
    elif _adds_up(counts_before, size_before):
        derived_before, counts = True, _tally(lifecycle, counts_before)
    else:  # somebody has set other counts: go through all records, once
        derived_before = any(
            before.get((key, "files", name, "status")) is not MISSING for name in before.keys((key, "files"))
        )
        counts = _tally(
            lifecycle,
            lifecycle.counted(_old_status(lifecycle, before, (key, "files", n)) for n in before.keys((key, "files"))),
        )
    for statuses, step in ((old, -1), (new, +1)):
        for status in statuses.values():
            if status in counts:
                counts[status] += step
    if _one_has_a_status(lifecycle, counts, files, names, derived_before=derived_before):
        present = {status: count for status, count in counts.items() if count}
        tracker.derive(section, "counts", present)
        tracker.derive(section, "status", lifecycle.combined_status(present))
    elif derived_before and "counts" in section:
        # The status was derived from records that are gone: nobody has written it.
        if section.get("status") == before.get((key, "status")):
            tracker.derive(section, "status", lifecycle.initial)
        tracker.derive(section, "counts", MISSING)


def _one_has_a_status(
    lifecycle: Lifecycle, counts: dict[str, int], files: dict[Any, Any], names: list[Any], *, derived_before: bool
) -> bool:
    """Whether any record says its status itself; missing counts as the first, so the counts alone do not tell."""
    if any(count for status, count in counts.items() if status != lifecycle.initial):
        return True
    looked_at = files if derived_before else (name for name in names if name in files)
    return any(isinstance(files[name], dict) and "status" in files[name] for name in looked_at)


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
            node = node[key]
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


def _is_derived(section: Any) -> bool:
    return isinstance(section, dict) and "counts" in section and bool(_files(section))


def _files(section: Any) -> dict[Any, Any]:
    files = section.get("files") if isinstance(section, dict) else None
    return files if isinstance(files, dict) else {}


def _status(record: Any) -> Any:
    return record.get("status") if isinstance(record, dict) else None


def _status_or_missing(lifecycle: Lifecycle, files: dict[Any, Any], name: Any) -> Any:
    return _text(lifecycle.normal_status(_status(files[name]))) if name in files else MISSING


def _old_status(lifecycle: Lifecycle, before: Before, path: Path) -> Any:
    if before.get(path) is MISSING:
        return MISSING
    return _text(lifecycle.normal_status(_plain(before.get((*path, "status")))))


def _text(status: Any) -> Any:
    return status if isinstance(status, str) else ""


def _plain(value: Any) -> Any:
    return None if value is MISSING else value


def _adds_up(counts: Any, size: int) -> bool:
    if not isinstance(counts, dict) or not size:
        return False
    return all(type(count) is int for count in counts.values()) and sum(counts.values()) == size


def _tally(lifecycle: Lifecycle, counts: dict[str, int]) -> dict[str, int]:
    return {status: counts.get(status, 0) for status in lifecycle.transitions}
