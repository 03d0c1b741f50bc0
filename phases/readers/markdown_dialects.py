"""What Pandoc and Obsidian add to Markdown: taken out of the way before CommonMark is read, line for line."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
# Pandoc's fenced divisions, and commands to the printer.
_NO_TEXT = re.compile(
    r"\s{0,3}(?::{3,}\s*(?:\{[^{}]*\}|[\w-]+)?\s*:*|\\(?:newpage|pagebreak|clearpage|tableofcontents))\s*"
)
_LINE_BLOCK = re.compile(r"\|(?: (?P<line>.*[^|\s]))?\s*")
_TABLE_RULE = frozenset(" \t:|+-")
_TITLE_BLOCK = re.compile(
    r"%[ \t]*(?P<title>[^\n]*(?:\n[ \t]+[^\n]*)*)(?:\n%[ \t]*(?P<author>[^\n]*))?(?:\n%[ \t]*(?P<date>[^\n]*))?\n"
)
_COMMENT = re.compile(r"(?<![\w%])%%(.*?)%%", re.DOTALL)
_EMBEDDED = re.compile(r"!\[\[[^\[\]]{0,500}\]\]")
_NAMED_LINK = re.compile(r"\[\[[^\[\]|]{0,500}\|([^\[\]]{1,500})\]\]")
_LINK = re.compile(r"\[\[([^\[\]]{1,500})\]\]")
_MARKED = re.compile(r"==(?=\S)([^=]{1,5000})(?<=\S)==")
_SPAN = re.compile(r"\[([^\[\]]{1,500})\]\{[^{}]{0,200}\}")
# Small and raised letters: H~2~O, x^2^.
_SHIFTED = re.compile(r"(?<=\w)([~^])(\w{1,6})\1(?![~^])")
_ATTRIBUTES = re.compile(r"\s{0,9}\{(?:[#.:][^{}]{0,200}|-)\}$")
_CALLOUT = re.compile(r"^\[(?:![\w-]{1,30}\][+-]?|[ xX]\](?=\s))\s{0,9}")
_BLOCK_NAME = re.compile(r"\s\^[\w-]{1,40}$")


def title_block(content: str) -> tuple[dict[str, list[str]], str]:
    """The facts in a title block of Pandoc at the start of a text, and the block itself; "" where there is none."""
    match = _TITLE_BLOCK.match(content[:2000])
    if match is None or content.startswith("%%"):
        return {}, ""
    found = {"title": match["title"], "authors": match["author"] or "", "published": match["date"] or ""}
    facts = {name: [" ".join(part.split()) for part in said.split(";") if part.strip()] for name, said in found.items()}
    return {name: values for name, values in facts.items() if values}, match.group()


def comments(content: str) -> Iterator[tuple[int, str]]:
    """The comments of Obsidian, each with the number of its line from 0."""
    for match in _COMMENT.finditer(content):
        yield content.count("\n", 0, match.start()), match.group(1)


def plain(content: str) -> str:
    """The text without comments and divisions and with the lines of verse ended, in the same number of lines."""
    content = _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), content)
    lines = content.split("\n")
    fence = ""
    for number, line in enumerate(lines):
        opened = _FENCE.match(line)
        if opened and (not fence or opened.group(1).startswith(fence)):
            fence = "" if fence else opened.group(1)[:3]
        elif not fence and _NO_TEXT.fullmatch(line):
            lines[number] = ""
        elif not fence and line.startswith("|"):
            below = lines[number + 1] if number + 1 < len(lines) else ""
            verse = None if _is_rule(line) or _is_rule(below) else _LINE_BLOCK.fullmatch(line)
            if verse:
                goes_on = "\\" if below.startswith(("|", " ")) else ""
                lines[number] = (verse["line"] or "").strip() + goes_on
    return "\n".join(lines)


def _is_rule(line: str) -> bool:
    """Whether a line is the rule below the head of a table."""
    return "-" in line and _TABLE_RULE.issuperset(line)


def shown(content: str) -> str:
    """A piece of text as these programs show it: links by their names, marks of attributes and of blocks not at all."""
    if "[[" in content:
        content = _LINK.sub(lambda m: m.group(1).replace("#", " "), _NAMED_LINK.sub(r"\1", _EMBEDDED.sub("", content)))
    if "]{" in content:
        content = _SPAN.sub(r"\1", content)
    if "==" in content:
        content = _MARKED.sub(r"\1", content)
    if "~" in content or "^" in content:
        content = _SHIFTED.sub(r"\2", content)
    return _BLOCK_NAME.sub("", _ATTRIBUTES.sub("", _CALLOUT.sub("", content)))
