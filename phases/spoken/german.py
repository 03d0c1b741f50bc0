"""German: how its numbers, names, abbreviations and signs are said."""

from __future__ import annotations

import re

from phases.readers.text import names
from phases.spoken import numbers, shared
from phases.spoken.changes import Rule
from phases.spoken.language import Language

_MONTHS = ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
           "Dezember")  # fmt: skip
_FEMININE = names(
    "Mark Minute Sekunde Stunde Tonne Meile Million Milliarde Krone Lira Frau Tochter Schwester Mutter Woche Seite Nacht "
    "Stadt Hand Person Flasche Tasse Frage Antwort Klasse Szene Auflage Reihe Stufe Stelle Rolle Linie Etage Abteilung "
    "Strophe Staffel Runde Hälfte Ausgabe Reise Dame Kirche Straße Mal"
) - {"Mal"}
_NEUTER = names(
    "Kapitel Buch Kind Jahr Haus Mal Jahrhundert Jahrtausend Lebensjahr Stück Bild Werk Regiment Semester Bataillon "
    "Geschoß Geschoss Stockwerk Gebot Rad Pferd Glas"
)


def _is_feminine(noun: str) -> bool:
    return noun in _FEMININE or noun.endswith(("ung", "heit", "keit", "schaft", "tion", "erin"))


def _before_noun(said: str, noun: str) -> str:
    if said == "eins":
        return "eine" if _is_feminine(noun) else "ein"
    return said.removesuffix("s") if said.endswith("eins") else said


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
        "h": ("Stunde", "Stunden"),
        "Pf.": ("Pfennig", "Pfennig"),
        "Mk.": ("Mark", "Mark"),
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
           "/": "Schrägstrich", "@": "at", "²": "hoch zwei", "³": "hoch drei"},
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
        "inkl": "inklusive", "exkl": "exklusive", "Matth": "Matthäus", "Joh": "Johannes",
    },
    final_abbreviations={
        "usw": "und so weiter", "usf": "und so fort", "d. i": "das ist", "d.i": "das ist", "etc": "et cetera", "u. s. w": "und so weiter", "u.s.w": "und so weiter",
        "n. Chr": "nach Christus", "v. Chr": "vor Christus", "Str": "Straße", "Jh": "Jahrhundert", "jr": "junior",
        "Co": "Compagnie", "u. Ä": "und Ähnliches", "d. J": "dieses Jahres", "d. M": "dieses Monats",
    },
    numbered={"Nr.": "Nummer", "Nrn.": "Nummern", "S.": "Seite", "Bd.": "Band", "Kap.": "Kapitel", "Abb.": "Abbildung",
              "Abs.": "Absatz", "Art.": "Artikel", "Z.": "Zeile", "Tel.": "Telefon", "§": "Paragraph",
              "§§": "Paragraphen", "Nº": "Nummer", "Tel.:": "Telefon"},
    counted=names("kapiteln bände teile akte szenen kapitel teil band buch akt szene abschnitt artikel nummer gesang auftritt aufzug heft lektion stufe"),
    rulers=names(
        "Heinrich Friedrich Wilhelm Ludwig Karl Otto Konrad Maximilian Ferdinand Leopold Joseph Franz Rudolf Albrecht "
        "Georg Johann Philipp Peter Katharina Elisabeth Maria Alexander Nikolaus Iwan Napoleon Gustav Christian Richard "
        "Eduard Jakob Pius Leo Benedikt Gregor Innozenz Urban Klemens Paul Sixtus Papst August Ernst Ramses Ptolemaios"
    ),
    regnal=lambda number, name: (
        f"{'die' if name in ('Katharina', 'Elisabeth', 'Maria') else 'der'} {numbers.ordinal(number, 'de').capitalize()}"
    ),
    ordinal_dot=True,
    half="{}einhalb",
    starters=names(
        "Er Sie Es Wir Ihr Ich Du Der Die Das Ein Eine Und Aber Doch Da Dann Dort Hier So Nun Als Wenn Weil Wo Was Wer "
        "Wie Warum In Im Am An Auf Aus Bei Mit Nach Von Vor Zu Zum Zur Dieser Diese Dieses Sein Seine Ihre Mein Meine "
        "Alle Alles Niemand Jemand Jeder Man Kein Keine Nichts Heute Gestern Bald Später Plötzlich"
    ),
    initialisms=names("EU USA UNO NATO DDR BRD ARD ZDF SPD CDU CSU FDP AG GmbH EDV IBM BMW VW AEG TV WC LKW PKW DVD "
                      "ICE KZ SS SA NS UKW EKG DIN HNO IQ UFO UKW ADAC KPD USB SOS"),
    short_words=names("der die das und ein in im am an auf aus bei mit von vor zu er sie es wir ihr ich du so wie was wer "
                      "wo da nur ja wo ob uns ihn ihm mir dir los gut tag weg tod not nun neu alt man gar hat ist war "
                      "bin bis als für"),
    noun=r" [A-ZÄÖÜ]",
    before_word=_before_noun,
    one=lambda noun: "eine" if _is_feminine(noun) else "ein",
)  # fmt: skip

_WEAK = re.compile(
    r"(?:\b(?:[Aa]m|[Vv]om|[Zz]um|[Zz]ur|[Ii]m|[Bb]eim|[Dd]em|[Dd]en|[Dd]es|[Aa]ns|[Ii]ns|[Bb]is)"
    r"|\b(?:[MmDdSsKk]ein|[Ee]in|[Ii]hr|[Uu]nser|[Dd]ies|[Jj]ed|[Jj]en|[Ww]elch)e[mnrs]"
    r"|\b(?:in|an|auf|aus|bei|mit|nach|von|vor|zu|seit|unter|über|In|An|Auf|Mit|Nach|Seit) der)[ \u00a0]$"
)
_PLAIN = re.compile(
    r"\b(?:[Dd]er|[Dd]ie|[Dd]as|[Dd]iese[rs]?|[Jj]ede[rs]?|(?:[MmDdSsKk]ein|[Ee]in|[Ii]hr|[Uu]nser)e)[ \u00a0]$"
)
_OWNED = re.compile(r"\b(?:[MmDdSsKk]ein|[Ee]in|[Ii]hr|[Uu]nser)[ \u00a0]$")
_BOTH = re.compile(r"(?:[0-9]{1,2}\. (?:und|oder|bis|–|-) ?)$")
_NUMBERED = (
    "Jahrhunderts?|Jahrtausends?|Auflage|Kapitels?|Bande?s?|Teile?s?|Akte?s?|Mal|Stock|Klasse|Tag|Tage|Weltkrieg|Platz|"
    "Jahrestag|Geburtstag|Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|"
    "Regiment|Szene|Aufzug|Auftritt|Buch|Gesang|Strophe|Abteilung|Abschnitt|Stockwerk|Lebensjahr"
)
_ORDINAL = re.compile(
    rf"(?<![\w.,])(?P<number>[0-9]{{1,3}})\.(?=[ \u00a0](?:(?P<noun>(?:{_NUMBERED})\b)|(?P<other>[A-ZÄÖÜ]\w*)|[a-zäöü]))"
)
_DECADE = re.compile(r"(?<![\w.,])(?:(?P<century>1[1-9]|20)(?P<tens>[1-9]0)|(?P<short>[2-9]0))er(?!\w)")
_YEAR = re.compile(r"(?<![\w.,:/–-])(?P<year>1[1-9][0-9]{2})(?![\w%°])(?![.,:/–-][0-9])(?! ?(?:[A-ZÄÖÜ€$]))")
_IN_YEAR = re.compile(rf"(?:\b[Jj]ahre?s?|\b[Ii]n|\b[Aa]nno|\b[Ss]eit|(?:{'|'.join(_MONTHS)})) $")
_CENTURY = re.compile(rf"(?<!\w)(?P<numeral>[IVX]{{1,5}})\.(?= (?P<noun>(?:{_NUMBERED})\b))")
_RATIO = re.compile(r"(?<![\w.,:])(?P<one>[0-9]{1,2}):(?P<other>[0-9]{1,2})(?![\w:])")
_STREET = re.compile(r"(?<=[a-zäöüß]{2})str\.(?!\w)")
_FOLLOWING = re.compile(r"(?<=[0-9] )f(?P<more>f)?\.(?!\w)")
_CLOCK = (
    r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4])(?:[:.](?P<minute>[0-5][0-9]))(?: Uhr)(?!\w)"
    r"|(?<![\w.,:/])(?P<hour2>[01]?[0-9]|2[0-4]):(?P<minute2>[0-5][0-9])(?![\w:])"
)


def _inflected(number: int, before: str, noun: str = "") -> str:
    """An ordinal number with the ending that the words around it ask for."""
    base = numbers.ordinal(number, "de")
    both = _BOTH.search(before)
    if both and not both.group().startswith(" bis"):
        before = before[: both.start()]
    if _WEAK.search(before):
        return f"{base}n"
    if _PLAIN.search(before):
        return base
    if noun in _NEUTER:
        return f"{base}s"
    return base if _is_feminine(noun) else f"{base}r"


def _before(match: re.Match[str]) -> str:
    return match.string[max(0, match.start() - 30) : match.start()]


def _date(match: re.Match[str]) -> str:
    month = GERMAN.months[match["month"].lower()]
    said = f"{_inflected(int(match['day']), _before(match))} {month}"
    return f"{said} {numbers.year(int(match['year']), 'de')}" if match["year"] else said


def _numeric_date(match: re.Match[str]) -> str | None:
    day, month, year = (match[name] for name in ("day", "month", "year"))
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return None
    said = f"{_inflected(int(day), _before(match))} {_MONTHS[int(month) - 1]}"
    return f"{said} {numbers.year(int(year), 'de') if len(year) == 4 else numbers.cardinal(year, 'de')}"


def _ordinal(match: re.Match[str]) -> str | None:
    before = _before(match)
    known = match["noun"] or _WEAK.search(before) or _PLAIN.search(before) or _OWNED.search(before)
    if not known and not _BOTH.match(match.string, match.start()):
        return None  # the number at the end of a sentence
    said = _inflected(int(match["number"]), before, match["noun"] or match["other"] or "")
    return f"{said}." if match["other"] in GERMAN.starters else said


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
    return _inflected(value, _before(match), match["noun"]) if value else None


def _ratio(match: re.Match[str]) -> str:
    return f"{numbers.cardinal(match['one'], 'de')} zu {numbers.cardinal(match['other'], 'de')}"


def rules(region: str) -> tuple[Rule, ...]:
    """The rules in their order; all regions say numbers alike."""
    months = shared.alternatives(GERMAN.months)
    worded = rf"(?<![\w.,])(?P<day>{shared.DAY})\. ?(?P<month>(?i:{months}))(?!\w)(?: (?P<year>{shared.YEAR})(?!\w))?"
    numeric = r"(?<![\w.,])(?P<day>[0-9]{1,2})\. ?(?P<month>[0-9]{1,2})\.(?: ?(?P<year>(?:1[0-9]|20)[0-9]{2}|(?<=[0-9]{2}\.[0-9]{2}\.)[0-9]{2})(?!\w)(?!\.[0-9]))"
    in_year = re.compile(_IN_YEAR.pattern)
    after = re.compile(rf"(?<![\w.,])(?P<year>{shared.YEAR})(?!\w)(?![.,][0-9])")
    return shared.ordered(
        GERMAN,
        first=(
            Rule("date", re.compile(worded), _date, "digit"),
            Rule("date", re.compile(numeric), _numeric_date, "digit"),
            Rule("time", re.compile(_CLOCK), _time, "digit"),
            Rule("number", _RATIO, _ratio, "digit"),
            Rule("abbreviation", _STREET, lambda match: "straße"),
            Rule("abbreviation", _FOLLOWING, lambda m: "fortfolgende" if m["more"] else "folgende", "digit"),
        ),
        ordinals=(Rule("ordinal", _ORDINAL, _ordinal, "digit", goes_on=True),),
        years=(
            Rule("decade", _DECADE, _decade, "digit"),
            Rule("year", after, lambda m: _year(m) if in_year.search(_before(m)) else None, "digit"),
            Rule("year", _YEAR, _year, "digit"),
        ),
        romans=(Rule("roman", _CENTURY, _century, "numeral", goes_on=True),),
    )
