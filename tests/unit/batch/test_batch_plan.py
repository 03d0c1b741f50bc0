import json
from pathlib import Path

from batch.plan import Fate, PlannedBook, plan_batch
from orchestrator.config import Config
from orchestrator.library import discover
from orchestrator.sources import Source
from pipeline_common import PipelineState


def plan(tmp_path: Path, **changes: object) -> dict[str, PlannedBook]:
    config = Config.model_validate(changes).resolved(tmp_path)
    state = PipelineState(config.pipeline_json)
    books = plan_batch(discover(config.input_dir).paths, config, state, state.view())
    return {book.name: book for book in books}


def write(tmp_path: Path, **texts: str) -> None:
    (tmp_path / "input").mkdir(exist_ok=True)
    for name, text in texts.items():
        (tmp_path / "input" / f"{name}.txt").write_text(text)


def test_of_equal_books_the_first_in_order_is_spoken_and_named_by_the_others(tmp_path: Path) -> None:
    write(tmp_path, b="same", a="same", c="else", d="diff")
    planned = plan(tmp_path)
    assert {name: book.fate for name, book in planned.items()} == {
        "a.txt": Fate.RUN,
        "b.txt": Fate.DUPLICATE,
        "c.txt": Fate.RUN,
        "d.txt": Fate.RUN,
    }
    assert "a.txt" in planned["b.txt"].reason


def test_books_of_one_name_in_two_folders_keep_their_folders_names_behind_a_link(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / "books" / folder).mkdir(parents=True)
        (tmp_path / "books" / folder / "x.txt").write_text(folder)
    (tmp_path / "work").mkdir()
    (tmp_path / "input").symlink_to("books")
    assert list(plan(tmp_path)) == list(plan(tmp_path, input_dir="work/../books")) == ["one/x.txt", "two/x.txt"]


def test_empty_files_are_no_copies_of_each_other(tmp_path: Path) -> None:
    write(tmp_path, a="", b="")
    assert [book.fate for book in plan(tmp_path).values()] == [Fate.RUN, Fate.RUN]


def test_a_batch_takes_at_most_so_many_books_that_need_work(tmp_path: Path) -> None:
    write(tmp_path, a="1", b="22", c="333")
    assert [book.fate for book in plan(tmp_path, batch_size=2).values()] == [Fate.RUN, Fate.RUN, Fate.LATER]


def test_the_reason_names_the_phase_that_a_book_starts_with(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    assert plan(tmp_path)["a.txt"].reason == "from phase 1 (validation): not done yet"


def test_a_book_that_lacks_what_its_phases_need_is_said_to_fail(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    book = plan(tmp_path, phases_to_run=[5.5])["a.txt"]
    assert book.fate is Fate.BLOCKED
    assert "needs 'book' of phase 2" in book.reason


def test_a_planned_book_is_the_same_after_its_way_between_two_processes() -> None:
    source = Source("input/a.txt", "ab" * 32, 1, 2, 3, 4)
    book = PlannedBook("a-1", "/x/a.txt", "a.txt", Fate.RUN, "why", source, "text", due_s=1.5, noted=True)
    assert PlannedBook.from_row(book.path, json.loads(json.dumps(book.as_row()))) == book
