"""Phase 2: the book as ordered chapters of clean paragraphs, with what is left out on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from phases.beginning import Beginning
from phases.contract import PermanentError, Plan, Result
from phases.credits import add_credits
from phases.files import read_json, write_bytes, write_json, write_lines
from phases.progress import Progress
from phases.readers import covers, foreign, gutenberg, language, open_document, opf, outline, sections, text, title_page
from phases.readers.document import Block, ChapterStart, Cover, Document, Metadata, Paragraph
from phases.readers.limits import Limits
from phases.readers.naming import from_file_name
from phases.readers.omission import BEFORE_THE_BOOK
from phases.validation import no_text


def run(plan: Plan) -> Result:
    """Read the book and write ``book.json``, ``text.jsonl`` and the cover.

    Raises:
        PermanentError: it cannot be read whole, or has no word to speak.
    """
    source = read_json(plan.inputs["source"])
    path = plan.source
    limits = Limits.of(plan.settings)
    with (
        Progress(plan.progress, plan.phase, 1) as progress,
        limits.watched(path.name),
        open_document(path, source["format"], limits) as document,
    ):
        book, numbering = _extract(plan, path, document)
        progress.advance()
    return Result(
        artifacts={"book": "book.json", "text": "text.jsonl", "cover": book["cover"]},
        metrics={
            "chapters": len(book["chapters"]),
            "paragraphs": numbering.paragraphs,
            "words": numbering.words,
            "words_omitted": numbering.words_omitted,
        },
        book={name: book[name] for name in ("title", "authors", "language")},
    )


def _extract(plan: Plan, path: Path, document: Document) -> tuple[dict[str, Any], Numbering]:
    settings = plan.settings
    metadata = _wanted(settings.get("book", {})).over(_beside(path, settings)).over(document.metadata)
    if not metadata.title:
        metadata = replace(metadata, title=_first_heading(document))
    metadata = metadata.over(from_file_name(path.stem))
    numbering = Numbering(str(metadata.title), document.metadata.language)
    rules = {**settings.get("rules", {}), **settings.get("book_rules", {})}
    choice = sections.Choice.of(
        settings.get("skip", ()), settings.get("keep", ()), (name for name, on in rules.items() if not on)
    )
    marked = sections.marked(gutenberg.mark(document.blocks()), choice)
    blocks = title_page.joined(marked, str(metadata.title), choice.off)
    limits = Limits.of(settings)
    rows = numbering.rows(_counted(blocks, path.name, limits))
    sample = Beginning(settings["sample_words"]) if "sample_words" in settings else None
    write_lines(plan.attempt_dir / "text.jsonl", sample.of(rows) if sample else rows)
    if not numbering.words:
        raise no_text(path.name)
    wanted = (
        settings.get("asked_language")
        or settings.get("book", {}).get("language")
        or settings.get("language")
        or language.declared(metadata.language)
    )
    book = {
        "title": metadata.title,
        "subtitle": metadata.subtitle,
        "authors": list(metadata.authors),
        "series": metadata.series,
        "series_index": metadata.series_index,
        "language": wanted or language.detected(numbering.sample),
        "publisher": metadata.publisher,
        "published": metadata.published,
        "description": metadata.description,
        "identifier": metadata.identifier,
        "isbn": metadata.isbn,
        "cover": _write_cover(plan.attempt_dir, _cover(path, settings, document, metadata)),
        "chapters": [row for row in numbering.chapters if sample is None or row["index"] in sample.chapters],
    }
    if "credits" in settings:
        book["chapters"] = add_credits(plan.attempt_dir / "text.jsonl", book, settings["credits"]["narrator"])
    write_json(plan.attempt_dir / "book.json", book)
    if sample:
        numbering.words = sample.words
    return book, numbering


def _counted(blocks: Iterable[Block], name: str, limits: Limits) -> Iterator[Block]:
    """The same blocks, until they are too many."""
    count = 0
    for block in blocks:
        count += isinstance(block, Paragraph)
        limits.check_paragraphs(name, count)
        yield block


def _wanted(facts: Mapping[str, Any]) -> Metadata:
    """What somebody has written into the file .book.yaml beside the book."""
    names = {"title", "subtitle", "series", "series_index", "publisher", "isbn", "description", "language"}
    return Metadata(
        authors=tuple(facts.get("authors", ())),
        published=facts.get("year"),
        **{name: value for name, value in facts.items() if name in names},
    )


def _beside(path: Path, settings: Mapping[str, Any]) -> Metadata:
    found = settings.get("opf")
    return opf.read(path.with_name(found["name"])) if found else Metadata()


def _cover(path: Path, settings: Mapping[str, Any], document: Document, metadata: Metadata) -> Cover:
    """The cover that somebody wants, else the book's own, else that of Calibre, else a plain one."""
    wanted = settings.get("book", {}).get("cover")
    cover = covers.beside(path.parent, wanted["name"]) if wanted else None
    if wanted and cover is None:
        raise PermanentError(
            f"{path.name}: {wanted['name']!r}, the cover that its .book.yaml names, is no picture of that shape. "
            "Name another one, or take the line out, and run again.",
            error_type="configuration",
        )
    cover = cover or document.cover()
    stored = settings.get("opf", {}).get("cover")
    if cover is None and stored:
        cover = covers.beside(path.parent, stored["name"])
    return cover or covers.generated(str(metadata.title), metadata.authors)


def _first_heading(document: Document) -> str | None:
    """The text of the one heading of the highest level before anything else is said: the book's own title."""
    spoken = (b for b in document.blocks() if isinstance(b, Paragraph) and b.omit is None and text.has_word(b.text))
    first = next(spoken, None)
    return outline.book_title([first, *spoken]) if first is not None and first.level == 1 else None


def _write_cover(folder: Path, cover: Cover) -> str:
    name = f"cover.{cover.suffix}"
    write_bytes(folder / name, cover.data)
    return name


@dataclass(slots=True)
class Numbering:
    """Gives every paragraph its place (chapter, paragraph), and counts.

    A chapter opens with its first paragraph that is spoken; chapters without one are none. Spoken text before the
    first chapter becomes a chapter with the book's title.

    Attributes:
        title: the book's.
        own: the language that the book says it is in; what it marks as such is no passage in another one.
        chapters: rows for ``book.json``.
        sample: the beginning of what is spoken, to detect the language from.
    """

    title: str
    own: str | None = None
    chapters: list[dict[str, Any]] = field(default_factory=list)
    paragraphs: int = 0
    words: int = 0
    words_omitted: int = 0
    _in_chapter: int = 0
    _start: ChapterStart | None = None
    _waiting: list[Paragraph] = field(default_factory=list)
    _sample: list[str] = field(default_factory=list)
    _sampled: int = 0

    @property
    def sample(self) -> str:
        """The beginning of what is spoken."""
        return "\n".join(self._sample)

    def rows(self, blocks: Iterable[Block]) -> Iterator[dict[str, Any]]:
        """The rows of ``text.jsonl``."""
        for block in blocks:
            if isinstance(block, ChapterStart):
                yield from self._release()
                self._start = block
            elif block.omit is None and text.has_word(block.text):
                yield from self._spoken(block)
            elif self._start is not None:
                self._waiting.append(block)
            else:
                yield self._row(block)
        yield from self._release()

    def _spoken(self, paragraph: Paragraph) -> Iterator[dict[str, Any]]:
        if self._start is not None or not self.chapters:
            start = self._start or ChapterStart(self.title)
            self._start = None
            index = len(self.chapters) + 1
            self.chapters.append({"index": index, "title": start.title, "level": start.level})
            self._in_chapter = 0
            yield from self._release()
        if self._sampled < language.SAMPLE_CHARACTERS:
            self._sample.append(paragraph.text)
            self._sampled += len(paragraph.text)
        self.words += text.count_words(paragraph.text)
        yield self._row(paragraph)

    def _release(self) -> Iterator[dict[str, Any]]:
        """What stood after a chapter's start and before its first spoken word."""
        waiting, self._waiting = self._waiting, []
        for paragraph in waiting:
            yield self._row(paragraph)

    def _row(self, paragraph: Paragraph) -> dict[str, Any]:
        self._in_chapter += 1
        self.paragraphs += 1
        omit = paragraph.omit
        if omit is None and not self.chapters:
            omit = BEFORE_THE_BOOK
        if omit is not None:
            self.words_omitted += text.count_words(paragraph.text)
        row = {
            "chapter": len(self.chapters),
            "paragraph": self._in_chapter,
            "kind": paragraph.kind,
            "text": paragraph.text,
            "source": paragraph.source,
            "omit": omit and {"rule": omit.rule, "reason": omit.reason, "confidence": omit.confidence},
        }
        passages = [passage for passage in paragraph.passages if not foreign.is_same(passage[2], self.own)]
        if passages and omit is None:
            row["passages"] = passages
        return row
