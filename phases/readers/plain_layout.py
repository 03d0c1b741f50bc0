"""Headings of plain text that have no number: short lines with more space above them than paragraphs have."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from phases.readers import numbering, plain_contents, text

# Blank lines above a heading, the surest first; and what else it must look like.
_TIERS = ((3, True), (2, True), (3, False))
_PREFACE_GAP = 2
_MAX_LINES = 3
_MAX_CHARACTERS = 100
# With less text of its own a line is a half title, a part or an ornament; chapters have more in the middle.
_OWN_WORDS = 20
_USUAL_WORDS = 60
# Before the first chapter only what is followed by a real paragraph is a piece of its own, such as a preface.
_PARAGRAPH_WORDS = 40
_NO_HEADING = re.compile(
    r"by|by .{1,80}|written .*|translated .*|edited .*|illustrated .*|von .{1,60}|par .{1,60}|(?:the )?end[.!]?|"
    r"fin(?:is)?\.?|ende?\.?|fine\.?|(?:list of )?(?:illustrations|plates|figures|maps)\.?|\W?illustration.*|"
    r"(?:new york|london|boston|paris|berlin|leipzig|chicago|philadelphia)\W.{0,60}|copyright.*|.*\d{4}\.?",
    re.IGNORECASE,
)


def headings(groups: Sequence[Sequence[str]], gaps: Sequence[int], own: range) -> list[int]:
    """The positions of headings without numbers in a text that has no other chapters; [] where it has none.

    Args:
        groups: the text as groups of lines that stand together.
        gaps: how many blank lines stand before each group.
        own: the positions of the groups that are the book itself.
    """
    words = [sum(map(text.count_words, group)) for group in groups]
    for gap, upper in _TIERS:
        found = [p for p in own if gaps[p] >= gap and _is_heading(groups[p], upper=upper)]
        own_words = [sum(words[begin + 1 : end]) for begin, end in pairwise([*found, own.stop])]
        found = [place for place, count in zip(found, own_words, strict=True) if count >= _OWN_WORDS]
        kept = sorted(count for count in own_words if count >= _OWN_WORDS)
        if len(found) > 1 and kept[len(kept) // 2] >= _USUAL_WORDS:
            return found
    return []


def before_chapters(
    groups: Sequence[Sequence[str]], gaps: Sequence[int], front: range, known: Collection[int]
) -> Iterator[int]:
    """The positions of headings of prefaces and the like, which stand before the first chapter.

    Args:
        groups: the text as groups of lines that stand together.
        gaps: how many blank lines stand before each group.
        front: the positions of the groups before the first chapter.
        known: the positions of the table of contents, and where prefaces are known to start.
    """
    usable = [p for p in front if p not in known]
    # A heading that comes again is the title of the book, on its title page and above its first part.
    seen = Counter(plain_contents.key(" ".join(group)) for group in groups if len(group) <= _MAX_LINES)
    places = [p for p in usable if gaps[p] >= _PREFACE_GAP and _is_heading(groups[p], upper=True)]
    places = [p for p in places if seen[plain_contents.key(" ".join(groups[p]))] < 2]
    ends = sorted({*places, *known, front.stop})
    for begin in places:
        end = ends[bisect_right(ends, begin)]
        if any(sum(map(text.count_words, groups[p])) >= _PARAGRAPH_WORDS for p in range(begin + 1, end)):
            yield begin


def _is_heading(group: Sequence[str], *, upper: bool) -> bool:
    joined = numbering.undecorated(text.one_line(" ".join(group)))
    if len(group) > _MAX_LINES or len(joined) > _MAX_CHARACTERS or not re.search(r"[^\W\d_]{2}", joined):
        return False
    if joined[0] in "\"'“‘«[(" or joined.endswith((",", ";", ":")) or _NO_HEADING.fullmatch(joined):
        return False
    if plain_contents.is_contents_title(group):
        return False
    return joined.isupper() if upper else joined[0].isupper() and numbering.is_title(joined)
