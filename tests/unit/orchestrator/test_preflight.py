import pytest
from stand_ins import Library

from orchestrator import preflight

MIB = 1 << 20


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_MEMORY_WAIT_S", 0.2)
    monkeypatch.setattr(preflight, "_LOOK_EVERY_S", 0.01)


def with_free(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    monkeypatch.setattr(preflight, "free_bytes", lambda _folder: free_bytes)


def test_a_book_for_which_there_is_no_room_is_refused_with_the_numbers(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_free(monkeypatch, 100 * MIB)
    outcome = library.run()
    assert outcome.failure is not None
    assert (outcome.failure.error_type, outcome.failure.permanent) == ("no_space", False)
    assert "There is no room for validation: about 0 MB are needed" in outcome.failure.message
    assert "200 MB are to be left (limits.min_free_mb), but 100 MB are free" in outcome.failure.message
    assert library.calls() == []
    record = library.document()["phase1"]["files"][library.id]
    assert (record["status"], record["errors"][0]["type"]) == ("failed", "no_space")
    with_free(monkeypatch, 2000 * MIB)
    assert library.run().failure is None


def test_the_size_of_a_file_whose_text_is_not_known_refuses_nobody(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.book.write_text("picture " * 2_000_000)
    with_free(monkeypatch, 1000 * MIB)
    assert library.run().failure is None


def test_once_the_text_is_known_its_words_are_counted(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "made = Result\ndef Result(**given):\n    return made(**{**given, 'metrics': {'words': 10_000_000}})\n"
    library.behave("chunking", code)
    with_free(monkeypatch, 2000 * MIB)
    outcome = library.run()
    assert outcome.failure is not None
    assert "There is no room for synthesis: about 298,634 MB are needed" in outcome.failure.message
    assert library.calls() == ["validation", "extraction", "chunking"]


def test_a_book_waits_for_memory_and_then_begins(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([100 * MIB, 120 * MIB])
    monkeypatch.setattr(preflight, "available_bytes", lambda: next(answers, 4096 * MIB))
    assert library.run().failure is None
    waits = [line for line in library.said if line.startswith("waiting for memory")]
    assert waits == ["waiting for memory: 100 MB of memory are available, and 256 MB are to be (limits.min_memory_mb)"]


def test_a_book_for_which_there_is_no_memory_is_refused_with_the_numbers(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "available_bytes", lambda: 100 * MIB)
    outcome = library.run()
    assert outcome.failure is not None
    assert outcome.failure.error_type == "no_memory"
    assert "100 MB of memory are available" in outcome.failure.message
    assert library.calls() == []


def test_where_the_system_does_not_tell_nothing_is_refused(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "available_bytes", lambda: None)
    assert library.run().failure is None
