"""A chapter of the read-along book: its page in XHTML with a span a sentence, and the overlay that times the spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from phases.heard import HeardParagraph
from phases.names import xml_text
from phases.readalong.sound import Piece

ACTIVE_CLASS = "-epub-media-overlay-active"
_WHOLE = "chapter"
_DEEPEST_HEADING = 6
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter of the book.

    Attributes:
        number: of its files, counts from 1.
        title: as the book has it.
        level: 1 for the highest.
        paragraphs: all that are not left out.
    """

    number: int
    title: str
    level: int
    paragraphs: Sequence[HeardParagraph]

    @property
    def page(self) -> str:
        """The name of its page."""
        return f"c{self.number:04d}.xhtml"

    @property
    def overlay(self) -> str:
        """The name of its overlay."""
        return f"c{self.number:04d}.smil"


@dataclass(frozen=True, slots=True)
class Clip:
    """A span of a page, and from where to where it is heard in the chapter's sound, in milliseconds."""

    span: str
    begin_ms: int
    end_ms: int


def direction(language: str) -> str:
    """``rtl`` or ``ltr``."""
    return "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


def shown(text: str) -> str:
    """Text as it stands in XML."""
    return escape(xml_text(text))


def xhtml(title: str, language: str, body: str) -> str:
    """A whole page."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" lang="{shown(language)}" xml:lang="{shown(language)}" '
        f'dir="{direction(language)}">\n<head>\n<title>{shown(title)}</title>\n'
        f'<link rel="stylesheet" type="text/css" href="style.css"/>\n</head>\n<body>\n{body}</body>\n</html>\n'
    )


def page(chapter: Chapter, language: str) -> tuple[str, list[tuple[str, float]]]:
    """The page of a chapter, and rows (span, time in the audiobook) in the order in which they are heard."""
    marks: list[tuple[str, float]] = []
    body = "".join(_blocks(chapter, marks))
    return xhtml(chapter.title, language, f'<section id="{_WHOLE}" epub:type="chapter">\n{body}</section>\n'), marks


def clips(marks: Sequence[tuple[str, float]], piece: Piece) -> list[Clip]:
    """The clips of a chapter: each ends where the next one begins, so pauses are heard, and the last with the sound."""
    last_ms = int(piece.duration_s * 1000)
    begins = [min(max(0, round((time_s - piece.start_s) * 1000)), last_ms) for _span, time_s in marks]
    return [
        Clip(span, begin_ms, end_ms)
        for (span, _time_s), begin_ms, end_ms in zip(marks, begins, [*begins[1:], last_ms], strict=True)
        if end_ms > begin_ms
    ]


def overlay(chapter: Chapter, found: Sequence[Clip], sound: str) -> str:
    """The overlay of a chapter (EPUB 3.3, Media Overlays)."""
    pars = "".join(
        f'<par id="p-{clip.span}"><text src="{chapter.page}#{clip.span}"/>'
        f'<audio src="{sound}" clipBegin="{seconds(clip.begin_ms)}" clipEnd="{seconds(clip.end_ms)}"/></par>\n'
        for clip in found
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<smil xmlns="http://www.w3.org/ns/SMIL" '
        'xmlns:epub="http://www.idpf.org/2007/ops" version="3.0">\n<body>\n'
        f'<seq id="seq" epub:textref="{chapter.page}#{_WHOLE}">\n{pars}</seq>\n</body>\n</smil>\n'
    )


def seconds(time_ms: int) -> str:
    """A clock value, such as ``1.500s``."""
    return f"{time_ms // 1000}.{time_ms % 1000:03d}s"


def _blocks(chapter: Chapter, marks: list[tuple[str, float]]) -> Iterator[str]:
    in_list, headings = False, 0
    for paragraph in chapter.paragraphs:
        kind = paragraph.row["kind"]
        if in_list != (kind == "list_item"):
            in_list = not in_list
            yield "<ul>\n" if in_list else "</ul>\n"
        if kind == "heading":
            headings += 1
            level = min(chapter.level + (headings > 1), _DEEPEST_HEADING)
            yield f"<h{level}>{_text(paragraph, marks)}</h{level}>\n"
        elif kind == "list_item":
            yield f"<li>{_text(paragraph, marks)}</li>\n"
        elif kind == "quote":
            yield f"<blockquote><p>{_text(paragraph, marks)}</p></blockquote>\n"
        elif kind == "scene_break" and not paragraph.row["text"]:
            yield "<hr/>\n"
        else:
            name = f' class="{kind.replace("_", "-")}"' if kind in ("verse", "scene_break") else ""
            yield f"<p{name}>{_text(paragraph, marks)}</p>\n"
    if in_list:
        yield "</ul>\n"


def _text(paragraph: HeardParagraph, marks: list[tuple[str, float]]) -> str:
    """The text of a paragraph with a span around each sentence."""
    text = paragraph.row["text"]
    parts = []
    at = 0
    for sentence in sorted(paragraph.sentences, key=lambda found: found.row["start"]):
        start, end = max(at, sentence.row["start"]), sentence.row["end"]
        if not text[start:end].strip():
            continue
        span = f"s{len(marks) + 1}"
        marks.append((span, sentence.start_s))
        parts += [_lines(text[at:start]), f'<span id="{span}">{_lines(text[start:end])}</span>']
        at = end
    return "".join([*parts, _lines(text[at:])])


def _lines(text: str) -> str:
    return shown(text).replace("\n", "<br/>")
