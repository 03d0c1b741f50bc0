"""Which words a voice's dictionary does not know: ``python -m phases.voices.dictionary`` answers JSON with JSON.

Asked on standard input: ``language``, ``voice``, ``voice_is_default`` (as in the settings of synthesis) and ``words``.
Answered: ``unknown``, those that the voice pronounces by its rules for spelling alone, or ``error``. Most words of a
language are said well by these rules; names are where they fail.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from phases.contract import PhaseError
from phases.voices import VoiceError
from phases.voices.espeak import Espeak
from phases.voices.espeak_text import speakable

_TOLD = re.compile(r"(?P<how>Found|Translate):? '(?P<word>[^\s]+)'")
_SHORTEST_STEM = 3
_AT_ONCE = 500


def unknown_words(engine: Espeak, words: Sequence[str]) -> list[str]:
    """Those of `words`, in their order, that are not in the dictionary of the selected voice."""
    unknown: set[str] = set()
    for first in range(0, len(words), _AT_ONCE):
        batch = words[first : first + _AT_ONCE]
        unknown |= _by_rules({word.lower() for word in batch}, engine.looked_up("\n\n".join(map(speakable, batch))))
    return [word for word in words if word.lower() in unknown]


def _by_rules(words: set[str], told: str) -> set[str]:
    """What eSpeak translates by its rules, unless it then finds the stem of it."""
    unknown: set[str] = set()
    current = ""
    for line in told.splitlines():
        found = _TOLD.match(line)
        if found is None:
            continue
        word = found["word"]
        if found["how"] == "Translate":
            if word in words:
                current = word
                unknown.add(word)
        elif len(word) >= _SHORTEST_STEM and current.startswith(word[:-1]):
            unknown.discard(current)
    return unknown


def main() -> int:
    """Answer what standard input asks."""
    asked = json.load(sys.stdin)
    try:
        engine = Espeak()
        try:
            voice = engine.choose(
                asked["language"], asked["voice"], is_default=asked["voice_is_default"], key=asked["key"]
            )
            engine.select(voice, 160, 50)
            answer: dict[str, Any] = {"unknown": unknown_words(engine, asked["words"])}
        finally:
            engine.close()
    except (PhaseError, VoiceError, OSError) as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
