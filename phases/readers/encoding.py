"""Bytes to text: the right characters, or a refusal; never mojibake."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

from phases.contract import PermanentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What the file itself says, in the words of Project Gutenberg, XML and HTML.
_DECLARED = re.compile(
    rb"""(?:Character\ set\ encoding:\s*|<\?xml[^>]{0,200}?encoding\s*=\s*["']|<meta[^>]{0,200}?charset\s*=\s*["']?)
    ([A-Za-z][A-Za-z0-9_.:-]{1,30})""",
    re.IGNORECASE | re.VERBOSE,
)
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x1c\x1d\x1e\x85\u2028\u2029]")
# Enough for the detector, and it looks only at what is not ASCII.
_SAMPLE_BYTES = 64 * 1024


def decode(data: bytes, name: str) -> str:
    r"""The text in `data`, with every kind of line end as ``\n``.

    Args:
        data: a whole text file.
        name: the file's name, for the error.

    Raises:
        PermanentError: ``damaged`` where it is no text, or text in an encoding that cannot be told.
    """
    text = _decode(data, name)
    odd = sum(text.count(control) for control in map(chr, (*range(9), *range(14, 32), 0x7F, 0xFFFD)))
    if odd > 10 + len(text) // 1000:
        raise _unreadable(name)
    return _LINE_ENDS.sub("\n", text)


def _decode(data: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding, name)
    wide = _wide_encoding(data)
    if wide is not None:
        return _strict(data, wide, name)
    if b"\x1b$" in data:
        return _strict(data, "iso2022_jp", name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(data, name)


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise PermanentError(
            f"{name} begins like {encoding.upper().removesuffix('-SIG')} text but byte {error.start} does not fit: the "
            "file is damaged or cut short. Get a complete copy, or save it again as UTF-8, and run again.",
            error_type="damaged",
        ) from error


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: where the zero bytes stand."""
    sample = data[:4096]
    if len(sample) < 4 or b"\x00" not in sample:
        return None
    quarter = len(sample) // 4
    zeros = [sample[offset::4].count(0) for offset in range(4)]
    full = [count > 0.7 * quarter for count in zeros]
    by_pattern = {
        (False, True, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }
    return by_pattern.get((full[0], full[1], full[2], full[3]))


def _legacy(data: bytes, name: str) -> str:
    """An encoding with one or more bytes a character: what the file declares, else what the detector finds."""
    candidates = []
    declared = _DECLARED.search(data[:4096])
    if declared:
        candidates.append(declared.group(1).decode("ascii"))
    if b"\x00" not in data:
        candidates += [match.encoding for match in charset_normalizer.from_bytes(_sample(data))]
    for encoding in candidates:
        try:
            return data.decode(_superset(encoding))
        except (LookupError, UnicodeDecodeError):
            continue
    raise _unreadable(name)


def _sample(data: bytes) -> bytes:
    """The lines that are not ASCII: they decide, and a long book may have few."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    telling: list[bytes] = []
    size = 0
    for line in data.splitlines():
        if not line.isascii():
            telling.append(line[:2000])
            size += len(telling[-1])
            if size >= _SAMPLE_BYTES:
                break
    return b"\n".join(telling)


def _superset(encoding: str) -> str:
    """The encoding that is really meant: files that say Latin-1 hold Windows quotation marks."""
    try:
        canonical = codecs.lookup(encoding).name
    except LookupError:
        return encoding
    known = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}
    return known.get(canonical, canonical)


def _unreadable(name: str) -> PermanentError:
    return PermanentError(
        f"{name} holds no text in an encoding that can be told with certainty. Open it in an editor, save it as UTF-8, "
        "and run again.",
        error_type="damaged",
    )
