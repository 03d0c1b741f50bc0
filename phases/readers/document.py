"""What every reader gives: metadata, a cover, and the book as one stream of chapter starts and paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from types import TracebackType

KINDS = frozenset({"heading", "prose", "verse", "line", "scene_break", "list_item", "table", "quote"})


@dataclass(frozen=True, slots=True)
class Omission:
    """Why a paragraph is not spoken.

    Attributes:
        rule: a stable word for the rule, such as ``non-linear``.
        reason: one sentence for a person.
        confidence: from 0 to 1.
    """

    rule: str
    reason: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of the book, spoken or left out.

    Attributes:
        kind: one of `KINDS`.
        text: one line with single spaces; only ``verse`` may hold line ends.
        source: where in the book it stands, for a person.
        omit: None where it is spoken.
        level: of a heading that may start a chapter, 1 for the highest; 0 for every other paragraph.
        ids: the anchors that stand in or before this paragraph, for tables of contents to point at.
        passages: rows (start, end, BCP 47 tag) of what the book marks as being in a language, in order.
    """

    kind: str
    text: str
    source: str
    omit: Omission | None = None
    level: int = 0
    ids: tuple[str, ...] = ()
    passages: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ChapterStart:
    """From here on, paragraphs belong to a new chapter. A chapter without a spoken word is none."""

    title: str
    level: int = 1


Block = ChapterStart | Paragraph


@dataclass(frozen=True, slots=True)
class Cover:
    """The cover as it was in the book; `suffix` is ``jpg`` or ``png``."""

    data: bytes
    suffix: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the book says about itself; None where it says nothing."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    publisher: str | None = None
    published: str | None = None
    description: str | None = None
    identifier: str | None = None
    subtitle: str | None = None
    series: str | None = None
    series_index: str | None = None
    isbn: str | None = None

    def over(self, other: Metadata) -> Metadata:
        """These facts, and those of `other` where there are none here; a series and its number stay together."""
        mine = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        if self.series:
            other = replace(other, series=None, series_index=None)
        return replace(other, **{name: value for name, value in mine.items() if value})


def _nothing() -> None:
    """Close nothing."""


@dataclass(frozen=True, slots=True)
class Document:
    """An opened book, to be used in a ``with`` statement.

    Attributes:
        metadata: what the book says about itself.
        blocks: opens the stream of the book's content, in reading order; every call starts anew. Paragraphs before
            the first `ChapterStart` belong to no chapter yet.
        cover: reads the cover, or gives None.
        close: gives files back.
    """

    metadata: Metadata
    blocks: Callable[[], Iterator[Block]]
    cover: Callable[[], Cover | None] = field(default=lambda: None)
    close: Callable[[], None] = _nothing

    def __enter__(self) -> Document:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
