"""Rich Text: groups, destinations and code pages; headings by style or outline level, tracked changes as accepted.

The syntax is that of Microsoft's RTF Specification 1.9.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from phases.readers import outline, text
from phases.readers.archive import damaged
from phases.readers.document import Block, Document, Metadata, Omission, Paragraph
from phases.readers.limits import Limits
from phases.readers.omission import CONTENTS, FOOTNOTE, HIDDEN, RUNNING_HEADER
from phases.readers.styles import is_contents, levels_from_one, named_level

_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})?[ ]?|\\'(?P<byte>[0-9A-Fa-f]{2})|\\(?P<symbol>[^A-Za-z])|"
    r"(?P<brace>[{}])|(?P<end>[\r\n]+)|(?P<text>[^\\{}\r\n]+)|(?P<stray>\\)",
    re.DOTALL,
)
_CHARACTERS = {
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "tab": " ",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
    "line": "\n",
    "lbr": "\n",
    "page": " ",
    "column": " ",
}
_SYMBOLS = {"~": "\u00a0", "_": "-", "-": "", "{": "{", "}": "}", "\\": "\\", "\t": " "}
# Destinations whose text is read elsewhere or is none.
_SKIPPED = text.names(
    "colortbl pict object themedata datastore listtable listoverridetable revtbl rsidtbl generator fldinst bkmkstart "
    "bkmkend xe tc tcn pntxta pntxtb nonshppict nonesttables annotation atnid atnauthor atnref filetbl "
    "mmathpr private passwordhash xmlnstbl shppict blipuid sp operator company category keywords comment doccomm"
)
_READ_THOUGH_STARRED = text.names("shpinst shptxt footnote")
_SIDE: dict[str, Omission] = {
    "footnote": FOOTNOTE,
    **dict.fromkeys(text.names("header headerl headerr headerf footer footerl footerr footerf"), RUNNING_HEADER),
}
_TABLES = text.names("fonttbl stylesheet title author subject listtext pntext")
# What programs print before the items of a list: a number is text, a bullet (in some fonts a letter) is none.
_ITEM_NUMBER = re.compile(r"\(?(?:\d{1,6}|\w{1,8}(?=[.)]))(?:\.\d{1,6}){0,8}[.):]{0,2}")
# Windows code pages by the character set of a font.
_CHARSETS = {
    0: "cp1252",
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
_ENCODINGS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_LONGEST_LINE = 80


@dataclass(slots=True)
class _Group:
    """What holds until a group's closing brace."""

    destination: str = "body"
    encoding: str = ""
    skip_after_unicode: int = 1
    hidden: bool = False
    deleted: bool = False
    starred: bool = False
    style: int = 0
    level: int = -1
    listed: bool = False
    in_table: bool = False
    opens_side: Omission | None = None


@dataclass(slots=True)
class _Open:
    """The text of the paragraph that is being read in the body or in a note."""

    parts: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


def read(path: Path, limits: Limits) -> Document:
    """Open an ``.rtf`` file.

    Raises:
        PermanentError: ``damaged`` where it ends in the middle.
    """
    limits.check_text(path.name, path.stat().st_size)
    reader = _Reader(path.name)
    content = path.read_bytes().decode("latin-1")
    limits.check_pieces(path.name, "groups", content.count("{"))
    limits.check_paragraphs(path.name, len(re.findall(r"\\par(?![a-z])", content)))
    paragraphs = levels_from_one(list(reader.paragraphs(content)))
    facts = reader.facts
    metadata = Metadata(
        title=facts.get("title"),
        authors=tuple(name.strip() for name in facts.get("author", "").split(";") if name.strip()),
        description=facts.get("subject"),
    )
    return Document(metadata, partial(_blocks, paragraphs))


def _blocks(paragraphs: list[Paragraph]) -> Iterator[Block]:
    yield from outline.by_headings(paragraphs)


class _Reader:
    """One pass over the tokens of a file."""

    def __init__(self, name: str) -> None:
        self.facts: dict[str, str] = {}
        self._name = name
        self._group = _Group(encoding="cp1252")
        self._stack: list[_Group] = []
        self._default = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._style_names: dict[int, str] = {}
        self._style_levels: dict[int, int] = {}
        self._bytes = bytearray()
        self._skip = 0
        self._surrogate = 0
        self._table_text: list[str] = []
        self._open = [_Open()]
        self._count = 0
        self._aside: list[Paragraph] = []

    def paragraphs(self, content: str) -> Iterator[Paragraph]:
        """The paragraphs, each followed by the notes and hidden text that were in it."""
        for token in _TOKEN.finditer(content):
            kind = token.lastgroup
            if kind == "number":
                kind = "word"
            if kind == "byte":
                self._add_byte(int(token["byte"], 16))
                continue
            if kind == "end":
                continue
            self._flush_bytes()
            if kind == "brace":
                if token["brace"] == "{":
                    self._stack.append(self._group)
                    self._group = replace(self._group, starred=False, opens_side=None)
                else:
                    yield from self._close()
            elif kind == "word":
                yield from self._word(token["word"].lower(), token["number"])
            elif kind == "symbol":
                if token["symbol"] == "*":
                    self._group.starred = True
                elif token["symbol"] in "\r\n":
                    yield from self._end_paragraph()
                else:
                    self._add_text(_SYMBOLS.get(token["symbol"], ""))
            elif kind == "text":
                self._add_text(token["text"])
        self._flush_bytes()
        if len(self._stack) > 0:
            raise damaged(self._name, "its last groups are not closed, so the end is missing")
        yield from self._end_paragraph()

    def _close(self) -> Iterator[Paragraph]:
        if not self._stack:
            return
        finished = self._group
        self._group = self._stack.pop()
        self._skip = 0
        if finished.opens_side is not None:
            self._put_aside(self._open.pop(), finished.opens_side)
        if finished.destination == self._group.destination:
            return
        if finished.destination in ("title", "author", "subject"):
            said = text.one_line("".join(self._table_text))
            if said:
                self.facts.setdefault(finished.destination, said)
            self._table_text.clear()
        elif finished.destination in ("listtext", "pntext"):
            number = text.one_line("".join(self._table_text))
            self._table_text.clear()
            if _ITEM_NUMBER.fullmatch(number):
                self._put(f"{number} ")
        elif finished.destination == "stylesheet":
            self._table_text.clear()
        yield from ()

    def _put_aside(self, note: _Open, omission: Omission) -> None:
        said = text.one_line("".join([*note.cells, *note.parts, *note.hidden]))
        if text.has_word(said):
            self._aside.append(Paragraph("prose", said, f"paragraph {self._count + 1}", omit=omission))

    def _word(self, word: str, digits: str | None) -> Iterator[Paragraph]:
        number = int(digits) if digits else 0
        group = self._group
        if self._opens_destination(word):
            return
        if word == "u":
            self._add_unicode(number)
        elif word == "uc":
            group.skip_after_unicode = max(0, min(number, 20))
        elif word in ("par", "sect"):
            yield from self._end_paragraph()
        elif word in ("cell", "nestcell"):
            self._open[-1].cells.append("".join(self._open[-1].parts))
            self._open[-1].parts.clear()
        elif word in ("row", "nestrow"):
            yield from self._end_row()
        elif word in _CHARACTERS:
            self._put(_CHARACTERS[word])
        else:
            self._set(word, digits, number)

    def _opens_destination(self, word: str) -> bool:
        """Whether the word names a destination; the group's text then goes there."""
        group = self._group
        if group.destination == "unread":
            return True
        starred, group.starred = group.starred, False  # only the first word after \* names what may be skipped
        if word in _SIDE:
            if group.opens_side is None:
                self._open.append(_Open())
            group.destination, group.opens_side = word, _SIDE[word]
            return True
        if word in _SKIPPED or (starred and word not in _READ_THOUGH_STARRED):
            group.destination = "unread"
            return True
        if word in _TABLES and group.destination == "body" and self._stack:
            group.destination = word
            return True
        return word == "info"

    def _set(self, word: str, digits: str | None, number: int) -> None:
        group = self._group
        if word == "ansicpg":
            self._default = group.encoding = _known_encoding(number)
        elif word in _ENCODINGS:
            self._default = group.encoding = _ENCODINGS[word]
        elif word == "f":
            self._font = number
            group.encoding = self._fonts.get(number, self._default)
        elif word == "fcharset" and group.destination == "fonttbl":
            self._fonts[self._font] = _CHARSETS.get(number, self._default)
        elif word == "v":
            group.hidden = digits != "0"
        elif word == "deleted":
            group.deleted = digits != "0"
        elif word == "plain":
            group.hidden = group.deleted = False
        elif word == "s":
            group.style = number
        elif word == "outlinelevel":
            group.level = number + 2 if number < 9 else 0
            if group.destination == "stylesheet":
                self._style_levels[group.style] = group.level
        elif word == "pard":
            group.style, group.level, group.listed, group.in_table = 0, -1, False, False
        elif word == "ls" and group.destination == "body":
            group.listed = True
        elif word == "intbl":
            group.in_table = True

    def _add_byte(self, value: int) -> None:
        if self._skip:
            self._skip -= 1
        else:
            self._bytes.append(value)

    def _flush_bytes(self) -> None:
        if self._bytes:
            content = bytes(self._bytes).decode(self._group.encoding or self._default, errors="replace")
            self._bytes.clear()
            self._put(content)

    def _add_unicode(self, number: int) -> None:
        code = number & 0xFFFF
        self._skip = self._group.skip_after_unicode
        if 0xD800 <= code < 0xDC00:
            self._surrogate = code
            return
        if 0xDC00 <= code < 0xE000:
            if not self._surrogate:
                return
            code = 0x10000 + ((self._surrogate - 0xD800) << 10) + (code - 0xDC00)
        self._surrogate = 0
        self._put(chr(code))

    def _add_text(self, content: str) -> None:
        if self._skip:
            taken = min(self._skip, len(content))
            self._skip -= taken
            content = content[taken:]
        # Bytes above ASCII that are not escaped are in the font's code page, too.
        if content and not content.isascii():
            content = content.encode("latin-1", "replace").decode(self._group.encoding or self._default, "replace")
        self._put(content)

    def _put(self, content: str) -> None:
        group = self._group
        if not content or group.destination == "unread" or group.deleted or group.destination == "fonttbl":
            return
        if group.destination == "stylesheet":
            if content.endswith(";"):
                name = text.one_line("".join([*self._table_text, content[:-1]])).lower()
                self._style_names[group.style] = name
                self._table_text.clear()
            else:
                self._table_text.append(content)
        elif group.destination in _TABLES:
            self._table_text.append(content)
        else:
            (self._open[-1].hidden if group.hidden else self._open[-1].parts).append(content)

    def _end_row(self) -> Iterator[Paragraph]:
        current = self._open[-1]
        cells = [text.one_line(cell) for cell in [*current.cells, "".join(current.parts)]]
        current.cells.clear()
        current.parts.clear()
        row = ""
        for cell in filter(None, cells):
            row += (", " if row and row[-1].isalnum() else " ") + cell if row else cell
        if len(self._open) == 1:
            yield from self._finished("table", row)

    def _end_paragraph(self) -> Iterator[Paragraph]:
        current = self._open[-1]
        if len(self._open) > 1 or (self._group.in_table and current.cells):
            current.parts.append(" ")
            return
        gathered = "".join([*current.cells, *current.parts])
        current.cells.clear()
        current.parts.clear()
        group = self._group
        level = group.level
        name = self._style_names.get(group.style, "")
        if level < 0:
            level = max(self._style_levels.get(group.style, named_level(name)), 0)
        lines = gathered.strip().split("\n")
        if is_contents(name):
            yield from self._finished("prose", text.one_line(gathered), omit=CONTENTS)
        elif level or name == "subtitle":
            yield from self._finished("heading", text.one_line(gathered), level)
        elif len(lines) > 1 and all(len(line) < _LONGEST_LINE for line in lines):
            yield from self._finished("verse", text.lines(gathered))
        else:
            kind = "list_item" if group.listed else "quote" if "quote" in name else "prose"
            yield from self._finished(kind, text.one_line(gathered))

    def _finished(self, kind: str, content: str, level: int = 0, omit: Omission | None = None) -> Iterator[Paragraph]:
        self._count += 1
        source = f"paragraph {self._count}"
        if content:
            if text.is_scene_break(content):
                kind, level = "scene_break", 0
            yield Paragraph(kind, content, source, omit, level)
        hidden = text.one_line("".join(self._open[-1].hidden))
        self._open[-1].hidden.clear()
        if text.has_word(hidden):
            yield Paragraph("prose", hidden, source, omit=HIDDEN)
        yield from self._aside
        self._aside.clear()


def _known_encoding(page: int) -> str:
    name = {65001: "utf-8", 10000: "mac_roman", 936: "gb18030"}.get(page, f"cp{page}")
    try:
        "".encode(name)
    except LookupError:
        return "cp1252"
    return name
