"""The benchmarks of sound: everybody makes all files of the same texts, and each gate has its verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import sound_memory, throughput
from benchmarks.makers import Floor, Shell
from benchmarks.process_trees import DispatchError, Time
from benchmarks.prose import book
from benchmarks.throughput import Measured


def test_a_book_from_a_seed_says_nothing_twice() -> None:
    text = book(6000, 1)
    assert text == book(6000, 1) != book(6000, 2)
    sentences = [s for block in text.split("\n\n") if not block.startswith("Chapter") for s in block.split(". ")]
    assert len(set(sentences)) == len(sentences) > 250
    assert 6000 <= len(text.split()) < 6300


@pytest.mark.long
def test_the_floor_and_this_project_make_the_same_books_and_each_gate_has_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = throughput.main(["--folder", str(tmp_path), "--words", "100", "--rounds", "1", "--shell-rounds", "0"])
    said = capsys.readouterr().out
    assert code == 1  # the speed of the shell was not measured
    assert "NOT MEASURED  the speed of the shell" in said
    assert "libmp3lame 64k, aac (-aac_coder fast) 64k" in said
    assert sum(line.startswith(("PASS", "FAIL")) for line in said.splitlines()) == 2
    rows = {line[:16].strip(): line.split() for line in said.splitlines() if line.startswith("  ")}
    assert rows["floor"][-1] == rows["this project"][-1] != "0.00"  # hours of sound
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tools", ["of the system", "of the wheels"])
def test_the_shell_makes_both_files_with_what_is_installed_and_says_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: str
) -> None:
    if tools == "of the wheels":
        monkeypatch.setattr("benchmarks.makers.shutil.which", lambda _: None)
    shell = Measured(Shell())
    throughput.run(shell, tmp_path / "made", {"One": "It was late. Nobody came."})
    assert 1 < shell.audio_s < 6
    assert shell.times[0].cpu_s > 0
    said = shell.maker.about()
    assert ("IS NOT INSTALLED" in said) is (tools == "of the wheels" or "of the wheel" in said)
    assert "libmp3lame 64k, aac (its default coder) 64k" in said


def test_the_gates_are_three_times_the_shell_and_shares_of_the_floor(capsys: pytest.CaptureFixture[str]) -> None:
    def took(wall_s: float, cpu_s: float, verification_s: float) -> Measured:
        return Measured(Floor(), [Time(wall_s, cpu_s)], [verification_s])

    floor = took(1.0, 100.0, 0.0)
    assert throughput.verdicts(took(300.0, 1.0, 0.0), floor, took(100.0, 135.0, 15.0)) == [True, True, True]
    assert throughput.verdicts(took(299.0, 1.0, 0.0), floor, took(100.0, 135.1, 15.0)) == [False, False, False]
    assert "2.99x the speed of the shell (gate 3x)" in capsys.readouterr().out


def test_whoever_does_not_make_all_files_ends_the_measurement(tmp_path: Path) -> None:
    class Idle(Floor):
        def command(self) -> list[str]:
            return ["true"]

    with pytest.raises(DispatchError, match=r"floor has ended well, but has made \[\]"):
        throughput.run(Measured(Idle()), tmp_path / "idle", {"One": "It was late."})


def test_the_memory_of_a_book_is_measured_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sound_memory.main(["--folder", str(tmp_path), "--minutes", "1"]) == 0
    said = capsys.readouterr().out
    assert said.count("PASS") == 2
    assert list(tmp_path.iterdir()) == []
