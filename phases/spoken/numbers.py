"""Numbers in words, by num2words, with what its languages get wrong set right here."""

from __future__ import annotations

import re
from functools import lru_cache

from num2words import num2words

_LONGEST = 15
"""More digits are read one by one."""

_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@lru_cache(maxsize=4096)
def cardinal(digits: str, language: str) -> str:
    """A whole number, given as its digits; digit by digit where it begins with a zero or is very long."""
    if (digits.startswith("0") and len(digits) > 1) or len(digits) > _LONGEST:
        return one_by_one(digits, language)
    return str(num2words(int(digits), lang=language)).replace(",", "")


@lru_cache(maxsize=1024)
def ordinal(number: int, language: str) -> str:
    """The number that says which one, in the form that a dictionary gives."""
    return str(num2words(number, lang=language, to="ordinal")).replace(",", "")


@lru_cache(maxsize=2048)
def year(number: int, language: str) -> str:
    """A year, as people say it."""
    said = str(num2words(number, lang=language, to="year")).replace(",", "")
    return said.replace(" honderd ", "honderd").replace(" honderd", "honderd") if language == "nl" else said


def one_by_one(digits: str, language: str) -> str:
    """The name of each digit; whatever else is between them is a pause."""
    groups = re.findall(r"[0-9]+", digits)
    return ", ".join(" ".join(cardinal(digit, language) for digit in group) for group in groups)


def roman(numeral: str) -> int:
    """The value of a Roman numeral of either case; 0 where it is none."""
    upper = numeral.upper()
    if not upper or not _ROMAN.fullmatch(upper):
        return 0
    values = [_ROMAN_DIGITS[letter] for letter in upper]
    return sum(-v if v < n else v for v, n in zip(values, [*values[1:], 0], strict=True))
