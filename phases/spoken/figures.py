"""Rules about numbers that all languages share, made from what a language says of itself."""

from __future__ import annotations

import re

from phases.spoken import numbers
from phases.spoken.changes import Rule
from phases.spoken.language import Language

_LEFT = r"(?<![\w.,/:–-])"
_FREE = r"(?<!\w)(?<![0-9][.,/:])"
_RIGHT = r"(?![\w])(?!-[0-9])"
_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4),
    "⅕": (1, 5), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip
# 12/13 is a fraction, 13/14 two numbers that follow each other.
_MOST_PARTS = 12
_MOST_DENOMINATOR = 100


def _alternatives(words: object) -> str:
    found = sorted(map(str, words), key=lambda word: (-len(word), word))  # type: ignore[call-overload]
    return "|".join(re.escape(word) for word in found)


def money(language: Language) -> Rule:
    """Sums: the sign before or after the number, hundredths, and words such as "million" behind it."""
    signs = _alternatives(language.currencies)
    number = language.number
    letters = _alternatives(word for word in language.big if len(word) == 1) or "(?!)"
    words = _alternatives(word for word in language.big if len(word) > 1)
    big = rf"(?:(?P<letter>{letters})|[ \u00a0-]?(?P<big>{words}))"
    pattern = re.compile(
        rf"{_FREE}(?:(?P<sign>{signs})[ \u00a0]?(?P<sum>{number})(?:[–-](?P<until>{number})(?![\w–-]))?(?:{big}\b)?"
        rf"|(?P<sum2>{number})(?:[–-](?P<until2>{number}))?(?:[ \u00a0](?P<big2>{words}))?[ \u00a0]?(?P<sign2>{signs}))"
        r"(?!\w)"
    )
    article = re.compile(language.attribute[0]) if language.attribute else None
    noun = re.compile(language.attribute[1]) if language.attribute else None

    def say(match: re.Match[str]) -> str | None:
        sign = match["sign"] or match["sign2"]
        amount = match["sum"] or match["sum2"]
        one, several, cent, cents = language.currencies[sign]
        big = match["letter"] or match["big"] or match["big2"]
        until = match["until"] or match["until2"]
        before = match.string[max(0, match.start() - 6) : match.start()]
        if article and noun and article.search(before) and noun.match(match.string, match.end()):
            several = one  # a ten dollar bill
        if until:
            amount_said = f"{language.said(amount)} {language.to} {language.said(until)}"
            return f"{amount_said} {language.big[big]} {language.of(several)}" if big else f"{amount_said} {several}"
        if big:
            return f"{language.said(amount)} {language.big[big]} {language.of(several)}"
        whole, _, hundredths = amount.partition(language.decimal_sign)
        if len(hundredths) != 2:
            return language.counted_noun(amount, one, several)
        count = re.sub(r"[^0-9]", "", whole)
        parts = []
        if int(count) or not int(hundredths):
            parts.append(language.counted_noun(count, one, several))
        if int(hundredths):
            parts.append(language.counted_noun(str(int(hundredths)), cent, cents))
        return f" {language.and_} ".join(parts)

    return Rule("money", pattern, say, "digit")


def units(language: Language) -> Rule:
    """Measures: "5 km" is five kilometres."""
    pattern = re.compile(
        rf"{_FREE}(?P<minus>[-−])?(?P<count>{language.number})(?P<gap>[ \u00a0\u202f-]?)"
        rf"(?P<unit>{_alternatives(language.units)})(?![\w²³])(?:\.(?=[,;]| [a-zà-ÿ]))?"
    )

    def say(match: re.Match[str]) -> str | None:
        one, several = language.units[match["unit"]]
        if match["unit"].endswith(".") and match.string[match.end() : match.end() + 1].isalnum():
            return None
        minus = f"{language.minus} " if match["minus"] else ""
        if match["gap"] == "-":
            return f"{minus}{language.said(match['count'])}-{one}"
        return f"{minus}{language.counted_noun(match['count'], one, several)}"

    return Rule("unit", pattern, say, "digit")


def units_of_fractions(language: Language) -> Rule:
    """The unit behind a fraction: "½ oz."."""
    units = _alternatives(unit for unit in language.units if len(unit) > 1)
    pattern = re.compile(rf"(?<=[{''.join(_VULGAR)}])(?P<gap>[ \u00a0]?)(?P<unit>{units})(?![\w²³])")

    def say(match: re.Match[str]) -> str:
        one, several = language.units[match["unit"]]
        is_more = match.string[max(0, match.start() - 3) : match.start() - 1].strip()[-1:].isdigit()
        return f" {several if is_more else one}"

    return Rule("unit", pattern, say, "fraction")


def percentages(language: Language) -> Rule:
    """Per cent and per mille."""
    pattern = re.compile(
        rf"{_FREE}(?P<minus>[-−])?(?P<count>{language.number})"
        rf"(?:[–-](?P<until>{language.number}))?[ \u00a0\u202f]?(?P<sign>[%‰])"
    )

    def say(match: re.Match[str]) -> str:
        minus = f"{language.minus} " if match["minus"] else ""
        until = f" {language.to} {language.said(match['until'])}" if match["until"] else ""
        return f"{minus}{language.said(match['count'])}{until} {language.percent[match['sign']]}"

    return Rule("percentage", pattern, say, "digit")


def fractions(language: Language) -> Rule:
    """Fractions, alone or behind a whole number; what is no usual one is left alone."""
    pattern = re.compile(
        rf"(?<![\w.,/])(?:(?P<whole>[0-9]{{1,4}})[ \u00a0]?)?"
        rf"(?:(?P<sign>[{''.join(_VULGAR)}])|(?<![0-9])(?P<over>[0-9]{{1,2}})[/⁄](?P<under>[0-9]{{1,3}})(?:ths?|rds?|nds?)?)(?![\w/]|[.,][0-9])"
    )

    def say(match: re.Match[str]) -> str | None:
        over, under = _VULGAR[match["sign"]] if match["sign"] else (int(match["over"]), int(match["under"]))
        # A day, 24/7, 50/50; two pages or years that follow each other: S. 22/23.
        pair = (over, under) in ((9, 11), (24, 7)) or over == under > 9 or under - 1 == over > _MOST_PARTS
        one, many = language.fractions.get(under) or _regular(language, under)
        if (pair or (0 < over == under - 1 and not many)) and not match["whole"]:
            return f"{numbers.cardinal(str(over), language.code)} {numbers.cardinal(str(under), language.code)}"
        if not 0 < over < under or under > _MOST_DENOMINATOR or not many:
            return None
        if match["whole"] and (over, under) == (1, 2):
            return language.half.format(language.counting(match["whole"]))
        said = f"{numbers.cardinal(str(over), language.code)} {many}" if over > 1 else one
        return f"{numbers.cardinal(match['whole'], language.code)} {language.and_} {said}" if match["whole"] else said

    return Rule("fraction", pattern, say, "fraction")


def _regular(language: Language, under: int) -> tuple[str, str]:
    one, many = language.fractions.get(0, ("", ""))
    name = numbers.ordinal(under, language.code)
    return one.format(name), many.format(name)


def telephones(language: Language) -> Rule:
    """Numbers that are dialled or looked up, digit by digit."""
    pattern = re.compile(
        r"(?<![\w.,+-])(?:(?P<plus>\+)[0-9]{1,3}(?:[ .-]?\(?[0-9]{1,5}\)?){2,6}"
        r"|\([0-9]{3,5}\) ?[0-9]{3,4}[ .-][0-9]{3,4}"
        r"|[0-9]{3}[-.][0-9]{3}[-.][0-9]{4}|[0-9]{3}-[0-9]{4}|0[0-9]{1,4}[ /-][0-9]{3,4}(?:[ -][0-9]{2,4}){1,3}"
        r"|(?:0[0-9] ){2}[0-9]{2} [0-9]{2} [0-9]{2}|0[0-9](?: [0-9]{2}){4}"
        r"|0[0-9]{1,4}[ /-][0-9]{5,8}|(?:(?<=[Tt][eé]l\. )|(?<=[Tt][eé]l: ))[0-9]{2,5}(?:[ .-]?[0-9]{2,4}){2,5}"
        r"|[0-9]{1,5}(?:-[0-9]{1,7}){3,4}|[0-9]{13,40})(?![\w-])(?![.,][0-9])"
    )

    def say(match: re.Match[str]) -> str:
        said = numbers.one_by_one(match.group(), language.code)
        return f"{language.plus} {said}" if match["plus"] else said

    return Rule("telephone", pattern, say, "digit")


def _year_of(digits: str, language: str) -> str:
    return numbers.year(int(digits), language)


def ranges(language: Language, years: tuple[int, int]) -> Rule:
    """Numbers from and to; two that can be years are years, the second perhaps without its century."""
    pattern = re.compile(
        rf"{_LEFT}(?:(?P<since>[0-9]{{1,6}})(?: ?[–—] ?|-)(?P<until>[0-9]{{1,6}})"
        rf"|(?P<year>1[1-9][0-9]{{2}}|20[0-9]{{2}})/(?P<next>[0-9]{{2}}|[0-9]{{4}})"
        rf"|['’](?P<short>[0-9]{{2}})[-–]['’]?(?P<short2>[0-9]{{2}}))(?![\w–/-])(?![.,:][0-9])"
    )

    def say(match: re.Match[str]) -> str:
        if match["year"]:  # 1914/15
            year, following = numbers.year(int(match["year"]), language.code), match["next"]
            said = numbers.cardinal if len(following) == 2 else _year_of
            return f"{year} {said(following, language.code)}"
        if match["short"]:
            since, until = match["short"], match["short2"]
            return f"{numbers.cardinal(since, language.code)} {language.to} {numbers.cardinal(until, language.code)}"
        since, until = match["since"], match["until"]
        if years[0] <= int(since) <= years[1] and len(since) == 4:
            if len(until) == 4 and years[0] <= int(until) <= years[1]:
                return (
                    f"{numbers.year(int(since), language.code)} {language.to} {numbers.year(int(until), language.code)}"
                )
            if len(until) == 2 and int(until) > int(since[2:]):
                short = numbers.cardinal(until, language.code)
                return f"{numbers.year(int(since), language.code)} {language.to} {short}"
        return f"{numbers.cardinal(since, language.code)} {language.to} {numbers.cardinal(until, language.code)}"

    return Rule("range", pattern, say, "digit")


def cardinals(language: Language) -> Rule:
    """All other numbers, decimals and signs before them included."""
    pattern = re.compile(
        rf"(?<![\w.])(?:(?<![^\s(\[„“\"'«])(?P<minus>[-−])(?=[0-9]))?(?P<count>{language.number})(?!\w|[.,][0-9])"
    )

    def say(match: re.Match[str]) -> str:
        said = language.said(match["count"])
        noun = before_noun.match(match.string, match.end())
        if noun and language.before_word:
            word = a_word.match(match.string, match.end() + 1)
            said = language.before_word(said, word.group() if word else "")
        return f"{language.minus} {said}" if match["minus"] else said

    before_noun, a_word = re.compile(language.noun), re.compile(r"[^\W\d_]+")
    return Rule("number", pattern, say, "digit")


def lists(language: Language) -> Rule:
    """Numbers that commas alone part: "1,2,3"."""
    pattern = re.compile(r"(?<![\w.,])[0-9]{1,4}(?:,[0-9]{1,4}){1,20}(?!\w|[.,][0-9])")

    grouped = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")

    def say(match: re.Match[str]) -> str | None:
        if grouped.fullmatch(match.group()):
            return None
        return ", ".join(numbers.cardinal(each, language.code) for each in match.group().split(","))

    return Rule("number", pattern, say, "digit")


def leading_points(language: Language) -> Rule:
    """Decimals without a number before the sign: ".45"."""
    pattern = re.compile(rf"(?<![\w.,)])[{re.escape(language.decimal_sign)}](?P<decimals>[0-9]{{1,6}})(?![\w])")
    return Rule("number", pattern, lambda match: f"{language.point} {language.decimals(match['decimals'])}", "digit")
