"""Dutch: how its numbers, names, abbreviations and signs are said."""

from __future__ import annotations

import re

from phases.readers.text import names
from phases.spoken import numbers, shared
from phases.spoken.changes import Rule
from phases.spoken.language import Language

_MONTHS = ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
           "november", "december")  # fmt: skip

DUTCH = Language(
    code="nl",
    point="komma",
    decimal_sign=",",
    thousands=".\u00a0\u202f",
    decimals_as_number=True,
    minus="min",
    to="tot",
    and_="en",
    months={name: name for name in _MONTHS} | {"jan.": "januari", "feb.": "februari", "aug.": "augustus",
            "sept.": "september", "okt.": "oktober", "nov.": "november", "dec.": "december"},
    currencies={
        "€": ("euro", "euro", "cent", "cent"),
        "EUR": ("euro", "euro", "cent", "cent"),
        "$": ("dollar", "dollar", "cent", "cent"),
        "£": ("pond", "pond", "penny", "pence"),
        "ƒ": ("gulden", "gulden", "cent", "cent"),
    },
    big={"miljoen": "miljoen", "miljard": "miljard", "duizend": "duizend", "mln.": "miljoen", "mld.": "miljard"},
    units={
        "km": ("kilometer", "kilometer"),
        "km/u": ("kilometer per uur", "kilometer per uur"),
        "km/h": ("kilometer per uur", "kilometer per uur"),
        "m": ("meter", "meter"),
        "cm": ("centimeter", "centimeter"),
        "mm": ("millimeter", "millimeter"),
        "m²": ("vierkante meter", "vierkante meter"),
        "km²": ("vierkante kilometer", "vierkante kilometer"),
        "kg": ("kilogram", "kilogram"),
        "g": ("gram", "gram"),
        "mg": ("milligram", "milligram"),
        "l": ("liter", "liter"),
        "ml": ("milliliter", "milliliter"),
        "°C": ("graad Celsius", "graden Celsius"),
        "°": ("graad", "graden"),
        "min.": ("minuut", "minuten"),
        "sec.": ("seconde", "seconden"),
        "gld.": ("gulden", "gulden"),
        "kW": ("kilowatt", "kilowatt"),
        "MB": ("megabyte", "megabyte"),
        "GB": ("gigabyte", "gigabyte"),
    },
    percent={"%": "procent", "‰": "promille"},
    chapter="hoofdstuk",
    signs={"&": "en", "%": "procent", "§": "paragraaf", "©": "copyright", "®": "", "™": "", "+": "plus",
           "=": "is gelijk aan", "×": "maal", "÷": "gedeeld door", "±": "plus of min", "<": "kleiner dan",
           ">": "groter dan", "−": "min", "/": "schuine streep", "@": "apenstaartje", "²": "kwadraat",
           "³": "tot de derde"},
    fractions={2: ("een half", "halve"), 3: ("een derde", "derde"), 4: ("een kwart", "kwart"), 0: ("een {}", "{}")},
    half="{} en een half",
    at="apenstaartje",
    dot="punt",
    abbreviations={
        "dhr": "de heer", "mevr": "mevrouw", "mw": "mevrouw", "dr": "dokter", "drs": "doctorandus", "mr": "meester",
        "prof": "professor", "ir": "ingenieur", "ing": "ingenieur", "ds": "dominee", "St": "Sint", "jhr": "jonkheer",
        "bijv": "bijvoorbeeld", "bv": "bijvoorbeeld", "d.w.z": "dat wil zeggen", "o.a": "onder andere",
        "i.p.v": "in plaats van", "t.a.v": "ter attentie van", "m.a.w": "met andere woorden", "n.a.v": "naar aanleiding van",
        "resp": "respectievelijk", "vgl": "vergelijk", "ca": "circa", "z.g": "zogenaamde", "ong": "ongeveer",
        "a.u.b": "alstublieft", "mej": "mejuffrouw", "nl": "namelijk", "m.b.t": "met betrekking tot",
    },
    final_abbreviations={"enz": "enzovoort", "etc": "et cetera", "v.Chr": "voor Christus", "n.Chr": "na Christus",
                         "v. Chr": "voor Christus", "n. Chr": "na Christus", "e.d": "en dergelijke", "jr": "junior"},
    numbered={"nr.": "nummer", "Nr.": "nummer", "nrs.": "nummers", "blz.": "bladzijde", "p.": "pagina",
              "hfst.": "hoofdstuk", "dl.": "deel", "afb.": "afbeelding", "art.": "artikel", "tel.": "telefoon", "Tel.": "telefoon",
              "§": "paragraaf"},
    counted=names("hoofdstukken delen boeken akten hoofdstuk deel boek akte bedrijf toneel afdeling artikel nummer zang les bijlage wereldoorlog"),
    rulers=names(
        "Willem Hendrik Karel Filips Lodewijk Frans Frederik Napoleon Jan Pieter Peter George Edward Elizabeth Catharina "
        "Paulus Alexander Nicolaas Pius Leo Benedictus Gregorius Innocentius Urbanus Clemens Bonifatius Julius Sixtus "
        "Leopold Albert Boudewijn Gustaaf Christiaan Jacobus Richard Ivan Ramses Constantijn Otto Maximiliaan Rudolf "
        "Johannes Floris Filip Maria"
    ),
    regnal=lambda number, name: f"de {numbers.ordinal(number, 'nl').capitalize()}",
    starters=names(
        "Hij Zij Ze Het We Wij Jij Je Ik U De Een Dit Dat Deze Die Maar En Of Toen Dan Daar Hier Zo Nu Als Wanneer Waar "
        "Wat Wie Hoe Waarom In Op Aan Bij Met Naar Van Voor Te Zijn Haar Mijn Onze Niet Ook Er"
    ),
    lone_letters=names("U"),
    initialisms=names("EU USA VN NAVO NS KLM BBC FBI CIA DVD SMS IBM TV WC VVD CDA PvdA NRC BV NV ANWB AOW BTW KNMI TNO"),
    short_words=names("de het een en of in op aan bij met naar van voor te hij zij ze we wij jij je ik u dit dat die zo nu "
                      "als wat wie hoe er niet nee ja man god dag weg dood los oud nieuw is was ben zal kan wil mag om "
                      "ook nog wel al uit tot hem haar mij"),
    one=lambda noun: "één",
)  # fmt: skip

_ORDINAL = re.compile(r"(?<![\w.,])(?P<number>[0-9]{1,3})(?:e|de|ste)(?!\w)")
_CENTURY = re.compile(r"(?<!\w)(?P<numeral>[IVX]{1,5})(?:e|de|ste)(?!\w)")
_DECADE = re.compile(r"(?<=\bjaren )['’]?(?P<tens>[1-9]0)(?!\w)")
_IN_YEAR = re.compile(
    rf"(?:\b[Ii]n|\b[Ss]inds|\b[Vv]an|\b[Tt]ot|\b[Aa]nno|\b[Jj]aar|\b[Jj]aren|\b[Uu]it|\b[Rr]ond|\b[Vv]anaf|\b[Vv]oor|\b[Nn]a|"
    rf"\b[Ee]n|{'|'.join(_MONTHS)}) $"
)
_YEAR = re.compile(r"(?<![\w.,:/–-])(?P<year>1[1-9][0-9]{2})(?![\w%°])(?![.,:/–-][0-9])")
_CLOCK = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4])(?:[.:](?P<minute>[0-5][0-9]))?[ \u00a0]uur(?!\w)"
_COLON = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?![\w:])"
_NOUN = re.compile(
    r" (?:mensen|mannen|vrouwen|kinderen|soldaten|dagen|jaren|schepen|paarden|boeken|stuks|man|jaar|euro|gulden|keer)\b"
)


def _ordinal(match: re.Match[str]) -> str:
    return numbers.ordinal(int(match["number"]), "nl")


def _century(match: re.Match[str]) -> str | None:
    value = numbers.roman(match["numeral"])
    return numbers.ordinal(value, "nl") if value else None


def _date(day: int, month: str, year: str | None) -> str:
    said = f"{numbers.cardinal(str(day), 'nl')} {month}"
    return f"{said} {year}" if year else said


def _time(hour: int, minute: int) -> str:
    said = f"{numbers.cardinal(str(hour), 'nl')} uur"
    return f"{said} {numbers.cardinal(str(minute), 'nl')}" if minute else said


def _year(match: re.Match[str]) -> str | None:
    before = match.string[max(0, match.start() - 12) : match.start()]
    if not _IN_YEAR.search(before) or _NOUN.match(match.string, match.end()):
        return None
    return numbers.year(int(match["year"]), "nl")


def rules(region: str) -> tuple[Rule, ...]:
    """The rules in their order; all regions say numbers alike."""
    return shared.ordered(
        DUTCH,
        first=(
            shared.worded_dates(DUTCH, r"[ \u00a0]", _date),
            shared.numeric_dates(_MONTHS, _date, DUTCH),
            shared.clock(_CLOCK, _time),
            shared.clock(_COLON, _time),
        ),
        ordinals=(Rule("ordinal", _ORDINAL, _ordinal, "digit"),),
        years=(
            Rule("decade", _DECADE, lambda match: numbers.cardinal(match["tens"], "nl"), "digit"),
            Rule("year", _YEAR, _year, "digit"),
        ),
        romans=(Rule("roman", _CENTURY, _century, "numeral"),),
    )
