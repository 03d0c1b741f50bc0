"""Every read-along book is a valid EPUB, whatever it was made from: by W3C's checker, where that is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import run
from finished import Finished
from make_samples import write_samples

pytestmark = pytest.mark.long

CORPUS = Path(__file__).parents[1] / "corpus"
HARD = """<!DOCTYPE html><html lang="ar"><head><title>&lt;&amp;&gt; "hard"</title>
<meta name="author" content="A &amp; B"></head><body><h1>&lt;&amp;&gt;</h1>
<p>a &lt; b &amp; c ]]&gt; d &#0;&#1;&#xFFFE; “e”.</p><ul><li>one</li><li>two &amp; three</li></ul>
<blockquote>A quotation. Of two sentences.</blockquote><hr><p>After the break.</p>
<h2></h2><p>مرحبا بالعالم. هذا كتاب.</p><h2>Two</h2>
<table><tr><td>x</td><td>y</td></tr></table><p>End.</p></body></html>"""
SHEET = """
title: <&> "hard"
series: Tides
series_index: 2
subtitle: A <Tale>
isbn: "9780141439587"
year: "1994-02-31"
description: a & b
"""


def checker() -> list[str]:
    """The command that checks a file. The Debian package is a program of Java, which not every system starts itself."""
    program = shutil.which("epubcheck")
    if program is None or shutil.which("java") is None:
        pytest.skip(
            "epubcheck is not installed, so NO EPUB HAS BEEN CHECKED: apt-get install epubcheck",
            allow_module_level=True,
        )
    return ["java", "-jar", os.path.realpath(program)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    checker()
    root = tmp_path_factory.mktemp("library")
    books = root / "input"
    write_samples(books)
    for path in CORPUS.iterdir():
        if path.is_file() and path.suffix != ".json":
            shutil.copy(path, books)
    (books / "hard.html").write_text(HARD, encoding="utf-8")
    (books / "hard.html.book.yaml").write_text(SHEET, encoding="utf-8")
    return Finished(root, run("batch-audiobook", cwd=root))


def errors(path: Path, report: Path) -> list[dict]:  # type: ignore[type-arg]
    """All that the checker says of a file."""
    subprocess.run([*checker(), str(path), "--json", str(report)], capture_output=True, check=False)
    return json.loads(report.read_text(encoding="utf-8"))["messages"]


def test_epubs_made_from_every_format_have_no_error_and_no_warning(made: Finished, tmp_path: Path) -> None:
    assert made.process.returncode == 0, made.process.stdout + made.process.stderr
    epubs = sorted((made.root / "output").rglob("*.epub"))
    sources = [path for path in (made.root / "input").iterdir() if path.suffix != ".yaml"]
    assert len(epubs) == len(sources)
    assert {path.suffix for path in sources} == {
        *(".txt", ".md", ".html", ".epub", ".docx", ".odt", ".rtf", ".fb2", ".pdf")
    }
    assert {path.name: errors(path, tmp_path / "report.json") for path in epubs} == {path.name: [] for path in epubs}


def test_an_epub_with_the_sound_of_an_mp3_has_no_error(made: Finished, tmp_path: Path) -> None:
    (made.root / "config.yaml").write_text("audio: {formats: [mp3]}\n")
    ended = run("orchestrate-audiobook", "input/hard.html", cwd=made.root)
    assert ended.returncode == 0, ended.stderr
    (path,) = made.folder("hard.html").glob("*.epub")
    assert errors(path, tmp_path / "report.json") == []


def test_the_checker_finds_what_is_wrong(made: Finished, tmp_path: Path) -> None:
    path = next((made.root / "output").rglob("*.epub"))
    damaged = tmp_path / "a.epub"
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b""
    damaged.write_bytes(data)
    assert errors(damaged, tmp_path / "report.json") != []
