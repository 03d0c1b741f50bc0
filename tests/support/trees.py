"""A batch whose first book hangs in a phase that has started processes which try to get away; and who lives of it."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from books import write_txt

from orchestrator.orphans import VARIABLE

CHECKOUT = Path(__file__).parents[2]
DEADLINE_S = 60
ROLES = ("warden", "batch", "guardian", "book", "starter", "phase")

# Runs in the place of the built-in phases, forked as they are. `run_phase` is also what the foreign program calls.
RUNNER = '''
import json, os, subprocess, sys, time
from pathlib import Path
ROOT = Path({root!r})

def get_away(close_all):
    """A process that leaves session and parents behind, and perhaps every descriptor, too."""
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        if close_all:
            os.closerange(0, 100)
        while True:
            time.sleep(1000)

def run_phase(plan_path, result_path):
    plan = json.loads(Path(plan_path).read_text())
    with open(ROOT / "spoken", "a") as file:
        file.write(plan["phase"] + " " + Path(plan["source"]).name + "\\n")
        for pid in (ROOT / "earlier").read_text().split() if (ROOT / "earlier").exists() else ():
            if os.path.exists("/proc/" + pid) and " Z " not in Path("/proc", pid, "stat").read_text():
                file.write("an earlier process lives\\n")
    if (ROOT / "hang").exists() and plan["phase"] == "extraction":
        get_away(close_all=False)
        get_away(close_all=True)
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        with open(ROOT / "began", "w") as file:  # opens once somebody reads
            file.write(os.readlink("/proc/self") + "\\n")
        while True:
            time.sleep(1000)
    if (ROOT / "gate").exists() and plan["phase"] == "extraction" and "Night" in plan["source"]:
        with open(ROOT / "began", "w") as file:
            file.write(os.readlink("/proc/self") + "\\n")
        (ROOT / "gate").read_text()  # until somebody has opened it to write
    names = {{"validation": ["source.json"], "extraction": ["book.json", "text.jsonl"], "chunking": ["chunks.jsonl"],
              "synthesis": ["timings.jsonl"], "enhancement": ["ledger.jsonl", "report.json"], "subtitles": []}}
    for name in names[plan["phase"]]:
        (Path(plan["attempt_dir"]) / name).write_text("" if name.endswith(".jsonl") else "x\\n")
    Path(result_path).write_text(json.dumps({{
        "version": 1, "phase": plan["phase"], "book_id": plan["book_id"], "attempt": plan["attempt"],
        "status": "success", "artifacts": {{n.partition(".")[0]: n for n in names[plan["phase"]]}}, "deliverables": {{}},
        "output_folder": None, "metrics": {{}}, "book": {{}}, "error": None}}))
    return 0

if __name__ == "__main__":
    sys.exit(run_phase(*sys.argv[1:]))
'''

START = """
import sys
sys.path[:0] = {paths!r}
from batch.warden import stand_by
warden = stand_by()
from batch import cli
from batch.surroundings import Surroundings
sys.exit(cli.main(sys.argv[1:], Surroundings(warden, {runner!r})))
"""


@dataclass
class Tree:
    """A folder with books, and batches over it.

    Attributes:
        root: the folder.
        runner: the module there that runs in the place of the built-in phases.
    """

    root: Path
    runner: str = "hanging"

    @classmethod
    def plant(cls, root: Path, *, foreign: Collection[str] = ()) -> Tree:
        """Make a folder with one book.

        Args:
            root: an empty folder.
            foreign: the phases that are programs of their own rather than forks.
        """
        tree = cls(root)
        (root / "input").mkdir()
        write_txt(root / "input" / "Night.txt", "Night", "A. Writer", [("Chapter 1", ["It was a dark night."])])
        runner = root / "hanging.py"
        runner.write_text(RUNNER.format(root=str(root)))
        os.mkfifo(root / "began")
        (root / "hang").touch()
        command = [sys.executable, "-S", str(runner)]
        phases = {name: {"command": command} for name in foreign}
        config = {"phases_to_run": [1, 2, 3], "phases": phases, "cpu_threshold": 100}
        (root / "config.yaml").write_text(json.dumps(config))
        tree.may_fail(1)  # what is killed is to be found by the next run
        return tree

    def may_fail(self, attempts: int) -> None:
        """Have the book given up after so many attempts of a phase."""
        path = self.root / "config.yaml"
        path.write_text(json.dumps({**json.loads(path.read_text()), "retries": {"limit": attempts}}))

    def start(self, *arguments: str, before: Callable[[], None] | None = None, **how: object) -> subprocess.Popen[str]:
        """Start a batch; `before` runs in its process first."""
        return self._run([*self.command(), *arguments], before, how)

    def command(self) -> list[str]:
        """What starts a batch."""
        return [sys.executable, "-c", START.format(paths=[str(self.root), str(CHECKOUT)], runner=self.runner)]

    def by_hand(self, *, before: Callable[[], None] | None = None, **how: object) -> subprocess.Popen[str]:
        """Start the work on the one book by hand; all its phases are programs."""
        return self._run([sys.executable, "-m", "orchestrator", "input/Night.txt"], before, how)

    def _run(
        self, command: list[str], before: Callable[[], None] | None, how: dict[str, object]
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            **{
                "cwd": self.root,
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.STDOUT,
                "text": True,
                "start_new_session": True,
                "preexec_fn": before,
                **how,
            },  # type: ignore[call-overload]
        )

    def hanging(self) -> dict[str, int]:
        """Wait until the phase hangs; the processes of the tree by role."""
        pids = [self.began()]
        while len(pids) < len(ROLES):
            pids.append(parent_of(pids[-1]))
        return dict(zip(reversed(ROLES), pids, strict=True))

    def close_gate(self) -> None:
        """From now on the extraction waits for `open_gate` rather than hang."""
        (self.root / "hang").unlink()
        os.mkfifo(self.root / "gate")

    def open_gate(self) -> None:
        """Let the extraction that waits go on."""
        (self.root / "gate").write_text("")

    def began(self) -> int:
        """Wait until a phase hangs or waits; its process."""
        descriptor = os.open(self.root / "began", os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert select.select([descriptor], [], [], DEADLINE_S)[0], "the phase does not begin"
            text = b""
            give_up_at = time.monotonic() + DEADLINE_S
            while not text.endswith(b"\n"):
                assert time.monotonic() < give_up_at, "the phase does not say its number"
                select.select([descriptor], [], [], 0.01)
                try:
                    text += os.read(descriptor, 100)
                except BlockingIOError:
                    continue
            return int(text)
        finally:
            os.close(descriptor)

    def living(self) -> dict[int, str]:
        """The processes that a run over this folder has started and that still live, with their command lines."""
        mark = f"{self.root}".encode()
        found = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                environment = Path(f"/proc/{name}/environ").read_bytes().split(b"\0")
                command = Path(f"/proc/{name}/cmdline").read_bytes()
                state = Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()[0]
            except OSError:
                continue
            ours = any(entry.startswith(VARIABLE.encode()) and mark in entry for entry in environment)
            if (ours or mark in command) and state not in (b"Z", b"X") and int(name) != os.getpid():
                found[int(name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found

    def wait_until_nobody_lives(self) -> float:
        """Wait until no process of this folder's runs lives; how long that took, in seconds."""
        began = time.monotonic()
        while living := self.living():
            assert time.monotonic() < began + DEADLINE_S, living
            os.sched_yield()
        return time.monotonic() - began

    def spoken(self) -> list[str]:
        """The phases that have run, with the names of their books."""
        return (self.root / "spoken").read_text().splitlines()


def kill_together(pids: Iterable[int]) -> None:
    """Kill processes as if at one moment: none of them sees another die."""
    pids = list(pids)
    for signum in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError):  # one that was just ending
                os.kill(pid, signum)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


def drop_privileges() -> None:
    """Take away the right to make PID namespaces as root does; a user namespace is left."""
    ctypes.CDLL(None).prctl(24, 21, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_SYS_ADMIN; somebody else than root has none


def forbid_namespaces() -> None:
    """Take away the right to make PID namespaces from this process and all below it, as containers do."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(0x10000000):  # CLONE_NEWUSER
        raise OSError(ctypes.get_errno(), "no user namespace to try this in")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    Path("/proc/sys/user/max_pid_namespaces").write_text("0")
