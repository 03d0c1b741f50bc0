"""Makes the read-along book of what earlier phases have left."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from phases.audio.tags import chapter_title, read_cover, tags_of
from phases.contract import Plan
from phases.files import read_json, read_lines, sync_file
from phases.heard import heard_paragraphs
from phases.progress import Progress
from phases.readalong.package import Publication, ReadAlong
from phases.readalong.pages import Chapter
from phases.readalong.sound import pieces
from phases.slots import core_slot

# A chapter's sound begins in the pause before its first word, at most so much earlier.
_LEAD_S = 0.5


def write_read_along(path: Path, plan: Plan, sound: Path) -> None:
    """Write the EPUB of a book; memory grows with its longest chapter's text alone.

    Args:
        path: the file to write.
        plan: of the phase; its setting ``narrator`` is named in the book.
        sound: the audiobook, ``.m4b`` or ``.mp3``.

    Raises:
        PermanentError: the files are not of one book, or the audiobook is none that can be parted.
        TransientError: the file does not hold what was written (``not_verified``).
    """
    chapters = list(_chapter_numbers(plan))
    cuts_s = _cuts(plan)
    parts = path.with_suffix(".parts")
    parts.mkdir()
    sounds = pieces(sound, list(cuts_s.values()), parts)
    book = ReadAlong(path, _publication(plan))
    titles = {row["index"]: row for row in read_json(plan.inputs["book"])["chapters"]}
    by_chapter = groupby(heard_paragraphs(plan), key=lambda paragraph: int(paragraph.row["chapter"]))
    with Progress(plan.progress, plan.phase, len(chapters)) as progress:
        for number, (index, paragraphs) in enumerate(by_chapter, start=1):
            row = titles.get(index, {})
            chapter = Chapter(number, chapter_title(row.get("title"), index), row.get("level", 1), list(paragraphs))
            with core_slot(plan.slots_dir, plan.cores):
                piece = next(sounds) if index in cuts_s else None
                book.add(chapter, piece)
            if piece:
                piece.path.unlink()
            progress.advance()
    book.finish()
    shutil.rmtree(parts)
    sync_file(path)


def _chapter_numbers(plan: Plan) -> Iterator[int]:
    spoken = (row["chapter"] for row in read_lines(plan.inputs["text"]) if row["omit"] is None)
    yield from (number for number, _rows in groupby(spoken))


def _cuts(plan: Plan) -> dict[int, float]:
    """Where in the sound each chapter that is heard begins, in seconds, in their order."""
    cuts: dict[int, float] = {}
    end_s = 0.0
    for entry in read_lines(plan.inputs["ledger"]):
        for chunk in entry.get("chunks", ()):
            if not cuts:
                cuts[entry["chapter"]] = 0.0
            elif entry["chapter"] not in cuts:
                cuts[entry["chapter"]] = chunk["from"] - min(_LEAD_S, max(0.0, chunk["from"] - end_s) / 2)
            end_s = chunk["to"]
    return cuts


def _publication(plan: Plan) -> Publication:
    tags = tags_of(read_json(plan.inputs["book"]), plan.settings.get("narrator"))
    digest = hashlib.sha256()
    for name in ("book", "text", "timings"):
        with plan.inputs[name].open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    identifier = uuid.UUID(bytes=digest.digest()[:16], version=5)
    cover = read_cover(plan.inputs["cover"]) if "cover" in plan.inputs else None
    return Publication(tags, identifier.urn, cover)
