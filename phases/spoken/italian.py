"""Italian: how its numbers, names, abbreviations and signs are said."""

from __future__ import annotations

import re

from phases.readers.text import names
from phases.spoken import numbers, shared
from phases.spoken.changes import Rule
from phases.spoken.language import Language

_MONTHS = ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
           "novembre", "dicembre")  # fmt: skip

_MASCULINE = names("problema programma poeta sistema tema clima pianeta papa artista giornalista")
_FEMININE_E = names(
    "notte parte voce gente madre nave classe legge morte croce chiave arte mano volta pace luce estate"
)


def _is_feminine(noun: str) -> bool:
    return noun in _FEMININE_E or (noun.endswith(("a", "zione", "sione", "tà", "tù")) and noun not in _MASCULINE)


def _one(noun: str) -> str:
    if _is_feminine(noun):
        return "una"
    return "uno" if re.match(r"s[^aeiouàèéìòù]|z|gn|ps|x|y", noun) else "un"


ITALIAN = Language(
    code="it",
    point="virgola",
    decimal_sign=",",
    thousands=".\u00a0\u202f",
    decimals_as_number=True,
    minus="meno",
    plus="più",
    to="a",
    and_="e",
    months={name: name for name in _MONTHS},
    currencies={
        "€": ("euro", "euro", "centesimo", "centesimi"),
        "EUR": ("euro", "euro", "centesimo", "centesimi"),
        "$": ("dollaro", "dollari", "centesimo", "centesimi"),
        "£": ("sterlina", "sterline", "penny", "pence"),
        "L.": ("lira", "lire", "centesimo", "centesimi"),
    },
    big={"milione": "milione", "milioni": "milioni", "miliardo": "miliardo", "miliardi": "miliardi", "mila": "mila"},
    after_millions="di ",
    units={
        "km": ("chilometro", "chilometri"),
        "km/h": ("chilometro all'ora", "chilometri all'ora"),
        "m": ("metro", "metri"),
        "cm": ("centimetro", "centimetri"),
        "mm": ("millimetro", "millimetri"),
        "m²": ("metro quadrato", "metri quadrati"),
        "km²": ("chilometro quadrato", "chilometri quadrati"),
        "kg": ("chilogrammo", "chilogrammi"),
        "g": ("grammo", "grammi"),
        "mg": ("milligrammo", "milligrammi"),
        "t": ("tonnellata", "tonnellate"),
        "l": ("litro", "litri"),
        "ml": ("millilitro", "millilitri"),
        "°C": ("grado Celsius", "gradi Celsius"),
        "°": ("grado", "gradi"),
        "min": ("minuto", "minuti"),
        "h": ("ora", "ore"),
        "kW": ("chilowatt", "chilowatt"),
        "MB": ("megabyte", "megabyte"),
        "GB": ("gigabyte", "gigabyte"),
    },
    percent={"%": "per cento", "‰": "per mille"},
    chapter="capitolo",
    signs={"&": "e", "%": "per cento", "§": "paragrafo", "©": "copyright", "®": "", "™": "", "+": "più",
           "=": "uguale a", "×": "per", "÷": "diviso", "±": "più o meno", "<": "minore di", ">": "maggiore di",
           "−": "meno", "/": "barra", "@": "chiocciola", "²": "al quadrato", "³": "al cubo"},
    fractions={2: ("un mezzo", "mezzi"), 3: ("un terzo", "terzi"), 4: ("un quarto", "quarti"),
               5: ("un quinto", "quinti"), 6: ("un sesto", "sesti"), 7: ("un settimo", "settimi"),
               8: ("un ottavo", "ottavi"), 9: ("un nono", "noni"), 10: ("un decimo", "decimi")},
    half="{} e mezzo",
    at="chiocciola",
    dot="punto",
    abbreviations={
        "sigg": "signori", "sig": "signor", "dott": "dottor", "dr": "dottor", "prof": "professor",
        "avv": "avvocato", "ing": "ingegner", "geom": "geometra", "rag": "ragionier", "On": "onorevole", "S": "San", "Mons": "monsignor",
        "p. es": "per esempio", "p.es": "per esempio", "ad es": "ad esempio", "cfr": "confronta", "ca": "circa",
        "Cap": "capitano", "Gen": "generale", "C.so": "corso", "P.zza": "piazza",
    },
    final_abbreviations={"ecc": "eccetera", "a.C": "avanti Cristo", "a. C": "avanti Cristo", "d.C": "dopo Cristo",
                         "d. C": "dopo Cristo", "S.p.A": "società per azioni"},
    bare_abbreviations={"Sig.ra": "signora"},
    numbered={"n.": "numero", "N.": "numero", "nn.": "numeri", "n°": "numero", "pag.": "pagina", "pagg.": "pagine",
              "p.": "pagina", "pp.": "pagine", "cap.": "capitolo", "Cap.": "capitolo", "vol.": "volume", "t.": "tomo",
              "fig.": "figura", "art.": "articolo", "tel.": "telefono", "Tel.": "telefono", "§": "paragrafo"},
    counted=names("capitoli parti libri tomi volumi atti canti sezioni articoli secoli capitolo parte libro tomo volume atto scena canto sezione articolo numero lezione"),
    rulers=names(
        "Vittorio Emanuele Umberto Carlo Alberto Felice Amedeo Luigi Enrico Francesco Napoleone Federico Filippo Giorgio "
        "Edoardo Guglielmo Elisabetta Caterina Pietro Paolo Alessandro Nicola Pio Leone Benedetto Gregorio Innocenzo "
        "Urbano Clemente Bonifacio Giulio Sisto Leopoldo Ferdinando Giuseppe Gustavo Cristiano Giacomo Riccardo Ivan "
        "Ramses Costantino Ottone Massimiliano Rodolfo Giovanni Maria Cosimo"
    ),
    regnal=lambda number, name: (
        f"{numbers.ordinal(number, 'it')[:-1]}{'a' if name in ('Elisabetta', 'Caterina', 'Maria') else 'o'}"
    ),
    starters=names(
        "Egli Ella Lui Lei Io Tu Noi Voi Loro Il Lo La I Gli Le Un Una Uno Questo Questa Quello Quella Ma E O Poi Allora "
        "Quando Come Se In Con Senza Per Da Di Del Della Al Alla Mio Suo Sua Che Chi Non Sì Ora Qui Era Dove "
        "Tutti Tutto Tutte Nulla Nessuno Dopo È C'era Fu"
    ),
    lone_letters=names("I E O A È"),
    initialisms=names("ONU UE USA URSS FIAT RAI BBC FBI CIA DVD SMS IBM TV CGIL CISL DC PCI PSI IVA INPS ENI NATO"),
    short_words=names("il lo la i gli le un una uno e o ma se non sì no io tu noi voi di da in con su per tra fra che chi "
                      "mio mia suo sua del al dal nel sul era ero sei sia ha ho hai re dio mai più qui là ora poi giù"),
    noun=r" [a-zàèéìòù]{3}",
    before_word=lambda said, noun: _one(noun) if said == "uno" and noun else said,
    one=_one,
)  # fmt: skip

_ORDINAL = re.compile(
    r"(?<![\w.,])(?P<number>[0-9]{1,3})(?P<sign>[ºª]|°(?= [a-zàèéìòù]{3})(?! (?:sotto|sopra|nord|sud|est|ovest)\b))(?![\wCF])(?! [CF]\b)"
)
_DECADE = re.compile(r"(?<=\banni )['’](?P<tens>[1-9]0)(?!\w)")
_HUNDREDS = re.compile(r"(?<!\w)['’](?P<hundreds>[2-9]00)(?!\w)")
_CENTURY = re.compile(r"(?<!\w)(?P<before>secol[oi] )?(?P<numeral>[IVX]{1,5})°?(?(before)(?!\w)|(?= secolo\b))")
_LADY = re.compile(r"(?<!\w)[Ss]ig\.ra\b|(?<!\w)[Dd]ott\.ssa\b|(?<!\w)[Pp]rof\.ssa\b")
_LADIES = {"sig": "signora", "dot": "dottoressa", "pro": "professoressa"}
_CLOCK = r"(?:(?<=\bore )|(?<=\b[Aa]lle )|(?<=\bdalle )|(?<=\b[Aa]ll['’]))(?P<hour>[01]?[0-9]|2[0-4])[.:,](?P<minute>[0-5][0-9])(?!\w)"
_COLON = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?![\w:])"


def _ordinal(match: re.Match[str]) -> str:
    said = numbers.ordinal(int(match["number"]), "it")
    return f"{said[:-1]}a" if match["sign"] == "ª" else said


def _century(match: re.Match[str]) -> str | None:
    value = numbers.roman(match["numeral"])
    return f"{match['before'] or ''}{numbers.ordinal(value, 'it')}" if value else None


def _date(day: int, month: str, year: str | None) -> str:
    said = f"{'primo' if day == 1 else numbers.cardinal(str(day), 'it')} {month}"
    return f"{said} {year}" if year else said


def _time(hour: int, minute: int) -> str:
    said = "una" if hour == 1 else numbers.cardinal(str(hour), "it")
    return f"{said} e {numbers.cardinal(str(minute), 'it')}" if minute else said


def rules(region: str) -> tuple[Rule, ...]:
    """The rules in their order; all regions say numbers alike."""
    return shared.ordered(
        ITALIAN,
        first=(
            shared.worded_dates(ITALIAN, r"[°º]?[ \u00a0]", _date),
            shared.numeric_dates(_MONTHS, _date, ITALIAN),
            shared.clock(_CLOCK, _time),
            shared.clock(_COLON, _time),
        ),
        ordinals=(Rule("ordinal", _ORDINAL, _ordinal, "digit"),),
        years=(
            Rule("decade", _DECADE, lambda match: numbers.cardinal(match["tens"], "it"), "digit"),
            Rule("decade", _HUNDREDS, lambda match: numbers.cardinal(match["hundreds"], "it").capitalize(), "digit"),
            Rule("abbreviation", _LADY, lambda match: _LADIES[match.group()[:3].lower()], goes_on=True),
        ),
        romans=(Rule("roman", _CENTURY, _century, "numeral"),),
    )
