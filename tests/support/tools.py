"""Small commands in the place of tools that a machine need not have: Conda, uv, Poetry and synthesisers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SYNTHESISER = """
import math, struct, sys, wave
text = open(sys.argv[sys.argv.index("-f") + 1], encoding="utf-8").read()
with wave.open(sys.argv[sys.argv.index({option!r}) + 1], "wb") as audio:
    audio.setnchannels(1)
    audio.setsampwidth(2)
    audio.setframerate(16000)
    count = 800 * len(text)
    audio.writeframes(b"".join(struct.pack("<h", round(9000 * math.sin(n / 11))) for n in range(count)))
"""

UV = """
import os, sys
assert sys.argv[1:3] == ["run", "--project"] and sys.argv[4:6] == ["--no-sync", "python"], sys.argv
python = sys.argv[3] + "/.venv/bin/python"
os.execv(python, [python, *sys.argv[6:]])
"""

POETRY = """
import os, sys
arguments = [word for word in sys.argv[1:] if word != "--no-ansi"]
assert arguments[0] == "--project" and "VIRTUAL_ENV" not in os.environ, sys.argv
environment = arguments[1] + "/environment"
if arguments[2:] == ["env", "info", "--path"]:
    sys.exit(print(environment)) if os.path.exists(environment) else sys.exit(1)
assert arguments[2:4] == ["run", "python"], sys.argv
os.execv(environment + "/bin/python", ["python", *arguments[4:]])
"""

CONDA = """
import os, sys
assert sys.argv[1:3] == ["run", "--name"], sys.argv
place = {environments!r} + "/" + sys.argv[3]
if not os.path.exists(place):
    sys.exit("EnvironmentLocationNotFound: Not a conda environment: " + place)
command = [word for word in sys.argv[4:] if word != "--no-capture-output"]
if "sys.executable" in command[-1]:
    sys.exit(print(place + "/bin/python"))
os.execv(place + "/bin/" + command[0], [place + "/bin/" + command[0], *command[1:]])
"""


def make_tool(folder: Path, name: str, code: str) -> Path:
    """An executable called `name` that runs Python code."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    # A shell, for which the first line is a command, starts Python, for which it is a string: `#!` takes no blanks.
    path.write_text(f"""#!/bin/sh\n'''exec' "{sys.executable}" -S "$0" "$@"\n' '''\n{code}""")
    path.chmod(0o755)
    return path


def make_environment(folder: Path) -> Path:
    """What a virtual environment is to those that only run its interpreter; cheaper than a real one."""
    python = folder / "bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    return python


def path_with(folder: Path) -> dict[str, str]:
    """An environment whose PATH begins with `folder`."""
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
