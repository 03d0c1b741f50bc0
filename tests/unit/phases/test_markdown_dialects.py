"""What Pandoc and Obsidian add to Markdown is read as they show it."""

from pathlib import Path

from book_files import Extracted, text_book


def read(folder: Path, content: str) -> Extracted:
    return text_book(folder, "a.md", content)


def test_links_marks_and_callouts_of_obsidian(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "# One\n\n![[cover.png]] He met [[People/Bob|Bob]] in [[The Lane]] and ==marked== it. ^abc12\n\n"
        "> [!note] Remember\n> It rained.\n\n- [ ] a task\n- [x] a thing done\n\n"
        "In 2 of 4 cases 50%% came and 20%% went.\n",
    )
    assert found.spoken == [
        "One",
        "He met Bob in The Lane and marked it.",
        "Remember It rained.",
        "a task",
        "a thing done",
        "In 2 of 4 cases 50%% came and 20%% went.",
    ]


def test_a_comment_of_obsidian_is_hidden_on_record(tmp_path: Path) -> None:
    found = read(tmp_path, "# One\n\nIt rained.\n\n%% a secret\ncomment %%\n\nIt snowed.\n")
    assert found.spoken == ["One", "It rained.", "It snowed."]
    assert found.omitted() == [("hidden", "a secret comment")]


def test_a_title_block_of_pandoc_gives_the_facts(tmp_path: Path) -> None:
    found = read(tmp_path, "% The Rain\n% Ann Other; Bob Else\n% 1999\n\n# One\n\nIt rained.\n")
    assert (found.book["title"], found.book["authors"]) == ("The Rain", ["Ann Other", "Bob Else"])
    assert found.book["published"] == "1999"


def test_verse_divisions_and_attributes_of_pandoc(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "# One {#one .unnumbered}\n\n::: {.note}\nA [small]{.smallcaps} note.\n:::\n\n"
        "| The rain\n| falls in the lane,\n"
        "|   and on me.\n\n\\newpage\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n::: code\n| line\n```\n",
    )
    assert found.titles == ["One"]
    assert found.kinds() == [
        ("heading", "One"),
        ("prose", "A small note."),
        ("verse", "The rain\nfalls in the lane,\nand on me."),
        ("table", "a, b"),
        ("table", "1, 2"),
        ("verse", "::: code\n| line"),
    ]


def test_small_and_raised_letters_of_pandoc(tmp_path: Path) -> None:
    found = read(tmp_path, "# One\n\nH~2~O and x^2^, but ~5 of $a^2+b^2=c^2$.\n\n# Two\n\nIt rained.\n")
    assert found.spoken[1] == "H2O and x2, but ~5 of $a^2+b^2=c^2$."


def test_parts_that_hold_chapters_are_not_joined_with_the_first_of_these(tmp_path: Path) -> None:
    said = "It rained on the roofs and in the gardens. " * 8
    parts = "".join(
        f"# Part {part}\n\n" + "".join(f"## {name}\n\n{said}\n\n" for name in names)
        for part, names in (("One", ("The Storm", "The River")), ("Two", ("The Sea",)))
    )
    found = read(tmp_path, parts)
    assert found.titles == ["Part One", "The Storm", "The River", "Part Two", "The Sea"]
    titled = "".join(f"# Part {part}\n\n## {name}\n\n{said}\n\n" for part, name in (("One", "Storm"), ("Two", "Sea")))
    assert read(tmp_path, titled).titles == ["Part One. Storm", "Part Two. Sea"]
