"""How a text would be said, step by step: ``python -m phases.explaining`` answers one JSON document with another.

Asked on standard input: ``text``, ``language`` (a BCP 47 tag, or null to detect it), ``spoken`` (switches) and
``lexicon`` (entries). Answered: ``language``, ``known`` (whether it has rules), ``steps`` (``rule``, ``written``,
``spoken`` and the whole text ``after`` it) and ``sentences`` (``spoken``, ``phonemes``), or ``error``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from phases.chunking import MAX_CHARS
from phases.contract import PermanentError
from phases.readers import language as languages
from phases.spoken.changes import Change
from phases.spoken.form import spoken_form
from phases.spoken.wording import LANGUAGES, Wording


def explained(text: str, language: str | None, off: frozenset[str], lexicon: Sequence[Mapping[str, Any]]) -> Any:
    """The answer.

    Args:
        text: one paragraph.
        language: a BCP 47 tag; None detects it.
        off: names of the rules that are switched off.
        lexicon: entries.

    Raises:
        PermanentError: a pattern of the lexicon takes too long.
    """
    content = " ".join(text.split())
    tag = language or languages.detected(content)
    wording = Wording(tag, off, tuple(lexicon))
    changes = wording.changes(content)
    order = {name: place for place, name in reversed(list(enumerate(rule.name for rule in wording.rules)))}
    ranked = sorted(changes, key=lambda change: (order[change.rule], change.start))
    return {
        "language": tag,
        "known": tag.partition("-")[0].lower() in LANGUAGES,
        "steps": list(_steps(content, ranked)),
        "sentences": [
            {"spoken": form.text, "phonemes": [[form.text[a:b], ipa] for a, b, ipa in form.phonemes]}
            for _, form in wording.sentences(content, MAX_CHARS)
        ],
    }


def _steps(content: str, ranked: Sequence[Change]) -> Iterator[dict[str, str]]:
    """The changes rule by rule, with the text as it is after each rule."""
    done: list[Change] = []
    for number, change in enumerate(ranked):
        done.append(change)
        last = number + 1 == len(ranked) or ranked[number + 1].rule != change.rule
        step = {"rule": change.rule, "written": content[change.start : change.end], "spoken": change.spoken}
        if change.phonemes:
            step["phonemes"] = change.phonemes
        if last:
            step["after"] = spoken_form(content, 0, len(content), sorted(done, key=lambda c: (c.start, c.end))).text
        yield step


def main() -> int:
    """Answer what standard input asks."""
    asked = json.load(sys.stdin)
    off = frozenset(name for name, on in asked.get("spoken", {}).items() if not on)
    try:
        answer = explained(asked["text"], asked.get("language"), off, asked.get("lexicon", ()))
    except PermanentError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
