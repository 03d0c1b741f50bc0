"""A batch of six books is killed at a hundred moments and makes the same audiobooks as one that is left in peace.

The moments are counted events, chosen by a seed that is printed; `CAMPAIGN_SEED=n` chooses the same ones again.
"""

import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from campaign import EVENTS, Round, Tally, outputs, wait_until_dead
from commands import run
from trees import DEADLINE_S, ROLES

from orchestrator.descendants import become_subreaper

KILLS = 100


class Campaign:
    """Kills at moments that a seed determines, until so many are spent.

    Args:
        folder: where the books are made.
        kills: how many kills are left.
        seed: of the moments and of who is killed.
    """

    def __init__(self, folder: Path, kills: int, seed: int) -> None:
        self._folder = folder
        self._left = kills
        self._chance = random.Random(seed)
        self.tally = Tally()

    def fight(self) -> Tally:
        """Start batches and kill them until no kill is left and all books are made."""
        peaceful = Round(self._folder / "undisturbed")
        assert peaceful.end(peaceful.start()) == 0, (peaceful.root / "said").read_text()
        expected, chunks = outputs(peaceful.root), peaceful.chunks()
        assert sum(name.endswith(".m4b") for name in expected) == 6
        peaceful.finish(expected)
        while self._left:
            self.tally.rounds += 1
            killed = Round(self._folder / f"round-{self.tally.rounds:03}")
            while not self._batch(killed):
                pass
            killed.finish(expected)
            check = run("pipeline-state", "check", cwd=killed.root)
            assert check.returncode == 0, check.stdout
            assert killed.chunks() == chunks
            self.tally.needed += chunks
            self.tally.spoken += killed.watch.counts["speaks"]
        return self.tally

    def _batch(self, books: Round) -> bool:
        """Run one batch and kill it at its moments; whether it has made all books."""
        batch = books.start()
        self.tally.batches += 1
        disturbed = False
        while self._left:
            event = self._chance.choice(list(EVENTS))
            if not books.reach(batch, event, self._chance.randint(1, EVENTS[event])):
                break
            roles = self._chance.sample(ROLES, self._chance.randint(1, len(ROLES)))
            ended = self._strike(books, batch, roles, event)
            disturbed = True
            if ended:
                return False
        code = books.end(batch)
        said = (books.root / "said").read_text()
        assert code == 0 or (disturbed and code == 1), f"ended with {code}:\n{said}"
        return code == 0

    def _strike(self, books: Round, batch: subprocess.Popen[str], roles: list[str], event: str) -> bool:
        """Kill, and wait until all is dead that must not live on; whether the batch is."""
        killed = books.kill(batch, roles, self._chance)
        at = time.monotonic()
        if not killed.roles:
            return False
        self._left -= 1
        self.tally.kills += 1
        self.tally.killed.update(killed.roles)
        self.tally.moments[event] += 1
        ended = not killed.roles.isdisjoint({"warden", "batch"})
        if killed.leaves_a_catcher():
            wait_until_dead(killed.doomed, batch.pid)
            if ended:
                books.tree.wait_until_nobody_lives()
            self.tally.longest = max(self.tally.longest, (time.monotonic() - at, "+".join(sorted(killed.roles))))
        if ended:
            batch.wait(timeout=DEADLINE_S)
        return ended


@pytest.mark.long
def test_a_batch_that_is_killed_at_a_hundred_moments_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    seed = int(os.environ.get("CAMPAIGN_SEED", random.randrange(1 << 32)))
    print(f"\nCAMPAIGN_SEED={seed}", flush=True)
    assert become_subreaper()
    began = time.monotonic()
    tally = Campaign(tmp_path, KILLS, seed).fight()
    print(f"{tally}\nin {time.monotonic() - began:.0f} s")
