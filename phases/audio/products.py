"""The files that are made of a book: which there are, what each holds, and how it is put together of its frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phases.audio.checking import Wanted
from phases.audio.encoding import CODER_OF, Encoder, Piece
from phases.audio.joining import Frames, make_flac, make_m4b, make_mp3, make_opus, make_wav
from phases.audio.tags import (
    MOST_VORBIS_CHAPTERS,
    WHOLE_BOOK,
    Chapter,
    Cover,
    Tags,
    Track,
    id3_tag,
    write_mp4,
    write_vorbis,
)
from phases.audio.timeline import Segment, Timeline
from phases.files import sync_file
from phases.names import safe_name

CHAPTER_FILES = "mp3-chapters"


@dataclass(frozen=True, slots=True)
class About:
    """What a book's files say of themselves.

    Attributes:
        stem: the name of a file of the whole book, without extension.
        tags: the book's.
        cover: the picture; None for none.
        chapters: all of them, in order.
    """

    stem: str
    tags: Tags
    cover: Cover | None
    chapters: Sequence[Chapter]


@dataclass(frozen=True, slots=True)
class Product:
    """A file to be made.

    Attributes:
        key: names it among the deliverables.
        format: such as ``m4b``.
        path: where it is made.
        frames: what it is made of.
        start: its first sample in the book, at the voice's rate.
        end: the sample after its last.
        marks: where its chapters begin in it; of a chapter's own file, the file itself.
        track: which of the book's files it is.
    """

    key: str
    format: str
    path: Path
    frames: Frames
    start: int
    end: int
    marks: Sequence[Chapter]
    track: Track = WHOLE_BOOK

    @property
    def is_whole_book(self) -> bool:
        """Whether it holds all chapters."""
        return self.track is WHOLE_BOOK

    def takes(self, segment: Segment) -> bool:
        """Whether a segment lies in it."""
        return self.start <= segment.start < self.end

    def append(self, segment: Segment, pieces: Mapping[str, Piece]) -> None:
        """Add the frames of a segment."""
        self.frames.append(pieces[CODER_OF[self.format]], is_last=segment.end == self.end)


def products(formats: Sequence[str], about: About, timeline: Timeline, folder: Path, frames_dir: Path) -> list[Product]:
    """The files of a book, in the order of the formats."""
    made = []
    for name in formats:
        if name == CHAPTER_FILES:
            made += _chapter_files(about, timeline, folder, frames_dir)
            continue
        frames = Frames(frames_dir / f"whole.{name}")
        path = folder / f"{about.stem}.{name}"
        made.append(Product(name, name, path, frames, 0, timeline.samples, about.chapters))
    return made


def _chapter_files(about: About, timeline: Timeline, folder: Path, frames_dir: Path) -> list[Product]:
    titles = {chapter.index: chapter.title for chapter in about.chapters}
    ends = [segment for segment in timeline.segments if segment.ends_file]
    starts = [0, *(segment.end for segment in ends[:-1])]
    numbers = [segment.chunks[-1].chapter for segment in ends]
    made = []
    for number, (chapter, start, last) in enumerate(zip(numbers, starts, ends, strict=True), start=1):
        title = titles[chapter]
        if numbers.count(chapter) > 1:
            title = f"{title} ({numbers[:number].count(chapter)})"
        file_name = safe_name(f"{number:0{max(2, len(str(len(ends))))}} - {title}", str(number))
        key = f"{CHAPTER_FILES}-{number:03}"
        made.append(
            Product(
                key,
                CHAPTER_FILES,
                folder / f"{file_name}.mp3",
                Frames(frames_dir / f"{key}.mp3"),
                start,
                last.end,
                [Chapter(chapter, title, 0.0, round((last.end - start) / timeline.rate, 3))],
                Track(number, len(ends), title),
            )
        )
    return made


def finish(product: Product, about: About, encoder: Encoder) -> None:
    """Put a product together: frames, container, tags, cover; durable when this returns."""
    length, rate, coded_rate = product.end - product.start, encoder.rate, encoder.output_rate
    making: Mapping[str, Callable[[], None]] = {
        "mp3": lambda: _finish_mp3(product, about, encoder),
        CHAPTER_FILES: lambda: _finish_mp3(product, about, encoder),
        "m4b": lambda: make_m4b(
            product.frames,
            product.path,
            samples=length * coded_rate // rate,
            rate=coded_rate,
            chapters=[
                (round(mark.start_s * coded_rate), round(mark.end_s * coded_rate), mark.title) for mark in product.marks
            ],
            write_tags=lambda path: write_mp4(path, about.tags, about.cover),
        ),
        "opus": lambda: _finish_opus(product, about),
        "flac": lambda: _finish_flac(product, about, encoder),
        "wav": lambda: make_wav(
            product.frames, product.path, tag=id3_tag(about.tags, product.marks, about.cover), rate=rate
        ),
    }
    making[product.format]()
    sync_file(product.path)


def _finish_mp3(product: Product, about: About, encoder: Encoder) -> None:
    marks = product.marks if product.is_whole_book else []
    make_mp3(
        product.frames,
        product.path,
        tag=id3_tag(about.tags, marks, about.cover, product.track),
        samples=(product.end - product.start) * encoder.output_rate // encoder.rate,
        rate=encoder.output_rate,
        bitrate_kbps=encoder.bitrate_kbps,
    )


def _finish_flac(product: Product, about: About, encoder: Encoder) -> None:
    make_flac(product.frames, product.path, program=encoder.program, rate=encoder.rate)
    write_vorbis(product.path, about.tags, product.marks, about.cover)


def _finish_opus(product: Product, about: About) -> None:
    make_opus(product.frames, product.path)
    write_vorbis(product.path, about.tags, product.marks, about.cover)


def wanted(product: Product, about: About, timeline: Timeline) -> Wanted:
    """What a finished product has to be."""
    marks = product.marks
    if product.format in ("opus", "flac"):
        marks = marks[:MOST_VORBIS_CHAPTERS]
    title = product.track.title or about.tags.title
    return Wanted(
        name=product.format if product.is_whole_book else product.path.name,
        duration_s=(product.end - product.start) / timeline.rate,
        starts_s=[mark.start_s for mark in product.marks],
        checksum=product.frames.checksum,
        tags={"title": title, "album": about.tags.title, "artist": about.tags.author},
        chapters=[(mark.start_s, mark.title) for mark in marks] if product.is_whole_book else None,
        cover=about.cover,
        longest_pause_s=timeline.longest_pause_s,
    )


def voice_sample(product: Product, mark: Chapter, rate: int) -> int:
    """The sample in the book at which a part of a product begins, at the voice's rate."""
    return product.start + round(mark.start_s * rate)
