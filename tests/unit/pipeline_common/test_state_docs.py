"""The generated pages are current."""

import json
from pathlib import Path

from pipeline_common import docs
from pipeline_common.statuses import TRANSITIONS

DOCS = Path(__file__).parents[3] / "docs"


def test_the_pages_in_the_repository_are_what_the_models_give():
    advice = "run `make docs` and commit what it writes"
    assert (DOCS / docs.SCHEMA_FILE).read_text(encoding="utf-8") == docs.schema(), advice
    assert (DOCS / docs.PAGE_FILE).read_text(encoding="utf-8") == docs.page(), advice


def test_both_are_written_into_the_folder_that_is_named(tmp_path: Path):
    assert docs.main([str(tmp_path)]) == 0
    assert json.loads((tmp_path / docs.SCHEMA_FILE).read_text(encoding="utf-8"))["title"] == "PipelineDocument"
    assert docs.main([str(tmp_path / "not there")]) == 2
    assert docs.main([]) == 2


def test_the_page_shows_every_transition():
    for before, after in TRANSITIONS.items():
        assert all(f"    {before} --> {status}\n" in docs.page() for status in after)
