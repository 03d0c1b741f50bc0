"""Writes ``tests/corpus``: small books of every format that show each rule, and what looks alike and must be spoken.

``python tests/unit/phases/corpus_files.py`` writes the books again; with ``--expected`` also what is read of them,
which then has to be read through by a person, because it is what the tests compare with.
"""

from __future__ import annotations

import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import corpus_cases
import corpus_makers
from book_files import CONTAINER, W, epub, extract, item, itemref, opf, pdf, xhtml

FOLDER = Path(__file__).parents[2] / "corpus"
EXPECTED = ".expected.json"
# What every expected file has; the other facts only where there are some.
TOLD = {"title", "authors", "language", "chapters", "cover"}
RAIN = "It rained on the roofs and in the gardens, and the children stayed at home and looked out of the window."
WALK = "In the evening they walked to the river, where the boats lay, and came home late and tired and content."

GUTENBERG = f"""The Project Gutenberg eBook of The Rain

Title: The Rain

Author: Ann Other

Language: English

*** START OF THE PROJECT GUTENBERG EBOOK THE RAIN ***

Produced by somebody with a scanner

THE RAIN

by Ann Other

CONTENTS

CHAPTER I. The Roofs
CHAPTER II. The River
CHAPTER III. The End

CHAPTER I. The Roofs

It rained on the roofs and in the gardens, and the children stayed at
home and looked out of the _window_. There was nothing to be done but
to wait--and so they waited.[1]

[Illustration: A house in the rain.]

[They wait.]

    Rain, rain, go away,
    come again some other day,
    little children want to play.

Produced by the rain, a lake lay in the street. Author: nobody knew.

[1] All day long.

[2] was written on the gate, and nobody knew why.

CHAPTER II. The River

{WALK}

* * * * *

[Transcriber's Note: The spelling is kept.]

They said that Project Gutenberg had the book, and read it at
https://www.example.org/books/1 all night.

CHAPTER III. The End

{RAIN}

THE END

*** END OF THE PROJECT GUTENBERG EBOOK THE RAIN ***

The licence stands here.
"""

HEADINGS = "\n\n".join(
    [
        "BOOK THE FIRST",
        "CHAPTER I.",
        RAIN,
        "Chapter the Second",
        WALK,
        "ADVENTURE III. THE BOAT",
        RAIN,
        "Chapter one of his life was over, and he knew it.",
        "BOOK THE SECOND",
        "Chapter 1: The Snow",
        WALK,
        "Author: so he called himself, and signed each letter so.",
        "2. Buy milk and bread.",
        "Chapter 2: The Thaw",
        RAIN,
        "EPILOGUE",
        WALK,
    ]
)
NUMERALS = (
    "\n\n".join(part for number in ("I", "II", "III", "IV") for part in (number, RAIN, WALK)) + "\n\nI am here.\n"
)
SCHOLAR = "\n\n".join(
    [
        "* * *",
        "Chapter 1",
        "It is so (Smith, 2020), and was so (Miller & Jones, 1999, p. 4; Brown et al., 2001). It was printed (London, 1850).",
        "He wrote in spring (March, 2020) of an area of 5 km² and said [sic] so in [1984].",
        "Chapter 2",
        "One source (Smith, 2020) alone is spoken.",
        "Bibliography",
        "Smith, J. On Rain. London, 2020.",
        "Brown, K. On Snow. Paris, 2001.",
    ]
)
TITLE_PAGE = f"""THE RAIN

by Ann Other

LONDON

PRINTED BY JOHN SMITH, 12, HIGH STREET

1859

THE RAIN

A Tale of London

by Ann Other

1859

CHAPTER I.

{RAIN} A poem[1] was read.

  [1] The poem:

      Rain, rain,
      go away.

  It is well known.


{WALK}

    Good night,
    said they.

CHAPTER II. The End

{WALK}

Printed by hand, it was.

LONDON

THE END
"""
MARKDOWN = f"""---
title: The Rain
author: [Ann Other, Sam One]
lang: en-GB
---

# One

{RAIN}[^1]

> He said so.

- first
- second

| Name | Age |
|------|-----|
| Ann  | 8   |

[A link](https://example.org/x) and `code`.

* * *

[^1]: All day long.

# Two

## Author: Nobody

{WALK} In [1984] it was so.
"""
FACTS = f"""# Title: The Rain

## Author: Ann Other

## Year: 1901

---

## ONE

{RAIN}

## TWO

{WALK}

## Author: Nobody

{WALK}

## FINIS.
"""
HTML = f"""<!DOCTYPE html><html lang="en"><head><title>The Rain</title><meta name="author" content="Ann Other">
<style>p {{ color: red }}</style><script>alert("no")</script></head><body><nav role="doc-toc"><a href="#a">One</a></nav>
<h1>The Rain</h1><h2 id="a">One</h2><p>{RAIN}<br>Then it st<b>opp</b>ed.</p><p hidden>Hidden words.</p>
<p style="color: white">White words.</p><table><tr><td>Ann</td><td>8</td></tr></table>
<h2>Two</h2><p>{WALK} &amp; more &lt;b&gt;.</p><p><img src="http://example.org/x.png" alt="A house."></p></body></html>
"""

INDEX = "".join(
    f"<p>{name}, {page}, {page + 7}</p>" for page, name in enumerate(("Boats", "Children", "Rain", "River"), 3)
)
WORKS = "".join(f"<p>Smith, J. <i>{name}</i>. London, {year}.</p>" for year, name in enumerate(("Rain", "Snow"), 1901))

EPUB_FILES: dict[str, str] = {
    "title.xhtml": '<section epub:type="titlepage"><h1>The Rain</h1><p>Ann Other</p></section>',
    "half.xhtml": '<section epub:type="halftitlepage"><p>The Rain</p></section>',
    "rights.xhtml": "<h1>Copyright</h1><p>Copyright © 2001 by Ann Other. All rights reserved.</p>",
    "dedication.xhtml": '<section epub:type="dedication"><p>To my mother.</p></section>',
    "part.xhtml": f'<h1 id="p1">Part I</h1><h2 id="c1">One</h2><p>{RAIN}<a epub:type="noteref" href="#n1">1</a> '
    'They <span epub:type="pagebreak" title="7">7</span>waited.<sup><a href="notes.xhtml#e1">2</a></sup></p>'
    '<aside epub:type="footnote" id="n1"><p>1. All day long.</p></aside>'
    f'<h2 id="c2">Two</h2><p>{WALK}</p>',
    "more.xhtml": '<p>And so it went on, in another file.</p><p>See chapter <a href="part.xhtml#c2">2</a>.</p>',
    "part2.xhtml": '<h1>Part II</h1><h2>3</h2><p>The <ruby>雨<rt>あめ</rt></ruby> fell.</p><p aria-hidden="true">Not here.</p>'
    '<p style="display:none">Nor here.</p><p><img src="x.png" alt="A tall house."/></p>'
    '<div epub:type="z3998:poem"><p>Rain, rain,<br/>go away.</p></div>'
    '<table epub:type="z3998:drama"><tr><td epub:type="z3998:persona">Ann</td><td>It rains.</td></tr></table>'
    '<p><img src="http://example.org/x.png" alt=""/><object data="http://example.org/y">no</object>Near.</p>',
    "contents.xhtml": f"<h1>Contents</h1><p>{RAIN}</p><p>{WALK}</p>",
    "index-prose.xhtml": f"<h1>Index</h1><p>{RAIN}</p><p>{WALK}</p>",
    "notes-prose.xhtml": f"<h1>Notes</h1><p>{RAIN}</p><p>{WALK}</p>",
    "references-prose.xhtml": f"<h1>References</h1><p>{RAIN}</p><p>{WALK}</p>",
    "rights-prose.xhtml": f"<h1>Rights</h1><p>{RAIN}</p><p>{WALK}</p>",
    "advertisement-prose.xhtml": f"<h1>Advertisement</h1><p>{RAIN}</p><p>{WALK}</p>",
    "colophon-prose.xhtml": "<h1>Colophon Street</h1>" + f"<p>{RAIN}</p>",
    "notes.xhtml": '<h1>Notes</h1><ol><li id="e1">2. Until night.</li></ol>',
    "works.xhtml": f"<h1>Bibliography</h1>{WORKS}",
    "index.xhtml": f"<h1>Index</h1>{INDEX}",
    "also.xhtml": "<h1>Also by Ann Other</h1><p>The Snow</p><p>The Thaw</p>",
    "colophon.xhtml": "<h1>Colophon</h1><p>Set in Garamond.</p>",
    "extra.xhtml": "<p>Only for whoever follows the link.</p>",
}
EPUB_TITLES = {
    "title.xhtml": "Title Page",
    "half.xhtml": "The Rain",
    "rights.xhtml": "Copyright",
    "dedication.xhtml": "Dedication",
    "part2.xhtml": "Part II",
    "contents.xhtml": "Contents",
    "index-prose.xhtml": "Index",
    "notes-prose.xhtml": "Notes",
    "references-prose.xhtml": "References",
    "rights-prose.xhtml": "Rights",
    "advertisement-prose.xhtml": "Advertisement",
    "colophon-prose.xhtml": "Colophon Street",
    "notes.xhtml": "Notes",
    "works.xhtml": "Bibliography",
    "index.xhtml": "Index",
    "also.xhtml": "Also by Ann Other",
    "colophon.xhtml": "Colophon",
}


def _epub3(path: Path) -> None:
    def link(href: str, title: str, inner: str = "") -> str:
        return f'<li><a href="{href}">{title}</a>{inner}</li>'

    entries = ""
    for name in EPUB_FILES:
        if name == "part.xhtml":
            chapters = link("part.xhtml#c1", "One") + link("part.xhtml#c2", "Two")
            entries += link("part.xhtml#p1", "Part I", f"<ol>{chapters}</ol>")
        elif name in EPUB_TITLES:
            entries += link(name, EPUB_TITLES[name])
    contents = xhtml(f'<nav epub:type="toc"><h2>Contents</h2><ol>{entries}</ol></nav>')
    metadata = (
        '<dc:title id="t">The Rain</dc:title><dc:creator>Ann Other</dc:creator><dc:language>en-GB</dc:language>'
        '<meta id="s" property="belongs-to-collection">Weather</meta><meta refines="#s" property="group-position">1</meta>'
    )
    manifest = item("nav.xhtml", properties="nav") + "".join(map(item, EPUB_FILES))
    spine = itemref("nav.xhtml") + "".join(
        itemref(name, linear="no" if name == "extra.xhtml" else "yes") for name in EPUB_FILES
    )
    files: dict[str, str | bytes] = {"nav.xhtml": contents, **{name: xhtml(body) for name, body in EPUB_FILES.items()}}
    epub(path, opf(manifest, spine, metadata), files)


def _epub2(path: Path) -> None:
    points = "".join(
        f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{href}"/></navPoint>'
        for title, href in (("Rights", "a.xhtml"), ("01", "b.xhtml"), ("02", "c.xhtml"))
    )
    files: dict[str, str | bytes] = {
        "a.xhtml": xhtml("<p>All of this is mine.</p>"),
        "b.xhtml": xhtml(f"<h2>01</h2><p>{RAIN}</p>"),
        "c.xhtml": xhtml(f"<h2>02</h2><p>{WALK}</p>"),
        "toc.ncx": f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>',
    }
    manifest = "".join(map(item, ("a.xhtml", "b.xhtml", "c.xhtml")))
    manifest += item("toc.ncx", media_type="application/x-dtbncx+xml")
    package = opf(manifest, "".join(map(itemref, ("a.xhtml", "b.xhtml", "c.xhtml"))), attributes=' toc="toc.ncx"')
    guide = '<guide><reference type="copyright-page" href="a.xhtml"/><reference type="text" href="b.xhtml"/></guide>'
    epub(path, package.replace("</package>", f"{guide}</package>"), files)


def _docx(path: Path) -> None:
    from book_files import docx

    def paragraph(said: str, style: str = "") -> str:
        properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
        return f"<w:p>{properties}{said if said.startswith('<') else f'<w:r><w:t>{said}</w:t></w:r>'}</w:p>"

    changed = (
        '<w:r><w:t xml:space="preserve">It </w:t></w:r><w:del><w:r><w:delText>snowed</w:delText></w:r></w:del>'
        "<w:ins><w:r><w:t>rained</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t> in secret</w:t></w:r>"
        "<w:r><w:t>.</w:t></w:r>"
    )
    body = "".join(
        [
            paragraph("The Rain", "Title"),
            paragraph("One 3", "TOC1"),
            paragraph("One", "H1"),
            paragraph(changed),
            "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Ann</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>8</w:t></w:r></w:p></w:tc>"
            "</w:tr></w:tbl>",
            paragraph("Two", "H1"),
            paragraph(WALK),
        ]
    )
    styles = (
        '<w:style w:styleId="Title"><w:name w:val="Title"/></w:style><w:style w:styleId="H1"><w:name w:val="heading 1"/>'
        '</w:style><w:style w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
    )
    notes = f'<w:footnotes xmlns:w="{W}"><w:footnote><w:p><w:r><w:t>All day long.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    docx(path, body, styles, parts={"word/footnotes.xml": notes})


def _pdf(path: Path) -> None:
    def column(left: float, top: float, lines: list[str]) -> list[tuple[float, float, float, str]]:
        return [(left, top - 14 * number, 10, line) for number, line in enumerate(lines)]

    spaced = [(50 + 22.0 * place, 700, 20, letter) for place, letter in enumerate("The Rain") if letter != " "]
    text = [
        "It rained on the roofs and in the gardens, and the child-",
        "ren stayed at home and looked out of the window.1",
    ]
    left = [f"line {word} of the left column goes on" for word in ("one", "two", "three", "four", "five", "six")]
    right = [line.replace("left", "right") for line in left]
    rows = [line for pair in zip(column(50, 600, left), column(320, 600, right), strict=True) for line in pair]
    head = [(50.0, 770.0, 8.0, "Ann Other: The Rain")]
    full = ["In the evening they walked to the river, where the boats lay, and they"] * 6
    pages = [
        [*head, *spaced, (50, 650, 16, "Chapter 1"), *column(50, 600, text), (50, 100, 7, "1 All day long.")],
        [*head, (50, 700, 16, "Chapter 2"), *rows, (300, 40, 8, "2")],
        [],
        [*head, (50, 700, 16, "Chapter 3"), *column(50, 600, full), (300, 40, 8, "4")],
        [*head, *column(50, 600, [*full, "came home."]), (300, 40, 8, "5")],
    ]
    pdf(path, pages)


RTF = (
    r"{\rtf1\ansi\ansicpg1252{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 heading 1;}}{\info{\title The Rain}{\author Ann Other}}"
    r"{\header The Rain\par}\pard\s1 One\par\pard "
    + RAIN
    + r"{\footnote All day long.}{\deleted Gone.}{\v Hidden.}\par "
    r"caf\'e9 \u26085?\par\pard\s1 Two\par\pard " + WALK + r"\par}"
)
FB2 = (
    '<?xml version="1.0" encoding="utf-8"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" '
    'xmlns:l="http://www.w3.org/1999/xlink"><description><title-info><author><first-name>Ann</first-name><last-name>Other'
    "</last-name></author><book-title>The Rain</book-title><lang>en</lang></title-info></description><body><section><title>"
    f'<p>One</p></title><p>{RAIN}<a l:href="#n1" type="note">[1]</a></p><p>He said [1984].</p></section><section><title>'
    f"<p>Two</p></title><p>{WALK}</p></section></body>"
    '<body name="notes"><section id="n1"><title><p>1</p></title><p>All day long.</p></section></body></FictionBook>'
)


def _odt(path: Path) -> None:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "style")
    )
    body = (
        '<text:p text:style-name="Title">The Rain</text:p><text:table-of-content><text:index-body><text:p>One 1</text:p>'
        f'</text:index-body></text:table-of-content><text:h text:outline-level="1">One</text:h><text:p>{RAIN}<text:note>'
        "<text:note-citation>1</text:note-citation><text:note-body><text:p>All day long.</text:p></text:note-body></text:note>"
        f'</text:p><text:h text:outline-level="1">Two</text:h><text:p>{WALK}</text:p>'
        '<text:section text:display="none"><text:p>Hidden words.</text:p></text:section>'
    )
    content = f"<office:document-content {spaces}><office:body><office:text>{body}</office:text></office:body>"
    _zip(
        path,
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"{content}</office:document-content>",
        },
    )


def _zip(path: Path, members: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(
                zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED
            )  # no time of day: same books, same bytes


RUSSIAN = (
    "Глава 1\n\nВсё утро шёл дождь, и дети сидели дома и смотрели в окно.\n\nГлава 2\n\nВечером они пошли к реке.\n\n"
    * 2
)
JAPANESE = "雨が屋根に降っていた。子どもたちは家にいて、窓の外を見ていた。夕方、彼らは川まで歩いた。\n\n" * 4
CHINESE = "雨下在屋顶上，孩子们留在家里，望着窗外。傍晚，他们走到河边，很晚才回家。\n\n" * 4
ENCODED = corpus_cases.ENCODED | {
    "encoding-cp1251.txt": (RUSSIAN, "cp1251"),
    "encoding-koi8.txt": (RUSSIAN, "koi8_r"),
    "encoding-shift-jis.txt": (JAPANESE, "shift_jis"),
    "encoding-gb18030.txt": (CHINESE, "gb18030"),
    "encoding-utf16-no-mark.txt": (GUTENBERG, "utf-16-be"),
    "encoding-utf32.txt": (HEADINGS, "utf-32"),
    "encoding-latin1.txt": ("Kapitel 1\n\nÜber den Dächern fiel der Regen, schön und müde.\n", "latin-1"),
}
TEXTS = (
    corpus_cases.TEXTS
    | corpus_makers.TEXTS
    | {
        "gutenberg.txt": GUTENBERG,
        "headings.txt": HEADINGS,
        "numerals.txt": NUMERALS,
        "scholar.txt": SCHOLAR,
        "title-page.txt": TITLE_PAGE,
        "facts.md": FACTS,
        "markdown.md": MARKDOWN,
        "page.html": HTML,
        "rich.rtf": RTF,
        "fiction.fb2": FB2,
    }
)
MADE = corpus_cases.MADE | {
    "nav.epub": _epub3,
    "ncx.epub": _epub2,
    "word.docx": _docx,
    "office.odt": _odt,
    "print.pdf": _pdf,
}


def _drm(path: Path) -> None:
    encryption = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        '<e:EncryptedData><e:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></e:EncryptedData>'
        "</encryption>"
    )
    _zip(
        path, {"META-INF/container.xml": CONTAINER, "META-INF/encryption.xml": encryption, "OPS/book.opf": "<package/>"}
    )


REFUSED: dict[str, Any] = corpus_cases.REFUSED | {
    "kindle.mobi": b"\0" * 60 + b"BOOKMOBI" + b"\0" * 40,
    "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "binary.txt": bytes(range(256)) * 4,
    "cut.rtf": rb"{\rtf1 Half a {\b book",
    "drm.epub": _drm,
    "scan.pdf": lambda path: pdf(path, [[], []]),
}


def write_books(folder: Path) -> None:
    """Write every book of the corpus."""
    for name, content in TEXTS.items():
        (folder / name).write_text(content, encoding="utf-8", newline="\n")
    for name, (content, encoding) in ENCODED.items():
        (folder / name).write_bytes(content.encode(encoding))
    for name, make in MADE.items():
        make(folder / name)
    (folder / "README.md").write_text(corpus_cases.page(), encoding="utf-8")
    (folder / "refused").mkdir(exist_ok=True)
    for name, given in REFUSED.items():
        path = folder / "refused" / name
        path.write_bytes(given) if isinstance(given, bytes) else given(path)


def read_aloud(path: Path) -> dict[str, Any]:
    """What is read of a book, in the form of the expected files."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(path.read_bytes())
        book = extract(copy)
        facts = {name: value for name, value in book.book.items() if value and name not in TOLD}
        return {
            "title": book.book["title"],
            "authors": book.book["authors"],
            "language": book.book["language"],
            **({"facts": facts} if facts else {}),
            "chapters": [[chapter["level"], chapter["title"]] for chapter in book.book["chapters"]],
            "spoken": [[row["chapter"], row["kind"], row["text"]] for row in book.rows if row["omit"] is None],
            "left out": [[row["omit"]["rule"], row["text"]] for row in book.rows if row["omit"] is not None],
        }


if __name__ == "__main__":
    write_books(FOLDER)
    if "--expected" in sys.argv:
        for name in (*TEXTS, *ENCODED, *MADE):
            read = json.dumps(read_aloud(FOLDER / name), ensure_ascii=False, indent=1)
            (FOLDER / (name + EXPECTED)).write_text(read + "\n", encoding="utf-8")
