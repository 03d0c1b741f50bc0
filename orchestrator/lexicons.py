"""Lexicons as data for the phase that uses them: entries of the configuration, and of files in YAML and W3C PLS.

Files come from strangers: they have limits, and no XML entity or network address in them is followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestrator.sections.lexicon import LexiconEntry, LexiconFile
from pipeline_common.strict_yaml import ConfigError, load

PLS_SUFFIX = ".pls"
_MOST_BYTES = 4 << 20
_SPACE = "{http://www.w3.org/2005/01/pronunciation-lexicon}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def as_data(entries: Iterable[LexiconEntry]) -> list[dict[str, Any]]:
    """Entries as JSON data, with what they say alone."""
    return [entry.model_dump(exclude_none=True) for entry in entries]


def read_lexicon(path: Path) -> list[dict[str, Any]]:
    """The entries of a file as JSON data.

    Raises:
        ConfigError: it cannot be read, or is wrong; the message names the file, the place and what to do.
    """
    if path.suffix.lower() == PLS_SUFFIX:
        return as_data(_pls_entries(path))
    found = load(path, LexiconFile)
    return [{**({"language": found.language} if found.language else {}), **entry} for entry in as_data(found.entries)]


def _pls_entries(path: Path) -> Iterator[LexiconEntry]:
    root = _pls_root(path)
    if (root.get("alphabet") or "ipa").lower() != "ipa":
        raise ConfigError(f"{path}: its alphabet is {root.get('alphabet')!r}, and only IPA is read. Convert it to IPA.")
    language = root.get(_LANGUAGE)
    for lexeme in root.iter(f"{_SPACE}lexeme", "lexeme"):
        words = [text for text in _texts(lexeme, "grapheme") if text]
        sounds, aliases = _texts(lexeme, "phoneme"), _texts(lexeme, "alias")
        for word in words:
            try:
                yield LexiconEntry(
                    text=word,
                    say=aliases[0] if aliases else None,
                    ipa=sounds[0] if sounds else None,
                    language=language,
                    case="exact",
                )
            except ValidationError as error:
                reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
                raise ConfigError(f"{path}, line {lexeme.sourceline}: {word!r}: {reason}") from error


def _texts(lexeme: Any, name: str) -> list[str]:
    """What a lexeme has of a kind, the preferred one first."""
    found = list(lexeme.iterchildren(f"{_SPACE}{name}", name))
    found.sort(key=lambda element: element.get("prefer") != "true")
    return [" ".join((element.text or "").split()) for element in found]


def _pls_root(path: Path) -> Any:
    from lxml import etree

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{path} is larger than {_MOST_BYTES >> 20} MiB. Cut it into several files.")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        root = etree.parse(path, parser).getroot()
    except OSError as error:
        raise ConfigError(f"{path}: the lexicon cannot be read ({error.strerror or error}).") from error
    except etree.XMLSyntaxError as error:
        raise ConfigError(f"{path}: it is no XML ({error.msg}).") from error
    if root.tag not in (f"{_SPACE}lexicon", "lexicon"):
        raise ConfigError(f"{path}: it is no pronunciation lexicon; its root is {root.tag!r}, expected 'lexicon'.")
    return root
