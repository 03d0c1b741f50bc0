"""Marks inside the text that a listener would stumble over: notes and their marks, sources in brackets, web addresses.

Each is a small rule of its own; what it takes out of a sentence becomes a row of its own, so that nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from phases.readers import foreign, text, transcribers
from phases.readers.document import Omission, Paragraph
from phases.readers.omission import (
    CITATION,
    FOOTNOTE,
    ILLUSTRATION,
    NOTE_REFERENCE,
    PAGE_NUMBER,
    RUBY,
    TRANSCRIBER_NOTE,
    URL,
)

# A mark belongs to what stands before it; at the start of a paragraph it numbers the paragraph.
_NOTE_MARK = re.compile(
    r"(?<=[^\s\[({])[  ]?\[(?P<mark>\d{1,3}|[*†‡§]{1,3})\](?!\()"
    # Letters are marks right after a word or the end of a sentence; "k[A]" is a formula.
    r"|(?:(?<=[^\W\d_]{2})|(?<=[.,;:!?\"'”’»)]))\[(?P<letter>[A-Z]{1,2})\](?![\w(\[])"
    r"|(?:(?<=[^\W\d_]{3})|(?<=[.,;:!?\"'”’»)]))[  ]?\{(?P<braced>\d{1,3})\}(?!\w)"
    r"|(?<=[.,;:!?\"'”’»)])(?P<raised>[⁰¹²³⁴-⁹]{1,3})(?!\w)"
    r"|(?<=[^\W\d_]{4})(?P<after_word>[⁰¹²³⁴-⁹]{1,3})(?!\w)"
)
_NOTE = re.compile(r"(?:\[(?P<mark>\d{1,3}|[*†‡§]{1,3}|[A-Z]{1,2})\]|\{(?P<braced>\d{1,3})\})\s+\S")
_BRACKETED_NOTE = re.compile(r"\[(?:foot|end)note(?:\s+[\w*]{1,5})?\s*:", re.IGNORECASE)
_ILLUSTRATION = re.compile(r"\[illustrations?(?:\s*:[^\[\]]{0,1000})?\]", re.IGNORECASE)
# What may stand in brackets over several paragraphs.
_OPENINGS = (
    (_BRACKETED_NOTE, FOOTNOTE),
    (re.compile(r"\[illustrations?\s*(?::|$)", re.IGNORECASE), ILLUSTRATION),
    (re.compile(rf"\[\s*{transcribers.NAME}\s*:", re.IGNORECASE), TRANSCRIBER_NOTE),
)
# Of the Japanese library Aozora Bunko: how a word is read, and how it is set.
_AOZORA_RUBY = re.compile(
    "(?<=[\u3005\u3006\u3400-\u9fff\uf900-\ufaff])《[\u3040-\u30ff]{1,40}》|｜(?=[^《》\n]{1,40}《)"
)
_AOZORA_NOTE = re.compile("［＃[^［］]{1,200}］")
_ADDRESS = re.compile(
    r"(?P<scheme>\b(?:https?|ftp)://(?:www\.)?|\bwww\.)(?P<site>[\w.-]{1,200}\w)(?P<path>[/?#][^\s<>\"”»]{0,2000})?"
)
_PAGE = r"\[(?:pg|page|p)\.? ?(?:\d{1,4}|[ivxlc]{1,7})\]"
_PAGE_MARK = re.compile(rf"(?<=\s){_PAGE}\s?|{_PAGE}", re.IGNORECASE)
_PATH_END = re.compile(r"[.,;:!?)\]'’]+$")

_NAME = r"[^\W\d_a-z][^\W\d_]+(?:-[^\W\d_]+)?"
_NAMES = rf"{_NAME}(?:(?:, {_NAME})*,? (?:&|and|und|et) {_NAME}| et al\.?)?"
_YEAR = r"(?:1[5-9]|20)\d\d[a-z]?(?:, (?:pp?|S)\. ?\d{1,4}(?:[-–]\d{1,4})?)?"
_CITATION = re.compile(rf" ?\((?:(?:see|cf\.|e\.g\.,?) )?{_NAMES},? {_YEAR}(?:; {_NAMES},? {_YEAR})*\)")
_SURE_CITATION = re.compile(r"et al|&|;|\bpp?\. ")
_NO_AUTHOR = text.names(
    "january february march april may june july august september october november december spring summer autumn fall "
    "winter london paris berlin rome vienna boston chicago philadelphia york oxford cambridge leipzig madrid"
)
# So many sources in a chapter are its habit, and no place or month with its year; two where one is surely a source.
_SURE_ENOUGH, _ENOUGH = 2, 4
_CLOSED_WITHIN = 12
_LAST = 3
_CUT_KINDS = frozenset({"prose", "list_item", "quote", "verse", "heading", "line", "table"})


class Marks:
    """Takes marks out of paragraphs, chapter after chapter.

    Args:
        off: names of rules that are switched off.
    """

    def __init__(self, off: Collection[str]) -> None:
        self._off = off
        self._referred: set[str] = set()

    def taken(self, paragraphs: Sequence[Paragraph]) -> Iterator[Paragraph]:
        """The paragraphs of a chapter with their marks in rows of their own, each after its paragraph."""
        cites = self._cites(paragraphs)
        bracketed = _bracketed(paragraphs) | transcribers.notes(paragraphs)
        for position, paragraph in enumerate(paragraphs):
            if paragraph.omit is not None:
                yield paragraph
                continue
            whole = bracketed.get(position) or self._whole(paragraph)
            if whole is not None and whole.rule not in self._off:
                yield replace(paragraph, omit=whole, level=0)
            elif paragraph.kind in _CUT_KINDS:
                yield from self._cut(paragraph, cites=cites)
            else:
                yield paragraph

    def _whole(self, paragraph: Paragraph) -> Omission | None:
        """The rule that leaves out the whole paragraph."""
        content = paragraph.text
        if content.startswith(("[", "{")):
            if _ILLUSTRATION.fullmatch(content):
                return ILLUSTRATION
            note = _NOTE.match(content)
            if note and (note["mark"] or note["braced"]) in self._referred:
                return FOOTNOTE
        return None

    def _cites(self, paragraphs: Sequence[Paragraph]) -> bool:
        found = [m.group() for p in paragraphs if p.omit is None and "(" in p.text for m in _citations(p.text)]
        sure = any(_SURE_CITATION.search(each) for each in found)
        return len(found) >= (_SURE_ENOUGH if sure else _ENOUGH)

    def _cut(self, paragraph: Paragraph, *, cites: bool) -> Iterator[Paragraph]:
        pieces: list[tuple[int, int, Omission]] = []
        content = paragraph.text
        if "[" in content or "{" in content or not content.isascii():
            for match in _NOTE_MARK.finditer(content):
                self._referred.add(match["mark"] or match["letter"] or match["braced"] or match.group())
                pieces.append((*match.span(), NOTE_REFERENCE))
            pieces += [(*match.span(), ILLUSTRATION) for match in _ILLUSTRATION.finditer(content)]
            pieces += [(*match.span(), PAGE_NUMBER) for match in _PAGE_MARK.finditer(content)]
        if "《" in content or "［＃" in content:
            pieces += [(*match.span(), RUBY) for match in _AOZORA_RUBY.finditer(content)]
            pieces += [(*match.span(), TRANSCRIBER_NOTE) for match in _AOZORA_NOTE.finditer(content)]
        if "//" in content or "www." in content:
            pieces += [(*span, URL) for match in _ADDRESS.finditer(content) for span in _around_site(match)]
        if cites and "(" in content:
            pieces += [(*match.span(), CITATION) for match in _citations(content)]
        pieces = [piece for piece in pieces if piece[2].rule not in self._off]
        if not pieces:
            yield paragraph
            return
        pieces.sort(key=lambda piece: piece[0])
        kept, taken = _without(content, pieces)
        if kept:
            spans = ((start, end) for start, end, _ in pieces)
            yield replace(paragraph, text=kept, passages=foreign.cut(content, paragraph.passages, spans, kept))
        for omission, piece in taken:
            yield Paragraph("prose", piece, paragraph.source, omit=omission)


def _bracketed(paragraphs: Sequence[Paragraph]) -> dict[int, Omission]:
    """The positions of what stands in brackets over paragraphs of its own: a note, a picture with its caption."""
    shown = [position for position, paragraph in enumerate(paragraphs) if paragraph.omit is None]
    found: dict[int, Omission] = {}
    for place, position in enumerate(shown):
        said = paragraphs[position].text
        if not said.startswith("[") or position in found:
            continue
        omission = next((omission for opening, omission in _OPENINGS if opening.match(said)), None)
        if omission is not None:
            found.update(dict.fromkeys(_bracket(paragraphs, shown[place : place + _CLOSED_WITHIN], omission), omission))
    return found


def _bracket(paragraphs: Sequence[Paragraph], places: Sequence[int], omission: Omission) -> Sequence[int]:
    """Those of `places` that are inside the bracket that the first one opens."""
    depth = 0
    for count, place in enumerate(places, 1):
        said = paragraphs[place].text
        depth += said.count("[") - said.count("]")
        if depth <= 0:  # text after a picture's bracket is text, and a caption in one piece has its own rule
            return places[:count] if omission is FOOTNOTE or said.endswith("]") else ()
    if omission is FOOTNOTE:
        return places[:1]
    # The title of a chapter that was drawn into a picture stands outside of the chapter before it.
    return places if omission is ILLUSTRATION and len(places) <= _LAST else ()


def _citations(content: str) -> Iterator[re.Match[str]]:
    for match in _CITATION.finditer(content):
        author = re.search(_NAME, match.group())
        if author and author.group().casefold() not in _NO_AUTHOR:
            yield match


def _around_site(match: re.Match[str]) -> Iterator[tuple[int, int]]:
    """The spans of a web address before and after the name of its site; marks that end the sentence stay."""
    yield match.span("scheme")
    if match["path"]:
        ending = _PATH_END.search(match["path"])
        yield match.start("path"), match.end("path") - (len(ending.group()) if ending else 0)


def _without(content: str, pieces: Sequence[tuple[int, int, Omission]]) -> tuple[str, list[tuple[Omission, str]]]:
    """The text without the pieces, and the pieces; those of one web address are one."""
    kept: list[str] = []
    taken: list[tuple[Omission, str]] = []
    position = 0
    for start, end, omission in pieces:
        if start < position or end <= start:
            continue
        kept.append(content[position:start])
        taken.append((omission, text.one_line(content[start:end])))
        position = end
    kept.append(content[position:])
    joined = "".join(kept)
    shown = text.lines(joined) if "\n" in content else text.one_line(joined)
    return shown, [(omission, piece) for omission, piece in taken if piece]
