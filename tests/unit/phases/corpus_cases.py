"""More books of ``tests/corpus``, beside those of `corpus_files`, and which of all shows what."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from book_files import CONTAINER, FI, FL, W, docx, epub, item, itemref, nav, opf, pdf, write_zip, xhtml

RAIN = "It rained on the roofs and in the gardens, and the children stayed at home and looked out of the window."
WALK = "In the evening they walked to the river, where the boats lay, and came home late and tired and content."
RELATED = "http://schemas.openxmlformats.org/package/2006/relationships"
WRAPPED_RAIN = RAIN.replace(" and looked", "\nand looked")
WRAPPED_WALK = WALK.replace(" and came", "\nand came")
LONG = f"{WRAPPED_RAIN}\n{WRAPPED_WALK}"

CONTENTS = f"""THE RAIN

by Ann Other


CONTENTS

BOOK THE FIRST: THE TOWN
  I. The Roofs . . . . . . . . . 3
  II. The River . . . . . . . . 12
BOOK THE SECOND: THE SEA
  I. The Boats . . . . . . . . 21
  II. The Storm, in which they
      lose the boats . . . . . . 33


BOOK THE FIRST: THE TOWN

I. The Roofs

{LONG}

II. The River

{LONG}

The contents of the box were two letters and a key.

BOOK THE SECOND: THE SEA

I. The Boats

{LONG}

II. The Storm, in which they
lose the boats

{LONG}
"""
SECTIONS = f"""A Standard of Rain

Copyright 2001 Ann Other

   Permission is granted to make and distribute verbatim copies of
   this standard.

Table of Contents

   1. Introduction

        1.1. Purpose
        1.2. Means of transport in the northern towns and in the
               villages

   2. The Rain

        2.1. Drops
        2.2. Clouds

Chapter 1. Introduction

   Table of Contents

   1.1. Purpose
   1.2. Means of transport in the northern towns and in the
          villages

1.1. Purpose

{LONG}

1.2. Means of transport in the northern towns and in the villages

{LONG}

Chapter 2. The Rain

   Table of Contents

   2.1. Drops
   2.2. Clouds

2.1. Drops

{LONG}

2.2. Clouds

{LONG}
"""
CHANGE = f"""CHAPTER I.

{LONG}

CHAPTER II. OF THE RIVER

{LONG}

Chapter the Third

{LONG}

Chapter 4: The Boats

{LONG}

CHAPTER FIVE
THE STORM

{LONG}

Author: so he called himself.

6. Bread and milk.

LETTER VI

{LONG}
"""
EDITION = f"""CANDOUR


EDITOR'S PREFACE

{WRAPPED_WALK}


CANDOUR

A Tale


CHAPTER I

{LONG}

{LONG}

CHAPTER II

{LONG}

{LONG}

CHAPTER III

{LONG}

{LONG}
"""
PLAY = """THE RAIN

A COMEDY


PERSONS OF THE PLAY

ANN, a girl.
BOB, her brother.


ACT I

SCENE. A room. Rain.

ANN. It rains.

BOB. [Looking out.] So it does, and it will go on until
the evening, or until the day after.

ANN. I knew it.

ACT II

SCENE. A garden. Sun.

BOB. It has stopped.

    Rain, rain, go away,
    come again some other day.

ANN. At last.

CURTAIN
"""
PAGES = "".join(
    f"{head}{WRAPPED_RAIN}\nOn the next day they walked down to the wide river and saw\n\n{n}\n\fTHE RAIN        {n + 1}\n\n"
    f"John, who had come by boat.\n\n{WRAPPED_WALK}\n\n{n + 1}\n\fTHE RAIN        {n + 2}\n\n"
    for n, head in ((1, "CHAPTER I\n\n"), (3, "CHAPTER II\n\n"), (5, ""))
)[: -len("\fTHE RAIN        7\n\n")]
UNDERLINED = f"""The Rain
========

The Roofs
---------

{LONG}

The River
---------

{LONG}

A rule stands below this sentence, and no heading.
He wrote on.

----

{LONG}
"""
STORIES = "TALES\n\nby Ann Other\n" + "".join(
    f"\n\n\n{name}\n\n\n{LONG}\n\nNO ENTRY\n\n{LONG}\n" for name in ("THE ROOF", "MR. LEE IS LATE", "AN END AT LAST.")
)
ILLUSTRATED = f"""CHAPTER I

[Illustration: A house
in the rain, with three

windows.]

{LONG} [She laughed.]

[Illustration]

[Transcriber's note: The spelling is kept.]

[Note of the author: All of it is true.]

CHAPTER II

{LONG}
"""
DIALECTS = f"""% The Rain
% Ann Other
% 1901

The Roofs
=========

{RAIN}[^long] It was ==late== and [[The Lane|dark]].

%% nobody
hears this %%

```
print("code")
```

| Rain, rain,
| go away.

[^long]: All day.

    And all night.

The River {{#river}}
=========

{WALK} 50%% of it.
"""
NOTES_HTML = f"""<html lang="en"><head><title>The Rain</title><style>.no {{ display: none }} @media print {{ .ad {{ display: none }} }}
</style></head><body><h1>The Rain</h1><h2>1</h2><p>{RAIN}<sup><a id="r1" href="#f1">1</a></sup></p><p class="no">Not here.</p>
<p class="ad">Here.</p><p>See chapter <a href="#c2">2</a>.</p><ul><li>one</li><li>two</li></ul><h2 id="c2">2</h2><p>{WALK}</p>
<p>In <sup>3</sup>He there are two.</p><hr/><p id="f1"><a href="#r1">1</a> All day long.</p></body></html>
"""
NESTED_FB2 = (
    '<?xml version="1.0" encoding="utf-8"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><description>'
    "<title-info><author><first-name>Ann</first-name><last-name>Other</last-name></author><book-title>The Rain</book-title>"
    '<annotation><p>A book of rain.</p></annotation><date value="1901-01-01">1901</date><lang>en</lang>'
    '<sequence name="Weather" number="2"/></title-info><publish-info><publisher>Little Press</publisher></publish-info>'
    "</description><body><title><p>The Rain</p></title><epigraph><p>Wait.</p><text-author>A proverb</text-author></epigraph>"
    f"<section><title><p>Part I</p></title><section><title><p>One</p></title><p>{RAIN}</p><poem><stanza><v>Rain, rain,</v>"
    f"<v>go away.</v></stanza></poem></section><section><title><p>Two</p></title><p>{WALK}</p><subtitle>* * *</subtitle>"
    f"<cite><p>So he said.</p></cite></section></section><section><title><p>Part II</p></title><p>{RAIN}</p></section></body>"
    "</FictionBook>"
)
ITEMS_RTF = (
    r"{\rtf1\ansi\ansicpg1251\deff0{\fonttbl{\f0\fcharset204 Arial;}}{\stylesheet{\s1\outlinelevel0 heading 1;}}"
    r"{\*\generator Word;}\pard\s1 One\par\pard \u1044?\'ee\'e6\'e4\'fc. \ldblquote Rain\rdblquote\emdash so\~it was."
    r"{\super 1}\par\trowd\cellx1000\cellx2000\intbl Ann\cell 8\cell\row\pard\s1 Two\par\pard Line one\line line two.\par}"
)
HEBREW = "הגשם ירד על הגגות כל היום, והילדים נשארו בבית והביטו מן החלון.\n"
GREEK = "Η βροχή έπεφτε όλη τη νύχτα και τα παιδιά έμειναν στο σπίτι.\n"
POLISH = (
    "Rozdział 1\n\nDeszcz padał na dachy i do ogrodów, a dzieci zostały w domu i patrzyły przez okno.\n\n"
    "Rozdział 2\n\nWieczorem poszły nad rzekę, gdzie stały łodzie, i wróciły późno, zmęczone i zadowolone.\n"
)
QUOTED = "CHAPTER I\n\n“It’s late…” said she — and the café was shut.\n\nCHAPTER II\n\nNobody came.\n"

TEXTS = {
    "Ann Other - The Rain (1901).txt": f"{LONG}\n",
    "change.txt": CHANGE,
    "contents.txt": CONTENTS,
    "dialects.md": DIALECTS,
    "edition.txt": EDITION,
    "illustrated.txt": ILLUSTRATED,
    "items.rtf": ITEMS_RTF,
    "nested.fb2": NESTED_FB2,
    "notes.html": NOTES_HTML,
    "pages.txt": PAGES,
    "play.txt": PLAY,
    "sections.txt": SECTIONS,
    "stories.txt": STORIES,
    "underlined.txt": UNDERLINED,
}
ENCODED = {
    "encoding-cp1250.txt": (POLISH, "cp1250"),
    "encoding-cp1252.txt": (QUOTED, "cp1252"),
    "encoding-cp1253.txt": (GREEK, "cp1253"),
    "encoding-cp1255.txt": (HEBREW, "cp1255"),
    "encoding-utf16.txt": (QUOTED, "utf-16"),
    "encoding-utf32-no-mark.txt": (QUOTED, "utf-32-le"),
    "encoding-utf8-mark.txt": (QUOTED.replace("\n", "\r\n"), "utf-8-sig"),
}


def _shapes(path: Path) -> None:
    """Files in another order than they are read in; chapters over files; notes by role and by link; a stylesheet."""
    files = {
        "z.xhtml": f"<h1>One</h1><p>{RAIN}<a role='doc-noteref' href='#a'>*</a></p><aside role='doc-footnote' id='a'>"
        "<p>* All day.</p></aside>",
        "y.xhtml": f"<p>It went on.<a href='n.xhtml#b' id='rb'>[1]</a></p><p class='gone'>Not here.</p><p>{WALK}</p>"
        "<p class='print'>Here.</p>",
        "c.xhtml": "<h1>Two</h1><p>The <i>white</i> w<span>or</span>ld.</p><div class='verse'><p>Rain, rain,</p>"
        "<p>go away.</p></div><hr/><p>In 1984 (see page <a href='z.xhtml'>12</a>) it was so.</p>",
        "n.xhtml": "<h2>Endnotes</h2><p id='b'><a href='y.xhtml#rb'>1.</a> Until night.</p>",
        "l.xhtml": "<h1>Praise for The Snow</h1><p>“White.” —The Paper</p><p>“Cold.” —The Post</p>",
    }
    style = ".gone { display: none } @media print { .print { display: none } }"
    members: dict[str, str | bytes] = {
        name: xhtml(body, '<title>t</title><link rel="stylesheet" href="s.css"/>') for name, body in files.items()
    }
    points = [("z.xhtml", "One"), ("c.xhtml", "Two"), ("n.xhtml", "Endnotes")]
    landmarks = '<nav epub:type="landmarks"><h2>Guide</h2><ol><li><a href="z.xhtml">Start</a></li></ol></nav>'
    listed = '<nav epub:type="page-list"><ol><li><a href="z.xhtml">7</a></li></ol></nav>'
    members["nav.xhtml"] = nav(*points).replace("</body>", f"{landmarks}{listed}</body>")
    members["s.css"] = style
    manifest = "".join(map(item, sorted(files))) + item("nav.xhtml", properties="nav")
    manifest += item("s.css", media_type="text/css")
    order = "".join(map(itemref, ("z.xhtml", "y.xhtml", "c.xhtml", "n.xhtml", "l.xhtml")))
    epub(path, opf(manifest, order), members)


def _renditions(path: Path) -> None:
    """Two renditions: pictures, and text."""
    files = ""
    members: dict[str, str | bytes] = {"mimetype": "application/epub+zip"}
    for name, said, mode in (
        ("pictures", '<img src="x.png" alt=""/>', "visual"),
        ("text", f"<p>{RAIN}</p>", "textual"),
    ):
        package = opf(item("a.xhtml"), itemref("a.xhtml"), f"<dc:title>The Rain: {name}</dc:title>")
        members |= {f"{name}/book.opf": package, f"{name}/a.xhtml": xhtml(said)}
        files += f'<rootfile full-path="{name}/book.opf" rendition:accessMode="{mode}" media-type="application/oebps-package+xml"/>'
    members["META-INF/container.xml"] = CONTAINER.replace(
        "<container ", '<container xmlns:rendition="http://www.idpf.org/2013/rendition" '
    ).replace(CONTAINER[CONTAINER.index("<rootfile ") : CONTAINER.index("</rootfiles>")], files)
    write_zip(path, members)


def _facts(path: Path) -> None:
    """Every fact that a package can hold, a cover, and fonts that are obfuscated."""
    from PIL import Image

    cover = io.BytesIO()
    Image.new("RGB", (60, 90), "blue").save(cover, "PNG")
    metadata = (
        '<dc:title id="t">The Rain</dc:title><meta refines="#t" property="title-type">main</meta><dc:title id="s">A Tale'
        '</dc:title><meta refines="#s" property="title-type">subtitle</meta><dc:creator>Ann Other</dc:creator><dc:creator>'
        "Sam One</dc:creator><dc:publisher>Little Press</dc:publisher><dc:date>1901</dc:date><dc:language>en-GB</dc:language>"
        '<dc:description>&lt;p&gt;Much rain.&lt;/p&gt;</dc:description><dc:identifier id="id">urn:isbn:9780141439587'
        '</dc:identifier><meta name="calibre:series" content="Weather"/><meta name="calibre:series_index" content="2"/>'
    )
    manifest = item("a.xhtml") + item("c.png", properties="cover-image", media_type="image/png")
    encryption = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        '<e:EncryptedData><e:EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/><e:CipherData>'
        '<e:CipherReference URI="OPS/f.otf"/></e:CipherData></e:EncryptedData></encryption>'
    )
    files: dict[str, str | bytes] = {"a.xhtml": xhtml(f"<p>{RAIN}</p>"), "c.png": cover.getvalue(), "f.otf": b"\1\2"}
    epub(path, opf(manifest, itemref("a.xhtml"), metadata), files, {"META-INF/encryption.xml": encryption})


def _run(said: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{said}</w:t></w:r>'


def _word_parts(path: Path) -> None:
    """A list, a text box, footnotes and endnotes with marks, a comment, text that was moved."""
    box = f"<w:txbxContent><w:p>{_run('In a box.')}</w:p></w:txbxContent>"
    bullet = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    note = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:{0}Reference w:id="2"/></w:r>'
    body = (
        f'<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr>{_run("One")}</w:p>'
        f"<w:p>{_run('It rained')}{note.format('footnote')}{_run(' all day')}{note.format('endnote')}{_run('.')}"
        '<w:commentRangeStart w:id="1"/><w:commentRangeEnd w:id="1"/><w:r><w:commentReference w:id="1"/></w:r></w:p>'
        f"<w:p>{bullet}{_run('first')}</w:p><w:p>{bullet}{_run('second')}</w:p>"
        f"<w:p><w:moveFrom>{_run('Moved away.')}</w:moveFrom><w:moveTo>{_run('Moved here.')}</w:moveTo></w:p>"
        f"<w:p><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
        f'<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr>{_run("Two")}</w:p><w:p>{_run(WALK)}<w:r><w:br/></w:r>{_run("Late.")}</w:p>'
    )
    styles = '<w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style>'

    def part(kind: str, said: str) -> str:
        return f'<w:{kind}s xmlns:w="{W}"><w:{kind} w:id="2"><w:p>{_run(said)}</w:p></w:{kind}></w:{kind}s>'

    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    related = "".join(
        f'<Relationship Id="{kind}" Type="{office}/{kind}" Target="{kind}.xml"/>'
        for kind in ("styles", "footnotes", "endnotes", "comments")
    )
    parts: dict[str, str | bytes] = {
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{RELATED}">{related}</Relationships>',
        "word/footnotes.xml": part("footnote", "Until night."),
        "word/endnotes.xml": part("endnote", "So they say."),
        "word/comments.xml": part("comment", "Really?"),
    }
    docx(path, body, styles, parts=parts)


def _word_bold(path: Path) -> None:
    """Chapters that are only bold and in the middle."""
    drawn = '<w:pPr><w:jc w:val="center"/></w:pPr>'
    body = "".join(
        f"<w:p>{drawn}{_run(name, '<w:b/>')}</w:p><w:p>{_run(RAIN)}</w:p><w:p>{_run('Never', '<w:b/>')}{_run(' again.')}</w:p>"
        for name in ("The Roofs", "The River", "The Sea")
    )
    docx(path, body)


def _outline_pdf(path: Path) -> None:
    """An outline; paragraphs by indent; words that are divided; ligatures; bullets."""
    first = [
        (50.0, 700.0, 10.0, "The Roofs"),
        (62.0, 660.0, 10.0, f"It rained on the roofs and in the gardens, and the {FI}rst children stayed at"),
        (50.0, 646.0, 10.0, f"home and looked out of the windows, where the water {FL}owed down and on the pa-"),
        (50.0, 632.0, 10.0, "per, and the well-known streets were empty."),
        (62.0, 618.0, 10.0, "In the evening they walked to the river, where the boats lay, and came home"),
        (50.0, 604.0, 10.0, "late and tired and content, as they had been on the day before, and they were"),
    ]
    second = [
        (50.0, 700.0, 10.0, "happy."),
        (50.0, 660.0, 10.0, "The River"),
        (50.0, 630.0, 10.0, "\u2022 one boat"),
        (50.0, 616.0, 10.0, "\u2022 two boats"),
    ]
    pages = ((10, 715, "The Roofs", "/Next 6 0 R"), (12, 675, "The River", "/Prev 5 0 R"))
    marks = (
        f"{number} << /Title ({title}) /Parent 4 0 R {beside} /Dest [{page} 0 R /XYZ 0 {top} 0] >>"
        for number, (page, top, title, beside) in enumerate(pages, 5)
    )
    pdf(path, [first, second], ";;".join(["4 << /Type /Outlines /First 5 0 R /Last 6 0 R /Count 2 >>", *marks]))


def _office_parts(path: Path) -> None:
    """Tracked changes as accepted, a list, a table, a frame, a note of the author."""
    names = ("office", "text", "table", "style", "draw")
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    spaces = spaces.replace("xmlns:draw:1.0", "xmlns:drawing:1.0")
    body = (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>Gone.</text:p></text:deletion>'
        '</text:changed-region></text:tracked-changes><text:h text:outline-level="1">One</text:h><text:p>It <text:change '
        'text:change-id="c1"/>rained<text:s text:c="2"/>all day.<office:annotation><text:p>Really?</text:p>'
        "</office:annotation></text:p><text:list><text:list-item><text:p>first</text:p></text:list-item><text:list-item>"
        "<text:p>second</text:p></text:list-item></text:list><table:table><table:table-row><table:table-cell><text:p>Ann"
        "</text:p></table:table-cell><table:table-cell><text:p>8</text:p></table:table-cell></table:table-row></table:table>"
        f'<text:h text:outline-level="2">Within</text:h><text:p>It snowed.</text:p><text:h text:outline-level="1">Two</text:h><text:p>{WALK}<text:line-break/>Late.</text:p>'
    )
    content = f"<office:document-content {spaces}><office:body><office:text>{body}</office:text></office:body>"
    write_zip(
        path,
        {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": f"{content}</office:document-content>"},
    )


MADE: dict[str, Callable[[Path], None]] = {
    "facts.epub": _facts,
    "office-parts.odt": _office_parts,
    "outline.pdf": _outline_pdf,
    "renditions.epub": _renditions,
    "shapes.epub": _shapes,
    "word-bold.docx": _word_bold,
    "word-parts.docx": _word_parts,
}
REFUSED = {
    "half-character.txt": "Le café était fermé.\n".encode() + b"Half a mark \xe2\x80 here.\n",
    "no-language.txt": b"".join(b"a" + bytes([0x80 + (number * 37) % 128]) + b"Z\n" for number in range(400)),
}

# What the books show: the case, and the books.
CASES: dict[str, tuple[tuple[str, str], ...]] = {
    "Formats": (
        ("UTF-8 with and without a mark, CRLF", "encoding-utf8-mark.txt headings.txt"),
        ("UTF-16 with and without a mark", "encoding-utf16.txt encoding-utf16-no-mark.txt"),
        ("UTF-32 with and without a mark", "encoding-utf32.txt encoding-utf32-no-mark.txt"),
        ("Western and Polish Windows text, Latin-1", "encoding-cp1252.txt encoding-cp1250.txt encoding-latin1.txt"),
        ("Cyrillic, Greek and Hebrew", "encoding-cp1251.txt encoding-koi8.txt encoding-cp1253.txt encoding-cp1255.txt"),
        ("Japanese and Chinese", "encoding-shift-jis.txt encoding-gb18030.txt"),
        (
            "refused: no text, half a character, letters of no language",
            "refused/binary.txt refused/half-character.txt refused/no-language.txt",
        ),
        ("Markdown: front matter, tables, code, links, notes, lists, quotes", "markdown.md"),
        ("Markdown of Pandoc and Obsidian: title block, underlined headings, comments, marks, lines", "dialects.md"),
        ("HTML", "page.html notes.html"),
        ("HTML without headings: chapters by numbers, running headers of a scan, ways back, offers", "unmarked.html"),
        ("pages of Project Gutenberg: title pages in headings, letters that are pictures", "gutenberg-page.html"),
        ("EPUB 2 and 3", "ncx.epub nav.epub"),
        ("DOCX: headings, contents, tables, accepted changes, hidden text", "word.docx"),
        ("DOCX: lists, text boxes, footnotes, endnotes, moved text", "word-parts.docx"),
        ("DOCX without styles", "word-bold.docx"),
        ("RTF: styles, notes, deleted and hidden text, other letters, tables", "rich.rtf items.rtf"),
        ("ODT: contents, notes, hidden sections, changes, lists, tables", "office.odt office-parts.odt"),
        ("FictionBook: notes, parts, poems, epigraphs", "fiction.fb2 nested.fb2"),
        (
            "refused: MOBI, DOC, DRM, a scanned PDF, a file that is cut off",
            "refused/kindle.mobi refused/old.doc refused/drm.epub refused/scan.pdf refused/cut.rtf",
        ),
    ),
    "EPUB": (
        ("order from the spine, whatever the manifest says", "shapes.epub"),
        ("titles from nav or NCX; a number alone stays one", "nav.epub ncx.epub"),
        ("several chapters in one file, one chapter over several files", "nav.epub shapes.epub"),
        ("nested parts", "nav.epub"),
        ("landmarks, guide and `epub:type` for front and back matter", "nav.epub ncx.epub shapes.epub"),
        ("notes by type, role and link pattern; endnotes", "nav.epub shapes.epub notes.html"),
        ("page-break markers, ruby, hidden in every way, alternative texts", "nav.epub shapes.epub"),
        ("poetry and drama as lines", "nav.epub shapes.epub"),
        ("several renditions: the one that is text", "renditions.epub"),
        ("remote resources, never fetched", "nav.epub page.html"),
        ("words in several elements, text that only print hides", "shapes.epub notes.html"),
        ("encrypted fonts, which are fine", "facts.epub"),
    ),
    "PDF": (
        ("one column and two", "outline.pdf print.pdf"),
        ("running headers, footers, page numbers, footnotes, pages without text", "print.pdf"),
        ("divided words, ligatures, letter-spaced titles", "print.pdf outline.pdf"),
        ("paragraphs by indent and spacing, over pages; bullets", "outline.pdf print.pdf"),
        ("chapters from the outline, or by the size of headings", "outline.pdf print.pdf"),
    ),
    "Plain text": (
        ("header, licence and credits of Project Gutenberg", "gutenberg.txt"),
        ("hard-wrapped lines, verse, scene breaks", "gutenberg.txt title-page.txt"),
        ("headings in many forms, a style that changes half-way", "headings.txt change.txt"),
        ("bare numerals", "numerals.txt"),
        ("readings and directions of Aozora Bunko", "aozora.txt"),
        ("parts and books, contents with dots and lines that go on", "contents.txt"),
        ("contents of chapters, sections in chapters", "sections.txt"),
        ("titles without numbers, underlined titles", "stories.txt underlined.txt"),
        ("a play", "play.txt"),
        ("pictures and notes of transcribers", "gutenberg.txt illustrated.txt etext.txt"),
        ("texts of the 1990s; notes by letters and in braces, numbers in the margin of verses, boxes", "etext.txt"),
        ("pages with form feeds, and sentences that these cut", "pages.txt"),
        ("headings such as Author: that are none", "headings.txt change.txt facts.md markdown.md"),
        ("title pages, half titles, imprints, the preface of an edition", "title-page.txt edition.txt"),
        ("sources in brackets, bibliographies", "scholar.txt"),
    ),
    "Facts": (
        ("title, subtitle, authors, series, publisher, year, language, description, ISBN, cover", "facts.epub"),
        ("from front matter, headings, a title block, a FictionBook", "markdown.md facts.md dialects.md nested.fb2"),
        ("from the name of the file", "Ann_Other_-_The_Rain_(1901).txt"),
    ),
}


def page() -> str:
    """The page on which the books stand: ``tests/corpus/README.md``."""
    lines = [
        "# Small books",
        "",
        "Made for this project by `tests/unit/phases/corpus_files.py`, which also writes this page; what is read of each stands",
        "beside it in `.expected.json`: title, authors, language, other facts, chapters with their levels, what is spoken (chapter,",
        "kind, text) and what is left out (rule, text). Which rule each book shows, and what it must leave alone:",
        "`docs/what-is-read.md`. What needs more than a file, such as `.book.yaml`, Calibre's records and limits, is made by the tests.",
    ]
    for subject, cases in CASES.items():
        lines += ["", f"## {subject}", "", "| case | books |", "|---|---|"]
        lines += [f"| {case} | {' '.join(f'`{name}`' for name in books_of(names))} |" for case, names in cases]
    return "\n".join(lines) + "\n"


def books_of(names: str) -> list[str]:
    """The names of files in a cell of the table, where spaces are written as underscores."""
    return [name.replace("_", " ") for name in names.split()]
