"""Books made to be as hard to read as the limits allow: each is read whole or refused, and what that costs is bounded.

The command is run as a user runs it, phases 1 to 3, and all its processes are measured: `make test-hostile-text` and
`make test-hostile-markup` print the figures. CPU time is that of the whole tree, memory is its PSS, looked at every
10 ms.
"""

import contextlib
import json
import os
import random
import select
import subprocess
import sys
from pathlib import Path

import pytest
from book_files import CONTAINER, W, epub, item, itemref, nav, opf, pdf, simple_epub, write_zip, xhtml

from orchestrator.descendants import descendants
from phases.readers import text

pytestmark = pytest.mark.long

MOST_CPU_S = 30.0
_LOOK_EVERY_S = 0.01
MOST_MEMORY_MB = 300
SIZE = 11_500_000  # just under limits.max_text_mb
FEW = 190_000  # just under limits.max_paragraphs
LINE = "It rained all day on the roofs of the town, said she."
SPACES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "text"))


def filled(piece: str) -> str:
    return piece * (SIZE // len(piece.encode()))


def page(body: str) -> str:
    return f"<html><body>{body}</body></html>"


def rtf(body: str) -> str:
    return rf"{{\rtf1\ansi {body}}}"


def fb2(body: str) -> str:
    space = "http://www.gribuser.ru/xml/fictionbook/2.0"
    return f'<FictionBook xmlns="{space}"><body><section>{body}</section></body></FictionBook>'


def numbered(form: str, count: int) -> str:
    return "".join(form.format(number) for number in range(1, count + 1))


def noise(alphabet: str) -> str:
    chance = random.Random(1)
    return "".join(chance.choices(alphabet, k=SIZE))


TEXTS = {
    "words.txt": lambda: filled("word "),
    "one-word.txt": lambda: filled("a"),
    "brackets.txt": lambda: "Words. " + filled("["),
    "underscores.txt": lambda: "Words. " + filled("_a"),
    "parentheses.txt": lambda: "Words. " + filled("(Smith, 2020 "),
    "stops.txt": lambda: "Words. " + filled(". "),
    "dashes.txt": lambda: "Words. " + filled("a--"),
    "marks.txt": lambda: filled("word[1] "),
    "addresses.txt": lambda: filled("http://a.b/c "),
    "japanese.txt": lambda: filled("雨が降る"),
    "sentences.txt": lambda: filled("It rained. "),
    "speech.txt": lambda: filled('<break time="1s"/>&amp;'),
    "lines.txt": lambda: filled("a\n"),
    "wrapped.txt": lambda: filled(f"{LINE}\n"),
    "paragraphs.txt": lambda: numbered(f"{LINE}\n\n", FEW),
    "chapters.txt": lambda: numbered("CHAPTER {}\n\nIt rained all day, and on the roofs.\n\n", FEW // 2),
    "contents.txt": lambda: numbered("CHAPTER {}\n\n", FEW),
    "numerals.txt": lambda: numbered("{}\n\nIt rained.\n\n", FEW // 2),
    "notes.txt": lambda: numbered("Word[{0}] word.\n\n  [{0}] A note.\n\n", FEW // 2),
    "spaced.txt": lambda: filled("T h e  R a i n\n\n")[:3_000_000],
    "title-page.txt": lambda: numbered("London, 1859\n\n", FEW) + "Chapter 1\n\nWords.\n\nChapter 2\n\nWords.\n",
    "indents.txt": lambda: numbered("  a word or two\n", FEW),
    "noise.txt": lambda: noise("abc .\n"),
    "mixed.txt": lambda: noise("aé[(_*.\n 1"),
    "stars.md": lambda: filled("*a "),
    "links.md": lambda: filled("[a](b) "),
    "open-links.md": lambda: filled("[a]("),
    "quotes.md": lambda: filled("> a\n"),
    "table.md": lambda: filled("| a | b |\n"),
    "ticks.md": lambda: filled("`a"),
    "notes.md": lambda: numbered("Word[^{0}].\n\n[^{0}]: A note.\n\n", 60_000),
    "tags.md": lambda: filled("<b>a</b> "),
    "headings.md": lambda: numbered("# Chapter {}\n\nIt rained.\n\n", FEW // 2),
    "paragraphs.html": lambda: page(f"<p>{LINE}</p>" * FEW),
    "paragraph.html": lambda: page(f"<p>{filled('word ')}</p>"),
    "inline.html": lambda: page(f"<p>{filled('<b>word</b> ')}</p>"),
    "entities.html": lambda: page(f"<p>{filled('&amp; a ')}</p>"),
    "anchors.html": lambda: page(numbered('<p id="a{}">It rained.</p>', FEW)),
    "nested.html": lambda: page("<div>" * 250 + f"<p>{filled('word ')}</p>"),
    "links.html": lambda: page("<a href='x'>" * 200 + f"<p>{filled('word ')}</p>"),
    "comments.html": lambda: page(f"<p>words</p>{filled('<!-- a -->')}"),
    "numbers.html": lambda: page(numbered("<p>Chapter {}</p><p>It rained.</p>", FEW // 2)),
    "paragraphs.rtf": lambda: rtf(rf"{LINE}\par " * FEW),
    "bytes.rtf": lambda: rtf(filled(r"\'e9")),
    "unicode.rtf": lambda: rtf(filled(r"\u233?")),
    "groups.rtf": lambda: rtf(filled("{a}")),
    "cells.rtf": lambda: rtf(filled(r"\intbl a\cell ")),
    "paragraphs.fb2": lambda: fb2(f"<p>{LINE}</p>" * FEW),
    "sections.fb2": lambda: fb2(numbered("<section><title><p>{}</p></title><p>a</p></section>", FEW // 3)),
}


def epub_of_large_files(path: Path) -> None:
    simple_epub(path, {str(number): f"<p>{filled('word ')}</p>" for number in range(3)})


def epub_of_links(path: Path) -> None:
    links = "<a href='b.xhtml'>" * 200 + filled("word ")
    package = opf(item("a.xhtml") + item("b.xhtml"), itemref("a.xhtml") + itemref("b.xhtml"))
    epub(path, package, {"a.xhtml": f"<html><body>{links}</body></html>", "b.xhtml": xhtml("<p>b</p>")})


def epub_of_many_files(path: Path) -> None:
    simple_epub(path, {f"Chapter {number}": f"<h1>{number}</h1><p>{LINE}</p>" for number in range(9_000)})


def epub_of_anchors(path: Path) -> None:
    count = 60_000
    entries = [(f"a.xhtml#p{number}", f"Chapter {number}") for number in range(count)]
    body = "".join(f'<p id="p{number}">It rained.</p>' for number in range(count))
    package = opf(item("a.xhtml") + item("nav.xhtml", properties="nav"), itemref("a.xhtml"))
    epub(path, package, {"a.xhtml": xhtml(body), "nav.xhtml": nav(*entries)})


def word_document(path: Path, body: str) -> None:
    write_zip(
        path,
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
        },
    )


def odt(path: Path, body: str) -> None:
    content = f"<office:document-content {SPACES}><office:body><office:text>{body}</office:text></office:body>"
    members = {"mimetype": "application/vnd.oasis.opendocument.text"}
    write_zip(path, {**members, "content.xml": f"{content}</office:document-content>"})


def pdf_of_pages(path: Path) -> None:
    pdf(path, [[(50, 760 - 14 * row, 10, LINE) for row in range(50)] for _ in range(2000)])


def pdf_of_one_page(path: Path) -> None:
    pdf(path, [[(50, 760 - 0.01 * row, 10, LINE) for row in range(60_000)]])


def pdf_of_letters(path: Path) -> None:
    pdf(
        path,
        [[(50 + 6 * place, 760 - 14 * row, 10, "a") for row in range(50) for place in range(80)] for _ in range(60)],
    )


def nested_bomb(path: Path) -> None:
    inner = write_zip(path.with_name("inner.zip"), {"a.xhtml": "a" * 100_000_000}).read_bytes()
    write_zip(
        path,
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            **{f"{n}.zip": inner for n in range(50)},
        },
    )


MADE = {
    "large-files.epub": epub_of_large_files,
    "links.epub": epub_of_links,
    "many-files.epub": epub_of_many_files,
    "anchors.epub": epub_of_anchors,
    "nested-bomb.epub": nested_bomb,
    "runs.docx": lambda path: word_document(path, f"<w:p>{filled('<w:r><w:t>a </w:t></w:r>')}</w:p>"),
    "paragraphs.docx": lambda path: word_document(path, "<w:p><w:r><w:t>It rained.</w:t></w:r></w:p>" * FEW),
    "cells.docx": lambda path: word_document(
        path, f"<w:tbl><w:tr>{filled('<w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc>')}</w:tr></w:tbl>"
    ),
    "paragraphs.odt": lambda path: odt(path, f"<text:p>{LINE}</text:p>" * (FEW // 2)),
    "spans.odt": lambda path: odt(path, f"<text:p>{filled('<text:span>a</text:span> ')}</text:p>"),
    "pages.pdf": pdf_of_pages,
    "page.pdf": pdf_of_one_page,
    "letters.pdf": pdf_of_letters,
}
# Of these the words are known: all of them are spoken or left out on record.
PLAIN = {"words.txt", "wrapped.txt", "paragraphs.txt", "sentences.txt", "chapters.txt", "notes.txt", "noise.txt"}


def made(name: str, folder: Path) -> Path:
    path = folder / name
    if name in TEXTS:
        path.write_text(TEXTS[name](), encoding="utf-8")
    else:
        MADE[name](path)
    return path


def pss_bytes(process: int) -> int:
    total = 0
    for each in (process, *descendants(process)):
        with contextlib.suppress(OSError), open(f"/proc/{each}/smaps_rollup", encoding="ascii") as lines:
            total += next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)
    return total


def cost(path: Path) -> tuple[int, str, float, float]:
    """Exit code, what was said, CPU seconds and MiB of phases 1 to 3."""
    command = [sys.executable, "-m", "orchestrator", str(path), "--phases", "1", "2", "3"]
    with open(path.with_name("said"), "w+b") as said:
        process = subprocess.Popen(command, cwd=path.parent, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        ended = os.pidfd_open(process.pid)
        most = 0
        while not select.select([ended], [], [], _LOOK_EVERY_S)[0]:
            most = max(most, pss_bytes(process.pid))
        os.close(ended)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return process.returncode, said.read().decode(), usage.ru_utime + usage.ru_stime, most / (1 << 20)


def words_on_record(folder: Path) -> int:
    (found,) = folder.glob("work/*/text.jsonl")
    with open(found, encoding="utf-8") as rows:
        return sum(text.count_words(json.loads(row)["text"]) for row in rows)


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".txt")])
def test_the_worst_texts_are_read_whole_or_refused_within_bounds(tmp_path: Path, name: str) -> None:
    read_or_refused(tmp_path, name)


@pytest.mark.parametrize("name", [name for name in (*TEXTS, *MADE) if not name.endswith(".txt")])
def test_the_worst_marked_up_books_are_read_whole_or_refused_within_bounds(tmp_path: Path, name: str) -> None:
    read_or_refused(tmp_path, name)


def read_or_refused(folder: Path, name: str) -> None:
    path = made(name, folder)
    words = text.count_words(path.read_text("utf-8")) if name in PLAIN else 0
    code, said, cpu_s, memory_mb = cost(path)
    sys.stdout.write(f"{name:<20}{'read' if code == 0 else 'refused':<9}{cpu_s:6.1f} CPU s{memory_mb:6.0f} MB\n")
    assert cpu_s < MOST_CPU_S
    assert memory_mb < MOST_MEMORY_MB
    if code:
        assert "limits." in said or "unpacks to" in said or "nested" in said, said
        assert "Traceback" not in said
    elif words:
        assert words_on_record(folder) == words
