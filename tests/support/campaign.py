"""Six books that speak, and what happens while they are made, counted: where to kill a batch, and what it has left."""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import json
import os
import random
import select
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from books import write_docx, write_epub, write_html, write_md, write_pdf, write_txt
from trees import DEADLINE_S, ROLES, Tree, kill_together

from orchestrator.descendants import can_confine, children, descendants
from orchestrator.run import usable_cores

AUTHOR = "A. Writer"
WORKERS = 2
CATCHERS = frozenset({"warden", "batch", "guardian"})
WRITERS = {
    "Ash": write_txt,
    "Birch": write_md,
    "Cedar": write_html,
    "Elm": write_docx,
    "Fir": write_epub,
    "Oak": write_pdf,
}
WORDS = """
amber basket candle drift ember feather garden harbour island jasmine kettle lantern meadow needle orchard paper
quarry river shadow timber umbrella valley window yellow copper silver morning evening winter summer
"""

# Runs the built-in phases, and tells of every piece of work.
RUNNER = """
import os
from phases import progress, runner, synthesis
from phases.audio.chunkfile import chunk_path

def tell(event):
    with open({events!r}, "w") as file:
        file.write(event + "\\n")

take, advance = synthesis._take, progress.Progress.advance

def told_take(plan, engine, trial):
    again = chunk_path(plan.book_dir, trial.candidate.audio_id).exists()
    tell("again" if again else "speaks")
    answer = take(plan, engine, trial)
    tell("spoken")
    return answer

def told_advance(self, pieces=1):
    advance(self, pieces)
    if self._phase != "synthesis":
        tell("advanced")

synthesis._take, progress.Progress.advance = told_take, told_advance

def run_phase(plan_path, result_path):
    tell("begun")
    code = runner.run_phase(plan_path, result_path)
    tell("ended")
    return code
"""

EVENTS: Mapping[str, int] = {
    "begun": 3,
    "speaks": 60,
    "spoken": 60,
    "advanced": 8,
    "ended": 3,
    "committed": 10,
    "placed": 6,
}
"""What is counted, and how many of it pass at most before a kill."""

_IN_MOVED_TO = 0x80  # linux/inotify.h
_EVENT = struct.Struct("iIII")


class Watch:
    """What happens in one folder of books, as it happens: what phases tell, commits, and files that come into place.

    Args:
        root: the folder; its audiobooks' folders exist.
    """

    def __init__(self, root: Path) -> None:
        os.mkfifo(root / "events")
        # Open to write, too, so that it has no end between two batches.
        self._told = os.open(root / "events", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        libc = ctypes.CDLL(None, use_errno=True)
        self._moved = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for folder in (root, *(root / "output" / AUTHOR).iterdir()):
            if libc.inotify_add_watch(self._moved, os.fsencode(folder), _IN_MOVED_TO) < 0:
                raise OSError(ctypes.get_errno(), "no watch", str(folder))
        self.counts: Counter[str] = Counter()
        self._rest = b""

    def look(self, timeout_s: float) -> None:
        """Count what has happened; waits for something where nothing has."""
        ready, _, _ = select.select([self._told, self._moved], [], [], timeout_s)
        if self._told in ready:
            lines = (self._rest + os.read(self._told, 1 << 16)).split(b"\n")
            self._rest = lines.pop()
            self.counts.update(line.decode() for line in lines)
        if self._moved in ready:
            data = os.read(self._moved, 1 << 16)
            while data:
                *_, length = _EVENT.unpack_from(data)
                name = data[_EVENT.size : _EVENT.size + length].rstrip(b"\0")
                data = data[_EVENT.size + length :]
                self.counts["committed" if name == b"pipeline.json" else "placed"] += 1

    def close(self) -> None:
        """Watch no more; all that has been told is counted."""
        self.look(0)
        os.close(self._told)
        os.close(self._moved)


@dataclass
class Tally:
    """What a campaign has come to.

    Attributes:
        kills: the moments at which something was killed.
        batches: how often a batch was started.
        rounds: how many folders of books were made.
        needed: how many chunks these have.
        spoken: how many were begun to be spoken.
        longest: the longest time from a kill to the end of the last process that had to end, in seconds, and who was
            killed.
        killed: how often each role was among those killed.
        moments: how many kills came after which kind of event.
    """

    kills: int = 0
    batches: int = 0
    rounds: int = 0
    needed: int = 0
    spoken: int = 0
    longest: tuple[float, str] = (0.0, "")
    killed: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills in {self.batches} batches over {self.rounds} folders; {self.needed} chunks needed, "
            f"{self.spoken} begun, {self.spoken - self.needed} of them again as they were in flight; at most "
            f"{self.longest[0]:.3f} s from a kill to the last descendant's end (of {self.longest[1]})\n"
            f"killed: {dict(self.killed)}\nafter: {dict(self.moments)}"
        )


@dataclass(frozen=True)
class Killed:
    """Who was killed at one moment.

    Attributes:
        roles: of those killed; empty where there was nobody of the roles asked for.
        doomed: those killed and all below them.
    """

    roles: frozenset[str]
    doomed: set[int]

    def leaves_a_catcher(self) -> bool:
        """Whether what is below those killed ends by itself rather than by the next batch."""
        return can_confine() or not self.roles >= CATCHERS


class Round:
    """One folder of six books, and the batches over it until all are made.

    Args:
        root: the folder, which is made.
    """

    def __init__(self, root: Path) -> None:
        (root / "input").mkdir(parents=True)
        for name, write in WRITERS.items():
            (root / "output" / AUTHOR / name).mkdir(parents=True)  # so that it can be watched from the beginning
            write(root / "input" / f"{name}{_suffix(write.__name__)}", name, AUTHOR, _chapters(name))
        (root / "config.yaml").write_text(
            json.dumps({"cpu_threshold": 100, "max_workers": WORKERS, "retries": {"limit": 100, "delay": 0}})
        )
        (root / "counting.py").write_text(RUNNER.format(events=str(root / "events")))
        self.root = root
        self.tree = Tree(root, "counting")
        self.watch = Watch(root)
        self.kills = 0
        self._complete: dict[Path, tuple[int, int]] = {}

    def start(self) -> subprocess.Popen[str]:
        """Start a batch, which adds what it says to a file."""
        with (self.root / "said").open("a") as said:
            return self.tree.start(stdout=said)

    def reach(self, batch: subprocess.Popen[str], event: str, number: int) -> bool:
        """Wait until so many more of an event have happened; False where the batch ends before."""
        goal = self.watch.counts[event] + number
        give_up_at = time.monotonic() + 10 * DEADLINE_S
        while self.watch.counts[event] < goal:
            assert time.monotonic() < give_up_at, (event, number, self.watch.counts)
            if batch.poll() is not None:
                return False
            self.watch.look(0.05)
        return True

    def end(self, batch: subprocess.Popen[str]) -> int:
        """Wait for the end of a batch; its exit code."""
        self.reach(batch, "its end", 1)
        return batch.wait()

    def kill(self, batch: subprocess.Popen[str], roles: Collection[str], chance: random.Random) -> Killed:
        """Kill processes of these roles together, of each role at least one if there is any."""
        there = processes_of(batch.pid)
        victims = {
            role: chance.sample(there[role], chance.randint(1, len(there[role])))
            for role in ROLES
            if role in roles and there[role]
        }
        pids = [pid for found in victims.values() for pid in found]
        killed = Killed(frozenset(victims), below(pids))
        self._remember()
        self.kills += bool(pids)
        kill_together(pids)
        return killed

    def _remember(self) -> None:
        """Note which chunks are complete, each of which must still be the same file at the end."""
        for path in self.root.glob("work/*/chunks/*.wav"):
            facts = path.stat()
            self._complete.setdefault(path, (facts.st_ino, facts.st_mtime_ns))

    def finish(self, expected: Mapping[str, str]) -> None:
        """Check what the batches have left once they are done."""
        self.watch.close()
        said = (self.root / "said").read_text()
        assert "Traceback" not in said, said
        assert outputs(self.root) == expected
        assert self.watch.counts["again"] == 0
        assert 0 <= self.watch.counts["speaks"] - self.chunks() <= self.kills * WORKERS * usable_cores()
        assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in self._complete} == self._complete
        assert self.tree.living() == {}
        assert held_locks(self.root) == []

    def chunks(self) -> int:
        """How many chunks there are now."""
        return len(list(self.root.glob("work/*/chunks/*.wav")))


def processes_of(warden: int) -> dict[str, list[int]]:
    """The processes of a batch, by role; they come and go meanwhile."""
    found: dict[str, list[int]] = {role: [] for role in ROLES}
    level = [warden]
    for role in ROLES:
        found[role] = level
        level = [child for pid in level for child in children(pid)]
    found["guardian"] = [pid for pid in found["guardian"] if _name(pid) == "book-guardian"]
    return found


def below(pids: Collection[int]) -> set[int]:
    """These processes and all below them."""
    return {*pids, *(other for pid in pids for other in descendants(pid))}


def wait_until_dead(pids: Collection[int], batch: int) -> None:
    """Wait until none of these processes lives; who has ended but is not reaped lives no more.

    The first process of a PID namespace ends when all others there are reaped. Where nobody of the batch is left for
    that, it takes as long as the system's init likes; so this process, a subreaper, does it.

    Args:
        pids: the processes.
        batch: the child of this process that is waited for elsewhere.
    """
    give_up_at = time.monotonic() + DEADLINE_S
    while living := [pid for pid in pids if _lives(pid)]:
        assert time.monotonic() < give_up_at, living
        for child in children(os.getpid()):
            if child != batch:
                os.waitpid(child, os.WNOHANG)
        os.sched_yield()


def outputs(root: Path) -> dict[str, str]:
    """The hash of every file in the output folder."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / "output").rglob("*"))
        if path.is_file()
    }


def held_locks(root: Path) -> list[Path]:
    """The locks that somebody holds."""
    held = []
    for path in (*root.glob("work/.locks/*"), *root.glob("work/.slots/*"), root / "pipeline.json.lock"):
        with path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.append(path)
    return held


def _lives(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    return False


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().rstrip()
    return ""


def _suffix(writer: str) -> str:
    return writer.replace("write_", ".")


def _chapters(name: str) -> list[tuple[str, list[str]]]:
    """A book of about 100 short sentences, none of which it has twice."""
    chance, words = random.Random(name), WORDS.split()
    return [
        (
            f"Chapter {chapter}",
            [" ".join(f"{' '.join(chance.sample(words, 5)).capitalize()}." for _ in range(5)) for _ in range(5)],
        )
        for chapter in range(1, 5)
    ]
