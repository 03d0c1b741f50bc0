"""English: how its numbers, names, abbreviations and signs are said."""

from __future__ import annotations

import re
from collections.abc import Callable

from phases.spoken import english_words as words
from phases.spoken import figures, letters, numbers, signs
from phases.spoken.changes import Rule
from phases.spoken.language import Language

ENGLISH = Language(
    code="en",
    point="point",
    decimal_sign=".",
    thousands=",\u00a0\u202f",
    minus="minus",
    to="to",
    and_="and",
    months=words.MONTHS,
    currencies=words.CURRENCIES,
    big=words.BIG,
    units=words.UNITS,
    percent={"%": "percent", "‰": "per thousand"},
    chapter="chapter",
    signs=words.SIGNS,
    fractions={2: ("one half", "halves"), 4: ("one quarter", "quarters"), 0: ("one {}", "{}s")},
    at="at",
    dot="dot",
    abbreviations=words.ABBREVIATIONS,
    final_abbreviations=words.FINAL_ABBREVIATIONS,
    bare_abbreviations={"Mr": "Mister", "Mrs": "Missus", "Dr": "Doctor", "St": "Saint", "Messrs": "Messieurs"},
    numbered=words.NUMBERED,
    counted=words.COUNTED,
    rulers=words.RULERS,
    regnal=lambda number, name: f"the {numbers.ordinal(number, 'en')}",
    starters=words.STARTERS,
    single_words=frozenset("I"),
    lone_letters=frozenset("A"),
    initialisms=words.INITIALISMS,
    short_words=words.SHORT_WORDS,
    one=lambda noun: "one",
    attribute=(
        r"\b[Aa]n? $",
        r" (?!(?:of|for|and|per|in|to|or|each|more|less|worth|from|on|at|with|a|the|by|but|as|is|was)\b)[a-z]{3}",
    ),
    double_words=frozenset({"AM", "US"}),
)

_MONTH = rf"(?:{'|'.join(sorted({name.capitalize() for name in words.MONTHS}, key=lambda name: (-len(name), name)))})"
_YEARS = (1100, 2099)
_YEAR = r"(?:1[1-9]|20)[0-9]{2}"
_DAY = r"(?:[12][0-9]|3[01]|0?[1-9])"
_NEXT = r"(?![\w])(?![.,:/][0-9])"

_DAY_FIRST = re.compile(
    rf"(?<![\w.,/–-])(?P<the>the )?(?P<day>{_DAY})(?:st|nd|rd|th|(?<=[23])d)? (?:of )?(?P<month>{_MONTH})(?![\w-])\.?"
    rf"(?:,? (?P<year>{_YEAR}){_NEXT})?"
)
_MONTH_FIRST = re.compile(
    rf"(?<!\w)(?P<month>{_MONTH})\.? (?P<day>{_DAY})(?:st|nd|rd|th|(?<=[23])d)?(?![\w%])(?![.:/,][0-9])"
    rf"(?:,? (?P<year>{_YEAR}){_NEXT})?"
)
_MONTH_ALONE = re.compile(r"(?<!\w)(?P<month>Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec)\.(?= (?:[0-9]|of\b|and\b|to\b))")
_NUMERIC = re.compile(
    r"(?<![\w./-])(?P<first>[0-9]{1,2})(?P<sign>[/.-])(?P<second>[0-9]{1,2})(?P=sign)(?P<year>(?:1[1-9]|20)[0-9]{2})(?![\w/-])"
)
_ISO = re.compile(
    r"(?<![\w./-])(?P<year>(?:1[1-9]|20)[0-9]{2})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])(?![\w/-])"
)
_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip

_HALF = r"(?P<half>[aApP])\.? ?[mM]\b\.?"
_CLOCK = re.compile(
    rf"(?<![\w.,:$£€])(?:(?P<hour>[01]?[0-9]|2[0-4])[:.](?P<minute>[0-5][0-9])[ \u00a0]?{_HALF}"
    rf"|(?P<hour2>[0-9]|1[0-2])[ \u00a0]?(?P<half2>[aApP])(?:\. ?[mM]\.|[mM]\b)"
    r"|(?P<hour3>[01]?[0-9]|2[0-4]):(?P<minute3>[0-5][0-9])(?![\w:])(?!\.[0-9]))"
)
_STOP_CLOCK = re.compile(  # 10.30, as British books have it
    r"(?:(?<=\b[Aa]t )|(?<=\btill )|(?<=\buntil )|(?<=\b[Tt]he (?=[0-9.]{4,5} (?:train|express|boat|bus|from)\b)))"
    r"(?P<hour>[01]?[0-9]|2[0-4])\.(?P<minute>[0-5][0-9])(?![\w%°])(?!\.[0-9])"
    r"(?! ?(?:per|percent|million|billion|degrees|miles|metres|meters|pounds|dollars)\b)"
)
_OLD_MONEY = re.compile(
    r"(?<![\w.,])(?:£(?P<pounds>[0-9][0-9,]{0,9}) )?(?P<shillings>[0-9]{1,2})s(?P<stop>\.)?"
    r"(?: (?P<pence>[0-9]{1,2})(?P<part>[¼½¾])?d\b\.?)?(?!\w)"
)
_OLD_PENCE = re.compile(r"(?<![\w.,])(?P<pence>[1-9]|1[01])(?P<part>[¼½¾])?d\b\.?(?!\w)")
_PARTS_OF_A_PENNY = {"½": " halfpenny", "¼": " farthing", "¾": " three farthings"}
_WHICH_ONE = re.compile(r"(?:^|\b(?:[Tt]he|[Oo]n|[Oo]f|[Hh]is|[Oo]ur|[Tt]heir|[Aa])|[.!?:;(][\"”’]?)\s*$")
_DECADE = re.compile(
    r"(?<![\w.,])(?:(?P<century>1[1-9]|20)(?P<tens>[0-9]0)|['’](?P<short>[1-9]0)|(?P<bare>[2-9]0))['’]?s(?!\w)"
)
_ORDINAL = re.compile(r"(?<![\w.,])(?P<number>[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,9})(?:st|nd|rd|th|(?<=[23])d)(?!\w)")
_ERA = r"(?:A\.? ?D|B\.? ?C|C\.? ?E|B\.? ?C\.? ?E)\b\.?"
_DATED = re.compile(
    rf"(?<![\w.,/:$£€#–-])(?:(?P<year>{_YEAR})|(?P<early>(?<=[ADdnraeEl.] )"
    rf"10[0-9]{{2}})|(?P<dated>[0-9]{{1,4}})(?= ?{_ERA}))"
    rf"(?P<era> ?{_ERA})?(?![\w%°])(?![.,:/–-][0-9])"
)
_BEFORE_EARLY = re.compile(r"\b(?:[Ii]n|[Yy]ear|[Ff]rom|[Uu]ntil|[Ss]ince|[Bb]efore|[Aa]fter|A\.? ?D\.?) $")
_WITH_YEAR = re.compile(r"\b(?:In|[Ss]ince|[Uu]ntil|[Dd]uring) $")
_NOUN = re.compile(r" (?:[a-z]+-)?(?P<noun>[a-z]{3,})\b")
_CENTURY = re.compile(r"(?<!\w)(?P<numeral>[IVX]{1,5})(?:th|st|nd|rd)?(?= [Cc]entur(?:y|ies)\b)")
_SHORT_YEAR = re.compile(r"(?<!\w)['’]0(?P<digit>[1-9])(?![\w'’])")
_CIRCA = re.compile(r"(?<![\w.])ca?\.(?= ?[0-9]{3,4}\b)")
_ANGLE = re.compile(
    r"(?<![\w.,])(?P<degrees>[0-9]{1,3}) ?°(?: ?(?P<minutes>[0-9]{1,2}) ?[′´'’](?: ?(?P<seconds>[0-9]{1,2}) ?[″”\"])?)?"
    r"(?: ?(?P<way>[NSEW])(?![\w’'])\.?)?"
)
_STARTER = re.compile(rf" (?:{'|'.join(sorted(words.STARTERS | {'I'}))})\b")
_WAYS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_VERSES = re.compile(r"(?<![\w.,:])(?P<chapter>[0-9]{1,3}):(?P<verse>[0-9]{1,3})[-–](?P<until>[0-9]{1,3})(?![\w:])")
_BIBLE = re.compile(
    rf"(?<!\w)(?:(?P<which>[123]|I{{1,3}}) )?(?P<book>{'|'.join(sorted(words.BIBLE, key=len, reverse=True))})\."
    r"(?= (?:[0-9]{1,3}[:.][0-9]|[ivxl]{1,7}\. [0-9]))"
)
_WHICH_BOOK = re.compile(
    rf"(?<!\w)(?P<which>[123]|I{{1,3}}) (?P<book>{'|'.join(sorted(words.SEVERAL_BOOKS))})(?= [0-9]|[.,;:)]|$)"
)
_ROMAN_VERSE = re.compile(r"(?<=[a-z]\. )(?P<numeral>[ivxl]{1,7})\. (?P<verse>[0-9]{1,3})(?![\w:])")
_BOOK_BEFORE = re.compile(r"[A-Z][a-z]{1,5}\. $")
_CLOCKS = re.compile(
    r"(?<![\w.,:$£€])(?P<hour>[01]?[0-9]|2[0-4])(?::(?P<minute>[0-5][0-9]))?(?: ?(?P<half>[ap])\.?m\.?)?[-–]"
    r"(?P<hour2>[01]?[0-9]|2[0-4])(?::(?P<minute2>[0-5][0-9]))?(?: ?(?P<half2>[ap])\.?m\b\.?)?(?![\w:])"
)
_TALL = re.compile(r"(?<![\w.,])(?P<feet>[1-9])['’′] ?(?P<inches>1[01]|[0-9])(?P<half>½)?[\"”″](?!\w)")
_DIALLED = re.compile(r"(?:(?<=[Dd]ial )|(?<=[Cc]all )|(?<=[Dd]ialed )|(?<=[Dd]ialled ))[0-9]{3}(?![\w-]|[.,][0-9])")
_WEEKDAY = re.compile(rf"(?<!\w)(?P<day>Mon|Tues?|Wed|Thurs?|Fri|Sat|Sun)\.(?=,? (?:the )?(?:[0-9]|{_MONTH}\b))")
_WEEKDAYS = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thur": "Thursday",
             "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"}  # fmt: skip
_CENTURY_SHORT = re.compile(r"(?<=[0-9](?:st|nd|rd|th)[ -])c\.")
_OF_A_BOOK = re.compile(r"(?:^|[A-Z][a-z]{2,}|[A-Z][a-z]+\.|[0-9;,(]|\bverses?|\band|\bsee|\bSee) ?$")
_VERSE = re.compile(r"(?<![\w.,:])(?P<chapter>[0-9]{1,3}):(?P<verse>[0-9]{1,3})(?![\w:])")
_SAINT = re.compile(r"(?<![\w.])S[tT]\.(?!\w)")
_PLACE_BEFORE = re.compile(r"(?:^|[^\w’'-])(?P<word>[A-Z][\w’'-]*|[0-9]+(?:st|nd|rd|th)) $")
_DOCTOR = re.compile(r"(?<![\w.])D[rR]\.(?!\w)")


def _in_year(written: str) -> str:
    return numbers.year(int(written), "en")


def _date(day: int, month: str, year: str | None, *, month_first: bool) -> str:
    which = numbers.ordinal(day, "en")
    said = f"{month} {which}" if month_first else f"the {which} of {month}"
    return f"{said}, {_in_year(year)}" if year else said


def _day_first(match: re.Match[str]) -> str | None:
    day, month = int(match["day"]), words.MONTHS[match["month"].lower()]
    if month == "May" and match.string[match.end() : match.end() + 2].strip()[:1].islower() and not match["year"]:
        return None  # "3 May be"; a date goes on otherwise
    return _date(day, month, match["year"], month_first=False)


def _month_first(match: re.Match[str]) -> str:
    return _date(int(match["day"]), words.MONTHS[match["month"].lower()], match["year"], month_first=True)


def _numeric(*, first_is_month: bool) -> Callable[[re.Match[str]], str | None]:
    def say(match: re.Match[str]) -> str | None:
        first, second = int(match["first"]), int(match["second"])
        month, day = (first, second) if (first_is_month and first <= 12) or second > 12 else (second, first)
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return None
        return _date(day, _NAMES[month - 1], match["year"], month_first=first_is_month)

    return say


def _iso(match: re.Match[str]) -> str:
    return _date(int(match["day"]), _NAMES[int(match["month"]) - 1], match["year"], month_first=True)


def _clock(match: re.Match[str]) -> str:
    hour = match["hour"] or match["hour2"] or match["hour3"]
    minute, half = match["minute"] or match["minute3"], match["half"] or match["half2"]
    said = numbers.cardinal(str(int(hour)), "en")
    if minute and minute != "00":
        said += f" oh {numbers.cardinal(minute[1], 'en')}" if minute[0] == "0" else f" {numbers.cardinal(minute, 'en')}"
    elif minute and not half:
        said += " o'clock" if 0 < int(hour) <= 12 else " hundred hours"
    return f"{said} {half.lower()} m" if half else said


def _stop_clock(match: re.Match[str]) -> str:
    hour, minute = numbers.cardinal(match["hour"], "en"), match["minute"]
    if minute == "00":
        return f"{hour} o'clock"
    return (
        f"{hour} oh {numbers.cardinal(minute[1], 'en')}"
        if minute[0] == "0"
        else f"{hour} {numbers.cardinal(minute, 'en')}"
    )


def _old_money(match: re.Match[str]) -> str | None:
    is_decade = match["shillings"][1:] == "0" and match["shillings"] != "10"
    if not match["pounds"] and not match["pence"] and (not match["stop"] or is_decade):
        return None
    parts = []
    if match["pounds"]:
        parts.append(ENGLISH.counted_noun(match["pounds"], "pound", "pounds"))
    parts.append(ENGLISH.counted_noun(match["shillings"], "shilling", "shillings"))
    if match["pence"]:
        parts.append(f"and {_pence(match['pence'])}{_PARTS_OF_A_PENNY.get(match['part'] or '', '')}")
    return " ".join(parts)


def _old_pence(match: re.Match[str]) -> str | None:
    if (
        match["pence"] in "23"
        and not match["part"]
        and _WHICH_ONE.search(match.string[max(0, match.start() - 12) : match.start()])
    ):
        return numbers.ordinal(int(match["pence"]), "en")  # "2d. That the earth", "the 3d day"
    return f"{_pence(match['pence'])}{_PARTS_OF_A_PENNY.get(match['part'] or '', '')}"


def _pence(count: str) -> str:
    return "one penny" if count == "1" else f"{numbers.cardinal(count, 'en')}pence"


def _decade(match: re.Match[str]) -> str:
    tens = match["tens"] or match["short"] or match["bare"]
    if match["tens"] == "00":
        return "two thousands" if match["century"] == "20" else f"{numbers.cardinal(match['century'], 'en')} hundreds"
    plural = f"{numbers.cardinal(tens, 'en')[:-1]}ies" if tens != "10" else "tens"
    return f"{numbers.cardinal(match['century'], 'en')} {plural}" if match["century"] else plural


def _ordinal(match: re.Match[str]) -> str:
    return numbers.ordinal(int(match["number"].replace(",", "")), "en")


def _year(match: re.Match[str]) -> str | None:
    written = match["year"] or match["early"] or match["dated"]
    if match["early"] and not _BEFORE_EARLY.search(match.string[max(0, match.start() - 8) : match.start()]):
        return None
    if match["era"]:
        return f"{_in_year(written)} {' '.join(re.sub('[^A-Z]', '', match['era']))}"
    following = _NOUN.match(match.string, match.end())
    if (
        following
        and not _WITH_YEAR.search(match.string[max(0, match.start() - 8) : match.start()])
        and _counts(following["noun"])
    ):
        return None
    return _in_year(written)


def _counts(word: str) -> bool:
    """Whether a word behind a number is what is counted, so that the number is no year."""
    if word in words.COUNTED_NOUNS:
        return True
    return word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in words.NO_NOUNS


def _century(match: re.Match[str]) -> str | None:
    value = numbers.roman(match["numeral"])
    return numbers.ordinal(value, "en") if value else None


def _saint_or_street(match: re.Match[str]) -> str | None:
    text = match.string
    before = _PLACE_BEFORE.search(text[max(0, match.start() - 24) : match.start()])
    name_follows = re.match(r" [A-Z]", text[match.end() : match.end() + 2]) is not None
    if before and before["word"] not in words.NO_STREETS:
        return "Saint" if name_follows and before["word"].endswith(("'s", "’s")) else "Street"
    return "Saint" if name_follows else None


def _doctor_or_drive(match: re.Match[str]) -> str:
    text = match.string
    before = _PLACE_BEFORE.search(text[max(0, match.start() - 24) : match.start()])
    name_follows = re.match(r" [A-Z]", text[match.end() : match.end() + 2]) is not None
    return "Drive" if before and not name_follows and before["word"] not in words.NO_STREETS else "Doctor"


def _angle(match: re.Match[str]) -> str | None:
    parts = [("degrees", "degree"), ("minutes", "minute"), ("seconds", "second")]
    said = [ENGLISH.counted_noun(match[many], one, many) for many, one in parts if match[many]]
    if len(said) == 1 and not match["way"]:
        return None  # a measure, perhaps of heat
    if not match["way"]:
        return " ".join(said)
    stop = "." if match.group().endswith(".") and _STARTER.match(match.string, match.end()) else ""
    return f"{' '.join(said)} {_WAYS[match['way']]}{stop}"


def _verse(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 24) : match.start()]
    if "until" not in match.groupdict() and not _OF_A_BOOK.search(before):
        return f"{numbers.cardinal(match['chapter'], 'en')} to {numbers.cardinal(match['verse'], 'en')}"
    return f"{numbers.cardinal(match['chapter'], 'en')} {numbers.cardinal(match['verse'], 'en')}"


def _roman_verse(match: re.Match[str]) -> str | None:
    value = numbers.roman(match["numeral"])
    if not value or not _BOOK_BEFORE.search(match.string[max(0, match.start() - 8) : match.start()]):
        return None
    return f"{numbers.cardinal(str(value), 'en')} {numbers.cardinal(match['verse'], 'en')}"


def _hour(hour: str, minute: str | None, half: str | None) -> str:
    said = numbers.cardinal(str(int(hour)), "en")
    if minute and minute != "00":
        said += f"{' oh' if minute[0] == '0' else ''} {numbers.cardinal(str(int(minute)), 'en')}"
    return f"{said} {half} m" if half else said


def _clocks(match: re.Match[str]) -> str | None:
    if not match["half2"] and not (match["minute"] and match["minute2"]):
        return None
    since, until = (match["hour"], match["minute"], match["half"]), (match["hour2"], match["minute2"], match["half2"])
    return f"{_hour(*since)} to {_hour(*until)}"


def _verses(match: re.Match[str]) -> str:
    return f"{_verse(match)} to {numbers.cardinal(match['until'], 'en')}"


def _which_book(match: re.Match[str]) -> str:
    book = words.BIBLE.get(match["book"], match["book"])
    which = match["which"]
    if not which:
        return book
    number = int(which) if which.isdigit() else len(which)
    return f"{numbers.ordinal(number, 'en').capitalize()} {book}"


def _tall(match: re.Match[str]) -> str:
    inches = numbers.cardinal(match["inches"], "en")
    return f"{numbers.cardinal(match['feet'], 'en')} foot {inches}{' and a half' if match['half'] else ''}"


def rules(region: str) -> tuple[Rule, ...]:
    """The rules in their order.

    Args:
        region: the rest of the language tag in lower case, such as ``gb``; it says which way round 3/4/1999 is.
    """
    return (
        signs.addresses(ENGLISH.at, ENGLISH.dot),
        *signs.REFERENCES,
        signs.SPACED,
        letters.chapter_numbers(ENGLISH),
        letters.leading_romans(ENGLISH),
        Rule("abbreviation", _BIBLE, _which_book, "digit", goes_on=True),
        Rule("abbreviation", _WHICH_BOOK, _which_book),
        Rule("abbreviation", _WEEKDAY, lambda match: _WEEKDAYS[match["day"]], "dotted", goes_on=True),
        Rule("abbreviation", _SAINT, _saint_or_street),
        Rule("abbreviation", _DOCTOR, _doctor_or_drive, goes_on=True),
        Rule("date", _DAY_FIRST, _day_first, "digit"),
        Rule("date", _MONTH_FIRST, _month_first, "digit"),
        Rule("date", _NUMERIC, _numeric(first_is_month=region in ("", "us", "ph", "fm", "pw", "ca")), "digit"),
        Rule("date", _ISO, _iso, "digit"),
        Rule("date", _MONTH_ALONE, lambda match: words.MONTHS[match["month"].lower()], "dotted", goes_on=True),
        Rule("time", _CLOCKS, _clocks, "digit"),
        Rule("number", _ROMAN_VERSE, _roman_verse, "digit"),
        Rule("number", _VERSES, _verses, "digit"),
        Rule("time", _CLOCK, _clock, "digit"),
        Rule("time", _STOP_CLOCK, _stop_clock, "digit"),
        Rule("money", _OLD_MONEY, _old_money, "digit"),
        Rule("money", _OLD_PENCE, _old_pence, "digit"),
        figures.money(ENGLISH),
        Rule("decade", _DECADE, _decade, "digit"),
        Rule("ordinal", _ORDINAL, _ordinal, "digit"),
        letters.numbered(ENGLISH),
        Rule("abbreviation", _CIRCA, lambda match: "circa", "digit", goes_on=True),
        Rule("abbreviation", _CENTURY_SHORT, lambda match: "century", "digit"),
        Rule("unit", _ANGLE, _angle, "digit"),
        Rule("unit", _TALL, _tall, "digit"),
        Rule("telephone", _DIALLED, lambda match: numbers.one_by_one(match.group(), "en"), "digit"),
        figures.units(ENGLISH),
        figures.units_of_fractions(ENGLISH),
        figures.percentages(ENGLISH),
        figures.telephones(ENGLISH),
        Rule("number", _VERSE, _verse, "digit"),
        figures.ranges(ENGLISH, _YEARS),
        Rule("year", _DATED, _year, "digit"),
        Rule("year", _SHORT_YEAR, lambda match: f"oh {numbers.cardinal(match['digit'], 'en')}", "digit"),
        *letters.abbreviations(ENGLISH),
        letters.counted_romans(ENGLISH),
        *letters.other_romans(ENGLISH),
        Rule("roman", _CENTURY, _century, "numeral"),
        letters.rulers(ENGLISH),
        *letters.initials(ENGLISH),
        figures.fractions(ENGLISH),
        figures.leading_points(ENGLISH),
        figures.lists(ENGLISH),
        figures.cardinals(ENGLISH),
        letters.capitals(ENGLISH),
        signs.DASHES,
        signs.symbols(ENGLISH.signs, between="+=×÷<>/−@%"),
        signs.HEADLINES,
    )
