"""What would be said, before a word of it is spoken: the changes of a book, and the steps that a text goes through."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.beside import merged
from orchestrator.preview import PreviewError, worked_out
from orchestrator.sections.sound import DEFAULT_VOICE
from orchestrator.settings import Settings
from orchestrator.sources import Source
from phases.spoken_rules import SPOKEN_RULES
from pipeline_common.printable import printable

_PHASES = ("validation", "extraction", "chunking")
_MOST_OFTEN = 5
_MOST_WORDS = 40
_AROUND_CHARACTERS = 24
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def explain(text: str, settings: Settings, language: str | None) -> Iterator[str]:
    """The lines that say how a text becomes what the voice is given, rule by rule.

    Args:
        text: a paragraph.
        settings: what the work on books depends on: switches and lexicon.
        language: of the text; None detects it.

    Raises:
        PreviewError: there is no answer; the message says why.
    """
    chunking = settings.by_phase["chunking"].values
    asked = {"text": text, "language": language, "spoken": chunking["spoken"], "lexicon": chunking["lexicon"]}
    answer = _answer("phases.explaining", asked)
    rules = "" if answer["known"] else ", which has no rules of its own"
    yield printable(f"{text}  ({answer['language']}{rules})")
    for step in answer["steps"]:
        sound = f" [{step['phonemes']}]" if "phonemes" in step else ""
        yield printable(f"  {step['rule']}: “{step['written']}” → “{step['spoken']}”{sound}")
        if "after" in step:
            yield printable(f"      {step['after']}")
    if not answer["steps"]:
        yield "  nothing is said otherwise than it is written"
    for sentence in answer["sentences"]:
        sounds = "".join(f"  {word} [{ipa}]" for word, ipa in sentence["phonemes"])
        yield printable(f"said: {sentence['spoken']}{sounds}")


def heard(path: Path, settings: Settings, source: Source) -> Iterator[str]:
    """The lines that say what of a book is said otherwise than it is written, and what the voice's dictionary lacks.

    Args:
        path: the book's file, absolute.
        settings: what the work on books depends on.
        source: the facts of the file, with what lies beside it.

    Raises:
        PreviewError: the book is refused, or there is no answer.
    """
    with tempfile.TemporaryDirectory(prefix="audiobook-preview-") as folder:
        artifacts = worked_out(_PHASES, path, settings, source, Path(folder))
        book = json.loads(artifacts["book"].read_text(encoding="utf-8"))
        counts = _Counts()
        counts.take(_lines(artifacts["text"]), _lines(artifacts["chunks"]))
    yield printable(f"{book['title']} · {book['language']}")
    yield from _changes(counts)
    voice = merged(settings.by_phase["synthesis"].values, source.beside.get("synthesis"))
    if settings.by_phase["synthesis"].command is not None:
        yield "The voice is a program of your own, so nobody knows which words are in its dictionary."
        return
    for language, words in counts.words.items():
        passage = language.partition("-")[0].lower() != str(book["language"]).partition("-")[0].lower()
        chosen = {"voice": voice["voice"], "voice_is_default": voice["voice_is_default"]}
        if passage:  # as synthesis does: the book's own voice is for the book's own language
            chosen = {"voice": DEFAULT_VOICE, "voice_is_default": True}
        asked = {**chosen, "key": "tts.voice", "language": language, "words": sorted(words)}
        try:
            unknown = _answer("phases.voices.dictionary", asked)["unknown"]
        except PreviewError as error:  # there may be no voice for a passage, which the book's own then speaks
            yield printable(str(error))
            continue
        yield from _unknown(language, words, unknown)


def voice_faults(settings: Settings) -> list[str]:
    """What is wrong with the voices that the configuration names: a sentence each, with the nearest names."""
    synthesis = settings.by_phase["synthesis"]
    if synthesis.command is not None or not any(phase.name == "synthesis" for phase in settings.phases()):
        return []
    named = [("tts.fallback", voice) for voice in synthesis.values["fallback"]]
    if not synthesis.values["voice_is_default"]:
        named.insert(0, ("tts.voice", synthesis.values["voice"]))
    faults = []
    for key, voice in named:
        asked = {"voice": voice, "voice_is_default": False, "key": key, "language": None, "words": []}
        try:
            _answer("phases.voices.dictionary", asked)
        except PreviewError as error:
            faults.append(str(error))
    return faults


def _answer(module: str, asked: Mapping[str, Any]) -> Any:
    """What a module of the phases answers to a question, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", module], input=json.dumps(asked), check=False, capture_output=True, text=True
    )
    try:
        answer = json.loads(ended.stdout)
    except json.JSONDecodeError as error:
        last = (ended.stderr.strip().splitlines() or ["no word of why"])[-1]
        raise PreviewError(f"{module} ended with exit code {ended.returncode} and no answer: {last}") from error
    if "error" in answer:
        raise PreviewError(answer["error"])
    return answer


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@dataclass(slots=True)
class _Counts:
    """What is said otherwise, by rule; and the words that are said, by language."""

    changes: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    examples: dict[tuple[str, str, str], str] = field(default_factory=dict)
    passages: Counter[str] = field(default_factory=Counter)
    words: dict[str, Counter[str]] = field(default_factory=dict)

    def take(self, rows: Iterable[Mapping[str, Any]], chunks: Iterable[Mapping[str, Any]]) -> None:
        texts: dict[tuple[int, int], str] = {}
        for row in rows:
            if row["omit"] is None:
                texts[row["chapter"], row["paragraph"]] = row["text"]
                self.passages.update(tag for _, _, tag in row.get("passages", ()))
        for chunk in chunks:
            words = self.words.setdefault(chunk["language"], Counter())
            for sentence in chunk["sentences"]:
                self._sentence(texts[chunk["chapter"], sentence["paragraph"]], sentence)
                words.update(_WORD.findall(sentence["spoken"]))

    def _sentence(self, text: str, sentence: Mapping[str, Any]) -> None:
        spoken = {(since, until): sentence["spoken"][a:b] for a, b, since, until in sentence["map"]}
        for rule, since, until in sentence.get("changes", ()):
            pair = text[since:until].strip(), spoken.get((since, until), "").strip()
            self.changes.setdefault(rule, Counter())[pair] += 1
            if (rule, *pair) not in self.examples:
                before = text[max(sentence["start"], since - _AROUND_CHARACTERS) : since]
                after = text[until : min(sentence["end"], until + _AROUND_CHARACTERS)]
                self.examples[rule, *pair] = " ".join(f"{before}{text[since:until]}{after}".split())


def _changes(counts: _Counts) -> Iterator[str]:
    total = sum(found.total() for found in counts.changes.values())
    yield f"{total:,} changes"
    for rule, found in sorted(counts.changes.items(), key=lambda pair: (-pair[1].total(), pair[0])):
        yield f"  {rule}: {found.total():,}, {len(found):,} different: {SPOKEN_RULES.get(rule, '')}"
        for (written, spoken), count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_OFTEN]:
            said = f"“{spoken}”" if spoken else "nothing"
            example = counts.examples[rule, written, spoken]
            yield printable(f"    {count:>6,}  “{written}” → {said}    {example}")
    for language, count in counts.passages.most_common():
        yield f"  passages marked as {language}: {count:,}"


def _unknown(language: str, words: Counter[str], unknown: Sequence[str]) -> Iterator[str]:
    """The words that a voice says by its rules for spelling alone: names first, where these rules fail."""
    names = [word for word in unknown if word[:1].isupper() and not word.isupper() and word.lower() not in words]
    others = [word for word in unknown if word[:1].islower()]
    of_all = f"{len(unknown):,} of {len(words):,} words"
    yield f"Not in the voice's dictionary ({language}), so said by its rules for spelling: {of_all}"
    for kind, found in (("names", names), ("other words", others)):
        if found:
            most = sorted(found, key=lambda word: (-words[word], word))[:_MOST_WORDS]
            yield printable(f"  {kind}: {', '.join(f'{word} ({words[word]:,})' for word in most)}")
