"""Lists of links inside a file: a table of contents below a title, which no chapter and no type says to be one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from phases.readers import page_kinds, text
from phases.readers.document import Paragraph
from phases.readers.omission import CONTENTS

_LONGEST_ENTRY = 160
# So many entries are a list where nothing but short lines stands before them, or a title says so; else so many more.
_ENTRIES, _SURE_ENTRIES = 3, 10
_SHORT_LINES = 40
# Links that only lead about in a book: a paragraph of these says nothing else.
_WAY = (
    r"(?:(?:back|return|go(?: back)?|jump) to (?:the )?)?(?:top|(?:table of )?contents|toc|index|start|beginning|"
    r"first page|main page|home)|(?:previous|prev|next|last|first)(?: chapter| page| part)?|"
    r"zurück(?: zum (?:anfang|inhalt(?:sverzeichnis)?))?|(?:zum )?inhalt(?:sverzeichnis)?|nach oben|weiter|"
    r"retour (?:au sommaire|en haut|à la table des matières)|volver al (?:índice|principio)|inhoud"
)
_LEADS = re.compile(rf"\W*(?:{_WAY})(?:\W+(?:{_WAY})){{0,4}}\W*", re.IGNORECASE)


@dataclass(slots=True)
class Links:
    """The links in the paragraphs of one file, told to it while the file is read."""

    _targets: list[str] = field(default_factory=list)
    _begins: bool = False
    _ended: int = 0
    _entry: frozenset[str] = frozenset()
    _linked: bool = False
    _leading: set[int] = field(default_factory=set)
    _entries: dict[int, frozenset[str]] = field(default_factory=dict)

    def open(self, href: str, *, begins: bool) -> None:
        """A link begins; `begins` says whether it is the first of its paragraph."""
        if "#" in href[1:] or (href and "://" not in href and not href.startswith(("#", "mailto:"))) or href[:1] == "#":
            self._targets.append(href)
            self._begins = self._begins or begins
        self._linked = True

    def close(self, place: int) -> None:
        """A link ends before this piece of its paragraph."""
        self._ended = place

    def end_paragraph(self, parts: Sequence[str]) -> None:
        """A paragraph ends that was made of these pieces."""
        self._entry = frozenset()
        if self._targets:
            ends = not text.has_word("".join(parts[self._ended :]))
            if self._begins or ends:
                self._entry = frozenset(self._targets)
            self._targets.clear()
        self._begins, self._ended = False, 0

    def keep(self, paragraph: Paragraph) -> None:
        """What the last paragraph has become."""
        short = len(paragraph.text) <= _LONGEST_ENTRY or len(self._entry) >= _ENTRIES
        if self._entry and short and not paragraph.level:
            self._entries[id(paragraph)] = self._entry
        if self._linked and len(paragraph.text) <= _LONGEST_ENTRY and _LEADS.fullmatch(paragraph.text):
            self._leading.add(id(paragraph))
        self._linked = False

    def marked(self, paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
        """The paragraphs of the file, with lists of links left out."""
        found = [replace(p, omit=p.omit or CONTENTS, level=0) if id(p) in self._leading else p for p in paragraphs]
        if len(self._entries) == 0:
            return found
        shown = [place for place, p in enumerate(paragraphs) if p.omit is None and text.has_word(p.text)]
        entries = [self._entries.get(id(paragraphs[place]), frozenset()) for place in shown]
        begin = 0
        while begin < len(shown):
            end = _end_of_run(entries, begin)
            if entries[begin] and self._is_list(entries[begin:end], [paragraphs[place] for place in shown[:begin]]):
                first = (
                    begin - 1 if begin and page_kinds.is_contents_title(paragraphs[shown[begin - 1]].text) else begin
                )
                for place in shown[first:end]:
                    found[place] = replace(paragraphs[place], omit=CONTENTS, level=0)
            begin = max(end, begin + 1)
        return found

    def _is_list(self, entries: Sequence[frozenset[str]], before: Sequence[Paragraph]) -> bool:
        targets = frozenset[str]().union(*entries)
        titled = any(page_kinds.is_contents_title(p.text) for p in before[-2:])
        front = all(text.count_words(p.text) <= _SHORT_LINES for p in before)
        return len(targets) >= (_ENTRIES if titled or front else _SURE_ENTRIES)


def _end_of_run(entries: Sequence[frozenset[str]], begin: int) -> int:
    """Where a run of entries ends that begins here; one line without a link, such as "Part One", may stand in it."""
    end = begin
    while end < len(entries) and (entries[end] or (end + 1 < len(entries) and entries[end + 1] and end > begin)):
        end += 1
    return end
