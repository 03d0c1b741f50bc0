"""One book, one worker; one folder, one batch: who comes second waits, says for whom, and finds the work done."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from books import write_txt
from trees import DEADLINE_S, Tree, forbid_namespaces, kill_together

from pipeline_common import PipelineState

PROGRAMS = ["validation", "extraction", "chunking"]
ONCE = [f"{phase} Night.txt" for phase in PROGRAMS]
WAITS = r"waiting for the process that works on this book \(pid (\d+), since 20\d\d-"


def wait_for(pattern: str, path: Path) -> re.Match[str]:
    """Wait until a line in a file says so."""
    give_up_at = time.monotonic() + DEADLINE_S
    while not (found := re.search(pattern, path.read_text())):
        assert time.monotonic() < give_up_at, path.read_text()
        os.sched_yield()
    return found


def test_of_five_orchestrators_on_one_book_one_works_and_the_others_wait_and_say_for_whom(tmp_path: Path) -> None:
    tree = Tree.plant(tmp_path, foreign=PROGRAMS)
    tree.close_gate()
    first = tree.by_hand()
    tree.began()
    others = []
    for number in range(4):
        with (tmp_path / f"said-{number}").open("w") as said:
            others.append(tree.by_hand(stdout=said))
    for number in range(4):
        assert wait_for(WAITS, tmp_path / f"said-{number}").group(1) == str(first.pid)
    tree.open_gate()
    first.communicate(timeout=DEADLINE_S)
    assert [process.wait(timeout=DEADLINE_S) for process in (first, *others)] == [0] * 5
    assert tree.spoken() == ONCE
    assert (tmp_path / "said-3").read_text().count(": done\n") == 3
    assert tree.living() == {}


@pytest.mark.parametrize("before", [None, forbid_namespaces], ids=["namespaces", "forbidden"])
def test_what_a_killed_orchestrator_has_left_is_ended_before_the_next_one_works(
    tmp_path: Path, before: Callable[[], None] | None
) -> None:
    tree = Tree.plant(tmp_path, foreign=PROGRAMS)
    first = tree.by_hand(before=before)
    tree.began()
    kill_together([first.pid])
    first.wait()
    (tmp_path / "hang").unlink()
    (tmp_path / "earlier").write_text(" ".join(map(str, tree.living())))
    with (tmp_path / "said").open("w") as said:
        second = tree.by_hand(stdout=said)
    assert second.wait(timeout=DEADLINE_S) == 0, (tmp_path / "said").read_text()
    first.communicate(timeout=DEADLINE_S)
    assert tree.spoken() == [*ONCE[:2], *ONCE[1:]]
    assert tree.living() == {}


def test_a_batch_waits_for_a_book_that_somebody_works_on_by_hand(tmp_path: Path) -> None:
    tree = Tree.plant(tmp_path, foreign=PROGRAMS)
    tree.close_gate()
    by_hand = tree.by_hand()
    tree.began()
    with (tmp_path / "said").open("w") as said:
        batch = tree.start(stdout=said)
    assert wait_for(f"Night.txt: {WAITS}", tmp_path / "said").group(1) == str(by_hand.pid)
    tree.open_gate()
    by_hand.communicate(timeout=DEADLINE_S)
    assert (by_hand.returncode, batch.wait(timeout=DEADLINE_S)) == (0, 0)
    assert tree.spoken() == ONCE


def test_a_second_batch_on_a_folder_says_who_runs_and_ends_with_3_or_waits_and_finds_the_work_done(
    tmp_path: Path,
) -> None:
    tree = Tree.plant(tmp_path)
    tree.close_gate()
    first = tree.start()
    tree.began()
    second = tree.start()
    output, _ = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 3
    named = re.search(r"Another batch works on .*/input already \(pid (\d+), since 20", output)
    assert named is not None, output
    assert int(named.group(1)) in tree.living()
    assert "--wait" in output
    with (tmp_path / "said").open("w") as said:
        third = tree.start("--wait", stdout=said)
    wait_for("Waiting for its end", tmp_path / "said")
    write_txt(tmp_path / "input" / "Day.txt", "Day", "B. Writer", [("Chapter 1", ["It was a bright day."])])
    tree.open_gate()
    first.communicate(timeout=DEADLINE_S)
    assert (first.returncode, third.wait(timeout=DEADLINE_S)) == (0, 0)
    assert tree.spoken() == [*ONCE, *(phase.replace("Night", "Day") for phase in ONCE)]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_batch_that_waits_for_another_and_that_one_goes_on(
    tmp_path: Path, signum: signal.Signals
) -> None:
    tree = Tree.plant(tmp_path)
    tree.close_gate()
    first = tree.start()
    tree.began()
    with (tmp_path / "said").open("w") as said:
        second = tree.start("--wait", stdout=said)
    wait_for("Waiting for its end", tmp_path / "said")
    second.send_signal(signum)
    assert second.wait(timeout=DEADLINE_S) == 128 + signum
    tree.open_gate()
    first.communicate(timeout=DEADLINE_S)
    assert first.returncode == 0
    assert tree.spoken() == ONCE


def test_two_batches_on_two_folders_share_one_state_and_leave_each_other_alone(tmp_path: Path) -> None:
    tree = Tree.plant(tmp_path)
    (tmp_path / "others").mkdir()
    for name in ("Noon", "Day"):
        write_txt(tmp_path / "others" / f"{name}.txt", name, "B. Writer", [("Chapter 1", [f"It was {name}."])])
    tree.close_gate()
    first = tree.start()
    at_work = tree.hanging()
    second = tree.start("others")
    output, _ = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 0, output
    assert set(at_work.values()) <= tree.living().keys()
    tree.open_gate()
    output, _ = first.communicate(timeout=DEADLINE_S)
    assert first.returncode == 0, output
    files = PipelineState(tmp_path / "pipeline.json").read()["phase3"]["files"]
    assert [record["status"] for record in files.values()] == ["success"] * 3
