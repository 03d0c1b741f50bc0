"""The table of contents of a plain text: which lines it has, and where in the text these come again as headings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from phases.readers import numbering, text

_TITLE = re.compile(
    r"(?:table of )?contents|contents of .{1,40}|inhalt(?:sverzeichnis)?|table des mati[eè]res|sommaire|[ií]ndice|"
    r"inhoud|spis treści|obsah|содержание|оглавление",
    re.IGNORECASE,
)
_LEADER = re.compile(r"(?:\s*\.){2,}\s*\w{0,6}$|\s+\d{1,4}$|\s{3,}[ivxl]{1,6}$")
_LIST = re.compile(
    r"(?:list of )?(?:illustrations|plates|figures|maps|tables)|liste des (?:illustrations|planches)", re.I
)
_LIST_HEAD = re.compile(r"(?:facing )?page|chap(?:ter)?\.?\s+page|\[illustration[^\]]*\]|by .{1,60}", re.I)
_LIST_ENTRY = re.compile(r".*\S[\s.]+(?:\d{1,3}|[ivxl]{1,6}|_?frontispiece_?|cover)", re.I)
# A table of contents is looked for among so many pieces after its title.
_REACH = 400
_ENTRIES = 3
# Of a table inside the book, which lists what is in a chapter.
_ENTRIES_BELOW = 2
_HEADING_LINES = 3
_MAX_ENTRY = 120
# What stands below so many blank lines belongs to no list any more; a title of a picture has so many words at most.
_NEW_PIECE, _WORDS_OF_TITLE = 3, 12
# A piece with so many words that is no part of the table is text: the table is over.
_PROSE_WORDS = 40


@dataclass(frozen=True, slots=True)
class Contents:
    """What a table of contents says.

    Attributes:
        positions: of the pieces of text that are the table.
        headings: positions of the pieces that its entries name, in order.
    """

    positions: frozenset[int]
    headings: tuple[int, ...]


def is_contents_title(lines: Sequence[str]) -> bool:
    """Whether a piece of text is the title of a table of contents."""
    return len(lines) == 1 and _TITLE.fullmatch(numbering.undecorated(lines[0]).rstrip(".:")) is not None


def lists(groups: Sequence[Sequence[str]], gaps: Sequence[int], own: range) -> frozenset[int]:
    """The positions of lists of illustrations and the like: a title, and below it entries, with their pages or without.

    Args:
        groups: the text as pieces of lines that stand together.
        gaps: how many blank lines stand before each piece.
        own: the positions of the pieces that are the book itself.
    """
    found: set[int] = set()
    for start in own:
        if len(groups[start]) > 1 or not _LIST.fullmatch(numbering.undecorated(groups[start][0]).rstrip(".:")):
            continue
        entries = []
        below = [start]
        numbered = 0
        for position in range(start + 1, min(start + 1 + _REACH, own.stop)):
            lines = [line.strip() for line in groups[position]]
            if _LIST_ENTRY.fullmatch(lines[-1][-_MAX_ENTRY:]) and max(map(len, lines)) <= _MAX_ENTRY:
                entries.append(position)
                numbered += 1
            elif numbered == 0 and (gaps[position] < _NEW_PIECE or position == start + 1) and _is_title(lines):
                entries.append(position)
            elif not _LIST_HEAD.fullmatch(" ".join(lines)[:_MAX_ENTRY]):
                break
            below.append(position)
        if entries and sum(len(groups[position]) for position in entries) >= _ENTRIES:
            found.update(below[: below.index(entries[-1]) + 1])
    return frozenset(found)


def _is_title(lines: Sequence[str]) -> bool:
    """Whether a line, or each of several, may be the title of a picture, and no sentence, heading or speech."""
    return all(
        line[0].isalnum()
        and not line.endswith((".", "!", "?", ":", ";"))
        and not _LIST.fullmatch(line)
        and text.count_words(line) <= _WORDS_OF_TITLE
        and numbering.heading(line) is None
        for line in lines
    )


def find(groups: Sequence[Sequence[str]], own: range, titles: Mapping[int, str]) -> Contents | None:
    """The table of contents of a text, None where it has none whose entries come again as headings.

    Further tables, such as one at the beginning of each chapter, only add to its positions.

    Args:
        groups: the text as pieces of lines that stand together.
        own: the positions of the pieces that are the book itself.
        titles: of chapters that are already known, by their positions.
    """
    starts = [position for position in own if is_contents_title(groups[position])]
    if not starts:
        return None
    alone = _standing_alone(groups, range(starts[0] + 1, own.stop))
    known = {form for title in titles.values() for form in _forms(title)}
    table: list[int] = []
    listed: list[str] = []
    inside: set[int] = set()
    for start, end in pairwise([*starts, own.stop]):
        positions, entries = _table(groups, range(start, min(start + 1 + _REACH, end)), alone, known, titles.keys())
        if table and len(entries) >= _ENTRIES_BELOW:
            inside.update(positions)
        elif not table and len(entries) < _ENTRIES:
            return None
        elif not table:
            table, listed = positions, entries
    alone = {entry: [place for place in places if place not in inside] for entry, places in alone.items()}
    return Contents(frozenset(inside.union(table)), tuple(_in_order(listed, alone, table[-1])))


def _table(
    groups: Sequence[Sequence[str]],
    reach: range,
    alone: Mapping[str, Sequence[int]],
    known: Collection[str],
    titles: Collection[int],
) -> tuple[list[int], list[str]]:
    """The positions of a table of contents from its title on, and the keys of its entries."""
    positions: list[int] = [reach.start]
    between: list[int] = []
    entries: list[str] = []
    for position in reach[1:]:
        lines = [line for line in groups[position] if len(line) <= _MAX_ENTRY]
        named = list(_entries(lines, position, alone, known))
        keys = [entry for entry, _ in named]
        if position in titles or (entries and keys[:1] == entries[:1]):  # the first chapter itself
            break
        again = max(sum(count for _, count in named), _numbered(lines))
        # Below a bare number stands its title, which may be worded otherwise than above the chapter.
        titles_it = entries and not between and len(lines) == 1 and numbering.is_bare(groups[position - 1][-1])
        if titles_it or (again and again * 2 >= len(groups[position])):
            positions += [*between, position]
            between.clear()
            entries += keys
        elif sum(map(text.count_words, groups[position])) > _PROSE_WORDS:
            break
        else:
            between.append(position)
    return positions, entries


def _numbered(lines: Sequence[str]) -> int:
    """How many lines of a piece are headings with a number, where these are enough to be a list of chapters."""
    count = sum(numbering.is_numbered(line) or numbering.is_titled(line) for line in lines)
    return count if count >= _ENTRIES else 0


def _entries(
    lines: Sequence[str], position: int, alone: Mapping[str, Sequence[int]], known: Collection[str]
) -> Iterator[tuple[str, int]]:
    """The key of each entry, and how many lines it has if it comes again after `position`, else 0."""
    place = 0
    while place < len(lines):
        for count in range(1, min(_HEADING_LINES, len(lines) - place) + 1):  # it may go on in the next lines
            entry = text.one_line(" ".join(lines[place : place + count]))
            if entry.startswith("["):  # the place of a picture
                continue
            if alone.get(key(entry), [0])[-1] > position or (count == 1 and not _forms(entry).isdisjoint(known)):
                yield key(entry), count
                place += count
                break
        else:
            yield key(lines[place]), 0
            place += 1


def _forms(line: str) -> set[str]:
    """A heading as it may be written elsewhere: whole, its title alone, its number alone with the word before it."""
    shown = _LEADER.sub("", line.rstrip()[:200])
    found = numbering.heading(shown)
    forms = {key(shown)}
    if found is not None and found.title:
        forms.add(key(found.title))
        if found.rank in ("part", "chapter"):
            forms.add(key(found.text.removesuffix(found.title)))
    return forms - {""}


def _standing_alone(groups: Sequence[Sequence[str]], among: range) -> dict[str, list[int]]:
    """Where each short piece of text stands, by its key."""
    found: dict[str, list[int]] = {}
    for position in among:
        if len(groups[position]) <= _HEADING_LINES:
            joined = text.one_line(" ".join(groups[position]))
            if len(joined) <= _MAX_ENTRY:
                found.setdefault(key(joined), []).append(position)
    return found


def _in_order(entries: Sequence[str], alone: dict[str, list[int]], after: int) -> list[int]:
    """The place of each entry that comes again, in the order of the table."""
    found: list[int] = []
    for entry in entries:
        position = next((place for place in alone.get(entry, []) if place > after), None) if entry else None
        if position is not None:
            found.append(position)
            after = position
    return found if len(found) >= _ENTRIES and len(found) >= 0.6 * len(entries) else []


def key(line: str) -> str:
    """A heading as it can be compared: without page numbers, punctuation, case and marks of notes."""
    return re.sub(r"[\W_]+", " ", _LEADER.sub("", line.rstrip()[:200])).strip().casefold()
