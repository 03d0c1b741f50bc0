"""Plain text: hard-wrapped lines become paragraphs again, and lines such as "CHAPTER IV." become chapters."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from phases.readers import (
    encoding,
    gutenberg,
    numbering,
    outline,
    plain_boxes,
    plain_contents,
    plain_notes,
    plain_pages,
    plain_underlined,
    plain_verse,
    text,
    title_page,
)
from phases.readers.document import Block, ChapterStart, Document, Metadata, Omission, Paragraph
from phases.readers.limits import Limits
from phases.readers.omission import CONTENTS, FOOTNOTE, LINE_NUMBER
from phases.readers.plain_chapters import Chapters

# Lines longer than this are whole paragraphs: nobody wraps by hand at so many characters.
_UNWRAPPED = 140
_WIDTH_SAMPLE = 5000
_USUAL_WIDTH = 72
_NARROWEST = 30
_PAGE_BREAK = re.compile("\n?\f")
_HYPHENATED = re.compile(r"[^\W\d_]-[^\W\d_]")
_WIDE_SPACE = "\u3000"
# The first line of a file stands as free as any heading.
_GAP_ABOVE_ALL = 10
# A single line above a rule is a title page or an ornament.
_UNDERLINED = 2
# With fewer blank lines than one in so many, paragraphs are told apart by their indent.
_LINES_A_BLANK = 25


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of text that stand together, without blank lines.

    Attributes:
        lines: with their indent, without trailing white space.
        number: of the first line in the file, from 1.
        gap: how many blank lines stand before it.
        level: of an underlined heading, 1 for the highest; 0 for everything else.
    """

    lines: tuple[str, ...]
    number: int
    gap: int = 0
    level: int = 0

    @property
    def source(self) -> str:
        """Where it stands, for a person."""
        return f"line {self.number}"


def read(path: Path, limits: Limits) -> Document:
    """Open a ``.txt`` file.

    Raises:
        PermanentError: ``damaged`` where it is no text, or in an encoding that cannot be told.
    """
    limits.check_text(path.name, path.stat().st_size)
    content = encoding.decode(path.read_bytes(), path.name)
    limits.check_pieces(path.name, "lines", content.count("\n"))
    return Document(_metadata(content), partial(_blocks, content, partial(limits.check_paragraphs, path.name)))


def _metadata(content: str) -> Metadata:
    stated = gutenberg.facts(content)
    return stated if stated != Metadata() else title_page.facts(content)


def _blocks(content: str, check_paragraphs: Callable[[int], None]) -> Iterator[Block]:
    lines = (_PAGE_BREAK.sub("\n\n\f", content) if "\f" in content else content).split("\n")
    lines = plain_boxes.without_boxes(lines)
    furniture = plain_pages.furniture(lines)
    groups = _groups(lines, furniture.keys())
    check_paragraphs(len(groups) + len(furniture))
    rows = deque(plain_pages.rows(lines, furniture))
    del lines  # the groups hold all of them
    for number, block in _read(groups):
        while rows and rows[0][0] < number:
            yield rows.popleft()[1]
        yield block
    yield from (row for _, row in rows)


def _read(groups: Sequence[Lines]) -> Iterator[tuple[int, Block]]:
    """The content of a text, each piece with the number of the line from which it is."""
    width = _width(groups)
    own = gutenberg.book_range(["\n".join(group.lines[:4]) for group in groups])
    lines, gaps = [group.lines for group in groups], [group.gap for group in groups]
    chapters = Chapters(lines, gaps, own)
    left_out = {
        **dict.fromkeys(plain_notes.continued(lines, gaps, own) - chapters.starts.keys(), FOOTNOTE),
        **dict.fromkeys(chapters.contents | plain_contents.lists(lines, gaps, own) - chapters.starts.keys(), CONTENTS),
    }
    underlined = sum(group.level > 0 for group in groups)
    if underlined >= max(_UNDERLINED, len(chapters.starts)):
        yield from ((0, block) for block in outline.by_headings(list(_underlined(groups, left_out, width))))
        return
    counted = plain_verse.line_numbers(lines, [p for p in own if p not in left_out and p not in chapters.starts])
    for position, group in enumerate(groups):
        start = chapters.starts.get(position)
        if start is not None:
            yield group.number, ChapterStart(start.title, start.level)
        used = chapters.heading_lines.get(position, 0)
        if used:
            # A title below a bare number is said after a pause, as one that stands apart from it.
            first = 1 if numbering.is_bare(group.lines[0]) else used
            for piece in (group.lines[:first], group.lines[first:used]):
                joined = text.one_line(" ".join(filter(text.has_word, piece)))
                joined = text.without_emphasis(numbering.undecorated(joined) or joined)
                if joined:
                    yield group.number, Paragraph("heading", joined, group.source)
        if used < len(group.lines):
            numbers = counted.get(position, {})
            shown = tuple(numbers[n][0] if n in numbers else line for n, line in enumerate(group.lines))
            rest = Lines(shown[used:], group.number + used)
            for paragraph in _paragraphs(rest, width):
                yield group.number, replace(paragraph, omit=left_out.get(position))
            for n, (_, number) in numbers.items():
                yield group.number, Paragraph("prose", number, f"line {group.number + n}", omit=LINE_NUMBER)


def _underlined(groups: Sequence[Lines], left_out: Mapping[int, Omission], width: int) -> Iterator[Paragraph]:
    """The paragraphs of a text whose headings are underlined."""
    for position, group in enumerate(groups):
        if group.level:
            content = text.without_emphasis(text.one_line(group.lines[0]))
            yield Paragraph("heading", content, group.source, level=group.level)
        else:
            yield from (replace(p, omit=left_out.get(position)) for p in _paragraphs(group, width))


def _groups(written: Sequence[str], furniture: Collection[int]) -> list[Lines]:
    lines = ["" if n in furniture else text.closed_up(_bare(line)) for n, line in enumerate(written)]
    lines = plain_pages.rejoined(lines, [n for n, line in enumerate(written) if line.startswith("\f")])
    levels = plain_underlined.headings(lines)
    if levels:
        lines = plain_underlined.without_rules(lines, list(levels))
    blank = sum(not line for line in lines)
    filled = len(lines) - blank
    groups: list[Lines] = []
    if filled > _LINES_A_BLANK and blank * _LINES_A_BLANK < filled:
        return _groups_without_blanks(lines)
    start = 0
    gap = _GAP_ABOVE_ALL
    for number, line in enumerate([*lines, ""]):
        if line:
            continue
        if number == start:
            gap += 1
        elif any(_is_unwrapped(line) for line in lines[start:number]):  # every line is a paragraph
            groups += [Lines((line,), start + offset + 1) for offset, line in enumerate(lines[start:number])]
            gap = 1
        else:
            groups.append(Lines(tuple(lines[start:number]), start + 1, gap, levels.get(start, 0)))
            gap = 1
        start = number + 1
    return groups


def _bare(line: str) -> str:
    """A line without form feeds and trailing spaces, and with spaces for its tabs."""
    return line.replace("\f", "").rstrip().expandtabs(4)


def _groups_without_blanks(lines: Sequence[str]) -> list[Lines]:
    """Paragraphs by the indent of their first line, or a line each; headings stand alone."""
    indented = sum(line.startswith(" ") for line in lines)
    by_indent = 0 < indented < 0.9 * len(lines)
    groups: list[Lines] = []
    gathered: list[str] = []
    first = 0
    for number, line in enumerate(lines):
        alone = numbering.heading(line) is not None and not numbering.is_contents_entry(line)
        starts = not line or alone or (by_indent and line.startswith(" ")) or _is_unwrapped(line)
        if gathered and (starts or numbering.heading(gathered[-1]) is not None or _is_unwrapped(gathered[-1])):
            groups.append(Lines(tuple(gathered), first + 1))
            gathered = []
        if line:
            first = first if gathered else number
            gathered.append(line)
    if gathered:
        groups.append(Lines(tuple(gathered), first + 1))
    return groups


def _is_unwrapped(line: str) -> bool:
    return len(line) > _UNWRAPPED


def _width(groups: Sequence[Lines]) -> int:
    """How many characters the hard-wrapped lines of this text hold: nine in ten are no longer.

    Where hardly any line is as full as that, as in a book of poems, nothing was wrapped.
    """
    pairs = [pair for group in groups if len(group.lines) > 2 for pair in pairwise(group.lines)]
    sample = pairs[:: max(1, len(pairs) // _WIDTH_SAMPLE)]
    if not sample:
        return _USUAL_WIDTH
    width = sorted(len(line) for line, _ in sample)[int(0.9 * (len(sample) - 1))]
    full = sum(len(line) + 1 + _first_word(following) > width for line, following in sample)
    return width if width >= _NARROWEST and full > 0.6 * len(sample) else max(width, _USUAL_WIDTH)


def _first_word(line: str) -> int:
    """How long the first word of a line is."""
    return len(line.split(maxsplit=1)[0])


def _paragraphs(group: Lines, width: int) -> Iterator[Paragraph]:
    if _keeps_lines(group.lines, width):
        content = text.without_emphasis(text.lines("\n".join(group.lines)))
        if text.has_word(content):
            yield Paragraph("verse", content, group.source)
        else:
            yield from _prose(group.lines, group.source)
    else:
        start = 0
        for position in [*_indented_starts(group.lines), len(group.lines)]:
            if position > start:
                yield from _prose(group.lines[start:position], f"line {group.number + start}")
            start = position


def _prose(lines: Sequence[str], source: str) -> Iterator[Paragraph]:
    content = text.without_emphasis(text.one_line(_unwrapped_text(lines)))
    if content:
        yield Paragraph("scene_break" if text.is_scene_break(content) else "prose", content, source)


def _unwrapped_text(lines: Sequence[str]) -> str:
    """The lines as one: a dash or a hyphen at the end of a line belongs to the word after it."""
    joined: list[str] = []
    for line in lines:
        stripped = line.strip()
        if joined and not (joined[-1].endswith(("--", "—")) or _HYPHENATED.fullmatch(joined[-1][-2:] + stripped[:1])):
            joined.append(" ")
        joined.append(stripped)
    return "".join(joined)


def _keeps_lines(lines: Sequence[str], width: int) -> bool:
    """Whether lines end where their author ended them (verse, a title page) and not where the width ran out."""
    if len(lines) < 2:
        return False
    early = 0
    for line, following in pairwise(lines):
        early += len(line) + 1 + _first_word(following) <= width - 6
    return early >= 0.8 * (len(lines) - 1) and (len(lines) > 2 or len(lines[0]) < 0.7 * width)


def _indented_starts(lines: Sequence[str]) -> list[int]:
    """Where paragraphs start inside a group: lines that are indented, while most are not."""
    indents = [len(line) - len(line.lstrip()) for line in lines]
    base = min(indents)
    if any(line.startswith(_WIDE_SPACE) for line in lines):  # so Chinese and Japanese paragraphs begin
        return [position for position, line in enumerate(lines) if line.startswith(_WIDE_SPACE)]
    starts = [position for position, indent in enumerate(indents) if indent > base]
    return starts if len(starts) * 2 < len(lines) else []
