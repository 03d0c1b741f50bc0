"""Voices: what turns a chunk's text into samples and word times, whatever the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

# The distribution that carries an engine and its data; its version stands for both.
_DISTRIBUTIONS: Mapping[str, str] = {"espeak": "espeakng-loader"}


@dataclass(frozen=True, slots=True)
class Speech:
    """A chunk as it was spoken.

    Attributes:
        pcm: signed 16-bit little-endian samples, mono.
        words: rows ``(spoken_from, spoken_to, time_s)`` in rising order; offsets count characters of the text.
    """

    pcm: bytes
    words: tuple[tuple[int, int, float], ...]


class Voice(Protocol):
    """One voice of one engine, with its settings."""

    @property
    def sample_rate(self) -> int:
        """Samples a second."""

    def speak(self, text: str) -> Speech:
        """Speak `text`, which is data: no markup in it has a meaning."""


def engines() -> tuple[str, ...]:
    """The names of the engines that there are."""
    return tuple(_DISTRIBUTIONS)


def engine_version(engine: str) -> str:
    """The version of an engine and its data, without loading either.

    Args:
        engine: one of `engines`.

    Raises:
        KeyError: there is no such engine.
    """
    return version(_DISTRIBUTIONS[engine])
