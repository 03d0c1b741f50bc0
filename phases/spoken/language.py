"""What the rules know of a language: its words for numbers, months, money, measures and signs, as data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from phases.spoken import numbers


@dataclass(frozen=True)
class Language:
    """The words of a language, as far as the shared rules need them; a language adds rules of its own where it must.

    Attributes:
        code: of ISO 639-1, as num2words knows it.
        point: the name of the decimal sign.
        decimal_sign: ``.`` or ``,``.
        thousands: the characters that may part groups of three digits, for a set in a regular expression.
        minus: the name of the sign before a number.
        plus: the name of the sign before a telephone number.
        to: what is said for the dash between two numbers.
        and_: joins a whole and its fraction, and a sum and its hundredths.
        months: each spelling in lower case, without a full stop, and the month's name.
        currencies: each sign or code, and (one, many, one hundredth, many hundredths).
        big: abbreviations of "million" and the like, and the words themselves, behind a sum.
        units: each abbreviation, and (one, many).
        percent: the words for ``%`` and ``‰``.
        chapter: the word for a chapter.
        signs: what is said for each sign.
        fractions: names of the parts by denominator, as (one, many); 0 has those of all others, made of the ordinal.
        at: of e-mail addresses.
        dot: of addresses.
        after_millions: what comes between "million" and the money, with a space: "de " in French.
        elides: whether that loses its vowel before another one.
        decimals_as_number: whether two digits behind the decimal sign are said as one number.
        abbreviations: what stands before a full stop, and what is said; they stand before more of the sentence.
        final_abbreviations: the same for those that may end a sentence.
        bare_abbreviations: abbreviations that are written without a full stop, before a name.
        numbered: what stands before a number, and what is said.
        counted: words before a Roman numeral that is a cardinal number, in lower case.
        rulers: names before a Roman numeral that is an ordinal number.
        regnal: how a ruler's number is said, given the number and the name.
        ordinal_dot: whether a ruler's numeral has a full stop of its own.
        half: how a number with a half is said, with ``{}`` for the number.
        starters: words with which a sentence rather than a name goes on after a letter and a full stop.
        single_words: letters that are words, so that with a full stop they may end a sentence.
        lone_letters: letters that are words, and stand in capitals among others that do.
        initialisms: words in capital letters that are spelled.
        short_words: words of up to three letters that are no initialisms although they may stand in capitals.
        noun: a regular expression for what follows a number that stands before a word.
        before_word: how a number is said before a word, given how it is said alone, and the word; None changes nothing.
        one: how the number 1 is said before a noun in the singular; None says the number itself.
        attribute: regular expressions for what is before and behind a sum that goes with a noun: "a $10 bill".
        double_words: initialisms that are words, too, among others that stand in capitals.
    """

    code: str
    point: str
    decimal_sign: str
    thousands: str
    minus: str
    to: str
    and_: str
    months: Mapping[str, str]
    currencies: Mapping[str, tuple[str, str, str, str]]
    big: Mapping[str, str]
    units: Mapping[str, tuple[str, str]]
    percent: Mapping[str, str]
    chapter: str
    signs: Mapping[str, str]
    fractions: Mapping[int, tuple[str, str]]
    at: str
    dot: str
    plus: str = "plus"
    after_millions: str = ""
    elides: bool = False
    decimals_as_number: bool = False
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    final_abbreviations: Mapping[str, str] = field(default_factory=dict)
    bare_abbreviations: Mapping[str, str] = field(default_factory=dict)
    numbered: Mapping[str, str] = field(default_factory=dict)
    counted: frozenset[str] = frozenset()
    rulers: frozenset[str] = frozenset()
    regnal: Callable[[int, str], str] | None = None
    ordinal_dot: bool = False
    half: str = "{} and a half"
    starters: frozenset[str] = frozenset()
    single_words: frozenset[str] = frozenset()
    lone_letters: frozenset[str] = frozenset()
    initialisms: frozenset[str] = frozenset()
    short_words: frozenset[str] = frozenset()
    noun: str = r" [^\W\d_]"
    before_word: Callable[[str, str], str] | None = None
    one: Callable[[str], str] | None = None
    attribute: tuple[str, str] | None = None
    double_words: frozenset[str] = frozenset()

    @cached_property
    def number(self) -> str:
        """A regular expression for a number with its groups and decimals."""
        sign = re.escape(self.decimal_sign)
        grouped = rf"[0-9]{{1,3}}(?:[{self.thousands}][0-9]{{3}})+"
        spaced = r"[0-9]{1,3}(?: 000){1,4}(?! ?[0-9])|[0-9]{1,3}(?: [0-9]{3}){2,4}(?! ?[0-9])"
        return rf"(?:{grouped}|[0-9]{{1,3}}(?:['’‘][0-9]{{3}})+|{spaced}|[0-9]+)(?:{sign}[0-9]+)?(?![0-9])"

    def said(self, written: str) -> str:
        """A number as it is said, decimals included."""
        whole, _, decimals = written.partition(self.decimal_sign)
        whole = re.sub(r"[^0-9]", "", whole)
        said = numbers.cardinal(whole or "0", self.code)
        return f"{said} {self.point} {self.decimals(decimals)}" if decimals else said

    def decimals(self, digits: str) -> str:
        """The digits behind the decimal sign."""
        if self.decimals_as_number and len(digits) <= 2 and not digits.startswith("0"):
            return numbers.cardinal(digits, self.code)
        return numbers.one_by_one(digits, self.code)

    def of(self, noun: str) -> str:
        """A noun behind "million"."""
        if self.elides and noun[:1] in "aeiouéh":
            return f"{self.after_millions[:-2]}'{noun}"
        return f"{self.after_millions}{noun}"

    def counted_noun(self, written: str, one: str, many: str) -> str:
        """A number and its noun: "one pound", "three pounds"."""
        if self.is_one(written):
            return f"{self.one(one) if self.one else self.said('1')} {one}"
        said = self.said(written)
        return f"{self.before_word(said, many) if self.before_word else said} {many}"

    def counting(self, digits: str) -> str:
        """A whole number as it is said before more of it: "eineinhalb"."""
        said = numbers.cardinal(digits, self.code)
        return self.before_word(said, "") if self.before_word else said

    def is_one(self, written: str) -> bool:
        """Whether a noun after this number is in the singular."""
        return written == "1"
