"""Opening and closing credits: a chapter before the book and one after it, in the book's language, as shops ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phases.files import read_lines, write_lines
from phases.names import authors_of

SOURCE = "credits"
"""What ``text.jsonl`` names as the place of their paragraphs, which are not in the book."""


@dataclass(frozen=True, slots=True)
class _Words:
    opening: str
    closing: str
    by: str
    read_by: str
    conjunction: str
    end: str


_WORDS: Mapping[str, _Words] = {
    "en": _Words("Opening Credits", "Closing Credits", "Written by {}.", "Narrated by {}.", "and", "The end."),
    "de": _Words("Vorspann", "Abspann", "Von {}.", "Gelesen von {}.", "und", "Ende."),
    "fr": _Words("Générique de début", "Générique de fin", "De {}.", "Lu par {}.", "et", "Fin."),
    "es": _Words("Créditos iniciales", "Créditos finales", "Escrito por {}.", "Leído por {}.", "y", "Fin."),
    "it": _Words("Titoli di testa", "Titoli di coda", "Di {}.", "Letto da {}.", "e", "Fine."),
    "nl": _Words("Aankondiging", "Afkondiging", "Geschreven door {}.", "Voorgelezen door {}.", "en", "Einde."),
    "pt": _Words("Créditos iniciais", "Créditos finais", "Escrito por {}.", "Lido por {}.", "e", "Fim."),
}
# In any other language the names alone: better than words that a listener does not know.
_NAMES_ALONE = _Words("Opening Credits", "Closing Credits", "{}.", "{}.", ",", "")


def add_credits(text: Path, book: Mapping[str, Any], narrator: str | None) -> list[dict[str, Any]]:
    """Put the credits into the rows of ``text.jsonl``; the chapters of the book count from 2 afterwards.

    Args:
        text: the file.
        book: the document of ``book.json``.
        narrator: who reads; None where nobody is to be named.

    Returns:
        The chapters for ``book.json``.
    """
    words = _WORDS.get(str(book["language"] or "en").partition("-")[0], _NAMES_ALONE)
    said = _paragraphs(book, narrator, words)
    moved = [{**chapter, "index": chapter["index"] + 1} for chapter in book["chapters"]]
    last = len(moved) + 2

    def rows() -> Iterator[dict[str, Any]]:
        is_opened = False
        for row in read_lines(written):
            if row["chapter"] and not is_opened:
                is_opened = True
                yield from _rows(1, said)
            yield {**row, "chapter": row["chapter"] + 1} if row["chapter"] else row
        yield from _rows(last, [*said, words.end] if words.end else said)

    written = text.with_name("without-credits.jsonl")
    text.rename(written)
    write_lines(text, rows())
    written.unlink()
    return [
        {"index": 1, "title": words.opening, "level": 1},
        *moved,
        {"index": last, "title": words.closing, "level": 1},
    ]


def _paragraphs(book: Mapping[str, Any], narrator: str | None, words: _Words) -> list[str]:
    *others, last = authors_of(book) or [""]
    authors = f"{', '.join(others)} {words.conjunction} {last}".replace(" ,", ",") if others else last
    title = str(book["title"])
    said = [title if title.endswith((".", "!", "?", "…")) else f"{title}."]
    said += [words.by.format(authors)] if authors else []
    return [*said, words.read_by.format(narrator)] if narrator else said


def _rows(chapter: int, paragraphs: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number, paragraph in enumerate(paragraphs, start=1):
        row = {"chapter": chapter, "paragraph": number, "kind": "prose", "text": paragraph}
        yield {**row, "source": SOURCE, "omit": None}
