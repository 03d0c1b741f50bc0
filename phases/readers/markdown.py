"""Markdown: CommonMark with tables, front matter for metadata, headings for chapters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from phases.contract import PermanentError
from phases.readers import encoding, gutenberg, markdown_dialects, markup, outline, text
from phases.readers.document import Block, Document, Metadata, Omission, Paragraph
from phases.readers.limits import Limits
from phases.readers.omission import FOOTNOTE, HIDDEN, METADATA, NOTE_REFERENCE

_FRONT_MATTER = re.compile(r"\s*---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_MAX_FRONT_MATTER = 20_000
_MAX_NESTING = 60
_FACT = re.compile(r"(?P<key>[A-Za-z][\w -]{0,30}?)\s*:\s*(?P<value>\S.*)?")
# Headings that some collections put before a book: "# Title: Emma", "## Author: Jane Austen".
_FACT_HEADING = re.compile(
    r"(?P<key>title|author|authors|year|date|language|publisher)\s*:\s*(?P<value>\S.{0,300})", re.I
)
_FACTS = {
    "title": "title",
    "author": "authors",
    "authors": "authors",
    "creator": "authors",
    "by": "authors",
    "lang": "language",
    "language": "language",
    "publisher": "publisher",
    "date": "published",
    "year": "published",
    "published": "published",
    "description": "description",
    "isbn": "identifier",
    "identifier": "identifier",
}
_SPOKEN_FACTS = ("title", "authors")
_KIND_OF = {"blockquote_open": "quote", "list_item_open": "list_item"}
_CLOSES = {"blockquote_close", "list_item_close"}


def read(path: Path, limits: Limits) -> Document:
    """Open a Markdown file.

    Raises:
        PermanentError: ``damaged`` where it is no text, or in an encoding that cannot be told.
    """
    limits.check_text(path.name, path.stat().st_size)
    content = encoding.decode(path.read_bytes(), path.name)
    limits.check_pieces(path.name, "lines", content.count("\n"))
    front = _FRONT_MATTER.match(content[:_MAX_FRONT_MATTER])
    facts = _front_facts(front.group(1)) if front else {}
    if not facts:  # two rules with text between them are no front matter
        front = None
    skipped = content[: front.end()] if front else ""
    if not front:
        facts, skipped = markdown_dialects.title_block(content)
    paragraphs = _paragraphs(content[len(skipped) :], path.name, 1 + skipped.count("\n"))
    paragraphs = _mark_facts(paragraphs, facts)
    if skipped:
        said = front.group(1) if front else skipped
        paragraphs.insert(0, Paragraph("prose", text.one_line(said), "line 1", omit=METADATA))
    return Document(_metadata(facts, gutenberg.facts(content)), partial(_blocks, paragraphs))


def _blocks(paragraphs: Sequence[Paragraph]) -> Iterator[Block]:
    yield from outline.by_headings(paragraphs)


def _front_facts(front: str) -> dict[str, list[str]]:
    """The keys of front matter that say something about the book; "key: value" lines and lists of strings."""
    facts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in front.splitlines():
        item = line.strip()
        if item.startswith("- "):
            current.append(_unquoted(item[2:]))
            continue
        match = _FACT.fullmatch(line.rstrip())
        if match is None:
            continue
        current = facts.setdefault(_FACTS.get(match["key"].strip().lower(), ""), [])
        value = (match["value"] or "").strip()
        if value.startswith("[") and value.endswith("]"):
            current += [_unquoted(part) for part in value[1:-1].split(",") if part.strip()]
        elif value:
            current.append(_unquoted(value))
    facts.pop("", None)
    return facts


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _mark_facts(paragraphs: Sequence[Paragraph], facts: dict[str, list[str]]) -> list[Paragraph]:
    """Headings before the book that state facts about it become its metadata; title and author are spoken, too."""
    marked: list[Paragraph] = []
    for position, paragraph in enumerate(paragraphs):
        match = _FACT_HEADING.fullmatch(paragraph.text) if paragraph.kind == "heading" else None
        if match is None:
            if text.has_word(paragraph.text):
                return [*marked, *paragraphs[position:]]
            marked.append(paragraph)
            continue
        fact, value = _FACTS[match["key"].lower()], match["value"].strip()
        facts.setdefault(fact, [value])
        left_out = replace(paragraph, omit=METADATA, level=0)
        if fact in _SPOKEN_FACTS:
            label = replace(left_out, text=paragraph.text[: match.start("value")].rstrip())
            marked += [label, replace(paragraph, text=value, level=0)]
        else:
            marked.append(left_out)
    return marked


def _metadata(facts: dict[str, list[str]], stated: Metadata) -> Metadata:
    def first(name: str) -> str | None:
        values = facts.get(name)
        return values[0] if values else None

    return Metadata(
        title=first("title") or stated.title,
        authors=tuple(facts.get("authors", ())) or stated.authors,
        language=first("language") or stated.language,
        publisher=first("publisher"),
        published=first("published"),
        description=first("description"),
        identifier=first("identifier"),
    )


def _paragraphs(content: str, name: str, first_line: int) -> list[Paragraph]:
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin)
    gatherer = _Gatherer(first_line)
    for token in parser.parse(markdown_dialects.plain(content)):
        if token.level >= _MAX_NESTING - 1:  # the parser leaves out what is nested deeper
            raise PermanentError(
                f"{name} is refused: its quotations or lists are nested more than {_MAX_NESTING} deep near line "
                f"{first_line + (token.map or [0])[0]}. Flatten them and run again.",
                error_type="too_large",
            )
        gatherer.take(token)
    hidden = [
        Paragraph("prose", text.one_line(said), f"line {first_line + line}", omit=HIDDEN)
        for line, said in markdown_dialects.comments(content)
        if text.has_word(said)
    ]
    return [*gatherer.paragraphs, *hidden]


@dataclass(slots=True)
class _Gatherer:
    """Gathers paragraphs from a stream of tokens."""

    first_line: int
    paragraphs: list[Paragraph] = field(default_factory=list)
    _kinds: list[str] = field(default_factory=list)
    _heading: int = 0
    _row: list[str] | None = None
    _line: int = 0
    _omit: Omission | None = None

    def take(self, token: Token) -> None:
        if token.map:
            self._line = token.map[0]
        if token.type in _KIND_OF:
            self._kinds.append(_KIND_OF[token.type])
        elif token.type in _CLOSES:
            self._kinds.pop()
        elif token.type == "heading_open":
            self._heading = int(token.tag[1:])
        elif token.type == "heading_close":
            self._heading = 0
        elif token.type == "tr_open":
            self._row = []
        elif token.type == "tr_close":
            self._end_row()
        elif token.type in ("footnote_open", "footnote_close"):
            self._omit = FOOTNOTE if token.type == "footnote_open" else None
        elif token.type == "inline":
            self._inline(inline_text(token.children or []))
            self._marks(token.children or [])
        elif token.type in ("fence", "code_block"):
            self._add("verse", text.lines(token.content))
        elif token.type == "hr":
            self._add("scene_break", "")
        elif token.type == "html_block":
            self._html(token.content)

    def _inline(self, content: str) -> None:
        if self._row is not None:
            self._row.append(text.one_line(content))
        elif self._heading:
            self._add("heading", text.one_line(content), level=self._heading)
        elif "\n" in content:
            self._add("verse", text.lines(content))
        else:
            self._add(self._kinds[-1] if self._kinds else "prose", text.one_line(content))

    def _marks(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type == "footnote_ref" and self._row is None:
                label = str(token.meta.get("label") or token.meta["id"] + 1)
                self.paragraphs.append(Paragraph("prose", f"[{label}]", self._source(), NOTE_REFERENCE))

    def _end_row(self) -> None:
        row = ""
        for cell in self._row or []:
            row += (", " if row and row[-1].isalnum() else " ") + cell if cell else ""
        self._row = None
        self._add("table", text.one_line(row))

    def _html(self, content: str) -> None:
        if not re.sub(r"<!--.*?-->", "", content, flags=re.DOTALL).strip():
            return
        source = self._source()
        root = markup.parse(content.encode(), source, as_xml=False)
        self.paragraphs += markup.flow(root, source).paragraphs

    def _source(self) -> str:
        return f"line {self.first_line + self._line}"

    def _add(self, kind: str, content: str, level: int = 0) -> None:
        if content and text.is_scene_break(content):
            kind = "scene_break"
        if content or kind == "scene_break":
            level = level if kind == "heading" and self._omit is None else 0
            self.paragraphs.append(Paragraph(kind, content, self._source(), self._omit, level))


def inline_text(tokens: Sequence[Token]) -> str:
    """The words of inline tokens; hard line breaks are line ends, images and HTML tags are nothing."""
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak":
            parts.append("\n")
        elif token.type == "html_inline" and re.match(r"<br\b", token.content, re.I):
            parts.append(" ")
    return markdown_dialects.shown("".join(parts))
