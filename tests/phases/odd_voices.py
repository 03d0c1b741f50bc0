"""A voice engine that misbehaves at marked texts and is eSpeak NG everywhere else.

A mark is a word of `ODDITIES`. It works on all voices but the German one, and on that, too, where the text also has
the word EVERYBODY. As a program, this runs phase 4 with this engine in the place of ``espeak``.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from phases.runner import run_phase
from phases.voices import ENGINES, EngineSource, Speech, Voice, VoiceError
from phases.voices.espeak import Espeak

SOURCE = EngineSource("espeakng-loader", "odd_voices")
FALLBACK = "gmw/de"
EVERYBODY = "EVERYBODY"


def open_engine() -> OddEngine:
    return OddEngine()


class OddEngine(Espeak):
    def voice(self, identifier: str, settings: Mapping[str, Any]) -> Voice:  # type: ignore[override]
        return OddVoice(super().voice(identifier, settings), identifier == FALLBACK)


class OddVoice:
    """One voice, which counts in the file ``ODD_VOICES_CALLS``, where that is set, what it has been asked."""

    def __init__(self, voice: Voice, is_fallback: bool) -> None:
        self._voice = voice
        self._is_fallback = is_fallback
        self.sample_rate = voice.sample_rate

    def speak(self, text: str, phonemes: Sequence[tuple[int, int, str]] = ()) -> Speech:
        earlier = self._count(text)
        speech = self._voice.speak(text)
        for mark, oddity in ODDITIES.items():
            if mark in text.split() and (EVERYBODY in text or not self._is_fallback):
                return oddity(speech, earlier)
        return speech

    def _count(self, text: str) -> int:
        calls = os.environ.get("ODD_VOICES_CALLS")
        if calls is None:
            return 0
        path = Path(calls)
        line = f"{'fallback' if self._is_fallback else 'wanted'}: {text}"
        earlier = path.read_text().splitlines().count(line) if path.exists() else 0
        with path.open("a") as file:
            file.write(line + "\n")
        return earlier


def _end(signum: int) -> Speech:
    faulthandler.disable()  # its report is for who does not expect the crash
    os.kill(os.getpid(), signum)
    raise AssertionError("this process lives on")


def _leave(code: int) -> Speech:
    os._exit(code)


def _refuse(_speech: Speech, _earlier: int) -> Speech:
    raise VoiceError("the model answered -1")


def _broken(_speech: Speech, _earlier: int) -> Speech:
    raise ZeroDivisionError("a bug of the voice")


def _floats(speech: Speech, *, odd: float | None = None) -> Speech:
    samples = array("f", (sample / 32767 for sample in memoryview(speech.pcm).cast("h")))
    if odd is not None:
        samples[len(samples) // 2] = odd
    return Speech(samples.tobytes(), speech.words, is_float=True)


def _overdriven(speech: Speech) -> Speech:
    louder = (max(-32768, min(32767, 8 * sample)) for sample in memoryview(speech.pcm).cast("h"))
    return Speech(array("h", louder).tobytes(), speech.words)


ODDITIES: dict[str, Callable[[Speech, int], Speech]] = {
    "CRASH": lambda _speech, _earlier: _end(signal.SIGSEGV),
    "KILLED": lambda _speech, _earlier: _end(signal.SIGKILL),
    "EXIT": lambda _speech, _earlier: _leave(3),
    "REFUSE": _refuse,
    "BROKEN": _broken,
    "SILENT": lambda speech, _earlier: Speech(bytes(len(speech.pcm)), speech.words),
    "HISS": lambda speech, _earlier: Speech(b"\x20\x00\xe0\xff" * (len(speech.pcm) // 4), speech.words),
    "NOTHING": lambda _speech, _earlier: Speech(b"", ()),
    "CLIPPED": lambda speech, _earlier: _overdriven(speech),
    "CUT": lambda speech, _earlier: Speech(speech.pcm[len(speech.pcm) // 40 * 2 :][: len(speech.pcm) // 40 * 2], ()),
    "ENDLESS": lambda speech, _earlier: Speech(speech.pcm * 40, speech.words),
    "NAN": lambda speech, _earlier: _floats(speech, odd=float("nan")),
    "INF": lambda speech, _earlier: _floats(speech, odd=float("-inf")),
    "FLOATS": lambda speech, _earlier: _floats(speech),
    "ONCE": lambda speech, earlier: speech if earlier else Speech(bytes(len(speech.pcm)), speech.words),
    "TWICE": lambda speech, earlier: speech if earlier >= 2 else Speech(bytes(len(speech.pcm)), speech.words),
    "TWICE_CRASHED": lambda speech, earlier: speech if earlier >= 2 else _end(signal.SIGSEGV),
}


if __name__ == "__main__":
    ENGINES["espeak"] = SOURCE
    sys.exit(run_phase(*map(Path, sys.argv[1:])))
