"""Which language a book is in: as declared, else as detected from its text."""

from __future__ import annotations

import re

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_UNKNOWN = frozenset(["und", "zxx", "mul", "mis", "xx", "xxx"])
_THREE_LETTERS = {
    "eng": "en",
    "fre": "fr",
    "fra": "fr",
    "ger": "de",
    "deu": "de",
    "spa": "es",
    "ita": "it",
    "por": "pt",
    "dut": "nl",
    "nld": "nl",
    "rus": "ru",
    "pol": "pl",
    "swe": "sv",
    "dan": "da",
    "nor": "no",
    "fin": "fi",
    "cze": "cs",
    "ces": "cs",
    "jpn": "ja",
    "chi": "zh",
    "zho": "zh",
    "lat": "la",
    "ell": "el",
    "gre": "el",
    "hun": "hu",
    "tur": "tr",
    "ukr": "uk",
}
# Written alike: the detector cannot tell which of them a page of Chinese or Norwegian is meant to be.
_SPOKEN_AS = {"wuu": "zh", "no": "nb"}
DEFAULT = "en"
SAMPLE_CHARACTERS = 20_000
# Below this, a detector guesses: "Ouch." is no evidence of any language.
_ENOUGH_CHARACTERS = 200
_ENOUGH_FOREIGN = 40
_BEYOND_LATIN = 0x370


def declared(tag: str | None) -> str | None:
    """A usable BCP 47 tag from what a book declares, in the book's own words; None where it declares nothing usable."""
    cleaned = (tag or "").strip().replace("_", "-")
    if not _TAG.fullmatch(cleaned) or cleaned.split("-")[0].lower() in _UNKNOWN:
        return None
    primary, dash, rest = cleaned.partition("-")
    return _THREE_LETTERS.get(primary.lower(), primary.lower()) + dash + rest


def detected(sample: str) -> str:
    """The language of a piece of text as a two-letter code; English where the piece is too short to tell."""
    letters = [character for character in sample if character.isalpha()]
    # A script that is not Latin says much by itself.
    foreign = sum(ord(letter) >= _BEYOND_LATIN for letter in letters)
    enough = _ENOUGH_FOREIGN if 2 * foreign > len(letters) else _ENOUGH_CHARACTERS
    if len(letters) < enough:
        return DEFAULT
    import py3langid

    code = str(py3langid.classify(sample[:SAMPLE_CHARACTERS])[0])
    return _SPOKEN_AS.get(code, code)
