"""However a batch is killed or ended: nothing of it lives on, and the next one goes on where it stopped."""

import fcntl
import itertools
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from trees import CHECKOUT, DEADLINE_S, ROLES, Tree, drop_privileges, forbid_namespaces, kill_together

from orchestrator.descendants import can_confine

SUBSETS = [subset for count in range(1, len(ROLES) + 1) for subset in itertools.combinations(ROLES, count)]
CATCHERS = {"warden", "batch", "guardian"}
QUICK = [("batch",), ("guardian",), ("book",), ("phase",), ("warden",), ("batch", "guardian"), ROLES]


def kill_and_go_on(
    tmp_path: Path, victims: Iterable[str], before: Callable[[], None] | None = None, *, foreign: bool = False
) -> None:
    tree = Tree.plant(tmp_path, foreign=["extraction"] if foreign else [])
    batch = tree.start(before=before)
    pids = tree.hanging()
    kill_together(pids[role] for role in victims)
    if (can_confine() and before is not forbid_namespaces) or not set(victims) >= CATCHERS:
        tree.wait_until_nobody_lives()
    (tmp_path / "earlier").write_text(" ".join(map(str, tree.living())))
    go_on(tree)
    output, _ = batch.communicate(timeout=DEADLINE_S)
    assert "Traceback" not in output


def go_on(tree: Tree) -> None:
    """The next batch finishes the book, and speaks nothing again but what was in flight."""
    (tree.root / "hang").unlink()
    tree.may_fail(2)
    before = tree.spoken()
    again = tree.start()
    output, _ = again.communicate(timeout=DEADLINE_S)
    assert again.returncode == 0, output
    assert tree.spoken()[len(before) :] == ["extraction Night.txt", "chunking Night.txt"]
    assert tree.living() == {}


@pytest.mark.parametrize("victims", QUICK, ids="+".join)
def test_whoever_is_killed_takes_everything_along_and_the_next_batch_goes_on(
    tmp_path: Path, victims: tuple[str, ...]
) -> None:
    kill_and_go_on(tmp_path, victims)


@pytest.mark.parametrize("victims", [("guardian",), ("batch", "guardian"), ROLES], ids="+".join)
def test_the_same_where_pid_namespaces_are_forbidden_at_the_latest_when_the_next_batch_starts(
    tmp_path: Path, victims: tuple[str, ...]
) -> None:
    kill_and_go_on(tmp_path, victims, forbid_namespaces)


@pytest.mark.long
@pytest.mark.parametrize(
    "before", [None, drop_privileges, forbid_namespaces], ids=["root", "no privileges", "no namespaces"]
)
@pytest.mark.parametrize("foreign", [True, False], ids=["program", "fork"])
@pytest.mark.parametrize("victims", SUBSETS, ids="+".join)
def test_every_subset_can_be_killed(
    tmp_path: Path, victims: tuple[str, ...], before: Callable[[], None] | None, *, foreign: bool
) -> None:
    kill_and_go_on(tmp_path, victims, before, foreign=foreign)


def signals_to(quick: dict[str, tuple[signal.Signals, ...]]) -> pytest.MarkDecorator:
    """Each signal to each of these roles; in the quick tests, those that are named."""
    return pytest.mark.parametrize(
        ("role", "signum"),
        [
            pytest.param(role, signum, marks=[] if signum in chosen else pytest.mark.long)
            for role, chosen in quick.items()
            for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        ],
    )


@signals_to({"warden": (signal.SIGTERM, signal.SIGINT, signal.SIGHUP), "batch": (signal.SIGTERM,)})
def test_a_signal_ends_the_batch_with_its_number_and_a_line_that_says_how_to_go_on(
    tmp_path: Path, signum: signal.Signals, role: str
) -> None:
    tree = Tree.plant(tmp_path)
    batch = tree.start()
    os.kill(tree.hanging()[role], signum)
    output, _ = batch.communicate(timeout=DEADLINE_S)
    assert batch.returncode == 128 + signum
    assert "Run the same command again to go on" in output
    tree.wait_until_nobody_lives()
    go_on(tree)


@signals_to({"guardian": (signal.SIGTERM,), "book": (signal.SIGTERM,)})
def test_a_signal_to_one_books_processes_ends_that_book_alone(
    tmp_path: Path, signum: signal.Signals, role: str
) -> None:
    tree = Tree.plant(tmp_path)
    (tmp_path / "input" / "Day.mobi").write_text("{another}")
    batch = tree.start("--max-workers", "1", "--phases", "1", "2")
    os.kill(tree.hanging()[role], signum)
    (tmp_path / "hang").unlink()
    output, _ = batch.communicate(timeout=DEADLINE_S)
    assert batch.returncode == 1, output
    assert "1 done, 1 failed" in output
    tree.wait_until_nobody_lives()


@pytest.mark.parametrize("role", ["warden", "batch"])
def test_the_second_signal_ends_the_batch_at_once_even_while_it_waits_for_the_state(tmp_path: Path, role: str) -> None:
    tree = Tree.plant(tmp_path)
    batch = tree.start()
    pids = tree.hanging()
    with (tmp_path / "pipeline.json.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.kill(pids["batch"], signal.SIGINT)
        while pids["phase"] in tree.living():
            os.sched_yield()
        while batch.poll() is None:  # what comes too soon counts as the first signal once more
            with suppress(ProcessLookupError):
                os.kill(pids[role], signal.SIGINT)
            os.sched_yield()
        tree.wait_until_nobody_lives()
    batch.communicate()
    assert batch.returncode == 128 + signal.SIGINT


@pytest.mark.parametrize(
    "signum", [signal.SIGTERM, *(pytest.param(s, marks=pytest.mark.long) for s in (signal.SIGINT, signal.SIGHUP))]
)
def test_a_signal_ends_the_work_by_hand_and_all_below_it(tmp_path: Path, signum: signal.Signals) -> None:
    tree = Tree.plant(tmp_path, foreign=["validation", "extraction", "chunking"])
    by_hand = tree.by_hand()
    tree.began()
    by_hand.send_signal(signum)
    output, _ = by_hand.communicate(timeout=DEADLINE_S)
    assert by_hand.returncode == 128 + signum
    assert "Run the same command again to go on" in output
    tree.wait_until_nobody_lives()


@pytest.mark.parametrize("shell", [True, False], ids=["below a shell", "as the leader of the session"])
def test_a_terminal_that_is_closed_ends_everything(tmp_path: Path, *, shell: bool) -> None:
    tree = Tree.plant(tmp_path)
    leader, terminal = in_a_terminal(tree, shell=shell)
    tree.hanging()
    os.close(terminal)
    tree.wait_until_nobody_lives()
    _, status = os.waitpid(leader, 0)
    assert shell or os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    go_on(tree)


def test_ctrl_c_in_a_terminal_ends_the_batch_gracefully(tmp_path: Path) -> None:
    tree = Tree.plant(tmp_path)
    leader, terminal = in_a_terminal(tree, shell=False)
    tree.hanging()
    os.write(terminal, b"\x03")
    shown = read_to_the_end(terminal)
    _, status = os.waitpid(leader, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGINT
    assert "Run the same command again to go on" in shown
    tree.wait_until_nobody_lives()


def in_a_terminal(tree: Tree, *, shell: bool) -> tuple[int, int]:
    """Start a batch in a terminal of its own; the leader of the session and our end of the terminal."""
    command = tree.command()
    if shell:
        command = ["bash", "-i", "-c", '"$@"; true', "bash", *command]
    leader, terminal = pty.fork()
    if leader == 0:
        try:
            os.chdir(tree.root)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    return leader, terminal


def read_to_the_end(terminal: int) -> str:
    shown = b""
    while True:
        try:
            block = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            block = b""
        if not block:
            os.close(terminal)
            return shown.decode()
        shown += block


def test_the_guardian_starts_with_the_standard_library_and_the_book_needs_no_more(tmp_path: Path) -> None:
    heavy = ("trio", "pydantic", "yaml", "rich", "psutil", "filelock", "numpy", "shutil", "lzma")
    code = f"import sys, batch.guardian; print(*(name for name in {heavy} if name in sys.modules))"
    program = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); {code}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == ""
