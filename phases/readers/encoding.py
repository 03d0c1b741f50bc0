"""Bytes to text: the right characters, or a refusal; never mojibake."""

from __future__ import annotations

import codecs
import re
import unicodedata
from itertools import islice

import charset_normalizer

from phases.contract import PermanentError
from phases.readers import alphabets

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
# Files with fewer bytes that are wrong than characters that are right are UTF-8 that something else was pasted into.
_MANY_WRONG = 5000
_ESCAPED = re.compile("[\udc80-\udcff]+")
# In this order, where the detector's guess reads like no language: Windows first, because that wrote most of the files.
_USUAL = (
    "cp1252",
    "cp1250",
    "iso8859-2",
    "cp1251",
    "koi8_r",
    "iso8859-5",
    "cp866",
    "cp1253",
    "cp1254",
    "cp1257",
    "mac_roman",
    "cp850",
    "cp852",
    "iso8859-3",
    "euc_jp",
    "cp932",
    "gb18030",
    "big5",
    "cp949",
)
_SURE, _BETTER, _LEAST = 0.97, 0.02, 0.6
_CONTROLS = re.compile("[\x80-\x9f]")
_UNDEFINED = frozenset([b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"])
_NO_TEXT = frozenset(["Cc", "Cn", "Co", "Cs"])
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
    if b"~{" in data and b"~}" in data and data.isascii():  # Chinese in seven bits
        found = _decoded(data, "hz")
        if found is not None and not found.isascii() and alphabets.fit(found) == 1:
            return found
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
    """UTF-16 or UTF-32 without a mark: where the zero bytes stand, else what gives spaces and line ends."""
    sample = data[:4096]
    if len(sample) < 4 or b"\x00" not in sample:
        return None
    quarter = len(sample) // 4
    full = tuple(sample[offset::4].count(0) > 0.7 * quarter for offset in range(4))
    by_pattern = {
        (False, True, True, True): "utf-32-le",
        (False, False, True, True): "utf-32-le",
        (True, True, True, False): "utf-32-be",
        (True, True, False, False): "utf-32-be",
        (False, True, False, True): "utf-16-le",
        (True, False, True, False): "utf-16-be",
    }
    return by_pattern.get((full[0], full[1], full[2], full[3])) or _utf_16(sample)


def _utf_16(sample: bytes) -> str | None:
    """Which UTF-16 a sample is whose letters are not Latin; None where it is neither."""
    best = None
    most = 0
    for encoding in ("utf-16-le", "utf-16-be"):
        found = sample[: len(sample) // 2 * 2].decode(encoding, "replace")[:-1]
        if not any(unicodedata.category(character) in _NO_TEXT for character in found if character not in "\t\r\n"):
            spaces = sum(map(found.count, " \n\u3000\u3002"))
            best, most = (encoding, spaces) if spaces > most else (best, most)
    return best


def _mended(data: bytes, name: str) -> str | None:
    """UTF-8 with a few bytes of Windows text in it; None for what is no UTF-8.

    Raises:
        PermanentError: ``damaged`` where pieces of characters are missing.
    """
    found = data.decode("utf-8", "surrogateescape")
    wrong = [match.group() for match in islice(_ESCAPED.finditer(found), _MANY_WRONG)]
    right = sum(1 for _ in re.finditer("[^\x00-\x7f\udc80-\udcff]", found))
    if len(wrong) == _MANY_WRONG or sum(map(len, wrong)) > right:
        return None
    place = data.index(wrong[0].encode("utf-8", "surrogateescape"))
    for piece in wrong:
        byte = piece.encode("utf-8", "surrogateescape")
        if len(byte) > 1 or byte in _UNDEFINED:
            raise PermanentError(
                f"{name} is UTF-8 text that is damaged: byte {place} or one after it fits no character. Get a complete "
                "copy, or save it again as UTF-8, and run again.",
                error_type="damaged",
            )
    return _ESCAPED.sub(lambda m: m.group().encode("utf-8", "surrogateescape").decode("cp1252"), found)


def _legacy(data: bytes, name: str) -> str:
    """An encoding with one or more bytes a character: what the file declares, else what reads like a language."""
    mended = _mended(data, name)
    if mended is not None:
        return mended
    declared = _DECLARED.search(data[:4096])
    if declared:
        found = _decoded(data, declared.group(1).decode("ascii"))
        if found is not None:
            return found
    if b"\x00" in data:
        raise _unreadable(name)
    sample = _sample(data)
    guesses = [match.encoding for match in charset_normalizer.from_bytes(sample)]
    guess = next((text for text in (_decoded(sample, encoding) for encoding in guesses) if text is not None), "")
    encoding = next((encoding for encoding in guesses if _decoded(sample, encoding) is not None), "")
    best = alphabets.fit(guess) if guess else 0.0
    for other in _USUAL if best < _SURE else ():
        read = _decoded(sample, other)
        fit = alphabets.fit(read) if read is not None and not _CONTROLS.search(read) else 0.0
        if fit > best + _BETTER:
            encoding, best = other, fit
    found = _decoded(data, encoding) if encoding and best >= _LEAST else None
    if found is None:
        raise _unreadable(name)
    return found


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(_superset(encoding))
    except (LookupError, UnicodeDecodeError):
        return None


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
