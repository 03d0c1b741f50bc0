"""What holds of the whole project, whoever changes a part of it."""

import re
import subprocess
import sys
from pathlib import Path

from orchestrator.config import Config
from orchestrator.settings import settings_of
from phases.catalogue import BUILT_IN
from phases.rules import RULES
from pipeline_common.phases import PHASES

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("batch", "orchestrator", "phases", "pipeline_common")


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((CHECKOUT / package).rglob("*.py"))]


def test_importing_the_state_costs_the_standard_library_only() -> None:
    heavy = ("pydantic", "rich", "trio", "psutil", "yaml", "filelock", "msgspec")
    code = f"import sys, pipeline_common; print(*(name for name in {heavy} if name in sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT
    ).stdout
    assert output.strip() == ""


def test_one_module_of_the_state_imports_trio() -> None:
    pattern = re.compile(r"^\s*(import|from) (trio|outcome|sniffio)\b", re.MULTILINE)
    found = [path.name for path in modules() if "pipeline_common" in path.parts and pattern.search(path.read_text())]
    assert found == ["async_transactions.py"]


def test_the_phase_contract_and_catalogue_need_the_standard_library_only() -> None:
    code = "import sys; sys.path.insert(0, '.'); import phases.contract, phases.files, phases.progress, phases.slots"
    subprocess.run([sys.executable, "-S", "-c", code], check=True, cwd=CHECKOUT)


def test_every_phase_of_the_table_is_built_in_configured_and_described() -> None:
    assert [phase.name for phase in PHASES] == list(BUILT_IN)
    for phase in PHASES:
        settings_of(phase, Config())
    table = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    for phase in PHASES:
        assert re.search(rf"^\| {re.escape(phase.number)} \| {phase.name} \|", table, re.MULTILINE)


def test_what_a_phase_needs_an_earlier_one_makes() -> None:
    made: set[str] = set()
    for phase in PHASES:
        built_in = BUILT_IN[phase.name]
        assert set(built_in.inputs) | set(built_in.optional_inputs) <= made
        made |= {*built_in.outputs, *built_in.handed_on}


def test_no_module_opens_a_state_file_but_the_state_module() -> None:
    for path in modules():
        if path.parts[-2] != "pipeline_common":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"pipeline_json\)?\.(open|read_|write_)", text), path


def test_status_words_stand_in_one_module() -> None:
    pattern = re.compile(r"""["'](partial|skipped|pending)["']""")
    allowed = {"statuses.py", "models.py"}
    found = {path.name for path in modules() if pattern.search(path.read_text(encoding="utf-8"))}
    assert found <= allowed, found


def test_every_module_says_what_it_owns() -> None:
    for path in modules():
        text = path.read_text(encoding="utf-8").removeprefix("# SPDX-License-Identifier: MIT\n")
        assert text.startswith('"""'), path


def test_the_state_package_can_be_taken_alone_under_its_own_licence() -> None:
    for path in (CHECKOUT / "pipeline_common").rglob("*.py"):
        assert path.read_text(encoding="utf-8").startswith("# SPDX-License-Identifier: MIT\n"), path
    assert "MIT License" in (CHECKOUT / "pipeline_common/LICENSE").read_text(encoding="utf-8")


def test_no_code_runs_a_shell_or_evaluates_text() -> None:
    pattern = re.compile(r"shell=True|os\.system\(|\beval\(|\bexec\(|pickle\.loads?\(|yaml\.load\(")
    for path in modules():
        assert not pattern.search(path.read_text(encoding="utf-8")), path


def test_the_page_on_what_is_read_has_every_rule_and_names_tests_that_there_are() -> None:
    page = (CHECKOUT / "docs" / "what-is-read.md").read_text(encoding="utf-8")
    table = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    rows = {row[0].strip("`"): row for row in table}
    assert rows.keys() == RULES.keys()
    (never,) = (line for line in page.splitlines() if line.startswith("Never seen on these books:"))
    modules_of_tests = (CHECKOUT / "tests" / "unit" / "phases").glob("test_*.py")
    tests = "".join(path.read_text(encoding="utf-8") for path in modules_of_tests)
    for name, row in rows.items():
        rule = RULES[name]
        assert row[1:4] == [rule.fires_on, rule.keeps, f"{rule.confidence:g}"]
        seen, read, rightly, wrongly = row[4:8]
        assert (seen == "never") == (f"`{name}`" in never), name
        assert seen == "never" or min(int(seen), 60) <= int(read) == int(rightly) + int(wrongly), name
        named = re.findall(r"`(test_\w+)`", row[8])
        assert named, name
        assert all(f"def {test}(" in tests for test in named), name
