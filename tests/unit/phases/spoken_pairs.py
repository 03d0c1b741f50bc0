"""The pairs of tests/spoken/*.txt: what is written, what is said; and docs/spoken.md, which is made of them.

``python tests/unit/phases/spoken_pairs.py`` writes the page again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from phases.spoken.wording import LANGUAGES, Wording
from phases.spoken_rules import SPOKEN_RULES

CHECKOUT = Path(__file__).parents[3]
PAGE = CHECKOUT / "docs" / "spoken.md"
FOLDER = CHECKOUT / "tests" / "spoken"
MAX_CHARS = 600
_KIND = re.compile(r"\[(heading|chapter)\] ")


@dataclass(frozen=True)
class Pair:
    """What is written and what is said.

    Attributes:
        language: a code.
        rule: whose pair it is.
        kind: of the text.
        written: the text.
        spoken: its sentences joined by spaces.
        fires: whether the rule is what changes it, or one of those that do.
    """

    language: str
    rule: str
    kind: str
    written: str
    spoken: str
    fires: bool

    def said(self) -> tuple[str, set[str]]:
        """What is really said, and by which rules."""
        made = list(Wording(self.language).sentences(self.written, MAX_CHARS, self.kind))
        return " ".join(form.text for _, form in made), {c.rule for _, form in made for c in form.changes}


def pairs(language: str) -> Iterator[Pair]:
    """The pairs of a language."""
    rule = written = ""
    kind = "prose"
    for line in (FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines()[2:]:
        if line.startswith("# "):
            rule = line[2:]
        elif line[:1] in ("→", "≠", "="):
            yield Pair(language, rule, kind, written, line[2:] if line[0] != "=" else written, line[0] == "→")
        elif line:
            found = _KIND.match(line)
            kind, written = (found[1], line[found.end() :]) if found else ("prose", line)


def _cell(text: str) -> str:
    for sign in "\\|*_<[`":
        text = text.replace(sign, f"\\{sign}")
    return text


def page() -> str:
    """The whole of docs/spoken.md."""
    head, _, _ = PAGE.read_text(encoding="utf-8").partition("<!-- the tables are generated -->\n")
    parts = [head, "<!-- the tables are generated -->\n", "\n| rule | what it changes |\n|---|---|\n"]
    parts += [f"| `{name}` | {what} |\n" for name, what in SPOKEN_RULES.items()]
    for language in LANGUAGES:
        found = list(pairs(language))
        name = (FOLDER / f"{language}.txt").read_text(encoding="utf-8").partition(":")[0]
        parts.append(f"\n## {name}: {len(found)} pairs\n\n| rule | written | said |\n|---|---|---|\n")
        for pair in found:
            mark = "" if pair.kind == "prose" else f"({pair.kind}) "
            if pair.fires:
                said = _cell(pair.spoken)
            elif pair.spoken == pair.written:
                said = "*as it is written*"
            else:
                said = f"{_cell(pair.spoken)} *(by other rules)*"
            parts.append(f"| `{pair.rule}` | {mark}{_cell(pair.written)} | {said} |\n")
    return "".join(parts)


def main() -> None:
    """Write the page again."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
