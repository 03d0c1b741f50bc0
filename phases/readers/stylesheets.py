"""What a book's stylesheets hide: rules with one simple selector (a tag, a class, an id), as books have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_PIECE = re.compile(r"[{}]|[^{}]+")
_SIMPLE = re.compile(r"[a-z][\w-]*|(?:[a-z][\w-]*)?[.#][\w-]+", re.IGNORECASE)
_DISPLAY = re.compile(r"(?:^|;)\s*(display|visibility)\s*:\s*([a-z-]+)", re.IGNORECASE)
_HIDING = {("display", "none"), ("visibility", "hidden")}
# Rules of other media, such as print or the readers of one vendor, say nothing about this one.
_SEEN_MEDIA = re.compile(r"@media\s+(?:only\s+)?(?:all|screen)\s*|@supports\b.*|@layer\b.*", re.IGNORECASE)
_NEVER = frozenset(["html", "body"])
_DEEPEST = 8
# A stylesheet that is longer is no stylesheet of a book.
_LONGEST = 1_000_000


class Hidden:
    """Which elements are not displayed.

    Args:
        sheets: the texts of stylesheets, in their order.
    """

    def __init__(self, sheets: Iterable[str] = ()) -> None:
        self._rules: dict[str, bool] = {}
        for sheet in sheets:
            self.add(sheet)

    def __bool__(self) -> bool:
        return any(self._rules.values())

    def add(self, sheet: str) -> None:
        """Take in one more stylesheet: of two rules with the same selector the later one counts."""
        if len(sheet) > _LONGEST or not ("none" in sheet or "hidden" in sheet):
            return
        open_blocks: list[str] = []
        before = ""
        for piece in _PIECE.findall(_COMMENT.sub(" ", sheet)):
            if piece == "{":
                open_blocks.append(before.rpartition(";")[2].strip())
            elif piece == "}":
                del open_blocks[-1:]
            elif 0 < len(open_blocks) <= _DEEPEST and all(map(_is_seen, open_blocks)):
                self._declare(open_blocks[-1], piece)
            before = piece

    def _declare(self, selectors: str, declarations: str) -> None:
        said = {name.lower(): value.lower() for name, value in _DISPLAY.findall(declarations)}
        if said:
            hides = any(pair in _HIDING for pair in said.items())
            for selector in map(str.strip, selectors.split(",")):
                if _SIMPLE.fullmatch(selector) and selector.lower() not in _NEVER:
                    self._rules[selector] = hides

    def hides(self, node: Any, tag: str) -> bool:
        """Whether an element is hidden: what is said of its id counts before its classes, and these before its tag.

        Args:
            node: an lxml element.
            tag: its name in lower case.
        """
        identifier = node.get("id")
        classes = (node.get("class") or "").split()
        for names in ([f"#{identifier}"] if identifier else [], [f".{name}" for name in classes], [""]):
            said = [self._rules[key] for name in names for key in (name, tag + name) if key in self._rules]
            if said:
                return said[-1]
        return False


def _is_seen(prelude: str) -> bool:
    return not prelude.startswith("@") or _SEEN_MEDIA.fullmatch(prelude) is not None
