"""What it costs to read a book: phases 1 to 3 as a user starts them, by format and size.

``python -m benchmarks.text``: CPU seconds of the command and all below it, process starts included, the least of three;
memory is the PSS of the tree in a run of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmarks.process_trees import peak_memory

SMALL, LARGE = 100_000, 1_000_000
LEAST_WORDS_A_MINUTE = 1_000_000
MOST_MEMORY_MB = 300
MOST_GROWTH = 12
_GATED = ("txt", "epub")
_WORDS_A_CHAPTER = 2500
_RUNS = 3
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "li", "mo", "nu", "re", "sta", "tri", "ven", "wol", "zen", "th", "er")

Chapters = Sequence[tuple[str, Sequence[str]]]


def book(words: int, seed: int) -> Chapters:
    """A book of chapters with a title and paragraphs, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    known = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(5000)]
    chapters: list[tuple[str, Sequence[str]]] = []
    left = words
    while left > 0:
        size = min(_WORDS_A_CHAPTER, left)
        left -= size
        paragraphs = []
        while size > 0:
            sentences = []
            for _ in range(chance.randint(1, 8)):
                count = min(chance.randint(3, 22), size)
                if count:
                    said = chance.choices(known, k=count)
                    sentences.append(f"{' '.join(said).capitalize()}.")
                    size -= count
            paragraphs.append(" ".join(sentences))
        chapters.append((f"Chapter {len(chapters) + 1}", paragraphs))
    return chapters


def _wrapped(paragraph: str) -> Iterator[str]:
    line = ""
    for word in paragraph.split():
        if len(line) + len(word) > 70:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line


def write_txt(path: Path, chapters: Chapters) -> None:
    """As Project Gutenberg wraps it."""
    parts = []
    for title, paragraphs in chapters:
        parts.append(f"{title.upper()}\n")
        parts += ["\n".join(_wrapped(paragraph)) + "\n" for paragraph in paragraphs]
    path.write_text("\n".join(parts), encoding="utf-8")


def write_md(path: Path, chapters: Chapters) -> None:
    """A heading a chapter."""
    path.write_text("\n\n".join(p for title, ps in chapters for p in (f"# {title}", *ps)), encoding="utf-8")


def _markup(chapters: Chapters) -> str:
    return "".join(f"<h1>{escape(title)}</h1>" + "".join(f"<p>{escape(p)}</p>\n" for p in ps) for title, ps in chapters)


def write_html(path: Path, chapters: Chapters) -> None:
    """One page."""
    path.write_text(f"<!DOCTYPE html><html><body>{_markup(chapters)}</body></html>", encoding="utf-8")


def write_epub(path: Path, chapters: Chapters) -> None:
    """A file a chapter, and a nav."""
    names = [f"c{number}.xhtml" for number in range(len(chapters))]
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names)
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    links = "".join(f'<li><a href="{n}">{title}</a></li>' for n, (title, _) in zip(names, chapters, strict=True))
    opening = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
    members = {
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="a.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        "a.opf": '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>'
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f"{items}</manifest><spine>{spine}</spine></package>",
        "nav.xhtml": f'{opening}<nav epub:type="toc"><ol>{links}</ol></nav></body></html>',
    }
    members |= {
        name: f"{opening}{_markup([chapter])}</body></html>" for name, chapter in zip(names, chapters, strict=True)
    }
    _zip(path, members)


def write_docx(path: Path, chapters: Chapters) -> None:
    """Headings by style."""
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>{title}</w:t></w:r></w:p>'
        + "".join(f"<w:p><w:r><w:t>{p}</w:t></w:r></w:p>" for p in paragraphs)
        for title, paragraphs in chapters
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles"
    _zip(
        path,
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>',
            "word/styles.xml": f'<w:styles xmlns:w="{space}"><w:style w:styleId="H"><w:name w:val="heading 1"/>'
            "</w:style></w:styles>",
            "word/_rels/document.xml.rels": "<Relationships>"
            f'<Relationship Id="s" Type="{kind}" Target="styles.xml"/></Relationships>',
        },
    )


def write_odt(path: Path, chapters: Chapters) -> None:
    """Headings by level."""
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text"))
    body = "".join(
        f'<text:h text:outline-level="1">{title}</text:h>' + "".join(f"<text:p>{p}</text:p>" for p in paragraphs)
        for title, paragraphs in chapters
    )
    content = f"<office:document-content {spaces}><office:body><office:text>{body}</office:text></office:body>"
    members = {"mimetype": "application/vnd.oasis.opendocument.text"}
    _zip(path, members | {"content.xml": f"{content}</office:document-content>"})


def write_rtf(path: Path, chapters: Chapters) -> None:
    """Headings by outline level."""
    body = "".join(
        rf"\pard\outlinelevel0 {title}\par\pard " + "".join(rf"{p}\par" + "\n" for p in ps) for title, ps in chapters
    )
    path.write_text(rf"{{\rtf1\ansi {body}}}", encoding="ascii")


def write_fb2(path: Path, chapters: Chapters) -> None:
    """A section a chapter."""
    sections = "".join(
        f"<section><title><p>{title}</p></title>{''.join(f'<p>{p}</p>' for p in ps)}</section>"
        for title, ps in chapters
    )
    opening = '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><body>'
    path.write_text(f"{opening}{sections}</body></FictionBook>", encoding="utf-8")


def write_pdf(path: Path, chapters: Chapters) -> None:
    """Forty lines a page, headings in large print."""
    lines = [
        (18 if line == title else 10, line) for title, ps in chapters for p in (title, *ps) for line in _wrapped(p)
    ]
    pages = [lines[start : start + 40] for start in range(0, len(lines), 40)]
    objects = {1: "<< /Type /Catalog /Pages 2 0 R >>"}
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects[2] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"
    objects[3] = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    for number, page in enumerate(pages):
        shown = "\n".join(
            f"BT /F1 {size} Tf 50 {750 - 17 * row} Td ({line}) Tj ET" for row, (size, line) in enumerate(page)
        )
        objects[4 + 2 * number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * number} 0 R >>"
        )
        objects[5 + 2 * number] = f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream"
    data = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in sorted(objects.items()):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("ascii")
    start = len(data)
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode("ascii")
    data += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode("ascii")
    path.write_bytes(data)


def _zip(path: Path, members: Mapping[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


WRITERS: Mapping[str, Callable[[Path, Chapters], None]] = {
    "txt": write_txt,
    "epub": write_epub,
    "md": write_md,
    "html": write_html,
    "docx": write_docx,
    "odt": write_odt,
    "rtf": write_rtf,
    "fb2": write_fb2,
    "pdf": write_pdf,
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What phases 1 to 3 of one book took."""

    words: int
    cpu_s: float
    memory_mb: float

    @property
    def words_a_minute(self) -> float:
        """So many words are read in a minute of CPU time."""
        return self.words / self.cpu_s * 60


def measure(kind: str, words: int, folder: Path, seed: int) -> Cost:
    """What phases 1 to 3 of a book of this format and size take.

    Raises:
        DispatchError: the command failed.
    """
    home = folder / f"{kind}-{words}"
    home.mkdir()
    path = home / f"book.{kind}"
    WRITERS[kind](path, book(words, seed))
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "orchestrator", str(path), "--phases", "1", "2", "3", "--no-resume"]
    cpu_s = min(_cpu_s(command, home, environment) for _ in range(_RUNS))
    return Cost(words, cpu_s, peak_memory(command, home, environment).tree_bytes / (1 << 20))


def _cpu_s(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime


def verdicts(kind: str, small: Cost, large: Cost) -> Iterator[tuple[bool, str]]:
    """Whether each gate is kept, and what it says."""
    for cost in (small, large):
        said = f"{kind} of {cost.words:,} words: {cost.words_a_minute:,.0f} words a minute"
        yield cost.words_a_minute >= LEAST_WORDS_A_MINUTE, f"{said} (at least {LEAST_WORDS_A_MINUTE:,})"
        said = f"{kind} of {cost.words:,} words: {cost.memory_mb:.0f} MB"
        yield cost.memory_mb < MOST_MEMORY_MB, f"{said} (under {MOST_MEMORY_MB})"
    growth = large.cpu_s / small.cpu_s
    said = f"{kind}: {large.words:,} words cost {growth:.1f}x of {small.words:,}"
    yield growth <= MOST_GROWTH, f"{said} (at most {MOST_GROWTH}x)"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table and the verdicts; 1 where a gate is not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text", description=__doc__)
    parser.add_argument("--formats", nargs="+", choices=WRITERS, default=list(WRITERS), metavar="FORMAT")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    kept = True
    print(f"{'format':<7}{'words':>10}{'CPU s':>9}{'words/min':>14}{'MB (PSS)':>10}")
    told: list[tuple[bool, str]] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-text-") as folder:
        for kind in args.formats:
            costs = [measure(kind, words, Path(folder), args.seed) for words in (SMALL, LARGE)]
            for cost in costs:
                shown = (
                    f"{kind:<7}{cost.words:>10,}{cost.cpu_s:>9.2f}{cost.words_a_minute:>14,.0f}{cost.memory_mb:>10.0f}"
                )
                print(shown, flush=True)
            if kind in _GATED:
                told += verdicts(kind, *costs)
    for good, said in told:
        kept = kept and good
        print(f"{'PASS' if good else 'FAIL'}  {said}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
