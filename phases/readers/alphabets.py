"""Whether text is written in the letters of some language: what an encoding that was guessed wrongly is not."""

from __future__ import annotations

import re
from itertools import islice

# The letters that a language has beside a to z, in lower case, and those of the loan words in its books.
_LATIN = {
    "ca": "àçèéíïòóúü·",
    "cs": "áčďéěíňóřšťúůýž",
    "cy": "âêîôûŵŷáéë",
    "da": "æøåéèêóôä",
    "de": "äöüßéèà",
    "en": "àâäçéèêëïîñôöüæœ",
    "eo": "ĉĝĥĵŝŭ",
    "es": "áéíñóúüªº",
    "et": "äõöüšž",
    "fi": "äöåšžé",
    "fr": "àâæçéèêëîïôœùûüÿ",
    "hr": "čćđšž",
    "hu": "áéíóöőúüű",
    "is": "áðéíóúýþæö",
    "it": "àèéìíîòóùú",
    "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž",
    "nl": "áàâéèêëíïóôöúüç",
    "pl": "ąćęłńóśźżé",
    "pt": "áâãàçéêíóôõúü",
    "ro": "ăâîșşțţ",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "sl": "čšžćđ",
    "sv": "åäöéèàü",
    "tr": "çğıöşüâîûi̇",
}
_OTHER = {
    "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "el": "αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ",
}
_ALPHABETS = tuple(frozenset(letters) for letters in (*_LATIN.values(), *_OTHER.values()))
# Marks that are at home in every language, at the edges of words.
_MARKS = frozenset("“”„‘’‚«»‹›–—…•·©®°§†‡¿¡€£¢½¼¾×²³¹№\u00a0\u00ad\u2009\u202f")
_WITHIN = frozenset("’·\u00ad")
# So many characters tell as much as all would.
_ENOUGH = 4000
_FOREIGN = re.compile(r"[^\x00-\x7f]")
# Scripts with so many letters that whoever guesses one has seen enough of them.
_LARGE_SCRIPTS = (
    (0x0590, 0x0E7F),
    (0x1100, 0x11FF),
    (0x3000, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0xFE30, 0xFFEF),
)
# Single letters of Korean, and Japanese ones of half the width: what other bytes look like, and hardly any book has.
_RARE = (("\u3131", "\u318e"), ("\uff61", "\uff9f"))
_GREEK, _FIRST_LARGE = "\u0370", "\u0590"


def fit(text: str) -> float:
    """The share of what is not ASCII that a text of one language could hold, where it stands: from 0 to 1.

    A mark inside a word, a capital letter after a small one, a letter that only ends words and letters of another
    script beside Latin ones count as wrong.

    Args:
        text: a sample.
    """
    kinds: dict[str, int] = {}
    total = wrong = 0
    for match in islice(_FOREIGN.finditer(text), _ENOUGH):
        place = match.start()
        character = match.group()
        total += 1
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if _is_wrong(character, before, after):
            wrong += 1
        elif _is_of_large_script(character):
            # One such letter alone in a Latin word: "ki뚀" was "kiša".
            beside_latin = _is_latin(before) or _is_latin(after)
            wrong += beside_latin and not any(map(_is_of_large_script, before + after))
        elif character not in _MARKS:
            kinds[character.lower()] = kinds.get(character.lower(), 0) + 1
    if not total:
        return 1.0
    letters = sum(kinds.values())
    at_home = max(sum(n for letter, n in kinds.items() if letter in alphabet) for alphabet in _ALPHABETS)
    return (total - wrong - (letters - at_home)) / total


def _is_of_large_script(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _LARGE_SCRIPTS)


def _is_wrong(character: str, before: str, after: str) -> bool:
    """Whether a character cannot stand between these two."""
    if character in _MARKS:
        inside = before.isalpha() and after.isalpha() and character not in _WITHIN
        return inside or (character == "\u00a0" and before in ("", "\n") and after.isalpha())
    if character >= _GREEK and character.isalpha() and character < _FIRST_LARGE:
        return (
            (character == "ς" and after.isalpha()) or _is_latin(before) or _is_latin(after) or _rises(character, before)
        )
    return any(first <= character <= last for first, last in _RARE) or _rises(character, before)


def _rises(character: str, before: str) -> bool:
    return character.isupper() and before.islower()


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()
