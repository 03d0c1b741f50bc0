"""Spanish: how its numbers, names, abbreviations and signs are said."""

from __future__ import annotations

import re

from phases.readers.text import names
from phases.spoken import numbers, shared
from phases.spoken.changes import Rule
from phases.spoken.language import Language

_MONTHS = ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
           "noviembre", "diciembre")  # fmt: skip
_FEMININE = names("libra peseta tonelada hora milla corona lira")
_LARGEST_ORDINAL = 10
"""From eleven on, centuries and rulers have cardinal numbers (Real Academia Española)."""


_MASCULINE = names("días día mapas programas problemas poetas artistas sistemas temas idiomas planetas cometas papas "
                   "programa problema mapa poeta artista sistema tema idioma planeta cometa papa cura curas")  # fmt: skip


def _is_feminine(noun: str) -> bool:
    other = noun in ("mujer", "mujeres", "vez", "veces", "noche", "noches", "calle", "calles", "parte", "partes", "voz")
    return other or (noun.endswith(("a", "as", "ción", "ciones", "dad", "dades")) and noun not in _MASCULINE)


def _short(said: str, noun: str) -> str:
    """A number before a noun: "un", "veintiún", "treinta y un"; "una", "doscientas"."""
    if _is_feminine(noun):
        if said.endswith("uno"):
            said = f"{said.removesuffix('o')}a"
        return re.sub(r"(cient|quinient)os\b", r"\1as", said)
    if said.endswith("veintiuno"):
        return f"{said[:-4]}iún"
    return said.removesuffix("o") if said.endswith("uno") else said


def _regnal(number: int, name: str) -> str:
    if number > _LARGEST_ORDINAL:
        return numbers.cardinal(str(number), "es")
    said = numbers.ordinal(number, "es")
    return f"{said.removesuffix('o')}a" if name in ("Isabel", "Catalina", "María", "Juana", "Cristina") else said


SPANISH = Language(
    code="es",
    point="coma",
    decimal_sign=",",
    thousands=".\u00a0\u202f",
    decimals_as_number=True,
    minus="menos",
    plus="más",
    to="a",
    and_="con",
    months={name: name for name in _MONTHS} | {"setiembre": "septiembre"},
    currencies={
        "€": ("euro", "euros", "céntimo", "céntimos"),
        "EUR": ("euro", "euros", "céntimo", "céntimos"),
        "$": ("dólar", "dólares", "centavo", "centavos"),
        "£": ("libra", "libras", "penique", "peniques"),
        "pts.": ("peseta", "pesetas", "céntimo", "céntimos"),
        "ptas.": ("peseta", "pesetas", "céntimo", "céntimos"),
    },
    big={"millón": "millón", "millones": "millones", "mil": "mil"},
    after_millions="de ",
    units={
        "km": ("kilómetro", "kilómetros"),
        "km/h": ("kilómetro por hora", "kilómetros por hora"),
        "m": ("metro", "metros"),
        "cm": ("centímetro", "centímetros"),
        "mm": ("milímetro", "milímetros"),
        "m²": ("metro cuadrado", "metros cuadrados"),
        "km²": ("kilómetro cuadrado", "kilómetros cuadrados"),
        "kg": ("kilogramo", "kilogramos"),
        "g": ("gramo", "gramos"),
        "mg": ("miligramo", "miligramos"),
        "t": ("tonelada", "toneladas"),
        "l": ("litro", "litros"),
        "ml": ("mililitro", "mililitros"),
        "°C": ("grado Celsius", "grados Celsius"),
        "°": ("grado", "grados"),
        "min": ("minuto", "minutos"),
        "h": ("hora", "horas"),
        "kW": ("kilovatio", "kilovatios"),
        "MB": ("megabyte", "megabytes"),
        "GB": ("gigabyte", "gigabytes"),
    },
    percent={"%": "por ciento", "‰": "por mil"},
    chapter="capítulo",
    signs={"&": "y", "%": "por ciento", "§": "sección", "©": "copyright", "®": "", "™": "", "+": "más", "=": "igual a",
           "×": "por", "÷": "entre", "±": "más menos", "<": "menor que", ">": "mayor que", "−": "menos",
           "/": "barra", "@": "arroba", "²": "al cuadrado", "³": "al cubo"},
    fractions={2: ("un medio", "medios"), 3: ("un tercio", "tercios"), 0: ("un {}", "{}s")},
    half="{} y medio",
    at="arroba",
    dot="punto",
    abbreviations={
        "Sr": "señor", "Sra": "señora", "Srta": "señorita", "Sres": "señores", "Dr": "doctor", "Dra": "doctora",
        "Prof": "profesor", "D": "don", "Dña": "doña", "Ud": "usted", "Uds": "ustedes", "Vd": "usted", "Vds": "ustedes",
        "Sto": "santo", "Sta": "santa", "Fr": "fray", "Gral": "general", "Cap": "capitán", "Lic": "licenciado",
        "p. ej": "por ejemplo", "EE. UU": "Estados Unidos", "EE.UU": "Estados Unidos", "cf": "compárese",
        "aprox": "aproximadamente", "Avda": "avenida", "S": "San",
    },
    final_abbreviations={"etc": "etcétera", "a. C": "antes de Cristo", "a.C": "antes de Cristo", "d. C": "después de Cristo",
                         "d.C": "después de Cristo", "Cía": "compañía", "Ltda": "limitada", "S. A": "ese a", "SS. MM": "Sus Majestades"},
    numbered={"núm.": "número", "Núm.": "número", "n.º": "número", "nº": "número", "N.º": "número", "N.°": "número",
              "pág.": "página", "págs.": "páginas", "p.": "página", "pp.": "páginas", "cap.": "capítulo",
              "Cap.": "capítulo", "vol.": "volumen", "t.": "tomo", "fig.": "figura", "art.": "artículo",
              "tel.": "teléfono", "Tel.": "teléfono", "s.": "siglo", "§": "sección"},
    counted=names("capítulo parte libro tomo volumen acto escena canto sección artículo guerra número siglo siglos "
                  "lección jornada"),
    rulers=names(
        "Felipe Carlos Alfonso Fernando Isabel Luis Enrique Juan Pedro Jaime Sancho Ramiro Francisco Napoleón Enrique "
        "Jorge Eduardo Guillermo Catalina Pablo Alejandro Nicolás Pío León Benedicto Gregorio Inocencio Urbano Clemente "
        "Bonifacio Julio Sixto Federico Leopoldo Alberto Gustavo Cristián Jacobo Ricardo Iván Ramsés Constantino Otón "
        "Maximiliano Rodolfo María José"
    ),
    regnal=lambda number, name: _regnal(number, name),
    starters=names(
        "Él Ella Ellos Ellas Yo Tú Nosotros Usted El La Los Las Un Una Unos Unas Este Esta Esto Ese Esa Pero Y O Luego "
        "Entonces Cuando Como Si En Con Sin Para Por De Del Al Mi Su Sus Que Qué Quien No Sí Ya Ahora Allí Aquí "
        "Todos Todo Todas Nada Nadie Era Es Fue Había"
    ),
    lone_letters=names("Y O A E"),
    initialisms=names("RAE ONU UE OTAN RENFE PSOE PP IVA DNI BBC URSS FBI CIA DVD SMS IBM TV USA UGT CCOO ETA AVE OEA"),
    short_words=names("el la los las un una unos y o e u no sí si ya yo tú él de del al en con sin por que qué es ha he "
                      "su sus mi mis tu tus me te se le lo les ni más mal bien fin rey mar sol día ser ver ir voy va soy"),
    noun=r" [a-záéíóúñ]{3}",
    before_word=_short,
    one=lambda noun: "una" if noun in _FEMININE or _is_feminine(noun) else "un",
)  # fmt: skip

_ORDINAL = re.compile(
    r"(?<![\w.,])(?P<number>[0-9]{1,3})(?:\.?(?P<sign>[ºª]|°(?= [a-záéíóú]{3})(?! (?:bajo|sobre|norte|sur|este|oeste)\b))|\.?(?P<word>er|ero|era|do|da|to|ta))(?![\w])"
)
_CLOCK = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4])[:.](?P<minute>[0-5][0-9])(?:[ \u00a0]?h(?:oras)?\b\.?)"
_STOP = r"(?:(?<=\b[Aa] las )|(?<=\b[Aa] la ))(?P<hour>[01]?[0-9]|2[0-4])[.:](?P<minute>[0-5][0-9])(?![\w.,])"
_COLON = r"(?<![\w.,:/])(?P<hour>[01]?[0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?![\w:])"


def _ordinal(match: re.Match[str]) -> str:
    number, ending = int(match["number"]), match["sign"] or match["word"]
    said = numbers.ordinal(number, "es")
    if ending == "er":
        return said.removesuffix("o")
    if ending in ("ª", "era", "da", "ta"):
        return " ".join(word[:-1] + "a" if word.endswith("o") else word for word in said.split())
    return said


def _date(day: int, month: str, year: str | None) -> str:
    said = f"{'primero' if day == 1 else numbers.cardinal(str(day), 'es')} de {month}"
    return f"{said} de {year}" if year else said


def _time(hour: int, minute: int) -> str:
    said = "una" if hour == 1 else numbers.cardinal(str(hour), "es")
    said = "veintiuna" if hour == 21 else said
    return f"{said} {numbers.cardinal(str(minute), 'es')}" if minute else f"{said} en punto"


def rules(region: str) -> tuple[Rule, ...]:
    """The rules in their order; all regions say numbers as Spain does."""
    return shared.ordered(
        SPANISH,
        first=(
            shared.worded_dates(SPANISH, r"(?:\.?º)?(?:[ \u00a0]del?)?[ \u00a0]", _date),
            shared.numeric_dates(_MONTHS, _date, SPANISH),
            shared.clock(_CLOCK, _time),
            shared.clock(_STOP, _time),
            shared.clock(_COLON, _time),
        ),
        ordinals=(Rule("ordinal", _ORDINAL, _ordinal, "digit"),),
    )
