"""Where a book lies below the output folder."""

from __future__ import annotations

import os

import pytest
from stand_ins import Library

from orchestrator.config import Config
from orchestrator.layout import DEFAULT_LAYOUT, FIELDS, checked_layout, folder_of
from pipeline_common.strict_yaml import ConfigError, load

BOOK = {
    "title": "The Storm",
    "subtitle": "A Tale",
    "authors": ["Ann Author"],
    "series": "Tides",
    "series_index": "2",
    "published": "1994-05-01",
    "language": "en",
    "publisher": "Old House",
}


def folder(template: str, **changes: object) -> str:
    return folder_of(checked_layout(template), BOOK | changes, narrator="eSpeak NG", voice="en-gb")


def test_a_book_lies_in_the_folder_of_its_author_and_series() -> None:
    assert folder(DEFAULT_LAYOUT) == "Ann Author/Tides/The Storm"
    assert folder(DEFAULT_LAYOUT, series=None) == "Ann Author/The Storm"


def test_a_layout_may_be_that_of_audiobookshelf() -> None:
    template = "{author}/{series}/[Vol {volume} - ][{year} - ]{title}[ - {subtitle}] {{{narrator}}}"
    assert folder(template) == "Ann Author/Tides/Vol 2 - 1994 - The Storm - A Tale {eSpeak NG}"
    assert folder(template, series=None, published=None, subtitle=None) == "Ann Author/The Storm {eSpeak NG}"


def test_every_field_has_a_value() -> None:
    filled = folder(" ".join(f"{{{name}}}" for name in FIELDS))
    assert filled == "Ann Author Tides 2 The Storm A Tale 1994 eSpeak NG Old House en en-gb"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"title": "Good: Omens", "authors": ["T. P.", "N/G"], "series": None}, "T. P., N-G/Good - Omens"),
        ({"title": None, "authors": [], "series": None}, "Unknown Author/Untitled"),
        ({"title": "..", "authors": ["../.."], "series": "/"}, "Unknown Author/Untitled"),
        ({"title": "[{author}]", "series": "{title"}, "Ann Author/{title/[{author}]"),
        ({"title": "CON", "series": "aux.", "authors": ["x."]}, "x/aux_/CON_"),
        ({"title": "x" * 300, "series": None}, "Ann Author/" + "x" * 120),
    ],
)
def test_facts_become_names_for_any_file_system_and_no_part_of_the_layout(
    facts: dict[str, object], expected: str
) -> None:
    assert folder(DEFAULT_LAYOUT, **facts) == expected


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("/{title}", "single slashes"),
        ("{title}/", "single slashes"),
        ("../{title}", "single slashes"),
        ("{author}//{title}", "single slashes"),
        ("a\\\\{title}", "single slashes"),
        ("{author}", "names the {title}"),
        ("{titel}", "{titel} is no field of a layout; there are author, series"),
        ("{title!r}", "no field"),
        ("{title:>9}", "no field"),
        ("{title.__class__}", "no field"),
        ("{title}{", "braces"),
        ("[{title}", "square brackets"),
        ("[{author}/{title}]", "square brackets"),
        ("a/b/c/d/e/f/g/h/{title}", "at most 8 folders"),
    ],
)
def test_a_layout_that_leads_nowhere_is_an_error_of_the_configuration(tmp_path, template: str, said: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f'output_layout: "{template}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="output_layout") as caught:
        load(path, Config)
    assert said in str(caught.value)


def anywhere(library: Library) -> None:
    """From now on enhancement leaves it to the layout where the book goes, and extraction names a series."""
    library.behave(
        "enhancement",
        "class Result(Result):\n    __init__ = lambda self, **k: super().__init__(**{**k, 'output_folder': None})",
    )
    library.behave(
        "extraction",
        """
book = '{"title": "Emma", "authors": ["Jane Austen"], "series": "Tides"}'
(plan.attempt_dir / "book.json").write_text(book)
(plan.attempt_dir / "text.jsonl").touch()
Path(sys.argv[-1]).write_text(Result(artifacts={"book": "book.json", "text": "text.jsonl"}).to_json(plan))
sys.exit(0)
""",
    )


def test_another_layout_moves_a_finished_book_and_does_nothing_again(library: Library) -> None:
    anywhere(library)
    assert library.run().folder == library.root / "output/Jane Austen/Tides/Emma"
    library.calls()
    moved = library.run(output_layout="{series}/{title}").folder
    assert moved == library.root / "output/Tides/Emma"
    assert sorted(os.listdir(moved)) == ["Title.m4b", "Title.srt"]
    assert not (library.root / "output/Jane Austen").exists()
    assert library.calls() == []
    assert library.run(output_layout="{series}/{title}").folder == moved


def test_two_books_of_one_name_never_meet_whatever_the_layout(library: Library) -> None:
    anywhere(library)
    first = library.run(output_layout="{title}").folder
    other = Library(library.root, library.config, name="other.txt")
    other.book.write_text("Twice.\n")
    second = other.run(output_layout="{title}").folder
    assert first is not None
    assert second is not None
    assert second.name == f"Emma [{other.id[-8:]}]"
    assert (first / "Title.m4b").read_text() != (second / "Title.m4b").read_text()


def test_a_folder_that_a_program_names_goes_over_the_layout(library: Library) -> None:
    assert library.run(output_layout="{language}/{title}").folder == library.root / "output/Author/Title"


def test_what_was_finished_before_there_were_layouts_stays_where_it_is(library: Library) -> None:
    from pipeline_common import PipelineState

    anywhere(library)
    library.run()
    with PipelineState(library.config.pipeline_json).transaction() as txn:
        del txn.data["books"][library.id]["promotion"]["layout"]
    before = library.document()
    library.calls()
    library.run()
    assert library.calls() == []
    assert library.document()["books"] == before["books"]
