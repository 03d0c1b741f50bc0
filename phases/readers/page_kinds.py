"""Kinds of pages and chapters that are for looking things up: told by their title, only where their content agrees."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from phases.readers import notices, numbering, text, transcribers
from phases.readers.document import Omission, Paragraph
from phases.readers.omission import (
    ADVERTISEMENT,
    BIBLIOGRAPHY,
    COLOPHON,
    CONTENTS,
    COPYRIGHT,
    HALF_TITLE,
    INDEX,
    NOTES,
    TRANSCRIBER_NOTE,
)

# Of a page or chapter so many paragraphs must look like what its title says.
_MOST = 0.6
_MOST_ENTRIES = 0.8
# Of an index at least so many name a page, and a word above such entries is one to four.
_SOME = 0.3
_MOST_OF_ENTRY = 4
_LONGEST_ENTRY = 120
_LONGEST_OFFER = 800
_LONGEST_OFFERS, _FEWEST_OFFERED = 60, 2
_FEWEST_NUMBERS = 6
_FEW_WORDS = 500
_SHORT_PAGE_WORDS = 80
_MOST_RIGHTS_WORDS = 1500
_MOST_OFFER_WORDS = 150
_LONGEST_TITLE = 80
_LONGEST_PAGE = 12_000
_LAST_OF_PAGE = 10
# Of a paragraph so much is looked at: more than a page of print.
_LONGEST_LIST = 12_000
# Dots up to the number of a page.
_LEADERS = re.compile(r"(?:[.…·]\s?){3,200}+\s{0,9}(?:\d{1,4}|[ivxl]{1,6})\b")
_ENTRIES, _UNTITLED_ENTRIES, _BETWEEN, _LONGEST_BETWEEN = 3, 5, 3, 30
_SPEECH, _CLOSED = "\"“«„‘'", '"”»“’'
_PAGE_NUMBERS = re.compile(
    r"[,.:\s]\s*(?:\d{1,4}|[ivxl]{1,6})(?:[-–](?:\d{1,4}))?(?:,\s*\d{1,4}(?:[-–]\d{1,4})?)*[.;]?$"
)
_ENDS_WITH_PAGE = re.compile(r"\w\W{0,5}\s\d{1,4}$")
_CONNECT = re.compile(
    r"(?i:(?:you can )?(?:connect with|follow|find|contact|reach)) "
    r"(?:(?i:me|us|the author)|[A-ZÀ-Þ]\w+(?: [A-ZÀ-Þ]\S+){1,3})(?i: online| on| at)?\W*"
)
# A page that begins with a web address and says little more.
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_ADDRESS_WORDS = 12
_ONLINE = re.compile(
    r"https?://|www\.|\w@\w|\b(?:twitter|facebook|instagram|goodreads|newsletter|mailing list|web ?site|blog)\b",
    re.IGNORECASE,
)
_SEE = re.compile(r"\bsee (?:also )?\w|\bvgl\.|\bvoir\b", re.IGNORECASE)
_WORK = re.compile(
    r"\b(?:1[5-9]|20)\d\d[a-z]?\b|\bhttps?://|\bdoi\b|\bISBN\b|\bpp?\. ?\d|\bUniversity Press\b|\beds?\.|\bibid\b",
    re.IGNORECASE,
)
_NOTE = re.compile(r"(?:\[?\(?\d{1,4}[\].):]?|\{\d{1,3}\}|[*†‡§]{1,3})\s*\S")
_OFFERED = re.compile(
    r"[$£] ?\d|\b\d{1,3}s\. ?\d?|\b\d{1,2} ?c(?:ts|ents)\b|\b(?:8vo|12mo|16mo|4to|octavo|cloth|boards|net|postpaid|"
    r"illustrated|fr\.|mark)\b",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"©|\(c\)\s|\bcopyright\b|all rights reserved|\bISBN\b|no part of this|public domain|creative commons|"
    r"library of congress|british library|alle rechte|tous droits|derechos|first (?:published|edition|printing)|"
    r"печать|издательств",
    re.IGNORECASE,
)

# Whose something is, and since when; or that it is nobody's.
_CLAIM = re.compile(
    r"(?:©|\(c\)|\bcopyright\b)\s*(?:©|\(c\))?\s*(?:by\b.{0,60})?\b(?:1[5-9]|20)\d\d\b|\bpublic domain\b|"
    r"\ball rights reserved\b|alle rechte vorbehalten|tous droits|\bISBN\b.{0,8}\d",
    re.IGNORECASE,
)


def _is_index(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether most entries name pages; words alone may stand above the entries that belong to them."""
    named = _share(paragraphs, _names_pages)
    return named >= _MOST or (named >= _SOME and _share(paragraphs, lambda p: _names_pages(p) or _is_word(p)) > _MOST)


def _names_pages(paragraph: Paragraph) -> bool:
    said = paragraph.text
    return len(said) < 400 and (_PAGE_NUMBERS.search(said) is not None or _SEE.search(said) is not None)


def _is_word(paragraph: Paragraph) -> bool:
    return text.count_words(paragraph.text) <= _MOST_OF_ENTRY and not paragraph.text.endswith((".", "!", "?"))


def _is_bibliography(paragraphs: Sequence[Paragraph]) -> bool:
    return _share(paragraphs, lambda p: bool(_WORK.search(p.text)) and len(p.text) < 800) >= _MOST


def _is_notes(paragraphs: Sequence[Paragraph]) -> bool:
    return _share(paragraphs, lambda p: _NOTE.match(p.text) is not None or p.kind == "list_item") >= _MOST


def _is_copyright(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether rights are claimed or waived; a short page may only mention them."""
    said = " ".join(p.text for p in paragraphs)
    words = text.count_words(said)
    if words > _FEW_WORDS:
        return notices.is_page([p.text for p in paragraphs]) and words <= _MOST_RIGHTS_WORDS
    return _RIGHTS.search(said) is not None and (
        words <= _SHORT_PAGE_WORDS
        or _CLAIM.search(said) is not None
        or bool(notices.lines_of([p.text for p in paragraphs]))
    )


def _is_short(paragraphs: Sequence[Paragraph]) -> bool:
    return sum(text.count_words(p.text) for p in paragraphs) <= _FEW_WORDS


def _is_list(paragraphs: Sequence[Paragraph]) -> bool:
    return _share(paragraphs, _is_entry) >= _MOST_ENTRIES


def _is_catalogue(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether most entries are titles, or name a price or a binding."""
    return (
        _share(
            paragraphs, lambda p: _is_entry(p) or (len(p.text) < _LONGEST_OFFER and _OFFERED.search(p.text) is not None)
        )
        >= _MOST_ENTRIES
    )


def _is_praise(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether a page is made of what others have said about the author's books, with their names."""
    return _share(paragraphs, lambda p: p.text[:1] in _SPEECH or p.text[:1] in "—–-" or p.text[-1:] in _CLOSED) >= _MOST


def _is_offer(paragraphs: Sequence[Paragraph]) -> bool:
    return sum(text.count_words(p.text) for p in paragraphs) <= _MOST_OFFER_WORDS or _is_list(paragraphs)


def _is_contents(paragraphs: Sequence[Paragraph]) -> bool:
    return (len(paragraphs) > 1 and _share(paragraphs, _is_entry) >= _MOST_ENTRIES) or _is_run_of_entries(paragraphs)


def _is_entry(paragraph: Paragraph) -> bool:
    return len(paragraph.text) < _LONGEST_ENTRY and (
        paragraph.kind == "list_item"
        or numbering.is_contents_entry(paragraph.text)
        or not paragraph.text.endswith((".", "!", "?", "”", '"'))
    )


def _is_run_of_entries(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether a page of entries has become one paragraph: titles and page numbers, and no sentence."""
    words = " ".join(p.text for p in paragraphs).split()
    numbers = sum(word.isdigit() for word in words)
    return (
        numbers >= _FEWEST_NUMBERS
        and numbers > len(words) / 15
        and not any(p.text.endswith(".") and len(p.text) > _LONGEST_ENTRY for p in paragraphs)
    )


def _share(paragraphs: Sequence[Paragraph], looks: Callable[[Paragraph], bool]) -> float:
    return sum(map(looks, paragraphs)) / len(paragraphs) if paragraphs else 0.0


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of chapter that is left out: what it is called, and how its paragraphs look."""

    omission: Omission
    title: re.Pattern[str]
    looks: Callable[[Sequence[Paragraph]], bool]


def _titles(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


_KINDS = (
    _Kind(
        CONTENTS,
        _titles(
            r"(?:table of |brief |detailed )?contents|(?:list of )?(?:illustrations|figures|tables|plates|maps)|"
            r"inhalt(?:sverzeichnis)?|"
            r"table des mati[eè]res|sommaire|[ií]ndice|inhoud(?:sopgave)?|spis treści|obsah|содержание|оглавление"
        ),
        _is_contents,
    ),
    _Kind(
        COPYRIGHT,
        _titles(
            r"(?:un)?copyright(?: page| notice| information)?|imprint|impressum|legal(?: notice)?|rights|"
            r"publication (?:data|information)|"
            r"licen[cs]e|mentions légales|derechos|créditos|credits|выходные данные"
        ),
        _is_copyright,
    ),
    _Kind(COLOPHON, _titles("notice"), lambda paragraphs: any("Internet Archive" in p.text for p in paragraphs)),
    _Kind(COLOPHON, _titles(r"colophon|about this (?:e-?book|edition)|a note on the type"), _is_short),
    _Kind(
        INDEX,
        _titles(
            r"(?:general |subject |name )?index(?: of .{1,40})?|register|(?:sach|personen|namens)register|"
            r"índice (?:alfabético|analítico)|указатель"
        ),
        _is_index,
    ),
    _Kind(
        BIBLIOGRAPHY,
        _titles(
            r"(?:select(?:ed)? |annotated )?bibliograph(?:y|ie|ía)|bibliografia|references|works (?:cited|"
            r"consulted)|sources|"
            r"(?:literatur|quellen)(?:verzeichnis)?|further reading|литература|библиография"
        ),
        _is_bibliography,
    ),
    _Kind(
        NOTES,
        _titles(r"(?:end|foot)?notes|notes (?:to|on) .{1,40}|anmerkungen|fußnoten|notas|note|примечания|noten"),
        _is_notes,
    ),
    _Kind(
        ADVERTISEMENT,
        _titles(
            r"also (?:written |available )?(?:by|from)\b.*|"
            r"(?:other |more )?(?:books|works|novels|titles) (?:by|from)\b.*|"
            r"by the same author|by this author|advertisements?|(?:other |more )(?:books|titles)(?: (?:from|by) .*)?|"
            r"du même auteur|vom selben autor|von derselben autorin|del mismo autor|dello stesso autore|"
            r"weitere (?:bücher|titel).*|другие книги.*"
        ),
        _is_catalogue,
    ),
    _Kind(
        ADVERTISEMENT,
        _titles(
            r"newsletter.*|(?:discover|read|find) (?:more|your next)\b.*|(?:join|sign up (?:for|to))\b.{1,60}|"
            r"(?:thank you|thanks) for (?:reading|buying|downloading)\b.*|connect with (?:us|the author)\b.*|"
            r"want (?:more|another|to read more)\b.*|what['’]s next on\b.*|"
            r"loved this (?:book|story)\b.*|similar users\b.*|you (?:may|might) also (?:like|enjoy)\b.*"
        ),
        _is_offer,
    ),
    _Kind(
        ADVERTISEMENT,
        _titles(r"(?:advance |more |early )?(?:praise|acclaim|reviews?) (?:for|of)\b.*|(?:critical )?acclaim|praise"),
        _is_praise,
    ),
    _Kind(
        TRANSCRIBER_NOTE,
        _titles(transcribers.NAME),
        transcribers.is_about_editing,
    ),
    _Kind(HALF_TITLE, _titles(r"half[- ]?title(?: ?page)?"), _is_short),
)

RULES_OF_KINDS = frozenset(kind.omission.rule for kind in _KINDS)
"""The rules that such a page may be left out by."""


def kind_of(title: str, paragraphs: Sequence[Paragraph]) -> Omission | None:
    """The rule that leaves out a chapter with this title and these paragraphs; None where it is spoken."""
    name = title.strip(" .:*_[]")
    body = [p for p in paragraphs if text.has_word(p.text) and p.kind != "heading"] or [
        p for p in paragraphs if text.has_word(p.text)
    ]
    empty = all(p.kind == "heading" for p in body)  # of a list that was left out, or is made by the reading system
    spoken = [p for p in body if p.omit is None]
    for kind in _KINDS:
        if kind.title.fullmatch(name) and (
            kind.looks(body) or (spoken and kind.looks(spoken)) or (empty and kind.omission in (CONTENTS, INDEX))
        ):
            return kind.omission
    return None


def listed_in(paragraphs: Sequence[Paragraph], *, front: bool) -> frozenset[int]:
    """The places of a table of contents among other paragraphs: its title, and entries with dots up to their pages.

    Args:
        paragraphs: of a chapter.
        front: whether they stand before the book or at its beginning, where such entries need no title.
    """
    found: set[int] = set()
    counts = [len(_LEADERS.findall(paragraph.text[:_LONGEST_LIST])) for paragraph in paragraphs]
    for place, paragraph in enumerate(paragraphs):
        if place in found:
            continue
        titled = is_contents_title(paragraph.text)
        if not titled and not (front and counts[place]):
            continue
        end, leaders = place, counts[place]
        for below in range(place + 1, len(paragraphs)):
            if counts[below]:
                end, leaders = below, leaders + counts[below]
            elif not titled or below - end > _BETWEEN or text.count_words(paragraphs[below].text) > _LONGEST_BETWEEN:
                break
        following = paragraphs[place + 1] if place + 1 < len(paragraphs) else None
        empty = paragraph.kind == "heading" and (following is None or following.kind == "heading")
        if titled and front and leaders == 0 and empty:
            found.add(place)  # of entries that the program that shows the book adds
        if titled and front and leaders == 0:
            end = _last_numbered(paragraphs, place)
        if leaders >= (_ENTRIES if titled else _UNTITLED_ENTRIES) or (leaders == 0 and end > place):
            found.update(range(place, end + 1))
    return frozenset(found)


def _last_numbered(paragraphs: Sequence[Paragraph], title: int) -> int:
    """The place of the last of several entries right below the title of contents that are numbered; else of the title.

    Of entries without a number, such as a prologue's, one may stand between two with one.
    """
    last, count, others = title, 0, 0
    for place in range(title + 1, len(paragraphs)):
        said = paragraphs[place].text
        if paragraphs[place].level or len(said) >= _LONGEST_ENTRY:
            break
        if numbering.heading(said) is not None or _ENDS_WITH_PAGE.search(said):
            last, count, others = place, count + 1, 0
        elif others or said.endswith((".", "!", "?")):
            break
        else:
            others += 1
    return last if count >= _ENTRIES else title


def offered_in(paragraphs: Sequence[Paragraph]) -> frozenset[int]:
    """The places of what is offered at the end of a chapter: other books, and where their author is found.

    Args:
        paragraphs: the spoken ones of a chapter.
    """
    begin = max(0, len(paragraphs) - _LONGEST_OFFERS)
    for place in range(begin, len(paragraphs) - 1):
        said, rest = paragraphs[place].text, paragraphs[place + 1 :]
        if len(said) > _LONGEST_TITLE:
            continue
        others = _is_called(said, ADVERTISEMENT) and not said.endswith((".", "?")) and _is_catalogue(rest)
        found = _CONNECT.fullmatch(said) and any(_ONLINE.search(p.text) for p in rest)
        if (others and len(rest) >= _FEWEST_OFFERED) or (found and _share(rest, _is_offered) >= _MOST):
            return frozenset(range(place, len(paragraphs)))
    return frozenset()


def _is_offered(paragraph: Paragraph) -> bool:
    return _ONLINE.search(paragraph.text) is not None or _is_entry(paragraph)


def is_notes_title(title: str) -> bool:
    """Whether a line is what chapters of notes are called."""
    return _is_called(title, NOTES)


def is_contents_title(title: str) -> bool:
    """Whether a line is what tables of contents are called."""
    return _is_called(title, CONTENTS)


def _is_called(title: str, omission: Omission) -> bool:
    name = title.strip(" .:*_[]")
    return len(title) <= _LONGEST_TITLE and any(k.omission is omission and k.title.fullmatch(name) for k in _KINDS)


def kind_of_page(paragraphs: Sequence[Paragraph]) -> Omission | None:
    """The rule that leaves out a page, or a file of a book, that no table of contents names; None where it is spoken.

    Args:
        paragraphs: of that page, of which the first may be its title.
    """
    shown = [p for p in paragraphs if text.has_word(p.text)]
    spoken = [p for p in shown if p.omit is None]
    if not spoken or sum(len(p.text) for p in spoken[:_LAST_OF_PAGE]) > _LONGEST_PAGE:
        return None
    title = spoken[0].text
    if shown[0] is spoken[0] and len(title) <= _LONGEST_TITLE:
        omission = kind_of(title, shown[1:] or shown)
        if omission is not None:
            return omission
    if sum(text.count_words(p.text) for p in spoken) <= _ADDRESS_WORDS and _ADDRESS.match(spoken[0].text):
        return ADVERTISEMENT
    small = sum(len(p.text) for p in spoken) <= _LONGEST_PAGE
    return COPYRIGHT if small and notices.is_page([p.text for p in spoken]) else None
