from pathlib import Path

import pytest
from stand_ins import Library

from orchestrator.config import Config
from orchestrator.decisions import decide, given_up
from orchestrator.limits import RetryRules
from orchestrator.records import BookRecords
from orchestrator.sections.work import RetriesSection
from orchestrator.settings import Settings
from orchestrator.sources import examine
from pipeline_common import PipelineState

FAILS_WHILE_TOLD = """
told = plan.book_dir / "fails"
left = int(told.read_text()) if told.exists() else 0
if left:
    told.write_text(str(left - 1))
    {before}
    failure = Failure("busy", "The server is busy. Run again.", {permanent})
    Path(sys.argv[-1]).write_text(Result(failure=failure).to_json(plan))
    sys.exit(1)
"""


def fail(library: Library, phase: str, times: int, *, before: str = "pass", permanent: bool = False) -> None:
    folder = library.config.work_dir / library.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fails").write_text(str(times))
    library.behave(phase, FAILS_WHILE_TOLD.format(before=before, permanent=permanent))


def quick(limit: int = 3, **more: object) -> RetriesSection:
    return RetriesSection.model_validate({"limit": limit, "delay": 0.01, "factor": 1, **more})


def given_up_now(library: Library, **changes: object) -> str | None:
    """What a batch would say of the book."""
    settings = Settings.of(library.config.model_copy(update=changes))
    with PipelineState(library.config.pipeline_json) as state:
        records = BookRecords(state, library.id)
    source = examine(library.book, library.root, records.book.get("source"))
    return given_up(records, settings, source, decide(records, settings, source, settings.phases()))


def test_what_fails_for_a_while_is_tried_again_until_it_succeeds(library: Library) -> None:
    fail(library, "chunking", 2)
    assert library.run(retries=quick()).failure is None
    assert library.calls()[:5] == ["validation", "extraction", "chunking", "chunking", "chunking"]
    assert sum("Trying again in" in line for line in library.said) == 2
    book = library.document()["books"][library.id]
    assert [past["stage"] for past in book["error_history"]] == ["chunking", "chunking"]
    assert not {"error", "retry_count", "retry_limit", "next_try_at", "first_failed_at"} & book.keys()


def test_what_fails_as_often_as_it_may_is_given_up(library: Library) -> None:
    fail(library, "chunking", 5)
    outcome = library.run(retries=quick())
    assert outcome.failure is not None
    assert outcome.next_try_s is None
    assert library.calls() == ["validation", "extraction", "chunking", "chunking", "chunking"]
    book = library.document()["books"][library.id]
    assert (book["retry_count"], book["retry_limit"], book["error_type"]) == (3, 3, "busy")
    assert book["first_failed_at"] < book["failed_at"]
    assert len(book["error_history"]) == 3
    assert given_up_now(library, retries=quick()) == "3 of 3 attempts have failed: The server is busy. Run again."


def test_a_failure_for_good_is_not_tried_again(library: Library) -> None:
    fail(library, "chunking", 1, permanent=True)
    assert library.run(retries=quick()).failure is not None
    assert library.calls() == ["validation", "extraction", "chunking"]
    assert given_up_now(library, retries=quick()) == "it would fail again: The server is busy. Run again."


def test_a_phase_has_rules_of_its_own_where_it_is_given_some() -> None:
    config = RetriesSection.model_validate({"limit": 5, "synthesis": {"limit": 7, "jitter": False}})
    by_phase = Settings.of(Config(retries=config).resolved(Path("/nowhere"))).by_phase
    assert by_phase["chunking"].retries == RetryRules(5, 5, 4, jitter=True)
    assert by_phase["synthesis"].retries == RetryRules(7, 5, 4, jitter=False)


@pytest.mark.parametrize("change", ["the book's file", "its settings", "the limit", "resume is off"])
def test_what_was_given_up_is_tried_again_where_something_has_changed(library: Library, change: str) -> None:
    fail(library, "validation", 5)
    assert library.run(retries=quick()).failure is not None
    assert given_up_now(library, retries=quick())
    if change == "the book's file":
        library.book.write_text("Another text.")
        assert given_up_now(library, retries=quick()) is None
    elif change == "its settings":
        text = library.config.text.model_copy(update={"language": "de"})
        assert given_up_now(library, retries=quick(), text=text) is None
    elif change == "the limit":
        assert given_up_now(library, retries=quick(4)) is None
    else:
        assert given_up_now(library, retries=quick(), resume_enabled=False) is None


def test_an_attempt_that_leaves_a_new_chunk_does_not_count(library: Library) -> None:
    before = (
        '(plan.book_dir / "chunks").mkdir(exist_ok=True); (plan.book_dir / "chunks" / f"{left}.wav").write_text("")'
    )
    fail(library, "synthesis", 6, before=before)
    assert library.run(retries=quick(2)).failure is None
    assert library.calls().count("synthesis") == 7


def test_a_phase_that_succeeds_leaves_the_next_one_all_its_attempts(library: Library) -> None:
    fail(library, "chunking", 2)
    library.behave("extraction", "if plan.attempt < 3: sys.exit(9)")
    assert library.run(retries=quick(3)).failure is None
    assert library.calls().count("extraction") == 3
    assert library.calls() == []


def test_the_time_of_the_next_try_is_in_the_record_meanwhile(library: Library) -> None:
    fail(library, "chunking", 1)
    state = PipelineState(library.config.pipeline_json)
    seen = []

    def say(text: str) -> None:
        if "Trying again in" in text:
            book = state.read()["books"][library.id]
            seen.append((book["retry_count"], book["next_try_at"] > book["failed_at"], text))

    library.said = type("Said", (list,), {"append": lambda _self, text: say(text)})()
    assert library.run(retries=quick()).failure is None
    assert seen == [(1, True, "The server is busy. Run again. Trying again in 0 s.")]


def test_a_run_from_scratch_does_not_begin_again_with_each_try(library: Library) -> None:
    assert library.run(retries=quick()).failure is None
    library.calls()
    fail(library, "enhancement", 2)
    assert library.run(retries=quick(), resume_enabled=False).failure is None
    assert library.calls() == [
        *("validation", "extraction", "chunking", "synthesis"),
        *("enhancement", "enhancement", "enhancement", "subtitles"),
    ]
