"""What the voice is given for a slice of text, and where each part of it comes from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from phases.spoken.changes import Change

MapRow = tuple[int, int, int, int]

# Runs that are spoken otherwise than they stand: white space as one space, control and invisible marks as nothing.
_CHANGED = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe\uffff]+"
)
_STOPPED = frozenset(".!?…:;")


@dataclass(slots=True)
class SpokenForm:
    """The spoken form of a slice.

    Attributes:
        rows: (spoken_from, spoken_to, source_from, source_to) in order: every character of the spoken text is in one
            row, and so is every character of the slice. What is not spoken has an empty spoken side, what is spoken
            and not written an empty source side.
        changes: those that have been made.
    """

    parts: list[str] = field(default_factory=list)
    rows: list[MapRow] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    _length: int = 0
    _last: str = " "

    @property
    def text(self) -> str:
        """What the voice is given."""
        return "".join(self.parts)

    def add(self, piece: str, source_from: int, source_to: int) -> None:
        """Say `piece` for a part of the source."""
        if piece or source_to > source_from:
            self.parts.append(piece)
            self.rows.append((self._length, self._length + len(piece), source_from, source_to))
            self._length += len(piece)
            self._last = piece[-1:] or self._last

    @property
    def ends_with_space(self) -> bool:
        """Whether another space would be one too many."""
        return self._last == " "


def spoken_form(content: str, start: int, end: int, changes: Sequence[Change] = ()) -> SpokenForm:
    """The spoken form of ``content[start:end]``.

    Args:
        content: a paragraph's text; source offsets count in it.
        start: where the slice begins.
        end: where it ends.
        changes: what is said otherwise, in order, without overlap, none of them across the bounds of the slice.
    """
    form = SpokenForm()
    position = start
    for change in changes:
        _add_plain(form, content, position, change.start, end)
        spoken = _joined(form, content, change, end)
        form.changes.append(change)
        form.add(spoken, change.start, change.end)
        position = change.end
    _add_plain(form, content, position, end, end)
    _strip_end(form)
    return form


def _add_plain(form: SpokenForm, content: str, start: int, stop: int, end: int) -> None:
    """Add what is said as it is written, with single spaces and without what cannot be heard."""
    position = start
    for match in _CHANGED.finditer(content, start, stop):
        if match.group() == " " and position < match.start() and match.end() < end:
            continue
        if match.start() > position:
            form.add(content[position : match.start()], position, match.start())
        space = any(_is_space(character) for character in match.group())
        wanted = space and match.end() < end and not form.ends_with_space
        form.add(" " if wanted else "", *match.span())
        position = match.end()
    if position < stop:
        form.add(content[position:stop], position, stop)


def _joined(form: SpokenForm, content: str, change: Change, end: int) -> str:
    """What is said for a change, with the full stop that also ends the sentence, and apart from its neighbours."""
    spoken = change.spoken
    ends = change.end == end and not change.goes_on and content[change.end - 1] == "."
    if ends and change.end > change.start and spoken and spoken[-1] not in _STOPPED:
        spoken += "."
    if form.ends_with_space:
        spoken = spoken.lstrip(" ")
    return spoken


def _strip_end(form: SpokenForm) -> None:
    """Take away the space before what is not spoken at the end."""
    for number in range(len(form.parts) - 1, -1, -1):
        part = form.parts[number]
        stripped = part.rstrip(" ")
        if stripped == part and part:
            return
        if stripped != part:
            _shorten(form, number, len(part) - len(stripped), stripped)
        if stripped:
            return


def _shorten(form: SpokenForm, number: int, by: int, stripped: str) -> None:
    form.parts[number] = stripped
    first, last, source_from, source_to = form.rows[number]
    form.rows[number] = (first, last - by, source_from, source_to)
    for later in range(number + 1, len(form.rows)):
        since, until, source_from, source_to = form.rows[later]
        form.rows[later] = (since - by, until - by, source_from, source_to)
    form._length -= by


def _is_space(character: str) -> bool:
    return character.isspace() and unicodedata.category(character) != "Cf"
