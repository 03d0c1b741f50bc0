"""``docs/resume.md``: what changes what. Each row of its tables is a test, and runs the real command on a real book."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import commands
import pytest
from books import png_cover, write_epub
from campaign import outputs

from pipeline_common import PipelineState
from pipeline_common.books import book_id
from pipeline_common.phases import PHASES

PAGE = (Path(__file__).parents[2] / "docs" / "resume.md").read_text(encoding="utf-8")
ALL = "1 2 3 4 5 5.5"
CHAPTERS = [("One", ["It was a dark night. Nobody slept."]), ("Two", ["Then it was day.", "The {} came in."])]

# The command as it is after an update that has changed what a phase, or a library that one uses, gives.
UPDATED = """
import sys
from dataclasses import replace
from phases import catalogue
chunking, installed = catalogue.BUILT_IN["chunking"], catalogue._installed_version
if sys.argv[1] == "chunking":
    catalogue.BUILT_IN["chunking"] = replace(chunking, version=chunking.version + 1)
else:
    catalogue._installed_version = lambda name: installed(name) + (".1" if name == sys.argv[1] else "")
from orchestrator.cli import main
sys.exit(main(sys.argv[2:]))
"""


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading: the first cell, and the others."""
    text = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    return {first: others for first, *others in rows[2:]}


CHANGED, FILES = table("Something has changed"), table("A file is not what it was")


@dataclass
class Folder:
    """A folder with one book, and how the command is called there."""

    root: Path
    command: list[str] = field(default_factory=lambda: [str(commands.BIN / "orchestrate-audiobook")])
    options: list[str] = field(default_factory=list)

    @property
    def book(self) -> Path:
        return self.root / "input" / "Night.epub"

    @property
    def work(self) -> Path:
        return self.root / "work" / book_id(self.book, self.root)

    @property
    def audiobook(self) -> Path:
        return self.root / "output" / "A. Writer" / "Night"

    @property
    def chunk(self) -> Path:
        return sorted((self.work / "chunks").iterdir())[0]

    def write(self, word: str = "sun") -> None:
        chapters = [(title, [text.format(word) for text in texts]) for title, texts in CHAPTERS]
        write_epub(self.book, "Night", "A. Writer", chapters, cover=png_cover(60, 90))

    def configure(self, **sections: object) -> None:
        """Write a configuration; JSON is YAML."""
        (self.root / "config.yaml").write_text(json.dumps(sections))

    def make(self) -> str:
        """Run the command; which phases were done, by number, in their order."""
        ended = subprocess.run(
            [*self.command, str(self.book.relative_to(self.root)), *self.options],
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=commands.DEADLINE_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return " ".join(re.findall(r"^(\S+) \w+: done in", ended.stdout, re.MULTILINE))

    def document(self) -> dict:  # type: ignore[type-arg]
        return json.loads((self.root / "pipeline.json").read_text(encoding="utf-8"))

    def spoken(self, ran: str) -> str:
        """How much of the book this run has spoken, as the page says it."""
        if "4" not in ran.split():
            return "nothing"
        metrics = self.document()["phase4"]["files"][self.work.name]["metrics"]
        return {0: "nothing", 1: "one chunk", metrics["chunks"]: "all"}[metrics["spoken"]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("made"))
    (folder.root / "input").mkdir()
    folder.write()
    assert folder.make() == ALL
    return folder


@pytest.fixture
def folder(made: Folder, tmp_path: Path) -> Folder:
    """A copy, as one makes of a library, in which the book is done."""
    shutil.copytree(made.root, tmp_path / "library", symlinks=True)
    return Folder(tmp_path / "library")


def fresh_outputs(folder: Folder, made: Folder, at: Path) -> dict[str, str]:
    """What the same book gives where nothing has been made before."""
    if folder.book.read_bytes() == made.book.read_bytes() and not (folder.root / "config.yaml").exists():
        return outputs(made.root)
    fresh = Folder(at / "fresh", folder.command)
    (fresh.root / "input").mkdir(parents=True)
    shutil.copy(folder.book, fresh.book)
    if (folder.root / "config.yaml").exists():
        shutil.copy(folder.root / "config.yaml", fresh.root)
    fresh.make()
    return outputs(fresh.root)


def set_to(**sections: object) -> Callable[[Folder], None]:
    return lambda folder: folder.configure(**sections)


def back_to_an_earlier_voice(folder: Folder) -> None:
    folder.configure(tts={"voice": "en-gb"})
    assert folder.make() == "4 5 5.5"
    (folder.root / "config.yaml").unlink()


def updated(what: str) -> Callable[[Folder], None]:
    def update(folder: Folder) -> None:
        folder.command = [sys.executable, "-c", UPDATED, what]

    return update


def with_options(*options: str) -> Callable[[Folder], None]:
    return lambda folder: folder.options.extend(options)


def pipeline_state(*arguments: str) -> Callable[[Folder], None]:
    def change(folder: Folder) -> None:
        assert commands.run("pipeline-state", *arguments, cwd=folder.root).returncode == 0

    return change


def touch_all(folder: Folder) -> None:
    for path in (*folder.root.glob("work/*-*/**/*"), *folder.root.glob("output/**/*")):
        os.utime(path, ns=(1, 1))


def other_bytes(path: Path) -> None:
    """Change a file so that neither its size nor its mtime tells of it."""
    facts, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def before_joining(damage: Callable[[Path], None]) -> Callable[[Folder], None]:
    """Damage a chunk's audio, and have the phase that joins the chunks run again."""

    def change(folder: Folder) -> None:
        damage(folder.chunk)
        folder.configure(audio={"bitrate_kbps": 96})

    return change


CHANGES: dict[str, Callable[[Folder], None]] = {
    "nothing": lambda folder: None,
    "one word of the book": lambda folder: folder.write("moon"),
    "only the mtime of the book's file": lambda folder: os.utime(folder.book, ns=(1, 1)),
    "`text.language`": set_to(text={"language": "en-GB"}),
    "a rule of `text.spoken` that this book does not need": set_to(text={"spoken": {"money": False}}),
    "an entry of `text.lexicon`": set_to(text={"lexicon": [{"text": "nobody", "say": "no body"}]}),
    "`text.max_chars`": set_to(text={"max_chars": 300}),
    "`tts.voice`": set_to(tts={"voice": "en-gb"}),
    "`tts.rate` or `tts.pitch`": set_to(tts={"rate": 200, "pitch": 60}),
    "`tts.voice`, back to an earlier one": back_to_an_earlier_voice,
    "`audio.bitrate_kbps`": set_to(audio={"bitrate_kbps": 96}),
    "`audio.pauses`": set_to(audio={"pauses": {"head_s": 2.0}}),
    "`audio.formats`": set_to(audio={"formats": ["mp3"]}),
    "`subtitles.formats` or `subtitles.word_times`": set_to(subtitles={"formats": ["vtt"], "word_times": True}),
    "`subtitles.enabled: false`": set_to(subtitles={"enabled": False}),
    "`limits.max_source_mb`, `limits.max_unpacked_mb` or `limits.max_members`": set_to(limits={"max_members": 100}),
    "any other setting, such as `max_workers`": set_to(max_workers=1, phase_timeout=1000, log_level="debug"),
    "`output_dir`": set_to(output_dir="elsewhere"),
    "`output_layout`": set_to(output_layout="By {author}/{title}"),
    "the version of phase 3": updated("chunking"),
    "the version of a library that phase 5 uses": updated("mutagen"),
    "`--no-resume`": with_options("--no-resume"),
    "`pipeline-state clear --from-phase 4`": pipeline_state("clear", "Night", "--from-phase", "4"),
    "`pipeline-state reset`": pipeline_state("reset"),
    "`work/` is deleted": lambda folder: shutil.rmtree(folder.root / "work"),
    "`output/` is deleted": lambda folder: shutil.rmtree(folder.root / "output"),
    "the whole folder is copied, without its mtimes": touch_all,
    "the audio of a chunk is deleted": lambda folder: folder.chunk.unlink(),
    "the audio of a chunk is deleted, and phase 5 has to run": before_joining(Path.unlink),
    "the audio of a chunk is truncated, and phase 5 has to run": before_joining(lambda chunk: os.truncate(chunk, 99)),
    "the audio of a chunk has other bytes, and phase 5 has to run": before_joining(other_bytes),
}


def test_the_page_has_a_row_for_every_change_and_every_file_that_a_book_leaves(made: Folder) -> None:
    assert list(CHANGED) == list(CHANGES)
    left = {f"`{path.name}`" for path in (*made.work.iterdir(), *made.audiobook.iterdir()) if path.is_file()}
    places = {first.replace("Title", "Night").split(" in ")[0] for first in FILES}
    assert places == left - {"`progress.jsonl`"}


# Those of which the quick tests try the rows: of each phase something.
QUICK_FILES = {
    "`source.json`",
    "`text.jsonl`",
    "`chunks.jsonl`",
    "`timings.jsonl`",
    "`ledger.jsonl`",
    "`Title.m4b`",
    "`cover.jpg` in `output/`",
    "`Title.srt`",
}
QUICK = {
    "nothing",
    "one word of the book",
    "only the mtime of the book's file",
    "an entry of `text.lexicon`",
    "`tts.voice`",
    "`audio.bitrate_kbps`",
    "the version of phase 3",
    "`work/` is deleted",
    "the audio of a chunk has other bytes, and phase 5 has to run",
}


@pytest.mark.parametrize(
    "change", [pytest.param(change, marks=[] if change in QUICK else pytest.mark.long) for change in CHANGED]
)
def test_what_has_changed_is_done_again_and_nothing_else(
    folder: Folder, made: Folder, tmp_path: Path, change: str
) -> None:
    again, spoken, _ = CHANGED[change]
    CHANGES[change](folder)
    ran = folder.make()
    assert (ran or "nothing") == again
    assert folder.spoken(ran) == spoken
    facts = folder.book.stat()
    source = folder.document()["books"][folder.work.name]["source"]
    assert (source["mtime_ns"], source["inode"]) == (facts.st_mtime_ns, facts.st_ino)  # it is known as it is now
    if change == "`subtitles.enabled: false`":
        (folder.root / "config.yaml").unlink()  # those that there are stay
    if change == "`output_dir`":
        (folder.root / "elsewhere").rename(folder.root / "output2")
        shutil.rmtree(folder.root / "output")
        (folder.root / "output2").rename(folder.root / "output")
        (folder.root / "config.yaml").unlink()
    if change == "`output_layout`":
        for claim in (folder.root / "output/.owners").iterdir():
            if "By " not in claim.read_text():
                claim.unlink()  # a name that was taken stays taken
    assert outputs(folder.root) == fresh_outputs(folder, made, tmp_path)


def deliverable(name: str) -> bool:
    return " in `output/`" in name or "Title" in name or name in ("`metadata.json`", "`metadata.opf`", "`reader.txt`")


def path_of(folder: Folder, name: str) -> Path:
    file = name.split("`")[1].replace("Title", "Night")
    return (folder.audiobook if deliverable(name) else folder.work) / file


DAMAGES: dict[str, Callable[[Path], None]] = {
    "deleted": Path.unlink,
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
    "other bytes": other_bytes,
}


@pytest.mark.parametrize(
    "damages",
    [
        pytest.param(("deleted",), id="deleted"),
        pytest.param(("truncated", "other bytes"), id="truncated or other bytes", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK_FILES else pytest.mark.long) for name in FILES]
)
def test_a_file_that_is_not_what_it_was_is_made_again_with_all_that_follows(
    folder: Folder, made: Folder, name: str, damages: tuple[str, ...]
) -> None:
    phase, again = FILES[name]
    numbers = [known.number for known in PHASES]
    assert again.split() == numbers[numbers.index(phase) :]
    for damage in damages:
        DAMAGES[damage](path_of(folder, name))
        folder.options = ["--verify"] if damage == "other bytes" else []
        assert folder.make() == again, damage
        assert outputs(folder.root) == outputs(made.root)


def test_size_and_mtime_are_proof_unless_one_asks_for_more(folder: Folder) -> None:
    for name in FILES:
        other_bytes(path_of(folder, name))
    assert folder.make() == ""


def test_a_book_whose_file_looks_as_it_was_is_read_again_with_verify(folder: Folder) -> None:
    folder.write("moon")
    facts = folder.book.stat()
    looks = {"size_bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns, "ctime_ns": facts.st_ctime_ns}
    with PipelineState(folder.root / "pipeline.json").transaction() as txn:
        txn.data["books"][folder.work.name]["source"].update(**looks, inode=facts.st_ino)
    assert folder.make() == ""
    folder.options = ["--verify"]
    assert folder.make() == ALL


GIVEN = """\
2 extraction: taken as given: book, cover, text (made {0} UTC)
3 chunking: taken as given: chunks (made {0} UTC)
4 synthesis: its settings, its inputs or the program have changed
"""


def said(folder: Folder, *arguments: str, command: str = "orchestrate-audiobook") -> str:
    book = ["input/Night.epub"] if command == "orchestrate-audiobook" else []
    ended = commands.run(command, *book, *arguments, cwd=folder.root, env={"COLUMNS": "1000"})
    return (
        re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "{0}", ended.stdout + ended.stderr) + f"ended with {ended.returncode}"
    )


def test_phases_that_are_named_run_alone_and_say_what_they_take_as_given_and_of_when(folder: Folder) -> None:
    folder.configure(tts={"voice": "en-gb"})
    made = folder.document()["phase3"]["files"][folder.work.name]["finished_at"]
    rehearsal = commands.run(
        "orchestrate-audiobook", "input/Night.epub", "--phases", 4, 5, "--dry-run", cwd=folder.root
    )
    assert f"  3   chunking    given chunks (made {made[:19].replace('T', ' ')} UTC)\n" in rehearsal.stdout
    assert "Night.epub: takes as given, of phase 2 (extraction) book (made {0} UTC); of phase 3 (chunking) c" in said(
        folder, "--phases", "4", command="batch-audiobook"
    )
    folder.configure(tts={"voice": "en-gb", "rate": 200})
    text = said(folder, "--phases", "4", "5")
    assert text.startswith(GIVEN)
    assert re.findall(r"^(\S+) \w+: done in", text, re.MULTILINE) == ["4", "5", "5.5"]


def test_what_is_taken_as_given_although_its_phase_would_run_again_says_so(folder: Folder) -> None:
    folder.write("moon")
    text = said(folder, "--phases", "4", "--no-resume")
    assert (
        "2 extraction: taken as given: book (made {0} UTC; that phase would run again: the book's file has changed)"
        in text
    )
    folder.configure(tts={"voice": "en-gb"})
    text = said(folder, "--phases", "4")
    assert (
        "book (made {0} UTC; that phase would run again: its settings, its inputs or the program have changed)" in text
    )


@pytest.mark.parametrize(
    ("name", "phases", "needed"),
    [
        ("book.json", "4 5", "synthesis needs 'book' of phase 2 (extraction), but book.json is gone. Run phase 2 too."),
        ("text.jsonl", "4 5", "enhancement needs 'text' of phase 2 (extraction), but text.jsonl is gone."),
        ("cover.png", "5", "enhancement needs 'cover' of phase 2 (extraction), but cover.png is gone."),
        ("chunks.jsonl", "4", "synthesis needs 'chunks' of phase 3 (chunking), but chunks.jsonl is gone."),
        ("timings.jsonl", "5.5", "subtitles needs 'timings' of phase 4 (synthesis), but timings.jsonl is gone."),
        ("chunks", "5", "enhancement needs the spoken chunks of phase 4 (synthesis), but "),
    ],
)
def test_what_is_missing_of_what_is_taken_as_given_is_an_error_that_names_it(
    folder: Folder, made: Folder, name: str, phases: str, needed: str
) -> None:
    folder.configure(tts={"voice": "en-gb"}, audio={"bitrate_kbps": 96})
    (folder.work / name).rename(folder.root / "gone")
    for command in ("orchestrate-audiobook", "batch-audiobook"):
        text = said(folder, "--phases", *phases.split(), command=command)
        assert needed in text
        assert text.endswith("ended with 1")
    assert outputs(folder.root) == outputs(made.root)
