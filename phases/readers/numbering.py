"""Chapter headings in their usual forms: "CHAPTER IV.", "Kapitel 3: Der Brief", "Chapter the First", "XII"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phases.readers import text

_PARTS = (
    "part|partie|parte|teil|book|livre|libro|buch|volume|vol|band|tome|act|acte|akt|часть|том|книга|частина|część|deel|del|"
    "μέρος"
)
_CHAPTERS = (
    "chapter|chap|ch|chapitre|kapitel|capítulo|capitulo|capitolo|capítol|hoofdstuk|kapitola|rozdział|kapittel|kapitulo|"
    "fejezet|luku|bölüm|глава|розділ|κεφάλαιο|letter|lettre|brief|adventure|stave|canto|scene|scène|szene|section|lesson|lecture|story|"
    "tale|fable|episode|day|night"
)
_ALONE = (
    "prologue|prolog|prólogo|prologo|epilogue|epilog|épilogue|epílogo|epilogo|preface|préface|prefacio|prefazione|vorwort|"
    "nachwort|foreword|afterword|introduction|introducción|introduzione|einleitung|avant-propos|prelude|interlude|"
    "intermezzo|postscript|conclusion|dedication|acknowledgments|acknowledgements|author's note|author’s note|"
    "пролог|эпилог|предисловие|bibliography|references|glossary|index|notes|endnotes|footnotes|about the author|"
    "advertisements?|by the same author"
)
_SPELLED_NUMBERS = {
    1: "one first un une unième premier première premiere eins erste erster erstes uno una primero primera primo prima",
    2: "two second deux deuxième second seconde zwei zweite zweiter zweites dos segundo segunda due secondo seconda",
    3: "three third trois troisième drei dritte dritter drittes tres tercero tercera tre terzo terza",
    4: "four fourth quatre quatrième vier vierte vierter viertes cuatro cuarto cuarta quattro quarto quarta",
    5: "five fifth cinq cinquième fünf fünfte fünfter fünftes cinco quinto quinta cinque",
    6: "six sixth sixième sechs sechste sechster sechstes seis sexto sexta sei sesto sesta",
    7: "seven seventh sept septième sieben siebente siebenter siebentes siebte siebter siebtes siete séptimo séptima "
    "sette settimo settima",
    8: "eight eighth huit huitième acht achte achter achtes ocho octavo octava otto ottavo ottava",
    9: "nine ninth neuf neuvième neun neunte neunter neuntes nueve noveno novena nono nona nove",
    10: "ten tenth dix dixième zehn zehnte zehnter zehntes diez décimo décima dieci decimo decima",
    11: "eleven eleventh onze onzième elf elfte elfter elftes once undécimo undécima undici undicesimo",
    12: "twelve twelfth douze douzième zwölf zwölfte zwölfter zwölftes doce duodécimo duodécima dodici dodicesimo",
    13: "thirteen thirteenth treize treizième dreizehn dreizehnte dreizehntes trece decimotercero tredici",
    14: "fourteen fourteenth quatorze quatorzième vierzehn vierzehnte vierzehntes catorce quattordici",
    15: "fifteen fifteenth quinze quinzième fünfzehn fünfzehnte fünfzehntes quince quindici",
    16: "sixteen sixteenth seize seizième sechzehn sechzehnte sechzehntes dieciséis sedici",
    17: "seventeen seventeenth siebzehn siebzehnte siebzehntes diecisiete diciassette",
    18: "eighteen eighteenth achtzehn achtzehnte achtzehntes dieciocho diciotto",
    19: "nineteen nineteenth neunzehn neunzehnte neunzehntes diecinueve diciannove",
    20: "twenty twentieth vingt vingtième zwanzig zwanzigste zwanzigstes veinte vigésimo venti ventesimo",
    30: "thirty thirtieth trente trentième dreißig dreißigste treinta trigésimo trenta trentesimo",
    40: "forty fortieth quarante cuarenta cuadragésimo quaranta",
    50: "fifty fiftieth cinquante cincuenta quincuagésimo cinquanta",
    60: "sixty sixtieth soixante sesenta sessanta",
    70: "seventy seventieth",
    80: "eighty eightieth",
    90: "ninety ninetieth",
    100: "hundred hundredth cent cento ciento",
    0: "last dernier dernière letzte letztes último última",
}
# Of these languages, books spell out little more than ordinals, from the first on.
_ORDINALS = (
    "первая вторая третья четвёртая пятая шестая седьмая восьмая девятая десятая одиннадцатая двенадцатая тринадцатая "
    "четырнадцатая пятнадцатая шестнадцатая семнадцатая восемнадцатая девятнадцатая двадцатая",
    "первый второй третий четвёртый пятый шестой седьмой восьмой девятый десятый",
    "перша друга третя четверта п'ята шоста сьома восьма дев'ята десята",
    "pierwszy drugi trzeci czwarty piąty szósty siódmy ósmy dziewiąty dziesiąty jedenasty dwunasty",
    "pierwsza druga trzecia czwarta piąta szósta siódma ósma dziewiąta dziesiąta",
    "první druhá třetí čtvrtá pátá šestá sedmá osmá devátá desátá",
    "eerste tweede derde vierde vijfde zesde zevende achtste negende tiende",
    "första andra tredje fjärde femte sjätte sjunde åttonde nionde tionde",
    "første anden tredje fjerde femte sjette syvende ottende niende tiende",
    "primeira segunda terceira quarta quinta sexta sétima oitava nona décima",
    "primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo",
    "πρώτο δεύτερο τρίτο τέταρτο πέμπτο έκτο έβδομο όγδοο ένατο δέκατο",
)
_VALUES = {word: value for words in _ORDINALS for value, word in enumerate(words.split(), 1)} | {
    word: value for value, words in _SPELLED_NUMBERS.items() for word in words.split()
}
_WORD_NUMBERS = "|".join(sorted(_VALUES, key=len, reverse=True))
_SPELLED = rf"(?:the\s+)?(?:{_WORD_NUMBERS})(?:[\s-](?:(?:and|et|y|e)[\s-])?(?:{_WORD_NUMBERS}))?"
_SPELLED_ALONE = re.compile(_SPELLED, re.IGNORECASE)
_NUMBER = rf"(?:\d{{1,6}}|[ivxlcdm]{{1,10}}|{_SPELLED})"
_REST = r"(?P<rest>.*)"
# "第十二章 雨": a number of Chinese characters, in the books of China, Japan and Korea.
_EASTERN = re.compile(
    r"[【〔\[]?第\s*(?P<number>[〇零一二三四五六七八九十百千两兩\d]{1,8})\s*(?:(?P<part>[部卷集篇編编幕])|[章回節节話话])"
    r"(?P<end>[】〕\]]|(?=[\s　:：、.]|$))\s*(?P<rest>.*)"
)
_EASTERN_NAMED = re.compile(
    r"(?:序[章言幕]?|前言|楔子|引子|终章|終章|尾声|尾聲|后记|後記|番外(?:篇)?|プロローグ|エピローグ|まえがき|あとがき|はじめに|おわりに)"
    r"(?:[\s　:：].{0,40})?"
)
_EASTERN_ALONE = re.compile("[一二三四五六七八九十]{1,4}")
_EASTERN_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
_EASTERN_UNITS = {"十": 10, "百": 100, "千": 1000}

_KEYWORD_FIRST = re.compile(
    rf"(?:(?P<part>{_PARTS})|(?P<chapter>{_CHAPTERS}))\.?\s+(?:n[o°º]\.?\s*)?(?P<number>{_NUMBER})(?!\w){_REST}",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(
    rf"(?:(?:the|his)\s+)?(?P<number>{_WORD_NUMBERS}|\d{{1,3}}\.)\s+(?:(?P<part>{_PARTS})|(?P<chapter>{_CHAPTERS}))(?!\w){_REST}",
    re.IGNORECASE,
)
_WHOSE = (
    r"(?:(?:the|a)\s+)?(?:author|translator|editor|publisher|transcriber)(?:['’]?s|s['’])\s+|general\s+|historical\s+"
)
# Who says something about a book that somebody else has written.
_OF_EDITION = re.compile(
    r"\b(?:editor|translator|publisher|transcriber|éditeur|editeur|traducteur|herausgeber|übersetzer|verleger|traductor|"
    r"editore|traduttore)(?:['’]?s|in|a)?\b",
    re.IGNORECASE,
)
# What may follow such a name without a mark between: "Preface to the Second Edition".
_OF_WHAT = re.compile(r"\s+(?:to|by|of|von|des|der|zur|zum|de|du|à|del|della)(?!\w)", re.IGNORECASE)
_NAMED = re.compile(rf"(?P<name>(?:{_WHOSE})?(?:{_ALONE}|note)|appendix(?:\s+{_NUMBER})?)(?!\w){_REST}", re.IGNORECASE)
# The part that a numbered piece belongs to, before it: "Inferno: Canto IV".
_PREFIX = re.compile(r"(?P<part>[^\W\d_][^:.]{1,30})[:.]\s+(?P<numbered>\S.*)")
_WORD_ALONE = re.compile(rf"{_PARTS}|{_CHAPTERS}", re.IGNORECASE)
_SECTION = re.compile(r"\s*\d{1,3}(?:\.\d{1,3}){1,5}\.?\s")
# "3.1" is the number of a section, not of a chapter.
_NUMERAL = re.compile(r"(?P<number>[IVXLCDM]{1,10}|\d{1,3})(?!\w|\.\d)(?P<rest>.*)")
_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_LEADER = re.compile(r"(?:(?:\s*\.){3,}|\s{3,}|\t)\s*(?:\d{1,4}|[ivxl]{1,6})?\s*$")

_NOTE_MARK = re.compile(r"\[\d{1,3}\]|\[\*\]|(?<=\w)\[[A-Z]\]|(?<=\w)\{\d{1,3}\}")

_MAX_TITLE = 100
_LONGEST_NUMBER = 30
_LONGEST_EASTERN = 40


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
    line = undecorated(line)
    if "[" in line or "{" in line:
        line = _NOTE_MARK.sub("", line).strip()
    if not line or len(line) > _MAX_TITLE + 40:
        return None
    for pattern in (_KEYWORD_FIRST, _NUMBER_FIRST):
        match = pattern.fullmatch(line)
        if match and _is_number(match["number"]):
            title = _title(match["rest"], line)
            if title is not None:
                return Heading("part" if match["part"] else "chapter", line, title, _value(match["number"]))
    return _named(line) or _numeral(line) or _prefixed(line) or _eastern(line)


def _named(line: str) -> Heading | None:
    match = _NAMED.fullmatch(line)
    if not match or not line[0].isupper() or match["name"].casefold() == "note":
        return None
    if (
        _OF_WHAT.match(match["rest"])
        and not line.endswith((",", ";", ":"))
        and (line.isupper() or _is_title_case(line))
    ):
        return Heading("named", line, match["rest"].strip())
    title = _title(match["rest"], line)
    if title is not None and (not title or match["rest"].lstrip()[:1] in ".:—–-"):
        note = match["name"].casefold().endswith("note") and title.endswith((".", "!", "?")) and not line.isupper()
        return None if note else Heading("named", line, title)
    return None


def _eastern(line: str) -> Heading | None:
    match = _EASTERN.fullmatch(line)
    if match:
        title = match["rest"].strip(" 　:：、.")
        if len(title) > _LONGEST_EASTERN or title.endswith(("。", "，")):
            return None
        return Heading("part" if match["part"] else "chapter", line, title, _eastern_value(match["number"]))
    if _EASTERN_ALONE.fullmatch(line):
        return Heading("numeral", line, "", _eastern_value(line))
    return Heading("named", line, "") if _EASTERN_NAMED.fullmatch(line) else None


def _eastern_value(number: str) -> int:
    """The value of a number in Chinese characters, such as 二十三, or in digits of any script."""
    if number.isdecimal():
        return int(number)
    total = digit = 0
    for character in number:
        unit = _EASTERN_UNITS.get(character)
        if unit:
            total, digit = total + (digit or 1) * unit, 0
        else:
            digit = 10 * digit + _EASTERN_DIGITS.get(character, 0)
    return total + digit


def _prefixed(line: str) -> Heading | None:
    """A bare chapter after the name of its part."""
    match = _PREFIX.fullmatch(line)
    numbered = _KEYWORD_FIRST.fullmatch(match["numbered"]) if match and line[0].isupper() else None
    if (
        numbered is None
        or not numbered["chapter"]
        or numbered["rest"].strip(" .")
        or not _is_number(numbered["number"])
    ):
        return None
    return Heading("chapter", line, "", _value(numbered["number"]))


def _numeral(line: str) -> Heading | None:
    match = _NUMERAL.fullmatch(line)
    if not match:
        spelled = line[0].isupper() and _spelled(line.strip(" ."))
        return Heading("numeral", line, "", spelled) if spelled else None
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
    return roman(token.upper()) or sum(_VALUES.get(word, 0) for word in re.split(r"[\s-]+", token))


def _is_number(token: str) -> bool:
    return roman(token.upper()) > 0 if re.fullmatch("[ivxlcdm]+", token, re.IGNORECASE) else True


def _title(rest: str, line: str) -> str | None:
    """The title after a number; None where the line is a sentence that happens to begin like a heading."""
    title = rest.strip().lstrip(".:;,)]—–-* ").strip()
    if not title:
        return ""
    marked = rest.lstrip()[:1] in ".:—–-)]" or line.isupper()
    # "Book the Second--the Golden Thread" is a heading, "Chapter 4, the best of all" and "1914.--the year" are none.
    opens = title[0].isupper() or title[0].isdigit() or title[0] in "\"'“‘«¿¡(_["
    opens = opens or (rest.lstrip().startswith(("--", "—", "– ", "- ", ": ")) and not title.endswith((".", ",", ";")))
    if len(title) > _MAX_TITLE or not opens:
        return None
    if not marked and (title.endswith((".", ",", ";")) or not _is_title_case(title)):
        return None
    return title.rstrip("_* ")


def _is_title_case(title: str) -> bool:
    words = [word for word in re.findall(r"\w+", title) if len(word) > 3]
    return sum(1 for word in words if word[0].isupper() or word[0].isdigit()) >= 0.6 * len(words)


def is_title(line: str) -> bool:
    """Whether a line looks like a title: upper case, or title case without a full stop."""
    if line.isupper():
        return True
    every = re.findall(r"\w+", line)
    words = [word for word in every if len(word) > 3] or every
    capitals = sum(word[0].isupper() for word in words)
    ends_open = not line.endswith((".", ",", ";", ":")) and line[:1] not in "\"'“‘«—-"
    return bool(words) and ends_open and len(line) <= 80 and capitals >= 0.7 * len(words)


def undecorated(line: str) -> str:
    """A line without what is drawn around headings: rules, asterisks, underscores, the bracket of a picture."""
    shown = text.without_emphasis(line.strip()).strip("*_=~#-—– \t").strip()
    return shown.rstrip("] ") if shown.endswith("]") and "[" not in shown else shown


def is_contents_entry(line: str) -> bool:
    """Whether a line ends like one in a table of contents: dots or a gap, and a page number."""
    return _LEADER.search(line.strip()) is not None


def is_bare(line: str) -> bool:
    """Whether a line is a heading with a number and no title, such as "CHAPTER IV."."""
    found = heading(line)
    return found is not None and found.rank != "named" and not found.title


def number(line: str) -> int:
    """The value of a line that is a number and nothing else, such as "12", "XII." or "Twelve"; 0 for every other."""
    if len(line) > _LONGEST_NUMBER:
        return 0
    shown = undecorated(line).strip(" .")
    if shown.isdecimal():
        return int(shown)
    return roman(shown) or _spelled(shown)


def _spelled(shown: str) -> int:
    return _value(shown) if len(shown) <= _LONGEST_NUMBER and _SPELLED_ALONE.fullmatch(shown) else 0


def is_of_edition(title: str) -> bool:
    """Whether a title says that its text is by an editor, translator or publisher of the book."""
    return _OF_EDITION.search(title) is not None


def is_titled(line: str) -> bool:
    """Whether a line is a number with a title: "IV. The Trap"."""
    found = heading(line)
    return found is not None and found.rank != "named" and is_title(found.title)


def is_section(line: str) -> bool:
    """Whether a line begins with the number of a section: "3.1. Purpose"."""
    return _SECTION.match(line) is not None


def is_word(line: str) -> bool:
    """Whether a line is the word before the number of a chapter or part, and nothing else: "CHAPTER"."""
    return _WORD_ALONE.fullmatch(line.strip()) is not None


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
