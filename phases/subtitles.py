"""Phase 5.5: the book's own text with the times at which it is heard, as SRT, WebVTT and a read-along EPUB.

What was written is read again before it is handed over.
"""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import tee, zip_longest
from pathlib import Path
from typing import Self

from phases.contract import Plan, Result, TransientError
from phases.cues import Cue, arranged, sentence_cues, to_srt, to_vtt, unhurried
from phases.files import read_json, sync_folder
from phases.heard import heard_paragraphs
from phases.names import file_stem
from phases.progress import Progress

_log = logging.getLogger(__name__)

_SOUNDS = ("m4b", "mp3")
"""The audiobooks that an EPUB can be made with, the better one first."""


def run(plan: Plan) -> Result:
    """Write the files of a book that need the times of its sentences.

    Settings: ``formats`` (srt, vtt, epub; default the first two), ``word_times`` (in the VTT, default false),
    ``narrator`` (named in the EPUB, default none).

    Raises:
        PermanentError: the ledger, the text and the chunks are not of one book (``subtitles``), or the audiobook
            cannot be parted into chapters (``read_along``).
        TransientError: a file does not hold what was written into it (``not_verified``).
    """
    stem = file_stem(read_json(plan.inputs["book"]))
    wanted = plan.settings.get("formats", ("srt", "vtt"))
    files = {name: f"{stem}.{name}" for name in wanted}
    with Progress(plan.progress, plan.phase, 1) as progress:
        cues = _write_texts(plan, {name: plan.attempt_dir / file for name, file in files.items()})
        progress.advance()
    if "epub" in files and not _write_epub(plan, plan.attempt_dir / files["epub"]):
        del files["epub"]
    return Result(deliverables=files, metrics={"cues": cues})


def _write_texts(plan: Plan, paths: Mapping[str, Path]) -> int:
    """Write the subtitles, cue by cue, so that memory does not grow with the book; returns how many cues there are."""
    forms: dict[str, Callable[[Iterable[Cue]], Iterator[str]]] = {
        "srt": to_srt,
        "vtt": partial(to_vtt, word_times=plan.settings.get("word_times", False)),
    }
    count = 0

    def counted(cues: Iterable[Cue]) -> Iterator[Cue]:
        nonlocal count
        for cue in cues:
            count += 1
            yield cue

    made = [name for name in forms if name in paths]
    copies = tee(counted(arranged(_cues(plan))), len(made))
    with ExitStack() as stack:
        texts = [stack.enter_context(_Text(paths[name])) for name in made]
        parts = [forms[name](cues) for name, cues in zip(made, copies, strict=True)]
        for pieces in zip_longest(*parts, fillvalue=""):
            for text, piece in zip(texts, pieces, strict=True):
                text.write(piece)
    sync_folder(plan.attempt_dir)
    return count


class _Text:
    """A text that is written piece by piece, made durable, and read again.

    Raises:
        TransientError: the file does not hold what was written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._checksum = 0

    def __enter__(self) -> Self:
        self._file = self._path.open("wb")
        return self

    def write(self, piece: str) -> None:
        data = piece.encode("utf-8", "replace")
        self._checksum = zlib.crc32(data, self._checksum)
        self._file.write(data)

    def __exit__(self, kind: object, *_error: object) -> None:
        with self._file as file:
            file.flush()
            os.fsync(file.fileno())
        found = zlib.crc32(self._path.read_bytes())
        if kind is None and found != self._checksum:
            raise TransientError(
                f"The finished subtitles did not pass their check: {self._path.name} holds another text than was "
                f"written (CRC {found:08x}, not {self._checksum:08x}). Check the disk and run again.",
                error_type="not_verified",
            )


def _write_epub(plan: Plan, path: Path) -> bool:
    """Write the EPUB; False where there is no sound for it."""
    sound = next((plan.inputs[name] for name in _SOUNDS if name in plan.inputs), None)
    if sound is None:
        _log.warning("There is no EPUB: it needs an audiobook in one file, m4b or mp3.")
        return False
    from phases.readalong.writing import write_read_along  # with what reads sound, which subtitles alone do not need

    write_read_along(path, plan, sound)
    return True


def _cues(plan: Plan) -> Iterator[Cue]:
    """The cues in the order of the book."""
    for paragraph in heard_paragraphs(plan):
        text = paragraph.row["text"]
        yield from unhurried(
            cue
            for sentence in paragraph.sentences
            for cue in sentence_cues(text, sentence.row, sentence.words, sentence.start_s, sentence.end_s)
        )
