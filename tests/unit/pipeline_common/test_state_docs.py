"""The generated pages are current."""

import json
import re
import subprocess
import sys
from pathlib import Path

from pipeline_common import Lifecycle, Status, docs
from pipeline_common.audiobook import AUDIOBOOK

DOCS = Path(__file__).parents[3] / "docs"


def test_the_pages_in_the_repository_are_what_the_models_give():
    advice = "run `make docs` and commit what it writes"
    assert (DOCS / docs.SCHEMA_FILE).read_text(encoding="utf-8") == docs.schema(), advice
    assert (DOCS / docs.PAGE_FILE).read_text(encoding="utf-8") == docs.page(), advice
    assert (DOCS / docs.LIFE_CYCLE_FILE).read_text(encoding="utf-8") == docs.life_cycle_page(), advice


def test_all_are_written_into_the_folder_that_is_named(tmp_path: Path):
    assert docs.main([str(tmp_path)]) == 0
    assert json.loads((tmp_path / docs.SCHEMA_FILE).read_text(encoding="utf-8"))["title"] == "PipelineDocument"
    assert {path.name for path in tmp_path.iterdir()} == {docs.SCHEMA_FILE, docs.PAGE_FILE, docs.LIFE_CYCLE_FILE}
    assert docs.main([str(tmp_path / "not there")]) == 2
    assert docs.main([]) == 2


def test_the_picture_has_an_arrow_for_every_transition_of_the_table_and_no_other():
    picture = docs.life_cycle_page().split("```")[1]
    arrows = {(before, after) for before, _, after in re.findall(r"    (\w+) (-->) (\w+)\n", picture)}
    assert arrows == {(before, to) for before, after in AUDIOBOOK.transitions.items() for to in after}


def test_a_life_cycle_of_ones_own_is_described_by_the_same_function():
    lifecycle = Lifecycle(
        name="parcels",
        statuses=(Status("packed", "closed", ("sent",)), Status("sent", "gone", (), required=("number",))),
        phases=("parcels",),
        required=("sender",),
    )
    text = docs.described(lifecycle)
    assert "[*] --> packed\n    packed --> sent\n```" in text
    assert "| `sent` | gone | – | `number` |" in text
    assert "Every document must hold `sender`." in text


def test_the_page_about_a_life_cycle_of_ones_own_tells_what_its_program_prints(tmp_path: Path):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "own-life-cycle.md").read_text(encoding="utf-8"), re.DOTALL)
    program = "\n".join(blocks)
    (tmp_path / "photos.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-X", "utf8", "photos.py"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True).stdout
    told = re.findall(r"print\(.*\)  # (.*?)(?: …)?$", program, re.MULTILINE)
    lines = printed.splitlines()
    assert len(lines) == len(told) > 0
    assert all(line.startswith(start) for line, start in zip(lines, told, strict=True))
