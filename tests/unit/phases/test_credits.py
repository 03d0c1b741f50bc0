"""Opening and closing credits."""

from pathlib import Path

import pytest

from phases.credits import add_credits
from phases.files import read_lines, write_lines

BOOK = {
    "title": "Emma",
    "authors": ["Jane Austen"],
    "language": "en-GB",
    "chapters": [{"index": 1, "title": "One", "level": 1}],
}
ROWS = [
    {
        "chapter": 0,
        "paragraph": 1,
        "kind": "prose",
        "text": "Licence",
        "source": "line 1",
        "omit": {"rule": "r", "reason": "why"},
    },
    {"chapter": 1, "paragraph": 1, "kind": "prose", "text": "Once.", "source": "line 2", "omit": None},
]


def credited(tmp_path: Path, narrator: str | None, **facts: object) -> tuple[list[dict], list[tuple[int, str]]]:
    write_lines(tmp_path / "text.jsonl", ROWS)
    chapters = add_credits(tmp_path / "text.jsonl", {**BOOK, **facts}, narrator)
    assert [path.name for path in tmp_path.iterdir()] == ["text.jsonl"]
    return chapters, [(row["chapter"], row["text"]) for row in read_lines(tmp_path / "text.jsonl")]


def test_the_book_lies_between_its_credits(tmp_path: Path) -> None:
    chapters, rows = credited(tmp_path, "A Voice")
    assert [(chapter["index"], chapter["title"]) for chapter in chapters] == [
        (1, "Opening Credits"),
        (2, "One"),
        (3, "Closing Credits"),
    ]
    said = ["Emma.", "Written by Jane Austen.", "Narrated by A Voice."]
    assert rows == [
        (0, "Licence"),
        *[(1, text) for text in said],
        (2, "Once."),
        *[(3, text) for text in [*said, "The end."]],
    ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"title": "Who?", "authors": [], "language": "de"}, ["Who?"]),
        ({"authors": ["A. One", "B. Two", "C. Three"]}, ["Emma.", "Written by A. One, B. Two and C. Three."]),
        ({"language": "fr"}, ["Emma.", "De Jane Austen."]),
        ({"language": "cs"}, ["Emma.", "Jane Austen."]),
        ({"language": None}, ["Emma.", "Written by Jane Austen."]),
    ],
)
def test_credits_name_who_is_known_in_the_books_language(tmp_path: Path, facts: dict, said: list[str]) -> None:
    _, rows = credited(tmp_path, None, **facts)
    assert [text for chapter, text in rows if chapter == 1] == said
