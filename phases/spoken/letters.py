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


def abbreviations(language: Language) -> tuple[Rule, ...]:
    """Abbreviations with a full stop: those that stand before more, those that may end a sentence, and bare ones."""
    middle, final, bare = language.abbreviations, language.final_abbreviations, language.bare_abbreviations

    rules = []
    for table, goes_on in ((dict(middle), True), (dict(final), False)):
        if table:
            words = "|".join(re.escape(word) for word in sorted(table, key=lambda word: (-len(word), word)))
            pattern = re.compile(rf"(?<![\w.])(?=[^\W\d_]{{1,12}}\.)(?P<word>(?i:{words}))\.(?!\w)")
            rules.append(Rule("abbreviation", pattern, _cased(table), "dotted" if goes_on else "", goes_on=goes_on))
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
        return table.get(lowered) if word[:1].isupper() else None

    return say


def numbered(language: Language) -> Rule:
    """Abbreviations that are such only before a number: "No. 5"."""
    table = dict(language.numbered)
    words = "|".join(re.escape(word) for word in sorted(table, key=lambda word: (-len(word), word)))
    pattern = re.compile(
        rf"(?<![\w.])(?=[^\s\d]{{1,9}}[ \u00a0]?[0-9IVXLCDM])(?P<word>{words})(?P<space>[ \u00a0]?)"
        rf"(?:(?=[0-9])|(?P<numeral>{_ROMAN})\b)"
    )

    def say(match: re.Match[str]) -> str | None:
        if not match["space"] and match["word"][-1].isalpha():
            return None
        if not match["numeral"]:
            return f"{table[match['word']]} "
        value = numbers.roman(match["numeral"])
        return f"{table[match['word']]} {numbers.cardinal(str(value), language.code)}" if value else None

    return Rule("abbreviation", pattern, say, goes_on=True)


def initials(language: Language) -> Rule:
    """Letters with full stops: "U.S." and "J. R. R. Tolkien" lose them, so that none is taken for a sentence's end."""
    letter = f"[{_UPPER}]"
    pattern = re.compile(
        rf"(?<![\w.])(?:(?:{letter}\.){{2,8}}|(?:[a-z]\.){{2,4}}|(?:{letter}\. ?){{1,4}}(?= ?[{_UPPER}][a-zà-ÿ’'])"
        rf"|(?:[{_UPPER}]\. ){{1,4}}[{_UPPER}]\.(?= [{_UPPER}]))"
    )
    name = re.compile(rf"(?:[{_UPPER}][\w’'.-]*|,|de|von|van|di|d['’]) $")

    def say(match: re.Match[str]) -> str | None:
        written = match.group()
        letters = re.sub(r"\W", "", written)
        if len(letters) == 1:
            before = match.string[max(0, match.start() - 24) : match.start()]
            after = re.match(rf" ?([{_UPPER}]\w*)", match.string[match.end() : match.end() + 24])
            sentence = after is not None and after[1] in language.starters
            if letters in language.single_words or sentence or (before.strip() and not name.search(before)):
                return None
        said = " ".join(letters)
        return said + " " if written.endswith(" ") else said

    return Rule("initials", pattern, say, "dotted")


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
    pattern = re.compile(rf"^(?P<numeral>{_ROMAN})(?=[.:]? ?[—–-]| ?[.:)](?:\s|$)|$)")

    def say(match: re.Match[str]) -> str | None:
        value = numbers.roman(match["numeral"])
        return numbers.cardinal(str(value), language.code) if value else None

    return Rule("roman", pattern, say, "numeral", kinds=(HEADING, CHAPTER))


def counted_romans(language: Language) -> Rule:
    """Roman numerals behind a word for what is counted: "Act III", "chapter iv"."""
    words = "|".join(re.escape(word) for word in sorted(language.counted, key=lambda word: (-len(word), word)))
    pattern = re.compile(
        rf"\b(?=[^\W\d_]{{2,14}}\.?[ \u00a0][IVXLCDMivxlc])(?i:{words})\.?[ \u00a0]"
        rf"(?P<numeral>{_ROMAN}|[ivxlc]{{2,9}})(?![\w’'])"
    )
    lone = re.compile(r"\W|$")

    def say(match: re.Match[str]) -> str | None:
        numeral = match["numeral"]
        value = numbers.roman(numeral)
        if not value or (not numeral.isupper() and not numeral.islower()):
            return None
        word = match.group()[: match.start("numeral") - match.start()]
        after = match.string[match.end() : match.end() + 12]
        if numeral == "I" and not lone.match(after.lstrip(" ")) and not word[:1].isupper():
            return None  # "this part I like"
        if numeral == "I" and re.match(r" [a-z]", after) and not re.match(r" (?:of|and|to)\b", after):
            return None
        return f"{word if not word.isupper() else word.lower()}{numbers.cardinal(str(value), language.code)}"

    return Rule("roman", pattern, say, "numeral")


def rulers(language: Language) -> Rule:
    """Roman numerals behind the name of a ruler, and behind another name where nothing else can be meant."""
    pattern = re.compile(r"(?<=[^\W\d_][ \u00a0])(?P<numeral>[IVX]{1,5})(?![\w.]\w|\w|’(?!s)|'(?!s))")
    before = re.compile(rf"([{_UPPER}][^\W\d_]+)[ \u00a0]$")

    def say(match: re.Match[str]) -> str | None:
        numeral = match["numeral"]
        value = numbers.roman(numeral)
        name = before.search(match.string[max(0, match.start() - 24) : match.start()])
        if not value or name is None or language.regnal is None:
            return None
        word = name[1].capitalize() if name[1].isupper() else name[1]
        after = match.string[match.end() : match.end() + 8]
        if word in language.rulers:
            alone = (
                not after.strip()
                or after[0] in ".,;:!?)’'”\"]—…"
                or re.match(r" (?:of|de|von|van|di|and|et|und)\b", after)
            )
            return language.regnal(value) if numeral != "I" or alone else None
        return language.regnal(value) if numeral in ("II", "III", "IV", "VI", "VII", "VIII", "IX") else None

    return Rule("roman", pattern, say, "numeral")


def capitals(language: Language) -> Rule:
    """Words in capitals that are no initialisms, as words: a voice may spell what stands in capitals."""
    word = rf"[{_UPPER}]{{2,40}}(?:['’][{_UPPER}]{{1,4}})?"
    pattern = re.compile(rf"(?<![\w&$])(?P<word>{word})(?![\w&])")
    neighbour = re.compile(rf"(?:[{_UPPER}]{{2,}}|[{_UPPER}])[^\w]{{1,3}}$")
    following = re.compile(rf"[^\w]{{1,3}}(?:[{_UPPER}]{{2,}}|A|I)\b")

    def say(match: re.Match[str]) -> str | None:
        written = match["word"]
        bare = re.split("['’]", written)[0]
        if bare in language.initialisms or not _VOWELS.search(bare):
            return None
        if len(bare) > _LONGEST_INITIALISM or bare.lower() in language.short_words:
            return written.lower()
        text = match.string
        beside = neighbour.search(text[max(0, match.start() - 24) : match.start()]) or following.match(
            text[match.end() : match.end() + 24]
        )
        return written.lower() if beside else None

    return Rule("capitals", pattern, say, "capitals")
