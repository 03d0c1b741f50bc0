"""French: how its numbers, names, abbreviations and signs are said."""

from __future__ import annotations

import re

from phases.readers.text import names
from phases.spoken import numbers, shared
from phases.spoken.changes import Rule
from phases.spoken.language import Language

_MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
           "décembre")  # fmt: skip
_FEMININE = names(
    "livre tonne heure minute seconde page couronne lire femme fille fois année semaine journée nuit maison ville rue "
    "main personne lettre ligne chose porte chambre table bouteille voix mère sœur soeur tante dame demoiselle partie "
    "lieue guinée pièce place voiture église armée compagnie feuille plume histoire heures minutes secondes pages livres "
    "femmes filles années semaines journées nuits maisons villes rues mains personnes lettres lignes choses portes "
    "chambres tables bouteilles parties lieues pièces places voitures églises feuilles histoires tonnes"
)


def _before_noun(said: str, noun: str) -> str:
    return f"{said}e" if noun in _FEMININE and (said == "un" or said.endswith("et un")) else said


FRENCH = Language(
    code="fr",
    point="virgule",
    decimal_sign=",",
    thousands=" .\u00a0\u202f",
    decimals_as_number=True,
    minus="moins",
    to="à",
    and_="et",
    months={name: name for name in _MONTHS} | {"janv.": "janvier", "févr.": "février", "juil.": "juillet",
            "sept.": "septembre", "oct.": "octobre", "nov.": "novembre", "déc.": "décembre"},
    currencies={
        "€": ("euro", "euros", "centime", "centimes"),
        "EUR": ("euro", "euros", "centime", "centimes"),
        "$": ("dollar", "dollars", "cent", "cents"),
        "£": ("livre", "livres", "penny", "pence"),
        "F": ("franc", "francs", "centime", "centimes"),
        "fr.": ("franc", "francs", "centime", "centimes"),
    },
    big={"million": "million", "millions": "millions", "milliard": "milliard", "milliards": "milliards"},
    after_millions="de ",
    elides=True,
    units={
        "km": ("kilomètre", "kilomètres"),
        "km/h": ("kilomètre à l'heure", "kilomètres à l'heure"),
        "m": ("mètre", "mètres"),
        "cm": ("centimètre", "centimètres"),
        "mm": ("millimètre", "millimètres"),
        "m²": ("mètre carré", "mètres carrés"),
        "km²": ("kilomètre carré", "kilomètres carrés"),
        "kg": ("kilogramme", "kilogrammes"),
        "g": ("gramme", "grammes"),
        "mg": ("milligramme", "milligrammes"),
        "t": ("tonne", "tonnes"),
        "l": ("litre", "litres"),
        "ml": ("millilitre", "millilitres"),
        "°C": ("degré Celsius", "degrés Celsius"),
        "°": ("degré", "degrés"),
        "min": ("minute", "minutes"),
        "kW": ("kilowatt", "kilowatts"),
        "Mo": ("mégaoctet", "mégaoctets"),
        "Go": ("gigaoctet", "gigaoctets"),
    },
    percent={"%": "pour cent", "‰": "pour mille"},
    chapter="chapitre",
    signs={"&": "et", "%": "pour cent", "§": "paragraphe", "©": "copyright", "®": "", "™": "", "+": "plus",
           "=": "égale", "×": "fois", "÷": "divisé par", "±": "plus ou moins", "<": "inférieur à",
           ">": "supérieur à", "−": "moins", "/": "sur", "@": "arobase", "²": "au carré", "³": "au cube"},
    fractions={2: ("un demi", "demis"), 3: ("un tiers", "tiers"), 4: ("un quart", "quarts"), 0: ("un {}", "{}s")},
    half="{} et demi",
    at="arobase",
    dot="point",
    abbreviations={
        "MM": "messieurs", "Dr": "docteur", "Pr": "professeur", "p. ex": "par exemple", "c.-à-d": "c'est-à-dire", "cf": "confer", "env": "environ",
        "boul": "boulevard", "Mgr": "monseigneur",
        "M": "monsieur",
    },
    final_abbreviations={"av. J.-C": "avant Jésus-Christ", "apr. J.-C": "après Jésus-Christ", "etc": "et cetera", "éd": "édition", "vol": "volume", "chap": "chapitre"},
    bare_abbreviations={"Mme": "madame", "Mmes": "mesdames", "Mlle": "mademoiselle", "Dr": "docteur",
                        "Pr": "professeur", "Me": "maître", "Mgr": "monseigneur", "St": "saint", "Ste": "sainte"},
    numbered={"n°": "numéro", "no": "numéro", "No": "numéro", "N°": "numéro", "nº": "numéro", "nos": "numéros", "p.": "page", "pp.": "pages",
              "chap.": "chapitre", "t.": "tome", "T.": "tome", "vol.": "volume", "fig.": "figure", "art.": "article",
              "tél.": "téléphone", "Tél.": "téléphone", "v.": "vers", "§": "paragraphe"},
    counted=names("chapitre partie livre tome volume acte scène chant section article guerre numéro leçon tableau an"),
    rulers=names(
        "Louis Henri François Charles Philippe Napoléon Jean Robert Guillaume Georges Édouard Edouard Élisabeth Catherine "
        "Pierre Alexandre Nicolas Paul Pie Léon Benoît Grégoire Innocent Urbain Clément Boniface Jules Sixte Frédéric "
        "Ferdinand Joseph Léopold Albert Baudouin Gustave Christian Alphonse Isabelle Jacques Richard Ivan Ramsès "
        "Constantin Othon Maximilien Rodolphe Victor-Emmanuel Mehmed Soliman"
    ),
    regnal=lambda number, name: "premier" if number == 1 else numbers.cardinal(str(number), "fr"),
    starters=names(
        "Il Elle Ils Elles On Je Tu Nous Vous Le La Les Un Une Des Ce Cet Cette Ces Mais Et Ou Puis Alors Quand Comme Si "
        "Dans En Sur Sous Avec Sans Pour Par De Du Au Aux Mon Ma Mes Son Sa Ses Leur Leurs Notre Votre Qui Que Quoi "
        "Tous Tout Toute Rien Personne Chacun Plus Non Oui C'est Cela Ceci"
    ),
    lone_letters=names("À A Y Ô"),
    initialisms=names("SNCF RATP CNRS ONU UE USA RER TGV PDG HLM TVA BBC OVNI URSS EDF GDF CGT PCF RPR UMP FBI CIA DVD "
                      "SMS IBM TV WC ENA RTL RFI"),
    short_words=names("le la les un une des du de et ou où je tu il on ne pas que qui ce ma mon mes sa son ses ta ton tes "
                      "au aux en par sur ni si oui non mal roi mer air vie dit fin feu jeu bon dur nu vu lu été est ai as "
                      "va toi moi lui eux car mot jour"),
    before_word=_before_noun,
    one=lambda noun: "une" if noun in _FEMININE else "un",
)  # fmt: skip

_FIRST = re.compile(r"(?<![\w.,])(?P<number>[0-9]{1,3})(?P<end>er|ère|re|ers|e|ème|ième|es|èmes|nd|nde|ᵉ|ᵉʳ)(?![\w’'])")
_CENTURY = re.compile(
    r"(?<!\w)(?P<numeral>[IVX]{1,6})(?P<end>er|ère|re|e|ème|ième|ᵉ|ᵉʳ)(?![\w’'])"
    r"|(?<!\w)(?P<plain>[IVX]{1,5})(?= (?:siècles?)\b)"
)
_CLOCK = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4])(?:[ \u00a0\u202f]?h(?:[ \u00a0\u202f]?(?P<minute>[0-5][0-9])(?:[ \u00a0]?min\b)?)?)(?!\w)"
_COLON = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?![\w:])"
_CENTURY_SHORT = re.compile(r"(?<=[IVX0-9]e )s\.(?!\w)")
_HALF_HOUR = re.compile(r"(?<=\bheure)(?P<many>s?) (?:1/2|½)(?![\w/])")
_FORMAT = re.compile(r"\bin-(?P<leaves>4|8)[º°o]?(?!\w)")
_SAINT = re.compile(r"(?<![\w.])S(?P<e>te|t)-(?=[A-ZÀ-Ö])")


def _which(number: int, end: str) -> str:
    if number == 1:
        return {"er": "premier", "ers": "premiers", "ᵉʳ": "premier"}.get(end, "première")
    if end in ("nd", "nde"):
        return f"second{end[2:]}"
    return numbers.ordinal(number, "fr") + ("s" if end in ("es", "èmes") else "")


def _ordinal(match: re.Match[str]) -> str:
    return _which(int(match["number"]), match["end"])


def _century(match: re.Match[str]) -> str | None:
    value = numbers.roman(match["numeral"] or match["plain"])
    return _which(value, match["end"] or "e") if value else None


def _date(day: int, month: str, year: str | None) -> str:
    said = f"{'premier' if day == 1 else numbers.cardinal(str(day), 'fr')} {month}"
    return f"{said} {year}" if year else said


def _time(hour: int, minute: int) -> str:
    said = {0: "zéro heure", 1: "une heure"}.get(hour) or f"{numbers.cardinal(str(hour), 'fr')} heures"
    if hour == 21:
        said = "vingt et une heures"
    return f"{said} {numbers.cardinal(str(minute), 'fr')}" if minute else said


def rules(region: str) -> tuple[Rule, ...]:
    """The rules in their order; all regions say numbers as France does."""
    return shared.ordered(
        FRENCH,
        first=(
            Rule(
                "ordinal",
                re.compile(_FIRST.pattern + rf"(?! (?:{shared.alternatives(FRENCH.months)}))"),
                _ordinal,
                "digit",
            ),
            shared.worded_dates(FRENCH, r"(?:er)?[ \u00a0]", _date),
            shared.numeric_dates(_MONTHS, _date, FRENCH),
            Rule("abbreviation", _CENTURY_SHORT, lambda match: "siècle"),
            Rule("abbreviation", _FORMAT, lambda m: "in-quarto" if m["leaves"] == "4" else "in-octavo", "digit"),
            Rule("time", _HALF_HOUR, lambda match: f"{match['many']} et demie", "fraction"),
            shared.clock(_CLOCK, _time),
            shared.clock(_COLON, _time),
        ),
        romans=(
            Rule("roman", _CENTURY, _century, "numeral"),
            Rule("abbreviation", _SAINT, lambda match: "sainte-" if match["e"] == "te" else "saint-"),
        ),
    )
