# SPDX-License-Identifier: MIT
"""The document in memory: tracked, with the records of a large one left undecoded until they are read.

A record below one of the life cycle's paths of records stays a slice of the file's bytes; it costs no memory beyond
those, and is written again as it was. Reading slices takes msgspec, which is imported where the first large document is
opened, and not before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from pipeline_common.codec import OWN_SECTION, Document, encode_part
from pipeline_common.journal import DELETE, SET, compact
from pipeline_common.tracked import MISSING, Path, RecordMap, TrackedDict, Tracker, adopted, placed, put

Buffer: TypeAlias = Any
"""Bytes, or a slice that has them."""

_BLOCK_BYTES = 1 << 20


def tree_of(document: Document) -> Tracker:
    """A tracked copy of a plain document."""
    root = adopted(document, None, None)
    return Tracker(root)


def sliced_tree(raw: bytes, records: Sequence[Path]) -> Tracker | None:
    """A tracked document whose records are slices of a file that the engine itself has written.

    Args:
        raw: the file.
        records: the paths of the objects that hold records; each one or two keys.

    Returns:
        None where msgspec cannot read it, as it can lone surrogates; the standard library can.
    """
    import msgspec

    parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    root = TrackedDict()
    tracker = Tracker(root)
    try:
        for key, part in parts(raw).items():
            if (key,) in records:
                _place_records(root, key, part, parts)
                continue
            names = {path[1] for path in records if path[0] == key}
            if not names or not _is_object(part):
                dict.__setitem__(root, key, adopted(_loads(part), root, key))
                continue
            section = TrackedDict()
            placed(section, root, key)
            for name, inner in parts(part).items():
                if name in names:
                    _place_records(section, name, inner, parts)
                else:
                    dict.__setitem__(section, name, adopted(_loads(inner), section, name))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    dict.pop(root, OWN_SECTION, None)
    return tracker


def decode_own(raw: bytes) -> Document:
    """The plain document in a file that the engine itself has written.

    Raises:
        ValueError: msgspec cannot read it.
    """
    import msgspec

    document: Document = msgspec.json.decode(raw)
    document.pop(OWN_SECTION, None)
    return document


class Texts:
    """What the records of a tree were read or written as, so that those that have not changed are not encoded again."""

    def __init__(self) -> None:
        self._sections: dict[Path, tuple[Any, Buffer]] = {}
        self._entries: dict[Path, dict[str, tuple[Any, bytes]]] = {}

    def learn(self, root: TrackedDict, records: Sequence[Path]) -> None:
        """Take what holds the slices of a tree that was just made as it stands in the file."""
        for place in records:
            holder = _at(root, place)
            if isinstance(holder, RecordMap):
                self._sections[place] = (holder, holder.text)
                holder.text = None  # to be let go of as soon as a record changes

    def forget(self, changed: Sequence[Path], records: Sequence[Path]) -> None:
        """Drop the records that some paths have changed, and what holds them; what was replaced is noticed anyway."""
        if not self._sections:
            return
        for path in changed:
            for place in records:
                if path[: len(place)] == place:
                    self._sections.pop(place, None)
                    if len(path) > len(place):
                        self._entries.get(place, {}).pop(path[len(place)], None)

    def of(self, place: Path, holder: dict[Any, Any]) -> Iterable[Buffer]:
        """The text of what holds the records at a place: of those that were written already, as they were."""
        known = self._sections.get(place)
        if known is None or known[0] is not holder:
            if isinstance(holder, RecordMap):  # not kept: the text of a large document would be in memory twice
                return _slices(holder, len(place))
            known = self._sections[place] = (holder, self._encoded(place, holder))
        return known[1:]

    def _encoded(self, place: Path, holder: dict[Any, Any]) -> bytes:
        if not holder:
            return b"{}"
        level = len(place)
        written, entries = self._entries.get(place, {}), {}
        for key, item in holder.items():
            known = written.get(key)
            if known is None or known[0] is not item:
                known = (item, _key(key) + encode_part(item, level + 1))
            entries[key] = known
        self._entries[place] = entries
        margin = b"\n" + b"  " * level
        inner = (b"," + margin + b"  ").join([text for _, text in entries.values()])
        return b"{%b  %b%b}" % (margin, inner, margin)


def is_sliced(root: TrackedDict, records: Sequence[Path]) -> bool:
    """Whether all records are in `RecordMap`s."""
    holders = (_at(root, path) for path in records)
    return all(isinstance(holder, RecordMap) for holder in holders if isinstance(holder, dict))


def _at(root: TrackedDict, path: Path) -> Any:
    """The value at a path; None where there is none."""
    node: Any = root
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def encode_tree(root: TrackedDict, revision: int, records: Sequence[Path], texts: Texts) -> list[Buffer]:
    """Write a document: slices as they were read, records that have not changed as they were written.

    Returns:
        The pieces of the text, so that a large document is not in memory once more. The changed records of a
        `RecordMap` are slices from then on.
    """
    pieces: list[Buffer] = [b'{\n  "%s": %s' % (OWN_SECTION.encode(), encode_part({"revision": revision}, 1))]
    holders = {place[:depth] for place in records for depth in range(1, len(place))}
    places = frozenset(records)
    for key, value in root.items():
        pieces.append(b",\n  " + _key(key))
        pieces += _value((key,), value, places, holders, texts)
    pieces.append(b"\n}\n")
    return pieces


def in_blocks(pieces: Iterable[Buffer]) -> Iterator[Buffer]:
    """Pieces, small ones joined, so that each is worth a write."""
    block: list[Buffer] = []
    size_bytes = 0
    for piece in pieces:
        if size_bytes and size_bytes + len(piece) > _BLOCK_BYTES:
            yield block[0] if len(block) == 1 else b"".join(block)
            block, size_bytes = [], 0
        block.append(piece)
        size_bytes += len(piece)
    if block:
        yield block[0] if len(block) == 1 else b"".join(block)


def encode_line(value: Any) -> bytes:
    """Plain JSON without line feeds, in a tenth of the standard library's time."""
    import msgspec

    try:
        return msgspec.json.encode(value)
    except (UnicodeError, OverflowError):  # lone surrogates, and integers of more than 64 bits
        return compact(value)


def decode_line(text: bytes) -> Any:
    """What `encode_line` has written, or the standard library.

    Raises:
        ValueError: it is no JSON.
    """
    import msgspec

    try:
        return msgspec.json.decode(text)
    except ValueError:  # lone surrogates are the standard library's alone
        return json.loads(text)


def operations(changes: Sequence[tuple[Path, Any]]) -> list[list[Any]]:
    """Changes as a journal's record has them."""
    return [[DELETE, path] if value is MISSING else [SET, path, value] for path, value in changes]


def apply(root: TrackedDict, done: Sequence[Sequence[Any]]) -> None:
    """Make the changes of a journal's record. The empty path, the whole document, is not for this function."""
    for operation in done:
        *parents, key = operation[1]
        node: Any = root
        for parent in parents:
            inner = node.get(parent)
            if not isinstance(inner, TrackedDict):
                # An edit by hand may have removed what the record was made below.
                node[parent] = adopted({}, node, parent)
                inner = node[parent]
            node = inner
        if operation[0] == SET:
            node[key] = operation[2]
            put(node, key, operation[2])
        else:
            node.pop(key, None)


def _place_records(parent: TrackedDict, key: str, part: Any, parts: Any) -> None:
    import msgspec

    if not _is_object(part):
        dict.__setitem__(parent, key, adopted(_loads(part), parent, key))
        return
    placed(RecordMap(parts(part), msgspec.Raw, _loads, _field, part), parent, key)


def _field(part: Any, name: str) -> Any:
    try:
        return _field_decoder(name)(part).field
    except ValueError:  # no object, or one with lone surrogates
        whole = _loads(part)
        return whole.get(name, MISSING) if isinstance(whole, dict) else MISSING


@lru_cache(maxsize=16)
def _field_decoder(name: str) -> Callable[[Any], Any]:
    """Reads an object and builds nothing of it but the value at one key."""
    import msgspec

    kind = msgspec.defstruct("Part", [("field", Any, msgspec.field(default=MISSING, name=name))])
    return msgspec.json.Decoder(kind).decode


def _is_object(part: Any) -> bool:
    return bytes(memoryview(part)[:1]) == b"{"


def _loads(part: Any) -> Any:
    # Not msgspec: that one has no lone surrogates. A record is small, so nothing is lost.
    return json.loads(bytes(part))


def _value(path: Path, value: Any, records: frozenset[Path], holders: set[Path], texts: Texts) -> Iterable[Buffer]:
    if path in records and isinstance(value, dict):
        return texts.of(path, value)
    if path not in holders or not isinstance(value, dict) or not value:
        return [encode_part(value, len(path))]
    margin = b"\n" + b"  " * len(path)
    before = b"{" + margin + b"  "
    pieces: list[Buffer] = []
    for key, item in value.items():
        pieces.append(before + _key(key))
        pieces += _value((*path, key), item, records, holders, texts)
        before = b"," + margin + b"  "
    pieces.append(margin + b"}")
    return pieces


def _key(key: str) -> bytes:
    plain = key.isascii() and key.isprintable() and '"' not in key and "\\" not in key
    return b'"%b": ' % key.encode("ascii") if plain else encode_part(key, 0) + b": "


def _slices(holder: RecordMap, level: int) -> list[Buffer]:
    if not holder:
        return [b"{}"]
    margin = b"\n" + b"  " * level
    before = b"{" + margin + b"  "
    pieces: list[Buffer] = []
    for key, item in holder.closed():
        pieces.append(before + _key(key))
        pieces.append(item if holder.is_slice(item) else _shut(holder, key, item, level + 1))
        before = b"," + margin + b"  "
    pieces.append(margin + b"}")
    return pieces


def _shut(holder: RecordMap, key: str, item: Any, level: int) -> Buffer:
    """The text of a record, which stays as it."""
    text = encode_part(holder.glimpsed(item), level)
    holder.shut(key, text)
    return text
