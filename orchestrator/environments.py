"""Phases in environments of their own: how each is started, what must be there for that, and what would create it."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.exits import UsageError
from orchestrator.settings import Requirement, Settings
from orchestrator.sources import printable

if TYPE_CHECKING:
    from orchestrator.config import Config

_ASKING_LIMIT_S = 120
"""How long a tool may take to say where an environment lies; Conda alone takes seconds."""

_SHOWN_CHARACTERS = 200

_TOOLS = {
    "uv": "https://docs.astral.sh/uv/getting-started/installation/",
    "poetry": "https://python-poetry.org/docs/#installation",
    "conda": "https://conda-forge.org/download/",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """A program in the place of a built-in phase, and where it lives.

    Attributes:
        phase: the phase's name.
        kind: the key in the phase's section: ``command python venv uv poetry conda``.
        written: what the configuration says below that key: of a command the program and its arguments, of the others
            one word, a path or a name.
        module: the module that is run, or the path of a ``.py`` file; None for a command.
        version: what the user calls this state of the program, if anything.
        folder: the folder of the configuration, to which relative paths belong.
    """

    phase: str
    kind: str
    written: tuple[str, ...]
    module: str | None
    version: str | None
    folder: Path

    def command(self) -> tuple[str, ...]:
        """What is run; the paths of the plan and of the result are added."""
        place = self._place()
        match self.kind:
            case "command":
                return (place, *self.written[1:])
            case "python":
                return (place, *self._target())
            case "venv":
                return (f"{place}/bin/python", *self._target())
            case "uv":  # it would install what is missing: nothing is downloaded while books are worked on
                return ("uv", "run", "--project", place, "--no-sync", "python", *self._target())
            case "poetry":  # -C would change the working folder, too
                return ("poetry", "--project", place, "run", "python", *self._target())
            case "conda":  # which otherwise keeps all output in memory until the end
                return ("conda", "run", "--name", place, "--no-capture-output", "python", *self._target())
        raise ValueError(f"there is no kind of environment called {self.kind!r}")

    def dropped(self) -> tuple[str, ...]:
        """Variables that the program does not inherit: Poetry takes an environment that is active for the project's."""
        return ("VIRTUAL_ENV", "CONDA_PREFIX") if self.kind == "poetry" else ("VIRTUAL_ENV",)

    def identity(self) -> dict[str, Any]:
        """All of the program that a phase's results are taken to depend on: what the configuration says of it."""
        facts = {"phase": self.phase, self.kind: list(self.written), "module": self.module, "version": self.version}
        return {key: value for key, value in facts.items() if value is not None}

    def requirements(self) -> tuple[Requirement, ...]:
        """What must be there for the program to start, the first that is missing last; asks Poetry and Conda."""
        place = self._place()
        correct = f"Correct phases.{self.phase}.{self.kind}"
        match self.kind:
            case "command" | "python":
                what = "the program" if self.kind == "command" else "the interpreter"
                found = [
                    self._executable(f"{what} {self.written[0]}", _found(place), f"Install it, or {_lower(correct)}.")
                ]
            case "venv":
                created = _create("python3", "-m", "venv", place)
                found = [self._executable(f"the virtual environment {place}", f"{place}/bin/python", created)]
            case "uv":
                created = _create("uv", "sync", "--project", place)
                found = [
                    self._tool(),
                    self._file(f"the uv project {place} (pyproject.toml)", f"{place}/pyproject.toml", f"{correct}."),
                    self._executable(f"the environment of the uv project {place}", _uv_python(Path(place)), created),
                ]
            case "poetry":
                project = self._file(
                    f"the Poetry project {place} (pyproject.toml)", f"{place}/pyproject.toml", f"{correct}."
                )
                found = [self._tool(), project]
                if not any(requirement.fault() for requirement in found):
                    said, error = self._ask("poetry", "--no-ansi", "--project", place, "env", "info", "--path")
                    python = f"{said}/bin/python" if said else ""
                    what = f"the environment of the Poetry project {place}{error}"
                    found.append(self._executable(what, python, _create("poetry", "--project", place, "install")))
            case _:
                found = [self._tool()]
                if not found[0].fault():
                    show = "import sys; print(sys.executable)"
                    said, error = self._ask("conda", "run", "--name", place, "python", "-c", show)
                    created = _create("conda", "create", "--name", place, "python")
                    found.append(self._executable(f"the Conda environment {place}{error}", said, created))
        if self._is_script():
            script = self._beside(self.module or "")
            found.append(self._file(f"the file {script}", script, f"Correct phases.{self.phase}.module."))
        return tuple(found)

    def _place(self) -> str:
        """Where the environment or the program lies; a Conda environment's name, or a program's that is on the PATH."""
        word = self.written[0]
        by_name = self.kind == "conda" or (self.kind in ("command", "python") and "/" not in word)
        return word if by_name else self._beside(word)

    def _beside(self, path: str) -> str:
        return os.path.normpath(self.folder / Path(path).expanduser())

    def _is_script(self) -> bool:
        return self.module is not None and self.module.endswith(".py")

    def _target(self) -> tuple[str, ...]:
        module = self.module or ""
        return (self._beside(module),) if self._is_script() else ("-m", module)

    def _tool(self) -> Requirement:
        return self._executable(f"the tool {self.kind}", _found(self.kind), f"Install it ({_TOOLS[self.kind]}).")

    def _executable(self, what: str, path: str, remedy: str) -> Requirement:
        return Requirement(path, f"phases.{self.phase}: {what}", remedy, executable=True)

    def _file(self, what: str, path: str, remedy: str) -> Requirement:
        return Requirement(path, f"phases.{self.phase}: {what}", remedy, executable=False)

    def _ask(self, *command: str) -> tuple[str, str]:
        """The last line that a tool prints, empty where it fails; and then, in brackets, what it complains of."""
        import subprocess  # the only use of it, which few libraries need

        surroundings = {key: value for key, value in os.environ.items() if key not in self.dropped()}
        try:
            answer = subprocess.run(
                command,
                env=surroundings,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_ASKING_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return "", f" ({_shown(str(error))})"
        lines = answer.stdout.split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if answer.returncode == 0 and said:
            return said, ""
        complaint = _shown(answer.stderr)
        return "", f" ({self.kind} says: {complaint})" if complaint else ""


def equipped(settings: Settings, config: Config) -> Settings:
    """The same settings, each selected phase in an environment of its own with what must be there for it to start.

    Raises:
        UsageError: something is missing; the message says what and the command that would create it, a line a fault.
    """
    by_phase: dict[str, Any] = dict(settings.by_phase)
    faults: list[str] = []
    for phase in settings.phases():
        environment = config.environment(phase)
        if environment is None:
            continue
        requirements = environment.requirements()
        faults += [fault for requirement in requirements if (fault := requirement.fault())][:1]
        by_phase[phase.name] = replace(by_phase[phase.name], requirements=requirements)
    if faults:
        raise UsageError("\n".join(faults))
    return replace(settings, by_phase=by_phase)


def _found(program: str) -> str:
    """A program's path; as it is named where there is none on the PATH."""
    return shutil.which(program) or program


def _create(*command: str) -> str:
    return f"Create it with: {shlex.join(command)}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _uv_python(project: Path, variables: Mapping[str, str] = os.environ) -> str:
    """The interpreter of a uv project's environment; that of a workspace's member lies at the workspace's root."""
    name = variables.get("UV_PROJECT_ENVIRONMENT") or ".venv"
    workspaces = (folder for folder in project.parents if (folder / "uv.lock").is_file())
    places: Sequence[Path] = [folder / name / "bin/python" for folder in (project, *workspaces)]
    return str(next((path for path in places if path.exists()), places[0]))


def _shown(text: str) -> str:
    words = printable(" ".join(text.split()))
    return words if len(words) <= _SHOWN_CHARACTERS else "…" + words[-_SHOWN_CHARACTERS:]
