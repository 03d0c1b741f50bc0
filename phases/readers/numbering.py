"""Chapter headings in their usual forms: "CHAPTER IV.", "Kapitel 3: Der Brief", "Chapter the First", "XII"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phases.readers.text import names

_PARTS = "part|partie|parte|teil|book|livre|libro|buch|volume|vol|band|tome|act|acte|akt|часть|том|книга"
_CHAPTERS = (
    "chapter|chap|ch|chapitre|kapitel|capítulo|capitulo|capitolo|capítol|hoofdstuk|kapitola|rozdział|kapittel|kapitulo|"
    "fejezet|luku|bölüm|глава|розділ|letter|lettre|brief|adventure|stave|canto|scene|scène|szene|section|lesson|lecture|story|"
    "tale|fable|episode|day|night"
)
_ALONE = (
    "prologue|prolog|prólogo|prologo|epilogue|epilog|épilogue|epílogo|epilogo|preface|préface|prefacio|prefazione|vorwort|"
    "nachwort|foreword|afterword|introduction|introducción|introduzione|einleitung|avant-propos|prelude|interlude|"
    "intermezzo|postscript|conclusion|dedication|acknowledgments|acknowledgements|author's note|author’s note|"
    "пролог|эпилог|предисловие"
)
_WORD_NUMBERS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|"
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|"
    "sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth|last|"
    "premier|première|deuxième|second|seconde|troisième|quatrième|cinquième|sixième|septième|huitième|neuvième|dixième|"
    "un|deux|trois|quatre|cinq|sept|huit|neuf|dix|erste|erster|erstes|zweite|zweiter|zweites|dritte|dritter|drittes|vierte|"
    "vierter|viertes|fünfte|fünfter|fünftes|eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|"
    "primero|primera|segundo|segunda|tercero|tercera|primo|prima|secondo|seconda|terzo|terza|uno|dos|tres|"
    "первая|вторая|третья|четвёртая|пятая"
)
_FIRST = names("one first premier première un une erste erster erstes eins primero primera primo prima uno первая")
_SPELLED = rf"(?:the\s+)?(?:{_WORD_NUMBERS})(?:[\s-](?:and\s+)?(?:{_WORD_NUMBERS}))?"
_NUMBER = rf"(?:\d{{1,4}}|[ivxlcdm]{{1,10}}|{_SPELLED})"
_REST = r"(?P<rest>.*)"

_KEYWORD_FIRST = re.compile(
    rf"(?:(?P<part>{_PARTS})|(?P<chapter>{_CHAPTERS}))\.?\s+(?:n[o°º]\.?\s*)?(?P<number>{_NUMBER})(?!\w){_REST}",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(
    rf"(?:the\s+)?(?P<number>{_WORD_NUMBERS}|\d{{1,3}}\.)\s+(?:(?P<part>{_PARTS})|(?P<chapter>{_CHAPTERS}))(?!\w){_REST}",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"(?P<name>{_ALONE}|appendix(?:\s+{_NUMBER})?)(?!\w){_REST}", re.IGNORECASE)
_NUMERAL = re.compile(r"(?P<number>[IVXLCDM]{1,10}|\d{1,3})(?!\w)(?P<rest>.*)")
_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_LEADER = re.compile(r"(?:(?:\s*\.){3,}|\s{3,}|\t)\s*(?:\d{1,4}|[ivxl]{1,6})?\s*$")

_NOTE_MARK = re.compile(r"\[\d{1,3}\]|\[\*\]")

_MAX_TITLE = 100


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that has the form of a chapter's heading.

    Attributes:
        rank: ``part``, ``chapter``, ``named`` (such as an epilogue) or ``numeral`` (a number and no word).
        text: the whole line.
        title: what follows the number; "" where there is nothing.
        number: its value; 0 where it is spelled out and not "one" or "first", and for a name.
        arabic: whether a numeral is written in digits.
    """

    rank: str
    text: str
    title: str
    number: int = 0
    arabic: bool = False


def heading(line: str) -> Heading | None:
    """The heading in a line of its own, or None where it has no such form."""
    line = _NOTE_MARK.sub("", undecorated(line)).strip()
    if not line or len(line) > _MAX_TITLE + 40:
        return None
    for pattern in (_KEYWORD_FIRST, _NUMBER_FIRST):
        match = pattern.fullmatch(line)
        if match and _is_number(match["number"]):
            title = _title(match["rest"], line)
            if title is not None:
                return Heading("part" if match["part"] else "chapter", line, title, _value(match["number"]))
    match = _NAMED.fullmatch(line)
    if match and line[0].isupper():
        title = _title(match["rest"], line)
        if title is not None and (not title or match["rest"].lstrip()[:1] in ".:—–-"):
            return Heading("named", line, title)
    return _numeral(line)


def _numeral(line: str) -> Heading | None:
    match = _NUMERAL.fullmatch(line)
    if not match:
        return None
    value = int(match["number"]) if match["number"].isdigit() else roman(match["number"])
    title = _title(match["rest"], line)
    if not value or title is None:
        return None
    if title and match["rest"][:1] not in ".:—–- \t":
        return None
    return Heading("numeral", line, title, value, arabic=match["number"].isdigit())


def _value(token: str) -> int:
    token = token.strip(". ").lower().removeprefix("the ").strip()
    if token.isdigit():
        return int(token)
    return roman(token.upper()) or int(token in _FIRST)


def _is_number(token: str) -> bool:
    return roman(token.upper()) > 0 if re.fullmatch("[ivxlcdm]+", token, re.IGNORECASE) else True


def _title(rest: str, line: str) -> str | None:
    """The title after a number; None where the line is a sentence that happens to begin like a heading."""
    title = rest.strip().lstrip(".:;,)]—–-* ").strip()
    if not title:
        return ""
    marked = rest.lstrip()[:1] in ".:—–-)]" or line.isupper()
    if len(title) > _MAX_TITLE or not (title[0].isupper() or title[0].isdigit() or title[0] in "\"'“‘«¿¡(_["):
        return None
    if not marked and (title.endswith((".", ",", ";")) or not _is_title_case(title)):
        return None
    return title.rstrip("_* ")


def _is_title_case(title: str) -> bool:
    words = [word for word in re.findall(r"\w+", title) if len(word) > 3]
    return sum(1 for word in words if word[0].isupper() or word[0].isdigit()) >= 0.6 * len(words)


def undecorated(line: str) -> str:
    """A line without the rules, asterisks and underscores that are drawn around headings."""
    return line.strip().strip("*_=~#-—– \t").strip()


def is_contents_entry(line: str) -> bool:
    """Whether a line ends like one in a table of contents: dots or a gap, and a page number."""
    return _LEADER.search(line.strip()) is not None


def is_bare(line: str) -> bool:
    """Whether a line is a heading with a number and no title, such as "CHAPTER IV."."""
    found = heading(line)
    return found is not None and found.rank != "named" and not found.title


def is_numbered(line: str) -> bool:
    """Whether a line is a heading of any numbered form."""
    found = heading(line)
    return found is not None and (found.rank in ("part", "chapter") or not found.title)


def joined(number: str, title: str) -> str:
    """One title from a heading's number and the title below it: "CHAPTER I. Down the Rabbit-Hole"."""
    return f"{number.rstrip(' .:')}. {' '.join(_NOTE_MARK.sub('', title).split())}"


def roman(numeral: str) -> int:
    """The value of a Roman numeral in upper case; 0 where it is none."""
    if not numeral or not _ROMAN.fullmatch(numeral):
        return 0
    total = 0
    for digit, following in zip(numeral, [*numeral[1:], ""], strict=True):
        value = _ROMAN_DIGITS[digit]
        total += -value if following and _ROMAN_DIGITS[following] > value else value
    return total
