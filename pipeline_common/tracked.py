# SPDX-License-Identifier: MIT
"""Dicts and lists that know what changed in them, so that a transaction costs what it changes and not what there is.

`TrackedDict` and `TrackedList` are real dicts and lists. Each knows its place in the tree; a change notes the place as
dirty and what stood there, with the `Tracker` of the root. Every container in a tree is tracked from the start, so
whatever hands out a part of it, in Python or in C, hands out something tracked.

What a transaction assigns stays the caller's own object until `Tracker.seal` puts a tracked copy in its place. What was
taken out of the tree is free from then on: an ordinary dict or list.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import Any, SupportsIndex, TypeAlias

from pipeline_common.codec import plain
from pipeline_common.errors import StateTransactionError

Path: TypeAlias = tuple[Any, ...]

MISSING: Any = type("_Missing", (), {"__repr__": lambda _: "MISSING"})()
"""Stands for a value where there is none."""

_WHOLE: Any = type("_Whole", (), {"__repr__": lambda _: "WHOLE"})()


class Tracker:
    """What a transaction has changed in one tree, and how to take it back.

    Attributes:
        root: the tree.
        active: whether it may be changed now.
    """

    def __init__(self, root: TrackedDict) -> None:
        self.root = root
        self.active = False
        self._dirty: dict[Path, None] = {}
        self._undo: list[tuple[Any, Any, Any]] = []
        self._kept_lists: set[int] = set()
        self._fewest: tuple[int, list[Path]] = (0, [])
        self._first: dict[tuple[int, Any], Any] = {}
        self._indexed = 0
        root._parent, root._owner = None, self

    def paths(self) -> list[Path]:
        """Where something has changed; a path stands for all below it."""
        if self._fewest[0] != len(self._dirty):
            dirty = self._dirty
            fewest = list(dirty)
            if len(fewest) > 1 and len({*map(len, dirty)}) > 1:
                fewest = [path for path in dirty if not any(path[:n] in dirty for n in range(1, len(path)))]
            self._fewest = (len(dirty), fewest)
        return self._fewest[1]

    def has_changed(self, path: Path) -> bool:
        """Whether the value at a path of one key has been assigned or removed."""
        return path in self._dirty

    def changes(self) -> list[tuple[Path, Any]]:
        """The fewest assignments that make the changes again: path and value, `MISSING` where it was removed.

        The empty path never occurs. A path leads through dicts alone: a list is assigned as a whole.
        """
        return [(path, self._current(path)) for path in self.paths()]

    def seal(self) -> None:
        """Put tracked copies in the place of what was assigned, which belongs to the caller.

        Raises:
            StateValidationError: something that was assigned has no place in JSON; the tree is unchanged.
        """
        fresh: list[tuple[TrackedDict, Any, Any, Any]] = []
        for path in self.paths():
            parent, key = self._container(path), path[-1]
            if parent is not None and key in parent:
                fresh.append((parent, key, dict.get(parent, key), plain(glimpse(parent, key), path)))
        for parent, key, value, copy in fresh:
            self._undo.append((parent, key, value))
            put(parent, str.__str__(key), copy)

    def derive(self, node: TrackedDict, key: str, value: Any) -> None:
        """Set what follows from other values (`MISSING` removes it): taken back by a rollback, and no change itself."""
        before = dict.get(node, key, MISSING)
        if before is value or (before is not MISSING and before == value):
            return
        self._undo.append((node, key, before))
        if value is MISSING:
            dict.__delitem__(node, key)
        else:
            put(node, key, value)

    def before(self) -> Before:
        """The tree as it was when the transaction began."""
        for node, key, old in self._undo[self._indexed :]:
            self._first.setdefault((id(node), key), old)
        self._indexed = len(self._undo)
        return Before(self.root, self._first)

    def clear(self) -> None:
        """Accept the changes: forget how to take them back."""
        for node, key, old in self._undo:
            for gone in old if key is _WHOLE else (old,):
                still_there = key is not _WHOLE and dict.get(node, key, MISSING) is gone
                if still_there or not isinstance(gone, TrackedDict | TrackedList):
                    continue
                # What was assigned from another place of the tree stands there, whatever became of this one.
                if gone._parent is node and (key is _WHOLE or gone._key == key):
                    gone._parent = gone._owner = None
        self._forget()

    def roll_back(self) -> None:
        """Take all changes back."""
        while self._undo:
            node, key, old = self._undo[-1]
            if key is _WHOLE:
                list.__setitem__(node, slice(None), old)
            elif old is MISSING:
                dict.pop(node, key, None)
            else:
                dict.__setitem__(node, key, old)
            self._undo.pop()
        self._forget()

    def note(self, node: TrackedDict, key: Any, path: Path) -> None:
        """Remember what stands at a key of a dict that is about to change, and that the path is dirty."""
        self._undo.append((node, key, dict.get(node, key, MISSING)))
        self._dirty[path] = None

    def note_list(self, node: TrackedList, path: Path) -> None:
        """Remember a list that is about to change, once, and that its path is dirty."""
        if id(node) not in self._kept_lists:
            self._undo.append((node, _WHOLE, node[:]))
            self._kept_lists.add(id(node))
        self._dirty[path] = None

    def _forget(self) -> None:
        self._undo.clear()
        self._dirty.clear()
        self._kept_lists.clear()
        self._fewest = (0, [])
        self._first = {}
        self._indexed = 0

    def _container(self, path: Path) -> TrackedDict | None:
        node: Any = self.root
        for key in path[:-1]:
            node = dict.get(node, key)
            if not isinstance(node, TrackedDict):
                return None
        return node  # type: ignore[no-any-return]

    def _current(self, path: Path) -> Any:
        container = self._container(path)
        return MISSING if container is None else glimpse(container, path[-1])


class Before:
    """A tree as it was before the changes that a tracker knows; it costs only what is asked of it."""

    def __init__(self, root: TrackedDict, first: Mapping[tuple[int, Any], Any]) -> None:
        self._root = root
        self._first = first

    def get(self, path: Path) -> Any:
        """The value at a path, `MISSING` where there was none. A container may have changed inside: ask further."""
        node: Any = self._root
        for key in path:
            node = self.within(node, key)
        return node

    def within(self, node: Any, key: Any) -> Any:
        """The value at a key of a value that this gave, `MISSING` where there was none."""
        if not isinstance(node, dict):
            return MISSING
        value = self._first.get((id(node), key), _WHOLE)
        if value is _WHOLE:
            return glimpse(node, key)
        return node.glimpsed(value) if isinstance(node, RecordMap) else value

    def field(self, node: Any, key: Any, name: str) -> Any:
        """What stood in the record at a key of a value that this gave, without decoding all of it.

        Returns:
            `MISSING` where there was no record, None where that one had no such field.
        """
        if not isinstance(node, dict):
            return MISSING
        record = self._first.get((id(node), key), _WHOLE)
        if record is _WHOLE:
            record = dict.get(node, key, MISSING)
        if record is MISSING:
            return MISSING
        found = node.field(record, name) if type(node) is RecordMap else MISSING
        if found is MISSING:
            found = self.within(record, name)
        return None if found is MISSING else found

    def keys(self, node: Any) -> list[Any]:
        """The keys of a value that this gave; none where it is no dict."""
        if not isinstance(node, dict):
            return []
        known = {key: old for (owner, key), old in self._first.items() if owner == id(node)}
        kept = [key for key in dict.keys(node) if key not in known]
        return kept + [key for key, old in known.items() if old is not MISSING]


class TrackedDict(dict[Any, Any]):
    """A dict with a place in a tree."""

    __slots__ = ("_key", "_owner", "_parent")
    _key: Any
    _owner: Tracker | None
    _parent: TrackedDict | TrackedList | None

    def __setitem__(self, key: Any, value: Any) -> None:
        self._touch(key)
        dict.__setitem__(self, key, value)

    def __delitem__(self, key: Any) -> None:
        if key not in self:
            raise KeyError(key)
        self._touch(key)
        dict.__delitem__(self, key)

    def pop(self, key: Any, *default: Any) -> Any:
        """As of a dict."""
        if key not in self:
            return dict.pop(self, key, *default)
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[Any, Any]:
        """As of a dict."""
        if not self:
            return dict.popitem(self)
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """As of a dict."""
        for key in list(dict.keys(self)):
            del self[key]

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """As of a dict."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *others: Any, **more: Any) -> None:
        """As of a dict."""
        for key, value in dict(*others, **more).items():
            self[key] = value

    def __ior__(self, other: Any) -> TrackedDict:
        self.update(other)
        return self

    def copy(self) -> dict[Any, Any]:
        """A dict of the same values; those that are containers are the tracked ones."""
        return dict(self)

    __copy__ = copy

    def __or__(self, other: Any) -> Any:
        return dict(self) | other if isinstance(other, dict) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return other | dict(self) if isinstance(other, dict) else NotImplemented

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[Any, Any]:
        return detached(self)  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return dict, (detached(self),)

    @classmethod
    def fromkeys(cls, keys: Iterable[Any], value: Any = None) -> dict[Any, Any]:
        """As of a dict, and a plain one."""
        return dict.fromkeys(keys, value)

    def _touch(self, key: Any) -> None:
        tracker, path, in_list = _place(self)
        if tracker is not None:
            tracker.note(self, key, path if in_list else (*path, key))


class Closed:
    """A plain value in a `RecordMap`, which is tracked when somebody reads it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class RecordMap(TrackedDict):
    """A dict whose values may be closed: a slice of the file that nobody has decoded, or a plain value.

    Reading one decodes and tracks it, so that nobody is ever given a closed one.

    Args:
        slices: the values as slices.
        kind: the type of a slice.
        decode: makes the plain value of one.
        field: makes the plain value at a key of one; `MISSING` where there is none.
        text: the whole of it as it stands in the file, for whoever writes it again.
    """

    __slots__ = ("_decode", "_field", "_kind", "text")
    text: Any
    _decode: Callable[[Any], Any]
    _field: Callable[[Any, str], Any]
    _kind: type

    def __init__(
        self,
        slices: Mapping[str, Any],
        kind: type,
        decode: Callable[[Any], Any],
        field: Callable[[Any, str], Any],
        text: Any = None,
    ) -> None:
        dict.__init__(self, slices)
        self.text = text
        self._kind = kind
        self._decode = decode
        self._field = field

    def closed(self) -> Iterator[tuple[str, Any]]:
        """Keys and values, closed where they are so far."""
        return iter(dict.items(self))

    def is_slice(self, value: Any) -> bool:
        """Whether a value is a slice."""
        return type(value) is self._kind

    def glimpsed(self, value: Any) -> Any:
        """What a value of this dict holds; where it is closed, a plain value to look at, which stays so."""
        kind = type(value)
        if kind is self._kind:
            return self._decode(value)
        return value.value if kind is Closed else value

    def field(self, value: Any, name: str) -> Any:
        """The plain value at a key of a closed value of this dict; `MISSING` where it has none, or is not closed."""
        kind = type(value)
        if kind is self._kind:
            return self._field(value, name)
        return value.value.get(name, MISSING) if kind is Closed and isinstance(value.value, dict) else MISSING

    def shut(self, key: Any, text: bytes) -> None:
        """Keep a value as its text. What was handed out of it can be read, and no longer be changed."""
        value = dict.get(self, key)
        if isinstance(value, TrackedDict | TrackedList):
            value._parent, value._owner = None, _NOBODY
        dict.__setitem__(self, key, self._kind(text))

    def __getitem__(self, key: Any) -> Any:
        value = dict.__getitem__(self, key)
        kind = type(value)
        if kind is Closed or kind is self._kind:
            value = adopted(self.glimpsed(value), self, key)
            dict.__setitem__(self, key, value)
        return value

    def get(self, key: Any, default: Any = None) -> Any:
        """As of a dict."""
        return self[key] if key in self else default  # noqa: SIM401 - this is `get`

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """As of a dict."""
        return ValuesView(self)

    def items(self) -> ItemsView[Any, Any]:  # type: ignore[override]
        """As of a dict."""
        return ItemsView(self)

    def __iter__(self) -> Iterator[Any]:
        # Overridden so that dict(d) and {**d} ask for each value instead of copying the slices.
        return dict.__iter__(self)

    def __eq__(self, other: object) -> bool:
        return dict(self) == (dict(other) if isinstance(other, RecordMap) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(dict(self))


class TrackedList(list[Any]):
    """A list with a place in a tree; any change makes the whole of it dirty."""

    __slots__ = ("_key", "_owner", "_parent")
    _key: Any
    _owner: Tracker | None
    _parent: TrackedDict | TrackedList | None

    def __setitem__(self, index: Any, value: Any) -> None:
        self._touch()
        list.__setitem__(self, index, value)

    def __delitem__(self, index: Any) -> None:
        self._touch()
        list.__delitem__(self, index)

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self._touch()
        list.extend(self, values)
        return self

    def __imul__(self, times: SupportsIndex) -> TrackedList:
        self._touch()
        list.__imul__(self, times)
        return self

    def append(self, value: Any) -> None:
        """As of a list."""
        self._touch()
        list.append(self, value)

    def extend(self, values: Iterable[Any]) -> None:
        """As of a list."""
        self._touch()
        list.extend(self, values)

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """As of a list."""
        self._touch()
        list.insert(self, index, value)

    def pop(self, index: SupportsIndex = -1) -> Any:
        """As of a list."""
        self._touch()
        return list.pop(self, index)

    def remove(self, value: Any) -> None:
        """As of a list."""
        self._touch()
        list.remove(self, value)

    def reverse(self) -> None:
        """As of a list."""
        self._touch()
        list.reverse(self)

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> None:
        """As of a list."""
        self._touch()
        list.sort(self, key=key, reverse=reverse)

    def clear(self) -> None:
        """As of a list."""
        self._touch()
        list.clear(self)

    def __copy__(self) -> list[Any]:
        return self[:]

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return detached(self)  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return list, (detached(self),)

    def _touch(self) -> None:
        tracker, path, _ = _place(self)
        if tracker is not None:
            tracker.note_list(self, path)


def adopted(value: Any, parent: TrackedDict | TrackedList | None, key: Any) -> Any:
    """A tracked copy of a plain value, whose place is below `parent`."""
    if isinstance(value, dict):
        record = TrackedDict()
        record._parent, record._key, record._owner = parent, key, None
        for name, item in value.items():
            dict.__setitem__(record, name, adopted(item, record, name) if isinstance(item, dict | list) else item)
        return record
    if isinstance(value, list):
        items = TrackedList()
        items._parent, items._key, items._owner = parent, key, None
        for item in value:
            list.append(items, adopted(item, items, None) if isinstance(item, dict | list) else item)
        return items
    return value


def put(parent: TrackedDict, key: Any, value: Any) -> None:
    """Set a plain value, which nobody else has, without telling the tracker."""
    if type(parent) is RecordMap and isinstance(value, dict | list):
        dict.__setitem__(parent, key, Closed(value))
    else:
        dict.__setitem__(parent, key, adopted(value, parent, key))


def glimpse(container: Any, key: Any) -> Any:
    """The value at a key of a dict, to look at: `MISSING` where there is none, plain where it is closed."""
    value = dict.get(container, key, MISSING)
    return container.glimpsed(value) if type(container) is RecordMap else value


def placed(node: TrackedDict, parent: TrackedDict, key: str) -> None:
    """Put a tracked dict into a tree that is being built."""
    node._parent, node._key, node._owner = parent, key, None
    dict.__setitem__(parent, key, node)


def detached(value: Any) -> Any:
    """A plain copy that shares nothing with the tree; slices are decoded for it and stay slices in the tree."""
    if isinstance(value, RecordMap):
        return {key: detached(value.glimpsed(item)) for key, item in value.closed()}
    if isinstance(value, dict):
        return {key: detached(item) if isinstance(item, dict | list) else item for key, item in dict.items(value)}
    if isinstance(value, list):
        return [detached(item) if isinstance(item, dict | list) else item for item in list.__iter__(value)]
    return value


def _place(node: TrackedDict | TrackedList) -> tuple[Tracker | None, Path, bool]:
    """The tracker of the tree that a node is in (None: in none), its path, and whether it lies below a list.

    Below a list, the path is that of the list.

    Raises:
        StateTransactionError: the tree may not be changed now.
    """
    keys: list[Any] = []
    in_list = False
    at: TrackedDict | TrackedList = node
    while at._parent is not None:
        if isinstance(at._parent, TrackedList):
            keys.clear()
            in_list = True
        else:
            keys.append(at._key)
        at = at._parent
    tracker = at._owner
    if tracker is not None and not tracker.active:
        raise StateTransactionError(
            "A part of the document was changed outside its transaction. Change it in a new one: "
            "`with state.transaction() as txn:`."
        )
    return tracker, tuple(reversed(keys)), in_list


_NOBODY = Tracker(TrackedDict())
"""Owns what may not be changed any more."""
