"""Runs a store, takes the power away at every step, and looks at what the next process finds on every possible disk.

A `Story` is the run; beside each step it notes what may be found from there on. An `Explorer` makes every disk that
the model allows, and on each of them: opens the store, compares what it reads, commits, and opens it again. Of some
of these recoveries it records the steps in turn, and takes the power away in the middle of them, too.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from disk_model import Disk, Image
from recording import Recording, RecordingSystem, Unsynced

from pipeline_common.system import System

Document: TypeAlias = dict[str, Any]

EMPTY_DISK = Image({}, {}, {})


class Store(Protocol):
    """What is explored: a document that survives."""

    def read(self) -> Document:
        """The last commit."""

    def put(self, key: str, value: Any) -> None:
        """Set one key in a transaction."""

    def backups(self) -> list[Document]:
        """The earlier documents that can be brought back."""


OpenStore: TypeAlias = Callable[[Path, System], AbstractContextManager[Store]]


@dataclass(frozen=True, slots=True)
class Expected:
    """A document that may be found, and those that can then be brought back, newest first."""

    document: Document
    backups: tuple[Document, ...] = ()

    def followed_by(self, document: Document, keep: int) -> Expected:
        """What a commit leaves that makes a backup."""
        return Expected(document, (self.document, *self.backups)[:keep] if self.document else ())


@dataclass(frozen=True, slots=True)
class Allowed:
    """A mark between two steps: what may be found after a crash from here on."""

    any_of: tuple[Expected, ...]


FROM_NOTHING = Expected({})


class Story:
    """A run that is recorded, with what may be found at each of its steps.

    Args:
        recording: where its steps are.
        start: what is there already.
        keep: how many backups are kept.
    """

    def __init__(self, recording: Recording, start: Expected = FROM_NOTHING, keep: int = 0) -> None:
        self._recording = recording
        self._keep = keep
        self._allowed: tuple[Expected, ...] = ()
        self._allow(start)

    def present(self, store: Store) -> Expected:
        """What is there now; the store must agree that it is something allowed."""
        document = store.read()
        return next(expected for expected in self._allowed if expected.document == document)

    def put(self, store: Store, key: str, value: Any) -> None:
        """A commit."""
        present = self.present(store)
        with self.attempt(present.followed_by({**present.document, key: value}, self._keep)):
            store.put(key, value)

    @contextmanager
    def attempt(self, new: Expected) -> Iterator[None]:
        """Around a transaction: until it returns, the old or the new; then the new; where it raises, still either."""
        with self.cut(new):
            yield
        self._allow(new)

    @contextmanager
    def cut(self, new: Expected) -> Iterator[None]:
        """Around a transaction that does not return: the old or the new."""
        self._allow(*self._allowed, new)
        try:
            yield
        finally:
            self._recording.notice_removed()

    def _allow(self, *any_of: Expected) -> None:
        self._allowed = any_of
        self._recording.add(Allowed(any_of))


class Violation(AssertionError):
    """A promise that a crash breaks."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a process finds on a disk: a document and its backups, or what went wrong."""

    document: Document | None
    backups: tuple[Document, ...] = ()
    complaint: str = ""


@dataclass
class Explorer:
    """Crashes of one kind of store.

    Attributes:
        scratch: a folder to work in, better in memory.
        open_store: how a process opens it.
        whole_file: the file that is always missing or one whole JSON object.
        per_point: how many disks are looked at after each step.
        keep: how many backups are kept.
        deeper: how many recoveries are crashed in turn.
        seed: of every choice.
        states: how many disks were looked at.
        recoveries: how many recoveries were crashed.
    """

    scratch: Path
    open_store: OpenStore
    whole_file: str
    per_point: int
    keep: int = 0
    deeper: int = 0
    seed: int = 0
    states: int = field(default=0, init=False)
    recoveries: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._outcomes: dict[bytes, _Outcome] = {}

    @property
    def distinct(self) -> int:
        """How many different disks were recovered."""
        return len(self._outcomes)

    def explore(self, recording: Recording, start: Image = EMPTY_DISK) -> None:
        """Crash at every step of a story, then inside a sample of the recoveries.

        Raises:
            Violation: a promise is broken; the message has the step, the disk and the seed.
        """
        sample: list[tuple[Image, Expected]] = []  # every disk has the same chance to be in it
        for seen, found in enumerate(self._crashes(recording, start, self.per_point)):
            if len(sample) < self.deeper:
                sample.append(found)
            elif (place := self._chance.randrange(seen + 1)) < self.deeper:
                sample[place] = found
        for image, expected in sample:
            self.recoveries += 1
            for _ in self._crashes(self._recovery(image, expected), image, max(2, self.per_point // 4)):
                pass

    def report(self, name: str) -> None:
        """Print the numbers."""
        sys.stdout.write(
            f"{name}: {self.states} states, {self.distinct} of them distinct, {self.recoveries} recoveries crashed "
            f"in turn, seed {self.seed}\n"
        )

    def _crashes(self, recording: Recording, start: Image, limit: int) -> Iterator[tuple[Image, Expected]]:
        """Look at the disks of every step; gives each that nobody had seen before, with what was found there."""
        disk, allowed = Disk(start, self._chance), Allowed(())
        for number, entry in enumerate(recording.entries):
            if isinstance(entry, Allowed):
                allowed = entry
            else:
                disk.apply(entry)
            for image in disk.images(limit):
                self.states += 1
                digest = image.digest()
                new = digest not in self._outcomes
                if new:
                    self._outcomes[digest] = self._recovered(image)
                outcome = self._outcomes[digest]
                expected = _matching(outcome, allowed)
                if expected is None:
                    raise Violation(self._told(recording, number, image, outcome, allowed))
                if new:
                    yield image, expected

    def _recovered(self, image: Image) -> _Outcome:
        """Be the next process on that disk: read, commit, read again."""
        root = self.scratch / "after"
        try:
            image.write_to(root)
            if self.whole_file in image.names:
                content = json.loads(image.contents[image.names[self.whole_file]])
                if not isinstance(content, dict):
                    return _Outcome(None, complaint=f"{self.whole_file} is no JSON object")
            with self.open_store(root, Unsynced()) as store:
                document, backups = store.read(), tuple(store.backups())
                store.put("after", len(document))
            if (root / self.whole_file).exists() and os.stat(root / self.whole_file).st_nlink > 1:
                return _Outcome(None, complaint=f"{self.whole_file} has a second name")
            with self.open_store(root, Unsynced()) as store:
                if (found := store.read()) != {**document, "after": len(document)}:
                    return _Outcome(None, complaint=f"after a further commit to {document} it reads {found}")
        except Exception as error:
            return _Outcome(None, complaint=f"{type(error).__name__}: {error}")
        return _Outcome(document, backups)

    def _recovery(self, image: Image, found: Expected) -> Recording:
        """The recorded steps of a process that finds that disk and goes on."""
        recording = Recording(self.scratch / "recovery")
        recording.begin_with(image)
        story = Story(recording, found, self.keep)
        with self.open_store(recording.root, RecordingSystem(recording)) as store:
            story.put(store, "recovered", 1)
            story.put(store, "recovered", 2)
        return recording

    def _told(self, recording: Recording, number: int, image: Image, outcome: _Outcome, allowed: Allowed) -> str:
        steps = "\n".join(f"  {entry}" for entry in recording.entries[max(0, number - 15) : number + 1])
        found = outcome.complaint or f"{outcome.document}, to be brought back: {list(outcome.backups)}"
        return (
            f"found: {found}\nallowed: {list(allowed.any_of)}\nthe power failed after step {number}:\n{steps}\n"
            f"the disk then:\n{image}\nseed {self.seed}"
        )


def _matching(outcome: _Outcome, allowed: Allowed) -> Expected | None:
    """What was found, of that which may be found."""
    for expected in allowed.any_of:
        if outcome.document == expected.document and all(item in outcome.backups for item in expected.backups):
            return expected
    return None
