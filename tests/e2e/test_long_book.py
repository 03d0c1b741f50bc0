"""A book of 50,000 words of which one changes: at most two sentences are spoken again."""

import json
import random
from pathlib import Path

import pytest
from books import write_txt
from campaign import AUTHOR, WORDS
from commands import run

from pipeline_common.books import book_id

WORDS_IN_A_SENTENCE = 10
SENTENCES = 5
PARAGRAPHS = 20
CHAPTERS = 50


class LongBook:
    """A folder with one book, of 50,000 words where it has all its chapters.

    Args:
        root: the folder.
        chapters: how many of them.
    """

    def __init__(self, root: Path, chapters: int = CHAPTERS) -> None:
        chance, words = random.Random(50_000), WORDS.split()
        self._root = root
        self._chapters = [
            [[chance.choices(words, k=WORDS_IN_A_SENTENCE) for _ in range(SENTENCES)] for _ in range(PARAGRAPHS)]
            for _ in range(chapters)
        ]
        (root / "input").mkdir()
        self._path = root / "input" / "Long.txt"
        self.write()

    def write(self) -> None:
        chapters = [
            (
                f"Chapter {number}",
                [" ".join(f"{' '.join(s).capitalize()}." for s in sentences) for sentences in paragraphs],
            )
            for number, paragraphs in enumerate(self._chapters, start=1)
        ]
        write_txt(self._path, "Long", AUTHOR, chapters)

    def change(self, chapter: int, paragraph: int, sentence: int, word: int, to: str) -> None:
        """Change one word, and nothing else."""
        self._chapters[chapter][paragraph][sentence][word] = to
        self.write()

    def make(self, *phases: int) -> None:
        made = run("orchestrate-audiobook", "input/Long.txt", "--phases", *phases, cwd=self._root)
        assert made.returncode == 0, made.stderr

    def texts(self) -> set[str]:
        """What is to be spoken, as its audio is named after."""
        lines = (self._root / "work" / book_id(self._path, self._root) / "chunks.jsonl").read_text().splitlines()
        return {json.loads(line)["text_id"] for line in lines}

    def spoken(self) -> tuple[int, int]:
        """How many chunks the last run has spoken, and how many it has found spoken."""
        document = json.loads((self._root / "pipeline.json").read_text())
        (record,) = document["phase4"]["files"].values()
        return record["metrics"]["spoken"], record["metrics"]["reused"]


@pytest.mark.parametrize("chapters", [4, pytest.param(CHAPTERS, marks=pytest.mark.long)])
def test_one_changed_word_changes_at_most_two_chunks(tmp_path: Path, chapters: int) -> None:
    book = LongBook(tmp_path, chapters)
    book.make(1, 2, 3)
    before = book.texts()
    assert len(before) >= chapters * PARAGRAPHS * SENTENCES
    for place in ((0, 0, 0, 0), (chapters // 2, 10, 2, 5), (chapters - 1, 19, 4, 9)):
        book.change(*place, to="marmalade")
        book.make(1, 2, 3)
        after = book.texts()
        assert 1 <= len(after - before) <= 2
        assert len(before - after) <= 2
        before = after


@pytest.mark.long
def test_one_changed_word_of_fifty_thousand_speaks_at_most_two_chunks(tmp_path: Path) -> None:
    book = LongBook(tmp_path)
    book.make(1, 2, 3, 4)
    chunks, reused = book.spoken()
    assert chunks >= CHAPTERS * PARAGRAPHS * SENTENCES
    assert reused == 0
    # In the last word the end of the sentence changes, too, which may then end elsewhere.
    for place, word in (((25, 10, 2, 5), "marmalade"), ((49, 19, 3, 9), "mr")):
        book.change(*place, to=word)
        book.make(1, 2, 3, 4)
        again, kept = book.spoken()
        assert 1 <= again <= 2
        assert kept >= chunks - 2
