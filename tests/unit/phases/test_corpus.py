"""The small books of ``tests/corpus``: what is read of each is what stands beside it, and every rule is shown."""

import json
from pathlib import Path

import corpus_cases
import pytest
from book_files import extract
from corpus_files import EXPECTED, FOLDER, read_aloud

from phases.contract import PermanentError
from phases.rules import RULES

BOOKS = sorted(path.name.removesuffix(EXPECTED) for path in FOLDER.glob(f"*{EXPECTED}"))
# Rules that leave out nothing by themselves: one is a person's choice, and the other speaks only for whoever asks.
ON_REQUEST = {"not-wanted", "alt-text"}


def expected(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((FOLDER / (name + EXPECTED)).read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", BOOKS)
def test_what_is_read_of_a_book_is_what_stands_beside_it(name: str) -> None:
    assert read_aloud(FOLDER / name) == expected(name)


def test_every_rule_is_shown_by_a_book() -> None:
    shown = {rule for name in BOOKS for rule, _ in expected(name)["left out"]}
    assert shown == RULES.keys() - ON_REQUEST


@pytest.mark.parametrize("path", sorted((FOLDER / "refused").iterdir()), ids=lambda path: path.name)
def test_what_cannot_be_read_is_refused_with_what_to_do(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    with pytest.raises(PermanentError) as caught:
        extract(copy)
    assert " and run again" in str(caught.value)


def test_the_page_on_the_books_names_each_of_them() -> None:
    named = {
        name for cases in corpus_cases.CASES.values() for _, names in cases for name in corpus_cases.books_of(names)
    }
    assert named == {*BOOKS, *(f"refused/{path.name}" for path in (FOLDER / "refused").iterdir())}
    assert (FOLDER / "README.md").read_text("utf-8") == corpus_cases.page()


def shown_by(rule: str) -> str:
    """A book of the corpus that shows a rule."""
    return next(name for name in BOOKS if any(each == rule for each, _ in expected(name)["left out"]))


# An ornament before the first word belongs to no chapter, so it cannot be spoken.
@pytest.mark.parametrize("rule", sorted(RULES.keys() - ON_REQUEST - {"before-the-book"}))
def test_a_switch_lets_everything_be_spoken_that_its_rule_leaves_out(rule: str, tmp_path: Path) -> None:
    name = shown_by(rule)
    copy = tmp_path / name
    copy.write_bytes((FOLDER / name).read_bytes())
    book = extract(copy, rules={rule: False})
    assert rule not in {each for each, _ in book.omitted()}
    assert len(book.spoken) > len(expected(name)["spoken"]) or len(" ".join(book.spoken)) > len(
        " ".join(text for _, _, text in expected(name)["spoken"])
    )
