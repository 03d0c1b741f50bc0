"""Voices: what turns a chunk's text into samples and word times, whatever the engine."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol


class VoiceError(Exception):
    """A voice does not start, or refuses a text; the message says what it answered."""


@dataclass(frozen=True, slots=True)
class Speech:
    """A chunk as it was spoken.

    Attributes:
        pcm: samples, mono, little-endian: signed 16-bit, or 32-bit floats in -1..1 where `is_float`.
        words: rows ``(spoken_from, spoken_to, time_s)`` in rising order; offsets count characters of the text.
        is_float: whether the samples are floats.
    """

    pcm: bytes
    words: tuple[tuple[int, int, float], ...]
    is_float: bool = False


class Voice(Protocol):
    """One voice of one engine, with its settings."""

    @property
    def sample_rate(self) -> int:
        """Samples a second."""

    def speak(self, text: str, phonemes: Sequence[tuple[int, int, str]] = ()) -> Speech:
        """Speak `text`, which is data: no markup in it has a meaning.

        Args:
            text: the text.
            phonemes: rows (from, to, IPA): how parts of the text are pronounced, for a voice that can be told; they
                come from a lexicon, never from a book.

        Raises:
            VoiceError: it refuses the text.
        """


class Engine(Protocol):
    """A loaded synthesiser with its voices."""

    def choose(self, language: str | None, setting: str, *, is_default: bool, key: str) -> str:
        """The identifier of the voice for a text.

        Args:
            language: the text's BCP 47 tag; None where it is not known.
            setting: the voice of the configuration.
            is_default: the user has not set the voice, so it is for English and unknown languages only.
            key: where in the configuration the voice is set, for the error.

        Raises:
            PermanentError: there is no voice for the language, or none of that name.
        """

    def voice(self, identifier: str, settings: Mapping[str, Any]) -> Voice:
        """A voice with its settings: ``rate`` (words a minute) and ``pitch`` (0 to 99).

        It speaks as if the engine had said nothing before, and is to be asked for again before the next text. Voices
        that were asked for earlier are no longer to be used.

        Raises:
            VoiceError: it cannot be loaded.
        """

    def close(self) -> None:
        """Give back what loading it took."""


@dataclass(frozen=True, slots=True)
class EngineSource:
    """Where an engine comes from.

    Attributes:
        distribution: carries the engine and its data; its version stands for both.
        module: its ``open_engine()`` loads it.
    """

    distribution: str
    module: str


ENGINES: dict[str, EngineSource] = {"espeak": EngineSource("espeakng-loader", "phases.voices.espeak")}
"""The engines that there are, by name."""


def open_engine(engine: str) -> Engine:
    """Load an engine.

    Raises:
        KeyError: there is no such engine.
        VoiceError: it does not start.
        OSError: its library cannot be loaded.
    """
    loaded: Engine = importlib.import_module(ENGINES[engine].module).open_engine()
    return loaded


def engine_version(engine: str) -> str:
    """The version of an engine and its data, without loading either.

    Raises:
        KeyError: there is no such engine.
    """
    return version(ENGINES[engine].distribution)
