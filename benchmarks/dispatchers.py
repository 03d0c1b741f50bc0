"""Who runs many small steps: each is given the same work in a folder of its own, and does it as it does it best."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks import writing_phase
from benchmarks.writing_phase import FILES, SIZE_BYTES

PHASES = tuple(range(1, len(FILES) + 1))
WORKERS = 2
_CHECKOUT = Path(__file__).parents[1]
# The cheapest program that writes a file and an fsync; it takes the place of a forked Python function.
_STEP = f"dd if=/dev/zero bs={SIZE_BYTES} count=1 conv=fsync status=none"
_IMPORT_STEP = f"import sys; sys.path.append({str(_CHECKOUT)!r}); from benchmarks.writing_phase import write_durably"


class Dispatcher(ABC):
    """One way to have books done, five steps each, one after the other.

    Attributes:
        name: as it is printed.
    """

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def missing(cls) -> str:
        """What has to be installed before it can take part; empty where it can."""

    @abstractmethod
    def prepare(self, folder: Path, books: int) -> None:
        """Write down the work, in an empty folder."""

    @abstractmethod
    def command(self) -> list[str]:
        """What does it, started in that folder; again, where all is done, it does nothing."""

    def expected(self, folder: Path, books: int) -> list[Path]:
        """The files that are there when all is done."""
        return [folder / target(book, phase) for book in range(books) for phase in PHASES]


def target(book: int, phase: int) -> str:
    """The file of one step of one book, in a folder such as peers have it."""
    return f"{book:05d}.{phase}"


class _Tool(Dispatcher):
    tool: ClassVar[str]

    @classmethod
    def missing(cls) -> str:
        return "" if shutil.which(cls.tool) else f"{cls.tool} (a package of the system)"


class Xargs(_Tool):
    """The floor: 300 steps without order, without memory of what is done."""

    name = "xargs -P2"
    tool = "xargs"

    def prepare(self, folder: Path, books: int) -> None:
        """A list of files."""
        (folder / "list").write_text("".join(f"of={target(b, p)}\n" for p in PHASES for b in range(books)))

    def command(self) -> list[str]:
        """One program a file."""
        return ["xargs", "-a", "list", "-n1", f"-P{WORKERS}", *_STEP.split()]


class Make(_Tool):
    """GNU make: mtimes."""

    name = "make -j2"
    tool = "make"

    def prepare(self, folder: Path, books: int) -> None:
        """A Makefile."""
        rules = [f"all: {' '.join(target(book, PHASES[-1]) for book in range(books))}\n"]
        for book in range(books):
            for phase in PHASES:
                before = target(book, phase - 1) if phase > 1 else ""
                rules.append(f"{target(book, phase)}: {before}\n\t@{_STEP} of=$@\n")
        (folder / "Makefile").write_text(".SUFFIXES:\n" + "".join(rules))

    def command(self) -> list[str]:
        """Without the built-in rules, which would cost time and do nothing."""
        return ["make", "-r", "-s", f"-j{WORKERS}", "all"]


class Parallel(_Tool):
    """GNU parallel: a job log."""

    name = "GNU parallel"
    tool = "parallel"

    def prepare(self, folder: Path, books: int) -> None:
        """A list of files, each phase of all books before the next one."""
        (folder / "list").write_text("".join(f"{target(b, p)}\n" for p in PHASES for b in range(books)))

    def command(self) -> list[str]:
        """Resumed by its job log."""
        log = ("--joblog", "log", "--resume")
        return ["parallel", "--will-cite", f"-j{WORKERS}", *log, "-a", "list", f"{_STEP} of={{}}"]


class _Module(Dispatcher):
    module: ClassVar[str]

    @classmethod
    def missing(cls) -> str:
        installed = importlib.util.find_spec(cls.module)
        return "" if installed else f"{cls.module}, with `pip install -c constraints.txt -e '.[bench]'`"


class Doit(_Module):
    """doit: hashes of inputs in a database; Python functions in processes that it keeps."""

    name = "doit"
    module = "doit"

    def prepare(self, folder: Path, books: int) -> None:
        """A dodo.py."""
        (folder / "dodo.py").write_text(f"""
{_IMPORT_STEP}
def task_step():
    for book in range({books}):
        for phase in {PHASES}:
            path = f"{{book:05d}}.{{phase}}"
            before = [f"{{book:05d}}.{{phase - 1}}"] if phase > 1 else []
            yield {{"name": path, "actions": [(write_durably, [path])], "targets": [path], "file_dep": before,
                   "uptodate": [True]}}
""")

    def command(self) -> list[str]:
        """Its own way to run in two processes."""
        return [sys.executable, "-m", "doit", "-v", "0", "-r", "zero", "-n", str(WORKERS), "-P", "process"]


class Luigi(_Module):
    """Luigi: whether the file is there; Python functions, each in a fork."""

    name = "Luigi"
    module = "luigi"

    def prepare(self, folder: Path, books: int) -> None:
        """A program."""
        (folder / "steps.py").write_text(f"""
{_IMPORT_STEP}
import luigi
class Step(luigi.Task):
    book = luigi.IntParameter()
    phase = luigi.IntParameter()
    def requires(self):
        return [Step(book=self.book, phase=self.phase - 1)] if self.phase > 1 else []
    def output(self):
        return luigi.LocalTarget(f"{{self.book:05d}}.{{self.phase}}")
    def run(self):
        write_durably(self.output().path)
steps = [Step(book=book, phase={PHASES[-1]}) for book in range({books})]
sys.exit(not luigi.build(steps, workers={WORKERS}, local_scheduler=True, log_level="CRITICAL"))
""")

    def command(self) -> list[str]:
        """The program."""
        return [sys.executable, "steps.py"]


class Snakemake(_Module):
    """Snakemake: mtimes and what it remembers of each file."""

    name = "Snakemake"
    module = "snakemake"

    def prepare(self, folder: Path, books: int) -> None:
        """A Snakefile."""
        rules = [f'rule all:\n    input: [f"{{book:05d}}.{PHASES[-1]}" for book in range({books})]\n']
        for phase in PHASES:
            before = f'    input: "{{book}}.{phase - 1}"\n' if phase > 1 else ""
            rules.append(
                f'rule step{phase}:\n{before}    output: "{{book}}.{phase}"\n    shell: "{_STEP} of={{output}}"\n'
            )
        (folder / "Snakefile").write_text('wildcard_constraints:\n    book="[0-9]+"\n' + "".join(rules))

    def command(self) -> list[str]:
        """As quiet as it can be."""
        return [sys.executable, "-m", "snakemake", "--cores", str(WORKERS), "--quiet", "all"]


class Project(Dispatcher):
    """This project: the command `batch-audiobook`, with phases that are forked Python functions.

    Args:
        input_dir: where the books lie, below the folder.
    """

    name = "this project"

    def __init__(self, input_dir: str = "input") -> None:
        self._input_dir = input_dir

    @classmethod
    def missing(cls) -> str:
        """It is here."""
        return ""

    def prepare(self, folder: Path, books: int) -> None:
        """Books, and a configuration."""
        write_books(folder / self._input_dir, books)
        write_config(folder)

    def command(self) -> list[str]:
        """The command."""
        return [sys.executable, "-m", "benchmarks.batch_of_writing", self._input_dir]

    def expected(self, folder: Path, books: int) -> list[Path]:
        """The artifacts in the books' folders."""
        names = [name for names in FILES.values() for name in names]
        return [folder / "work" / identity / name for identity in identities(folder, self._input_dir) for name in names]


class ProjectExec(Project):
    """This project, with phases that are programs."""

    name = "this project, exec'd phases"

    def prepare(self, folder: Path, books: int) -> None:
        """The same, with a command for each phase."""
        write_books(folder / self._input_dir, books)
        write_config(folder, [sys.executable, "-I", "-S", str(writing_phase.__file__)])


def write_books(folder: Path, books: int) -> None:
    """Books that differ from each other, and from those of other folders."""
    folder.mkdir()
    for book in range(books):
        (folder / f"book-{book:05d}.txt").write_text(f"Volume {book} of {folder.name}\n")


def write_config(folder: Path, command: Sequence[str] | None = None) -> None:
    """Two workers, five phases, and no waiting for what else the machine does."""
    config = {
        "max_workers": WORKERS,
        "phases_to_run": list(PHASES),
        "subtitles": {"enabled": False},
        "cpu_threshold": 100,
        "phases": {name: {"command": command} for name in FILES} if command else {},
    }
    (folder / "config.yaml").write_text(json.dumps(config))


def identities(folder: Path, input_dir: str) -> list[str]:
    """The ids of the books of an input folder."""
    from pipeline_common.books import book_id

    return [book_id(path, folder) for path in sorted((folder / input_dir).iterdir())]


def environment() -> dict[str, str]:
    """What all of them are started with: modules of the checkout can be imported."""
    return {**os.environ, "PYTHONPATH": str(_CHECKOUT)}
