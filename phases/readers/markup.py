"""HTML and XHTML to paragraphs: words never run together at the end of a block, and nothing visible is lost.

The walk is a loop, not a recursion, and entities, files and the network are never followed.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from phases.contract import PermanentError
from phases.readers import encoding, foreign, initials, numbering, text
from phases.readers.archive import damaged
from phases.readers.document import Omission, Paragraph
from phases.readers.link_lists import Links
from phases.readers.notes import Notes
from phases.readers.omission import ALT_TEXT, HIDDEN, epub_type, omission_of
from phases.readers.stylesheets import Hidden
from phases.readers.text import names

_BLOCKS = names(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol option p pre section "
    "summary table tbody text tfoot thead tr ul"
)
_KINDS = {
    **{f"h{level}": "heading" for level in range(1, 7)},
    "hgroup": "heading",
    "li": "list_item",
    "dt": "list_item",
    "dd": "list_item",
    "blockquote": "quote",
    "td": "table",
    "th": "table",
    "pre": "verse",
}
_LEVELS = {f"h{level}": level for level in range(1, 7)}
# Never visible, or not text.
_UNSEEN = names(
    "annotation annotation-xml audio canvas datalist defs desc head iframe map metadata noscript object rp script "
    "style template title video"
)
_VERSE = names("poem poetry line-block stanza verse z3998:poem z3998:verse z3998:song z3998:hymn z3998:lyrics")
_DRAMA = frozenset(["z3998:drama", "z3998:persona"])

_LINE_BREAK = "\x0b"
_FEW_PARTS = 8
_FEWEST_LINES, _LONGEST_LINE = 3, 80
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_OWN = frozenset(["amp", "lt", "gt", "quot", "apos"])
_EMPTY_ELEMENT = re.compile(
    r"<(title|script|style|iframe|textarea|noscript|object|video|audio|a|div|p|span|i|b|em|strong)(\s[^<>]{0,1000})?/>"
)
_XML_DECLARATION = re.compile(r"<\?xml[^>]{0,500}\?>")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# Longer replacements, and those made of other entities, are how a small file becomes a large one.
_ENTITY_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Flow:
    """The paragraphs of one file, and the anchors that stand after the last of them."""

    paragraphs: list[Paragraph]
    trailing_ids: tuple[str, ...]


def parse(data: bytes, name: str, *, as_xml: bool) -> Any:
    """The root element of a file of markup.

    Args:
        data: the file.
        name: what to call it in an error.
        as_xml: try XML first; what is not well-formed is read as HTML, as browsers do.

    Raises:
        PermanentError: ``damaged`` where there is no markup in it, or it is nested too deeply to be read whole.
    """
    content = encoding.decode(data, name).lstrip()
    declaration = _XML_DECLARATION.match(content)
    content = _NOT_XML.sub("", content[declaration.end() :] if declaration else content)
    if as_xml:
        try:
            parser = etree.XMLParser(
                resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, encoding="utf-8"
            )
            return etree.fromstring(_ENTITY.sub(_named_character, content).encode(), parser)
        except etree.XMLSyntaxError as error:
            refuse_depth(error.msg or "", name)
            if "<!ENTITY" in content:  # HTML has none, so reading it as HTML would make text of the declarations
                raise damaged(name, f"its XML entities cannot be read ({error.msg})") from error
        # HTML knows no empty elements of these names: a lone <title/> would swallow the whole text.
        content = _EMPTY_ELEMENT.sub(r"<\1\2></\1>", content)
    loose = etree.HTMLParser(no_network=True, huge_tree=False, encoding="utf-8")
    try:
        root = etree.fromstring(content.encode(), loose)
    except etree.XMLSyntaxError as error:
        raise damaged(name, f"there is no markup in it ({error.msg})") from error
    for entry in loose.error_log:
        refuse_depth(entry.message, name)
    if root is None:
        raise damaged(name, "there is no markup in it")
    return root


def _named_character(match: re.Match[str]) -> str:
    name = match.group(1)
    if name in _XML_OWN:
        return match.group()
    return html.entities.html5.get(f"{name};", match.group())


def refuse_depth(message: str, name: str) -> None:
    """Refuse a file whose parser has stopped at its own limits.

    Args:
        message: the parser's.
        name: what to call the file.

    Raises:
        PermanentError: ``too_large``.
    """
    lowered = message.lower()
    if "depth" in lowered or "huge" in lowered or "too long" in lowered:
        raise PermanentError(
            f"{name} is refused: its markup is nested deeper, or one piece of text in it is longer, than the XML "
            f"library reads safely ({message.split(',')[0]}). Convert the book with a tool such as Calibre and run "
            "again.",
            error_type="too_large",
        )


def local_name(element: Any) -> str:
    """An element's name in lower case, without its namespace; "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def inline_text(element: Any) -> str:
    """All text in an element on one line; images stand for their alternative text."""
    parts = []
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            parts.append(node.get("alt", "") if local_name(node) == "img" else node.text or "")
        elif node is not element:
            parts.append(node.tail or "")
    return text.one_line("".join(parts))


def flow(root: Any, source: str, notes: set[str] | None = None, sheets: Sequence[str] = ()) -> Flow:
    """The paragraphs of a parsed file.

    Args:
        root: its root element.
        source: what `Paragraph.source` says.
        notes: links to notes, as ``#anchor`` or ``file#anchor``, found in earlier files; those found here are added.
        sheets: the stylesheets that it links to; those inside it are found here.

    Raises:
        PermanentError: ``damaged`` where it uses entities made of entities.
    """
    hidden = Hidden([*sheets, *_own_sheets(root)])
    walker = _Walker(source, _entities(root, source), Notes(source, set() if notes is None else notes), hidden)
    paragraphs = list(walker.walk(root))
    return Flow(walker.links.marked(paragraphs), tuple(walker.ids))


def head_elements(root: Any, tag: str) -> Iterator[Any]:
    """The elements of that name in the head of a file that say nothing of print or other media."""
    head = next((child for child in root if local_name(child) == "head"), None)
    for element in () if head is None else head:
        if local_name(element) == tag and element.get("media", "all").strip().lower() in ("", "all", "screen"):
            yield element


def _own_sheets(root: Any) -> Iterator[str]:
    for element in head_elements(root, "style"):
        yield "".join(element.itertext())


def _are_lines(gathered: str) -> bool:
    """Whether line breaks stand where the author ended lines: in a poem, a letterhead, a title page."""
    lines = [line for line in gathered.split(_LINE_BREAK) if line.strip()]
    return len(lines) >= _FEWEST_LINES and all(len(line) < _LONGEST_LINE for line in lines)


def _stands_apart(span: Any) -> bool:
    """Whether a piece of a heading is another word than the piece before it, and no letter that is only drawn so."""
    before = span.getprevious()
    if before is None or before.tail or local_name(before) != "span":
        return False
    said, following = "".join(before.itertext()).strip(), "".join(span.itertext())[:1]
    return len(said) > 1 and said[-1].isalnum() and (following.isupper() or following.isdecimal())


def _entities(root: Any, name: str) -> dict[str, str]:
    internal = root.getroottree().docinfo.internalDTD
    found: dict[str, str] = {}
    if internal is None:
        return found
    for entity in internal.iterentities():
        content = entity.content
        if content is not None and len(content) <= _ENTITY_CHARACTERS and "&" not in content and "<" not in content:
            found[f"&{entity.name};"] = content
    return found


@dataclass(slots=True)
class _Walker:
    """The state of one walk: what has been gathered and in which surroundings."""

    source: str
    entities: dict[str, str]
    notes: Notes
    hidden: Hidden
    ids: list[str] = field(default_factory=list)
    links: Links = field(default_factory=Links)
    _parts: list[str] = field(default_factory=list)
    _level: int = 0
    # A picture of the letter that the next word begins with.
    _initial: str = ""
    _in_cells: bool = False
    _kinds: list[tuple[Any, str]] = field(default_factory=list)
    _drama: list[Any] = field(default_factory=list)
    _verse: list[Any] = field(default_factory=list)
    _omitting: tuple[Any, Omission] | None = None
    _omits_blocks: bool = False
    _omitted_parts: list[str] = field(default_factory=list)
    _omitted: list[Paragraph] = field(default_factory=list)
    _languages: list[tuple[Any, str]] = field(default_factory=list)
    # From which of the gathered parts on which language is marked.
    _turns: list[tuple[int, str]] = field(default_factory=list)

    def walk(self, root: Any) -> Iterator[Paragraph]:
        walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        for event, node in walk:
            if event == "start":
                tag = local_name(node)
                if tag in _UNSEEN:
                    walk.skip_subtree()
                    self._remember_ids(node)
                elif not tag:
                    self._add(self._entity(node))
                else:
                    yield from self._start(node, tag)
            elif event == "end":
                tag = local_name(node)
                if tag and tag not in _UNSEEN:
                    yield from self._end(node, tag)
                if node is not root:
                    self._add(node.tail)
            else:
                self._add(node.tail)
        yield from self._flush()

    def _entity(self, node: Any) -> str:
        name = node.text or ""
        if name not in self.entities:
            raise damaged(
                self.source, f"it uses {name!r}, an XML entity that is not declared, or is made of other entities"
            )
        return self.entities[name]

    def _add(self, piece: str | None) -> None:
        if not piece:
            return
        if self._kinds and self._kinds[-1][1] == "verse" and local_name(self._kinds[-1][0]) == "pre":
            piece = piece.replace("\n", _LINE_BREAK)
        if self._initial and not piece.isspace() and self._omitting is None:
            piece = initials.joined(self._initial, piece)
            self._initial = ""
        within = self._omitting is not None and not self._omits_blocks
        (self._omitted_parts if within else self._parts).append(piece)

    def _remember_ids(self, node: Any) -> None:
        for attribute in ("id", "name"):
            value = node.get(attribute)
            if value:
                self.ids.append(value)

    def _start(self, node: Any, tag: str) -> Iterator[Paragraph]:
        types = names(f"{epub_type(node)} {node.get('class', '')}" if node.attrib else "")
        cell = tag in ("td", "th")
        if types & _DRAMA and (cell or tag in _BLOCKS):
            self._drama.append(node)
        if tag in _BLOCKS or (cell and self._drama):
            yield from self._flush()
        elif cell and self._parts:
            self._separate_cell()
        if cell and not self._drama:
            self._in_cells = True
        if types & _VERSE:
            self._verse.append(node)
        if tag in _KINDS:
            kind = "line" if cell and self._drama else _KINDS[tag]
            self._kinds.append((node, kind))
            self._level = _LEVELS.get(tag, 0)
        if node.attrib:
            self._remember_ids(node)
            marked = foreign.marked(node) if tag != "html" else None
            if marked:
                self._languages.append((node, marked))
                self._turns.append((len(self._parts), marked))
        if self._omitting is None:
            omission = self._omission_of(node, tag)
            if omission is not None:
                self._omitting = (node, omission)
                self._omits_blocks = tag in _BLOCKS or cell
        if tag == "a" and self._omitting is None:
            self.links.open(node.get("href", ""), begins=not text.has_word("".join(self._parts)))
        if tag == "hr" and self._omitting is None:
            yield Paragraph("scene_break", "", self.source, ids=self._taken_ids())
        elif tag == "img":
            described = text.one_line(node.get("alt", ""))
            if self._omitting is None and initials.is_initial(described) and not text.has_word("".join(self._parts)):
                self._initial = described
            elif self._omitting is None and text.has_word(described):
                self._omitted.append(Paragraph("prose", described, self.source, omit=ALT_TEXT))
        elif tag == "br":
            twice = bool(self._parts) and self._parts[-1] == _LINE_BREAK and not self._verse
            # A title below a number is said after a pause; a number has few parts.
            bare = self._in_heading and len(self._parts) < _FEW_PARTS and numbering.is_bare("".join(self._parts))
            if twice or bare:
                yield from self._flush()
            self._add(_LINE_BREAK)
        elif tag == "span" and self._in_heading and _stands_apart(node):
            self._add(" ")
        self._add(node.text)

    def _omission_of(self, node: Any, tag: str) -> Omission | None:
        if self.hidden and self.hidden.hides(node, tag):
            return None if initials.is_hidden(node) else HIDDEN
        return omission_of(node, tag) or self.notes.omission_of(node, tag, after="".join(self._parts[-3:]))

    def _separate_cell(self) -> None:
        for place in range(len(self._parts) - 1, -1, -1):  # no space before the comma
            self._parts[place] = self._parts[place].rstrip()
            if self._parts[place]:
                break
        self._parts.append(", " if "".join(self._parts)[-1:].isalnum() else " ")

    def _end(self, node: Any, tag: str) -> Iterator[Paragraph]:
        if tag == "a":
            self.links.close(len(self._parts))
        ends = self._omitting is not None and self._omitting[0] is node
        if ends and not self._omits_blocks:
            self._flush_omitted()
            self._omitting = None
        if tag in _BLOCKS or (tag in ("td", "th") and (self._drama or ends)):
            yield from self._flush()
        if ends:
            self._omitting = None
        if self._kinds and self._kinds[-1][0] is node:
            self._kinds.pop()
            self._level = 0
        if self._drama and self._drama[-1] is node:
            self._drama.pop()
        if self._verse and self._verse[-1] is node:
            self._verse.pop()
        if self._languages and self._languages[-1][0] is node:
            self._languages.pop()
            self._turns.append((len(self._parts), self._language))

    @property
    def _in_heading(self) -> bool:
        return bool(self._kinds) and self._kinds[-1][1] == "heading"

    @property
    def _language(self) -> str:
        return self._languages[-1][1] if self._languages else foreign.NONE

    def _passages(self, parts: list[str], content: str) -> tuple[foreign.Passage, ...]:
        """The passages of a paragraph that has been gathered."""
        turns, self._turns = self._turns, [(0, self._language)] if self._languages else []
        if not turns:
            return ()
        counts = [foreign.visible("".join(parts[:turn])) for turn, _ in turns]
        ends = [*counts[1:], foreign.visible("".join(parts))]
        return foreign.passages(content, zip(counts, ends, (tag for _, tag in turns), strict=True))

    def _taken_ids(self) -> tuple[str, ...]:
        taken = tuple(self.ids)
        self.ids.clear()
        return taken

    def _flush_omitted(self) -> None:
        if self._omitting is None or self._omits_blocks:
            return
        content = text.one_line("".join(self._omitted_parts))
        self._omitted_parts.clear()
        if content:
            self._omitted.append(Paragraph("prose", content, self.source, omit=self._omitting[1]))

    def _flush(self) -> Iterator[Paragraph]:
        self._flush_omitted()
        if self._omitting is None or self._omits_blocks:
            parts, self._parts = self._parts, []
            self.links.end_paragraph(parts)
            paragraph = self._paragraph("".join(parts))
            self._in_cells = False
            passages = self._passages(parts, paragraph.text if paragraph else "")
            if paragraph is not None and passages:
                paragraph = replace(paragraph, passages=passages)
            if paragraph is not None:
                self.links.keep(paragraph)
                yield replace(paragraph, omit=self._omitting[1], level=0) if self._omitting else paragraph
        yield from self._omitted
        self._omitted.clear()

    def _paragraph(self, gathered: str) -> Paragraph | None:
        kind = self._kinds[-1][1] if self._kinds else "prose"
        if self._verse and kind in ("prose", "quote", "list_item"):
            kind = "verse"
        elif self._in_cells and kind == "prose":  # its cells have ended, the row ends here
            kind = "table"
        elif kind == "prose" and _are_lines(gathered):
            kind = "verse"
        content = text.lines(gathered, _LINE_BREAK) if kind == "verse" else text.one_line(gathered)
        if not content:
            return None
        if text.is_scene_break(content):
            return Paragraph("scene_break", text.one_line(content), self.source, ids=self._taken_ids())
        level = self._level if kind == "heading" else 0
        ids = self._taken_ids()
        return Paragraph(kind, content, self.source, self.notes.of_paragraph(kind, content, ids), level, ids)
