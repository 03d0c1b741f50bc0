"""Title and author on the title page of a plain text: a short line, then "by" and a name."""

from __future__ import annotations

import re

from phases.readers import text
from phases.readers.document import Metadata

_HEAD_CHARACTERS = 3000
_HEAD_LINES = 8
_LONGEST_TITLE = 100
# A name: up to six words that begin with a capital or are particles, and nothing that ends a sentence.
_NAME = re.compile(r"(?=[^\W\d_])(?:(?:[^\W\d_]\.?)+(?:['’-][^\W\d_]+)*[ ,&]*){1,6}$")
_BY = re.compile(r"(?:written )?(?:by|von|par)(?: |$)", re.IGNORECASE)


def facts(content: str) -> Metadata:
    """What the first lines of `content` say, where they are a title page; empty metadata where they are not.

    Args:
        content: a whole text; only its first lines are looked at.
    """
    lines = [text.one_line(line).strip("_*# ") for line in content[:_HEAD_CHARACTERS].splitlines()]
    lines = [line for line in lines if line][:_HEAD_LINES]
    for number, line in enumerate(lines):
        by = _BY.match(line)
        if not by or number == 0:
            continue
        name = line[by.end() :] or (lines[number + 1] if number + 1 < len(lines) else "")
        title = lines[0]
        if len(name) <= 60 and name[:1].isupper() and _NAME.match(name) and len(title) <= _LONGEST_TITLE:
            return Metadata(title=title, authors=(name.rstrip(" ,"),))
    return Metadata()
