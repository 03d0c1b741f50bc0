"""``docs/pipeline-state.md`` and ``--help``: no command and no option is undocumented."""

import argparse
import re
import shlex
from pathlib import Path

import pytest
from tried import TRIES

from pipeline_common.books import STAGES
from pipeline_common.cli import main, parser
from pipeline_common.tools.catalogue import BOOK_STATUSES
from pipeline_common.tools.checks import PARTS
from pipeline_common.tools.session import ExitCode

PAGE = (Path(__file__).parents[3] / "docs" / "pipeline-state.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## `([a-z]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
ANYWHERE = {"--help", "--version", "--pipeline-json", "--config", "--lifecycle", "-h"}


def commands() -> list[tuple[str, argparse.ArgumentParser]]:
    (action,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return list(action.choices.items())


def test_every_command_has_a_section_and_a_row_and_nothing_else_has() -> None:
    names = [name for name, _ in commands()]
    assert list(SECTIONS) == names
    assert re.findall(r"^\| \[`([a-z]+)", PAGE, re.MULTILINE) == names


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_option_is_in_the_usage_of_its_section(name: str, command: argparse.ArgumentParser) -> None:
    options = {option for action in command._actions for option in action.option_strings} - ANYWHERE
    usage = SECTIONS[name].split("```")[1]
    assert set(re.findall(r"--[a-z-]+", usage)) == options
    for action in command._actions:
        if not action.option_strings:
            assert str(action.metavar) in usage


def test_what_can_be_said_everywhere_and_every_status_stage_part_and_exit_code_is_on_the_page() -> None:
    assert all(option in PAGE for option in ANYWHERE - {"-h"})
    assert all(f"`{word}`" in PAGE for word in (*BOOK_STATUSES, *STAGES, *PARTS))
    assert all(code in PAGE for code in ("0 all that was asked", "1 `check`", "2 wrong usage", "3 the state", "130"))


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_the_help_of_every_command_has_an_example_that_it_understands(name: str, capsys) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    example = shlex.split(capsys.readouterr().out.split("Example: pipeline-state ")[1])
    assert parser().parse_args(example).run


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_option_is_tried_on_the_installed_command(name: str, command: argparse.ArgumentParser) -> None:
    options = {option for action in command._actions for option in action.option_strings} - ANYWHERE
    words = [set(shlex.split(tried.line)) for tried in TRIES if name in shlex.split(tried.line)]
    assert words
    assert options <= set.union(*words)


def test_what_can_be_said_everywhere_and_every_exit_code_is_tried_on_the_installed_command() -> None:
    words = {word for tried in TRIES for word in shlex.split(tried.line)}
    assert words >= ANYWHERE - {"-h"}
    assert {tried.code for tried in TRIES} | {1} == {int(code) for code in ExitCode}
