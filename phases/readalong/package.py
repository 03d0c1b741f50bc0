"""Puts the read-along book together: pages, overlays and sound of all chapters, in a ZIP file without a clock."""

from __future__ import annotations

import datetime
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phases.audio.tags import Cover, Tags
from phases.contract import TransientError
from phases.names import UNKNOWN_AUTHOR
from phases.readalong.pages import ACTIVE_CLASS, Chapter, clips, direction, overlay, page, seconds, shown, xhtml
from phases.readalong.sound import Piece

_CLOCK = (1980, 1, 1, 0, 0, 0)
_NO_DATE = "1980-01-01"
_COPY_BYTES = 1 << 20
_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
_STYLE = f""".{ACTIVE_CLASS} {{ background-color: #ffe9a8; color: #000000 }}
.verse {{ margin-left: 2em }}
.scene-break {{ text-align: center }}
"""
_ACCESS = (
    ("accessMode", "textual"),
    ("accessMode", "auditory"),
    ("accessModeSufficient", "textual"),
    ("accessModeSufficient", "auditory"),
    ("accessibilityFeature", "synchronizedAudioText"),
    ("accessibilityFeature", "tableOfContents"),
    ("accessibilityHazard", "none"),
)


@dataclass(frozen=True, slots=True)
class Publication:
    """What the package says of the book.

    Attributes:
        tags: the book's.
        identifier: the same for the same text and voice, as a URN.
        cover: the picture; None for none.
    """

    tags: Tags
    identifier: str
    cover: Cover | None

    @property
    def language(self) -> str:
        """BCP 47; ``und`` where it is not known."""
        return self.tags.language or "und"


class ReadAlong:
    """Writes the file, a chapter after another, so that memory does not grow with the book."""

    def __init__(self, path: Path, publication: Publication) -> None:
        self._path = path
        self._zip = zipfile.ZipFile(path, "w")
        self._publication = publication
        self._items: list[str] = []
        self._spine: list[str] = []
        self._contents: list[str] = []
        self._durations_ms: dict[str, int] = {}
        self._write("mimetype", "application/epub+zip", compressed=False)
        self._write("META-INF/container.xml", _CONTAINER)

    def add(self, chapter: Chapter, piece: Piece | None) -> None:
        """Add a chapter with its sound; without any, its text alone."""
        text, marks = page(chapter, self._publication.language)
        self._write(f"EPUB/{chapter.page}", text)
        name = f"c{chapter.number:04d}"
        timed = clips(marks, piece) if piece else []
        overlaid = f' media-overlay="{name}-overlay"' if timed else ""
        self._items.append(f'<item id="{name}" href="{chapter.page}" media-type="application/xhtml+xml"{overlaid}/>')
        self._spine.append(f'<itemref idref="{name}"/>')
        self._contents.append(f'<li><a href="{chapter.page}">{shown(chapter.title)}</a></li>')
        if not timed or piece is None:
            return
        self._write(f"EPUB/{chapter.overlay}", overlay(chapter, timed, piece.path.name))
        self._copy(f"EPUB/{piece.path.name}", piece.path)
        self._durations_ms[f"{name}-overlay"] = sum(clip.end_ms - clip.begin_ms for clip in timed)
        self._items += [
            f'<item id="{name}-overlay" href="{chapter.overlay}" media-type="application/smil+xml"/>',
            f'<item id="{name}-sound" href="{piece.path.name}" media-type="{piece.media_type}"/>',
        ]

    def finish(self) -> None:
        """Write what names all chapters, close the file, and read it again.

        Raises:
            TransientError: it does not hold what was written (``not_verified``).
        """
        cover, language = self._publication.cover, self._publication.language
        if cover:
            self._write(f"EPUB/cover.{cover.extension}", cover.data, compressed=False)
            self._items.append(
                f'<item id="cover" href="cover.{cover.extension}" media-type="{cover.media_type}" '
                'properties="cover-image"/>'
            )
        contents = "\n".join(self._contents)
        nav = f'<nav epub:type="toc" id="toc">\n<ol>\n{contents}\n</ol>\n</nav>\n'
        self._write("EPUB/nav.xhtml", xhtml(self._publication.tags.title, language, nav))
        self._write("EPUB/style.css", _STYLE)
        self._write("EPUB/package.opf", self._package())
        self._zip.close()
        self._check()

    def _check(self) -> None:
        written = {entry.filename: (entry.CRC, entry.file_size) for entry in self._zip.infolist()}
        try:
            with zipfile.ZipFile(self._path) as file:
                found = {entry.filename: (entry.CRC, entry.file_size) for entry in file.infolist()}
                fault = f"{damaged} in it is damaged" if (damaged := file.testzip()) else ""
        except (zipfile.BadZipFile, zlib.error, OSError) as error:
            fault, found = f"it cannot be read ({error})", written
        if found != written:
            fault = "it does not list what was put into it"
        if fault:
            raise TransientError(
                f"The finished {self._path.name} did not pass its check: {fault}. Check the disk and run again.",
                error_type="not_verified",
            )

    def _package(self) -> str:
        items = "\n".join(
            [
                '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
                '<item id="style" href="style.css" media-type="text/css"/>',
                *self._items,
            ]
        )
        metadata = "\n".join(_metadata(self._publication, self._durations_ms))
        turning = direction(self._publication.language)
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
            f'unique-identifier="id" xml:lang="{shown(self._publication.language)}">\n'
            f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n{metadata}\n</metadata>\n'
            f"<manifest>\n{items}\n</manifest>\n"
            f'<spine page-progression-direction="{turning}">\n' + "\n".join(self._spine) + "\n</spine>\n</package>\n"
        )

    def _write(self, name: str, data: str | bytes, *, compressed: bool = True) -> None:
        entry = _entry(name, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED)
        self._zip.writestr(entry, data.encode("utf-8", "replace") if isinstance(data, str) else data)

    def _copy(self, name: str, path: Path) -> None:
        entry = _entry(name, zipfile.ZIP_STORED)
        entry.file_size = path.stat().st_size
        with path.open("rb") as source, self._zip.open(entry, "w") as target:
            shutil.copyfileobj(source, target, _COPY_BYTES)


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _CLOCK)
    entry.compress_type = compression
    return entry


def _metadata(publication: Publication, durations_ms: Mapping[str, int]) -> Iterator[str]:
    tags = publication.tags
    yield f'<dc:identifier id="id">{shown(publication.identifier)}</dc:identifier>'
    yield from _titles(tags)
    yield f"<dc:language>{shown(publication.language)}</dc:language>"
    yield from _people(tags.authors or [UNKNOWN_AUTHOR], tags.narrator)
    elements = {"publisher": tags.publisher, "date": _date(tags.published), "description": tags.description}
    for name, text in elements.items():
        if text:
            yield f"<dc:{name}>{shown(text)}</dc:{name}>"
    if tags.isbn:
        yield f"<dc:source>urn:isbn:{shown(tags.isbn)}</dc:source>"
    yield f'<meta property="dcterms:modified">{_date(tags.published, whole=True) or _NO_DATE}T00:00:00Z</meta>'
    if tags.series:
        yield f'<meta property="belongs-to-collection" id="series">{shown(tags.series)}</meta>'
        yield '<meta refines="#series" property="collection-type">series</meta>'
        if tags.volume:
            yield f'<meta refines="#series" property="group-position">{shown(tags.volume)}</meta>'
    yield from (f'<meta property="schema:{name}">{value}</meta>' for name, value in _ACCESS)
    for name, duration_ms in durations_ms.items():
        yield f'<meta property="media:duration" refines="#{name}">{seconds(duration_ms)}</meta>'
    yield f'<meta property="media:duration">{seconds(sum(durations_ms.values()))}</meta>'
    if tags.narrator:
        yield f'<meta property="media:narrator">{shown(tags.narrator)}</meta>'
    yield f'<meta property="media:active-class">{ACTIVE_CLASS}</meta>'


def _titles(tags: Tags) -> Iterator[str]:
    yield f'<dc:title id="title">{shown(tags.title)}</dc:title>'
    yield '<meta refines="#title" property="title-type">main</meta>'
    if tags.subtitle:
        yield f'<dc:title id="subtitle">{shown(tags.subtitle)}</dc:title>'
        yield '<meta refines="#subtitle" property="title-type">subtitle</meta>'


def _people(authors: Sequence[str], narrator: str | None) -> Iterator[str]:
    for number, author in enumerate(authors, start=1):
        yield f'<dc:creator id="author{number}">{shown(author)}</dc:creator>'
        yield f'<meta refines="#author{number}" property="role" scheme="marc:relators">aut</meta>'
    if narrator:
        yield f'<dc:contributor id="narrator">{shown(narrator)}</dc:contributor>'
        yield '<meta refines="#narrator" property="role" scheme="marc:relators">nrt</meta>'


def _date(published: str | None, *, whole: bool = False) -> str | None:
    """The book's date as far as it has the form of one: a year, a month or a day; `whole` gives the first day of it."""
    found = re.match(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?!\d)", published or "")
    parts = [part for part in found.groups() if part] if found else []
    day = "-".join([*parts, "01", "01"][:3])
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        return None
    return day if whole else "-".join(parts)
