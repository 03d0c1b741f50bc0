"""Notes of those who made a text of a book: what they have corrected, and how they show what cannot be shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from phases.readers import text
from phases.readers.document import Omission, Paragraph
from phases.readers.omission import TRANSCRIBER_NOTE

NAME = r"(?:original |extra |the )?transcribers?['’]?s?['’]?\s+(?:end)?notes?"
_TITLE = re.compile(rf"[\W_]*{NAME}[\W_]*", re.IGNORECASE)
_OPENS = re.compile(rf"[\[(\W_]{{0,4}}{NAME}\s*(?:[:.—]|--)", re.IGNORECASE)
# What such notes are about.
_EDITING = re.compile(
    r"\b(?:spelling|hyphen\w*|punctuation|typograph\w+|typos?|misprint\w*|printers?['’]?s?['’]? errors?|transcri\w+|"
    r"correct(?:ed|ions?)|inconsisten\w+|footnotes?|illustrations?|sidenotes?|errata|e-?text|e-?book|"
    r"original (?:text|edition|book|page|publication|spelling|document|volume|print\w*)|italics?|public domain|"
    r"cover (?:image|was|created)|diacritic\w*|ligatures?|accents?|small capitals?)\b|"
    r"\b(?:changed|replaced|amended|modified|altered|standardi[sz]ed|regulari[sz]ed|retained|preserved|repaired|"
    r"silently|moved|rejoined)\b|\b(?:page|pg\.?|p\.|line|paragraph|chapter) ?\d{1,4}\b",
    re.IGNORECASE,
)
# At the end of a book a list of corrections may hold other words; it stands below so much text.
_WORDS_BEFORE, _OTHERS_BETWEEN, _OTHER_WORDS = 300, 2, 60


def notes(paragraphs: Sequence[Paragraph]) -> dict[int, Omission]:
    """The positions of notes of transcribers among the paragraphs of a chapter.

    A paragraph that opens with the name is one; below the name alone, what speaks of such work is.
    """
    found: dict[int, Omission] = {}
    words = 0
    title: int | None = None
    for position, paragraph in enumerate(paragraphs):
        if paragraph.omit is not None or not text.has_word(paragraph.text):
            continue
        if title is None:
            words += text.count_words(paragraph.text)
            if is_title(paragraph.text):
                title, last, others = position, position, 0
                between = _OTHERS_BETWEEN if words >= _WORDS_BEFORE else 0
            elif _OPENS.match(paragraph.text):
                found[position] = TRANSCRIBER_NOTE
        elif _EDITING.search(paragraph.text):
            last, others = position, 0
            found.update(dict.fromkeys(range(title, last + 1), TRANSCRIBER_NOTE))
        elif others < between and text.count_words(paragraph.text) <= _OTHER_WORDS and not paragraph.level:
            others += 1
        else:
            title = None
    return found


def is_title(line: str) -> bool:
    """Whether a line is what such notes are called, and nothing else."""
    return _TITLE.fullmatch(line) is not None


def is_about_editing(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether the first paragraph, or one right below it, speaks of the making of a text."""
    return any(_EDITING.search(paragraph.text) for paragraph in paragraphs[:3])
