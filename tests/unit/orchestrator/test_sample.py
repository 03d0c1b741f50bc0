"""``--sample``: the beginning of a book, beside everything else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stand_ins import Library

from orchestrator.config import Config
from orchestrator.inspection import inspect
from orchestrator.settings import Settings, settings_of
from pipeline_common.phases import PHASES

SPEAK = """
chunks = plan.book_dir / "chunks"
chunks.mkdir(exist_ok=True)
print((chunks / "one.wav").exists(), file=open({seen!r}, "a"))
(chunks / "one.wav").write_text("speech")
"""


@pytest.fixture
def sampled(library: Library) -> Library:
    """The same library as ``--sample`` sees it; its program leaves it to the layout where a book goes."""
    library.behave(
        "enhancement",
        "class Result(Result):\n    __init__ = lambda self, **k: super().__init__(**{**k, 'output_folder': None})",
    )
    library.behave("synthesis", SPEAK.format(seen=str(library.root / "seen")))
    return replace(library, config=library.config.for_sample(2))


def test_a_sample_has_a_state_a_folder_and_files_of_its_own(library: Library, sampled: Library) -> None:
    folder = sampled.run().folder
    assert folder == library.root / "samples/Unknown Author/Title"
    assert (library.root / "pipeline_samples.json").exists()
    assert not (library.root / "pipeline.json").exists()
    assert not (library.root / "output").exists()
    work = library.root / "work" / library.id
    assert sorted(path.name for path in work.iterdir()) == ["chunks", "sample"]


def test_a_sample_marks_no_book_as_done_and_what_it_has_spoken_is_spoken_for_the_book(
    library: Library, sampled: Library
) -> None:
    sampled.run()
    library.calls()
    assert library.run().folder == library.root / "output/Unknown Author/Title"
    assert library.calls() == [phase.name for phase in PHASES]
    assert (library.root / "seen").read_text().split() == ["False", "True"]
    sampled.run()
    assert library.calls() == []


def test_a_sample_that_starts_anew_keeps_what_was_spoken_for_the_book(library: Library, sampled: Library) -> None:
    library.run()
    sampled.run(resume_enabled=False)
    assert (library.root / "seen").read_text().split() == ["False", "True"]
    assert (library.root / "work" / library.id / "chunks/one.wav").exists()


def test_samples_of_several_voices_stay_beside_each_other(library: Library, sampled: Library) -> None:
    first = sampled.run().folder
    voice = Config.model_validate({"tts": {"voice": "en-gb"}}).tts
    second = sampled.run(tts=voice).folder
    assert first is not None
    assert second == first.with_name("Title (en-gb)")
    assert (first / "Title.m4b").exists()
    assert (second / "Title.m4b").exists()


def test_what_a_sample_leaves_is_no_stranger_in_the_work_folder(library: Library, sampled: Library) -> None:
    sampled.run()
    assert list(inspect({}, library.config, frozenset())) == []
    library.run()
    assert list(inspect(library.document(), library.config, frozenset())) == []


def test_only_what_is_read_of_the_book_differs(library: Library) -> None:
    for phase in PHASES:
        whole, sample = settings_of(phase, library.config), settings_of(phase, library.config.for_sample(2))
        assert sample == whole | ({"sample_words": 320} if phase.name == "extraction" else {})
    settings = Settings.of(library.config.for_sample(2))
    assert Settings.from_json(settings.as_json()) == settings
