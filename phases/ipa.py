"""The signs of the International Phonetic Alphabet that a lexicon may use, and how eSpeak NG writes their sounds.

Standard library only, because whoever checks a configuration asks here what a sign may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# The mnemonics of eSpeak NG (docs/phonemes.md of its sources); voices differ in which they have, the nearest first.
SOUNDS: Mapping[str, tuple[str, ...]] = {
    "tʃ": ("tS",), "dʒ": ("dZ",), "ts": ("ts",), "pf": ("pF",), "dz": ("dz",), "p": ("p",), "b": ("b",), "t": ("t",),
    "d": ("d",), "k": ("k",), "g": ("g",), "ɡ": ("g",), "f": ("f",), "v": ("v",), "θ": ("T", "t"), "ð": ("D", "d"),
    "s": ("s",), "z": ("z",), "ʃ": ("S",), "ʒ": ("Z",), "h": ("h",), "ɦ": ("h",), "m": ("m",), "n": ("n",),
    "ŋ": ("N",), "l": ("l",), "ɫ": ("l",), "r": ("r", "R"), "ɹ": ("r", "R"), "ɾ": ("*", "r"), "ʁ": ("r", "R"),
    "ʀ": ("R", "r"), "w": ("w",), "ʍ": ("w",), "j": ("j",), "x": ("x",), "χ": ("x",), "ç": ("C", "S"), "ɣ": ("Q", "g"),
    "β": ("B", "b"), "ʔ": ("?",), "ɲ": ("n^", "nj"), "ʎ": ("l^", "lj"), "ɥ": ("w",), "ɕ": ("S;", "S"), "ʑ": ("Z;", "Z"),
    "aɪ": ("aI",), "eɪ": ("eI",), "ɔɪ": ("OI",), "aʊ": ("aU",), "oʊ": ("oU",), "əʊ": ("oU",), "ɪə": ("I@", "i@"),
    "eə": ("e@", "E@"), "ɛə": ("e@", "E@"), "ʊə": ("U@", "u@"), "ɔʏ": ("OY", "OI"),
    "ɑː": ("A:", "a:", "a"), "ɑ": ("A", "A:", "a"), "ɒ": ("0", "O"), "a": ("a",), "aː": ("a:", "a"), "æ": ("a", "E"),
    "ɐ": ("a#", "a"), "e": ("e", "E"), "eː": ("e:", "e"), "ɛ": ("E", "e"), "ɛː": ("E:", "E"), "ə": ("@",),
    "ɜ": ("3", "3:", "W"), "ɜː": ("3:", "W:"), "ɚ": ("3", "@"), "ɝ": ("3:", "3"), "i": ("i", "i:", "I"),
    "iː": ("i:", "i"), "ɪ": ("I", "i"), "ɨ": ("I", "i"), "o": ("o", "O"), "oː": ("o:", "o", "O:"), "ɔ": ("O",),
    "ɔː": ("O:", "O"), "u": ("u", "u:", "U"), "uː": ("u:", "u"), "ʊ": ("U", "u"), "ʌ": ("V", "a"), "y": ("y", "u"),
    "yː": ("y:", "y", "u:"), "ʏ": ("y", "U"), "ø": ("Y", "W", "@"), "øː": ("Y:", "Y", "3:"), "œ": ("W", "3", "E"),
    "œ̃": ("W~", "V", "3"), "ɛ̃": ("E~", "aN"), "ɑ̃": ("A~", "O~"), "ɔ̃": ("O~", "oN"), "ã": ("A~", "a"), "õ": ("O~", "o"),
    "ˈ": ("'",), "'": ("'",), "ˌ": (",",), ".": ("",), " ": (" ",), "ː": (":",), "͡": ("",), "‿": ("",),
}  # fmt: skip
"""Each sign, or signs that make one sound, and the mnemonics that a voice may have for it."""

_LONGEST = max(map(len, SOUNDS))
_AROUND = re.compile(r"^[/\[\s]+|[/\]\s]+$")


def signs(ipa: str) -> Iterator[str]:
    """The signs of a transcription, each a key of `SOUNDS`.

    Raises:
        ValueError: there is something in it that is none; the message names it.
    """
    bare = _AROUND.sub("", ipa).replace("t͡ʃ", "tʃ").replace("d͡ʒ", "dʒ")
    position = 0
    while position < len(bare):
        for length in range(min(_LONGEST, len(bare) - position), 0, -1):
            if bare[position : position + length] in SOUNDS:
                yield bare[position : position + length]
                position += length
                break
        else:
            raise ValueError(
                f"{bare[position]!r} (U+{ord(bare[position]):04X}) is no sign of the IPA that is known here"
            )
