"""The demo proves every promise, and says so when one is broken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_common import PipelineState, demo
from pipeline_common.system import write_all

DEMO = Path(demo.__file__)

# Newer Pythons warn of a fork in a process that has threads, such as the idle ones that other tests have left.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.mark.parametrize("command", [["-m", "pipeline_common.demo"], [str(DEMO)]])
def test_it_proves_all_promises_and_leaves_nothing(command: list[str], tmp_path: Path):
    ended = subprocess.run(
        [sys.executable, "-W", "error", *command],
        capture_output=True,
        text=True,
        cwd=DEMO.parents[1],
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    first, *lines, last = ended.stdout.splitlines()
    assert str(tmp_path) in first
    assert [line.split()[0] for line in lines] == ["ok"] * len(demo.PROMISES)
    assert last == f"All {len(demo.PROMISES)} promises hold."
    assert list(tmp_path.iterdir()) == []


def test_help_says_what_it_does_and_proves_nothing(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        demo.main(["--help"])
    out = capsys.readouterr().out
    assert "Prove on the spot" in out
    assert "tried in" not in out


def test_a_broken_promise_is_named_and_ends_with_exit_code_1(monkeypatch, capsys: pytest.CaptureFixture[str]):
    class Forgetful(PipelineState):
        def write(self, data, validate=True):
            super().write({**data, "chapter": 1} if "chapter" in data else data, validate)

    monkeypatch.setattr(demo, "PipelineState", Forgetful)
    assert demo.main([]) == 1
    said = capsys.readouterr().out
    assert "BROKEN  backups         BrokenPromiseError: a restore cannot be undone" in said
    assert said.endswith(f"1 of {len(demo.PROMISES)} promises are broken.\n")


def test_an_engine_that_writes_in_place_does_not_pass(monkeypatch, capsys: pytest.CaptureFixture[str]):
    class InPlace(demo._Killing):
        def replace(self, source: str, target: str) -> None:
            descriptor = self.open(target, os.O_WRONLY | os.O_TRUNC)
            write_all(self, descriptor, Path(source).read_bytes())
            self.fsync(descriptor)
            self.close(descriptor)
            self.unlink(source)

    monkeypatch.setattr(demo, "_Killing", InPlace)
    monkeypatch.setattr(demo, "PROMISES", {"crash recovery": demo.crash_recovery})
    assert demo.main([]) == 1
    assert "BROKEN  crash recovery" in capsys.readouterr().out
