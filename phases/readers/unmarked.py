"""Chapters that nothing but their words and numbers mark: "Chapter 1", or 1, 2, 3 in paragraphs of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from phases.readers import numbering, text
from phases.readers.document import Paragraph
from phases.readers.numbering import Heading

# So many chapters must be numbered, each in a paragraph of its own; by numbers alone, or beside headings, some more.
_SEVERAL, _SURE = 2, 3
# A book with so many headings says itself where its chapters begin.
_FEW_HEADINGS = 2
_LONGEST, _LONGEST_TITLE = 140, 80
# Numbers closer together number the items of a list, and those that cut sentences number pages.
_FEWEST_WORDS, _UNCUT = 100, 0.7
_TITLED = 0.8
_KINDS = frozenset({"prose", "line", "list_item"})


def with_headings(paragraphs: Sequence[Paragraph]) -> Sequence[Paragraph] | None:
    """The paragraphs with such chapters as headings; None where there are none, or the book has headings of its own."""
    marked = [p for p in paragraphs if p.level and p.omit is None]
    if _later(paragraphs) > _FEW_HEADINGS or any(numbering.is_numbered(p.text) for p in marked):
        return None
    paragraphs = [_in_one_line(paragraph) for paragraph in paragraphs]
    spoken = [p for p in paragraphs if p.omit is None and text.has_word(p.text)]
    forms = [_form(paragraph) for paragraph in spoken]
    fewest = _SURE if marked else _SEVERAL
    found = _worded(spoken, forms)
    if sum(form.rank == "chapter" for form in found.values()) < fewest:
        found = _counted(spoken)
    if not found:
        return None
    found |= _titles(spoken, found)
    below_parts = any(form.rank == "part" for form in found.values())
    own = min((p.level for p in marked), default=0)
    levels = {
        id(spoken[place]): own + (2 if below_parts and form.rank in ("chapter", "numeral") else 1)
        for place, form in found.items()
    }
    # Only the first heading above these is the title of the book; the others stand on its title page.
    begins = spoken[min(found)]
    front = {id(p) for p in takewhile(lambda p: p is not begins, paragraphs) if p.level and p is not marked[0]}
    return [
        replace(p, kind="heading", level=levels.get(id(p), 0)) if id(p) in levels or id(p) in front else p
        for p in paragraphs
    ]


def _later(paragraphs: Sequence[Paragraph]) -> int:
    """How many headings there are below a text that is longer than a title page."""
    count = words = 0
    for paragraph in paragraphs:
        if paragraph.omit is None:
            count += paragraph.level > 0 and words >= _FEWEST_WORDS
            words += 0 if paragraph.level else text.count_words(paragraph.text)
    return count


def _in_one_line(paragraph: Paragraph) -> Paragraph:
    """A number with its title in the line below as one line; every other paragraph as it is."""
    number, end, title = paragraph.text.partition("\n")
    if paragraph.kind != "verse" or not end or "\n" in title or len(paragraph.text) > _LONGEST:
        return paragraph
    if not (numbering.is_bare(number) and numbering.is_title(title)):
        return paragraph
    return replace(paragraph, kind="prose", text=numbering.joined(number, title))


def _form(paragraph: Paragraph) -> Heading | None:
    short = paragraph.kind in _KINDS and len(paragraph.text) < _LONGEST
    return numbering.heading(paragraph.text) if short else None


def _worded(spoken: Sequence[Paragraph], forms: Sequence[Heading | None]) -> dict[int, Heading]:
    """The places of "Chapter 1", "PART TWO" and the like that have a text, and their forms."""
    found: dict[int, Heading] = {}
    for place, (form, below) in enumerate(pairwise([*forms, None])):
        listed = form is not None and below is not None and below.rank == form.rank
        if form is None or form.rank == "numeral" or listed or numbering.is_contents_entry(spoken[place].text):
            continue
        found[place] = form
    return found


def _counted(spoken: Sequence[Paragraph]) -> dict[int, Heading]:
    """The places of numbers that stand alone and count up from one, where these are no numbers of pages or items."""
    run: list[int] = []
    for place, paragraph in enumerate(spoken):
        if paragraph.kind in _KINDS and numbering.number(paragraph.text) == len(run) + 1:
            run.append(place)
    if len(run) < _SURE:
        return {}
    words = sorted(sum(text.count_words(p.text) for p in spoken[a:b]) for a, b in pairwise([*run, len(spoken)]))
    whole = sum(place == 0 or spoken[place - 1].text.endswith(text.SENTENCE_ENDS) for place in run[1:])
    if words[len(words) // 2] < _FEWEST_WORDS or whole < _UNCUT * (len(run) - 1):
        return {}
    return {place: Heading("numeral", spoken[place].text, "", n) for n, place in enumerate(run, 1)}


def _titles(spoken: Sequence[Paragraph], found: dict[int, Heading]) -> dict[int, Heading]:
    """The places of titles right below bare numbers, where nearly all of these have one."""
    bare = {rank: [p for p, f in found.items() if f.rank == rank and not f.title] for rank in ("chapter", "numeral")}
    titles: dict[int, Heading] = {}
    for rank, places in bare.items():
        below = [place + 1 for place in places if place + 2 < len(spoken) and place + 1 not in found]
        titled = [place for place in below if _is_title(spoken[place])]
        if places and len(titled) >= _TITLED * len(places):
            titles |= {place: Heading(rank, spoken[place].text, spoken[place].text) for place in titled}
    return titles


def _is_title(paragraph: Paragraph) -> bool:
    return paragraph.kind in _KINDS and len(paragraph.text) <= _LONGEST_TITLE and numbering.is_title(paragraph.text)
