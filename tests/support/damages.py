"""What can be wrong with a folder of books: more than fifty damages, each with what `pipeline-state check` says of it.

The folder has three books: one is finished, one is spoken and not yet joined, one has failed; and all derived views.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_common import PipelineState


@dataclass(frozen=True)
class Place:
    """The folder to be damaged.

    Attributes:
        root: the folder.
        finished: the id of the finished book.
        spoken: the id of the one whose chunks are not yet joined.
        failed: the id of the one that failed.
    """

    root: Path
    finished: str
    spoken: str
    failed: str

    @property
    def path(self) -> Path:
        return self.root / "pipeline.json"

    @property
    def state(self) -> PipelineState:
        return PipelineState(self.path)

    @property
    def own(self) -> Path:
        return self.root / ".pipeline"

    def work(self, book: str, *names: str) -> Path:
        return self.root.joinpath("work", book, *names)

    def output(self, *names: str) -> Path:
        return self.root.joinpath("output", "Author", "Title", *names)

    def change(self, book: str, phase: str, **values: Any) -> None:
        """Change a record without a look at the rules."""
        with self.state.transaction(validate=False, operation="damage") as txn:
            txn.data[phase]["files"].setdefault(book, {}).update(values)

    def edit(self, before: str, after: str) -> None:
        """Change the file in an editor."""
        text = self.path.read_text()
        assert before in text
        self.path.write_text(text.replace(before, after, 1))


@dataclass(frozen=True)
class Damage:
    """One damage.

    Attributes:
        name: what has happened.
        parts: what `check` finds something wrong with.
        do: makes it.
    """

    name: str
    parts: frozenset[str]
    do: Callable[[Place], object]


DAMAGES: list[Damage] = []


def damage(name: str, *parts: str) -> Callable[[Callable[[Place], object]], Callable[[Place], object]]:
    def added(do: Callable[[Place], object]) -> Callable[[Place], object]:
        DAMAGES.append(Damage(name, frozenset(parts), do))
        return do

    return added


def left(path: Path, text: str = "left") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# -- the document -----------------------------------------------------------------------------------------------------

damage("the state file is empty", "document")(lambda p: p.path.write_bytes(b""))
damage("the state file is cut short", "document")(lambda p: p.path.write_bytes(p.path.read_bytes()[:500]))
damage("the state file is full of zeros", "document")(lambda p: p.path.write_bytes(b"\0" * 4096))
damage("the state file is another program's", "document")(lambda p: p.path.write_text("<html></html>"))
damage("an edit has lost a comma", "document")(lambda p: p.edit('",\n', '"\n'))
damage("an edit has put text in the place of a number", "document")(
    lambda p: p.edit('"attempts": 1', '"attempts": "1"')
)
damage("an edit has put text in the place of a phase's files", "document")(
    lambda p: (
        p.state,
        p.path.write_text(json.dumps({**json.loads(p.path.read_text()), "phase5_5": {"files": "none"}})),
    )
)
damage("a status is a word that nobody knows", "document")(lambda p: p.change(p.failed, "phase1", status="dunno"))
damage("a number of attempts is negative", "document")(lambda p: p.change(p.spoken, "phase2", attempts=-1))
damage("a size of a file is a text", "document", "artifacts")(
    lambda p: p.change(
        p.spoken, "phase3", artifacts={"chunks": {"path": f"work/{p.spoken}/chunks.jsonl", "size_bytes": "5"}}
    )
)


@damage("the state file is cut short and its newest backup as well", "document", "backups")
def _(p: Place) -> None:
    p.path.write_bytes(p.path.read_bytes()[:500])
    newest = p.state.list_backups(1)[0]
    newest.write_bytes(newest.read_bytes()[:300])


@damage("the state file is cut short and all backups are gone", "document")
def _(p: Place) -> None:
    p.path.write_bytes(p.path.read_bytes()[:500])
    shutil.rmtree(p.own / "backups")


# -- journals and backups ---------------------------------------------------------------------------------------------


@damage("an earlier journal begins with garbage", "journal")
def _(p: Place) -> None:
    path = Path(p.state.history.segments()[0][1])
    path.write_bytes(b"x" * path.stat().st_size)


@damage("a backup is cut short", "backups")
def _(p: Place) -> None:
    path = p.state.list_backups(100)[-1]
    path.write_bytes(path.read_bytes()[:100])


damage("a backup is empty", "backups")(lambda p: p.state.list_backups(1)[0].write_bytes(b""))
damage("a backup holds a list", "backups")(lambda p: p.state.list_backups(1)[0].write_text("[]"))
damage("all backups are damaged", "backups")(
    lambda p: [path.write_text("{") for path in p.state.list_backups(100)],
)

# -- claims -----------------------------------------------------------------------------------------------------------

damage("a phase claims to run", "claims")(lambda p: p.change(p.spoken, "phase5", status="running", attempts=1))
damage("the first phase of a book that is new claims to run", "claims")(
    lambda p: p.change("new-00000000", "phase1", status="running", attempts=1)
)
damage("a phase of each book claims to run", "claims")(
    lambda p: [p.change(book, "phase5", status="running") for book in (p.spoken, p.failed)]
)

# -- files that phases have left --------------------------------------------------------------------------------------

for _name in ("source.json", "book.json", "text.jsonl", "chunks.jsonl", "timings.jsonl"):
    damage(f"{_name} of an unfinished book is gone", "artifacts")(lambda p, name=_name: p.work(p.spoken, name).unlink())
damage("text.jsonl of an unfinished book was changed", "artifacts")(
    lambda p: p.work(p.spoken, "text.jsonl").write_text("changed\n")
)
damage("a chunk of an unfinished book is gone", "artifacts")(lambda p: p.work(p.spoken, "chunks", "a.wav").unlink())
damage("a chunk of an unfinished book is cut short", "artifacts")(
    lambda p: p.work(p.spoken, "chunks", "a.wav").write_bytes(b"a")
)
damage("all chunks of an unfinished book are gone", "artifacts")(lambda p: shutil.rmtree(p.work(p.spoken, "chunks")))
damage("the folder of an unfinished book is gone", "artifacts")(lambda p: shutil.rmtree(p.work(p.spoken)))
damage("the audiobook is gone", "artifacts")(lambda p: p.output("Title.m4b").unlink())
damage("the audiobook is cut short", "artifacts")(lambda p: p.output("Title.m4b").write_bytes(b""))
damage("the subtitles are gone", "artifacts")(lambda p: p.output("Title.srt").unlink())
damage("the folder of the audiobook is gone", "artifacts")(lambda p: shutil.rmtree(p.output()))
damage("the ledger of a finished book is gone", "artifacts")(lambda p: p.work(p.finished, "ledger.jsonl").unlink())


@damage("work and audiobook of a finished book are gone", "artifacts")
def _(p: Place) -> None:
    shutil.rmtree(p.work(p.finished))
    shutil.rmtree(p.output())


@damage("the book's own file is gone before the audiobook is made", "stale")
def _(p: Place) -> None:
    (p.root / "input" / "spoken.txt").unlink()


def _promoting(p: Place, *, moved: bool) -> None:
    """As it is where the power has failed between the list's commit and the last rename."""
    staging = p.root / "output" / ".staging" / p.finished
    staging.mkdir(parents=True)
    with p.state.transaction(validate=False) as txn:
        promotion = txn.data["books"][p.finished]["promotion"]
        promotion["state"] = "promoting"
        for record in promotion["files"].values():
            name = Path(record["path"]).name
            record["from"] = f"output/.staging/{p.finished}/{name}"
            if not moved or name.endswith(".srt"):
                (p.root / record["path"]).rename(staging / name)


damage("no file of a finished book was moved to its place", "artifacts")(lambda p: _promoting(p, moved=False))
damage("one file of a finished book was not moved to its place", "artifacts")(lambda p: _promoting(p, moved=True))


@damage("a file that was to be moved to its place is gone", "artifacts")
def _(p: Place) -> None:
    _promoting(p, moved=True)
    (p.root / "output" / ".staging" / p.finished / "Title.srt").unlink()


# -- what belongs to nobody -------------------------------------------------------------------------------------------

damage("work has the folder of a book that nobody knows", "orphans")(
    lambda p: left(p.work("stranger-00000000", "chunks", "a.wav"))
)
damage("work has a file of its own", "orphans")(lambda p: left(p.root / "work" / "note.txt"))
damage("an attempt was broken off", "orphans")(lambda p: left(p.work(p.spoken, "attempts", "enhancement-1", "x.wav")))
damage("a chunk was broken off", "orphans")(lambda p: left(p.work(p.spoken, "chunks", ".b.wav.77.tmp")))
damage("output has an audiobook that nobody knows", "orphans")(
    lambda p: left(p.root / "output" / "Nobody" / "Nothing" / "Nothing.mp3", "an audiobook")
)
damage("the folder of an audiobook has a file of its own", "orphans")(lambda p: left(p.output("cover of mine.jpg")))
damage("staging has files of a book that is finished", "orphans")(
    lambda p: left(p.root / "output" / ".staging" / p.finished / "Title.m4b")
)

# -- derived views ----------------------------------------------------------------------------------------------------


@damage("somebody has written to the SQLite index", "views")
def _(p: Place) -> None:
    with sqlite3.connect(p.own / "state.db") as connection:
        connection.execute("UPDATE books SET title = 'another'")
    connection.close()


damage("the SQLite index is garbage", "views")(lambda p: (p.own / "state.db").write_bytes(b"\0" * 5000))
damage("a book's YAML file was edited", "views")(lambda p: (p.own / "books" / f"{p.spoken}.yaml").write_text("id: 1\n"))
damage("the JSON index is cut short", "views")(
    lambda p: (p.own / "index.json").write_bytes((p.own / "index.json").read_bytes()[:-9])
)

# -- all at once ------------------------------------------------------------------------------------------------------


@damage("much is wrong at once", "document", "backups", "artifacts", "orphans", "views")
def _(p: Place) -> None:
    p.state.list_backups(1)[0].write_text("{")
    p.work(p.spoken, "text.jsonl").unlink()
    left(p.root / "output" / "Nobody" / "Nothing.mp3")
    (p.own / "state.db").write_bytes(b"\0" * 5000)
    p.path.write_bytes(p.path.read_bytes()[:500])
