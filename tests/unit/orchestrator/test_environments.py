"""Phases in environments of their own: what is run, what is missing, and what would create it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run
from stand_ins import Library
from tools import CONDA, POETRY, UV, make_environment, make_tool, path_with

from orchestrator.config import Config, load_config
from orchestrator.environments import equipped
from orchestrator.exits import UsageError
from orchestrator.settings import Settings
from pipeline_common import ConfigError
from pipeline_common.phases import PHASES

CHUNKING = next(phase for phase in PHASES if phase.name == "chunking")


def configured(folder: Path, section: object, name: str = "chunking") -> Config:
    (folder / "config.yaml").write_text(json.dumps({"phases": {name: section}}))  # JSON is YAML
    return load_config(folder / "config.yaml")


def use(library: Library, section: dict[str, object]) -> None:
    """Have the command run all phases but one as stand-ins, and that one as the section says."""
    stand_in = {"command": [sys.executable, "-S", "-P", str(library.root / "fake_phases.py")]}
    phases: dict[str, object] = {phase.name: stand_in for phase in PHASES}
    phases["chunking"] = section
    (library.root / "config.yaml").write_text(json.dumps({"phases": phases}))


def make(library: Library, kind: str) -> dict[str, object]:
    """The environment of each kind, as its own tool would leave it; the section that names it."""
    root = library.root
    module: dict[str, object] = {"module": "fake_phases.py"}
    match kind:
        case "command":
            path = make_tool(root / "bin", "cut", (root / "fake_phases.py").read_text())
            return {"command": [str(path.relative_to(root))]}
        case "python":
            make_environment(root / "own")
            return {"python": "own/bin/python", **module}
        case "venv":
            make_environment(root / "own")
        case "uv":
            make_tool(root / "tools", "uv", UV)
            make_environment(root / "own/.venv")
            (root / "own/pyproject.toml").touch()
        case "poetry":
            make_tool(root / "tools", "poetry", POETRY)
            make_environment(root / "own/environment")
            (root / "own/pyproject.toml").touch()
        case "conda":
            make_tool(root / "tools", "conda", CONDA.format(environments=str(root)))
            make_environment(root / "own")
    return {kind: "own", **module}


KINDS = {
    "command": ("bin", "the program bin/cut is not there", "correct phases.chunking.command"),
    "python": ("own", "the interpreter own/bin/python is not there", "correct phases.chunking.python"),
    "venv": ("own", "the virtual environment {own} is not there", "Create it with: python3 -m venv {own}"),
    "uv": ("own/.venv", "the environment of the uv project {own} is not", "Create it with: uv sync --project {own}"),
    "poetry": (
        "own/environment",
        "the environment of the Poetry project {own} is not there",
        "Create it with: poetry --project {own} install",
    ),
    "conda": ("own", "the Conda environment own", "Create it with: conda create --name own python"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_phase_runs_in_its_own_environment_and_without_it_no_book_starts(library: Library, kind: str) -> None:
    use(library, make(library, kind))
    root, surroundings = library.root, {**path_with(library.root / "tools"), "VIRTUAL_ENV": "/of/the/pipeline"}
    process = run("batch-audiobook", cwd=root, env=surroundings)
    assert process.returncode == 0, process.stdout + process.stderr
    assert library.calls() == [phase.name for phase in PHASES]
    library.book.write_text("Changed.\n")
    place, fault, remedy = KINDS[kind]
    shutil.rmtree(root / place)
    before = library.document()
    commands = [["batch-audiobook"]]
    if kind == "venv":  # they all ask the same
        commands += [["batch-audiobook", "--dry-run"], ["orchestrate-audiobook", "input/book.txt"]]
        commands += [["orchestrate-audiobook", "input/book.txt", "--dry-run"]]
    for command in commands:
        process = run(*command, cwd=root, env=surroundings)
        assert process.returncode == 2, process.stdout + process.stderr
        for words in (f"phases.chunking: {fault}", remedy):
            assert words.format(own=root / "own") in process.stderr
        assert "Traceback" not in process.stderr
    assert library.calls() == []
    assert library.document() == before


def test_a_finished_library_needs_no_environment_any_more(library: Library) -> None:
    use(library, make(library, "venv"))
    assert run("batch-audiobook", cwd=library.root).returncode == 0
    shutil.rmtree(library.root / "own")
    assert run("batch-audiobook", cwd=library.root).returncode == 0


@pytest.mark.parametrize("kind", ["uv", "poetry", "conda"])
def test_a_missing_tool_is_named_with_the_page_that_tells_how_to_install_it(
    library: Library, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(library.root, make(library, kind))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match=rf"phases\.chunking: the tool {kind} is not there. Install it \(https://"):
        equipped(Settings.of(config), config)


def test_a_program_that_is_not_executable_is_said_to_be_so_with_the_command_that_mends_it(library: Library) -> None:
    section = make(library, "command")
    (library.root / "bin/cut").chmod(0o644)
    config = configured(library.root, section)
    with pytest.raises(
        UsageError, match=r"the program bin/cut is not executable. Make it so with: chmod \+x .*/bin/cut"
    ):
        equipped(Settings.of(config), config)


def test_a_script_that_is_not_there_is_named_and_phases_that_are_not_asked_for_need_nothing(library: Library) -> None:
    config = configured(library.root, {"python": sys.executable, "module": "no/such.py"})
    with pytest.raises(UsageError, match=r"the file .*/no/such.py is not there. Correct phases.chunking.module"):
        equipped(Settings.of(config), config)
    others = config.model_copy(update={"phases_to_run": ("1", "2")})
    assert equipped(Settings.of(others), others) == Settings.of(others)


def test_all_that_is_missing_is_said_at_once(library: Library) -> None:
    phases = {"chunking": {"venv": "a", "module": "m"}, "synthesis": {"venv": "b", "module": "m"}}
    (library.root / "config.yaml").write_text(json.dumps({"phases": phases}))
    process = run("batch-audiobook", cwd=library.root)
    assert process.returncode == 2
    assert [part in process.stderr for part in ("phases.chunking", "phases.synthesis")] == [True, True]


def test_what_a_tool_complains_of_is_told(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    section = make(library, "conda")
    shutil.rmtree(library.root / "own")
    monkeypatch.setenv("PATH", str(library.root / "tools"), prepend=os.pathsep)
    config = configured(library.root, section)
    with pytest.raises(UsageError, match="conda says: EnvironmentLocationNotFound: Not a conda environment"):
        equipped(Settings.of(config), config)


@pytest.mark.parametrize("kind", ["venv", *(pytest.param(k, marks=pytest.mark.long) for k in KINDS if k != "venv")])
def test_an_environment_that_vanishes_between_two_books_fails_the_book_with_the_same_sentence(
    library: Library, kind: str
) -> None:
    use(library, make(library, kind))
    place, fault, remedy = (words.format(own=library.root / "own") for words in KINDS[kind])
    (library.config.input_dir / "later.txt").write_text("Later.\n")
    library.behave("enhancement", f"import shutil; shutil.rmtree({str(library.root / place)!r}, ignore_errors=True)")
    process = run("batch-audiobook", "--max-workers", 1, cwd=library.root, env=path_with(library.root / "tools"))
    assert process.returncode == 1
    assert "Traceback" not in process.stdout + process.stderr
    (record,) = (record for record in library.document()["books"].values() if "error" in record)
    assert record["error_type"] == "environment"
    assert record["error"].startswith(f"phases.chunking: {fault}")
    assert record["error"].removesuffix(".").endswith(remedy)
    assert library.calls().count("chunking") == 1
    library.behave("enhancement", "")
    shutil.rmtree(library.root / "tools", ignore_errors=True)
    shutil.rmtree(library.root / "own", ignore_errors=True)
    make(library, kind)
    process = run("batch-audiobook", cwd=library.root, env=path_with(library.root / "tools"))
    assert process.returncode == 0, process.stdout + process.stderr
    assert library.calls().count("chunking") == 1


def test_a_file_that_is_executable_and_no_program_fails_the_book_with_a_sentence(library: Library) -> None:
    section = make(library, "command")
    (library.root / "bin/cut").write_text("neither a script nor a program")
    use(library, section)
    process = run("orchestrate-audiobook", library.book, cwd=library.root)
    assert process.returncode == 1
    assert "/bin/cut, cannot be started: Exec format error. Correct phases.chunking" in process.stderr
    assert "Traceback" not in process.stderr


def test_what_the_configuration_says_is_what_a_phase_is_known_by_wherever_the_library_lies(tmp_path: Path) -> None:
    section = {"venv": "envs/cut", "module": "cutting.cut", "version": 3}
    folders = [tmp_path / name for name in ("here", "there")]
    for folder in folders:
        folder.mkdir()
    here, there = (Settings.of(configured(folder, section)).by_phase["chunking"] for folder in folders)
    assert here.command == (str(tmp_path / "here/envs/cut/bin/python"), "-m", "cutting.cut")
    assert here.identity == there.identity
    assert here.identity == {"phase": "chunking", "venv": ["envs/cut"], "module": "cutting.cut", "version": "3"}
    newer = Settings.of(configured(tmp_path / "here", {**section, "version": 4})).by_phase["chunking"]
    assert newer.identity != here.identity


def test_with_a_new_version_a_phase_and_all_after_it_run_again(library: Library) -> None:
    section = make(library, "venv")
    for version, expected in (("1", 6), ("1", 0), ("2", 4)):
        use(library, {**section, "version": version})
        assert run("batch-audiobook", cwd=library.root).returncode == 0
        assert len(library.calls()) == expected


@pytest.mark.parametrize(
    ("section", "parts"),
    [
        ({"venv": "a", "conda": "b", "module": "c"}, ["phases.chunking:", "exactly one of", "found venv and conda"]),
        ({"version": 2}, ["exactly one of command, python, venv, uv, poetry, conda"]),
        ({"venv": "a"}, ["phases.chunking: module is missing"]),
        ({"command": ["a"], "module": "b"}, ["a command has no module"]),
        ({"command": []}, ["phases.chunking.command", "at least 1 item"]),
        ({"command": [""]}, ["phases.chunking.command"]),
        ({"command": "cut -f"}, ["phases.chunking.command", "found 'cut -f'"]),
        ({"command": ["a\0b"]}, ["NUL"]),
        ({"vnev": "a", "module": "b"}, ["phases.chunking.vnev", "did you mean venv?"]),
        ({"venv": "a", "module": "-c"}, ["phases.chunking.module", "'-c' is neither the name of a module nor"]),
        ({"conda": "-p/x", "module": "b"}, ["phases.chunking.conda", "no name of a Conda environment"]),
        ({"conda": "a/b", "module": "b"}, ["conda env list"]),
        ({"venv": 3, "module": "b"}, ["phases.chunking.venv", "found 3"]),
    ],
)
def test_a_wrong_section_is_refused_with_its_key(tmp_path: Path, section: object, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, section)
    for part in ["config.yaml, line 1", *parts]:
        assert part in str(caught.value)


def test_a_member_of_a_uv_workspace_lives_in_the_environment_of_the_whole(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = library.root
    make_tool(root / "tools", "uv", UV)
    make_environment(root / ".venv")
    (root / "uv.lock").touch()
    (root / "packages/cut").mkdir(parents=True)
    (root / "packages/cut/pyproject.toml").touch()
    monkeypatch.setenv("PATH", str(root / "tools"), prepend=os.pathsep)
    config = configured(root, {"uv": "packages/cut", "module": "cut"})
    requirements = equipped(Settings.of(config), config).by_phase["chunking"].requirements
    assert requirements[-1].path == str(root / ".venv/bin/python")


@pytest.mark.long
@pytest.mark.parametrize("tool", ["uv", "poetry", "conda"])
def test_the_real_tool_makes_an_environment_in_which_a_phase_runs(library: Library, tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} IS NOT INSTALLED, so phases.…: {{{tool}: …}} was tried with a stand-in only")
    own, name = library.root / "own", "own" if tool != "conda" else f"audiobook-test-{os.getpid()}"
    own.mkdir()
    (own / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.11"\n'
        "[tool.uv]\npackage = false\n[tool.poetry]\npackage-mode = false\n"
    )
    use(library, {tool: name, "module": "fake_phases.py"})
    process = run("batch-audiobook", cwd=library.root)
    assert process.returncode == 2
    create = process.stderr.partition("Create it with: ")[2].split()
    subprocess.run([*create, "--yes"] if tool == "conda" else create, check=True)
    try:
        process = run("batch-audiobook", cwd=library.root)
        assert process.returncode == 0, process.stdout + process.stderr
        assert library.calls() == [phase.name for phase in PHASES]
    finally:
        remove = {"conda": ["conda", "env", "remove", "--yes", "--name", name]}
        remove["poetry"] = ["poetry", "--project", str(own), "env", "remove", "--all"]
        if tool in remove:
            subprocess.run(remove[tool], check=True)
