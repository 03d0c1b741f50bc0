# SPDX-License-Identifier: MIT
"""The document in memory: tracked, with the records of a large one left undecoded until they are read.

A record below one of the life cycle's paths of records stays a slice of the file's bytes; it costs no memory beyond
those, and is written again as it was. Reading slices takes msgspec, which is imported where the first large document is
opened, and not before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pipeline_common.codec import OWN_SECTION, Document, encode_part
from pipeline_common.journal import DELETE, SET
from pipeline_common.tracked import MISSING, Path, RecordMap, TrackedDict, Tracker, adopted, placed


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


def encode_tree(root: TrackedDict, revision: int) -> bytes:
    """Write a document that may hold slices; those are written as they were read."""
    own = encode_part({"revision": revision}, 1)
    parts = [b'"%s": %s' % (OWN_SECTION.encode(), own)]
    parts += [_entry(key, value, 1) for key, value in root.items()]
    return _braced(parts, 0) + b"\n"


def size_of(changes: Sequence[tuple[Path, Any]]) -> int:
    """Roughly how large a record of some changes is, in bytes."""
    return sum(len(json.dumps(value)) for _, value in changes if value is not MISSING)


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
            node[key] = adopted(operation[2], node, key)
        else:
            node.pop(key, None)


def _place_records(parent: TrackedDict, key: str, part: Any, parts: Any) -> None:
    import msgspec

    if not _is_object(part):
        dict.__setitem__(parent, key, adopted(_loads(part), parent, key))
        return
    placed(RecordMap(parts(part), msgspec.Raw, _loads), parent, key)


def _is_object(part: Any) -> bool:
    return bytes(memoryview(part)[:1]) == b"{"


def _loads(part: Any) -> Any:
    # Not msgspec: that one has no lone surrogates. A record is small, so nothing is lost.
    return json.loads(bytes(part))


def _entry(key: str, value: Any, level: int) -> bytes:
    name = encode_part(key, 0) + b": "
    if isinstance(value, RecordMap):
        written = partial(encode_part, levels=level + 1)
        return name + _braced(list(_records(value, written)), level)
    if isinstance(value, dict) and any(isinstance(inner, RecordMap) for inner in value.values()):
        return name + _braced([_entry(inner, item, level + 1) for inner, item in value.items()], level)
    return name + encode_part(value, level)


def _records(records: RecordMap, written: Any) -> Iterator[bytes]:
    for key, value in records.slices():
        yield encode_part(key, 0) + b": " + (bytes(value) if records.is_slice(value) else written(value))


def _braced(parts: list[bytes], level: int) -> bytes:
    if not parts:
        return b"{}"
    margin = b"\n" + b"  " * level
    return b"{" + margin + b"  " + (b"," + margin + b"  ").join(parts) + margin + b"}"
