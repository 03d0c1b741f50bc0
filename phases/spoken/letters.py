"""Rules about letters that all languages share: abbreviations, initials, Roman numerals, chapter numbers, capitals."""

from __future__ import annotations

import re
from collections.abc import Callable

from phases.spoken import numbers
from phases.spoken.changes import CHAPTER, HEADING, Rule
from phases.spoken.language import Language

_UPPER = "A-ZÀ-ÖØ-ÞŒ"
_ROMAN = r"[IVXLCDM]{1,12}"
_VOWELS = re.compile(r"[AEIOUYÀ-ÖØ-Ý]")
_LONGEST_INITIALISM = 3
_OWN_STOP = r"(?:\.(?=[,;:)]| [a-zà-ÿ]))?"
"""The full stop that older books put behind every Roman numeral, where no sentence ends: "George IV. was king"."""
_AND_SO_ON = frozenset({"et cetera", "etcétera", "eccetera", "enzovoort"})
"""Behind these, a capital begins a sentence; but for German, whose nouns have one."""
_LETTERS = frozenset("CDLM")
"""Alone, these are letters rather than numbers: "Appendix C"."""


def abbreviations(language: Language) -> tuple[Rule, ...]:
    """Abbreviations with a full stop: those that stand before more, those that may end a sentence, and bare ones."""
    middle, final, bare = language.abbreviations, language.final_abbreviations, language.bare_abbreviations

    rules = []
    for table, goes_on in ((dict(final), False), (dict(middle), True)):
        if table:
            words = "|".join(re.escape(word) for word in sorted(table, key=lambda word: (-len(word), word)))
            pattern = re.compile(rf"(?<![\w.])(?=&?[^\W\d_]{{1,12}}\.)(?P<word>(?i:{words}))\.(?!\w|\.)")
            say = _titled(_cased(table), language) if goes_on else _stopped(_cased(table), language)
            rules.append(Rule("abbreviation", pattern, say, "dotted" if goes_on else "", goes_on=goes_on))
    if bare:
        pattern = re.compile(rf"(?<![\w.])(?P<word>[{_UPPER}][^\W\d_]{{1,6}})(?= [{_UPPER}])")
        rules.append(Rule("abbreviation", pattern, lambda match: bare.get(match["word"])))
    return tuple(rules)


def _cased(table: dict[str, str]) -> Callable[[re.Match[str]], str | None]:
    def say(match: re.Match[str]) -> str | None:
        word = match["word"]
        if word in table:
            return table[word]
        if word.isupper() and len(word) > 1:  # in a line of capitals
            return next((said for written, said in table.items() if written.upper() == word), None)
        lowered = word[:1].lower() + word[1:]
        return table.get(lowered) if word[:1].isupper() and len(word) > 1 else None

    return say


def _titled(say: Callable[[re.Match[str]], str | None], language: Language) -> Callable[[re.Match[str]], str | None]:
    """Of single letters those alone that stand before a name or a title: "M. Hugo", but not "la lettre M. Elle"."""
    following = re.compile(
        rf"[ \u00a0](?:(?P<name>[{_UPPER}]\w*)|(?:le|la|les|l|de|du|d|son|sa|mon|notre|votre|et|y)\b)"
    )

    def titled(match: re.Match[str]) -> str | None:
        if len(match["word"]) == 1 and match["word"].isupper():
            after = following.match(match.string, match.end(), match.end() + 40)
            if after is None or (after["name"] and (len(after["name"]) == 1 or after["name"] in language.starters)):
                return None
        return say(match)

    return titled


def _stopped(say: Callable[[re.Match[str]], str | None], language: Language) -> Callable[[re.Match[str]], str | None]:
    """With the full stop, where the next word begins a sentence."""
    following = re.compile(rf"\s([{_UPPER}][\w]*)")

    def stopped(match: re.Match[str]) -> str | None:
        said = say(match)
        after = following.match(match.string, match.end(), match.end() + 24)
        ends = after and (after[1] in language.starters or (said in _AND_SO_ON and language.code != "de"))
        return f"{said}." if said and ends else said

    return stopped


def numbered(language: Language) -> Rule:
    """Abbreviations that are such only before a number: "No. 5"."""
    table = dict(language.numbered)
    words = "|".join(re.escape(word) for word in sorted(table, key=lambda word: (-len(word), word)))
    pattern = re.compile(
        rf"(?<![\w.])(?=[^\s\d]{{1,9}}[ \u00a0]?[0-9IVXLCDM])(?P<word>{words})(?P<space>[ \u00a0]?)"
        rf"(?:(?=[0-9])|(?P<numeral>[IVXLCDM]{{2,12}}|[VX])\b{_OWN_STOP})"
    )

    def say(match: re.Match[str]) -> str | None:
        if not match["space"] and match["word"][-1].isalpha():
            return None
        if not match["numeral"]:
            return f"{table[match['word']]} "
        value = numbers.roman(match["numeral"])
        return f"{table[match['word']]} {numbers.cardinal(str(value), language.code)}" if value else None

    return Rule("abbreviation", pattern, say, goes_on=True)


def initials(language: Language) -> tuple[Rule, ...]:
    """Letters with full stops: "U.S." and "J. R. R. Tolkien" lose them, so that none is taken for a sentence's end."""
    letter = f"[{_UPPER}]"
    before_name = re.compile(
        rf"(?<![\w.])(?:(?:{letter}\.-){{1,2}}{letter}\.(?= {letter})|{letter}\. ?(?= ?{letter}[a-zà-ÿ’']))"
    )
    any_letters = re.compile(
        rf"(?<![\w.])(?:(?:{letter}\.){{2,8}}|(?:[a-z]\.){{2,4}}"
        rf"|(?:{letter}\. ){{1,5}}{letter}\.(?! {letter}\.))"
    )
    name = re.compile(rf"(?:{letter}[\w’'.-]*|,|d['’]|\b(?:de|von|van|di|da|et|und|and|y|e|en|by|par|por|door|&)) $")
    following = re.compile(rf" ?({letter}\w*)")

    def spelled(match: re.Match[str]) -> str:
        said = " ".join(re.sub(r"\W", "", match.group()))
        return said + " " if match.group().endswith(" ") else said

    def of_name(match: re.Match[str]) -> str | None:
        letters = re.sub(r"\W", "", match.group())
        if len(letters) == 1:
            before = match.string[max(0, match.start() - 24) : match.start()]
            after = following.match(match.string, match.end(), match.end() + 24)
            sentence = after is not None and after[1] in language.starters
            if letters in language.single_words or sentence or (before.strip() and not name.search(before)):
                return None
        return spelled(match)

    return (
        Rule("initials", any_letters, spelled, "dotted"),
        Rule("initials", before_name, of_name, "dotted", goes_on=True),
    )


def chapter_numbers(language: Language) -> Rule:
    """A heading that is only a number: with the word for a chapter where it numbers one."""
    pattern = re.compile(rf"^\s*(?P<number>{_ROMAN}|[0-9]{{1,4}})(?=[.:]?\s*$)")

    def say(match: re.Match[str]) -> str | None:
        written = match["number"]
        value = int(written) if written.isdigit() else numbers.roman(written)
        if not value:
            return None
        return f"{language.chapter} {numbers.cardinal(str(value), language.code)}"

    return Rule("chapter", pattern, say, kinds=(CHAPTER,))


def leading_romans(language: Language) -> Rule:
    """A Roman numeral that numbers a heading or a section: "IV. The Fight"."""
    pattern = re.compile(r"^(?P<numeral>(?:[IVXL]{2,9}|[IVX])(?=$)|[IVXL]{1,9}(?=[.:]? ?[—–-]| ?[.:)](?:\s|$)))")

    def say(match: re.Match[str]) -> str | None:
        value = numbers.roman(match["numeral"])
        return numbers.cardinal(str(value), language.code) if value else None

    return Rule("roman", pattern, say, "numeral", kinds=(HEADING, CHAPTER))


def counted_romans(language: Language) -> Rule:
    """Roman numerals behind a word for what is counted: "Act III", "chapter iv"."""
    words = "|".join(re.escape(word) for word in sorted(language.counted, key=lambda word: (-len(word), word)))
    pattern = re.compile(
        rf"\b(?=[^\W\d_]{{2,15}}\.?[ \u00a0][IVXLCDMivxlc])(?i:{words})s?\.?[ \u00a0]"
        rf"(?P<numeral>{_ROMAN}|[ivxlc]{{2,9}})(?![\w’']){_OWN_STOP}"
        rf"(?:(?P<join> (?:and|to|und|bis|et|à|y|a|e|en|tot) |[–-])(?P<second>[IVX]{{1,7}})(?![\w’']))?"
    )
    lone = re.compile(r"\W|$")
    following = re.compile(rf" [{_UPPER}]")

    def say(match: re.Match[str]) -> str | None:
        numeral = match["numeral"]
        value = numbers.roman(numeral)
        if not value or numeral in _LETTERS or (not numeral.isupper() and not numeral.islower()):
            return None
        word = match.group()[: match.start("numeral") - match.start()]
        after = match.string[match.end() : match.end() + 12]
        if numeral == "I" and not lone.match(after.lstrip(" ")) and not word[:1].isupper():
            return None  # "this part I like"
        if numeral == "I" and match.start() and following.match(after):
            return None  # "The Part I Like"
        said = f"{word if not word.isupper() else word.lower()}{numbers.cardinal(str(value), language.code)}"
        second = numbers.roman(match["second"] or "")
        if not match["second"]:
            return said
        join = match["join"] if match["join"].startswith(" ") else f" {language.to} "
        return f"{said}{join}{numbers.cardinal(str(second), language.code)}" if second else None

    return Rule("roman", pattern, say, "numeral")


def rulers(language: Language) -> Rule:
    """Roman numerals behind the name of a ruler, and behind another name where nothing else can be meant."""
    dot = r"\.?" if language.ordinal_dot else _OWN_STOP
    pattern = re.compile(r"(?<=[^\W\d_][ \u00a0])(?P<numeral>[IVX]{1,5})(?![\w.]\w|\w|’(?!s)|'(?!s))" + dot)
    before = re.compile(rf"([{_UPPER}][^\W\d_]+)[ \u00a0]$")
    initial = re.compile(rf"\. (?P<word>[{_UPPER}]\w*)")
    begins = re.compile(r"(?:^|[.!?]['\"’”]?\s+)[\"“‘]?$")

    def say(match: re.Match[str]) -> str | None:
        numeral = match["numeral"]
        value = numbers.roman(numeral)
        name = before.search(match.string[max(0, match.start() - 24) : match.start()])
        if not value or name is None or language.regnal is None:
            return None
        if len(numeral) == 1 and not language.ordinal_dot:
            behind = initial.match(match.string, match.end())
            if behind and behind["word"] not in language.starters:
                return None  # an initial
        word = name[1].capitalize() if name[1].isupper() else name[1]
        after = match.string[match.end() : match.end() + 12]
        if word in language.rulers:
            first = begins.search(match.string[max(0, match.start() - 30) : match.start() - len(name.group())])
            alone = (
                not after.strip()
                or after[0] in ".,;:!?)’'”\"]—…"
                or re.match(r" (?:of|de|von|van|di|and|et|und)\b", after)
                or (first and _REIGNED.match(match.string, match.end()))
                or (match.group().endswith(".") and after[1:2].islower())
            )
            ends = match.group().endswith(".") and after[1:].partition(" ")[0] in language.starters
            return f"{language.regnal(value, word)}{'.' if ends else ''}" if numeral != "I" or alone else None
        return language.regnal(value, word) if numeral in ("II", "III", "IV", "VI", "VII", "VIII", "IX") else None

    return Rule("roman", pattern, say, "numeral")


def other_romans(language: Language) -> tuple[Rule, ...]:
    """Years of title pages, "MDCCCXII", and the numbers of items, "(iv)"."""
    year = re.compile(r"(?<!\w)M[MDCLXVI]{3,12}(?!\w)")
    item = re.compile(r"(?<=\()(?:ii|iii|iv|vi|vii|viii|ix|xi|xii)(?=\))")

    def in_year(match: re.Match[str]) -> str | None:
        value = numbers.roman(match.group())
        return numbers.year(value, language.code) if value else None

    return (
        Rule("roman", year, in_year, "numeral"),
        Rule(
            "roman", item, lambda match: numbers.cardinal(str(numbers.roman(match.group())), language.code), "numeral"
        ),
    )


_REIGNED = re.compile(
    r" (?:was|had|came|died|ruled|reigned|fue|era|murió|reinó|fu|morì|regnò|werd|stierf|regeerde|kwam|régna|mourut)\b"
)


def _is_numeral(word: str) -> bool:
    return numbers.roman(word) > 0 and not set(word) & set("DM")


def capitals(language: Language) -> Rule:
    """Words in capitals that are no initialisms, as words: a voice may spell what stands in capitals."""
    lone = "".join(sorted(language.lone_letters)) or "A"
    word = rf"[{lone}]|[{_UPPER}]{{2,40}}(?:['’][{_UPPER}]{{1,4}})?|[{_UPPER}]['’][{_UPPER}]{{1,12}}"
    pattern = re.compile(rf"(?<![\w&$])(?P<word>{word})(?![\w&+#])")
    neighbour = re.compile(rf"(?:[{_UPPER}]{{2,}}|[{_UPPER}])[^\w]{{1,3}}$")
    following = re.compile(rf"[^\w]{{1,3}}(?:[{_UPPER}]{{2,}}|A|I)\b")

    def say(match: re.Match[str]) -> str | None:
        written = match["word"]
        bare, _, ending = written.replace("’", "'").partition("'")
        if len(bare) == 1 and (ending in language.initialisms or (len(ending) > 2 and not _VOWELS.search(ending))):
            return None  # L'ONU
        if len(bare) == 1 and ending:  # I'LL
            kept = bare if bare in language.single_words else bare.lower()
            return f"{kept}{written[1]}{ending.lower()}"
        text = match.string
        before = neighbour.search(text[max(0, match.start() - 24) : match.start()])
        behind = following.match(text[match.end() : match.end() + 24])
        if bare in language.double_words and before and (behind or not before.group().startswith("THE")):
            return written.lower()
        if len(bare) > 1 and (bare in language.initialisms or not _VOWELS.search(bare) or _is_numeral(bare)):
            return None
        if len(bare) > _LONGEST_INITIALISM or (len(bare) > 1 and bare.lower() in language.short_words):
            return written.lower()
        return written.lower() if before or behind else None

    return Rule("capitals", pattern, say, "capitals")
