"""A paragraph's text cut into pieces that are spoken in one call: sentences, and parts of sentences that are too long.

Pieces cover the text but for white space between them, and each has something to speak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import sentencex

from phases.readers import text

Span = tuple[int, int]

_ITEM = re.compile(r"\W?(?:\d{1,3}|[ivxlc]{1,5}|[IVXLC]{1,5})[.)]")
_LINE_ENDS = tuple(".,;:!?…—–\"'”’»")
# No sentence that is spoken in one piece is longer (`text.max_chars` is at most 5000).
_WINDOW = 6000
# Where a long sentence can be cut, the best first: after a clause, after a comma, after a word.
_CUTS = tuple(re.compile(pattern) for pattern in (r"[;:—–…。！？；：][\"'”’»)\]]*\s*", r"[,，、،]\s*", r"\s+"))


def pieces(content: str, language: str, max_chars: int) -> list[Span]:
    """Cut a paragraph.

    Args:
        content: the paragraph's text; line ends are ends of sentences.
        language: a BCP 47 tag.
        max_chars: no piece is longer, unless it is a run without a letter or digit.

    Returns:
        Pieces (start, end) as offsets into `content`, in order; [] where there is nothing to speak.
    """
    parts: list[Span] = []
    for start, end in _sentences(content, language):
        parts += _trimmed(content, _fitting(content, start, end, max_chars))
    return _numbered(content, _attached(content, parts), max_chars)


def _sentences(content: str, language: str) -> Iterator[Span]:
    start = 0
    for line in _units(content):
        for sentence in _segmented(line, language.partition("-")[0].lower()):
            yield start, start + len(sentence)
            start += len(sentence)


def _segmented(line: str, language: str) -> Iterator[str]:
    """The sentences of a line, found in one window of it after another: the splitter's time grows with the square."""
    start = 0
    while start < len(line):
        window = line[start : start + _WINDOW]
        found = sentencex.segment(language, window)
        if sum(map(len, found)) != len(window):  # never lose text to a splitter that drops some
            found = [window]
        if start + len(window) < len(line):  # the last sentence may go on
            if len(found) > 1:
                found.pop()
            else:
                found = [window[: _last_space(window)]]
        for sentence in found:
            yield sentence
            start += len(sentence)


def _last_space(window: str) -> int:
    """Where the last word of a window begins that may go on after it; its end where it holds no space."""
    for position in range(len(window) - 1, 0, -1):
        if window[position].isspace():
            return position + 1
    return len(window)


def _units(content: str) -> list[str]:
    """What sentences end within: the whole, or each line where hardly any line ends like one of a poem does.

    A poem's sentences run on over its lines; the lines of a title page or a list have no punctuation at their ends.
    """
    lines = content.splitlines(keepends=True)
    if len(lines) < 2 or sum(line.rstrip().endswith(_LINE_ENDS) for line in lines) >= 0.3 * len(lines):
        return [content.replace("\n", " ")]
    return lines


def _fitting(content: str, start: int, end: int, max_chars: int) -> Iterator[Span]:
    while end - start > max_chars:
        cut = _cut(content, start, start + max_chars)
        yield start, cut
        start = cut
    yield start, end


def _cut(content: str, start: int, limit: int) -> int:
    """The best place to cut in the second half of what fits; a place between characters where there is none."""
    window = content[start:limit]
    for pattern in _CUTS:
        ends = [match.end() for match in pattern.finditer(window)]
        if ends and ends[-1] >= len(window) // 3:
            return start + ends[-1]
    return limit


def _trimmed(content: str, spans: Iterator[Span]) -> Iterator[Span]:
    for start, end in spans:
        piece = content[start:end]
        left = start + len(piece) - len(piece.lstrip())
        right = end - len(piece) + len(piece.rstrip())
        if right > left:
            yield left, right


def _numbered(content: str, parts: list[Span], max_chars: int) -> list[Span]:
    """The number of an item ("1.", "iv)") at the start of a paragraph belongs to the sentence that it numbers."""
    if len(parts) > 1 and _ITEM.fullmatch(content, *parts[0]) and parts[1][1] - parts[0][0] <= max_chars:
        return [(parts[0][0], parts[1][1]), *parts[2:]]
    return parts


def _attached(content: str, parts: list[Span]) -> list[Span]:
    """Pieces without a letter or digit (quotation marks, dashes) join the piece before, or the next one."""
    joined: list[Span] = []
    silent: int | None = None
    for start, end in parts:
        if not text.has_word(content[start:end]):
            if joined:
                joined[-1] = (joined[-1][0], end)
            elif silent is None:
                silent = start
            continue
        joined.append((start if silent is None else silent, end))
        silent = None
    return joined
