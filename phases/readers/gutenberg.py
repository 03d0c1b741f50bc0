"""The additions of Project Gutenberg: its header, licence and credits are marked as left out, and its facts kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from phases.readers.document import Block, Metadata, Paragraph
from phases.readers.omission import GUTENBERG_CREDIT, GUTENBERG_HEADER, GUTENBERG_LICENCE

_START = re.compile(
    r"\*{2,}\s*START OF (?:TH(?:E|IS) )?PROJECT GUTENBERG|\*END\*?\s*THE SMALL PRINT|START: FULL LICENSE|"
    r"\*END[* ]+THE SMALL PRINT!",
    re.IGNORECASE,
)
_END = re.compile(
    r"\*{2,}\s*END OF (?:TH(?:E|IS) )?PROJECT GUTENBERG|^\W*END OF (?:THE |THIS )?PROJECT GUTENBERG", re.IGNORECASE
)
_CREDIT = re.compile(
    r"(?:E-?text )?(?:produced|prepared|transcribed) (?:for \S+ )?by |this e-?text was (?:produced|prepared)|"
    r"the project gutenberg e-?(?:text|book) of ",
    re.IGNORECASE,
)
# Thanks to those who lent the book or its pictures, and to whom made a text of them.
_THANKS = re.compile(
    r"\b(?:thank|grateful|courtesy|remerci|danken|produced|prepared|proofread|scann|digiti[sz]ed|made available|"
    r"images of (?:the )?original\b.{0,40}\bavailable)",
    re.IGNORECASE,
)
_WORK = re.compile(
    r"\b(?:e-?texts?|e-?books?|ocr|scans?|scanned|transcri\w+|proofread\w*|digiti[sz]\w+|internet archive|"
    r"(?:page |image )?images?|www\b|https?:|gutenberg)\b",
    re.IGNORECASE,
)
_LONGEST_CREDIT = 800
# The longest known header, the "small print" of the 1990s, has about 90 paragraphs; files in one piece have more.
_HEADER_BLOCKS = 250
_CREDIT_BLOCKS = 12
_FACT = re.compile(
    r"^(Title|Author|Language|Editor|Translator)[ \t]*:[ \t]*(\S[^\n]{0,300})$", re.MULTILINE | re.IGNORECASE
)
# The first line of the header, also of those of the 1990s that state no other facts.
_CALLED = re.compile(
    r"^\**\s*(?:The )?Project Gutenberg(?:'s)? (?:E-?text|E-?book) (?:of|,) (?P<title>[^\n*]{1,200}?)"
    r"(?:,?\s+by (?P<author>[^\n*]{1,100}?))?\**[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_PAGE_TITLE = re.compile(
    r"(?:The )?Project Gutenberg(?:['’]s)? (?:E-?text|E-?book) (?:of|,) (?P<title>.{1,200}?)"
    r"(?:,? by (?P<author>.{1,100}?))?\.?|(?P<before>.{1,300}?)\s*\|\s*Project Gutenberg",
    re.IGNORECASE,
)
HEAD = 6000
"""In so many characters of a text the facts about it stand."""

_LANGUAGES = {
    "english": "en",
    "french": "fr",
    "german": "de",
    "spanish": "es",
    "italian": "it",
    "portuguese": "pt",
    "dutch": "nl",
    "finnish": "fi",
    "swedish": "sv",
    "danish": "da",
    "norwegian": "no",
    "latin": "la",
    "greek": "el",
    "russian": "ru",
    "polish": "pl",
    "czech": "cs",
    "hungarian": "hu",
    "catalan": "ca",
    "esperanto": "eo",
    "chinese": "zh",
    "japanese": "ja",
    "tagalog": "tl",
    "welsh": "cy",
    "romanian": "ro",
    "bulgarian": "bg",
    "icelandic": "is",
    "afrikaans": "af",
}


def mark(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same blocks, with what Project Gutenberg added marked as left out.

    A book that is not from there passes unchanged. At most the first 250 blocks are held back.
    """
    stream = iter(blocks)
    head: list[Block] = []
    started = False
    for block in stream:
        head.append(block)
        started = isinstance(block, Paragraph) and _START.search(block.text) is not None
        if started or len(head) >= _HEADER_BLOCKS:
            break
    if not started:
        yield from _until_end(chain(head, stream), known=False)
        return
    for block in head:
        yield replace(block, omit=block.omit or GUTENBERG_HEADER) if isinstance(block, Paragraph) else block
    yield from _until_end(_credits(stream), known=True)


def _credits(blocks: Iterator[Block]) -> Iterator[Block]:
    before = True
    for place, block in enumerate(blocks):
        before = before and place < _CREDIT_BLOCKS and isinstance(block, Paragraph)
        if before and isinstance(block, Paragraph) and _is_credit(block.text):
            yield replace(block, omit=block.omit or GUTENBERG_CREDIT)
        else:
            yield block


def _is_credit(said: str) -> bool:
    thanks = len(said) <= _LONGEST_CREDIT and _THANKS.search(said) is not None and _WORK.search(said) is not None
    return thanks or _CREDIT.match(said) is not None


def _until_end(blocks: Iterable[Block], *, known: bool) -> Iterator[Block]:
    ended = False
    for block in blocks:
        if isinstance(block, Paragraph):
            ended = ended or (_END.search(block.text[:300]) is not None and (known or "***" in block.text))
            yield replace(block, omit=block.omit or GUTENBERG_LICENCE, level=0) if ended else block
        elif not ended:
            yield block


def without_source(title: str) -> Metadata:
    """What the title of a web page says about a book: "The Project Gutenberg eBook of Emma, by Jane Austen"."""
    called = _PAGE_TITLE.fullmatch(" ".join(title.split()))
    if called is None:
        return Metadata()
    author = called["author"]
    return Metadata(title=called["title"] or called["before"], authors=(author,) if author else ())


def book_range(pieces: Sequence[str]) -> range:
    """Which pieces of a text are the book itself, between the header and the licence.

    Args:
        pieces: the text in reading order; a marker stands in one piece.
    """
    begin, end = 0, len(pieces)
    for position, piece in enumerate(pieces):
        if _START.search(piece) and position < _HEADER_BLOCKS:
            begin = position + 1
        elif _END.search(piece[:300]) and (begin or "***" in piece):
            end = position
            break
    return range(begin, end)


def facts(text: str) -> Metadata:
    """Title, author and language as the header of a Project Gutenberg text states them.

    Args:
        text: a whole text; only its beginning is looked at.
    """
    head = text[:HEAD]
    if "project gutenberg" not in head.lower():
        return Metadata()
    found: dict[str, str] = {}
    for match in _FACT.finditer(head):
        found.setdefault(match.group(1).lower(), " ".join(match.group(2).split()))
    called = _CALLED.search(head)
    if called and "title" not in found:
        found["title"] = " ".join(called["title"].split())
        found.setdefault("author", " ".join((called["author"] or "").split()))
    author = found.get("author", "")
    return Metadata(
        title=found.get("title"),
        authors=(author,) if author and author.lower() not in ("anonymous", "various", "unknown") else (),
        language=_LANGUAGES.get(found.get("language", "").lower()),
    )
