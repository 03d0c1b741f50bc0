import pytest

from phases.readers.document import Metadata
from phases.readers.title_page import facts


@pytest.mark.parametrize(
    ("content", "title", "author"),
    [
        ("Night Walk\n\nby A. Writer\n\nChapter 1\n\nText.", "Night Walk", "A. Writer"),
        ("THE LONG ROAD\nA Novel\n\nBY\n\nMary O'Brien-Smith\n\n", "THE LONG ROAD", "Mary O'Brien-Smith"),
        ("Der Weg\n\nvon Ödön von Horváth\n\n", "Der Weg", "Ödön von Horváth"),
        ("Essays\nby Anna Lee and J. R. Grey\n", "Essays", "Anna Lee and J. R. Grey"),
    ],
)
def test_a_title_page_gives_title_and_author(content: str, title: str, author: str) -> None:
    assert facts(content) == Metadata(title=title, authors=(author,))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "It was night.\n\nBy the river stood a man.\n",
        "by Nobody",
        "A tale.\n\nby and by they came home.\n",
        "Chapter 1\n\nThe house was built by Tom. It fell.\n",
        "Title\n\nby Someone. With a sentence after the name\n",
    ],
)
def test_prose_is_no_title_page(content: str) -> None:
    assert facts(content) == Metadata()
