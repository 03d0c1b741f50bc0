"""German: how its numbers, names, abbreviations and signs are said."""

from __future__ import annotations

import re

from phases.readers.text import names
from phases.spoken import numbers, shared
from phases.spoken.changes import Rule
from phases.spoken.language import Language

_MONTHS = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
           "Dezember")  # fmt: skip
_FEMININE = names("Mark Minute Sekunde Stunde Tonne Meile Million Milliarde Krone Lira")

GERMAN = Language(
    code="de",
    point="Komma",
    decimal_sign=",",
    thousands=".\u00a0\u202f",
    minus="minus",
    to="bis",
    and_="und",
    months={name.lower(): name for name in _MONTHS}
    | {"jan.": "Januar", "feb.": "Februar", "aug.": "August", "sept.": "September", "okt.": "Oktober"}
    | {"nov.": "November", "dez.": "Dezember", "jänner": "Jänner"},
    currencies={
        "€": ("Euro", "Euro", "Cent", "Cent"),
        "EUR": ("Euro", "Euro", "Cent", "Cent"),
        "$": ("Dollar", "Dollar", "Cent", "Cent"),
        "£": ("Pfund", "Pfund", "Penny", "Pence"),
        "DM": ("D-Mark", "D-Mark", "Pfennig", "Pfennig"),
        "CHF": ("Franken", "Franken", "Rappen", "Rappen"),
    },
    big={"Mio.": "Millionen", "Mrd.": "Milliarden", "Million": "Million", "Millionen": "Millionen"}
    | {"Milliarde": "Milliarde", "Milliarden": "Milliarden", "Tausend": "Tausend"},
    units={
        "km": ("Kilometer", "Kilometer"),
        "km/h": ("Kilometer pro Stunde", "Kilometer pro Stunde"),
        "m": ("Meter", "Meter"),
        "cm": ("Zentimeter", "Zentimeter"),
        "mm": ("Millimeter", "Millimeter"),
        "m²": ("Quadratmeter", "Quadratmeter"),
        "km²": ("Quadratkilometer", "Quadratkilometer"),
        "kg": ("Kilogramm", "Kilogramm"),
        "g": ("Gramm", "Gramm"),
        "mg": ("Milligramm", "Milligramm"),
        "t": ("Tonne", "Tonnen"),
        "l": ("Liter", "Liter"),
        "ml": ("Milliliter", "Milliliter"),
        "°C": ("Grad Celsius", "Grad Celsius"),
        "°": ("Grad", "Grad"),
        "Std.": ("Stunde", "Stunden"),
        "Min.": ("Minute", "Minuten"),
        "Sek.": ("Sekunde", "Sekunden"),
        "kW": ("Kilowatt", "Kilowatt"),
        "GHz": ("Gigahertz", "Gigahertz"),
        "MB": ("Megabyte", "Megabyte"),
        "GB": ("Gigabyte", "Gigabyte"),
        "PS": ("PS", "PS"),
    },
    percent={"%": "Prozent", "‰": "Promille"},
    chapter="Kapitel",
    signs={"&": "und", "%": "Prozent", "§": "Paragraph", "©": "Copyright", "®": "", "™": "", "+": "plus", "=": "gleich",
           "×": "mal", "÷": "geteilt durch", "±": "plus minus", "<": "kleiner als", ">": "größer als", "−": "minus",
           "/": "zu", "@": "at", "²": "hoch zwei", "³": "hoch drei"},
    fractions={2: ("ein halb", "halbe"), 3: ("ein Drittel", "Drittel"), 7: ("ein Siebtel", "Siebtel"),
               0: ("", ""), **{n: (f"ein {name}", name) for n, name in
               ((4, "Viertel"), (5, "Fünftel"), (6, "Sechstel"), (8, "Achtel"), (9, "Neuntel"), (10, "Zehntel"))}},
    at="at",
    dot="Punkt",
    abbreviations={
        "Hr": "Herr", "Hrn": "Herrn", "Fr": "Frau", "Frl": "Fräulein", "Dr": "Doktor", "Prof": "Professor",
        "St": "Sankt", "z. B": "zum Beispiel", "z.B": "zum Beispiel", "d. h": "das heißt", "d.h": "das heißt",
        "u. a": "unter anderem", "u.a": "unter anderem", "i. A": "im Auftrag", "bzw": "beziehungsweise",
        "vgl": "vergleiche", "ca": "circa", "Mio": "Millionen", "Mrd": "Milliarden", "ggf": "gegebenenfalls", "evtl": "eventuell", "sog": "sogenannte",
        "geb": "geboren", "gest": "gestorben", "Hrsg": "Herausgeber", "v": "von", "o. Ä": "oder Ähnliches",
    },
    final_abbreviations={
        "usw": "und so weiter", "etc": "et cetera", "u. s. w": "und so weiter", "u.s.w": "und so weiter",
        "n. Chr": "nach Christus", "v. Chr": "vor Christus", "Str": "Straße", "Jh": "Jahrhundert", "jr": "junior",
        "Co": "Compagnie", "u. Ä": "und Ähnliches",
    },
    numbered={"Nr.": "Nummer", "Nrn.": "Nummern", "S.": "Seite", "Bd.": "Band", "Kap.": "Kapitel", "Abb.": "Abbildung",
              "Abs.": "Absatz", "Art.": "Artikel", "Z.": "Zeile", "Tel.": "Telefon", "§": "Paragraph",
              "§§": "Paragraphen", "Nº": "Nummer"},
    counted=names("kapitel teil band buch akt szene abschnitt artikel nummer gesang auftritt aufzug heft lektion stufe"),
    rulers=names(
        "Heinrich Friedrich Wilhelm Ludwig Karl Otto Konrad Maximilian Ferdinand Leopold Joseph Franz Rudolf Albrecht "
        "Georg Johann Philipp Peter Katharina Elisabeth Maria Alexander Nikolaus Iwan Napoleon Gustav Christian Richard "
        "Eduard Jakob Pius Leo Benedikt Gregor Innozenz Urban Klemens Paul Sixtus Papst August Ernst Ramses Ptolemaios"
    ),
    regnal=lambda number: f"der {numbers.ordinal(number, 'de').capitalize()}",
    ordinal_dot=True,
    half="{}einhalb",
    starters=names(
        "Er Sie Es Wir Ihr Ich Du Der Die Das Ein Eine Und Aber Doch Da Dann Dort Hier So Nun Als Wenn Weil Wo Was Wer "
        "Wie Warum In Im Am An Auf Aus Bei Mit Nach Von Vor Zu Zum Zur Dieser Diese Dieses Sein Seine Ihre Mein Meine"
    ),
    initialisms=names("EU USA UNO NATO DDR BRD ARD ZDF SPD CDU CSU FDP AG GmbH EDV IBM BMW VW AEG TV WC LKW PKW DVD "
                      "ICE KZ SS SA NS UKW EKG DIN HNO IQ UFO UKW ADAC KPD USB"),
    short_words=names("der die das und ein in im am an auf aus bei mit von vor zu er sie es wir ihr ich du so wie was wer "
                      "wo da nur ja wo ob uns ihn ihm mir dir los gut tag weg tod not nun neu alt man gar hat ist war "
                      "bin bis als für"),
    noun=r" [A-ZÄÖÜ]",
    before_word=lambda said: said.removesuffix("s") if said.endswith("eins") else said,
    one=lambda noun: "eine" if noun in _FEMININE else "ein",
)  # fmt: skip

_WEAK = re.compile(
    r"(?:\b(?:[Aa]m|[Vv]om|[Zz]um|[Zz]ur|[Ii]m|[Bb]eim|[Dd]em|[Dd]en|[Dd]es|[Aa]ns|[Ii]ns|[Ss]einem|[Ii]hrem|[Mm]einem)"
    r"|\b(?:in|an|auf|aus|bei|mit|nach|von|vor|zu|seit|unter|über|In|An|Auf|Mit|Nach|Seit) der)[ \u00a0]$"
)
_PLAIN = re.compile(r"\b(?:[Dd]er|[Dd]ie|[Dd]as|[Dd]iese[rs]?|[Jj]ede[rs]?)[ \u00a0]$")
_NUMBERED = (
    "Jahrhunderts?|Jahrtausends?|Auflage|Kapitels?|Bande?s?|Teile?s?|Akte?s?|Mal|Stock|Klasse|Tag|Tage|Weltkrieg|Platz|"
    "Jahrestag|Geburtstag|Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
)
_ORDINAL = re.compile(
    rf"(?<![\w.,])(?P<number>[0-9]{{1,3}})\.(?=[ \u00a0](?:(?P<noun>{_NUMBERED})\b|[A-ZÄÖÜ]|[a-zäöü]))"
)
_DECADE = re.compile(r"(?<![\w.,])(?:(?P<century>1[1-9]|20)(?P<tens>[1-9]0)|(?P<short>[2-9]0))er(?!\w)")
_YEAR = re.compile(r"(?<![\w.,:/–-])(?P<year>1[1-9][0-9]{2})(?![\w%°])(?![.,:/–-][0-9])(?! ?(?:[A-ZÄÖÜ€$]))")
_IN_YEAR = re.compile(rf"(?:\b[Jj]ahre?s?|\b[Ii]n|\b[Aa]nno|\b[Ss]eit|(?:{'|'.join(_MONTHS)})) $")
_CENTURY = re.compile(r"(?<!\w)(?P<numeral>[IVX]{1,5})\.(?= (?:Jahrhundert|Weltkrieg))")
_CLOCK = (
    r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4])(?:[:.](?P<minute>[0-5][0-9]))(?: Uhr)(?!\w)"
    r"|(?<![\w.,:/])(?P<hour2>[01]?[0-9]|2[0-4]):(?P<minute2>[0-5][0-9])(?![\w:])"
)


def _inflected(number: int, before: str) -> str:
    """An ordinal number with the ending that the word before it asks for."""
    base = numbers.ordinal(number, "de")
    if _WEAK.search(before):
        return f"{base}n"
    return base if _PLAIN.search(before) else f"{base}r"


def _before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - 20) : match.start()]


def _date(match: re.Match[str]) -> str:
    month = GERMAN.months[match["month"].lower()]
    said = f"{_inflected(int(match['day']), _before(match))} {month}"
    return f"{said} {numbers.year(int(match['year']), 'de')}" if match["year"] else said


def _numeric_date(match: re.Match[str]) -> str | None:
    day, month, year = (match[name] for name in ("day", "month", "year"))
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return None
    said = f"{_inflected(int(day), _before(match))} {_MONTHS[int(month) - 1]}"
    return f"{said} {numbers.year(int(year), 'de')}" if year else said


def _ordinal(match: re.Match[str]) -> str | None:
    before = _before(match)
    if match["noun"] is None and not (_WEAK.search(before) or _PLAIN.search(before)):
        return None  # the number at the end of a sentence
    return _inflected(int(match["number"]), before)


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"] or match["hour2"]), int(match["minute"] or match["minute2"] or 0)
    said = f"{'ein' if hour == 1 else numbers.cardinal(str(hour), 'de')} Uhr"
    return f"{said} {numbers.cardinal(str(minute), 'de')}" if minute else said


def _decade(match: re.Match[str]) -> str:
    tens = numbers.cardinal(match["tens"] or match["short"], "de")
    if not match["century"]:
        return f"{tens}er"
    century = numbers.cardinal(match["century"], "de")
    return f"{'zweitausend' if match['century'] == '20' else century + 'hundert'}{tens}er"


def _year(match: re.Match[str]) -> str:
    return numbers.year(int(match["year"]), "de")


def _century(match: re.Match[str]) -> str | None:
    value = numbers.roman(match["numeral"])
    return _inflected(value, _before(match)) if value else None


def rules(region: str) -> tuple[Rule, ...]:
    """The rules in their order; all regions say numbers alike."""
    months = shared.alternatives(GERMAN.months)
    worded = rf"(?<![\w.,])(?P<day>{shared.DAY})\. ?(?P<month>(?i:{months}))(?!\w)(?: (?P<year>{shared.YEAR})(?!\w))?"
    numeric = r"(?<![\w.,])(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\.(?: ?(?P<year>(?:1[0-9]|20)[0-9]{2})(?!\w))"
    in_year = re.compile(_IN_YEAR.pattern)
    after = re.compile(rf"(?<![\w.,])(?P<year>{shared.YEAR})(?!\w)(?![.,][0-9])")
    return shared.ordered(
        GERMAN,
        first=(
            Rule("date", re.compile(worded), _date, "digit"),
            Rule("date", re.compile(numeric), _numeric_date, "digit"),
            Rule("time", re.compile(_CLOCK), _time, "digit"),
        ),
        ordinals=(Rule("ordinal", _ORDINAL, _ordinal, "digit", goes_on=True),),
        years=(
            Rule("decade", _DECADE, _decade, "digit"),
            Rule("year", after, lambda m: _year(m) if in_year.search(_before(m)) else None, "digit"),
            Rule("year", _YEAR, _year, "digit"),
        ),
        romans=(Rule("roman", _CENTURY, _century, "numeral", goes_on=True),),
    )
