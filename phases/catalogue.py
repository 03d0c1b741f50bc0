"""What the built-in phases are made of: their versions, what they read, and the libraries that their results depend on.

Standard library only, and cheap: whoever decides whether a phase must run again asks here without importing the phase.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A built-in phase.

    Attributes:
        name: the phase's name.
        version: grows with every change that gives other results for the same input.
        reads_source: whether the result depends on the book's own bytes.
        inputs: names of the artifacts of earlier phases that it needs.
        optional_inputs: names of artifacts that it uses where they exist.
        outputs: names of the artifacts that it may leave for later phases.
        handed_on: names of files for the listener that later phases may read, too.
        libraries: distributions whose version is part of the result.
        delivers: whether it leaves files for the listener.
    """

    name: str
    version: int
    reads_source: bool = False
    inputs: tuple[str, ...] = ()
    optional_inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    handed_on: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    delivers: bool = False

    def identity(self) -> dict[str, object]:
        """All of this phase that its results depend on, as JSON data."""
        return {
            "phase": self.name,
            "version": self.version,
            "libraries": {name: _installed_version(name) for name in self.libraries},
        }


BUILT_IN: dict[str, BuiltIn] = {
    phase.name: phase
    for phase in (
        BuiltIn("validation", 3, reads_source=True, outputs=("source",), libraries=("lxml", "pypdfium2")),
        BuiltIn(
            "extraction",
            7,
            reads_source=True,
            inputs=("source",),
            outputs=("book", "text", "cover"),
            libraries=(
                "charset-normalizer",
                "lxml",
                "markdown-it-py",
                "mdit-py-plugins",
                "pillow",
                "py3langid",
                "pypdfium2",
            ),
        ),
        BuiltIn(
            "chunking", 9, inputs=("book", "text"), outputs=("chunks",), libraries=("num2words", "regex", "sentencex")
        ),
        BuiltIn("synthesis", 1, inputs=("book", "chunks"), outputs=("timings",), libraries=("espeakng-loader",)),
        BuiltIn(
            "enhancement",
            4,
            inputs=("book", "text", "chunks", "timings"),
            optional_inputs=("cover",),
            outputs=("ledger", "report", "measurements"),
            handed_on=("m4b", "mp3"),
            libraries=("av", "imageio-ffmpeg", "mutagen", "numpy", "pillow"),
            delivers=True,
        ),
        BuiltIn(
            "subtitles",
            2,
            inputs=("book", "text", "chunks", "timings", "ledger"),
            optional_inputs=("cover", "m4b", "mp3"),
            libraries=("av",),
            delivers=True,
        ),
    )
}


HANDED_ON = frozenset(name for phase in BUILT_IN.values() for name in phase.handed_on)
"""Names of files for the listener that are read by phases, too."""


@cache
def _installed_version(distribution: str) -> str:
    from importlib import metadata  # a book's own process is told, and need not import it

    return metadata.version(distribution)
