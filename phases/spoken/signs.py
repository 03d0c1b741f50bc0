"""Rules about what is no word: addresses, marks of notes, spaced letters, signs, dashes, headlines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping

from phases.readers.text import names
from phases.spoken.changes import CHAPTER, HEADING, Rule

_EMAIL = (
    r"(?P<user>[A-Za-z0-9][A-Za-z0-9._%+-]{0,63})@(?P<host>[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){1,5})"
)
_SCHEME = r"(?:(?:https?|ftp)://(?:www\.)?|www\.)(?P<site>[\w-]{1,63}(?:\.[\w-]{1,63}){0,5})(?::[0-9]{1,5})?"
_PATH = r"(?:[/?#][^\s<>\"”»]{0,2000}?(?=[.,;:!?)\]'’]{0,3}(?:[\s<>\"”»]|$)))?"
_BARE = r"(?P<bare>(?<![\w.@/-])[A-Za-z0-9-]{2,40}(?:\.[a-z0-9-]{2,40})?\.(?:com|org|net|edu|gov|info))"
_ADDRESS = re.compile(rf"(?<![\w.@/-])(?:{_EMAIL}|{_SCHEME}{_PATH}|{_BARE}{_PATH})(?![\w@])")

_NAME = r"[A-ZÀ-ÖØ-Þ][^\W\d_]{1,30}(?:-[^\W\d_]{1,30})?"
_NAMES = rf"{_NAME}(?:(?:, {_NAME}){{0,5}},? (?:&|and|und|et|y|e|en) {_NAME}| et al\.?)?"
_YEAR = r"(?:1[5-9]|20)[0-9]{2}[a-z]?(?:, (?:pp?|S)\. ?[0-9]{1,4}(?:[-–][0-9]{1,4})?)?"
_SOURCE = rf"(?:(?:see|cf\.|vgl\.|siehe|voir|véase|vedi|zie) )?{_NAMES}, {_YEAR}(?:; {_NAMES}, {_YEAR}){{0,9}}"
_MARK = r"\[(?:[0-9]{1,3}(?:[,–-] ?[0-9]{1,3}){0,5}|[*†‡§]{1,3})\]"
_REFERENCE = re.compile(rf"(?:(?<=[^\s\[({{]) ?{_MARK}(?!\()| ?\({_SOURCE}\))")
_RAISED = re.compile(  # the mark of a note, once raised, behind the end of a sentence
    r"(?<=[a-zà-ÿ.!?][.!?\"”’»)])[0-9]{1,3}(?=\s+[\"“‘«„]?[A-ZÀ-Þ]|\s*$)"
)
_ENDED = re.compile(r"\b(?P<word>[a-zà-ÿ]{2,})[.!?][\"”’»)]?$")
_NUMBERED = names(
    "no nos nr nrn vol vols fig figs ch chap chaps pp sec secs art arts bk pt ver vv ll col cols op cap num núm pag "
    "pagg "
    "págs blz hfst bd bde kap abb abs tab taf anm tom fasc éd ed eds par tel tél ext"
)
_NO_AUTHORS = re.compile(
    r" ?\((?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec|Spring|Summer|Autumn|Fall|Winter|"
    r"Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember|Paris|London|Londres|Londen|Londra|Berlin|Rom[ae]?|Madrid|"
    r"Wien|Vienna|Milano|Amsterdam|New York|Boston|Oxford|Cambridge|Chicago|Leipzig|München|Parigi|Parijs|Roma)\b"
)

_SPACED = re.compile(r"(?<![\w.])[^\W\d_](?:[ \u00a0\u2009\u202f][^\W\d_]){3,60}(?![\w.])")
_DASH = re.compile(r"(?:\.[ \u00a0]?){2,40}\.(?!\w)|\.{4,400}|\.\.(?=\s|$)|-{2,400}|(?<= )-(?= )|[–—]{2,400}")
_ORNAMENT = r"(?:[*_~†‡•●◦■□▪►→←❧☙❦]{1,400}|[#=|^\\+]{2,400})"
_COPYRIGHT = "copyright"
_HEADLINE = re.compile(r"(?<=[\w)\]%°])(?P<quote>[\"'”’»*_]{0,3})\s*$")


def addresses(at: str, dot: str) -> Rule:
    """Web and e-mail addresses: the name of the site, or the whole of a mailbox; the path is not said."""

    def say(match: re.Match[str]) -> str:
        if match["user"]:
            return f"{_letters(match['user'], dot)} {at} {_letters(match['host'], dot)}"
        return _letters(match["site"] or match["bare"], dot)

    return Rule("url", _ADDRESS, say, "address")


def _letters(part: str, dot: str) -> str:
    return " ".join(part.replace(".", f" {dot} ").replace("_", " ").replace("-", " ").split())


def _said_reference(match: re.Match[str]) -> str | None:
    return None if _NO_AUTHORS.match(match.group()) else ""


def _said_raised(match: re.Match[str]) -> str | None:
    ended = _ENDED.search(match.string[max(0, match.start() - 24) : match.start()])
    return "" if ended and ended["word"] not in _NUMBERED else None


REFERENCES = (
    Rule("reference", _REFERENCE, _said_reference, "bracket"),
    Rule("reference", _RAISED, _said_raised, "digit"),
)


def _said_spaced(match: re.Match[str]) -> str | None:
    letters = re.sub(r"\W", "", match.group())
    follow = sum(ord(b) - ord(a) == 1 for a, b in itertools.pairwise(letters))
    mixed = letters[1:] != letters[1:].lower() and letters != letters.upper()
    if mixed or 2 * follow >= len(letters) - 1 or len(set(letters)) == 1:
        return None  # an alphabet, or a row of something
    return letters.lower() if letters.isupper() else letters


SPACED = Rule("spaced", _SPACED, _said_spaced, "spaced")


def _said_dash(match: re.Match[str]) -> str | None:
    return "…" if "." in match.group() else "—"


DASHES = Rule("dash", _DASH, _said_dash, "dash")


def _said_headline(match: re.Match[str]) -> str | None:
    return "." + match["quote"].strip("*_")


HEADLINES = Rule("headline", _HEADLINE, _said_headline, kinds=(HEADING, CHAPTER))


def symbols(signs: Mapping[str, str], *, between: str) -> Rule:
    """Signs as words, and ornaments left out.

    Args:
        signs: what is said for a sign, such as ``&`` and ``§``.
        between: signs among them that are words only between numbers or with a space on either side.
    """
    free = "".join(re.escape(sign) for sign in signs if sign not in between)
    tied = "".join(re.escape(sign) for sign in between)
    pattern = re.compile(
        rf"(?P<free> ?[{free}]{{1,2}} ?)|(?P<tied>(?<=[0-9])\s?[{tied}]\s?(?=[0-9])|(?<=\s)[{tied}](?=\s))"
        rf"|(?P<ornament>(?<![^\s\w.,;:!?'\"“”‘’(]){_ORNAMENT}|(?<=\w){_ORNAMENT}(?!\w))"
    )

    def say(match: re.Match[str]) -> str | None:
        written = match.group()
        if match["ornament"] is not None:
            around = (
                match.string[max(0, match.start() - 1) : match.start()],
                match.string[match.end() : match.end() + 1],
            )
            return " " if all(map(str.isalnum, around)) else ""
        word = signs.get(written.strip()[:1], "")
        if word.lower() == _COPYRIGHT == match.string[max(0, match.start() - len(_COPYRIGHT)) : match.start()].lower():
            word = ""  # "Copyright ©" says it once
        before = match.start() > 0 and not written.startswith(" ") and match.string[match.start() - 1] not in " ("
        after = match.end() < len(match.string) and match.string[match.end()] not in " .,;:!?)"
        lead = " " if written[:1].isspace() or (before and word) else ""
        trail = " " if written[-1:].isspace() or (after and word) else ""
        return f"{lead}{word}{trail}" if word else (" " if lead and trail else lead or trail)

    return Rule("symbol", pattern, say, "symbol")
