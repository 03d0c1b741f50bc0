"""The rules by which text is left out of what is spoken: one table, from which switches and documentation follow.

Standard library only, because whoever checks a configuration asks here for the names, too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A reason to leave text out.

    Attributes:
        name: a stable word, in the records and in the configuration.
        reason: one sentence for a person.
        confidence: from 0 to 1, how sure it is where it fires.
        fires_on: what it leaves out, for the documentation.
        keeps: what looks alike and is spoken.
        scope: ``section`` for whole chapters, ``paragraph``, or ``inline`` for a piece of a sentence.
    """

    name: str
    reason: str
    confidence: float
    fires_on: str
    keeps: str
    scope: str = "paragraph"


_TABLE = (
    Rule(
        "contents",
        "a table of contents is for looking things up",
        1.0,
        "tables of contents, lists of figures, of links and landmarks, links that only lead about",
        "speech below a heading such as Contents; links among the text",
        "section",
    ),
    Rule(
        "copyright",
        "a copyright page is about the edition and not the book",
        0.9,
        "copyright and imprint pages, notices and imprints on title pages and below The End",
        "a chapter that tells of copyright; a place or a year alone",
        "section",
    ),
    Rule(
        "colophon",
        "a colophon is about the making of the edition",
        0.9,
        "colophons, by type or by title",
        "a long chapter of that name",
        "section",
    ),
    Rule(
        "half-title",
        "a half title repeats the title",
        0.9,
        "half title pages and half titles before a title",
        "title pages and the titles of parts",
        "section",
    ),
    Rule(
        "index",
        "an index is for looking things up",
        0.9,
        "indexes of names and subjects with page numbers",
        "a chapter called Index that is prose",
        "section",
    ),
    Rule(
        "bibliography",
        "a list of works is for looking things up",
        0.9,
        "bibliographies and lists of references or sources",
        "a chapter called References that is prose",
        "section",
    ),
    Rule(
        "advertisement",
        "an advertisement is no part of the book",
        0.85,
        "lists of the author's or publisher's other books, praise for them, offers",
        "a chapter called Advertisement or Praise that is prose",
        "section",
    ),
    Rule(
        "notes",
        "notes at the end would be heard far from what they explain",
        0.9,
        "chapters of numbered notes, and the headings of notes that are left out",
        "a chapter called Notes that is prose",
        "section",
    ),
    Rule(
        "footnote",
        "a note would interrupt the text",
        1.0,
        "footnotes and endnotes, by type, role, link pattern or place",
        "numbered paragraphs that nothing refers to",
    ),
    Rule(
        "note-reference",
        "the mark of a note in the middle of a sentence",
        0.95,
        "marks such as [1], [A] or {1}, or a raised number that leads to a note",
        "years and words in brackets",
        "inline",
    ),
    Rule(
        "citation",
        "a source in brackets in the middle of a sentence",
        0.8,
        "(Smith, 2020) and the like, where a chapter has several",
        "places and months with a year in brackets",
        "inline",
    ),
    Rule(
        "url",
        "a web address is spoken by its name alone",
        0.9,
        "the scheme and the path of web addresses",
        "the name of the site",
        "inline",
    ),
    Rule(
        "page-number",
        "a page number of the printed edition",
        1.0,
        "page-break markers, [Pg 12], numbers at the edge of pages, also between form feeds",
        "numbers that are headings",
    ),
    Rule(
        "line-number",
        "a number in the margin that counts the lines of a poem",
        0.9,
        "numbers at the ends of verses that count them in steps, or that the book marks so",
        "numbers that are words of the poem; the figures of a list",
        "inline",
    ),
    Rule(
        "running-header",
        "repeated at the edge of every page",
        0.9,
        "running headers and footers",
        "a line at the edge of one page alone; a heading where it first stands",
    ),
    Rule(
        "empty-page",
        "a page without text: it is blank, or a picture",
        1.0,
        "pages of a PDF that hold no text",
        "pages that hold some",
    ),
    Rule(
        "ruby",
        "a reading aid printed above the word before it",
        1.0,
        "ruby annotations",
        "the word that they annotate",
        "inline",
    ),
    Rule(
        "alt-text",
        "it describes a picture that a listener cannot see",
        1.0,
        "alternative texts of pictures",
        "captions",
    ),
    Rule(
        "illustration",
        "it marks the place of a picture",
        0.9,
        "[Illustration] and [Illustration: with a caption], over paragraphs, too",
        "other words in brackets",
    ),
    Rule(
        "transcriber-note",
        "a note about the making of the edition",
        0.9,
        "[Transcriber's note: …], and what speaks of corrections below that name",
        "notes of the author, the editor or the translator; a story with that name",
    ),
    Rule(
        "non-linear",
        "the book marks this file as not part of its reading order",
        1.0,
        'EPUB files with linear="no"',
        "every other file of the spine",
    ),
    Rule(
        "hidden",
        "the book hides this text from its readers",
        1.0,
        "hidden, aria-hidden, display:none (also in stylesheets), hidden text, comments",
        "text that is only coloured or small, or hidden from print",
    ),
    Rule(
        "metadata",
        "a fact about the book, kept in its metadata",
        1.0,
        "front matter and headings such as Year: before the book",
        "what follows Title: and Author:; a heading Author: inside the book",
    ),
    Rule(
        "gutenberg-header",
        "the header that Project Gutenberg puts before a book",
        1.0,
        "all before the START line",
        "what a book says about Project Gutenberg",
    ),
    Rule(
        "gutenberg-licence",
        "the licence that Project Gutenberg puts after a book",
        1.0,
        "all after the END line",
        "The End",
    ),
    Rule(
        "gutenberg-credit",
        "who prepared the Project Gutenberg edition",
        1.0,
        "Produced by … and thanks for scans, right after the header",
        "the same words later in the book",
    ),
    Rule(
        "before-the-book",
        "an ornament before the first word",
        1.0,
        "ornaments before the first spoken word",
        "scene breaks",
    ),
    Rule(
        "not-wanted",
        "the file .book.yaml beside the book leaves this chapter out",
        1.0,
        "chapters that somebody has chosen",
        "all others",
        "section",
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _TABLE}
"""Every rule by its name."""
