"""What eSpeak NG takes for text, and which words of a text its events tell of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

# What cannot be spoken: control characters (U+0001 begins a command in the text), lone surrogates, private use (the
# categories Cc, Cs and Co, which do not change), and unassigned characters that eSpeak takes for marks of its own
# (translate.h: CHAR_EMPHASIS, CHAR_COMMA_BREAK).
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd\u0530\u0557]")

# Scripts that put no space between words: an event inside a run of them begins a word of its own.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_RUN = re.compile(r"\S+")


def speakable(text: str) -> str:
    """The text with a space in place of each character that eSpeak would not take for text; of the same length."""
    return _UNSPEAKABLE.sub(" ", text)


def word_times(text: str, starts: Iterable[tuple[int, int]], rate: int) -> tuple[tuple[int, int, float], ...]:
    """Join eSpeak's word events with the words of the text.

    An event's position is exact but its length is not, and one written word may raise several events (a number) or
    none. So the words are taken from the text, and each gets the time of the first event inside it.

    Args:
        text: the spoken text.
        starts: rows ``(offset in characters, sample)``.
        rate: samples a second.

    Returns:
        Rows ``(from, to, time_s)`` in rising order of both offset and time.
    """
    samples: dict[int, int] = {}
    for offset, sample in starts:
        samples[offset] = min(sample, samples.get(offset, sample))
    rows: list[tuple[int, int, float]] = []
    latest = 0
    for start, end in _words(text, samples):
        heard = [samples[offset] for offset in range(start, end) if offset in samples]
        if not heard or heard[0] < latest:
            continue
        latest = heard[0]
        begin, stop = _trimmed(text, start, end)
        rows.append((begin, stop, round(latest / rate, 4)))
    return tuple(rows)


def _words(text: str, events: dict[int, int]) -> Iterable[tuple[int, int]]:
    for run in _RUN.finditer(text):
        start = run.start()
        for offset in range(start + 1, run.end()):
            if offset in events and _UNSPACED.match(text, offset):
                yield start, offset
                start = offset
        yield start, run.end()


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    # Without the punctuation around the word, where it has a letter or digit at all.
    letters = [offset for offset in range(start, end) if text[offset].isalnum()]
    return (letters[0], letters[-1] + 1) if letters else (start, end)


@dataclass(frozen=True, slots=True)
class Transcribed:
    """A text in which some parts are phonemes.

    Attributes:
        text: as eSpeak takes it with ``espeakPHONEMES``.
        shifts: rows (offset in `text`, offset in the original), rising; in between both count on alike.
        length: of the original.
    """

    text: str
    shifts: tuple[tuple[int, int], ...]
    length: int

    def offset(self, told: int) -> int:
        """Where the original has what is at an offset of `text`."""
        number = bisect_right(self.shifts, (told, self.length)) - 1
        since, original = self.shifts[number]
        limit = self.shifts[number + 1][1] if number + 1 < len(self.shifts) else self.length
        return min(original + told - since, max(original, limit - 1))


def transcribed(text: str, rows: Iterable[tuple[int, int, str]]) -> Transcribed:
    """Put phonemes in the place of parts of a text; brackets of the text itself stay without a meaning.

    Args:
        text: speakable.
        rows: (from, to, mnemonics), in order.
    """
    bare = text.replace("[", "(").replace("]", ")")
    parts: list[str] = []
    shifts = [(0, 0)]
    position = length = 0
    for since, until, mnemonics in rows:
        parts += [bare[position:since], f"[[{mnemonics}]]"]
        length += since - position
        shifts.append((length, since))
        length += len(parts[-1])
        shifts.append((length, until))
        position = until
    return Transcribed("".join([*parts, bare[position:]]), tuple(shifts), len(text))
