"""Phase 5.5: the book's own text with the times at which it is heard, as SRT, WebVTT and a read-along EPUB."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from phases.contract import Plan, Result
from phases.cues import Cue, arranged, sentence_cues, to_srt, to_vtt, unhurried
from phases.files import read_json, write_text
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
    """
    stem = file_stem(read_json(plan.inputs["book"]))
    wanted = plan.settings.get("formats", ("srt", "vtt"))
    files = {name: f"{stem}.{name}" for name in wanted}
    with Progress(plan.progress, plan.phase, 1) as progress:
        cues = list(arranged(_cues(plan)))
        if "srt" in files:
            write_text(plan.attempt_dir / files["srt"], "".join(to_srt(cues)))
        if "vtt" in files:
            vtt = to_vtt(cues, word_times=plan.settings.get("word_times", False))
            write_text(plan.attempt_dir / files["vtt"], "".join(vtt))
        progress.advance()
    metrics = {"cues": len(cues)}
    if "epub" in files and not _write_epub(plan, plan.attempt_dir / files["epub"]):
        del files["epub"]
    return Result(deliverables=files, metrics=metrics)


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
