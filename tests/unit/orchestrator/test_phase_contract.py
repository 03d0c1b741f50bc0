"""The page and the schemas of the contract say what the programs do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from stand_ins import Library

from orchestrator import docs
from orchestrator.artifacts import needed_outputs
from orchestrator.config import Config
from orchestrator.environments import Environment
from orchestrator.sections.programs import ENVIRONMENT_KINDS, PhaseSection
from orchestrator.settings import settings_of
from phases.catalogue import BUILT_IN
from phases.contract import ContractError, Failure, Plan, Result
from pipeline_common.phases import PHASES

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "phase-contract.md").read_text(encoding="utf-8")
PLAN = Plan(
    phase="extraction",
    book_id="emma-1a2b3c4d",
    attempt=1,
    source=Path("/in/Emma.epub"),
    book_dir=Path("/w/emma"),
    attempt_dir=Path("/w/emma/attempts/extraction-1/files"),
    inputs={"source": Path("/w/emma/source.json")},
    settings={"language": None},
    slots_dir=Path("/w/.slots"),
    cores=2,
    progress=Path("/w/emma/progress.jsonl"),
)


def rows(heading: str) -> list[list[str]]:
    """The cells of the page's table under this heading line."""
    table = PAGE.partition(heading)[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in table]


def test_the_schemas_in_the_repository_are_what_the_models_give(tmp_path: Path) -> None:
    docs.write(tmp_path)
    for name in (docs.PLAN_SCHEMA, docs.RESULT_SCHEMA):
        written = (tmp_path / name).read_text(encoding="utf-8")
        assert (DOCS / name).read_text(encoding="utf-8") == written, "run `make docs` and commit what it writes"
        jsonschema.Draft202012Validator.check_schema(json.loads(written))


def test_plans_and_results_as_they_are_written_fit_their_schemas() -> None:
    jsonschema.validate(json.loads(PLAN.to_json()), docs.plan_schema())
    for result in (Result(artifacts={"book": "book.json"}), Result(failure=Failure("empty", "No text.", True))):
        text = result.to_json(PLAN)
        jsonschema.validate(json.loads(text), docs.result_schema())
        assert Result.from_json(text, PLAN) == result


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"metrics": {"words": 3, "of": "Emma", "whole": True, "rest": None}},
        {"book": {"title": None, "authors": ["Jane Austen"], "own": [1]}},
        {"output_folder": None},
        {"error": None},
        {"status": "failed", "error": {"type": "a", "message": "b", "permanent": False}},
        {"status": "failed"},
        {"status": "failed", "error": {"type": "a", "message": "b"}},
        {"status": "failed", "error": {"type": 1, "message": "b", "permanent": False}},
        {"status": "done"},
        {"version": 2},
        {"attempt": "1"},
        {"attempt": True},
        {"artifacts": []},
        {"artifacts": {"book": None}},
        {"deliverables": {"m4b": 1}},
        {"output_folder": 1},
        {"metrics": {"words": []}},
        {"book": {"title": 1}},
        {"book": {"authors": "Jane"}},
        {"artefacts": {}},
    ],
)
def test_what_the_schema_allows_is_what_the_program_takes(changes: dict[str, Any]) -> None:
    document = {"version": 1, "phase": "extraction", "book_id": PLAN.book_id, "attempt": 1, "status": "success"}
    document |= changes
    allowed = jsonschema.Draft202012Validator(docs.result_schema()).is_valid(document)
    try:
        Result.from_json(json.dumps(document), PLAN)
    except ContractError:
        assert not allowed
    else:
        assert allowed


def test_the_examples_of_the_page_are_plans_and_results() -> None:
    plan, *results = (json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert results
    jsonschema.validate(plan, docs.plan_schema())
    for result in results:
        jsonschema.validate(result, docs.result_schema())
        Result.from_json(json.dumps(result), Plan.from_json(json.dumps(plan)))


def test_the_page_says_what_each_phase_reads_and_leaves() -> None:
    told = {row[0]: row[1:] for row in rows("| phase | `inputs` | artifacts | `settings` |")}
    assert list(told) == [phase.name for phase in PHASES]
    for phase in PHASES:
        built_in = BUILT_IN[phase.name]
        inputs, artifacts, settings = [*told[phase.name], "", ""][:3]
        assert re.findall(r"\w+", inputs.replace(" where there is one", "")) == [
            *built_in.inputs,
            *built_in.optional_inputs,
        ]
        assert re.findall(r"\w+", artifacts) == list(built_in.outputs)
        assert re.findall(r"\*\*(\w+)\*\*", artifacts) == list(needed_outputs(built_in))
        assert re.findall(r"\w+", settings) == list(settings_of(phase, Config()))


def test_the_page_says_how_each_environment_is_run_and_made() -> None:
    told = {re.findall(r"`(\w+):", row[0])[0]: row for row in rows("| key | is run as | where it is missing |")}
    assert list(told) == list(ENVIRONMENT_KINDS)
    assert set(ENVIRONMENT_KINDS) < set(PhaseSection.model_fields)
    for kind, row in told.items():
        if kind == "command":
            continue
        word = re.findall(r": (\w+)`", row[0])[0]
        written = f"/{word}" if kind != "conda" else word
        command = Environment("chunking", kind, (written,), "module", None, Path("/")).command()
        assert row[1] == f"`{' '.join(command).replace('/' + word, word)}`"


def test_a_program_finds_the_words_of_its_plan_in_its_environment(library: Library) -> None:
    library.programs = True
    library.book.rename(library.config.input_dir / "Ein “Buch”\nmit Öl.txt")
    library.name = "Ein “Buch”\nmit Öl.txt"
    seen = library.root / "seen"
    library.behave("extraction", f"Path({str(seen)!r}).write_text(json.dumps([dict(os.environ), os.getcwd()]))")
    assert library.run().failure is None
    variables, folder = json.loads(seen.read_text())
    told = dict.fromkeys(re.findall(r"`(AUDIOBOOK_\w+)`", PAGE))
    assert {name for name in variables if name.startswith("AUDIOBOOK_")} >= set(told)
    assert variables["AUDIOBOOK_SOURCE"] == str(library.book)
    assert variables["AUDIOBOOK_ATTEMPT_DIR"] == folder
    assert set(PLAN.variables()) == set(told)
