"""Where the chapters of a plain text start: headings told from tables of contents, numbered lists and page numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from phases.readers import numbering, plain_contents, plain_layout, text
from phases.readers.numbering import Heading

_MAX_HEADING_LINES = 4
_TITLED = 2
_MAX_TITLE_CHARACTERS = 240
_MAX_LINE = 100
# So many headings with nothing but titles between them are a list of chapters, not chapters.
_RUN = 3
# A page of print has about 300 words: numbers closer together than that number pages, verses or items.
_FEW_WORDS = 30
# About five minutes.
_SHORT_PREFACE_WORDS = 750


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a chapter."""

    title: str
    level: int


@dataclass(slots=True)
class _Candidate:
    position: int
    heading: Heading
    lines_used: int
    words_after: int = 0
    title_position: int | None = None
    title: str = ""


class Chapters:
    """The chapters of a text.

    Args:
        groups: the text as groups of lines that stand together.
        gaps: how many blank lines stand before each group.
        own: the positions of the groups that are the book itself.

    Attributes:
        starts: by position in `groups`, where a chapter starts.
        heading_lines: by position in `groups`, how many of its first lines are a heading.
        contents: the positions of a table of contents.
    """

    def __init__(self, groups: Sequence[Sequence[str]], gaps: Sequence[int], own: range) -> None:
        self._groups = groups
        self._gaps = gaps
        self._own = own
        self._words = [sum(text.count_words(line) for line in group) for group in groups]
        self._listed = [self._looks_like_list(group) for group in groups]
        self._mean_words = sum(self._words) / max(len(self._words), 1)
        candidates = self._candidates()
        self._find_titles(candidates)
        titles = {candidate.title_position for candidate in candidates}
        candidates = [candidate for candidate in candidates if candidate.position not in titles]
        self._count_words(candidates)
        self._untitled = {
            _bare(candidate): candidate.position for candidate in candidates if not candidate.heading.title
        }
        chosen = self._chosen(self._outside_contents(candidates))
        self.starts: dict[int, Start] = {}
        self.heading_lines: dict[int, int] = {}
        self._has_parts = any(candidate.heading.rank == "part" for candidate in chosen)
        self._place(chosen)
        self.contents: frozenset[int] = frozenset()
        named = all(candidate.heading.rank == "named" for candidate in chosen)
        if not self._use_contents() and named:
            self._add(plain_layout.headings(groups, gaps, own))
        elif self.starts:
            first = min([c.position for c in chosen if c.heading.rank != "named"] or self.starts)
            known = {*self.starts, *self.contents}
            self._add(plain_layout.before_chapters(groups, gaps, range(own.start, first), known))
            self._open_with_edition(first)

    def _candidates(self) -> list[_Candidate]:
        found = []
        for position in self._own:
            group = self._groups[position]
            heading = numbering.heading(group[0])
            if heading is None or numbering.is_contents_entry(group[0]) or self._listed[position]:
                continue
            if heading.rank == "numeral" and (len(group) > _MAX_HEADING_LINES or not _is_title(heading)):
                continue
            candidate = _Candidate(position, heading, 1)
            if len(group) > 1:
                self._read_group(candidate, group)
                if not candidate.lines_used:
                    continue
            found.append(candidate)
        return found

    def _looks_like_list(self, group: Sequence[str]) -> bool:
        found = [heading for line in group[:_RUN] if (heading := numbering.heading(line)) is not None]
        if len(group) == len(found) == _TITLED and found[0].rank != found[1].rank and not found[0].title:
            return False  # a number, and a title such as "The Last Night"
        return len(found) > 1

    def _read_group(self, candidate: _Candidate, group: Sequence[str]) -> None:
        """A heading with more lines right below it: its title, or already the text."""
        if not text.has_word(group[1]):  # the rule below a heading
            candidate.lines_used = 2
            return
        if len(group) <= _MAX_HEADING_LINES:
            rest = text.one_line(" ".join(group[1:]))
            heading = candidate.heading
            short = max(map(len, group)) <= _MAX_LINE and len(rest) <= _MAX_TITLE_CHARACTERS
            if short and not heading.title and not _is_summary(rest):
                candidate.lines_used, candidate.title = len(group), rest
                return
            if short and not group[0].rstrip().endswith((".", "!", "?")):  # the title goes on
                candidate.lines_used, candidate.heading = len(group), replace(heading, text=f"{heading.text} {rest}")
                return
        candidate.lines_used = 0 if candidate.heading.title and candidate.heading.rank != "chapter" else 1

    def _find_titles(self, candidates: Sequence[_Candidate]) -> None:
        """Titles that stand alone below a bare number: where nearly all have one, or where they look like one."""
        taken = {candidate.position for candidate in candidates if candidate.heading.rank != "named"}
        for rank in ("part", "chapter", "numeral"):
            bare = [c for c in candidates if c.heading.rank == rank and not c.heading.title and not c.title]
            short = [c for c in bare if c.position + 1 not in taken and self._is_short(c.position + 1)]
            alone = {c.position for c in short if self._stands_alone(c.position + 1)}
            regular = len(alone) >= 2 and len(alone) >= 0.8 * len(bare)
            for candidate in short:
                below = self._groups[candidate.position + 1]
                joined = text.without_emphasis(text.one_line(" ".join(below)))
                if _is_summary(joined):
                    continue
                if (regular and candidate.position in alone) or numbering.is_title(joined):
                    candidate.title_position = candidate.position + 1
                    candidate.title = numbering.undecorated(joined)

    def _is_short(self, position: int) -> bool:
        if position + 1 >= len(self._groups):
            return False
        group = self._groups[position]
        joined = text.one_line(" ".join(group))
        return len(group) <= _MAX_HEADING_LINES and len(joined) <= _MAX_TITLE_CHARACTERS and text.has_word(joined)

    def _stands_alone(self, position: int) -> bool:
        """Whether a short piece can be a title: no speech, and much shorter than the paragraphs of this text."""
        first = self._groups[position][0].lstrip()[:1]
        if self._words[position] > 0.5 * self._mean_words:
            return False
        return first not in "\"'“‘«—-" or self._groups[position][0].isupper()

    def _count_words(self, candidates: Sequence[_Candidate]) -> None:
        following = [candidate.position for candidate in candidates[1:]] + [self._own.stop]
        for candidate, end in zip(candidates, following, strict=False):
            begin = (candidate.title_position or candidate.position) + 1
            own = sum(self._words[place] for place in range(begin, end) if not self._listed[place])
            group = self._groups[candidate.position]
            own += sum(text.count_words(line) for line in group[candidate.lines_used :])
            candidate.words_after = own

    def _outside_contents(self, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        """The candidates without those that are entries of a table of contents."""
        later: dict[str, int] = {}
        for candidate in candidates:
            later[_key(candidate)] = candidate.position
        kept: list[_Candidate] = []
        run: list[_Candidate] = []
        for candidate in candidates:
            run.append(candidate)
            if candidate.words_after > _FEW_WORDS:
                kept += self._without_contents(run, later)
                run = []
        return kept + self._without_contents(run, later)

    def _without_contents(self, run: Sequence[_Candidate], later: dict[str, int]) -> list[_Candidate]:
        if len(run) < _RUN:
            return list(run)
        keys = [_key(candidate) for candidate in run]
        places = [_place(candidate) for candidate in run]
        again = max(_last(keys), _last(places))
        if again >= _RUN - 1 or (again and run[0].heading.rank == "part"):
            return list(run[again:])  # the table, and right after it the first chapter
        repeated = [candidate for candidate in run if later[_key(candidate)] > run[-1].position]
        before = run[0].position - 1
        under_title = any(
            plain_contents.is_contents_title(self._groups[position])
            for position in range(max(0, before - 1), before + 1)
            if before >= 0
        )
        if len(repeated) * 2 < len(run) and not under_title:
            return list(run)
        # The last of the run may be the real first chapter: it has text after it, and does not come again.
        last = run[-1]
        shorter = bool(last.heading.title) and self._untitled.get(_bare(last), 0) > last.position
        listed = last in repeated or shorter
        return [last] if last.words_after > _FEW_WORDS and not listed else []

    def _chosen(self, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        worded = [c for c in candidates if c.heading.rank == "chapter"]
        parts = [c for c in candidates if c.heading.rank == "part"]
        # Parts are counted from one, or there are more than one; "Vol. XXXIII" on a title page is none.
        counted = any(c.heading.number == 1 for c in parts) or len({c.heading.number for c in parts}) > 1
        chosen = [c for c in candidates if c.heading.rank != "numeral" and (c.heading.rank != "part" or counted)]
        if len(worded) < 2:
            chosen += self._sequences([c for c in candidates if c.heading.rank == "numeral"])
        return sorted(chosen, key=lambda candidate: candidate.position)

    def _sequences(self, numerals: Sequence[_Candidate]) -> list[_Candidate]:
        """The numerals that number chapters: all, or those with titles where the others number sections in these."""
        titled = [c for c in numerals if c.heading.title or c.title]
        found = self._counted(titled)
        restarts = sum(c.heading.number == 1 for c in numerals) > sum(c.heading.number == 1 for c in found)
        return found if found and restarts else self._counted(numerals)

    def _counted(self, numerals: Sequence[_Candidate]) -> list[_Candidate]:
        """The numerals that count up from one, at least to two, and number chapters rather than pages or verses."""
        found: list[_Candidate] = []
        for arabic in (False, True):
            run: list[_Candidate] = []
            for candidate in [c for c in numerals if c.heading.arabic is arabic]:
                if run and candidate.heading.number == run[-1].heading.number + 1:
                    run.append(candidate)
                elif candidate.heading.number == 1:
                    found += self._checked(run)
                    run = [candidate]
            found += self._checked(run)
        return found

    def _checked(self, run: Sequence[_Candidate]) -> list[_Candidate]:
        if len(run) < 2:
            return []
        places = [candidate.position for candidate in run] + [self._own.stop]
        words = sorted(sum(self._words[begin + 1 : end]) for begin, end in pairwise(places))
        cut = sum(self._cuts_sentence(c.position) for c in run if not (c.heading.title or c.title))
        return [] if words[len(words) // 2] < _FEW_WORDS or cut > 0.3 * len(run) else list(run)

    def _cuts_sentence(self, position: int) -> bool:
        """Whether the text before a number stops in the middle of a sentence, as it does before a page number."""
        if position == 0 or len(self._groups[position - 1]) < 2:
            return False
        return not self._groups[position - 1][-1].rstrip().endswith(text.SENTENCE_ENDS)

    def _place(self, chosen: Sequence[_Candidate]) -> None:
        for candidate in chosen:
            heading = candidate.heading
            level = 2 if self._has_parts and heading.rank in ("chapter", "numeral") else 1
            title = numbering.joined(heading.text, candidate.title) if candidate.title else text.one_line(heading.text)
            title = text.without_emphasis(title)
            self.starts[candidate.position] = Start(title, level)
            self.heading_lines[candidate.position] = candidate.lines_used
            if candidate.title_position is not None:
                self.heading_lines[candidate.title_position] = len(self._groups[candidate.title_position])

    def _open_with_edition(self, first: int) -> None:
        """Let what an editor or translator says before a book open its first chapter, as the title page does.

        It belongs to the edition and not to the book: where it is as long as a chapter, it is one.
        """
        front = [position for position in sorted(self.starts) if position < first]
        if not front or first not in self.starts:
            return
        places = [*(position for position in sorted(self.starts) if position >= first), self._own.stop]
        words = sorted(sum(self._words[begin:end]) for begin, end in pairwise(places))
        if all(numbering.is_of_edition(self.starts[position].title) for position in front) and (
            sum(self._words[front[0] : first]) < min(words[len(words) // 2], _SHORT_PREFACE_WORDS)
        ):
            opened = self.starts.pop(first)
            for position in front:
                del self.starts[position]
            self.starts[front[0]] = opened

    def _use_contents(self) -> bool:
        """Mark the table of contents, and take its entries for chapters where it names more than were found.

        Returns:
            Whether it named chapters.
        """
        titles = {position: start.title for position, start in self.starts.items()}
        found = plain_contents.find(self._groups, self._own, titles)
        if found is None:
            return False
        self.contents = found.positions - self.heading_lines.keys()
        if len(found.headings) <= len(self.starts):
            return False
        if not self.starts:
            self._add(found.headings)
            return True
        for position in found.headings:
            if numbering.is_section(self._groups[position][0]):  # a heading, but inside a chapter
                self.heading_lines.setdefault(position, len(self._groups[position]))
            elif _is_title_of(self._groups[position]) or numbering.heading(self._groups[position][0]):
                self._add([position])
        return True

    def _add(self, positions: Iterable[int]) -> None:
        """Let chapters start where a whole group of lines is a heading."""
        parts = self._has_parts
        for position in positions:
            if position not in self.heading_lines:
                title = numbering.undecorated(text.one_line(" ".join(self._groups[position])))
                heading = numbering.heading(title) if parts else None
                level = 2 if heading is not None and heading.rank in ("chapter", "numeral") else 1
                self.starts[position] = Start(text.without_emphasis(title), level)
                self.heading_lines[position] = len(self._groups[position])


def _is_title(heading: Heading) -> bool:
    """Whether what follows a lone number can be a title: "IV. The Trap", but no item of a list."""
    return not heading.title or numbering.is_title(heading.title)


def _is_title_of(group: Sequence[str]) -> bool:
    """Whether a group of lines looks like a title, and not like a sentence of a summary."""
    joined = numbering.undecorated(text.one_line(" ".join(group)))
    return not joined.startswith("[") and (numbering.is_title(joined) or _is_bracketed(joined))


def _is_bracketed(joined: str) -> bool:
    """Whether a title has words in brackets at its end: "EXTRACTS. (Supplied by a Librarian)."."""
    title, bracket, rest = joined.partition("(")
    return bool(bracket) and rest.rstrip(".").endswith(")") and title.isupper()


def _is_summary(below: str) -> bool:
    """Whether what stands below a number is no title but a summary in brackets, or the scene of a play."""
    return below.startswith("[") or below.rstrip(" .:").casefold() in ("scene", "scène", "szene", "escena", "scena")


def _place(candidate: _Candidate) -> object:
    """What two headings of the same chapter have in common, however they are worded: "ACT I." and "FIRST ACT"."""
    heading = candidate.heading
    return (heading.rank, heading.number) if heading.number and heading.rank != "numeral" else _key(candidate)


def _bare(candidate: _Candidate) -> str:
    """The words of a heading without its title: "CHAPTER THE LAST"."""
    heading = candidate.heading
    return re.sub(r"\W+", " ", heading.text.removesuffix(heading.title)).strip().casefold()


def _last(keys: Sequence[object]) -> int:
    """Where the first of `keys` stands for the last time."""
    return max(position for position, key in enumerate(keys) if key == keys[0])


def _key(candidate: _Candidate) -> str:
    return re.sub(r"\W+", " ", candidate.heading.text).strip().casefold()
